"""Keeps one furnace plan in force: replans at each change, improves it, takes people's pins."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.sintering import planstore, store
from services.sintering.calendar import Terms
from services.sintering.furnaceproblem import FurnaceProblem, furnace_problem
from services.sintering.pins import checked_pin, stale_pins, with_pin
from services.sintering.planbasis import FREE, basis_of, furnaces_changed, iso, rounded
from services.sintering.planner import Planner
from services.sintering.planrecord import changed_words, load_record, pinned_words
from services.sintering.planstore import Kept
from services.sintering.replan import (
    Situation,
    Slot,
    fresh_plan,
    moves,
    named_changes,
    slots_of,
    stable_plan,
    started,
)
from services.sintering.schedule import Demand, Furnace, FurnacePlan, HeatTreatment, PlannedLoad
from services.sintering.verdict import measured
from shared.app import Service
from shared.errors import ConflictError
from shared.events import FurnacePlanChanged
from shared.facts import JobOrderMoved
from shared.transaction import Transaction

LOOK_S = 5.0
SETTLE_S = 0.5  # several changes at once are searched for together
BETTER_RATIO = 0.001  # a plan in force is replaced only for so much


@dataclass(frozen=True, kw_only=True)
class PlanRules:
    """How long a load with room waits, what is too near to be changed (both plant seconds), and how
    long a plan is searched for (wall seconds; 0: not at all)."""

    load_wait_s: float
    frozen_s: float
    search_s: float


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What waits for furnaces, as read in one transaction; `refused` by job order, with reason.

    terms: planned stops, power and tariff.
    """

    demands: tuple[Demand, ...]
    treatments: tuple[HeatTreatment, ...]
    refused: Mapping[str, str]
    terms: Terms


