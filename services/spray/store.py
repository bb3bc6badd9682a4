"""Coated faces in the spray service's database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.spray.domain import CoatedFace
from shared.db import sql
from shared.transaction import Transaction


@dataclass(frozen=True, kw_only=True)
class Coating:
    """What all faces of one station order have in common."""

    station_order_id: str
    equipment_id: str
    nozzle_id: str
    cure_model_id: str | None
    cure_model_version: int | None
    sprayed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Start:
    """With what and whom a station order starts, and the air there; None: not measured."""

    nozzle_id: str
    operator: str | None
    water_ppm: float | None
    temperature_degc: float | None


async def keep_faces(tx: Transaction, coating: Coating, faces: Sequence[CoatedFace]) -> None:
    """Keep what was measured on each face of one station order."""
    statement = """
        INSERT INTO coated_face (lot_id, face, station_order_id, contact_angle_deg, film_um,
                                 arc_count, sprayed_at, nozzle_id, equipment_id, deviation,
                                 cure_model_id, cure_model_version, cure_rate_per_min,
                                 trace_state, trace_arc_count, codes, cure_water_ppm,
                                 cure_temperature_degc)
        VALUES (:lot_id, :face, :station_order_id, :contact_angle_deg, :film_um, :arc_count,
                :sprayed_at, :nozzle_id, :equipment_id, :deviation, :cure_model_id,
                :cure_model_version, :cure_rate_per_min, :trace_state, :trace_arc_count, :codes,
                :cure_water_ppm, :cure_temperature_degc)"""
    rows = [vars(coating) | vars(face) | {"codes": list(face.codes)} for face in faces]
    await tx.execute(sql(statement), rows)


async def faces_of(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return the sprayed faces of one pellet, oldest first."""
    statement = """
        SELECT face, station_order_id, contact_angle_deg, film_um, arc_count, sprayed_at,
               nozzle_id, equipment_id, deviation, cure_rate_per_min, trace_state,
               trace_arc_count, codes
        FROM coated_face WHERE lot_id = :lot_id ORDER BY sprayed_at, face"""
    rows = (await tx.execute(sql(statement), {"lot_id": lot_id})).mappings()
    return [dict(row) for row in rows]


async def keep_start(tx: Transaction, station_order_id: str, start: Start) -> None:
    """Keep with what and in what air an order starts; the last look counts."""
    statement = """
        INSERT INTO start_setup (station_order_id, nozzle_id, operator, water_ppm, temperature_degc)
        VALUES (:station_order_id, :nozzle_id, :operator, :water_ppm, :temperature_degc)
        ON CONFLICT (station_order_id) DO UPDATE SET nozzle_id = excluded.nozzle_id,
            operator = excluded.operator, water_ppm = excluded.water_ppm,
            temperature_degc = excluded.temperature_degc"""
    await tx.execute(sql(statement), {"station_order_id": station_order_id, **vars(start)})


async def start_of(tx: Transaction, station_order_id: str) -> Start | None:
    """Return how a station order was started, None where that was not kept."""
    statement = """
        SELECT nozzle_id, operator, water_ppm, temperature_degc FROM start_setup
        WHERE station_order_id = :id"""
    row = (await tx.execute(sql(statement), {"id": station_order_id})).mappings().first()
    return None if row is None else Start(**row)
