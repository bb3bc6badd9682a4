"""HTTP face of racks, tests and what can be packed; no rules here."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

from services.formation import channelstore, gradestore, planstore, rackstore
from services.formation.channels import facts_of
from services.formation.duedates import of_channel
from services.formation.looks import TesterLooks
from services.formation.racks import places
from shared import joborders
from shared.app import Service
from shared.duedates import DueDate
from shared.routes import add_due_dates
from shared.transaction import Transaction

MOST_WAITING = 200


def add_rack_routes(service: Service, testers: Sequence[TesterLooks]) -> None:
    """Add the routes that the web app's formation screens read."""
    app, database = service.app, service.database

    @app.get("/racks")
    async def get_racks() -> dict[str, Any]:
        """Every tester with its channels as they are now, and the job orders without a channel."""
        items = []
        async with database.quiet() as tx:
            for looks in testers:
                tester, look = looks.tester, await looks.newest(tx)
                history = await channelstore.histories(tx, tester.equipment_id)
                on_it = await rackstore.placed(tx, tester.equipment_id)
                names = sorted({*look.channels, *on_it, *history}, key=_in_order)
                facts = [
                    facts_of(tester, name, [line.entry for line in history.get(name, ())])
                    for name in names
                ]
                today = service.clock.now().date()
                items.append(
                    {
                        "equipment_id": tester.equipment_id,
                        "protocol": tester.protocol,
                        "answers": look.answers,
                        "channels": places(facts, on_it, look.seen, today),
                    }
                )
            return {"items": items, "waiting": await rackstore.waiting(tx, MOST_WAITING)}

    async def calibrated(tx: Transaction) -> list[DueDate]:
        found = []
        for looks in testers:
            tester, look = looks.tester, await looks.newest(tx)
            history = await channelstore.histories(tx, tester.equipment_id)
            names = sorted({*look.channels, *history}, key=_in_order)
            found += [of_channel(tester, name, history.get(name, ())) for name in names]
        return found

    meaning = "Until when the channels are calibrated, and which are out of use."
    add_due_dates(service, meaning, calibrated)

    @app.get("/test-runs")
    async def get_runs(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> dict[str, Any]:
        """The newest tests."""
        async with database.quiet() as tx:
            return {"items": await rackstore.runs(tx, limit)}

    @app.get("/test-runs/{job_order_id}")
    async def get_test_run(job_order_id: str) -> dict[str, Any]:
        """One test: figures per cycle, early features, all grades of its cell, oldest first.

        Its rows are the historian's, under the same id (`GET /test-curve?series_id=`). A test in
        parts over two instruments tells its joined figures, and in `parts` each with its series
        or spectrum; the id of a part gives that part alone. `job` is the job order behind it.
        """
        async with database.quiet() as tx:
            plan = await planstore.shown(tx, job_order_id)
            run = plan or await rackstore.run(tx, job_order_id)
            grades = await gradestore.history(tx, run["lot_id"])
            job = await joborders.shown(tx, job_order_id)
            return {"parts": [], **run, "grades": grades, "job": job}

    @app.get("/graded-recipes")
    async def get_graded_recipes() -> dict[str, Any]:
        """Products, protocol versions and grades that cells have, with how many: for packs."""
        async with database.quiet() as tx:
            return {"items": await rackstore.graded_recipes(tx)}


def _in_order(name: str) -> tuple[tuple[int, str], ...]:
    """Return the order for people: 1-2-10 after 1-2-9."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in name.split("-"))
