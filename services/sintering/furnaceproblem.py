"""The furnace plan as an oven scheduling problem, and its batches as loads; seconds from now.

What the plant adds: a job order has a flow time (nothing is won by keeping a furnace free), a large
or hot furnace costs more to run, a load that ends hot is cooled before the next, and a job order
that leaves its furnace or start in the plan in force costs as much as an hour of waiting.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from services.sintering.calendar import open_spans
from services.sintering.domain import Charge
from services.sintering.problem import FAR, Batch, Ints, Problem, Weights, ints, shift_arrays
from services.sintering.replan import (
    MOVED_S,
    Situation,
    cooling_s,
    feasible,
    is_frozen,
    refusals,
    timed,
)
from services.sintering.schedule import Demand, Furnace, PlannedLoad, hot_enough, total_charge

HORIZON_S = 366 * 86_400
PRICED_DAYS = 30  # later hours count as the tariff's mean
PRICE_STEPS = 10  # a tariff's mean price in the plan's whole units
MOVED_COST_S = 3600  # a move must save as much waiting of a job order of the least weight
MG_PER_G = 1000


@dataclass(frozen=True)
class FurnaceProblem:
    """A problem with the demands and furnaces that its jobs and machines stand for."""

    problem: Problem
    demands: tuple[Demand, ...]
    furnaces: tuple[Furnace, ...]

    def batches(self, loads: Sequence[PlannedLoad], situation: Situation) -> list[Batch]:
        """Return loads as batches; those of furnaces that do not answer are left out."""
        job = {demand.job_order_id: number for number, demand in enumerate(self.demands)}
        machine = {item.equipment_id: number for number, item in enumerate(self.furnaces)}
        return [
            Batch(
                machine=machine[load.equipment_id],
                jobs=tuple(job[name] for name in load.job_order_ids),
                start=_from_now(load.start_at, situation),
                end=_from_now(load.start_at, situation)
                + math.ceil(load.demands[0].treatment.duration_s),
                fixed=_fixed(load, situation),
                hold=_from_now(load.start_at, situation) if load.pin_id is not None else 0,
            )
            for load in loads
            if load.start_at is not None and load.equipment_id in machine
        ]

    def loads(
        self, batches: Sequence[Batch], before: Sequence[PlannedLoad], situation: Situation
    ) -> tuple[PlannedLoad, ...]:
        """Return batches as timed loads, with those of `before` that were left out."""
        pins = {load.job_order_ids[0]: load for load in before if load.pin_id is not None}
        made = []
        for batch in sorted(batches, key=lambda item: item.start):
            demands = tuple(self.demands[job] for job in batch.jobs)
            furnace = self.furnaces[batch.machine]
            pin = next((pins[d.job_order_id] for d in demands if d.job_order_id in pins), None)
            made.append(
                PlannedLoad(
                    equipment_id=furnace.equipment_id,
                    demands=demands,
                    fill_ratio=furnace.fill_ratio(total_charge(demands)),
                    start_at=pin.start_at if pin else None,
                    end_at=None,
                    pin_id=pin.pin_id if pin else None,
                )
            )
        away = [load for load in before if load.start_at is None]
        return timed(situation, [*made, *away])


def furnace_problem(situation: Situation, loads: Sequence[PlannedLoad]) -> FurnaceProblem:
    """Return the problem of all job orders that a furnace that answers can run.

    loads: a plan of the situation; what a person pinned and what starts within the frozen time
    stays together and in its furnace.
    """
    furnaces = tuple(item for item in situation.furnaces if item.free_at is not None)
    demands = tuple(item for item in situation.demands if feasible(situation, item))
    families = list({demand.family: demand for demand in demands}.values())
    row = {demand.family: number for number, demand in enumerate(families)}
    jobs, machines, kinds = len(demands), len(furnaces), len(families)
    durations = ints([math.ceil(demand.treatment.duration_s) for demand in demands])
    start, end = shift_arrays([_open(item, situation) for item in furnaces])
    price_from, price = _prices(situation)
    unit = PRICE_STEPS if situation.tariff is not None else 1
    may = [[not refusals(item, [demand]) for item in furnaces] for demand in demands]
    was_at, was = _in_force(situation, demands, furnaces)
    found = FurnaceProblem(
        Problem(
            attribute=ints([row[demand.family] for demand in demands]),
            size=_sizes([total_charge([demand]) for demand in demands]),
            eligible=np.array(may, dtype=np.bool_).reshape(jobs, machines),
            release=np.zeros(jobs, dtype=np.int64),
            due=ints([_from_now(demand.due_at, situation) for demand in demands]),
            shortest=durations,
            longest=np.full(jobs, FAR),
            weight=ints([1 + demand.priority // 10 for demand in demands]),
            latest_start=ints([_latest(demand, situation) for demand in demands]),
            machine_before=was_at,
            start_before=was,
            capacity=_sizes([_capacity(item, demands) for item in furnaces]),
            initial=np.full(machines, kinds),
            set_up_time=_set_ups(families, furnaces),
            set_up_cost=np.zeros((machines, kinds + 1, kinds), dtype=np.int64),
            shift_start=start,
            shift_end=end,
            power=np.tile(_powers(situation, furnaces)[:, None], (1, kinds)),
            price_from=price_from,
            price=price,
            weights=Weights(
                runtime=unit,
                late=2 * unit * int(durations.mean()) if jobs else 0,
                energy=1,
                moved=unit * MOVED_COST_S,
                flow=unit,
            ),
            tolerance=round(MOVED_S),
        ),
        demands,
        furnaces,
    )
    fixed = tuple(batch for batch in found.batches(loads, situation) if batch.fixed)
    return replace(found, problem=replace(found.problem, fixed=fixed))


def _from_now(at: datetime | None, situation: Situation) -> int:
    """Return whole seconds from now, FAR for None; 0 at least."""
    return FAR if at is None else max(0, math.floor((at - situation.now).total_seconds()))


def _open(furnace: Furnace, situation: Situation) -> list[tuple[int, int]]:
    """Return when a furnace takes loads, in seconds from now."""
    free = furnace.free_at or situation.now
    end = situation.now + timedelta(seconds=HORIZON_S)
    return [
        (_from_now(low, situation), _from_now(high, situation))
        for low, high in open_spans(furnace.closed, max(free, situation.now), end)
    ]


def _latest(demand: Demand, situation: Situation) -> int:
    """Return until when a job order must start; a limit that has passed hurries nothing more."""
    at = demand.latest_start_at
    return FAR if at is None or at < situation.now else _from_now(at, situation)


def _prices(situation: Situation) -> tuple[Ints, Ints]:
    """Return from when on (k,) which price (k,) holds, its mean as PRICE_STEPS."""
    tariff = situation.tariff
    if tariff is None:
        return np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)
    changes = tariff.changes(situation.now, PRICED_DAYS)
    known = [
        (_from_now(at, situation), max(1, round(PRICE_STEPS * price / tariff.mean_price)))
        for at, price in changes
    ]
    after = (PRICED_DAYS * 86_400, PRICE_STEPS)
    at, price = zip(*[step for step in known if step[0] < after[0]], after, strict=True)
    return ints(at), ints(price)


def _fixed(load: PlannedLoad, situation: Situation) -> int:
    return int(load.pin_id is not None or is_frozen(situation, load.start_at))


def _sizes(charges: Sequence[Charge]) -> Ints:
    """Return (n, 2) parts and whole milligrams."""
    rows = [(charge.parts_count, round(charge.mass_g * MG_PER_G)) for charge in charges]
    return ints([number for row in rows for number in row]).reshape(len(rows), 2)


def _capacity(furnace: Furnace, demands: Sequence[Demand]) -> Charge:
    """Return what a furnace holds; all there is where it has no limit."""
    every = total_charge(demands)
    parts, mass_g = furnace.capacity_parts, furnace.capacity_g
    return Charge(
        parts_count=every.parts_count if parts is None else parts,
        mass_g=every.mass_g if mass_g is None else mass_g,
    )


def _set_ups(families: Sequence[Demand], furnaces: Sequence[Furnace]) -> Ints:
    """Return (m, a + 1, a) seconds of cooling after each family; none when it is cold."""
    cool = [[cooling_s(item.treatment, furnace) for item in families] for furnace in furnaces]
    rows = np.zeros((len(furnaces), len(families) + 1, len(families)), dtype=np.int64)
    rows[:, :-1] = ints([s for row in cool for s in row]).reshape(len(furnaces), len(families), 1)
    return rows


def _powers(situation: Situation, furnaces: Sequence[Furnace]) -> Ints:
    """Return (m,) what an hour of a furnace costs against others: its size, and how hot it gets."""
    largest = max((item.capacity_parts or 0 for item in furnaces), default=0) or 1
    return ints(
        [
            1
            + round(8 * (item.capacity_parts or largest) / largest)
            + sum(hot_enough(item, treatment) for treatment in situation.treatments)
            for item in furnaces
        ]
    )


def _in_force(
    situation: Situation, demands: Sequence[Demand], furnaces: Sequence[Furnace]
) -> tuple[Ints, Ints]:
    """Return (n,) machine (-1: none) and start of each job order in the plan in force."""
    machine = {item.equipment_id: number for number, item in enumerate(furnaces)}
    slot = {name: slot for slot in situation.in_force for name in slot.job_order_ids}
    at, start = np.full(len(demands), -1), np.zeros(len(demands), dtype=np.int64)
    for job, demand in enumerate(demands):
        known = slot.get(demand.job_order_id)
        if known is not None and known.start_at is not None and known.equipment_id in machine:
            at[job] = machine[known.equipment_id]
            start[job] = _from_now(known.start_at, situation)
    return at, start
