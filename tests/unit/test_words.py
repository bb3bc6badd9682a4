"""The words of the web app: what the plant's data name is called in the reader's language.

A key that English has and another language lacks is a type error of the web app.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
import yaml

import services.execution.domain
import services.formation.channels
import services.formation.cycles
import services.formation.racks
import services.gateway.alarmstates
import services.gateway.oee
import services.gateway.roles
import services.lamination.stackplan
import services.quality.attributesplan
import services.quality.controlchart
import services.quality.domain
import services.quality.exposure
import services.quality.nonconformance
import services.quality.runrules
import services.quality.stagedplan
import services.spray.mix
import services.spray.tracejudge
import services.trace.domain
import shared.duedates
import shared.facts
import shared.stationorder
import shared.stations
import shared.trust
from shared.units import UNITS, unit_suffix
from simulators.run import KINDS

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ROOT / "services/gateway/web/src/i18n"
WORDS = set(re.findall(r"^  '([a-z0-9_.]+)':", (TEXTS / "en/words.ts").read_text(), re.M))
MASTER_DATA = yaml.safe_load((ROOT / "examples/master-data.yaml").read_text())
# What comes before a word in the keys of its texts, and the words that services send of it.
CLOSED_SETS: list[tuple[str, Any]] = [
    ("alarm_state.", services.gateway.alarmstates.AlarmState),
    ("channel_entry.", services.formation.channels.EntryKind),
    ("cycle_flag.", services.formation.cycles.Flag),
    ("disposition.", shared.facts.Disposition),
    ("downtime_reason.", services.gateway.oee.DowntimeReason),
    ("due_blocks.", shared.duedates.Blocked),
    ("due_state.", shared.duedates.State),
    ("equipment_state.", shared.facts.EquipmentState),
    ("exposure_state.", services.quality.exposure.ExposureState),
    ("job_state.", services.execution.domain.JobState),
    ("job_state.", services.execution.domain.LotState),
    ("job_state.", Literal["open", "ended"]),
    ("job_state.", shared.stationorder.State),
    ("job_state.", shared.stations.StationJobState),
    ("name_kind.", services.trace.domain.NodeKind),
    ("nc.cause_of.", services.quality.nonconformance.CauseOf),
    ("nc.decide_note.", services.quality.nonconformance.Decided),
    ("nc.severity.", services.quality.nonconformance.Severity),
    ("nc.state.", services.quality.nonconformance.State),
    ("open_state.", services.quality.domain.OpenState),
    ("part_role.", services.lamination.stackplan.Role),
    ("place.", services.formation.racks.PlaceState),
    ("role.", services.gateway.roles.Role),
    ("samples.severity.", services.quality.attributesplan.Severity),
    ("samples.stages.", services.quality.stagedplan.Kind),
    ("spc.kind.", services.quality.controlchart.ChartKind),
    ("spray.", services.spray.tracejudge.State),
    ("spray.mix.", services.spray.mix.State),
    ("trust.", shared.trust.State),
    ("upkeep.", shared.duedates.Upkeep),
]
# A normal alarm is in no list.
LIMIT_STATES = {"open", "near", "met", "broken", "lifted"}
NEVER_SENT = {"alarm_state.normal"}


def texts(language: str) -> set[str]:
    """Return the keys of all texts of a language."""
    files = sorted((TEXTS / language).glob("*.ts"))
    return {key for each in files for key in re.findall(r"^  '([^']+)':", each.read_text(), re.M)}


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


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_whatever_state_or_kind_a_screen_shows_has_a_word(language: str) -> None:
    shown = {f"{prefix}{word}" for prefix, words in CLOSED_SETS for word in get_args(words)}
    rules = {f"spc.rule.{name}" for name in services.quality.runrules.RULES}
    assert (shown | rules) - NEVER_SENT - texts(language) == set()


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_every_alarm_has_a_word(language: str) -> None:
    code = (Path(__file__).parents[2] / "services/gateway").glob("*.py")
    raised = {
        found for each in code for found in re.findall(r"\bcode=\"([a-z_]+)\"", each.read_text())
    }
    assert len(raised) > 5 and {f"alarm_code.{each}" for each in raised} - texts(language) == set()


@pytest.mark.parametrize("service", ["execution", "formation", "lamination", "sintering", "spray"])
def test_no_statement_writes_a_state_that_no_set_of_words_has(service: str) -> None:
    known = {word for _, words in CLOSED_SETS for word in get_args(words)} | LIMIT_STATES
    wrote = r"\bstate\b *(?:=|<>|IN|SET)[ (]*((?:'[a-z_]+'[, ]*)+)"
    code = (Path(__file__).parents[2] / "services" / service).glob("*.py")
    words = {
        word
        for each in code
        for found in re.findall(wrote, each.read_text())
        for word in re.findall(r"[a-z_]+", found)
    }
    assert words and words - known == set()


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