class Planning:
    """The furnace plan in force, its versions and its pins."""

    def __init__(
        self,
        service: Service,
        rules: PlanRules,
        furnaces: Callable[[Mapping[str, datetime], Terms], Sequence[Furnace]],
        waiting: Callable[[Transaction, datetime], Awaitable[Waiting]],
        planner: Planner,
    ) -> None:
        self._service, self._rules, self._planner = service, rules, planner
        self._furnaces, self._waiting = furnaces, waiting

    async def current(self, tx: Transaction, *, keep: bool) -> tuple[FurnacePlan, Kept]:
        """Return the plan of all that waits; `keep` puts it in force and says what moved."""
        kept = await planstore.plan_in_force(tx, lock=keep)
        situation, refused = await self._situation(tx, kept)
        basis = basis_of(situation)
        if basis == kept.basis:
            plan = as_kept(situation, kept)
        else:
            plan = chosen(situation)
            if keep:
                dropped = stale_pins(situation)
                for pin_id in dropped:
                    await planstore.drop_pin(tx, pin_id)
                gone = tuple(pin for pin in situation.pins if pin.pin_id not in dropped)
                situation = replace(situation, pins=gone)
                why = named_changes(situation, furnaces_changed(kept.basis, basis))
                why = "; ".join([*dropped.values(), why])
                kept = await self._put(tx, kept, situation, plan.loads, why)
        return replace(plan, infeasible={**plan.infeasible, **refused}), kept

    async def taken(self, tx: Transaction, load: PlannedLoad) -> None:
        """Take a load out of the plan that its furnace was given."""
        kept = await planstore.plan_in_force(tx, lock=True)
        ids = set(load.job_order_ids)
        slots = tuple(slot for slot in kept.slots if not ids & set(slot.job_order_ids))
        end = iso(load.end_at) if load.end_at else FREE
        basis = {
            **kept.basis,
            "jobs": [name for name in kept.basis["jobs"] if name not in ids],
            "free": {**kept.basis["free"], load.equipment_id: end},
            "pins": [name for name in kept.basis["pins"] if name != load.pin_id],
        }
        if load.pin_id is not None:
            await planstore.drop_pin(tx, load.pin_id)
        why = f"{load.equipment_id} was given {', '.join(load.job_order_ids)}"
        now = self._service.clock.now()
        await planstore.keep_plan(tx, replace(kept.next(now, why), slots=slots, basis=basis))

    async def pin(self, tx: Transaction, version: int, slot: Slot) -> dict[str, Any]:
        """Keep job orders together and in a furnace: pins, splits, joins or moves a load.

        Raises:
            ConflictError: the plan is no longer of that version.
            OutOfLimitsError: the furnace may not run them together; names lots and rules.
        """
        kept = await self._of_version(tx, version)
        situation, _ = await self._situation(tx, kept)
        checked_pin(situation, slot)
        ids = set(slot.job_order_ids)
        for old in situation.pins:
            left = tuple(name for name in old.job_order_ids if name not in ids)
            if left != old.job_order_ids and old.pin_id is not None:
                await planstore.drop_pin(tx, old.pin_id)
                if left:
                    await planstore.keep_pin(tx, replace(old, job_order_ids=left), situation.now)
        await planstore.keep_pin(tx, slot, situation.now)
        answer = await self._after_person(tx, kept, pinned_words(slot, situation.now), slot.pin_id)
        return {"pin_id": slot.pin_id, **answer}

    async def unpin(
        self, tx: Transaction, version: int, pin_id: str, person: str
    ) -> dict[str, Any]:
        """Leave a pinned load to the planning again.

        Raises:
            ConflictError: the plan is no longer of that version.
            NotFoundError: no such pin.
        """
        kept = await self._of_version(tx, version)
        await planstore.drop_pin(tx, pin_id)
        return await self._after_person(tx, kept, f"{pin_id} is unpinned by {person}")

    async def what_if(
        self, tx: Transaction, away: Sequence[str], urgent: Sequence[str], pins: Sequence[Slot]
    ) -> dict[str, Any]:
        """Return the plan if furnaces were away, job orders urgent or loads pinned; keeps nothing.

        Raises:
            OutOfLimitsError: a furnace may not run what would be pinned; names lots and rules.
        """
        kept = await planstore.plan_in_force(tx, lock=False)
        situation, _ = await self._situation(tx, kept)
        for slot in pins:
            checked_pin(situation, slot)
            situation = replace(situation, pins=with_pin(situation.pins, slot))
        demands = [
            replace(demand, priority=100) if demand.job_order_id in urgent else demand
            for demand in situation.demands
        ]
        asked = replace(
            situation,
            demands=tuple(sorted(demands, key=lambda item: item.job_order_id not in urgent)),
            furnaces=tuple(
                replace(item, free_at=None) if item.equipment_id in away else item
                for item in situation.furnaces
            ),
        )
        plan = chosen(asked)
        moved = moves(asked, kept.slots, plan.loads, "what was asked")
        return {
            "version": kept.version,
            "loads": [load_record(load) for load in plan.loads],
            "infeasible": dict(plan.infeasible),
            "too_late": plan.too_late,
            "moved": [vars(move) for move in moved],
            "figures": figures(furnace_problem(asked, plan.loads), plan.loads, asked),
        }

    async def run(self) -> None:
        """Improve each version of the plan, for ever."""
        done = -1
        while True:
            await self._service.database.committed.wait(LOOK_S)
            async with self._service.database.quiet() as tx:
                kept = await planstore.plan_in_force(tx, lock=False)
            if kept.version != done and len(kept.slots) > 1:
                await asyncio.sleep(SETTLE_S)
                done = await self._improve()

    async def _improve(self) -> int:
        """Search for a better plan and put it in force; return the version that was improved."""
        async with self._service.database.quiet() as tx:
            plan, kept = await self.current(tx, keep=False)
            situation, _ = await self._situation(tx, kept)
        made = furnace_problem(situation, plan.loads)
        if len(made.demands) < 2:
            return kept.version
        start = made.batches(plan.loads, situation)
        solution = await self._planner.solve(made.problem, start, self._rules.search_s)
        async with self._service.database.begin() as tx:
            now = await planstore.plan_in_force(tx, lock=True)
            if now.version != kept.version or now.basis != kept.basis:
                return -1
            before = _cost(made, plan.loads, situation)
            loads = made.loads(solution.batches, plan.loads, situation)
            told = {**figures(made, loads, situation), "bound": solution.bound}
            told["gap_ratio"] = solution.gap_ratio
            if _cost(made, loads, situation) < before * (1 - BETTER_RATIO):
                now = await self._put(tx, now, situation, loads, "a better plan was found")
            await planstore.keep_plan(tx, replace(now, figures=told))
        return now.version

    async def _of_version(self, tx: Transaction, version: int) -> Kept:
        kept = await planstore.plan_in_force(tx, lock=True)
        if kept.version != version:
            since = "; ".join(item.why for item in kept.since(version)) or "changed"
            raise ConflictError(
                f"the furnace plan is of version {kept.version}, not {version}: {since}; look at "
                "it again",
                {"version": kept.version},
            )
        return kept

    async def _after_person(
        self, tx: Transaction, kept: Kept, why: str, pin_id: str | None = None
    ) -> dict[str, Any]:
        """Plan anew; say the version in force and when the load of a pin is planned."""
        situation, _ = await self._situation(tx, kept)
        plan = chosen(situation)
        kept = await self._put(tx, kept, situation, plan.loads, why)
        starts = [load.start_at for load in plan.loads if pin_id and load.pin_id == pin_id]
        start_at = iso(starts[0]) if starts and starts[0] is not None else None
        return {"version": kept.version, "start_at": start_at}

    async def _situation(self, tx: Transaction, kept: Kept) -> tuple[Situation, Mapping[str, str]]:
        now = self._service.clock.now()
        waiting = await self._waiting(tx, now)
        busy = rounded(await store.busy_until(tx), now)
        situation = Situation(
            demands=waiting.demands,
            furnaces=tuple(self._furnaces(busy, waiting.terms)),
            treatments=waiting.treatments,
            now=now,
            load_wait_s=self._rules.load_wait_s,
            frozen_s=self._rules.frozen_s,
            pins=await planstore.pins(tx),
            in_force=kept.slots,
            tariff=waiting.terms.tariff,
        )
        return situation, waiting.refused

    async def _put(
        self,
        tx: Transaction,
        kept: Kept,
        situation: Situation,
        loads: Sequence[PlannedLoad],
        why: str,
    ) -> Kept:
        """Put loads in force; a new version and an event when they are other than before."""
        moved = moves(situation, kept.slots, loads, why)
        slots = slots_of(loads)
        same = not moved and _names(slots) == _names(kept.slots)
        told = figures(furnace_problem(situation, loads), loads, situation)
        made = kept if same else kept.next(situation.now, changed_words(why, moved))
        made = replace(made, slots=slots, basis=basis_of(situation), figures=told)
        await planstore.keep_plan(tx, made)
        if moved:
            event = FurnacePlanChanged(
                plan_version=made.version,
                reason=why,
                load_count=len(loads),
                moved=tuple(JobOrderMoved(**vars(move)) for move in moved),
            )
            await self._service.outbox.record(tx, event)
        return made


