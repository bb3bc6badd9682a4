"""Scans, time windows and glue of parts in lamination's database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.lamination.scanning import Bearing, Clock
from shared import joborders
from shared.db import sql
from shared.errors import NotFoundError
from shared.events import GenealogyRecorded, JobOrderReleased, TimeLimitChanged
from shared.transaction import Transaction
from shared.units import display_unit

MOST_SHOWN = 50
POT_LIFE = "pot_life"  # spray's gate for a mix whose life is over


async def lock_waiting(tx: Transaction, job_order_id: str) -> tuple[JobOrderReleased, str]:
    """Return a job order and its state, locked.

    Raises:
        NotFoundError: no such job order.
    """
    rows = await tx.execute(
        sql("SELECT body, state FROM job_order WHERE job_order_id = :id FOR UPDATE"),
        {"id": job_order_id},
    )
    for body, state in rows:
        return JobOrderReleased.model_validate(body), state
    raise NotFoundError(f"job order {job_order_id} does not exist here")


async def waiting(tx: Transaction) -> list[tuple[JobOrderReleased, str | None]]:
    """Return the stacks that no laminator has yet, most urgent first, and why one is held."""
    rows = await tx.execute(
        sql(f"""
            SELECT j.body, coalesce(j.reason, (
                SELECT string_agg(format('lot %s held by %s: %s', lot_id, gate, reason), '; ')
                FROM ({joborders.HOLDS}) AS held))
            FROM job_order j
            WHERE j.station_kind = 'laminator' AND j.state = 'not_allowed_to_start'
            ORDER BY j.priority DESC, j.due_at, j.released_at, j.job_order_id LIMIT :most"""),
        {"most": MOST_SHOWN},
    )
    return [(JobOrderReleased.model_validate(body), held) for body, held in rows]


async def seals(tx: Transaction) -> list[dict[str, Any]]:
    """Return the newest seals: what was ordered and what the sealer measured of each value."""
    rows = await tx.execute(
        sql("""
            SELECT o.station_order_id, o.equipment_id, o.state, o.parameters, o.ended_at,
                   o.answer -> 'data' AS data, j.body ->> 'lot_id' AS lot_id
            FROM station_order o JOIN job_order j USING (station_order_id)
            WHERE j.station_kind = 'sealer' AND o.state IN ('ended', 'aborted')
              AND o.answer IS NOT NULL
            ORDER BY o.ended_at DESC, o.station_order_id LIMIT :most"""),
        {"most": MOST_SHOWN},
    )
    found = []
    for row in rows.mappings():
        names = dict.fromkeys([*row["parameters"], *row["data"]])
        values = [
            {
                "name": name,
                "unit": display_unit(name),
                "ordered": _number(row["parameters"].get(name)),
                "found": _number(row["data"].get(name)),
            }
            for name in names
            if _number(row["parameters"].get(name)) is not None
            or _number(row["data"].get(name)) is not None
        ]
        kept = {key: row[key] for key in ("station_order_id", "lot_id", "equipment_id", "state")}
        found.append({**kept, "ended_at": row["ended_at"].isoformat(), "values": values})
    return found


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


async def scans(tx: Transaction, job_order_id: str) -> list[dict[str, Any]]:
    """Return the parts that lie in a stack, from the bottom."""
    rows = await tx.execute(
        sql("""
            SELECT position, lot_id, face_up, person, scanned_at FROM stack_scan
            WHERE job_order_id = :id ORDER BY position"""),
        {"id": job_order_id},
    )
    return [dict(row) for row in rows.mappings()]


async def keep_scan(
    tx: Transaction,
    job_order_id: str,
    position: int,
    lot_id: str,
    face_up: str | None,
    person: str,
    at: datetime,
) -> None:
    """Keep that a part lies at a position of a stack."""
    await tx.execute(
        sql("""
            INSERT INTO stack_scan (job_order_id, position, lot_id, face_up, person, scanned_at)
            VALUES (:job_order_id, :position, :lot_id, :face_up, :person, :at)"""),
        {
            "job_order_id": job_order_id,
            "position": position,
            "lot_id": lot_id,
            "face_up": face_up,
            "person": person,
            "at": at,
        },
    )


async def take_back(tx: Transaction, job_order_id: str) -> int:
    """Forget the scans of a stack; return how many there were."""
    found = await tx.execute(
        sql("DELETE FROM stack_scan WHERE job_order_id = :id"), {"id": job_order_id}
    )
    return found.rowcount


async def bearing(tx: Transaction, job_order_id: str, lot_ids: Sequence[str]) -> Bearing:
    """Return what bears on some lots that are to be stacked by a job order."""
    values = {"ids": list(lot_ids), "job_order_id": job_order_id, "pot_life": POT_LIFE}
    holds = await tx.execute(
        sql("""
            SELECT lot_id, string_agg(format('held by %s: %s', gate, reason), '; ' ORDER BY gate)
            FROM lot_hold WHERE lot_id = ANY(:ids) GROUP BY lot_id"""),
        values,
    )
    elsewhere = await tx.execute(
        sql("""
            SELECT x.part, s.lot_id FROM unnest(CAST(:ids AS text[])) AS x (part)
            JOIN stack s ON s.layers @> jsonb_build_array(jsonb_build_object('lot_id', x.part))
            JOIN station_order o USING (station_order_id)
            WHERE o.state <> 'aborted' AND s.station_order_id <> :job_order_id
            UNION ALL
            SELECT c.lot_id, c.job_order_id FROM stack_scan c
            JOIN job_order j USING (job_order_id)
            WHERE c.lot_id = ANY(:ids) AND c.job_order_id <> :job_order_id
              AND j.state = 'not_allowed_to_start'"""),
        values,
    )
    mixes = await tx.execute(
        sql("""
            SELECT g.lot_id, string_agg(format('glue mix %s, held by %s: %s', g.mix_lot_id, h.gate,
                                               h.reason), '; ' ORDER BY h.gate)
            FROM glued_part g JOIN lot_hold h ON h.lot_id = g.mix_lot_id
            LEFT JOIN mix_end e ON e.mix_lot_id = g.mix_lot_id
            WHERE g.lot_id = ANY(:ids)
              AND (h.gate <> :pot_life OR e.ended_at IS NULL OR e.ended_at < g.glued_at)
            GROUP BY g.lot_id"""),
        values,
    )
    clocks = await tx.execute(
        sql("""
            SELECT lot_id, name, limit_kind, limit_at FROM stack_window
            WHERE lot_id = ANY(:ids) AND state IN ('open', 'near')
            ORDER BY limit_at"""),
        values,
    )
    return Bearing(
        holds={lot_id: reason for lot_id, reason in holds},
        elsewhere={lot_id: cell for lot_id, cell in elsewhere},
        mixes={lot_id: reason for lot_id, reason in mixes},
        clocks=[Clock(**dict(row)) for row in clocks.mappings()],
    )


async def keep_window(tx: Transaction, event: TimeLimitChanged) -> None:
    """Keep where a window of a lot stands."""
    await tx.execute(
        sql("""
            INSERT INTO stack_window (time_limit_id, lot_id, name, limit_kind, to_event, limit_at,
                                      state)
            VALUES (:time_limit_id, :lot_id, :name, :limit_kind, :to_event, :limit_at, :state)
            ON CONFLICT (time_limit_id) DO UPDATE
            SET state = excluded.state, limit_at = excluded.limit_at"""),
        event.model_dump(),
    )


async def windows(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return the windows of a lot that are open, the nearest first."""
    rows = await tx.execute(
        sql("""
            SELECT name, limit_kind, to_event, limit_at, state FROM stack_window
            WHERE lot_id = :id AND state IN ('open', 'near') ORDER BY limit_at"""),
        {"id": lot_id},
    )
    return [dict(row) for row in rows.mappings()]


