"""The words of the web app: what the plant's data name is called in the reader's language.

A key that English has and another language lacks is a type error of the web app.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.units import UNITS, unit_suffix
from simulators.run import KINDS

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ROOT / "services/gateway/web/src/i18n"
WORDS = set(re.findall(r"^  '([a-z0-9_.]+)':", (TEXTS / "en/words.ts").read_text(), re.M))
MASTER_DATA = yaml.safe_load((ROOT / "examples/master-data.yaml").read_text())


def named(key: str, found: Any = MASTER_DATA) -> Iterator[str]:
    """Yield whatever the example master data name by a key."""
    if isinstance(found, Mapping):
        for each, value in found.items():
            if each == key and isinstance(value, str):
                yield value
            yield from named(key, value)
    elif isinstance(found, list):
        for each in found:
            yield from named(key, each)


def without_unit(word: str) -> str:
    suffix = unit_suffix(word)
    return word if suffix is None else word.removesuffix(f"_{suffix}")


@pytest.mark.parametrize("kind", ["characteristic", "operation"])
def test_whatever_the_example_data_name_has_a_word(kind: str) -> None:
    found = {f"{kind}.{without_unit(word)}" for word in named(kind)}
    assert found and found - WORDS == set()


def test_every_signal_of_a_station_has_a_word() -> None:
    signals = {signal for machine in KINDS.values() for signal in machine.signals}
    assert signals and {f"signal.{without_unit(signal)}" for signal in signals} - WORDS == set()


def test_the_app_cuts_off_each_unit_that_names_end_in() -> None:
    lists = re.search(
        r"const UNIT_SUFFIX = new RegExp\((.*?)\n\);", (TEXTS / "format.ts").read_text(), re.S
    )
    assert lists is not None
    units = " ".join(re.findall(r"'([a-z0-9_ ]+)'", lists[1])).split()
    assert sorted(units) == sorted(UNITS)
