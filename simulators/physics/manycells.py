"""Many full cells of one kind under formation, one second at a time, as arrays.

The same equations as `fullcell.py`, without its disturbances: for halls of testers, where one
course per cell would cost more than the plant.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulators.physics.cell import Array, CellProperties
from simulators.physics.fullcell import (
    HIGHEST_SOC,
    LOWEST_SOC,
    SLOW_S,
    SLOW_SHARE,
    full_capacity_mah,
    open_circuit_v,
    resistance_ohm,
    soc_at,
)

CHARGE, REST_FULL, DISCHARGE, REST_EMPTY = range(4)
WAY = np.array([1.0, 0.0, -1.0, 0.0])
Whole = NDArray[np.int64]


class ManyCells:
    """Cells that are charged, rest, are discharged and rest again, for ever; all shape (n,).

    voltage_v, current_ma, capacity_mah and energy_mwh (of the step, positive), step and cycle
    (from 1), phase: what each cell does now.
    """

    def __init__(self, cells: Sequence[CellProperties], c_rate_per_h: float, rest_s: float) -> None:
        kinds = {cell.kind for cell in cells}
        if len(kinds) != 1:
            raise ValueError(f"cells of {sorted(kinds)}; give those of one kind")
        self._kind, self._rest_s = kinds.pop(), rest_s
        self._full_mah = np.array([full_capacity_mah(cell) for cell in cells])
        self._fade_ratio = np.array([cell.fade_ratio for cell in cells])
        self._ce_ratio = np.array([cell.ce_ratio for cell in cells])
        start = np.array([soc_at(cell.kind, cell.ocv_v) for cell in cells])
        self._first_ratio = np.array([cell.ice_ratio for cell in cells]) * (1.0 - start)
        self._ohm = np.array([resistance_ohm(cell) for cell in cells])
        self._rate_ma = c_rate_per_h * np.array([cell.nominal_capacity_mah for cell in cells])
        self._soc, self._slow_v = start, np.zeros(len(cells))
        self._done_ratio = np.zeros(len(cells))
        self._step_s = np.zeros(len(cells))
        self.phase: Whole = np.full(len(cells), CHARGE)
        self.step: Whole = np.ones(len(cells), dtype=np.int64)
        self.cycle: Whole = np.ones(len(cells), dtype=np.int64)
        self.capacity_mah: Array = np.zeros(len(cells))
        self.energy_mwh: Array = np.zeros(len(cells))
        self.current_ma: Array = self._rate_ma * WAY[self.phase]
        self.voltage_v: Array = self._voltage_v()

    def advance(self, passed_s: float = 1.0) -> None:
        """Let time pass; a step that reaches its voltage or time ends with it."""
        capacity = self._full_mah * np.maximum(1.0 - self._fade_ratio * self._done_ratio, 0.01)
        stored = np.where(self._done_ratio > 0.5, self._ce_ratio, self._first_ratio)
        efficiency = np.where(self.phase == CHARGE, stored, 1.0)
        moved_mah = self.current_ma * passed_s / 3600.0
        self._soc = self._soc + efficiency * moved_mah / capacity
        out = np.where(self.phase == DISCHARGE, -moved_mah / capacity, 0.0)
        self._done_ratio = self._done_ratio + out
        decay = np.exp(-passed_s / SLOW_S)
        aim_v = self.current_ma / 1000.0 * SLOW_SHARE * self._ohm
        self._slow_v = aim_v * (1.0 - decay) + self._slow_v * decay
        self._step_s = self._step_s + passed_s
        self.voltage_v = self._voltage_v()
        self.capacity_mah = self.capacity_mah + np.abs(moved_mah)
        self.energy_mwh = self.energy_mwh + np.abs(moved_mah) * self.voltage_v

    def next_steps(self, highest_v: float = 4.0, lowest_v: float = 2.0) -> None:
        """Begin the next step where one has ended; call it between `advance` and the next."""
        charging, emptying = self.phase == CHARGE, self.phase == DISCHARGE
        resting = ~charging & ~emptying
        ended = (charging & (self.voltage_v >= highest_v)) | (
            resting & (self._step_s >= self._rest_s)
        )
        ended |= emptying & (self.voltage_v <= lowest_v)
        self.cycle = self.cycle + (ended & (self.phase == REST_EMPTY))
        self.phase = np.where(ended, (self.phase + 1) % 4, self.phase)
        self.step = self.step + ended
        self.capacity_mah = np.where(ended, 0.0, self.capacity_mah)
        self.energy_mwh = np.where(ended, 0.0, self.energy_mwh)
        self._step_s = np.where(ended, 0.0, self._step_s)
        self.current_ma = self._rate_ma * WAY[self.phase]

    def _voltage_v(self) -> Array:
        soc = np.clip(self._soc, LOWEST_SOC, HIGHEST_SOC)
        fast_v = self.current_ma / 1000.0 * (1.0 - SLOW_SHARE) * self._ohm
        voltage_v: Array = open_circuit_v(self._kind, soc) + fast_v + self._slow_v
        return voltage_v
