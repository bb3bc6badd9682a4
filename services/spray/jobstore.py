"""Spray jobs for people: what each station did or does, with the state of every face."""

from collections.abc import Sequence
from typing import Any

from shared.db import sql
from shared.errors import NotFoundError
from shared.transaction import Transaction

_SHOWN = """
    SELECT o.station_order_id, o.equipment_id, o.recipe_id, o.recipe_version, o.state, o.reason,
           o.planned_at, o.started_at, o.ended_at, s.nozzle_id, s.operator,
           (SELECT count(*) FROM jsonb_array_elements(o.materials) m
            WHERE m ->> 'use' = 'processed') AS parts_count,
           (SELECT count(*) FROM coated_face f WHERE f.station_order_id = o.station_order_id)
               AS faces_count,
           (SELECT count(*) FROM coated_face f WHERE f.station_order_id = o.station_order_id
            AND f.deviation IS NOT NULL) AS bad_count,
           (SELECT sum(f.trace_arc_count) FROM coated_face f
            WHERE f.station_order_id = o.station_order_id) AS arc_count
    FROM station_order o LEFT JOIN start_setup s USING (station_order_id)"""


async def jobs(tx: Transaction, limit: int, lot_id: str | None = None) -> list[dict[str, Any]]:
    """Return the newest spray jobs, each with how many of its faces are not as they must be.

    lot_id: the cell or witness whose parts were sprayed; None: of all.
    """
    of_lot = """ WHERE o.station_order_id IN (
        SELECT station_order_id FROM job_order WHERE body ->> 'lot_id' = :lot_id)"""
    where = "" if lot_id is None else of_lot
    statement = f"{_SHOWN}{where} ORDER BY o.planned_at DESC, o.station_order_id LIMIT :limit"
    rows = (await tx.execute(sql(statement), {"limit": limit, "lot_id": lot_id})).mappings()
    return [dict(row) for row in rows]


async def job(tx: Transaction, station_order_id: str) -> dict[str, Any]:
    """Return one spray job with its control recipe, its glue, and both faces of each pellet.

    Raises:
        NotFoundError: no such job was given to a station.
    """
    values = {"id": station_order_id}
    statement = f"{_SHOWN} WHERE o.station_order_id = :id"
    row = (await tx.execute(sql(statement), values)).mappings().first()
    if row is None:
        raise NotFoundError(f"spray job {station_order_id} was given to no station yet")
    order = "SELECT parameters, materials FROM station_order WHERE station_order_id = :id"
    more = (await tx.execute(sql(order), values)).mappings().one()
    materials: Sequence[dict[str, Any]] = more["materials"]
    faces = """
        SELECT lot_id, face, trace_state, trace_arc_count, contact_angle_deg, film_um, deviation
        FROM coated_face WHERE station_order_id = :id ORDER BY lot_id, face"""
    found = (await tx.execute(sql(faces), values)).mappings()
    sprayed = {(item["lot_id"], item["face"]): dict(item) for item in found}
    return {
        **row,
        "parameters": more["parameters"],
        "glue_lot_ids": [item["lot_id"] for item in materials if item["use"] == "consumed"],
        "faces": [
            sprayed.get((item["lot_id"], face), _not_yet(item["lot_id"], face))
            for item in materials
            if item["use"] == "processed"
            for face in ("a", "b")
        ],
    }


def _not_yet(lot_id: str, face: str) -> dict[str, Any]:
    measured = ("trace_state", "trace_arc_count", "contact_angle_deg", "film_um", "deviation")
    return {"lot_id": lot_id, "face": face} | dict.fromkeys(measured)
