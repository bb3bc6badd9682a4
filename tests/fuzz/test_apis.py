"""Made-up requests to every route: none fails, each is refused without rights, answers are as told.

Those that break the contract, in a body or an address, are refused.

The same ones each time; `make fuzz` makes up more.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.settings import SERVICES
from tests.fuzz.apis import BREAKING, asker, made_up
from tests.fuzz.queries import asked_oddly

EXAMPLES = 2


@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize("name", SERVICES)
def test_made_up_requests_are_answered_as_the_contract_says(
    name: str, new_database: Callable[[], str], tmp_path: Path
) -> None:
    with asker(name, new_database(), tmp_path) as asked:
        fitting = made_up(asked, EXAMPLES)
        breaking = made_up(asked, 1, BREAKING, bodies_alone=True)
    assert fitting.wrong + breaking.wrong == []
    assert {200, 401} <= set(fitting.asked)
    assert fitting.asked[500] == breaking.asked[500] == 0


@pytest.mark.parametrize("name", SERVICES)
def test_what_no_caller_means_in_an_address_is_answered_without_a_failure(
    name: str, new_database: Callable[[], str], tmp_path: Path
) -> None:
    with asker(name, new_database(), tmp_path) as asked:
        found = asked_oddly(asked)
    assert found.wrong == []
    assert found.asked[422] > 0
