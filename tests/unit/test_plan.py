"""Plans over two instruments: parts in order, loops kept or written out, files of both makers."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.formation.eclabsettings import left_out, settings_text
from services.formation.plan import parts_of
from services.formation.protocol import (
    CellOrder,
    Current,
    Loop,
    Rest,
    Scan,
    Spectrum,
    TestProtocol,
    ccd_protocol,
    expected_duration_s,
    formation_protocol,
)
from services.formation.stepfile import step_file
from shared.errors import InvalidInputError, OutOfLimitsError
from simulators.physics.stepfile import read_step_file

WITNESS = CellOrder(lot_id="WIT-1", area_cm2=2.0)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
EIS = Spectrum(
    frequency_max_hz=7e6, frequency_min_hz=1.0, amplitude_mv=10.0, points_per_decade_count=10
)


def pulse(density: float) -> Current:
    return Current(density_ma_per_cm2=density, until_v=4.5 if density > 0 else -4.5, until_s=900.0)


def plan(*steps: Rest | Current | Scan | Spectrum | Loop) -> TestProtocol:
    return TestProtocol.model_validate({**dict(ccd_protocol()), "steps": steps})


def test_staircase_with_a_spectrum_after_each_step_runs_on_two_instruments_in_turns() -> None:
    parts = parts_of(plan(Rest(duration_s=60.0), EIS, pulse(0.2), pulse(-0.2), EIS, pulse(0.4)))
    assert [(part.number, part.instrument) for part in parts] == [
        (1, "tester"), (2, "analyser"), (3, "tester"), (4, "analyser"), (5, "tester"),
    ]  # fmt: skip
    assert parts[2].protocol.steps == (pulse(0.2), pulse(-0.2))
    assert {part.protocol.limits for part in parts} == {ccd_protocol().limits}
    assert parts[4].protocol.protocol_id == "ccd-staircase-part-5"


def test_loop_over_a_spectrum_is_written_out_and_one_within_a_part_stays() -> None:
    inner = (pulse(0.2), pulse(-0.2), Loop(first_step=2, cycle_count=5))
    parts = parts_of(plan(EIS, *inner, EIS, Loop(first_step=1, cycle_count=2)))
    words = [(part.instrument, [step.kind for step in part.protocol.steps]) for part in parts]
    tested = ("tester", ["current", "current", "loop"])
    twice = ("analyser", ["spectrum", "spectrum"])
    once = ("analyser", ["spectrum"])
    assert words == [once, tested, twice, tested, once]
    assert parts[3].protocol.steps[2] == Loop(first_step=1, cycle_count=5)


def test_plan_without_spectra_is_one_part_with_the_same_steps() -> None:
    protocol = formation_protocol()
    [part] = parts_of(protocol)
    assert (part.instrument, part.protocol.steps) == ("tester", protocol.steps)


def test_loop_that_would_grow_too_long_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="over 1000"):
        parts_of(plan(EIS, pulse(0.2), Loop(first_step=1, cycle_count=600)))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["pulse", "rest", "eis"]), min_size=1, max_size=12),
       st.integers(1, 4))  # fmt: skip
def test_parts_in_turns_run_what_the_loop_says_and_take_as_long(
    kinds: list[str], count: int
) -> None:
    made = {"pulse": pulse(0.2), "rest": Rest(duration_s=60.0), "eis": EIS}
    body = [made[kind] for kind in kinds]
    whole = plan(*body, Loop(first_step=1, cycle_count=3))
    parts = parts_of(whole)
    took_s = sum(expected_duration_s(part.protocol) for part in parts)
    assert took_s == pytest.approx(expected_duration_s(whole))
    assert all(a.instrument != b.instrument for a, b in pairwise(parts))


def test_neware_file_refuses_a_spectrum_and_writes_each_part_of_the_plan() -> None:
    protocol = plan(pulse(0.2), EIS, Scan(from_v=0.0, to_v=1.0, rate_mv_per_s=1.0))
    common = {"range_ma": 200.0, "range_v": 5.0, "written_at": MONDAY}
    with pytest.raises(InvalidInputError, match="step 2 is a spectrum"):
        step_file(protocol, WITNESS, **common)
    first, _, third = parts_of(protocol)
    assert len(read_step_file(step_file(first.protocol, WITNESS, **common).content).steps) >= 1
    ramp = step_file(third.protocol, WITNESS, **common).content
    assert b'Step_Type="25"' in ramp and b"<Volt>" in ramp


def test_eclab_text_has_the_techniques_the_safety_limits_and_an_even_range() -> None:
    text = settings_text(plan(pulse(0.2), EIS), WITNESS)
    words = text.decode("cp1252")
    assert text.startswith(b"EC-LAB SETTING FILE\r\n") and b"\n\n" not in text
    assert "min = -5.00 V, max = 5.00 V" in words
    assert "Ewe max = 4.60000 V" in words and "Ewe min = -4.60000 V" in words
    assert "CC                  PEIS" in words
    assert ("7.000" in words and "MHz" in words) or "7000.000" in words


def column(text: str, name: str) -> list[str]:
    """A row of the technique's table, one word for each sequence."""
    [line] = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return [line[start : start + 20].strip() for start in range(20, len(line.rstrip()), 20)]


def test_eclab_text_ends_the_test_when_a_symmetric_cell_shorts_in_either_direction() -> None:
    loop = Loop(first_step=2, cycle_count=3)
    text = settings_text(plan(Rest(duration_s=60.0), pulse(0.2), pulse(-0.2), loop, EIS), WITNESS)
    words = text.decode("cp1252")
    assert column(words, "ctrl_type") == [
        "Rest", "CC", "CC", "CC", "CC", "Loop", "PEIS", "Rest",
    ]  # fmt: skip
    assert column(words, "lim_nb") == ["1", "2", "3", "2", "3", "0", "0", "1"]
    assert column(words, "lim3_comp")[2:5] == ["<", "", ">"]
    assert column(words, "lim3_value")[2:5] == ["2.000", "", "-2.000"]
    assert column(words, "lim3_value_unit")[2] == "mV"
    assert column(words, "lim3_action")[2] == "Goto sequence"
    assert column(words, "lim3_seq")[2:5] == ["7", "", "7"]
    assert column(words, "lim1_value")[1:5] == ["1.000", "899.000", "1.000", "899.000"]
    assert column(words, "ctrl_seq")[5] == "1"  # back to the settling of the first pulse


def test_limits_that_eclab_text_cannot_say_are_told() -> None:
    limits = ccd_protocol().limits
    assert left_out(limits) == ()
    more = {"highest_temperature_degc": 40.0, "highest_fall_v_per_s": 0.1}
    assert left_out(limits.model_copy(update=more)) == tuple(more)


def test_eclab_range_of_a_full_cell_begins_at_zero() -> None:
    text = settings_text(formation_protocol(), CellOrder(lot_id="C", capacity_mah=1000.0))
    assert b"min = 0.00 V, max = 5.00 V" in text


def test_current_beyond_every_range_of_eclab_is_refused() -> None:
    with pytest.raises(OutOfLimitsError, match="4000"):
        settings_text(plan(pulse(2000.0)), WITNESS)


def test_spectrum_that_rises_and_scan_beyond_its_limits_are_refused() -> None:
    with pytest.raises(ValidationError, match="not below"):
        Spectrum(
            frequency_max_hz=1.0, frequency_min_hz=1.0, amplitude_mv=10.0, points_per_decade_count=5
        )
    with pytest.raises(ValidationError, match="aims at 6"):
        plan(Scan(from_v=0.0, to_v=6.0, rate_mv_per_s=1.0))
