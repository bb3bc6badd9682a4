"""Times the device history of a cell, its PDF and its passport as the record grows."""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.genealogy import timed
from benchmarks.peers import READER, ROOT, Floor, floor
from services.trace import domain, evidence, lots, seal, store
from services.trace.certificate import PdfSigner, pdf_signer_at
from services.trace.devicehistory import device_history
from services.trace.historypdf import history_pdf
from services.trace.passport import passport_facts
from services.trace.submodels import as_json, environment
from shared.db import Database, migrate, sql
from shared.envelope import BY_TYPE, Envelope
from shared.events import GenealogyRecorded, MaterialLotRegistered

AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
OPERATIONS = ("spray", "stack", "seal", "rest", "impedance", "formation")
MACHINES = 4  # of each operation
AT_ONCE, IN_A_SEAL = 2000, 500
RESULTS = 6  # of each operation
PELLETS = 10  # of each cell


class Plant:
    """Tells the lives of cells, request by request."""

    def __init__(self, cells_in_a_request: int) -> None:
        self._in_a_request = cells_in_a_request
        self._sequence = 0
        self.now = AT

    def lives(self, first: int, last: int) -> Iterator[Envelope]:
        """Yield all events of some cells: 14 job orders' worth for each, and of their pellets."""
        for start in range(first, last, self._in_a_request):
            yield from self._request(start, min(last, start + self._in_a_request))

    def _request(self, first: int, last: int) -> Iterator[Envelope]:
        name = f"WR-{first}"
        pellets = [f"{name}-P{n}" for n in range((last - first) * PELLETS)]
        made = [_used(one, "produced") for one in pellets]
        yield from self._job(name, f"{name}-PEL", "press", [_used("RAW", "consumed"), *made], [])
        registered = {"lot_id": f"{name}-PEL", "members": pellets, "origin": "produced"}
        yield self._say("material_lot_registered", **registered, **_kind(name))
        for cell in range(first, last):
            at = (cell - first) * PELLETS
            yield from self._cell(name, f"CELL-{cell}", pellets[at : at + PELLETS])

    def _cell(self, name: str, cell: str, pellets: list[str]) -> Iterator[Envelope]:
        for operation in OPERATIONS:
            own = [_used(cell, "produced" if operation == "stack" else "processed")]
            if operation == "spray":
                own = [_used("GLUE", "consumed")] + [_used(one, "processed") for one in pellets]
            elif operation == "stack":
                own += [_used(one, "consumed") for one in pellets]
            yield from self._job(name, cell, operation, own, pellets)
            yield self._say("disposition_decided", **_decided(cell, operation))
        yield self._say("material_lot_registered", lot_id=cell, origin="produced", **_kind(name))
        graded = {"grade": "A", "discharge_capacity_mah": 1000.0, "product_id": "p"}
        told = graded | {"lot_id": cell, "work_request_id": name}
        yield self._say("cell_graded", **told, coulombic_efficiency_ratio=0.99, reasons=[])
        yield self._say("cell_completed", **told)

    def _job(
        self, name: str, lot: str, operation: str, materials: list[Any], parts: list[str]
    ) -> Iterator[Envelope]:
        machine = f"pilot/a/{operation}/m-{hash(lot) % MACHINES}"
        job = {"job_order_id": f"{lot}-{operation}", "lot_id": lot, "operation": operation}
        named = job | {"work_request_id": name, "product_id": "p"}
        ran = named | {"equipment_id": machine, "recipe_id": operation, "recipe_version": 1}
        begun = self.now
        yield self._say("equipment_state_changed", **_state(machine, "productive", begun))
        yield self._say("job_order_started", **ran, started_at=begun.isoformat(), lot_ids=[lot])
        self.now += timedelta(minutes=5)
        times = {"started_at": begun.isoformat(), "ended_at": self.now.isoformat()}
        results = [_result(one, n) for one in (parts or [lot]) for n in range(RESULTS)]
        ended = {"state": "ended", "results": results}
        yield self._say("job_order_ended", **ran, **times, materials=materials, **ended)
        yield self._say("genealogy_recorded", **ran, **times, materials=materials)
        yield self._say("equipment_state_changed", **_state(machine, "standby", self.now))

    def _say(self, kind: str, **data: Any) -> Envelope:
        self._sequence += 1
        of = BY_TYPE[f"org.halite.{kind}.v1"]
        event = of.model_validate(data)
        return Envelope(
            source="/halite/execution",
            type=f"org.halite.{kind}.v1",
            subject=event.subject,
            time=self.now,
            sequence=self._sequence,
            data=event.model_dump(mode="json"),
        )


def _used(lot_id: str, use: str) -> dict[str, Any]:
    kind = {"material_definition_id": "m", "quantity": 1.0, "unit": "count"}
    return {"lot_id": lot_id, "use": use, **kind}


def _kind(name: str) -> dict[str, Any]:
    kind = {"material_definition_id": "m", "quantity": 1.0, "unit": "count"}
    return kind | {"work_request_id": name}


