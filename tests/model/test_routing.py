"""Routing on a real database: what may go on goes on, nothing else, and no lot is given twice."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
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

from services.execution.domain import WorkMaster, WorkSchedule
from services.execution.holds import HoldChange, PersonsGate
from services.execution.workflow import ExecutionWork
from services.execution.workmasters import take_master_data
from shared.clock import Clock, wall_clock
from shared.db import Database, migrate
from shared.envelope import Envelope
from shared.errors import ConflictError
from shared.events import (
    CellCompleted,
    CellGraded,
    DispositionDecided,
    GenealogyRecorded,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderReleased,
    JobOrderStarted,
    LotHeld,
    LotHoldReleased,
)
from shared.facts import Disposition, Event, Material, PartDisposition
from shared.outbox import Outbox
from tests.model.conftest import budget

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
ENVELOPE = Envelope(source="/halite/x", type="t", subject="s", time=AT, data={})
MACHINE = {"equipment_id": "pilot/a/b/c", "recipe_id": "r", "recipe_version": 1}
BY = HoldChange(person="Li Na", reason="looks wrong")
FREE = HoldChange(person="Li Na", reason="looked at")
OWN_GATES = ("person", "station", "operation", "stock")

which = st.integers(0, 50)
grams = st.sampled_from((3, 3, 30))
some_gates = st.sets(st.sampled_from(("fire", "spray", "witness")))


def product(gates: set[str], pellets_per_cell: int, two_coats: bool) -> WorkMaster:
    """Return a short route with stock of every kind, guarded by the gates drawn."""

    def operation(scope: str, name: str, kind: str = "x", **more: Any) -> dict[str, Any]:
        rule = {"operation": name, "scope": scope, "service": "spray", "station_kind": kind}
        return rule | {"recipe_id": "r"} | more

    glue = [{"material_definition_id": "glue", "quantity": 1.5, "unit": "ul", "per": "part"}]
    salt = [{"material_definition_id": "salt", "quantity": 2, "unit": "g", "per": "job_order"}]
    after_fire = [{"gate": "fire", "of": "pellet_lot"}] if "fire" in gates else []
    after_spray = [{"gate": "spray", "of": "parts"}] if "spray" in gates else []
    cell = {"pattern": ["foil", "ose_pellet"], "repeat": pellets_per_cell, "top": ["foil"]}
    witness = {"pattern": ["foil", "ose_pellet", "foil"], "repeat": 1}
    second = [operation("cell", "coat", "eap", stock=glue)] if two_coats else []
    operations = [
        operation("powder", "mill", use="produced", stock=salt),
        operation("pellets", "press", use="produced"),
        operation("pellets", "fire"),
        operation("sample", "measure", requires=after_fire),
        operation("cell", "spray", "eap", stock=glue, requires=after_fire),
        *second,
        operation("cell", "stack", use="produced", stack=cell, requires=after_spray),
        operation("witness", "spray", "eap", stock=glue),
        operation("witness", "stack", use="produced", stack=witness, requires=after_spray),
    ]
    values = {
        "product_id": "P",
        "version": 1,
        "description": "drawn",
        "cell_definition_id": "cell",
        "witness_definition_id": "witness",
        "pellets_per_cell": pellets_per_cell,
        "spare_ratio": 0,
        "sample_count": 1,
        "powder_g_per_pellet": 1,
        "operations": operations,
        "release_requires": [{"gate": "ccd", "of": "pellet_lot"}] if "witness" in gates else [],
    }
    return WorkMaster.model_validate(values)


@dataclass
class Ground:
    """The database that all examples share."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    database: Database
    clock: Clock


