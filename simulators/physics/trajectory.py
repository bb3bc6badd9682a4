"""The course of a test: a pure function of seed, barcode, step file, cell and disturbances."""

import bisect
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from simulators.physics import fullcell, staircase
from simulators.physics.cell import (
    LONGEST_STEP_S,
    Array,
    CellProperties,
    CellState,
    Segment,
    Span,
    Surroundings,
    flat_segment,
    record_times,
)
from simulators.physics.stepfile import Protection, Step, StepFile
from simulators.world import draw

EndWord = Literal["finish", "protect"]
MOST_STEPS = 100_000
CURRENT_NOISE_RATIO = 2e-6


@dataclass(frozen=True, kw_only=True)
class Block:
    """One executed step; arrays of shape (n,) over its own time, charge counted from its start.

    start_s: test time of its first row; first_row: number of that row in the test, from 0;
    index: number of the executed step, from 1.
    """

    index: int
    step: Step
    cycle: int
    start_s: float
    first_row: int
    time_s: Array
    voltage_v: Array
    current_ma: Array
    capacity_mah: Array
    energy_mwh: Array
    segment: Segment

    @property
    def end_s(self) -> float:
        """Test time of the last row."""
        return self.start_s + float(self.time_s[-1])


@dataclass(frozen=True, kw_only=True)
class Point:
    """The channel at one instant; charge and energy are those of the step."""

    step: Step
    cycle: int
    step_s: float
    voltage_v: float
    current_ma: float
    capacity_mah: float
    energy_mwh: float


@dataclass(frozen=True, kw_only=True)
class Order:
    """What decides a course: the same order gives the same rows for ever."""

    seed: int
    barcode: str
    digest: str
    file: StepFile
    cell: CellProperties
    state: CellState
    spans: tuple[Span, ...] = ()
    range_v: float = 5.0
    range_ma: float = math.inf