def _state(machine: str, state: str, at: datetime) -> dict[str, Any]:
    known = {"data_quality": "good", "reason": None, "software_version": "1.0"}
    return {"equipment_id": machine, "state": state, "changed_at": at.isoformat(), **known}


def _result(lot_id: str, number: int) -> dict[str, Any]:
    return {"lot_id": lot_id, "characteristic": f"c{number}", "value": 1.5, "unit": "1"}


def _decided(cell: str, gate: str) -> dict[str, Any]:
    judged = {"characteristic": "c0", "value": 1.5, "unit": "1", "low": None, "high": 2.0}
    told = judged | {"disposition": "released", "reason": "c0 is 1.5", "gate": gate}
    more = {"work_request_id": None, "product_id": "p", "specification_version": 1}
    return told | more | {"lot_id": cell, "evaluated_at": AT.isoformat()}


async def load(database: Database, told: Iterator[Envelope]) -> int:
    """Keep events as the service keeps them; return how many."""
    count, page = 0, []
    for one in told:
        page.append(one)
        if len(page) == AT_ONCE:
            count += await _keep(database, page)
            page = []
    return count + (await _keep(database, page) if page else 0)


async def _keep(database: Database, page: list[Envelope]) -> int:
    async with database.quiet() as tx:
        await store.keep(tx, page)
        for envelope in page:
            event = envelope.event()
            if isinstance(event, GenealogyRecorded):
                await lots.add_genealogy(tx, envelope, event, domain.edges_of(event))
            elif isinstance(event, MaterialLotRegistered):
                await lots.register_lot(tx, envelope, event)
                if event.members:
                    await lots.add_members(tx, event.lot_id, event.members)
    return len(page)


async def seal_all(database: Database) -> None:
    """Put all that is new under seals."""
    while True:
        async with database.quiet() as tx:
            position, root, frontier = await store.last_seal(tx)
            fresh = await store.records(tx, position, 2**62, IN_A_SEAL)
            if not fresh:
                return
            made = seal.sealed(root, frontier, fresh, AT)
            await store.add_seal(tx, made, frontier.grown(made.leaves))


class Questions:
    """What is asked of one filled database."""

    def __init__(self, database: Database, signer: PdfSigner, size: int, now: datetime) -> None:
        self._database, self._signer, self._size, self._now = database, signer, size, now
        self._draw = random.Random(1)
        self._document: dict[str, Any] = {}

    async def history(self) -> None:
        """Make the device history of any cell, as over HTTP."""
        lot_id = f"CELL-{self._draw.randrange(self._size)}"
        async with self._database.quiet() as tx:
            await evidence.step_by_step(tx)
            lot_ids = await evidence.lots_above(tx, lot_id)
            told = await evidence.told_of(tx, lot_id)
            beside = await evidence.told_of_witnesses(tx, lot_id)
            positions = {one.seal_position for one in (*told, *beside) if one.seal_position}
            seals = await evidence.seals_at(tx, sorted(positions))
        document = device_history(lot_id, "bench", self._now, lot_ids, told, beside, seals)
        wrong = [one for one in document["open_points"] if one["about"] == lot_id]
        if wrong or len(document["steps"]) != len(OPERATIONS) + 1:
            raise RuntimeError(f"{lot_id}: {len(document['steps'])} steps, open: {wrong}")
        self._document = document

    async def pages(self) -> None:
        """Make and sign the PDF of the last history."""
        await asyncio.to_thread(
            lambda: self._signer.signed(history_pdf(self._document), "benchmark", "bench")
        )

    async def passport(self) -> None:
        """Make the submodels of the last history."""
        as_json(environment(passport_facts(self._document, None)))


async def run(on: Floor, sizes: list[int], queries: int, in_a_request: int) -> None:
    """Measure at each size."""
    url = on.postgres.url(READER)
    await asyncio.to_thread(migrate, url, Path(ROOT / "services/trace/migrations"))
    database, plant, before = Database(url), Plant(in_a_request), 0
    signer = pdf_signer_at(on.folder / "documents.pem", "bench")
    print(f"{'cells':>9} {'ms':<54}{'runs':>6}{'p50':>11}{'p95':>11}")
    for size in sizes:
        begun = time.monotonic()
        count = await load(database, plant.lives(before, size))
        await seal_all(database)
        async with database.quiet() as tx:
            await tx.execute(sql("ANALYZE"), {})
        spent_s = time.monotonic() - begun
        print(f"{size:>9} loaded, {count} events more in {spent_s:.0f} s", flush=True)
        asked, before = Questions(database, signer, size, plant.now), size
        for name, act in (
            ("device history: from the record to the document", asked.history),
            ("PDF of it, signed", asked.pages),
            ("passport submodels of it", asked.passport),
        ):
            print((await timed(name, queries, act)).line(size), flush=True)
    await database.close()


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="*", default=[200, 2000])
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--cells-in-a-request", type=int, default=100)
    arguments = parser.parse_args()
    with floor() as on:
        sizes = sorted(arguments.cells)
        asyncio.run(run(on, sizes, arguments.queries, arguments.cells_in_a_request))
    return 0


if __name__ == "__main__":
    sys.exit(main())
