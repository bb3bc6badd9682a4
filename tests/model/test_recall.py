"""Recalls on a real database: what they hold is what a walk over the plant's own list finds."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from services.trace import recalls, workflow
from services.trace.recalls import RecallChange, RecallOrder, Recalls, Wanted
from shared.clock import Clock
from shared.db import Database, migrate
from shared.envelope import envelope
from shared.events import (
    EquipmentStateChanged,
    GenealogyRecorded,
    LotsRecalled,
    MaterialLotRegistered,
    SinterRunEnded,
)
from shared.facts import Event, Material, MaterialUse
from shared.outbox import Outbox
from tests.model.conftest import budget

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
CLOCK = Clock(plant_start=AT, wall_start_s=0.0, speed=1.0)
TABLES = (
    "genealogy_edge, genealogy_step, lot, lot_member, record_lot, record_job_order, record_node, "
    "recall_lot, recall_end, recall, outbox"
)
MACHINES = ("pilot/a/b/mill-1", "pilot/a/b/mill-2", "pilot/a/c/mill-1")
FURNACES = ("pilot/f/heat/furnace-1", "pilot/f/heat/furnace-2")
which = st.integers(0, 30)
some = st.lists(which, min_size=1, max_size=3, unique=True)
hour = st.integers(0, 20)


def at(hours: int) -> datetime:
    return AT + timedelta(hours=hours)


@dataclass
class Ground:
    """The database that all examples share."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    database: Database
    numbers: "count[int]" = field(default_factory=lambda: count(1))


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one job did, as the plant's own list has it."""

    job_order_id: str
    lots: frozenset[str]
    equipment: str
    recipe: str
    fixture: str
    start: int
    end: int


@dataclass
class Held:
    """What a recall must hold."""

    lots: set[str]
    is_open: bool = True