def chosen(situation: Situation) -> FurnacePlan:
    """Return the cheaper of the plan that changes least and the one that owes nothing to the old.

    Each job order that moves costs, so the plan in force stays unless much is won.
    """
    stable = stable_plan(situation)
    if not situation.in_force:
        return fresh_plan(situation)
    fresh = fresh_plan(situation)
    made = furnace_problem(situation, stable.loads)
    costs = [_cost(made, plan.loads, situation) for plan in (stable, fresh)]
    return fresh if costs[1] < costs[0] else stable


def _cost(made: FurnaceProblem, loads: Sequence[PlannedLoad], situation: Situation) -> int:
    objective = measured(made.problem, made.batches(loads, situation))
    return objective.total(made.problem.weights) + objective.breaches * made.problem.breach


def figures(
    made: FurnaceProblem, loads: Sequence[PlannedLoad], situation: Situation
) -> dict[str, Any]:
    """Return the parts of the objective of loads, their sum, and a bound and gap once known."""
    objective = measured(made.problem, made.batches(loads, situation))
    total = objective.total(made.problem.weights)
    return {"parts": vars(objective), "total": total, "bound": None, "gap_ratio": None}


def as_kept(situation: Situation, kept: Kept) -> FurnacePlan:
    """Return the plan in force with the times it was made with."""
    plan = stable_plan(situation)
    start = {slot.job_order_ids: slot.start_at for slot in kept.slots}
    loads = tuple(
        load
        if load.start_at is None or load.job_order_ids not in start
        else _starting(situation, load, start[load.job_order_ids])
        for load in plan.loads
    )
    return replace(plan, loads=loads)


def _starting(situation: Situation, load: PlannedLoad, start_at: datetime | None) -> PlannedLoad:
    """Return a load at its planned start; one that is overdue waits for the end of a stop."""
    if start_at is None:
        return load
    furnaces = {item.equipment_id: item for item in situation.furnaces}
    furnace = furnaces[load.equipment_id]
    due = max(start_at, situation.now)
    opens = furnace.opens(due, load.demands[0].treatment)
    return started(situation, furnace, load, start_at if opens == due else opens)


def _names(slots: Sequence[Slot]) -> list[tuple[str, tuple[str, ...], str | None]]:
    return sorted((slot.equipment_id, slot.job_order_ids, slot.pin_id) for slot in slots)
