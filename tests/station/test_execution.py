"""Execution on a real database: a route walked to its end, and what holds it on the way."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import RowMapping, text

from services.execution import sodiumdesk, store, views
from services.execution.domain import WorkMaster, WorkSchedule
from services.execution.sodium import HazardMaterial
from services.execution.workflow import ExecutionWork
from services.execution.workmasters import take_master_data
from shared.clock import Clock
from shared.db import Database, migrate
from shared.envelope import Envelope
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.events import (
    CellCompleted,
    CellGraded,
    DispositionDecided,
    ExposureEvaluated,
    GenealogyRecorded,
    JobOrderEnded,
    JobOrderReleased,
    JobOrderStarted,
    LotHeld,
    LotHoldReleased,
    LotsRecalled,
    LotsScrapped,
    MaterialLotRegistered,
    RecallEnded,
    ReworkOrdered,
    SampleExtended,
    WorkRequestEnded,
)
from shared.facts import Disposition, Event, Material, PartDisposition
from shared.outbox import Outbox
from shared.transaction import Transaction

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
OF_JOB_ORDER = "SELECT state, equipment_id, started_at FROM job_order WHERE job_order_id = :id"
SPRAYED = {"WR1-C01", "WR1-C02", "WR1-W01"}
ENVELOPE = Envelope(source="/halite/x", type="t", subject="s", time=START, data={})


@dataclass(frozen=True, kw_only=True)
class HandClock(Clock):
    """Plant time that only the test moves."""

    passed: list[timedelta] = field(default_factory=list)

    def now(self) -> datetime:
        return self.plant_start + sum(self.passed, timedelta())

    def advance(self, seconds: float) -> None:
        self.passed.append(timedelta(seconds=seconds))


@dataclass
class Floor:
    """Answers every released job order as a plant without faults would."""

    database: Database
    work: ExecutionWork
    clock: HandClock
    blocked: dict[tuple[str, str], str] = field(default_factory=dict)
    scrapped: set[str] = field(default_factory=set)
    used: dict[str, float] = field(default_factory=dict)
    released: list[JobOrderReleased] = field(default_factory=list)
    said: list[Event] = field(default_factory=list)
    also_at: dict[str, str] = field(default_factory=dict)
    scrapped_at: dict[str, str] = field(default_factory=dict)
    _seen: int = 0

    async def run(self, waits: Callable[[JobOrderReleased], bool] = lambda _: False) -> None:
        """Carry out job orders until nothing new is released; `waits` names those left to wait."""
        while events := await self.new_events():
            for event in events:
                self.said.append(event)
                if isinstance(event, JobOrderReleased):
                    self.released.append(event)
                    if not waits(event):
                        await self.carry_out(event)

    async def run_until(self, operation: str, lot_id: str, *, begin: bool = True) -> None:
        """Carry out job orders up to an operation of a lot, with it unless `begin` says no.

        Those of the same operation that come after it wait.
        """
        await self.run(
            lambda one: one.operation == operation and (one.lot_id, begin) != (lot_id, True)
        )

    async def new_events(self) -> list[Event]:
        async with self.database.quiet() as tx:
            rows = await tx.execute(
                text("SELECT id, body FROM outbox WHERE id > :seen ORDER BY id"),
                {"seen": self._seen},
            )
            found = rows.all()
        self._seen = found[-1][0] if found else self._seen
        envelopes = [Envelope.model_validate_json(body) for _, body in found]
        return [event for envelope in envelopes if (event := envelope.event()) is not None]

    async def carry_out(self, released: JobOrderReleased) -> None:
        common = released.model_dump(
            include={"job_order_id", "lot_id", "work_request_id", "product_id", "operation"}
        )
        machine = {"equipment_id": "pilot/a/b/c", "recipe_id": released.recipe_id}
        started_at = self.clock.now()
        started = JobOrderStarted(
            **common, **machine, recipe_version=1, started_at=started_at, lot_ids=()
        )
        async with self.database.begin() as tx:
            await self.work.on_started(tx, ENVELOPE, started)
        self.clock.advance(600)
        if released.operation in self.also_at:  # its next part, at another instrument
            there = {"equipment_id": self.also_at[released.operation]}
            again = {"started_at": self.clock.now(), **there}
            async with self.database.begin() as tx:
                await self.work.on_started(tx, ENVELOPE, started.model_copy(update=again))
                row = (await tx.execute(text(OF_JOB_ORDER), {"id": released.job_order_id})).one()
            assert tuple(row) == ("running", there["equipment_id"], started_at)
        if self.scrapped_at.get(released.operation) == released.lot_id:
            await scrap(self, released.lot_id)
        ended = JobOrderEnded(
            **common,
            **machine,
            recipe_version=1,
            state="ended",
            started_at=started_at,
            ended_at=self.clock.now(),
            materials=tuple(
                item.model_copy(update={"quantity": self.used.get(item.lot_id, item.quantity)})
                for item in released.materials
            ),
        )
        async with self.database.begin() as tx:
            await self.work.on_ended(tx, ENVELOPE, ended)
        await self._decide(released)

    async def _decide(self, released: JobOrderReleased) -> None:
        pellet_lot = f"{released.work_request_id}-PEL"
        over_lot = {
            "calcine": ["heat_calcine"],
            "debind": ["heat_debind"],
            "sinter": ["heat_sinter"],
            "stack": ["stack"],
            "seal": ["seal", "exposure"],
            "rest": ["rest"],
            "impedance": ["impedance"],
            "formation": ["capacity", "data_quality"],
        }
        for gate in over_lot.get(released.operation, []):
            await self.decide(released.work_request_id, released.lot_id, gate)
        for operation, gate in (("conductivity", "conductivity"), ("ccd", "witness_ccd")):
            if released.operation == operation:
                await self.decide(released.work_request_id, pellet_lot, gate)
        over_parts = {
            "debind": "debind_places",
            "sinter": "sinter_places",
            "gauge": "thickness",
            "spray": "spray",
        }
        for operation, gate in over_parts.items():
            if released.operation == operation:
                parts = [item.lot_id for item in released.materials if item.use == "processed"]
                await self.decide(released.work_request_id, released.lot_id, gate, parts)
        if released.operation == "formation":
            await self.grade(released)

    async def decide(
        self, work_request_id: str, lot_id: str, gate: str, parts: list[str] | None = None
    ) -> None:
        def of(lot: str) -> tuple[Disposition, str]:
            reason = self.blocked.get((lot, gate))
            held: Disposition = "scrap" if lot in self.scrapped else "blocked"
            return (held, reason) if reason else ("released", "within limits")

        disposition, reason = of(lot_id)
        event = DispositionDecided(
            lot_id=lot_id,
            work_request_id=work_request_id,
            product_id="nvp-coin",
            gate=gate,
            characteristic=gate,
            value=1.0,
            unit="",
            low=None,
            high=None,
            disposition=disposition,
            reason=reason,
            specification_version=1,
            evaluated_at=self.clock.now(),
            parts=tuple(
                PartDisposition(lot_id=lot, value=1.0, disposition=of(lot)[0], reason=of(lot)[1])
                for lot in parts or ()
            ),
        )
        async with self.database.begin() as tx:
            await self.work.on_disposition(tx, ENVELOPE, event)

    async def grade(self, released: JobOrderReleased) -> None:
        event = CellGraded(
            lot_id=released.lot_id,
            work_request_id=released.work_request_id,
            product_id=released.product_id,
            grade="A",
            discharge_capacity_mah=1.0,
            coulombic_efficiency_ratio=0.99,
            reasons=(),
        )
        async with self.database.begin() as tx:
            await self.work.on_graded(tx, ENVELOPE, event)

    async def wait_for_limits(self, seconds: float) -> None:
        """Let plant time pass and act on the limits that fell due."""
        self.clock.advance(seconds)
        await self.work.pass_time()

    async def cell(self, cell_id: str) -> dict[str, object]:
        async with self.database.quiet() as tx:
            found: dict[str, object] = (await views.cell(tx, cell_id))["cell"]
            return found

    async def request(self, tx: Transaction) -> RowMapping:
        """The work request of the schedule, locked."""
        return await store.lock_request(tx, "WR1")

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.said]


def schedule(**request: object) -> WorkSchedule:
    order = {
        "work_request_id": "WR1",
        "product_id": "nvp-coin",
        "quantity": 2,
        "witness_quantity": 1,
        "due_at": "2026-02-01T00:00:00Z",
    }
    grams = ("na2co3", "zro2", "zno", "sio2", "nh4h2po4", "pva")
    others = {"ethanol": "ml", "img_glue": "ul", "na_disc": "count", "nvp_cathode": "count"}
    lots = [
        {"lot_id": f"RAW-{name}", "material_definition_id": name, "quantity": 500, "unit": unit}
        for name, unit in {**dict.fromkeys(grams, "g"), **others}.items()
    ]
    return WorkSchedule.model_validate(
        {
            "work_schedule_id": "S1",
            "material_lots": lots,
            "work_requests": [{**order, **request}],
        }
    )


def without(wanted: WorkSchedule, lot_id: str) -> WorkSchedule:
    lots = tuple(lot for lot in wanted.material_lots if lot.lot_id != lot_id)
    return wanted.model_copy(update={"material_lots": lots})


@asynccontextmanager
async def execution_floor(url: str, work_masters: list[WorkMaster]) -> AsyncIterator[Floor]:
    """A floor with its master data on a database of its own."""
    migrate(url, ROOT / "services/execution/migrations")
    database = Database(url)
    clock = HandClock(plant_start=START, wall_start_s=0.0)
    work = ExecutionWork(database, Outbox("execution", "pilot", database, clock), clock)
    async with database.begin() as tx:
        await take_master_data(tx, work_masters)
    yield Floor(database, work, clock)
    await database.close()


@pytest.fixture
async def floor(fresh_database: str, work_masters: list[WorkMaster]) -> AsyncIterator[Floor]:
    async with execution_floor(fresh_database, work_masters) as found:
        yield found


async def accept(floor: Floor, wanted: WorkSchedule) -> None:
    async with floor.database.begin() as tx:
        await floor.work.accept(tx, wanted)


async def test_an_order_runs_from_powder_to_completed_cells(floor: Floor) -> None:
    await accept(floor, schedule())
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    assert [(await floor.cell(f"WR1-C0{n}"))["disposition"] for n in (1, 2)] == ["released"] * 2
    assert floor.kinds().count("CellCompleted") == 2
    assert floor.kinds().count("WorkRequestEnded") == 1
    disc = HazardMaterial(
        material_definition_id="na_disc", version=1, sodium_g_per_unit=0.08, source="test"
    )
    async with floor.database.begin() as tx:
        await sodiumdesk.take_master_data(tx, [disc], [])
        [cells] = (await sodiumdesk.shown(tx))["cells"]
    discs = 2  # in the witness; the cells are released
    assert cells == {
        "equipment_id": "pilot/a/b/c",
        "cell_count": 1,
        "sodium_g": pytest.approx(0.08 * discs),
    }


async def test_a_cell_says_which_step_before_its_own_it_waits_for(floor: Floor) -> None:
    await accept(floor, without(schedule(), "RAW-nh4h2po4"))
    cell = await floor.cell("WR1-C01")
    assert (cell["operation"], cell["state"]) == ("spray", "not_allowed_to_start")
    assert str(cell["reason"]).startswith("waits for mill of WR1-PWD: needs ")
    assert "nh4h2po4" in str(cell["reason"])


async def test_life_cells_are_tested_beyond_the_order_that_delivers_the_others(
    floor: Floor,
) -> None:
    await accept(floor, schedule(life_quantity=1))
    floor.blocked = {("WR1-PEL", "retention"): "0.9 is below low 0.98"}
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    mine = [event for event in floor.released if event.lot_id == "WR1-L01"]
    assert [event.operation for event in mine][-2:] == ["formation", "cycle_life"]
    assert mine[-1].recipe_id == "retention-nvp-coin"
    assert {e.lot_id for e in floor.released if e.operation == "cycle_life"} == {"WR1-L01"}
    completed = [event.lot_id for event in floor.said if isinstance(event, CellCompleted)]
    assert completed == ["WR1-C01", "WR1-C02"]
    assert floor.kinds().count("WorkRequestEnded") == 1
    assert (await floor.cell("WR1-L01"))["kind"] == "life_cell"
    await floor.decide("WR1", "WR1-PEL", "retention")
    assert (await floor.cell("WR1-L01"))["state"] == "held"
    floor.blocked |= {("WR1-C01", "retention"): "its pellet lot fades"}
    await floor.decide("WR1", "WR1-C01", "retention")
    found = [await floor.cell(f"WR1-C0{number}") for number in (1, 2)]
    assert [cell["disposition"] for cell in found] == ["blocked", "released"]

    extended = SampleExtended(
        lot_id="WR1-PEL",
        work_request_id="WR1",
        job_order_id="WR1-L01-cycle_life",
        gate="retention",
        count=1,
    )
    async with floor.database.begin() as tx:
        await floor.work.on_extended(tx, ENVELOPE, extended)
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    assert "cycle_life" in {e.operation for e in floor.released if e.lot_id == "WR1-L02"}


async def test_life_cells_of_a_product_that_tests_no_life_are_refused(
    floor: Floor, work_masters: list[WorkMaster]
) -> None:
    powder = next(one for one in work_masters if one.makes_powder)
    with pytest.raises(InvalidInputError, match=r"life_quantity of WR1 is 2.*no operation"):
        await accept(floor, schedule(product_id=powder.product_id, life_quantity=2))


async def test_a_test_that_goes_on_at_another_instrument_is_one_job_order(floor: Floor) -> None:
    floor.also_at = {"ccd": "pilot/formation/analysis/analyser-1"}
    await accept(floor, schedule())
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    assert "ccd" in {event.operation for event in floor.released}
    assert floor.kinds().count("CellCompleted") == 2


async def test_no_stack_starts_before_its_glue_has_cured(floor: Floor) -> None:
    await accept(floor, schedule())
    await floor.run()
    assert "stack" not in {event.operation for event in floor.released}
    await floor.wait_for_limits(3600)
    await floor.run()
    sprayed = [event for event in floor.released if event.operation == "spray"]
    stacked = {e.lot_id: e for e in floor.released if e.operation == "stack"}
    ended_at = {event.lot_id: event.released_at + timedelta(seconds=600) for event in sprayed}
    for lot_id, stack in stacked.items():
        assert stack.released_at >= ended_at[lot_id] + timedelta(seconds=900)


async def test_a_pellet_that_spraying_spoiled_holds_its_cell_and_no_other(floor: Floor) -> None:
    floor.blocked = {("WR1-PEL-003", "spray"): "contact_angle_deg 63.0 ° above 25.0 °"}
    await accept(floor, schedule())
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    states = {n: await floor.cell(f"WR1-C0{n}") for n in (1, 2)}
    assert sorted(str(cell["disposition"]) for cell in states.values()) == ["blocked", "released"]
    held = next(cell for cell in states.values() if cell["disposition"] == "blocked")
    assert "63.0" in str(held["reason"])


async def test_an_order_ends_when_each_cell_is_released_or_scrapped(floor: Floor) -> None:
    floor.blocked = {("WR1-C02", "capacity"): "0.2 mAh is below low 0.8 mAh"}
    await accept(floor, schedule())
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    assert (await floor.cell("WR1-C02"))["disposition"] == "blocked"
    assert "WorkRequestEnded" not in floor.kinds()
    floor.scrapped.add("WR1-C02")
    await floor.decide("WR1", "WR1-C02", "capacity")
    await floor.decide("WR1", "WR1-C02", "capacity")  # said twice, it ends once
    await floor.run()
    cell = await floor.cell("WR1-C02")
    assert (cell["disposition"], cell["state"]) == ("scrap", "scrapped")
    assert "0.2 mAh" in str(cell["reason"])
    [ended] = [event for event in floor.said if isinstance(event, WorkRequestEnded)]
    assert (ended.released_count, ended.blocked_count) == (1, 1)
    async with floor.database.quiet() as tx:
        [request] = (await views.work_requests(tx, 10))["items"]
        assert (request["state"], request["scrapped"]) == ("ended", 1)
        assert await views.wip(tx) == []
        for disposition, lot_id in (("scrap", "WR1-C02"), ("released", "WR1-C01")):
            found = await views.cells(tx, "", disposition, 10)
            assert ([item["cell_id"] for item in found["items"]], found["total"]) == ([lot_id], 1)
        assert await views.cells(tx, "", "blocked", 10) == {"items": [], "total": 0}


async def scrap_pellets_by_gate(floor: Floor) -> None:
    """Carry out an order whose pellets a gate holds, and scrap them by its nonconformance."""
    floor.blocked = {("WR1-PEL", "density"): "80 % is below low 92 %"}
    floor.scrapped.add("WR1-PEL")
    await accept(floor, schedule())
    await floor.run()
    await floor.decide("WR1", "WR1-PEL", "density")
    await floor.run()


async def test_an_order_whose_pellets_are_scrapped_ends_without_cells(floor: Floor) -> None:
    await scrap_pellets_by_gate(floor)
    [ended] = [event for event in floor.said if isinstance(event, WorkRequestEnded)]
    assert (ended.released_count, ended.blocked_count) == (0, 2)


async def scrap(floor: Floor, *lot_ids: str) -> None:
    """Say that quality scrapped lots by a nonconformance that no gate had raised."""
    event = LotsScrapped(
        lot_id=lot_ids[0],
        nonconformance_id="NC-1",
        lot_ids=lot_ids,
        reason="fell to the floor",
        person="Ada",
    )
    async with floor.database.begin() as tx:
        await floor.work.on_scrapped(tx, ENVELOPE, event)
    await floor.run()


async def test_an_order_ends_when_its_last_cell_is_scrapped_that_no_gate_held(
    floor: Floor,
) -> None:
    floor.blocked = {("WR1-C02", "capacity"): "0.2 mAh is below low 0.8 mAh"}
    await accept(floor, schedule())
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    over = ExposureEvaluated(
        lot_id="WR1-PEL",
        work_request_id="WR1",
        state="over",
        minutes=700.0,
        budget_minutes=600.0,
        dose_ppm_h=1.0,
        budget_dose_ppm_h=10.0,
        reason="left over too long",
        is_open=True,
    )
    async with floor.database.begin() as tx:
        await floor.work.on_exposure(tx, ENVELOPE, over)
        assert (await views.holds(tx, "", 5, only_open=True))["total"] == 2
    await scrap(floor, "RAW-zno", "WR1-C02", "unknown")
    await scrap(floor, "WR1-C02")  # said twice, it ends once
    [ended] = [event for event in floor.said if isinstance(event, WorkRequestEnded)]
    assert (ended.released_count, ended.blocked_count) == (1, 1)
    assert (await floor.cell("WR1-C02"))["state"] == "scrapped"
    async with floor.database.quiet() as tx:
        assert (await views.holds(tx, "WR1-C02", 5))["total"] == 1, "it is held for good"
        assert (await views.holds(tx, "", 5, only_open=True))["total"] == 0
        [raw] = (await views.lots(tx, "RAW-zno", 5))["items"]
        assert raw["state"] == "available", "what is in stock stays there, held by quality"


async def test_an_order_ends_when_so_many_pellets_are_scrapped_that_no_cell_can_be_built(
    floor: Floor,
) -> None:
    await accept(floor, without(schedule(), "RAW-img_glue"))
    await floor.run()
    async with floor.database.quiet() as tx:
        pellets = [row["lot_id"] for row in await store.members(tx, "WR1-PEL")]
    await scrap(floor, *pellets[:-1])
    assert "WorkRequestEnded" not in floor.kinds(), "one cell can be built of the last pellet"
    await scrap(floor, pellets[-1])
    [ended] = [event for event in floor.said if isinstance(event, WorkRequestEnded)]
    assert (ended.released_count, ended.blocked_count) == (0, 2)


async def test_a_lot_that_was_scrapped_at_a_station_stays_so_when_its_job_ends(
    floor: Floor,
) -> None:
    floor.scrapped_at = {"formation": "WR1-C01"}
    await accept(floor, schedule())
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    cell = await floor.cell("WR1-C01")
    assert (cell["state"], cell["disposition"]) == ("scrapped", "scrap")


async def test_the_newest_requests_and_their_cells_come_first(floor: Floor) -> None:
    await accept(floor, schedule())
    floor.clock.advance(3600)
    second = schedule(work_request_id="WR2").model_copy(
        update={"work_schedule_id": "second", "material_lots": ()}
    )
    await accept(floor, second)
    async with floor.database.quiet() as tx:
        found = await views.cells(tx, "", None, 3)
        assert [item["work_request_id"] for item in found["items"]] == ["WR2"] * 3
        assert found["total"] == 6
        requests = await views.work_requests(tx, 1)
        assert [item["work_request_id"] for item in requests["items"]] == ["WR2"]
        assert requests["total"] == 2
        named = await views.cells(tx, "wr1-c02", None, 3)
        assert ([item["cell_id"] for item in named["items"]], named["total"]) == (["WR1-C02"], 1)


async def test_a_failed_witness_holds_every_sibling(floor: Floor) -> None:
    floor.blocked = {("WR1-PEL", "witness_ccd"): "survived 2.4 mA/cm², limit 4.0 mA/cm²"}
    await accept(floor, schedule())
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    assert [(await floor.cell(f"WR1-C0{n}"))["disposition"] for n in (1, 2)] == ["blocked"] * 2
    assert "CellCompleted" not in floor.kinds()


async def test_pellets_that_lay_open_too_long_stop_no_cell_that_has_its_own_already(
    floor: Floor,
) -> None:
    await accept(floor, schedule())
    await floor.run()
    assert {event.lot_id for event in floor.released if event.operation == "spray"} == SPRAYED
    over = {
        "work_request_id": "WR1",
        "state": "over",
        "minutes": 10_080.0,
        "budget_minutes": 10_080.0,
        "dose_ppm_h": None,
        "budget_dose_ppm_h": 1.0,
        "reason": "7 days open",
        "is_open": True,
    }
    for lot_id in ("WR1-PEL", "WR1-C02"):
        event = ExposureEvaluated.model_validate({"lot_id": lot_id, **over})
        async with floor.database.begin() as tx:
            await floor.work.on_exposure(tx, ENVELOPE, event)
    await floor.wait_for_limits(3600)
    await floor.run()
    stacked = {event.lot_id for event in floor.released if event.operation == "stack"}
    assert stacked == SPRAYED - {"WR1-C02"}
    cells = [await floor.cell(f"WR1-C0{n}") for n in (1, 2)]
    assert [cell["disposition"] for cell in cells] == ["released", "blocked"]


def powder_schedule(quantity: int) -> WorkSchedule:
    """Return an order for so many portions of powder, with what it takes."""
    grams = {"nh4vo3": 4.86, "nah2po4": 8.52, "citric_acid": 7.68, "graphene_oxide": 0.4}
    given = {name: (quantity * each, "g") for name, each in grams.items()}
    given["water"] = (quantity * 60.0, "ml")
    lots = [
        {"lot_id": f"R-{name}", "material_definition_id": name, "quantity": amount, "unit": unit}
        for name, (amount, unit) in given.items()
    ]
    order = {
        "work_request_id": "WR9",
        "product_id": "nvp-powder",
        "quantity": quantity,
        "due_at": START,
    }
    wanted = {"work_schedule_id": "S9", "material_lots": lots, "work_requests": [order]}
    return WorkSchedule.model_validate(wanted)


async def test_a_powder_is_mixed_dried_and_annealed_in_argon_with_hydrogen_by_its_order(
    floor: Floor,
) -> None:
    wanted = powder_schedule(2)
    await accept(floor, wanted)
    await floor.run()
    assert [(event.operation, event.recipe_id) for event in floor.released] == [
        ("mill", "stir-nvp"),
        ("dry", "dry-nvp"),
        ("anneal", "anneal-nvp"),
    ]
    async with floor.database.quiet() as tx:
        rows = await tx.execute(text("SELECT lot_id, material_definition_id, quantity FROM lot"))
        found = {row.lot_id: (row.material_definition_id, row.quantity) for row in rows}
    assert found["WR9-PWD"] == ("nvp_powder", 19.0)
    assert {name for name in found if name.startswith("WR9-")} == {"WR9-PWD"}
    assert all(found[lot.lot_id][1] == pytest.approx(0.0, abs=1e-9) for lot in wanted.material_lots)
    [ended] = [event for event in floor.said if isinstance(event, WorkRequestEnded)]
    assert (ended.work_request_id, ended.released_count, ended.blocked_count) == ("WR9", 2, 0)


async def test_an_order_for_powder_that_is_held_ends_when_it_is_let_go(floor: Floor) -> None:
    await accept(floor, powder_schedule(1))
    await floor.run_until("anneal", "WR9-PWD", begin=False)
    about = {"lot_id": "WR9-PWD", "work_request_id": None, "gate": "nonconformance", "reason": "r"}
    async with floor.database.begin() as tx:
        await floor.work.on_lot_held(tx, ENVELOPE, LotHeld.model_validate(about))
    await floor.carry_out(floor.released[-1])
    await floor.run()
    assert "WorkRequestEnded" not in floor.kinds()
    async with floor.database.begin() as tx:
        await floor.work.on_lot_freed(tx, ENVELOPE, LotHoldReleased.model_validate(about))
    await floor.run()
    assert "WorkRequestEnded" in floor.kinds()


async def test_cells_wait_while_their_pellets_lie_open_too_long(floor: Floor) -> None:
    held = LotHeld(
        lot_id="WR1-PEL", work_request_id="WR1", gate="open_exposure", reason="7 days open"
    )
    await accept(floor, schedule())
    async with floor.database.begin() as tx:
        await floor.work.on_lot_held(tx, ENVELOPE, held)
    await floor.run()
    assert "spray" not in {event.operation for event in floor.released}


async def test_a_lot_that_quality_holds_goes_on_when_quality_lets_it_go(floor: Floor) -> None:
    about = {"work_request_id": None, "gate": "nonconformance", "reason": "iron in the powder"}
    held = LotHeld(lot_id="WR1-PWD", **about)
    unknown = LotHoldReleased(lot_id="no-such-lot", **about)
    freed = LotHoldReleased(lot_id="WR1-PWD", **about)
    await accept(floor, schedule())
    async with floor.database.begin() as tx:
        await floor.work.on_lot_held(tx, ENVELOPE, held)
    await floor.run()
    begun = [event.operation for event in floor.released]
    async with floor.database.begin() as tx:
        await floor.work.on_lot_freed(tx, ENVELOPE, unknown)
    await floor.run()
    assert [event.operation for event in floor.released] == begun
    async with floor.database.begin() as tx:
        await floor.work.on_lot_freed(tx, ENVELOPE, freed)
    await floor.run()
    assert "press" not in begun
    assert "press" in [event.operation for event in floor.released]


async def test_a_recalled_cell_waits_until_the_recall_ends_and_the_other_goes_on(
    floor: Floor,
) -> None:
    await accept(floor, schedule())
    recalled = LotsRecalled(
        recall_id="recall-1",
        node_kind="equipment",
        node_id="pilot/a",
        from_at=None,
        to_at=None,
        lot_ids=("WR1-C01", "of another plant"),
        person="Li Na",
        reason="crack",
        seen_sha256="0" * 64,
    )
    ended = RecallEnded(
        recall_id="recall-1",
        lot_ids=("WR1-C01", "of another plant"),
        person="Li Na",
        reason="no crack",
    )
    for _ in range(2):
        async with floor.database.begin() as tx:
            await floor.work.on_recalled(tx, ENVELOPE, recalled)
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    [held] = [event for event in floor.said if isinstance(event, LotHeld)]
    assert (held.lot_id, held.gate, held.work_request_id) == ("WR1-C01", "recall-1", "WR1")
    assert held.reason == "crack (Li Na; equipment pilot/a)"
    assert floor.kinds().count("CellCompleted") == 1
    async with floor.database.begin() as tx:
        await floor.work.on_recall_ended(tx, ENVELOPE, ended)
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    assert floor.kinds().count("CellCompleted") == 2
    assert [(await floor.cell(f"WR1-C0{n}"))["disposition"] for n in (1, 2)] == ["released"] * 2


async def test_a_gate_that_never_decided_lets_nothing_through(floor: Floor) -> None:
    await accept(floor, schedule())
    floor.decide = _never  # type: ignore[method-assign]
    await floor.run()
    async with floor.database.quiet() as tx:
        waiting = {j["operation"]: j["reason"] for j in await views.job_orders(tx, "WR1", 500)}
    assert waiting["regrind"] == "gate heat_calcine has not decided on WR1-PWD"


async def _never(*_: object, **__: object) -> None:
    return None


async def test_a_coated_cell_that_waits_too_long_is_held(floor: Floor) -> None:
    await accept(floor, without(schedule(), "RAW-na_disc"))
    await floor.run()
    await floor.wait_for_limits(25 * 3600)
    await floor.run()
    held = [event for event in floor.said if type(event).__name__ == "LotHeld"]
    assert held and "coat_to_stack" in str(held[0])


async def test_missing_stock_is_named_with_what_is_needed_and_left(floor: Floor) -> None:
    await accept(floor, without(schedule(), "RAW-zro2"))
    async with floor.database.quiet() as tx:
        [mill] = [j for j in await views.job_orders(tx, "WR1", 9999) if j["operation"] == "mill"]
        stock = (await views.lots(tx, "RAW-na2co3", 1))["items"]
    assert mill["state"] == "not_allowed_to_start"
    assert str(mill["reason"]).endswith("g of zro2, 0 g in stock")
    assert stock[0]["quantity"] == 500


async def test_a_cell_without_a_pellet_names_those_held_and_goes_on_once_one_is_released(
    floor: Floor,
) -> None:
    held = {"WR1-PEL-002", "WR1-PEL-005"}  # of five for a sample, two cells and a witness
    floor.blocked = {(lot_id, "thickness"): "119 µm, below low 120 µm" for lot_id in held}
    await accept(floor, schedule())
    await floor.run()
    async with floor.database.quiet() as tx:
        jobs = await views.job_orders(tx, "WR1", 500)
    [reason] = [job["reason"] for job in jobs if job["operation"] == "spray" and job["reason"]]
    assert reason == (
        "needs 1 released pellets, 0 are left; held or not decided: WR1-PEL-002, WR1-PEL-005"
    )
    floor.blocked = {}
    await floor.decide("WR1", "WR1-PEL-002", "thickness")
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    assert [(await floor.cell(f"WR1-C0{n}"))["disposition"] for n in (1, 2)] == ["released"] * 2


async def test_stock_that_one_cell_did_not_use_lets_its_witness_go_on(floor: Floor) -> None:
    glue_for_one = schedule(quantity=1)
    lots = tuple(
        lot.model_copy(update={"quantity": 5.0}) if lot.lot_id == "RAW-img_glue" else lot
        for lot in glue_for_one.material_lots
    )
    floor.used = {"RAW-img_glue": 0.5}
    await accept(floor, glue_for_one.model_copy(update={"material_lots": lots}))
    await floor.run()
    sprayed = [event.lot_id for event in floor.released if event.operation == "spray"]
    assert len(sprayed) == 1
    await floor.work.use_stock()
    await floor.run()
    sprayed = [event.lot_id for event in floor.released if event.operation == "spray"]
    assert sorted(sprayed) == ["WR1-C01", "WR1-W01"]


async def test_a_stock_lot_of_which_more_was_used_than_it_held_is_held(floor: Floor) -> None:
    floor.used = {"RAW-img_glue": 600.0}
    await accept(floor, schedule())
    await floor.run()
    held = {event.lot_id: event for event in floor.said if isinstance(event, LotHeld)}
    async with floor.database.quiet() as tx:
        [glue] = (await views.lots(tx, "RAW-img_glue", 1))["items"]
    assert glue["quantity"] < 0
    assert held["RAW-img_glue"].gate == "stock"
    assert held["RAW-img_glue"].reason.endswith("ul more were used than it held")


async def test_a_mix_takes_its_parts_from_stock_and_is_stock_itself(floor: Floor) -> None:
    await accept(floor, schedule())
    mixed = GenealogyRecorded(
        job_order_id="MIX-1-mix",
        lot_id="MIX-1",
        work_request_id="",
        product_id="img_glue",
        operation="mix",
        equipment_id="pilot/glue",
        recipe_id="img-glue",
        recipe_version=1,
        materials=(
            Material(
                lot_id="RAW-zno",
                material_definition_id="zno",
                quantity=700,
                unit="g",
                use="consumed",
            ),
        ),
        started_at=START,
        ended_at=START,
    )
    made = MaterialLotRegistered(
        lot_id="MIX-1",
        material_definition_id="img_glue",
        quantity=40.0,
        unit="ul",
        work_request_id=None,
        origin="produced",
    )
    dead = LotHeld(lot_id="MIX-1", work_request_id=None, gate="pot_life", reason="pot life ended")
    async with floor.database.begin() as tx:
        await floor.work.on_mixed(tx, ENVELOPE, mixed)
        await floor.work.on_lot_made(tx, ENVELOPE, made)
        await floor.work.on_lot_held(tx, ENVELOPE, dead)
    async with floor.database.quiet() as tx:
        lots = {lot["lot_id"]: lot for lot in (await views.lots(tx, "", 99))["items"]}
    await floor.run()
    held = {event.lot_id: event.gate for event in floor.said if isinstance(event, LotHeld)}
    assert lots["MIX-1"]["quantity"] == 40.0
    assert held["MIX-1"] == "pot_life"
    assert held["RAW-zno"] == "stock"


async def test_a_schedule_is_accepted_once(floor: Floor) -> None:
    await accept(floor, schedule())
    with pytest.raises(ConflictError, match="S1 was accepted before") as refused:
        await accept(floor, schedule())
    request = {"work_request_id": "WR1", "product_id": "nvp-coin", "quantity": 2, "state": "open"}
    assert refused.value.current == {
        "work_schedule_id": "S1",
        "accepted_at": START,
        "work_requests": [request],
    }


async def test_a_work_request_of_another_schedule_is_shown_as_it_stands(floor: Floor) -> None:
    await accept(floor, schedule())
    again = schedule(quantity=5).model_copy(update={"work_schedule_id": "S2"})
    with pytest.raises(ConflictError, match="work request WR1 exists") as refused:
        await accept(floor, again)
    assert refused.value.current is not None
    assert refused.value.current["work_schedule_id"] == "S1"
    assert refused.value.current["quantity"] == 2


async def test_an_unknown_product_changes_nothing(floor: Floor) -> None:
    with pytest.raises(NotFoundError, match="no-such has no work master; known are "):
        await accept(floor, schedule(product_id="no-such"))
    async with floor.database.quiet() as tx:
        assert (await views.lots(tx, "", 10))["total"] == 0


async def test_each_piece_issued_comes_from_its_own_stock_lot(floor: Floor) -> None:
    await accept(floor, schedule())
    await floor.run()
    await floor.wait_for_limits(3600)
    await floor.run()
    issues = [e for e in floor.said if isinstance(e, GenealogyRecorded) and e.operation == "issue"]
    assert issues
    for issue in issues:
        [stock], pieces = issue.materials[:1], issue.materials[1:]
        assert stock.use == "consumed" and stock.quantity == len(pieces)
        assert all(piece.lot_id.startswith(f"{stock.lot_id}-") for piece in pieces)


# Beyond the route: rework and further witnesses


def rework(*lot_ids: str, operations: tuple[str, ...], gates: tuple[str, ...]) -> ReworkOrdered:
    return ReworkOrdered(
        lot_id=lot_ids[0],
        nonconformance_id="NC-1",
        rework_route_id="again",
        route_version=1,
        lot_ids=lot_ids,
        operations=operations,
        gates=("nonconformance", *gates),
    )


async def hears(floor: Floor, event: Event) -> None:
    """Tell execution what quality or a person says of lots."""
    handlers = {
        LotHeld: floor.work.on_lot_held,
        LotHoldReleased: floor.work.on_lot_freed,
        ReworkOrdered: floor.work.on_rework,
        SampleExtended: floor.work.on_extended,
    }
    async with floor.database.begin() as tx:
        await handlers[type(event)](tx, ENVELOPE, event)


async def walk(floor: Floor) -> None:
    """Carry out what is released, wait for the cure, and go on."""
    await floor.run()
    await floor.wait_for_limits(901)
    await floor.run()


def held(lot_id: str, gate: str) -> LotHeld:
    return LotHeld(lot_id=lot_id, work_request_id=None, gate=gate, reason="found by genealogy")


def freed(lot_id: str, gate: str) -> LotHoldReleased:
    return LotHoldReleased(lot_id=lot_id, work_request_id=None, gate=gate, reason="done")


def orders(floor: Floor, ending: str) -> list[JobOrderReleased]:
    return [event for event in floor.released if event.job_order_id.endswith(ending)]


async def test_a_leaking_cell_is_sealed_again_through_the_holds_that_ordered_it(
    floor: Floor,
) -> None:
    floor.blocked["WR1-C01", "seal"] = "leak rate above its limit"
    await accept(floor, schedule())
    await walk(floor)
    assert orders(floor, "C01-rest") == []
    await hears(floor, held("WR1-C01", "nonconformance"))
    floor.blocked.clear()
    await hears(floor, rework("WR1-C01", operations=("seal",), gates=("seal",)))
    await walk(floor)
    [again] = orders(floor, "C01-seal-R1")
    assert again.through_gates == ("nonconformance", "seal")
    assert again.through_lot_ids[0] == "WR1-C01"
    assert [item.lot_id for item in again.materials] == ["WR1-C01"]
    assert orders(floor, "C01-rest") == []  # quality still holds it
    await hears(floor, freed("WR1-C01", "nonconformance"))
    await walk(floor)
    assert (await floor.cell("WR1-C01"))["state"] == "released"


async def test_another_hold_keeps_a_rework_waiting_as_any_work(floor: Floor) -> None:
    floor.blocked["WR1-C01", "seal"] = "leak rate above its limit"
    await accept(floor, schedule())
    await walk(floor)
    await hears(floor, held("WR1-C01", "recall-1"))
    await hears(floor, rework("WR1-C01", operations=("seal",), gates=("seal",)))
    await walk(floor)
    assert orders(floor, "C01-seal-R1") == []
    await hears(floor, freed("WR1-C01", "recall-1"))
    await walk(floor)
    assert len(orders(floor, "C01-seal-R1")) == 1


async def test_a_route_that_a_lot_can_not_go_is_for_a_person_to_look_at(floor: Floor) -> None:
    floor.blocked["WR1-C01", "seal"] = "leak rate above its limit"
    await accept(floor, schedule())
    await walk(floor)
    for operations, why in (
        (("seal", "stack"), "was made by stack"),
        (("formation",), "has ended no formation yet"),
    ):
        await hears(floor, rework("WR1-C01", operations=operations, gates=("seal",)))
        await walk(floor)
        [said] = [e for e in floor.said if isinstance(e, LotHeld) and e.gate == "operation"]
        assert why in (said.reason or "")
        await hears(floor, freed("WR1-C01", "operation"))
        floor.said.clear()
    assert [event for event in floor.released if "-R" in event.job_order_id[3:]] == []


async def test_only_the_pellets_that_are_reworked_go_through_a_furnace_again(floor: Floor) -> None:
    floor.blocked["WR1-PEL-001", "thickness"] = "too thick"
    floor.blocked["WR1-PEL-002", "thickness"] = "too thick"
    await accept(floor, schedule())
    await walk(floor)
    floor.blocked.clear()
    ordered = rework(
        "WR1-PEL-001", "WR1-PEL-002", operations=("sinter", "gauge"), gates=("thickness",)
    )
    await hears(floor, ordered)
    await walk(floor)
    for operation in ("sinter", "gauge"):
        [again] = orders(floor, f"WR1-PEL-{operation}-R1")
        lots = [item.lot_id for item in again.materials if item.use == "processed"]
        assert lots == ["WR1-PEL-001", "WR1-PEL-002"]
    assert (await floor.cell("WR1-C02"))["state"] == "released"


async def test_an_extended_sample_is_built_of_pellets_that_wait_for_it(floor: Floor) -> None:
    floor.blocked["WR1-PEL", "witness_ccd"] = "sample extended"
    pellets = [f"WR1-PEL-{number:03d}" for number in range(1, 6)]
    floor.blocked.update({(pellet, "witness_ccd"): "sample extended" for pellet in pellets})
    await accept(floor, schedule())
    await walk(floor)
    await floor.decide("WR1", "WR1-PEL", "witness_ccd", ["WR1-PEL", *pellets])
    extended = SampleExtended(
        lot_id="WR1-PEL",
        work_request_id="WR1",
        job_order_id="WR1-W01-ccd",
        gate="witness_ccd",
        count=1,
    )
    await hears(floor, extended)
    await hears(floor, extended)
    await walk(floor)
    made = [event.job_order_id for event in floor.released if "-W02-" in event.job_order_id]
    assert made == [f"WR1-W02-{name}" for name in ("spray", "stack", "seal", "rest", "ccd")]
    assert [event.job_order_id for event in floor.released if "-W03-" in event.job_order_id] == []
    [built] = orders(floor, "W02-stack")
    assert built.through_gates == ("witness_ccd",)
    assert set(built.through_lot_ids) & set(pellets)


async def test_what_a_person_measured_extends_nothing_here(floor: Floor) -> None:
    await accept(floor, schedule())
    extended = SampleExtended(
        lot_id="WR1-PEL", work_request_id="WR1", job_order_id="X-cure", gate="cure", count=1
    )
    await hears(floor, extended)
    await walk(floor)
    assert [event for event in floor.released if "-W02-" in event.job_order_id] == []
