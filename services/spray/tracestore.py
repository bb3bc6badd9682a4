"""Traces of faces in the spray service's database: zlib-compressed counts with their hash."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

import numpy as np

from services.spray.domain import Face
from services.spray.tracejudge import BandFigures, TraceVerdict
from services.spray.tracelimits import TraceLimits
from shared.db import sql
from shared.errors import NotFoundError, StationFaultError
from shared.traces import Trace, checked_trace
from shared.transaction import Transaction

LEVEL = 1  # noise in the counts leaves a higher level 1 % less for eight times the time

FaceKey = tuple[str, Face]


def packed(trace: Trace) -> tuple[bytes, bytes]:
    """Return a trace's counts as they are kept, and the SHA-256 of them before."""
    raw = trace.counts.astype("<i2").tobytes()
    return zlib.compress(raw, LEVEL), sha256(raw).digest()


async def kept(tx: Transaction, station_order_id: str) -> set[FaceKey]:
    """Return the faces of an order for which a trace, or that it has none, is kept."""
    statement = "SELECT lot_id, face FROM face_trace WHERE station_order_id = :id"
    rows = (await tx.execute(sql(statement), {"id": station_order_id})).mappings()
    return {(row["lot_id"], row["face"]) for row in rows}


async def keep(
    tx: Transaction,
    station_order_id: str,
    face: FaceKey,
    trace: Trace | None,
    verdict: TraceVerdict,
    limits_version: int | None,
) -> None:
    """Keep the trace of a face with its verdict; the first one counts."""
    samples, digest = (None, None) if trace is None else packed(trace)
    statement = """
        INSERT INTO face_trace (station_order_id, lot_id, face, started_at, interval_s, signals,
                                scale, zero, samples, sha256, limits_version, state, codes, reason,
                                arc_count, figures)
        VALUES (:station_order_id, :lot_id, :face, :started_at, :interval_s, :signals, :scale,
                :zero, :samples, :sha256, :limits_version, :state, :codes, :reason, :arc_count,
                CAST(:figures AS jsonb))
        ON CONFLICT DO NOTHING"""
    values = {
        "station_order_id": station_order_id,
        "lot_id": face[0],
        "face": face[1],
        "started_at": None if trace is None else trace.started_at,
        "interval_s": None if trace is None else trace.interval_s,
        "signals": None if trace is None else list(trace.signals),
        "scale": None if trace is None else list(trace.scale),
        "zero": None if trace is None else list(trace.offset),
        "samples": samples,
        "sha256": digest,
        "limits_version": limits_version,
        "state": verdict.state,
        "codes": list(verdict.codes),
        "reason": verdict.reason,
        "arc_count": verdict.arc_count,
        "figures": json.dumps({name: asdict(item) for name, item in verdict.figures.items()}),
    }
    await tx.execute(sql(statement), values)


async def give_up_samples(tx: Transaction, before: datetime, most: int) -> int:
    """Give up the samples of traces within their limits from before an instant; say of how many.

    At most `most` at once, the oldest first. Verdict, figures and hash stay.
    """
    statement = """
        UPDATE face_trace SET samples = NULL
        WHERE (station_order_id, lot_id, face) IN (
            SELECT station_order_id, lot_id, face FROM face_trace
            WHERE samples IS NOT NULL AND state = 'within' AND started_at < :before
            ORDER BY started_at LIMIT :most FOR UPDATE SKIP LOCKED)"""
    return (await tx.execute(sql(statement), {"before": before, "most": most})).rowcount


async def verdicts(tx: Transaction, station_order_id: str) -> dict[FaceKey, TraceVerdict]:
    """Return how the faces of an order were judged by their traces."""
    statement = """
        SELECT lot_id, face, state, codes, reason, arc_count, figures FROM face_trace
        WHERE station_order_id = :id"""
    rows = (await tx.execute(sql(statement), {"id": station_order_id})).mappings()
    return {(row["lot_id"], row["face"]): _verdict(row) for row in rows}


def _verdict(row: Mapping[Any, Any]) -> TraceVerdict:
    return TraceVerdict(
        state=row["state"],
        codes=tuple(row["codes"]),
        reason=row["reason"],
        arc_count=row["arc_count"],
        figures={name: BandFigures(**item) for name, item in row["figures"].items()},
    )


