"""Furnace loads in the sintering service's database: what stood where, and how the run went."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.sintering.domain import GreenSize
from services.sintering.gas import Gas
from services.sintering.load import Place
from services.sintering.placeheat import PlaceHeat
from services.sintering.profile import Judgement, Profile
from services.sintering.schedule import Value
from shared.db import sql
from shared.errors import ConflictError, NotFoundError
from shared.transaction import Transaction

SUMMARY = """
    SELECT l.furnace_load_id, l.equipment_id, l.recipe_id, l.recipe_version, l.job_order_ids,
           l.fill_ratio, l.planned_start_at, l.planned_end_at, o.state, o.reason, o.started_at,
           o.ended_at, jsonb_array_length(l.deviations) AS deviation_count, l.unknown_reason,
           (SELECT count(*) FROM furnace_load_part p
            WHERE p.furnace_load_id = l.furnace_load_id) AS parts_count,
           l.planned_energy_kwh, l.energy_kwh
    FROM furnace_load l JOIN station_order o ON o.station_order_id = l.furnace_load_id"""


@dataclass(frozen=True, kw_only=True)
class FurnaceLoad:
    """A load as it was planned; `judged` are the recipe values its profile is held against.

    planned_energy_kwh: None where the furnace's power is not known.
    """

    furnace_load_id: str
    equipment_id: str
    recipe_id: str
    recipe_version: int
    job_order_ids: tuple[str, ...]
    judged: Mapping[str, Value]
    fill_ratio: float
    planned_start_at: datetime
    planned_end_at: datetime
    planned_energy_kwh: float | None


async def new_load_id(tx: Transaction, at: datetime) -> str:
    """Return an id for a load that no other load of this plant has or had."""
    number: int = await tx.scalar(sql("SELECT nextval('furnace_load_number')"))
    return f"LOAD-{at:%y%m%d}-{number:04d}"


async def keep_load(
    tx: Transaction, load: FurnaceLoad, places: Sequence[tuple[str, Place]]
) -> None:
    """Keep a planned load with the job order, tray and position of each part."""
    statement = """
        INSERT INTO furnace_load (furnace_load_id, equipment_id, recipe_id, recipe_version,
                                  job_order_ids, judged, fill_ratio, planned_start_at,
                                  planned_end_at, planned_energy_kwh)
        VALUES (:furnace_load_id, :equipment_id, :recipe_id, :recipe_version,
                CAST(:job_order_ids AS jsonb), CAST(:judged AS jsonb), :fill_ratio,
                :planned_start_at, :planned_end_at, :planned_energy_kwh)"""
    values = {
        **vars(load),
        "job_order_ids": json.dumps(load.job_order_ids),
        "judged": json.dumps(dict(load.judged)),
    }
    await tx.execute(sql(statement), values)
    part = """
        INSERT INTO furnace_load_part (furnace_load_id, job_order_id, lot_id, tray, position)
        VALUES (:furnace_load_id, :job_order_id, :lot_id, :tray, :position)"""
    rows = [
        {"furnace_load_id": load.furnace_load_id, "job_order_id": job_order_id, **vars(place)}
        for job_order_id, place in places
    ]
    await tx.execute(sql(part), rows)


async def judged_by(tx: Transaction, furnace_load_id: str) -> dict[str, Value]:
    """Return the recipe values that judge a load, as they were when it was planned.

    Raises:
        NotFoundError: no such load.
    """
    statement = "SELECT judged FROM furnace_load WHERE furnace_load_id = :id"
    judged = await tx.scalar(sql(statement), {"id": furnace_load_id})
    if judged is None:
        raise NotFoundError(f"furnace load {furnace_load_id} does not exist")
    return {
        name: value if isinstance(value, str) else float(value) for name, value in judged.items()
    }


async def keep_run(
    tx: Transaction,
    furnace_load_id: str,
    profile: Profile,
    gas: Gas,
    judgement: Judgement,
    zone_offset_degc: float | None,
    energy_kwh: float | None,
) -> None:
    """Keep the measured profile of a load and how it was judged; NaN is kept as null."""
    statement = """
        UPDATE furnace_load
        SET profile = CAST(:profile AS jsonb), deviations = CAST(:deviations AS jsonb),
            unknown_reason = :unknown_reason, soak_in_band_s = :soak_in_band_s,
            zone_offset_degc = :zone_offset_degc, energy_kwh = :energy_kwh
        WHERE furnace_load_id = :furnace_load_id"""
    arrays = {
        name: [value if math.isfinite(value) else None for value in values]
        for name, values in (profile.arrays | {k: v for k, v in vars(gas).items() if v}).items()
    }
    values = {
        "furnace_load_id": furnace_load_id,
        "profile": json.dumps(arrays),
        "deviations": json.dumps(judgement.deviations),
        "unknown_reason": judgement.reason,
        "soak_in_band_s": judgement.soak_in_band_s,
        "zone_offset_degc": zone_offset_degc,
        "energy_kwh": energy_kwh,
    }
    await tx.execute(sql(statement), values)


async def places_in(tx: Transaction, furnace_load_id: str) -> list[Place]:
    """Return the place of each part of a load."""
    statement = """
        SELECT lot_id, tray, position FROM furnace_load_part WHERE furnace_load_id = :id
        ORDER BY tray, position"""
    rows = (await tx.execute(sql(statement), {"id": furnace_load_id})).mappings()
    return [Place(**row) for row in rows]


async def furnace_of_open(tx: Transaction, furnace_load_id: str) -> str:
    """Return the furnace of a load whose heat is not judged yet, and keep it from ending meanwhile.

    Raises:
        NotFoundError: no such load.
        ConflictError: its run is over.
    """
    statement = """
        SELECT equipment_id, state FROM station_order
        WHERE station_order_id = (SELECT furnace_load_id FROM furnace_load
                                  WHERE furnace_load_id = :id)
        FOR UPDATE"""
    row = (await tx.execute(sql(statement), {"id": furnace_load_id})).mappings().first()
    if row is None:
        raise NotFoundError(f"furnace load {furnace_load_id} does not exist")
    if row["state"] in ("ended", "aborted"):
        raise ConflictError(
            f"furnace load {furnace_load_id} is {row['state']}: the heat of its places is judged; "
            "hold the lots that stood elsewhere",
            {"state": row["state"]},
        )
    equipment_id: str = row["equipment_id"]
    return equipment_id


async def keep_places(
    tx: Transaction, furnace_load_id: str, places: Sequence[Place], person: str, at: datetime
) -> None:
    """Keep where a person saw parts of a load."""
    statement = """
        UPDATE furnace_load_part
        SET tray = :tray, position = :position, placed_by = :person, placed_at = :at
        WHERE furnace_load_id = :id AND lot_id = :lot_id"""
    same = {"id": furnace_load_id, "person": person, "at": at}
    await tx.execute(sql(statement), [{**same, **vars(place)} for place in places])


async def part_at(
    tx: Transaction, furnace_load_id: str, tray: int, position: int
) -> dict[str, Any]:
    """Return the part that stands, or stood, at a place of a load.

    Raises:
        NotFoundError: nothing stands there.
    """
    statement = """
        SELECT p.lot_id, p.job_order_id, p.tray, p.position, p.placed_by, p.placed_at, m.mark,
               m.marked_at
        FROM furnace_load_part p LEFT JOIN pellet_mark m USING (lot_id)
        WHERE p.furnace_load_id = :id AND p.tray = :tray AND p.position = :position"""
    values = {"id": furnace_load_id, "tray": tray, "position": position}
    row = (await tx.execute(sql(statement), values)).mappings().first()
    if row is None:
        raise NotFoundError(
            f"furnace load {furnace_load_id} has nothing on tray {tray} position {position}"
        )
    return dict(row)


async def keep_heats(tx: Transaction, furnace_load_id: str, heats: Mapping[str, PlaceHeat]) -> None:
    """Keep what each part of a load got of the heat."""
    statement = """
        UPDATE furnace_load_part
        SET deviations = CAST(:deviations AS jsonb), soak_in_band_s = :soak_in_band_s,
            dose_h = :dose_h, unknown_reason = :reason
        WHERE furnace_load_id = :furnace_load_id AND lot_id = :lot_id"""
    rows = [
        {
            **vars(heat),
            "deviations": json.dumps(heat.deviations),
            "furnace_load_id": furnace_load_id,
            "lot_id": lot_id,
        }
        for lot_id, heat in heats.items()
    ]
    if rows:
        await tx.execute(sql(statement), rows)


async def zone_offsets(
    tx: Transaction, equipment_id: str, since: datetime, most: int
) -> list[float]:
    """Return the difference of a furnace's thermocouples in its last runs, oldest first.

    since: begin of the first run that counts. most: so many of the newest at most.
    """
    statement = """
        SELECT l.zone_offset_degc
        FROM station_order o JOIN furnace_load l ON l.furnace_load_id = o.station_order_id
        WHERE o.equipment_id = :equipment_id AND o.started_at >= :since
          AND l.zone_offset_degc IS NOT NULL
        ORDER BY o.started_at DESC LIMIT :most"""
    values = {"equipment_id": equipment_id, "since": since, "most": most}
    return list((await tx.execute(sql(statement), values)).scalars())[::-1]


async def keep_green(tx: Transaction, lot_ids: Sequence[str], size: GreenSize | None) -> None:
    """Keep the size that pellets were pressed to; nothing where it is not known."""
    if size is None:
        return
    statement = """
        INSERT INTO green_pellet (lot_id, thickness_um, area_cm2)
        VALUES (:lot_id, :thickness_um, :area_cm2) ON CONFLICT (lot_id) DO NOTHING"""
    rows = [{"lot_id": lot_id, **vars(size)} for lot_id in lot_ids]
    await tx.execute(sql(statement), rows)


async def green_of(tx: Transaction, lot_ids: Sequence[str]) -> dict[str, GreenSize]:
    """Return the pressed size of those pellets of which it is known."""
    statement = """
        SELECT lot_id, thickness_um, area_cm2 FROM green_pellet WHERE lot_id = ANY(:lot_ids)
        ORDER BY lot_id"""
    rows = (await tx.execute(sql(statement), {"lot_ids": list(lot_ids)})).mappings()
    return {
        row["lot_id"]: GreenSize(thickness_um=row["thickness_um"], area_cm2=row["area_cm2"])
        for row in rows
    }


async def busy_until(tx: Transaction) -> dict[str, datetime]:
    """Return until when each furnace that has a load is planned to run it."""
    statement = """
        SELECT l.equipment_id, max(l.planned_end_at) AS busy_until
        FROM furnace_load l JOIN station_order o ON o.station_order_id = l.furnace_load_id
        WHERE o.state IN ('allowed_to_start', 'running') GROUP BY l.equipment_id"""
    rows = (await tx.execute(sql(statement))).mappings()
    return {row["equipment_id"]: row["busy_until"] for row in rows}


async def loads(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return the newest loads, without parts and profile."""
    statement = f"{SUMMARY} ORDER BY l.planned_start_at DESC, l.furnace_load_id DESC LIMIT :limit"
    rows = (await tx.execute(sql(statement), {"limit": limit})).mappings()
    return [dict(row) for row in rows]


