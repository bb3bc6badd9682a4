"""A station takes a job order through the holds that ordered it, and through no other."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared import joborders
from shared.db import Database, migrate
from shared.events import JobOrderReleased
from tests.station.bench import job_order, lot

ROOT = Path(__file__).resolve().parents[2]
THROUGH: dict[str, Any] = {"through_gates": ("nonconformance", "seal"), "through_lot_ids": ("C1",)}


@pytest.fixture
async def database(fresh_database: str) -> AsyncIterator[Database]:
    migrate(fresh_database, ROOT / "services/lamination/migrations")
    opened = Database(fresh_database)
    yield opened
    await opened.close()


def again(**more: Any) -> JobOrderReleased:
    materials = [lot("F1", "pouch_foil", "consumed"), lot("C1", "cell_nvp_coin", "processed")]
    return job_order("C1-seal-R1", "sealer", "seal-nvp-coin", materials, **more)


async def waiting(database: Database, *holds: tuple[str, str], **more: Any) -> list[str]:
    """Return the job orders that a sealer may take while these (lot, gate) hold."""
    async with database.begin() as tx:
        await joborders.add(tx, again(**more))
        for lot_id, gate in holds:
            await joborders.hold_lot(tx, lot_id, gate, "why")
    async with database.quiet() as tx:
        return [item.job_order_id for item in await joborders.waiting(tx, "sealer")]


async def test_the_gates_that_ordered_a_rework_do_not_keep_it(database: Database) -> None:
    held = (("C1", "nonconformance"), ("C1", "seal"))
    assert await waiting(database, *held, **THROUGH) == ["C1-seal-R1"]
    async with database.quiet() as tx:
        assert await joborders.holds_of(tx, ["C1"], again(**THROUGH)) == []
        assert len(await joborders.holds_of(tx, ["C1"])) == 2


async def test_any_other_gate_does(database: Database) -> None:
    assert await waiting(database, ("C1", "recall-1"), **THROUGH) == []


async def test_the_same_gate_on_another_lot_of_it_does(database: Database) -> None:
    assert await waiting(database, ("F1", "nonconformance"), **THROUGH) == []


async def test_a_job_order_of_the_route_goes_through_no_hold(database: Database) -> None:
    assert await waiting(database, ("C1", "seal")) == []
