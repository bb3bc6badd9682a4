"""The cell behind a simulated tester: capacity, efficiency, fade, shorts, loops, protection."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulators.physics.cell import CellProperties, CellState, Span
from simulators.physics.fullcell import full_capacity_mah, open_circuit_v, soc_at
from simulators.physics.stepfile import (
    Protection,
    Step,
    StepFile,
    StepFileError,
    read_step_file,
)
from simulators.physics.trajectory import Block, Course, Order

POUCH = CellProperties(kind="nfm_pouch", nominal_capacity_mah=1000.0, area_cm2=602.0)
COIN = CellProperties(kind="nvp_coin", nominal_capacity_mah=2.4, area_cm2=1.131)
SYMMETRIC = CellProperties(kind="symmetric", area_cm2=2.0, j_crit_ma_per_cm2=0.7)
FOREVER_S = 3000 * 3600.0


def rest(number: int, until_s: float) -> Step:
    return Step(
        step_id=number, step_type=4, kind="rest", word="rest", until_s=until_s, interval_s=30.0
    )


def drive(
    number: int, current_ma: float, until_v: float | None, until_s: float | None = None
) -> Step:
    sign = 1 if current_ma > 0 else -1
    return Step(
        step_id=number,
        step_type=1 if sign > 0 else 2,
        kind="current",
        word="cc" if sign > 0 else "dc",
        sign=sign,
        current_ma=current_ma,
        until_v=until_v,
        until_s=until_s,
        interval_s=30.0,
    )


def loop(number: int, loop_to: int, count: int) -> Step:
    return Step(
        step_id=number, step_type=5, kind="loop", word="loop", loop_to=loop_to, loop_count=count
    )


def program(*steps: Step, protection: Protection | None = None) -> StepFile:
    return StepFile(
        steps=steps, start_step=1, protection=protection or Protection(), remark="CELL-1"
    )


def cycles(current_ma: float, count: int) -> StepFile:
    charge, discharge = drive(1, current_ma, 4.0), drive(2, -current_ma, 2.0)
    return program(charge, discharge, loop(3, 1, count))


def staircase(count: int) -> StepFile:
    half_steps = []
    for number in range(count):
        current_ma = 0.2 * (number + 1) * SYMMETRIC.area_cm2
        half_steps += [
            drive(2 * number + 1, current_ma, 4.5, 600.0),
            drive(2 * number + 2, -current_ma, -4.5, 600.0),
        ]
    return program(*half_steps)


def course(
    file: StepFile,
    cell: CellProperties = POUCH,
    *,
    seed: int = 7,
    spans: tuple[Span, ...] = (),
    elapsed_s: float = FOREVER_S,
) -> Course:
    soc = 0.0 if cell.kind in ("symmetric", "open_circuit") else soc_at(cell.kind, cell.ocv_v)
    order = Order(
        seed=seed,
        barcode="CELL-1",
        digest="d1",
        file=file,
        cell=cell,
        state=CellState(soc=soc),
        spans=spans,
    )
    made = Course(order)
    made.advance(elapsed_s)
    return made


def capacities_mah(found: Course, sign: int) -> list[float]:
    return [float(block.capacity_mah[-1]) for block in found.blocks if block.step.sign == sign]


def medians_v(found: Course) -> list[float]:
    return [abs(float(np.median(block.voltage_v[-5:]))) for block in found.blocks]


@pytest.mark.parametrize("cell", [POUCH, COIN], ids=["nfm_pouch", "nvp_coin"])
def test_good_cell_gives_its_nominal_capacity_at_a_tenth_c(cell: CellProperties) -> None:
    found = course(cycles(0.1 * cell.nominal_capacity_mah, 1), cell)
    assert capacities_mah(found, -1)[0] == pytest.approx(cell.nominal_capacity_mah, rel=2e-3)


@pytest.mark.parametrize("cell", [POUCH, COIN], ids=["nfm_pouch", "nvp_coin"])
def test_rest_voltage_rises_from_two_to_four_volts(cell: CellProperties) -> None:
    voltage_v = open_circuit_v(cell.kind, np.linspace(0.0, 1.0, 500))
    assert (np.diff(voltage_v) > 0.0).all()
    assert voltage_v[0] == pytest.approx(2.0, abs=0.01)
    assert voltage_v[-1] == pytest.approx(4.0, abs=0.01)


def test_resistive_cell_gives_less() -> None:
    resistive = replace(POUCH, asr_ohm_cm2=2590.9)
    good, bad = (course(cycles(100.0, 1), cell) for cell in (POUCH, resistive))
    assert capacities_mah(bad, -1)[0] < 0.97 * capacities_mah(good, -1)[0]


def test_later_cycles_show_the_coulomb_efficiency_of_the_cell() -> None:
    found = course(cycles(100.0, 4), replace(POUCH, ce_ratio=0.9985))
    ratios = np.array(capacities_mah(found, -1)) / np.array(capacities_mah(found, 1))
    assert ratios[1:] == pytest.approx(0.9985, abs=2e-4)


@pytest.mark.parametrize("cell", [POUCH, COIN], ids=["nfm_pouch", "nvp_coin"])
def test_first_cycle_shows_the_initial_efficiency_of_the_cell(cell: CellProperties) -> None:
    current_ma = 0.1 * cell.nominal_capacity_mah
    found = course(cycles(current_ma, 1), replace(cell, ice_ratio=0.93))
    ratio = capacities_mah(found, -1)[0] / capacities_mah(found, 1)[0]
    assert ratio == pytest.approx(0.93, abs=0.012)


def test_capacity_fades_to_the_paper_s_retention_in_a_hundred_cycles() -> None:
    found = capacities_mah(course(cycles(500.0, 100)), -1)
    assert found[99] / found[0] == pytest.approx(0.9625, abs=0.003)


def test_leaking_cell_fades_faster() -> None:
    sound, leaking = (
        capacities_mah(course(cycles(500.0, 20), replace(POUCH, leak=leak)), -1)
        for leak in (False, True)
    )
    assert leaking[19] / leaking[0] < sound[19] / sound[0] - 0.05


def test_soft_short_drains_a_resting_cell() -> None:
    file = program(drive(1, 100.0, 4.0), rest(2, 86_400.0))
    tight, leaky = (
        float(course(file, replace(POUCH, short_ohm=ohm)).blocks[-1].voltage_v[-1])
        for ohm in (None, 500.0)
    )
    assert leaky < tight - 0.02


def test_voltage_step_lets_the_current_fall_to_its_limit() -> None:
    hold = Step(
        step_id=1,
        step_type=7,
        kind="voltage",
        word="cccv",
        sign=1,
        current_ma=200.0,
        voltage_v=4.0,
        until_ma=20.0,
        until_s=15 * 3600.0,
        interval_s=30.0,
    )
    block = course(program(hold)).blocks[0]
    assert block.current_ma[-1] == pytest.approx(20.0, rel=0.02)
    assert block.current_ma[0] == pytest.approx(200.0, rel=1e-3)
    assert (np.diff(block.time_s) > 0.0).all()
    assert block.voltage_v[-1] == pytest.approx(4.0, abs=1e-3)


def test_rows_stand_at_the_start_every_interval_and_at_the_end() -> None:
    block = course(program(rest(1, 100.0))).blocks[0]
    assert block.time_s.tolist() == [0.0, 30.0, 60.0, 90.0, 100.0]


def test_nested_loops_run_their_product_and_count_cycles() -> None:
    file = program(rest(1, 60.0), rest(2, 60.0), loop(3, 2, 3), loop(4, 1, 2), rest(5, 60.0))
    blocks = course(file).blocks
    assert [block.step.step_id for block in blocks] == [1, 2, 2, 2, 1, 2, 2, 2, 5]
    assert [block.cycle for block in blocks] == [1, 1, 2, 3, 5, 5, 6, 7, 9]
    assert [block.index for block in blocks] == list(range(1, 10))


@pytest.mark.parametrize("mode", ["hard_short", "soft_short", "contact_loss"])
def test_symmetric_cell_survives_below_its_limit_and_fails_in_its_mode_above(mode: str) -> None:
    found = course(staircase(5), replace(SYMMETRIC, failure_mode=mode))
    per_density = np.array(medians_v(found)) / np.array(
        [abs(block.step.current_ma or 0.0) for block in found.blocks]
    )
    intact = per_density[0]
    assert per_density[:6] == pytest.approx(intact, rel=0.05)  # 0.2, 0.4 and 0.6 mA/cm2
    share = per_density[6] / intact  # 0.8 mA/cm2
    expected = {"hard_short": (0.0, 0.01), "soft_short": (0.45, 0.95), "contact_loss": (2.0, 1e9)}
    lowest, highest = expected[mode]
    assert lowest <= share <= highest
    assert found.blocks[6].segment.end.failure == mode


def test_symmetric_cell_shows_the_paper_s_overvoltage() -> None:
    cell = CellProperties(kind="symmetric", area_cm2=1.0, j_crit_ma_per_cm2=6.8)
    found = course(program(drive(1, 0.5, 5.0, 3600.0)), cell)
    assert float(found.blocks[0].voltage_v[-1]) == pytest.approx(0.12, abs=0.002)


def test_unknown_lot_is_an_open_circuit() -> None:
    cell = CellProperties.from_world({})
    assert cell.kind == "open_circuit"
    found = course(cycles(100.0, 1), cell)
    assert capacities_mah(found, -1) == [0.0]
    assert found.end_s < 1.0


def test_world_entry_with_unknown_properties_is_read() -> None:
    entry = {
        "kind": "nfm_pouch",
        "nominal_capacity_mah": 900.0,
        "area_cm2": 600.0,
        "area_factor": 0.5,
        "fade": 0.001,
        "short_ohm": None,
        "j_crit_ma_per_cm2": None,
        "np_ratio": 3.1,
    }
    cell = CellProperties.from_world(entry)
    assert (cell.area_cm2, cell.fade_ratio, cell.short_ohm) == (300.0, 0.001, None)
    assert CellProperties(**cell.to_json()) == cell


def test_charge_above_the_dendrite_limit_shorts_a_full_cell() -> None:
    dendritic = replace(POUCH, j_crit_ma_per_cm2=0.05)
    file = program(drive(1, 100.0, 4.0, 15 * 3600.0))
    block = course(file, dendritic).blocks[0]
    assert block.segment.end.failure == "hard_short"
    assert abs(float(block.voltage_v[-1])) < 0.01


def test_voltage_outside_protection_for_its_delay_ends_the_test() -> None:
    file = program(
        drive(1, 100.0, None, 20 * 3600.0),
        rest(2, 60.0),
        protection=Protection(highest_v=4.1, delay_s=1.0),
    )
    found = course(file)
    assert found.ended == "protect"
    assert len(found.blocks) == 1
    assert found.blocks[0].voltage_v[-1] == pytest.approx(4.1, abs=0.05)


def test_tighter_protection_of_a_step_wins() -> None:
    step = replace(drive(1, 100.0, 4.0), protection=Protection(highest_mah=300.0))
    found = course(program(step, protection=Protection(highest_mah=1300.0, delay_s=1.0)))
    assert found.ended == "protect"
    assert capacities_mah(found, 1)[0] == pytest.approx(300.0, abs=2.0)


def test_same_order_gives_the_same_rows_and_another_seed_others() -> None:
    first, again, other = (
        course(cycles(100.0, 1), seed=seed).blocks[0].voltage_v for seed in (7, 7, 8)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_course_worked_out_in_parts_equals_the_whole() -> None:
    parts = course(cycles(100.0, 2), elapsed_s=3600.0)
    assert len(parts.blocks) == 1
    for hour in range(2, 50):
        parts.advance(hour * 3600.0)
    whole = course(cycles(100.0, 2))
    pairs = zip(parts.blocks, whole.blocks, strict=True)
    assert all(np.array_equal(a.voltage_v, b.voltage_v) for a, b in pairs)


def _until(block: Block, time_s: float) -> tuple[list[float], list[float]]:
    inside = block.time_s < time_s
    return block.time_s[inside].tolist(), block.voltage_v[inside].tolist()


@pytest.mark.parametrize("name", ["contact_loss", "chamber_drift"])
def test_disturbance_changes_the_future_of_a_course_and_not_its_past(name: str) -> None:
    span = Span(name=name, magnitude=10.0, since_s=7200.0)
    calm = course(cycles(100.0, 1)).blocks[0]
    disturbed = course(cycles(100.0, 1), spans=(span,)).blocks[0]
    assert _until(calm, 7200.0) == _until(disturbed, 7200.0)
    assert _until(calm, 9000.0) != _until(disturbed, 9000.0)


def test_lost_contact_ends_a_charge_early() -> None:
    span = Span(name="contact_loss", magnitude=1.0, since_s=7200.0)
    found = course(cycles(100.0, 1), spans=(span,))
    assert capacities_mah(found, 1)[0] < 350.0


def test_clipped_range_keeps_the_current_below_the_order() -> None:
    span = Span(name="clipped_range", magnitude=0.9, since_s=0.0)
    block = course(cycles(100.0, 1), spans=(span,)).blocks[0]
    assert block.current_ma == pytest.approx(90.0, rel=1e-4)


def test_real_step_files_are_read(peer_data: Path) -> None:
    read = {
        path.name: read_step_file(path.read_bytes())
        for path in sorted((peer_data / "protocol").glob("*.xml"))
    }
    pouch = read["nfm_pouch_1Ah_neware.xml"]
    assert [step.kind for step in pouch.steps] == ["rest", "current", "current", "loop", "end"]
    assert pouch.protection == Protection(
        highest_v=4.1,
        lowest_v=1.9,
        highest_ma=600.0,
        lowest_ma=-600.0,
        highest_mah=1300.0,
        delay_s=1.0,
    )
    assert (pouch.steps[1].current_ma, pouch.steps[1].until_v) == (100.0, 4.0)
    assert pouch.steps[1].interval_s == 30.0
    assert (pouch.steps[3].loop_to, pouch.steps[3].loop_count) == (2, 100)
    real = read["real_test_2.Step.xml"]
    assert len(real.steps) == 47
    assert real.steps[1].protection.highest_v == 3.5
    assert real.steps[0].interval_s == 6.0
    assert read["ccd_symmetric_neware.xml"].highest_ma == pytest.approx(1.529076)


def _with_step(attributes: bytes) -> bytes:
    step = b"<Step_Info><Step1 " + attributes + b"/></Step_Info>"
    return b"<root><config type='Step File'>" + step + b"</config></root>"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not xml",
        b"<root/>",
        _with_step(b"Step_ID='1' Step_Type='17'"),
        _with_step(b"Step_ID='x' Step_Type='4'"),
        _with_step(b"Step_ID='1' Step_Type='1'"),
        b"<root><config type='Step File'><Step_Info/></config></root>",
        b"<!DOCTYPE root [<!ENTITY a 'b'>]><root>&a;</root>",
        b"<?xml version='1.0' encoding='no-such'?><root/>",
    ],
)
def test_file_that_is_no_step_file_is_refused(content: bytes) -> None:
    with pytest.raises(StepFileError):
        read_step_file(content)


def test_full_capacity_is_a_little_more_than_nominal() -> None:
    assert 1000.0 < full_capacity_mah(POUCH) < 1030.0
