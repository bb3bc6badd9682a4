"""Coated faces in the spray service's database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.spray.domain import CoatedFace
from shared.db import sql
from shared.transaction import Transaction


async def keep_faces(
    tx: Transaction, station_order_id: str, faces: Sequence[CoatedFace], at: datetime
) -> None:
    """Keep what was measured on each face of one station order."""
    statement = """
        INSERT INTO coated_face (lot_id, face, station_order_id, contact_angle_deg, film_um,
                                 arc_count, sprayed_at)
        VALUES (:lot_id, :face, :station_order_id, :contact_angle_deg, :film_um, :arc_count, :at)"""
    rows = [
        {
            "lot_id": face.lot_id,
            "face": face.face,
            "station_order_id": station_order_id,
            "contact_angle_deg": face.contact_angle_deg,
            "film_um": face.film_um,
            "arc_count": face.arc_count,
            "at": at,
        }
        for face in faces
    ]
    await tx.execute(sql(statement), rows)


async def faces_of(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return the sprayed faces of one pellet, oldest first."""
    statement = """
        SELECT face, station_order_id, contact_angle_deg, film_um, arc_count, sprayed_at
        FROM coated_face WHERE lot_id = :lot_id ORDER BY sprayed_at, face"""
    rows = (await tx.execute(sql(statement), {"lot_id": lot_id})).mappings()
    return [dict(row) for row in rows]
