"""Many cells as arrays: the same voltages and charges as one cell by itself."""

import numpy as np
import pytest

from simulators.physics.cell import CellProperties, CellState, Surroundings
from simulators.physics.fullcell import constant_current, soc_at
from simulators.physics.manycells import CHARGE, DISCHARGE, ManyCells
from simulators.physics.stepfile import Step

POUCH = CellProperties(
    kind="nfm_pouch", nominal_capacity_mah=1000.0, area_cm2=602.0, ice_ratio=0.95
)


def test_a_charge_is_that_of_the_single_cell() -> None:
    cells = ManyCells([POUCH, POUCH], c_rate_per_h=0.1, rest_s=600.0)
    step = Step(
        step_id=1, step_type=1, kind="current", word="cc", sign=1, current_ma=100.0,
        until_s=3600.0, interval_s=60.0,
    )  # fmt: skip
    state = CellState(soc=soc_at("nfm_pouch", POUCH.ocv_v))
    alone = constant_current(POUCH, state, step, Surroundings(), None, 0.5)
    seen = []
    for second in range(1, 3601):
        cells.advance()
        seen += [cells.voltage_v[1]] if second % 60 == 0 else []
    assert np.allclose(seen, alone.voltage_v[1:], atol=2e-4)
    assert cells.capacity_mah == pytest.approx([100.0, 100.0], rel=1e-9)


def test_cells_cycle_with_the_efficiency_and_capacity_they_have() -> None:
    cells = ManyCells([POUCH], c_rate_per_h=1.0, rest_s=60.0)
    ends: dict[tuple[int, int], float] = {}
    while cells.cycle[0] < 3:
        cells.advance(2.0)
        ends[int(cells.cycle[0]), int(cells.phase[0])] = float(cells.capacity_mah[0])
        cells.next_steps()
    efficiency = [ends[cycle, DISCHARGE] / ends[cycle, CHARGE] for cycle in (1, 2)]
    assert efficiency[1] == pytest.approx(POUCH.ce_ratio, abs=2e-3)
    assert efficiency[0] < 0.97
    assert cells.step[0] == 9


def test_cells_of_two_kinds_are_refused() -> None:
    coin = CellProperties(kind="nvp_coin", nominal_capacity_mah=0.37, area_cm2=1.131)
    with pytest.raises(ValueError, match="one kind"):
        ManyCells([POUCH, coin], c_rate_per_h=0.1, rest_s=60.0)