class Course:
    """The course of one test, worked out only as far as it was asked for."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.blocks: list[Block] = []
        self.ended: EndWord | None = None
        self._starts: list[float] = []
        self._firsts: list[int] = []
        self._program = self._run()

    def advance(self, elapsed_s: float) -> None:
        """Work out steps until the course covers `elapsed_s` of test time or has ended."""
        while self.ended is None and (not self.blocks or self.blocks[-1].end_s <= elapsed_s):
            block = next(self._program, None)
            if block is None:
                self.ended = self.ended or "finish"
                return
            self.blocks.append(block)
            self._starts.append(block.start_s)
            self._firsts.append(block.first_row)

    @property
    def end_s(self) -> float:
        """Test time at which what is worked out so far ends."""
        return self.blocks[-1].end_s if self.blocks else 0.0

    def has_ended(self, elapsed_s: float) -> bool:
        """Whether the test is over at that test time."""
        self.advance(elapsed_s)
        return self.ended is not None and elapsed_s >= self.end_s

    def _block_at(self, elapsed_s: float) -> Block | None:
        self.advance(elapsed_s)
        index = bisect.bisect_right(self._starts, elapsed_s) - 1
        return self.blocks[index] if index >= 0 else None

    def point(self, elapsed_s: float) -> Point | None:
        """Return the channel at a test time; None for a test without any step."""
        block = self._block_at(elapsed_s)
        if block is None:
            return None
        step_s = min(elapsed_s - block.start_s, float(block.time_s[-1]))
        return Point(
            step=block.step,
            cycle=block.cycle,
            step_s=step_s,
            voltage_v=float(np.interp(step_s, block.time_s, block.voltage_v)),
            current_ma=float(np.interp(step_s, block.time_s, block.current_ma)),
            capacity_mah=float(np.interp(step_s, block.time_s, block.capacity_mah)),
            energy_mwh=float(np.interp(step_s, block.time_s, block.energy_mwh)),
        )

    def row_count(self, elapsed_s: float) -> int:
        """Return the number of rows recorded up to a test time."""
        block = self._block_at(elapsed_s)
        if block is None:
            return 0
        inside = np.searchsorted(block.time_s, elapsed_s - block.start_s + 1e-9, side="right")
        return block.first_row + int(inside)

    def block_of_row(self, row: int) -> Block:
        """Return the block that holds a recorded row, counted from 0."""
        return self.blocks[bisect.bisect_right(self._firsts, row) - 1]

    def state_at(self, elapsed_s: float) -> CellState:
        """Return what a test that ended then leaves in the cell."""
        block = self._block_at(elapsed_s)
        if block is None:
            return self.order.state
        return block.segment.cut(elapsed_s - block.start_s).end

    def _run(self) -> Iterator[Block]:
        """Run the program: steps in order, loops, protection; sets `ended` on protection."""
        steps, state = self.order.file.steps, self.order.state
        passes: dict[int, int] = {}
        number, cycle, clock_s, row, index = self.order.file.start_step, 1, 0.0, 0, 0
        for _ in range(MOST_STEPS):
            if number > len(steps) or steps[number - 1].kind == "end":
                return
            step = steps[number - 1]
            number += 1
            if step.kind == "loop":
                passes[step.step_id] = passes.get(step.step_id, 0) + 1
                cycle += 1
                if passes[step.step_id] < step.loop_count:
                    number = step.loop_to
                else:
                    passes[step.step_id] = 0
                continue
            index += 1
            around = Surroundings(
                spans=self.order.spans, start_s=clock_s, range_v=self.order.range_v
            )
            segment = self._segment(step, state, around)
            trip_s = trip_time_s(segment, tightest(self.order.file.protection, step.protection))
            if trip_s is not None:
                segment = segment.cut(trip_s)
                self.ended = "protect"
            block = self._measured(segment, step, index, cycle, clock_s, row)
            state, clock_s, row = segment.end, block.end_s, row + len(block.time_s)
            yield block
            if trip_s is not None:
                return

    def _segment(self, step: Step, state: CellState, around: Surroundings) -> Segment:
        """Return what one step does to this cell."""
        cell, order = self.order.cell, self.order
        step = self._in_range(step, around)
        share = 0.1 + 0.8 * float(draw(order.seed, order.barcode, "failure").random())
        if cell.kind == "open_circuit":
            return _open(step, state, around)
        if step.kind == "rest":
            if cell.kind == "symmetric":
                return staircase.resting(state, step)
            return fullcell.rest(cell, state, step)
        if cell.kind == "symmetric":
            if step.kind == "voltage":
                return staircase.holding(cell, state, step)
            return staircase.plating(cell, state, step, around, share)
        if step.kind == "current":
            return fullcell.constant_current(cell, state, step, around, step.until_v, share)
        return self._voltage_segment(step, state, around, share)

    def _voltage_segment(
        self, step: Step, state: CellState, around: Surroundings, share: float
    ) -> Segment:
        """Current up to the held voltage where the step names a current, then the voltage."""
        cell = self.order.cell
        if step.current_ma is None:
            return fullcell.constant_voltage(cell, state, step, around)
        first = fullcell.constant_current(cell, state, step, around, step.voltage_v, share)
        spent_s = float(first.time_s[-1])
        if step.until_s is not None and spent_s >= step.until_s:
            return first
        left_s = None if step.until_s is None else step.until_s - spent_s
        later = replace(around, start_s=around.start_s + spent_s)
        held = fullcell.constant_voltage(cell, first.end, replace(step, until_s=left_s), later)
        return _joined(first, held)

    def _in_range(self, step: Step, around: Surroundings) -> Step:
        """Return the step with the current that the range lets through; a wrong range clips it."""
        if step.current_ma is None:
            return step
        limit_ma = self.order.range_ma
        share = around.magnitude("clipped_range")
        if share is not None:
            limit_ma = min(limit_ma, share * self.order.file.highest_ma)
        return replace(
            step, current_ma=math.copysign(min(abs(step.current_ma), limit_ma), step.sign)
        )

    def _measured(
        self, segment: Segment, step: Step, index: int, cycle: int, clock_s: float, row: int
    ) -> Block:
        """Return a segment as the tester measures it: noise, range, its own integrals."""
        order, count = self.order, len(segment.time_s)
        stream = draw(order.seed, order.barcode, f"{order.digest}|{index}")
        voltage_v = segment.voltage_v + segment.noise_v * stream.standard_normal(count)
        stream = draw(order.seed, order.barcode, f"{order.digest}|{index}|current")
        noise = 1.0 + CURRENT_NOISE_RATIO * stream.standard_normal(count)
        hours = np.diff(segment.time_s) / 3600.0
        magnitude_ma = np.abs(segment.current_ma)
        power_mw = magnitude_ma * np.abs(segment.voltage_v)
        return Block(
            index=index,
            step=step,
            cycle=cycle,
            start_s=clock_s,
            first_row=row,
            time_s=segment.time_s,
            voltage_v=np.clip(voltage_v, -order.range_v, order.range_v),
            current_ma=segment.current_ma * noise,
            capacity_mah=_integral(magnitude_ma, hours),
            energy_mwh=_integral(power_mw, hours),
            segment=segment,
        )


def _integral(values: Array, hours: Array) -> Array:
    return np.concatenate(([0.0], np.cumsum(0.5 * (values[1:] + values[:-1]) * hours)))


def _open(step: Step, state: CellState, around: Surroundings) -> Segment:
    """No cell: the tester reaches its own voltage limit, no current; limited steps end at once."""
    voltage_v = step.sign * around.range_v
    at_once = step.kind == "voltage" or step.until_v is not None
    duration_s = 0.0 if at_once and step.kind != "rest" else step.until_s or LONGEST_STEP_S
    time_s = record_times(duration_s, step.interval_s)
    return flat_segment(time_s, state, voltage_v=voltage_v, current_ma=0.0, noise_v=2e-4)


def _joined(first: Segment, second: Segment) -> Segment:
    """Return two parts of one step as one segment, without the second's first point."""
    offset_s = float(first.time_s[-1])

    def both(before: Array, after: Array) -> Array:
        return np.concatenate((before, after[1:]))

    return Segment(
        time_s=both(first.time_s, second.time_s + offset_s),
        voltage_v=both(first.voltage_v, second.voltage_v),
        current_ma=both(first.current_ma, second.current_ma),
        soc=both(first.soc, second.soc),
        polarisation_v=both(first.polarisation_v, second.polarisation_v),
        noise_v=both(first.noise_v, second.noise_v),
        start=first.start,
        end=second.end,
        failed_at_s=first.failed_at_s,
    )


