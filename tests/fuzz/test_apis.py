"""Made-up requests to every route: none fails, each is refused without rights, answers are as told.

The same ones each time; `make fuzz` makes up more.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.settings import SERVICES
from tests.fuzz.apis import asker, made_up

EXAMPLES = 2


@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize("name", SERVICES)
def test_made_up_requests_are_answered_as_the_contract_says(
    name: str, new_database: Callable[[], str], tmp_path: Path
) -> None:
    with asker(name, new_database(), tmp_path) as asked:
        found = made_up(asked, EXAMPLES)
    assert found.wrong == []
    assert {200, 401} <= set(found.asked)
    assert found.asked[500] == 0