@dataclass
class Book:
    """What a plant's own bookkeeper, who only reads what happened, would know."""

    master: WorkMaster
    states: dict[str, str] = field(default_factory=dict)  # by job order
    scope: dict[str, str] = field(default_factory=dict)
    after: dict[str, str | None] = field(default_factory=dict)
    lot: dict[str, str] = field(default_factory=dict)
    released: dict[str, JobOrderReleased] = field(default_factory=dict)
    left: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    material: dict[str, str] = field(default_factory=dict)  # of each stock lot
    made: set[str] = field(default_factory=set)  # pellets that were pressed
    owner: dict[str, str] = field(default_factory=dict)  # of each pellet that was taken
    issued: set[str] = field(default_factory=set)  # pieces with an id of their own
    decided: dict[tuple[str, str], str] = field(default_factory=dict)
    held: set[tuple[str, str]] = field(default_factory=set)
    graded: set[str] = field(default_factory=set)
    completed: set[str] = field(default_factory=set)

    def plan(self, request: str, quantity: int) -> None:
        """Write down the job orders of a request, each with the one before it."""
        lots = {"powder": [f"{request}-PWD"], "pellets": [f"{request}-PEL"]}
        lots |= {"sample": [f"{request}-S01"], "witness": [f"{request}-W01"]}
        lots["cell"] = [f"{request}-C0{number}" for number in range(1, quantity + 1)]
        trunk: str | None = None
        for scope in ("powder", "pellets", "sample", "cell", "witness"):
            for lot_id in lots[scope]:
                before = trunk
                for item in self.master.operations:
                    if item.scope == scope:
                        job_order_id = f"{lot_id}-{item.operation}"
                        self.states[job_order_id] = "not_allowed_to_start"
                        self.scope[job_order_id], self.lot[job_order_id] = scope, lot_id
                        self.after[job_order_id], before = before, job_order_id
                trunk = before if scope in ("powder", "pellets") else trunk

    def of(self, cell_id: str) -> list[str]:
        """Return the pellets of a cell."""
        return [pellet for pellet, owner in self.owner.items() if owner == cell_id]

    def forbidden(self, job_order_id: str) -> str | None:
        """Return what forbids a job order to be released, but for lack of material."""
        before, lot_id = self.after[job_order_id], self.lot[job_order_id]
        if before is not None and self.states[before] != "ended":
            return f"{before} is {self.states[before]}"
        pellet_lot = f"{job_order_id.split('-')[0]}-PEL"
        concerned = {lot_id, *self.of(lot_id)}
        concerned |= {pellet_lot} if self.scope[job_order_id] != "powder" else set()
        concerned |= {f"{lot_id[:-4]}-PWD"} if job_order_id.endswith("-press") else set()
        for held, gate in sorted(self.held):
            if held in concerned:
                return f"{held} held by {gate}"
        guard = self.master.rule(self.scope[job_order_id], job_order_id.rsplit("-", 1)[1])
        subjects = {"pellet_lot": [pellet_lot], "parts": self.of(lot_id)}
        for gate_rule in guard.requires:
            for subject in subjects[gate_rule.of]:
                if self.decided.get((subject, gate_rule.gate)) != "released":
                    return f"{gate_rule.gate} has not released {subject}"
        return None

    def lacks(self, job_order_id: str) -> bool:
        """Say whether material for a job order is short."""
        operation, lot_id = job_order_id.rsplit("-", 1)[1], self.lot[job_order_id]
        cell = self.master.pellets_per_cell if self.scope[job_order_id] == "cell" else 1
        wanted = {"measure": cell, "spray": cell, "coat": cell}.get(operation, 0)
        if wanted and not self.of(lot_id):
            free = self.free_pellets(job_order_id.split("-")[0])
            if len(free) < wanted:
                return True
        needs = {"mill": ("salt", 2.0), "spray": ("glue", 1.5 * cell), "coat": ("glue", 1.5 * cell)}
        foils = cell + 1 if self.scope[job_order_id] == "cell" else 2
        material, quantity = (needs | {"stack": ("foil", float(foils))}).get(operation, ("", 0.0))
        return self.in_stock(material) < quantity

    def free_pellets(self, request: str) -> list[str]:
        """Return the pellets of a request that the thickness gate released and nobody has."""
        holding = {lot_id for lot_id, _ in self.held}
        return [
            pellet
            for pellet in sorted(self.made - self.owner.keys() - holding)
            if pellet.startswith(request) and self.decided.get((pellet, "thickness")) == "released"
        ]

    def in_stock(self, material: str) -> float:
        """Return how much of a material may be taken."""
        holding = {lot_id for lot_id, _ in self.held}
        return sum(
            quantity
            for lot_id, quantity in self.left.items()
            if self.material[lot_id] == material and lot_id not in holding and quantity > 0
        )

    def release(self, event: JobOrderReleased) -> None:
        """Take a release, which nothing must have forbidden and which takes what is nobody's."""
        key = event.job_order_id
        assert self.states[key] == "not_allowed_to_start", key
        assert self.forbidden(key) is None, (key, self.forbidden(key))
        self.states[key], self.released[key] = "allowed_to_start", event
        for item in event.materials:
            if item.lot_id in self.left:
                self.take(item.lot_id, item.quantity)
            elif item.lot_id in self.made and self.scope[key] in ("sample", "cell", "witness"):
                assert self.owner.setdefault(item.lot_id, self.lot[key]) == self.lot[key]

    def take(self, lot_id: str, quantity: float) -> None:
        """Take from a stock lot, which nothing may hold and which must have as much."""
        self.left[lot_id] -= quantity
        assert self.left[lot_id] > -1e-6, lot_id
        assert lot_id not in {held for held, _ in self.held}, lot_id

    def issue(self, event: GenealogyRecorded) -> None:
        """Take pieces off their stock lot; no piece may come twice."""
        stock, *pieces = event.materials
        self.take(stock.lot_id, stock.quantity)
        assert stock.quantity == len(pieces)
        for piece in pieces:
            assert piece.lot_id not in self.issued
            self.issued.add(piece.lot_id)

    def complete(self) -> None:
        """Complete every cell that is graded, at its end and free."""
        for cell_id in sorted(self.graded - self.completed):
            pellet_lot = f"{cell_id.split('-')[0]}-PEL"
            concerned = {cell_id, pellet_lot, *self.of(cell_id)}
            open_jobs = [
                key
                for key, lot in self.lot.items()
                if lot == cell_id and self.states[key] != "ended"
            ]
            gates = [gate_rule.gate for gate_rule in self.master.release_requires]
            passed = all(self.decided.get((pellet_lot, gate)) == "released" for gate in gates)
            if passed and not open_jobs and not any(lot in concerned for lot, _ in self.held):
                self.completed.add(cell_id)