def _least(*values: float | None) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _most(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)


def tightest(whole: Protection, own: Protection) -> Protection:
    """Return the protection that holds in a step: the tighter limit of the test and of the step."""
    return Protection(
        highest_v=_least(whole.highest_v, own.highest_v),
        lowest_v=_most(whole.lowest_v, own.lowest_v),
        highest_ma=_least(whole.highest_ma, own.highest_ma),
        lowest_ma=_most(whole.lowest_ma, own.lowest_ma),
        highest_mah=_least(whole.highest_mah, own.highest_mah),
        delay_s=own.delay_s or whole.delay_s,
    )


def trip_time_s(segment: Segment, limits: Protection) -> float | None:
    """Return the step time at which a limit has been violated for its delay, or None."""
    hours = np.diff(segment.time_s) / 3600.0
    watched = (
        (segment.voltage_v, limits.highest_v, 1),
        (segment.voltage_v, limits.lowest_v, -1),
        (segment.current_ma, limits.highest_ma, 1),
        (segment.current_ma, limits.lowest_ma, -1),
        (_integral(np.abs(segment.current_ma), hours), limits.highest_mah, 1),
    )
    trips = [
        _violation_s(segment.time_s, sign * values, sign * limit, limits.delay_s)
        for values, limit, sign in watched
        if limit is not None
    ]
    return _least(*trips)


def _violation_s(time_s: Array, values: Array, limit: float, delay_s: float) -> float | None:
    """Return when `values` have stayed above `limit` for `delay_s`, or None."""
    beyond = values > limit
    if not beyond.any():
        return None
    edges = np.flatnonzero(np.diff(beyond.astype(np.int8), prepend=0, append=0))
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        end_s = float(time_s[after]) if after < len(time_s) else float(time_s[-1])
        trip_s = float(time_s[first]) + delay_s
        if trip_s <= end_s:
            return trip_s
    return None