async def keep_glued(tx: Transaction, event: GenealogyRecorded) -> None:
    """Keep with which mix pellets were sprayed."""
    if event.operation != "spray":
        return
    pellets = [item.lot_id for item in event.materials if item.use != "consumed"]
    mixes = [item.lot_id for item in event.materials if item.use == "consumed"]
    await tx.execute(
        sql("""
            INSERT INTO glued_part (lot_id, mix_lot_id, glued_at)
            SELECT part, mix, :at FROM unnest(CAST(:pellets AS text[])) AS part,
                unnest(CAST(:mixes AS text[])) AS mix ON CONFLICT DO NOTHING"""),
        {"pellets": pellets, "mixes": mixes, "at": event.ended_at},
    )


async def keep_mix_end(tx: Transaction, mix_lot_id: str, at: datetime) -> None:
    """Keep when the life of a mix was over."""
    await tx.execute(
        sql("INSERT INTO mix_end VALUES (:id, :at) ON CONFLICT DO NOTHING"),
        {"id": mix_lot_id, "at": at},
    )


async def persons_of(tx: Transaction, job_order_id: str) -> tuple[str, ...]:
    """Return who put parts on the stack of a job order, by name."""
    statement = """
        SELECT DISTINCT person FROM stack_scan WHERE job_order_id = :job_order_id ORDER BY person"""
    return tuple(await tx.scalars(sql(statement), {"job_order_id": job_order_id}))
