"""The stored jobs that wait for dry air or vacuum, in the spray service's database.

Kept there, and not with who looks at the stations: either of two replicas is asked for them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.db import sql
from shared.transaction import Transaction


@dataclass(frozen=True, kw_only=True)
class StartWait:
    """An order that waits at a station, one at a time, since its first look.

    trouble: what keeps any order from starting there until a person mends it.
    """

    equipment_id: str
    station_order_id: str
    reason: str
    since: datetime
    trouble: str | None


async def keep(tx: Transaction, wait: StartWait) -> None:
    """Keep what a station's order waits for; nothing is written while that stays the same."""
    statement = """
        INSERT INTO start_wait (equipment_id, station_order_id, reason, since, trouble)
        VALUES (:equipment_id, :station_order_id, :reason, :since, :trouble)
        ON CONFLICT (equipment_id) DO UPDATE SET station_order_id = excluded.station_order_id,
            reason = excluded.reason, since = excluded.since, trouble = excluded.trouble
        WHERE (start_wait.station_order_id, start_wait.reason, start_wait.trouble)
            IS DISTINCT FROM (excluded.station_order_id, excluded.reason, excluded.trouble)"""
    await tx.execute(sql(statement), vars(wait))


async def listed(tx: Transaction) -> list[dict[str, Any]]:
    """Return what waits now; an order that has started, or went to a person, does no more."""
    statement = """
        SELECT w.equipment_id, w.station_order_id, w.reason, w.since, w.trouble
        FROM start_wait w JOIN station_order o USING (station_order_id)
        WHERE o.state = 'allowed_to_start' ORDER BY w.equipment_id"""
    return [dict(row) for row in (await tx.execute(sql(statement))).mappings()]
