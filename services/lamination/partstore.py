"""Measurements of parts, the stock lots they come from, and fixtures in lamination's database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.lamination.fixture import Fixture
from services.lamination.partmeasures import PartMeasurement
from shared.db import sql
from shared.events import GenealogyRecorded
from shared.facts import Material
from shared.transaction import Transaction


async def keep_pieces(tx: Transaction, event: GenealogyRecorded) -> None:
    """Keep from which stock lot pieces were issued."""
    stock = [item.lot_id for item in event.materials if item.use == "consumed"]
    pieces = [item.lot_id for item in event.materials if item.use == "produced"]
    if event.operation != "issue" or len(stock) != 1:
        return
    await tx.execute(
        sql("""
            INSERT INTO piece (lot_id, stock_lot_id)
            SELECT unnest(CAST(:pieces AS text[])), :stock ON CONFLICT DO NOTHING"""),
        {"pieces": pieces, "stock": stock[0]},
    )


async def keep_measurements(
    tx: Transaction, items: Sequence[PartMeasurement], person: str, method: str, at: datetime
) -> None:
    """Keep measured values; the newest of a lot acts, all stay."""
    await tx.execute(
        sql("""
            INSERT INTO part_measurement (lot_id, characteristic, value, person, method,
                                          measured_at)
            VALUES (:lot_id, :characteristic, :value, :person, :method, :at)"""),
        [
            {**item.model_dump(exclude={"unit"}), "person": person, "method": method, "at": at}
            for item in items
        ],
    )


async def measured_values(tx: Transaction, parts: Sequence[Material]) -> Mapping[str, float]:
    """Return the newest thickness or loading of each part, its own before its stock lot's."""
    rows = await tx.execute(
        sql("""
            SELECT DISTINCT ON (p.lot_id) p.lot_id, m.value
            FROM unnest(CAST(:ids AS text[])) AS p (lot_id)
            LEFT JOIN piece ON piece.lot_id = p.lot_id
            JOIN part_measurement m ON m.lot_id IN (p.lot_id, piece.stock_lot_id)
            WHERE m.characteristic IN ('thickness_um', 'loading_mg_per_cm2')
            ORDER BY p.lot_id, (m.lot_id = p.lot_id) DESC, m.id DESC"""),
        {"ids": [part.lot_id for part in parts]},
    )
    return {lot_id: value for lot_id, value in rows}


async def measurements(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return what was measured of a lot, newest first."""
    statement = """
        SELECT lot_id, characteristic, value, person, method, measured_at
        FROM part_measurement WHERE lot_id = :lot_id ORDER BY id DESC"""
    rows = (await tx.execute(sql(statement), {"lot_id": lot_id})).mappings()
    return [dict(row) for row in rows]


async def fixtures(tx: Transaction) -> list[Fixture]:
    """Return all fixtures in all versions."""
    statement = "SELECT body FROM fixture ORDER BY station, version"
    return [Fixture.model_validate(body) for body in await tx.scalars(sql(statement))]
