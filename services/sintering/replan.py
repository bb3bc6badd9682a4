"""Living with the furnace plan: keeps what can stay, places what is new, says what moved."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.sintering.calendar import EnergyTariff
from services.sintering.domain import too_large
from services.sintering.schedule import (
    Demand,
    Furnace,
    FurnacePlan,
    HeatTreatment,
    PlannedLoad,
    able,
    conflicts,
    fill,
    plan_loads,
    total_charge,
)
from shared.errors import OutOfLimitsError

OPEN_DEGC = 80.0  # a furnace is opened below; recipes that end hotter are cooled first
MOVED_S = 900.0  # a start may shift by so much without counting as moved


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A load of the plan in force, or one that a person pinned: by names alone.

    start_at: planned, or for a pin the earliest that is wanted; None where open. person: who
    pinned it.
    """

    equipment_id: str
    job_order_ids: tuple[str, ...]
    start_at: datetime | None
    pin_id: str | None = None
    person: str | None = None


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All that a plan is made of; demands come most urgent first, `in_force` in order of starts."""

    demands: tuple[Demand, ...]
    furnaces: tuple[Furnace, ...]
    treatments: tuple[HeatTreatment, ...]
    now: datetime
    load_wait_s: float
    frozen_s: float = 0.0
    pins: tuple[Slot, ...] = ()
    in_force: tuple[Slot, ...] = ()
    tariff: EnergyTariff | None = None


@dataclass(frozen=True, kw_only=True)
class Move:
    """A job order that left its furnace or start, and why; a start of None is not known."""

    job_order_id: str
    from_equipment_id: str
    from_start_at: datetime | None
    to_equipment_id: str
    to_start_at: datetime | None
    reason: str


def cooling_s(treatment: HeatTreatment, furnace: Furnace) -> int:
    """Return how long a furnace cools, as fast as it may, before it can be opened after a load."""
    over_degc = max(0.0, treatment.temperature_degc[-1] - OPEN_DEGC)
    ramp = furnace.highest_ramp_degc_per_min
    return math.ceil(over_degc / ramp * 60) if ramp else 0


def stable_plan(situation: Situation) -> FurnacePlan:
    """Return the plan in force with as little changed as the situation allows.

    Pinned loads and those whose furnace answers stay; a job order that is new joins the first load
    with room, or is planned behind them.
    """
    kept, left = _kept(situation, situation.in_force)
    kept, left = _join(situation, kept, left)
    return _planned_behind(situation, kept, left)


def fresh_plan(situation: Situation) -> FurnacePlan:
    """Return a plan that owes the one in force only what is pinned or too near to be changed."""
    frozen = [slot for slot in situation.in_force if is_frozen(situation, slot.start_at)]
    return _planned_behind(situation, *_kept(situation, frozen))


def is_frozen(situation: Situation, start_at: datetime | None) -> bool:
    """Say whether a start is too near for its load to leave its furnace."""
    if start_at is None or situation.frozen_s <= 0:
        return False
    return (start_at - situation.now).total_seconds() <= situation.frozen_s


def _kept(situation: Situation, slots: Sequence[Slot]) -> tuple[list[PlannedLoad], list[Demand]]:
    """Return the pinned loads with those of `slots` whose furnace answers, and what is left."""
    kept, taken = [], set[str]()
    answering = {furnace.equipment_id for furnace in situation.furnaces if furnace.free_at}
    near = [slot for slot in slots if slot.pin_id is None and slot.equipment_id in answering]
    for slot in (*situation.pins, *near):
        load = _load(situation, slot, taken)
        if load is not None:
            kept.append(load)
            taken |= set(load.job_order_ids)
    kept.sort(key=lambda load: load.start_at or situation.now)
    return kept, [item for item in situation.demands if item.job_order_id not in taken]


def _load(situation: Situation, slot: Slot, taken: set[str]) -> PlannedLoad | None:
    """Return what is left of a slot; None when nothing is, or its furnace cannot run it."""
    demands = tuple(
        demand
        for demand in situation.demands
        if demand.job_order_id in slot.job_order_ids and demand.job_order_id not in taken
    )
    furnace = furnace_of(situation, slot.equipment_id)
    if furnace is None or not demands or refusals(furnace, demands):
        return None
    return PlannedLoad(
        equipment_id=slot.equipment_id,
        demands=demands,
        fill_ratio=furnace.fill_ratio(total_charge(demands)),
        start_at=slot.start_at,
        end_at=None,
        pin_id=slot.pin_id,
        person=slot.person,
    )


def refusals(furnace: Furnace, demands: Sequence[Demand]) -> tuple[str, ...]:
    """Return one sentence for each rule against running some job orders together in a furnace."""
    families = sorted({demand.family for demand in demands})
    mixed = (f"recipes {' and '.join(families)} may not share a load",) if len(families) > 1 else ()
    charge = total_charge(demands)
    return (
        *mixed,
        *conflicts(demands[0].treatment, furnace),
        *too_large(charge, furnace.capacity_parts, furnace.capacity_g),
    )


def furnace_of(situation: Situation, equipment_id: str) -> Furnace | None:
    """Return a furnace of the situation, None when there is no such furnace."""
    found = [item for item in situation.furnaces if item.equipment_id == equipment_id]
    return found[0] if found else None


def _join(
    situation: Situation, kept: Sequence[PlannedLoad], left: Sequence[Demand]
) -> tuple[list[PlannedLoad], list[Demand]]:
    """Put new job orders into kept loads of their family that have room; pinned ones stay."""
    joined, rest = [], list(left)
    for load in kept:
        furnace = furnace_of(situation, load.equipment_id)
        demands = load.demands
        if furnace is not None and load.pin_id is None:
            alike = [item for item in rest if item.family == demands[0].family]
            demands = fill(furnace, alike, demands)
            ratio = furnace.fill_ratio(total_charge(demands))
            load = replace(load, demands=demands, fill_ratio=ratio)
        ids = set(load.job_order_ids)
        rest = [item for item in rest if item.job_order_id not in ids]
        joined.append(load)
    return joined, rest


def _planned_behind(
    situation: Situation, kept: Sequence[PlannedLoad], left: Sequence[Demand]
) -> FurnacePlan:
    """Plan what is left behind the kept loads, and time all of it."""
    first = timed(situation, kept)
    free = {furnace.equipment_id: furnace.free_at for furnace in situation.furnaces}
    for load in first:
        if load.end_at is not None:
            free[load.equipment_id] = load.end_at
    furnaces = [replace(item, free_at=free[item.equipment_id]) for item in situation.furnaces]
    plan = plan_loads(left, furnaces, situation.treatments, situation.now, 0.0)
    return FurnacePlan(
        loads=timed(situation, [*first, *plan.loads]), infeasible=dict(plan.infeasible)
    )


def timed(situation: Situation, loads: Sequence[PlannedLoad]) -> tuple[PlannedLoad, ...]:
    """Return loads with starts and ends, in the given order on each furnace.

    A pinned load does not start before it is wanted. The last load of a furnace, if it has room,
    waits for more of its family from the release of its oldest job order.
    """
    by_furnace: dict[str, list[PlannedLoad]] = {}
    for load in loads:
        by_furnace.setdefault(load.equipment_id, []).append(load)
    found: list[PlannedLoad] = []
    for furnace in situation.furnaces:
        free = furnace.free_at
        own = by_furnace.get(furnace.equipment_id, [])
        for load in own:
            if free is None:
                found.append(replace(load, start_at=None, end_at=None))
                continue
            start = max(free, situation.now)
            if load.pin_id is not None and load.start_at is not None:
                start = max(start, load.start_at)
            if load is own[-1] and load.fill_ratio < 1 and not _wanted(situation, furnace, loads):
                oldest = min(demand.released_at for demand in load.demands)
                start = max(start, oldest + timedelta(seconds=situation.load_wait_s))
            treatment = load.demands[0].treatment
            start = furnace.opens(start, treatment)
            found.append(started(situation, furnace, load, start))
            free = start + timedelta(
                seconds=math.ceil(treatment.duration_s) + cooling_s(treatment, furnace)
            )
    return tuple(found)


def started(
    situation: Situation, furnace: Furnace, load: PlannedLoad, start: datetime
) -> PlannedLoad:
    """Return a load with its times, what it draws and, with a tariff, what that costs."""
    treatment = load.demands[0].treatment
    end = start + timedelta(seconds=math.ceil(treatment.duration_s))
    energy_kwh, cost = furnace.energy_kwh(treatment), None
    if energy_kwh is not None and situation.tariff is not None:
        kw = energy_kwh / ((end - start).total_seconds() / 3600)
        cost = situation.tariff.cost(start, end, kw)
    return replace(load, start_at=start, end_at=end, energy_kwh=energy_kwh, energy_cost=cost)


def _wanted(situation: Situation, furnace: Furnace, loads: Sequence[PlannedLoad]) -> bool:
    """Say whether a load of another furnace that is behind others there could run in this one."""
    seen: set[str] = set()
    for load in loads:
        behind = load.equipment_id in seen and load.equipment_id != furnace.equipment_id
        if behind and not refusals(furnace, load.demands):
            return True
        seen.add(load.equipment_id)
    return False


def moves(
    situation: Situation, before: Sequence[Slot], after: Sequence[PlannedLoad], reason: str
) -> tuple[Move, ...]:
    """Return what changed its furnace or start, and why; what is new is no move."""
    was = {name: slot for slot in before for name in slot.job_order_ids}
    furnaces = {furnace.equipment_id: furnace for furnace in situation.furnaces}
    found = []
    for load in after:
        for name in load.job_order_ids:
            slot = was.get(name)
            if slot is None or not _moved(slot, load):
                continue
            furnace = furnaces.get(slot.equipment_id)
            away = furnace is None or furnace.free_at is None
            found.append(
                Move(
                    job_order_id=name,
                    from_equipment_id=slot.equipment_id,
                    from_start_at=slot.start_at,
                    to_equipment_id=load.equipment_id,
                    to_start_at=load.start_at,
                    reason=f"{slot.equipment_id} does not answer" if away else reason,
                )
            )
    return tuple(found)


def _moved(slot: Slot, load: PlannedLoad) -> bool:
    if slot.equipment_id != load.equipment_id:
        return True
    if slot.start_at is None or load.start_at is None:
        return slot.start_at is not load.start_at
    return abs((slot.start_at - load.start_at).total_seconds()) > MOVED_S


def slots_of(loads: Sequence[PlannedLoad]) -> tuple[Slot, ...]:
    """Return loads by names alone."""
    return tuple(
        Slot(
            equipment_id=load.equipment_id,
            job_order_ids=load.job_order_ids,
            start_at=load.start_at,
            pin_id=load.pin_id,
        )
        for load in loads
    )


def named_changes(situation: Situation, reason: Mapping[str, str]) -> str:
    """Return why a plan changes: new and gone job orders, furnaces that came, went or run over."""
    known = {name for slot in situation.in_force for name in slot.job_order_ids}
    waiting = [demand.job_order_id for demand in situation.demands]
    new = [name for name in waiting if name not in known]
    gone = sorted(known - set(waiting))
    words = [f"{equipment_id} {what}" for equipment_id, what in sorted(reason.items())]
    words += [f"new: {', '.join(new[:4])}{' …' if len(new) > 4 else ''}"] if new else []
    words += [f"gone: {', '.join(gone[:4])}{' …' if len(gone) > 4 else ''}"] if gone else []
    return "; ".join(words) or "the furnaces run other than planned"


def feasible(situation: Situation, demand: Demand) -> bool:
    """Say whether a furnace that answers can run a job order."""
    answering = [furnace for furnace in situation.furnaces if furnace.free_at is not None]
    try:
        return bool(able(demand, answering))
    except OutOfLimitsError:
        return False