class Routing(RuleBasedStateMachine):
    """Two requests that share a short stock, on their way among holds, gates and aborted jobs."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground, self.run = ground, ground.run
        self.requests = 0
        self.seen = 0
        self.said_completed: list[str] = []
        self.said_held: set[tuple[str, str]] = set()

    @initialize(gates=some_gates, per_cell=st.integers(1, 2), two_coats=st.booleans(), amount=grams)
    def begin(self, gates: set[str], per_cell: int, two_coats: bool, amount: int) -> None:
        self.book = Book(product(gates, per_cell, two_coats))
        self.restart()

        async def act() -> None:
            async with self.ground.database.begin() as tx:
                await tx.execute(
                    text("""TRUNCATE work_master, work_schedule, outbox, time_limit, lot,
                         disposition RESTART IDENTITY CASCADE""")
                )
                await take_master_data(tx, [self.book.master])

        self.run(act())
        self.order(amount, 2)

    @rule()
    def restart(self) -> None:
        """Nothing in memory is left."""
        outbox = Outbox("execution", "pilot", self.ground.database, self.ground.clock)
        self.work = ExecutionWork(self.ground.database, outbox, self.ground.clock)

    @precondition(lambda self: self.requests < 3)
    @rule(amount=grams, quantity=st.integers(1, 2))
    def order(self, amount: int, quantity: int) -> None:
        """A schedule comes in, with some of every material."""
        self.requests += 1
        request = f"WR{self.requests}"
        lots = [
            {
                "lot_id": f"{name}{self.requests}",
                "material_definition_id": name,
                "quantity": amount,
                "unit": unit,
            }
            for name, unit in (("salt", "g"), ("glue", "ul"), ("foil", "count"))
        ]
        wanted = {"product_id": "P", "quantity": quantity, "witness_quantity": 1, "due_at": AT}
        schedule = WorkSchedule.model_validate(
            {
                "work_schedule_id": f"S{self.requests}",
                "material_lots": lots,
                "work_requests": [{"work_request_id": request, **wanted}],
            }
        )
        self.book.plan(request, quantity)
        for lot in schedule.material_lots:
            self.book.left[lot.lot_id] = lot.quantity
            self.book.material[lot.lot_id] = lot.material_definition_id
        self._act(lambda tx: self.work.accept(tx, schedule))

    @precondition(lambda self: self._in("allowed_to_start", "interrupted"))
    @rule(one=which)
    def start(self, one: int) -> None:
        key = self._pick(one, "allowed_to_start", "interrupted")
        if self.book.states[key] == "interrupted":
            self.book.held.discard((self.book.released[key].lot_id, "station"))
        self.book.states[key] = "running"
        event = JobOrderStarted(**self._common(key), **MACHINE, started_at=AT, lot_ids=())
        self._tell(self.work.on_started, event)

    @precondition(lambda self: self._in("allowed_to_start", "running", "interrupted"))
    @rule(one=which, used=st.sampled_from((1.0, 0.0, 0.0, 3.0)))
    def end(self, one: int, used: float) -> None:
        """A station ends a job; it may have used less or more than planned of what it weighs."""
        key = self._pick(one, "running", "allowed_to_start", "interrupted")
        self._finish(key, "ended", self._actual(key, used))

    @rule()
    def quiet_hour(self) -> None:
        """People free what they may, stations end what they have, every gate releases."""
        for lot_id, gate in sorted(self.book.held):
            if gate in OWN_GATES:
                self._free(lot_id, gate)
        for key in self._in("allowed_to_start", "running"):
            self._finish(key, "ended", self._actual(key, 1.0))
        for number in range(1, self.requests + 1):
            for gate in ("fire", "ccd"):
                self._decide(f"WR{number}-PEL", gate, {f"WR{number}-PEL": "released"})
        if self.book.made:
            self.measure_pellets("released", 0)
        for cell in sorted(lot for lot in set(self.book.owner.values()) if lot[-3] in "CW"):
            parts = sorted(self.book.of(cell))
            self._decide(cell, "spray", dict.fromkeys(parts, "released"))
        for cell in self._ended_cells():
            self._grade(cell)

    @precondition(lambda self: self._in("running", "interrupted"))
    @rule(one=which, named=st.booleans())
    def abort(self, one: int, named: bool) -> None:
        """A station aborts a job, and names what it used or nothing."""
        key = self._pick(one, "running", "interrupted")
        self._finish(key, "aborted", self._actual(key, 1.0) if named else ())

    @precondition(lambda self: self._in("allowed_to_start", "running", "interrupted"))
    @rule(one=which)
    def hold_job(self, one: int) -> None:
        key = self._pick(one, "allowed_to_start", "running", "interrupted")
        self.book.states[key] = "interrupted"
        self.book.held.add((self.book.released[key].lot_id, "station"))
        event = JobOrderHeld(**self._common(key), equipment_id=None, reason="fault", lot_ids=())
        self._tell(self.work.on_job_held, event)

    @precondition(lambda self: self.book.made)
    @rule(good=st.sampled_from(("released", "released", "blocked")), bits=st.integers(0, 255))
    def measure_pellets(self, good: Disposition, bits: int) -> None:
        """The gauge's gate decides over each pellet of a request; `bits` says over which so."""
        for request in sorted({pellet.split("-")[0] for pellet in self.book.made}):
            pellets = sorted(pellet for pellet in self.book.made if pellet.startswith(request))
            found: list[Disposition] = [
                good if bits >> number & 1 else "released" for number in range(len(pellets))
            ]
            self._decide(f"{request}-PEL", "thickness", dict(zip(pellets, found, strict=True)))

    @precondition(lambda self: self.book.owner)
    @rule(one=which, good=st.sampled_from(("released", "released", "blocked")))
    def inspect_coat(self, one: int, good: Disposition) -> None:
        """The spray's gate decides over the pellets of a cell, the first by itself."""
        cells = sorted({lot for lot in self.book.owner.values() if lot[-3] in "CW"})
        if cells:
            cell = cells[one % len(cells)]
            parts = sorted(self.book.of(cell))
            found: dict[str, Disposition] = dict.fromkeys(parts, "released")
            self._decide(cell, "spray", found | {parts[0]: good})

    @rule(one=which, gate=st.sampled_from(("fire", "ccd")), good=st.booleans())
    def decide(self, one: int, gate: str, good: bool) -> None:
        request = f"WR{one % self.requests + 1}"
        self._decide(f"{request}-PEL", gate, {f"{request}-PEL": "released" if good else "blocked"})

    @rule(one=which)
    def hold_by_hand(self, one: int) -> None:
        """A person holds a lot, every other time a stock lot."""
        others = [*self.book.made, *set(self.book.lot.values())]
        lots = sorted(lot for lot in others if "-S0" not in lot)
        lots = sorted(self.book.left) if one % 2 else lots
        lot_id = lots[one // 2 % len(lots)]
        if (lot_id, "person") in self.book.held:
            with pytest.raises(ConflictError, match="held by hand already"):
                self._act(lambda tx: self.work.hold(tx, lot_id, BY))
        else:
            self.book.held.add((lot_id, "person"))
            self._act(lambda tx: self.work.hold(tx, lot_id, BY))

    @precondition(lambda self: any(gate in OWN_GATES for _, gate in self.book.held))
    @rule(one=which)
    def free_by_hand(self, one: int) -> None:
        mine = sorted(pair for pair in self.book.held if pair[1] in OWN_GATES)
        self._free(*mine[one % len(mine)])

    @precondition(lambda self: self._ended_cells())
    @rule(one=which)
    def grade(self, one: int) -> None:
        cells = self._ended_cells()
        self._grade(cells[one % len(cells)])

    @invariant()
    def the_books_agree(self) -> None:
        """All that was released might be; what was not might not; stock, holds, cells agree."""
        self.run(self.work.use_stock())
        self._read()
        self.book.complete()
        assert sorted(self.book.completed) == sorted(self.said_completed)
        assert self.said_held == self.book.held
        stock, states = self.run(self._kept())
        assert states == self.book.states
        assert stock == pytest.approx(dict(self.book.left), abs=1e-6)
        for key, state in states.items():
            if state == "not_allowed_to_start":
                assert self.book.forbidden(key) or self.book.lacks(key), f"{key} was forgotten"

    # how it is done

    def _in(self, *states: str) -> list[str]:
        return sorted(key for key, state in self.book.states.items() if state in states)

    def _pick(self, one: int, *states: str) -> str:
        found = self._in(*states)
        return found[one % len(found)]

    def _ended_cells(self) -> list[str]:
        stacked = [key[:-6] for key in self._in("ended") if key.endswith("-stack")]
        return [cell for cell in stacked if "-C" in cell]

    def _common(self, key: str) -> dict[str, Any]:
        names = {"job_order_id", "lot_id", "work_request_id", "product_id", "operation"}
        return self.book.released[key].model_dump(include=names)

    def _actual(self, key: str, used: float) -> tuple[Material, ...]:
        """Return the materials of a job with `used` times as much of what has no pieces."""
        return tuple(
            item.model_copy(update={"quantity": item.quantity * used})
            if item.lot_id in self.book.left
            else item
            for item in self.book.released[key].materials
        )

    def _finish(self, key: str, state: str, materials: tuple[Material, ...]) -> None:
        planned, before = self.book.released[key], dict(self.book.left)
        for sign, items in ((1.0, planned.materials), (-1.0, materials)):
            for item in items:
                if item.lot_id in self.book.left:
                    self.book.left[item.lot_id] += sign * item.quantity
        for lot_id in {item.lot_id for item in planned.materials} & self.book.left.keys():
            changed = self.book.left[lot_id] != before[lot_id]
            if changed and self.book.left[lot_id] < -1e-6:
                self.book.held.add((lot_id, "stock"))
        self.book.states[key] = state
        if state == "aborted":
            self.book.held.add((planned.lot_id, "operation"))
        if key.endswith("-press"):
            self.book.made |= {item.lot_id for item in materials if item.use == "produced"}
        event = JobOrderEnded.model_validate(
            self._common(key)
            | MACHINE
            | {"state": state, "started_at": AT, "ended_at": AT, "materials": materials}
        )
        self._tell(self.work.on_ended, event)

    def _free(self, lot_id: str, gate: str) -> None:
        self.book.held.discard((lot_id, gate))
        self._act(lambda tx: self.work.free(tx, lot_id, cast(PersonsGate, gate), FREE))

    def _grade(self, cell: str) -> None:
        self.book.graded.add(cell)
        event = CellGraded(
            lot_id=cell,
            work_request_id=cell.split("-")[0],
            product_id="P",
            grade="A",
            discharge_capacity_mah=1.0,
            coulombic_efficiency_ratio=0.99,
            reasons=(),
        )
        self._tell(self.work.on_graded, event)

    def _decide(self, lot_id: str, gate: str, found: dict[str, Disposition]) -> None:
        for lot, disposition in found.items():
            self.book.decided[lot, gate] = disposition
            if disposition == "released":
                self.book.held.discard((lot, gate))
            else:
                self.book.held.add((lot, gate))
        for cell in {self.book.owner[lot] for lot in found if lot in self.book.owner}:
            if "-S0" not in cell:
                self.book.held.discard((cell, gate))
                if any((pellet, gate) in self.book.held for pellet in self.book.of(cell)):
                    self.book.held.add((cell, gate))
        parts = (
            ()
            if lot_id in found
            else tuple(
                PartDisposition(lot_id=lot, value=1.0, disposition=disposition, reason="so")
                for lot, disposition in found.items()
            )
        )
        event = DispositionDecided(
            lot_id=lot_id,
            work_request_id=lot_id.split("-")[0],
            product_id="P",
            gate=gate,
            characteristic="x",
            value=1.0,
            unit="",
            low=None,
            high=None,
            disposition=found.get(lot_id, "released"),
            reason="so",
            specification_version=1,
            evaluated_at=AT,
            parts=parts,
        )
        self._tell(self.work.on_disposition, event)

    def _tell(self, handler: Callable[..., Coroutine[Any, Any, None]], event: Event) -> None:
        self._act(lambda tx: handler(tx, ENVELOPE, event))

    def _act(self, call: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        async def act() -> None:
            async with self.ground.database.begin() as tx:
                await call(tx)

        self.run(act())
        self._read()

    def _read(self) -> None:
        for event in self.run(self._new_events()):
            match event:
                case JobOrderReleased():
                    self.book.release(event)
                case GenealogyRecorded(operation="issue"):
                    self.book.issue(event)
                case CellCompleted():
                    self.said_completed.append(event.lot_id)
                case LotHeld():
                    assert (event.lot_id, event.gate) not in self.said_held
                    self.said_held.add((event.lot_id, event.gate))
                case LotHoldReleased():
                    self.said_held.remove((event.lot_id, event.gate))

    async def _new_events(self) -> list[Event]:
        async with self.ground.database.quiet() as tx:
            rows = (
                await tx.execute(
                    text("SELECT id, body FROM outbox WHERE id > :seen ORDER BY id"),
                    {"seen": self.seen},
                )
            ).all()
        self.seen = rows[-1][0] if rows else self.seen
        envelopes = [Envelope.model_validate_json(body) for _, body in rows]
        return [event for envelope in envelopes if (event := envelope.event()) is not None]

    async def _kept(self) -> tuple[dict[str, float], dict[str, str]]:
        async with self.ground.database.quiet() as tx:
            stock = await tx.execute(text("SELECT lot_id, quantity FROM lot WHERE kind = 'stock'"))
            jobs = await tx.execute(text("SELECT job_order_id, state FROM job_order"))
            return {row[0]: row[1] for row in stock}, {row[0]: row[1] for row in jobs}


def test_what_may_go_on_goes_on_and_nothing_is_given_twice(
    runner: asyncio.Runner, fresh_database: str
) -> None:
    migrate(fresh_database, ROOT / "services/execution/migrations")
    ground = Ground(runner.run, Database(fresh_database), wall_clock())
    try:
        run_state_machine_as_test(partial(Routing, ground), settings=budget(8, 20))
    finally:
        runner.run(ground.database.close())