async def shown(
    tx: Transaction, lot_id: str, face: Face, points: int, station_order_id: str | None = None
) -> dict[str, Any]:
    """Return the newest trace of a face for people: each signal's least and most in `points` bins.

    Raises:
        NotFoundError: no trace of it is kept.
        StationFaultError: what is kept is not what was once stored.
    """
    statement = """
        SELECT t.*, o.recipe_id, l.body AS limits FROM face_trace t
        JOIN station_order o USING (station_order_id)
        LEFT JOIN trace_limits l
            ON l.recipe_id = o.recipe_id AND l.version = t.limits_version
        WHERE t.lot_id = :lot_id AND t.face = :face
          AND t.station_order_id = coalesce(CAST(:order_id AS text), t.station_order_id)
        ORDER BY o.ended_at DESC NULLS FIRST, t.station_order_id LIMIT 1"""
    values = {"lot_id": lot_id, "face": face, "order_id": station_order_id}
    row = (await tx.execute(sql(statement), values)).mappings().first()
    if row is None:
        raise NotFoundError(f"no trace of face {face} of {lot_id} is kept")
    answer = {
        name: row[name]
        for name in (
            "station_order_id",
            "recipe_id",
            "limits_version",
            "state",
            "codes",
            "reason",
            "arc_count",
            "figures",
            "limits",
        )
    } | {"lot_id": lot_id, "face": face, "started_at": row["started_at"], "signals": {}}
    if row["samples"] is None:
        digest = None if row["sha256"] is None else row["sha256"].hex()
        return answer | {"time_s": [], "duration_s": None, "sha256": digest}
    trace = unpacked(row)
    step = max(1, -(-trace.counts.shape[1] // points))
    edges = np.arange(0, trace.counts.shape[1], step)
    low = np.minimum.reduceat(trace.counts, edges, axis=1)
    high = np.maximum.reduceat(trace.counts, edges, axis=1)
    for index, signal in enumerate(trace.signals):
        scale, offset = trace.scale[index], trace.offset[index]
        answer["signals"][signal] = {
            "low": (low[index] * scale + offset).round(9).tolist(),
            "high": (high[index] * scale + offset).round(9).tolist(),
        }
    return answer | {
        "time_s": (edges * trace.interval_s).round(6).tolist(),
        "duration_s": trace.duration_s,
        "sha256": row["sha256"].hex(),
    }


async def traces_of(tx: Transaction, station_order_id: str) -> list[tuple[FaceKey, Trace]]:
    """Return the traces of a job that are still kept, in order of pellet and face.

    Raises:
        NotFoundError: no trace of the job is kept.
        StationFaultError: what is kept is not what was once stored.
    """
    statement = """
        SELECT * FROM face_trace WHERE station_order_id = :id AND samples IS NOT NULL
        ORDER BY lot_id, face"""
    rows = (await tx.execute(sql(statement), {"id": station_order_id})).mappings().all()
    if not rows:
        raise NotFoundError(f"no trace of spray job {station_order_id} is kept")
    return [((row["lot_id"], row["face"]), unpacked(row)) for row in rows]


def unpacked(row: Mapping[Any, Any]) -> Trace:
    """Return a kept trace.

    Raises:
        StationFaultError: its hash is not the one that was kept with it.
    """
    raw = zlib.decompress(row["samples"])
    if sha256(raw).digest() != row["sha256"]:
        raise StationFaultError(
            f"trace of face {row['face']} of {row['lot_id']}: its hash is not the one kept with it"
        )
    return checked_trace(
        row["started_at"], row["interval_s"], row["signals"], row["scale"], row["zero"], raw
    )


async def limits_of(tx: Transaction, recipe_id: str) -> TraceLimits | None:
    """Return the newest released limits of a recipe's traces; None without, or once retired."""
    bodies = await tx.scalars(
        sql("""
            SELECT body FROM trace_limits
            WHERE recipe_id = :id AND body ->> 'status' <> 'draft'
            ORDER BY version DESC LIMIT 1"""),
        {"id": recipe_id},
    )
    found = [TraceLimits.model_validate(body) for body in bodies]
    return found[0] if found and found[0].status == "released" else None