async def open_loads(tx: Transaction) -> list[dict[str, Any]]:
    """Return the loads that stand in a furnace: to start, running or interrupted."""
    statement = f"""
        {SUMMARY} WHERE o.state IN ('allowed_to_start', 'running', 'interrupted')
        ORDER BY l.planned_start_at, l.furnace_load_id"""
    return [dict(row) for row in (await tx.execute(sql(statement))).mappings()]


async def load(tx: Transaction, furnace_load_id: str) -> dict[str, Any]:
    """Return one load with the place of each part, its measured profile and its deviations.

    Raises:
        NotFoundError: no such load.
    """
    values = {"id": furnace_load_id}
    statement = f"""
        SELECT s.*, l.judged, l.profile, l.deviations, l.soak_in_band_s,
               o.parameters - 'tray' - 'position' AS parameters
        FROM ({SUMMARY}) AS s
        JOIN furnace_load l USING (furnace_load_id)
        JOIN station_order o ON o.station_order_id = l.furnace_load_id
        WHERE furnace_load_id = :id"""
    row = (await tx.execute(sql(statement), values)).mappings().first()
    if row is None:
        raise NotFoundError(f"furnace load {furnace_load_id} does not exist")
    parts = """
        SELECT p.lot_id, p.job_order_id, p.tray, p.position, p.deviations, p.soak_in_band_s,
               p.dose_h, p.unknown_reason, p.placed_by, p.placed_at, m.mark
        FROM furnace_load_part p LEFT JOIN pellet_mark m USING (lot_id)
        WHERE p.furnace_load_id = :id ORDER BY p.tray, p.position"""
    found = (await tx.execute(sql(parts), values)).mappings()
    return {**row, "parts": [dict(part) for part in found]}


async def places_of(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return where a lot stood in each of its loads, oldest first."""
    statement = f"""
        SELECT s.furnace_load_id, s.equipment_id, s.recipe_id, s.state, s.started_at, s.ended_at,
               p.tray, p.position
        FROM ({SUMMARY}) AS s JOIN furnace_load_part p USING (furnace_load_id)
        WHERE p.lot_id = :lot_id ORDER BY s.planned_start_at"""
    rows = (await tx.execute(sql(statement), {"lot_id": lot_id})).mappings()
    return [dict(row) for row in rows]