class Plant(RuleBasedStateMachine):
    """Jobs on machines with fixtures, recipes and software, furnace runs, and recalls of them."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground, self.run = ground, ground.run
        self.recalls = Recalls(Outbox("trace", "pilot", ground.database, CLOCK), CLOCK)
        self.handlers = workflow.handlers(self.recalls)
        self.lots: list[str] = []
        self.pairs: set[tuple[str, str]] = set()
        self.works: list[Work] = []
        self.runs: list[tuple[str, frozenset[str], int, int]] = []
        self.software: list[tuple[int, str, str]] = []
        self.held: dict[str, Held] = {}

    @initialize()
    def empty(self) -> None:
        async def act() -> None:
            async with self.ground.database.quiet() as tx:
                await tx.execute(text(f"TRUNCATE {TABLES}"))

        self.run(act())

    @rule(
        sources=some,
        processed=st.lists(which, max_size=2, unique=True),
        parts=st.integers(0, 3),
        machine=st.sampled_from(MACHINES),
        version=st.integers(1, 2),
        fixture=st.sampled_from(["F-1", "F-2"]),
        start=hour,
        hours=st.integers(0, 4),
    )
    def work(
        self,
        sources: list[int],
        processed: list[int],
        parts: int,
        machine: str,
        version: int,
        fixture: str,
        start: int,
        hours: int,
    ) -> None:
        """Consume lots, work on some and make new ones; the very first inputs are raw."""
        inputs = self._picked(sources) or [f"RAW_{number}" for number in sources]
        on = [lot_id for lot_id in self._picked(processed) if lot_id not in inputs]
        made = [f"LOT%{len(self.lots) + len(inputs) + number}" for number in range(parts)]
        self.pairs |= {(lot_id, child) for lot_id in inputs for child in made + on}
        self.pairs |= {(lot_id, child) for lot_id in on for child in made}
        done = Work(
            job_order_id=f"J{len(self.works)}",
            lots=frozenset(on + made),
            equipment=machine,
            recipe=f"r@{version}",
            fixture=fixture,
            start=start,
            end=start + hours,
        )
        self.works.append(done)
        self.lots += [one for one in (*inputs, *on, *made) if one not in self.lots]
        uses: list[tuple[list[str], MaterialUse]] = [
            (inputs, "consumed"),
            (on, "processed"),
            (made, "produced"),
        ]
        materials = [
            Material(lot_id=lot_id, material_definition_id="m", quantity=1, unit="1", use=use)
            for lots, use in uses
            for lot_id in lots
        ]
        event = GenealogyRecorded(
            job_order_id=done.job_order_id,
            lot_id=(on + made + inputs)[0],
            work_request_id="W",
            product_id="P",
            operation="o",
            equipment_id=machine,
            recipe_id="r",
            recipe_version=version,
            fixture_id=fixture,
            materials=tuple(materials),
            started_at=at(start),
            ended_at=at(start + hours),
        )
        if not on + made:  # such an event is still about the lot that it names first
            self.works[-1] = Work(**{**vars(done), "lots": frozenset({event.lot_id})})
        self.works[-1] = Work(
            **{**vars(self.works[-1]), "lots": self.works[-1].lots | {event.lot_id}}
        )
        self._say(event, at(start + hours))

    @precondition(lambda self: self.works)
    @rule(jobs=some, furnace=st.sampled_from(FURNACES), start=hour, hours=st.integers(0, 4))
    def heat(self, jobs: list[int], furnace: str, start: int, hours: int) -> None:
        """A furnace run names job orders, and no lot."""
        ids = sorted({self.works[number % len(self.works)].job_order_id for number in jobs})
        self.runs.append((furnace, frozenset(ids), start, start + hours))
        event = SinterRunEnded(
            equipment_id=furnace,
            furnace_load_id="L",
            recipe_id="s",
            job_order_ids=tuple(ids),
            started_at=at(start),
            ended_at=at(start + hours),
            profile_time_s=(),
            profile_setpoint_degc=(),
            profile_temperature_degc=(),
            deviations=(),
        )
        self._say(event, at(start + hours))

    @precondition(lambda self: self.lots)
    @rule(members=some)
    def gather(self, members: list[int]) -> None:
        """A lot is registered that consists of others."""
        lot_id = f"GATHERED-{len(self.lots)}"
        own = self._picked(members)
        self.lots.append(lot_id)
        self.pairs |= {(lot_id, member) for member in own}
        event = MaterialLotRegistered(
            lot_id=lot_id,
            material_definition_id="pellets",
            quantity=1.0,
            unit="1",
            work_request_id="W",
            origin="produced",
            members=tuple(own),
        )
        self._say(event, AT)

    @rule(machine=st.sampled_from(MACHINES), version=st.sampled_from(["1.0", "1.1"]), when=hour)
    def update(self, machine: str, version: str, when: int) -> None:
        """A machine says which software it runs; two versions at one instant are left out."""
        if any((one[0], one[1]) == (when, machine) for one in self.software):
            return
        self.software.append((when, machine, version))
        event = EquipmentStateChanged(
            equipment_id=machine,
            state="standby",
            data_quality="good",
            reason=None,
            changed_at=at(when),
            software_version=version,
        )
        self._say(event, at(when))

    @precondition(lambda self: self.works)
    @rule(lot=which)
    def recall_a_lot(self, lot: int) -> None:
        lot_id = self.lots[lot % len(self.lots)]
        self._recall(Wanted(kind="lot", node_id=lot_id), {lot_id})

    @precondition(lambda self: self.works)
    @rule(job=which)
    def recall_a_job(self, job: int) -> None:
        done = self.works[job % len(self.works)]
        self._recall(Wanted(kind="job_order", node_id=done.job_order_id), set(done.lots))

    @precondition(lambda self: self.works)
    @rule(job=which, node=st.sampled_from(["equipment", "fixture", "recipe", "work_center"]))
    def recall_what_was_at_work(self, job: int, node: str) -> None:
        done = self.works[job % len(self.works)]
        if node == "work_center":
            area = done.equipment.rsplit("/", 1)[0]
            lots = self._lots(lambda one: one.equipment.startswith(f"{area}/"))
            self._recall(Wanted(kind="equipment", node_id=area), lots)
            return
        wanted = Wanted.model_validate({"kind": node, "node_id": getattr(done, node)})
        own = getattr(done, node)
        self._recall(wanted, self._lots(lambda one: getattr(one, node) == own))

    @precondition(lambda self: self.works)
    @rule(job=which, start=hour, hours=st.integers(0, 6))
    def recall_a_window_at_a_machine(self, job: int, start: int, hours: int) -> None:
        machine, end = self.works[job % len(self.works)].equipment, start + hours
        wanted = Wanted(kind="equipment", node_id=machine, from_at=at(start), to_at=at(end))
        self._recall(
            wanted,
            self._lots(
                lambda one: one.equipment == machine and one.end >= start and one.start <= end
            ),
        )

    @precondition(lambda self: self.runs)
    @rule(run=which, start=hour, hours=st.integers(0, 6))
    def recall_a_window_at_a_furnace(self, run: int, start: int, hours: int) -> None:
        furnace, end = self.runs[run % len(self.runs)][0], start + hours
        wanted = Wanted(kind="equipment", node_id=furnace, from_at=at(start), to_at=at(end))
        jobs: set[str] = set()
        for where, ids, from_h, to_h in self.runs:
            if where == furnace and to_h >= start and from_h <= end:
                jobs |= ids
        self._recall(wanted, self._lots(lambda one: one.job_order_id in jobs))

    @precondition(lambda self: self.software)
    @rule(which_one=which)
    def recall_a_software_version(self, which_one: int) -> None:
        _, machine, version = self.software[which_one % len(self.software)]
        said = sorted((when, own) for when, where, own in self.software if where == machine)
        ends = [*(when for when, _ in said[1:]), 10**6]
        windows = [
            (when, end) for (when, own), end in zip(said, ends, strict=True) if own == version
        ]
        wanted = Wanted(kind="software", node_id=f"{machine}@{version}")
        self._recall(
            wanted,
            self._lots(
                lambda one: (
                    one.equipment == machine
                    and any(one.end >= when and one.start < end for when, end in windows)
                )
            ),
        )

    @precondition(lambda self: any(held.is_open for held in self.held.values()))
    @rule(which_one=which)
    def end_a_recall(self, which_one: int) -> None:
        still_open = sorted(name for name, held in self.held.items() if held.is_open)
        recall_id = still_open[which_one % len(still_open)]
        self.held[recall_id].is_open = False

        async def act() -> None:
            async with self.ground.database.begin() as tx:
                await self.recalls.end(tx, recall_id, RecallChange(person="Ada", reason="fine"))

        self.run(act())

    @invariant()
    def each_recall_holds_exactly_what_is_concerned(self) -> None:
        for held in self.held.values():
            if held.is_open:
                held.lots |= self._below(held.lots)
        assert self.run(self._kept()) == {name: held.lots for name, held in self.held.items()}

    def _lots(self, fits: Callable[[Work], bool]) -> set[str]:
        return {lot_id for work in self.works if fits(work) for lot_id in work.lots}

    def _picked(self, numbers: list[int]) -> list[str]:
        return sorted({self.lots[number % len(self.lots)] for number in numbers if self.lots})

    def _below(self, lots: set[str]) -> set[str]:
        found, ahead = set(lots), list(lots)
        while ahead:
            here = ahead.pop()
            beside = {child for parent, child in self.pairs if parent == here} - found
            ahead += sorted(beside)
            found |= beside
        return found

    def _recall(self, wanted: Wanted, seeds: set[str]) -> None:
        async def act() -> dict[str, Any]:
            async with self.ground.database.quiet() as tx:
                shown = await recalls.dry_run(tx, wanted)
            assert {lot["lot_id"] for lot in shown["lots"]} == self._below(seeds)
            ends = {lot["lot_id"] for lot in shown["lots"] if lot["is_end"]}
            assert ends == self._below(seeds) - {parent for parent, _ in self.pairs}
            order = RecallOrder(
                **wanted.model_dump(), person="Ada", reason="dust", seen_sha256=shown["sha256"]
            )
            async with self.ground.database.begin() as tx:
                return await self.recalls.order(tx, order)

        self.held[self.run(act())["recall_id"]] = Held(self._below(seeds))

    def _say(self, event: Event, time: datetime) -> None:
        async def act() -> None:
            said = envelope(event, service="execution", time=time)
            said = said.model_copy(update={"sequence": next(self.ground.numbers)})
            async with self.ground.database.begin() as tx:
                await workflow.keep(tx, [(said, event)])
                if type(event) in self.handlers:
                    await self.handlers[type(event)](tx, said, event)

        self.run(act())

    async def _kept(self) -> dict[str, set[str]]:
        """Return the lots of each recall, as kept and as said to those who hold them."""
        kept: dict[str, set[str]] = {}
        async with self.ground.database.quiet() as tx:
            for name in self.held:
                kept[name] = {lot["lot_id"] for lot in (await recalls.whole(tx, name))["lots"]}
            kind = f"%{LotsRecalled.kind}%"
            rows = await tx.scalars(
                text("SELECT CAST(body AS jsonb) -> 'data' FROM outbox WHERE type LIKE :kind"),
                {"kind": kind},
            )
            said: dict[str, set[str]] = {name: set() for name in self.held}
            for data in rows:
                said[data["recall_id"]] |= set(data["lot_ids"])
        assert said == kept
        return kept


def test_recalls_hold_what_a_walk_over_the_plant_finds(
    runner: asyncio.Runner, fresh_database: str
) -> None:
    migrate(fresh_database, ROOT / "services/trace/migrations")
    ground = Ground(runner.run, Database(fresh_database))
    try:
        run_state_machine_as_test(partial(Plant, ground), settings=budget(15, 18))
    finally:
        runner.run(ground.database.close())
