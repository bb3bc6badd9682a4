"""Ended job orders, measurements, results and decisions in quality's database."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.quality.comparison import Figures, Judged, Key
from services.quality.gates import Verdict
from shared.db import sql
from shared.events import DispositionDecided
from shared.facts import TestResult
from shared.transaction import Transaction


@dataclass(frozen=True, kw_only=True)
class Passage:
    """One ended job order of a lot, with what led to it."""

    job_order_id: str
    lot_id: str
    work_request_id: str
    product_id: str
    operation: str
    equipment_id: str | None
    parts: tuple[str, ...]
    started_at: datetime
    ended_at: datetime
    correlation_id: str | None
    causation_id: str | None


async def all_rows(tx: Transaction, statement: str, **values: Any) -> Sequence[RowMapping]:
    """Return the rows of a statement."""
    return (await tx.execute(sql(statement), values)).mappings().all()


async def lock(tx: Transaction, name: str) -> None:
    """Keep others off the decisions over one lot until the end of the transaction."""
    await tx.execute(
        sql("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name}
    )


async def keep_passage(tx: Transaction, passage: Passage) -> None:
    """Keep an ended job order until its gates have decided, and as the times of its lot."""
    await tx.execute(
        sql("""
            INSERT INTO passage (job_order_id, lot_id, work_request_id, product_id, operation,
                equipment_id, parts, started_at, ended_at, correlation_id, causation_id)
            VALUES (:job_order_id, :lot_id, :work_request_id, :product_id, :operation,
                :equipment_id, :parts, :started_at, :ended_at, :correlation_id, :causation_id)
            ON CONFLICT DO NOTHING"""),
        {**asdict(passage), "parts": list(passage.parts)},
    )


async def open_passages(tx: Transaction) -> list[str]:
    """Return the job orders whose gates can decide: ended, and no figure is being computed."""
    rows = await all_rows(
        tx,
        """
        SELECT job_order_id FROM passage p
        WHERE NOT decided AND NOT EXISTS (
            SELECT 1 FROM pending_evaluation e WHERE e.job_order_id = p.job_order_id)
        ORDER BY ended_at, job_order_id""",
    )
    return [row["job_order_id"] for row in rows]


async def lock_passage(tx: Transaction, job_order_id: str) -> Passage | None:
    """Return an undecided job order, locked; None where it is decided or locked by another."""
    rows = await all_rows(
        tx,
        """
        SELECT * FROM passage WHERE job_order_id = :id AND NOT decided
        FOR UPDATE SKIP LOCKED""",
        id=job_order_id,
    )
    return passage_of(rows[0]) if rows else None


async def set_decided(tx: Transaction, job_order_id: str, *, decided: bool) -> None:
    """Close an ended job order, or open it again because of new figures."""
    await tx.execute(
        sql("UPDATE passage SET decided = :decided, waits = NULL WHERE job_order_id = :id"),
        {"id": job_order_id, "decided": decided},
    )


async def reopen(
    tx: Transaction, lot_ids: Sequence[str], product_id: str, operation: str
) -> list[str]:
    """Have the gates of an operation judge some lots, or parts, again; return the job orders."""
    rows = await all_rows(
        tx,
        """
        UPDATE passage SET decided = false WHERE job_order_id IN (
            SELECT DISTINCT ON (lot_id) job_order_id FROM passage
            WHERE product_id = :product_id AND operation = :operation
              AND (lot_id = ANY(:ids) OR parts && CAST(:ids AS text[]))
            ORDER BY lot_id, ended_at DESC)
        RETURNING job_order_id""",
        product_id=product_id,
        operation=operation,
        ids=list(lot_ids),
    )
    return sorted(row["job_order_id"] for row in rows)


async def set_waits(tx: Transaction, job_order_id: str, reason: str) -> None:
    """Keep why the gates of a job order do not decide yet."""
    await tx.execute(
        sql("""
            UPDATE passage SET waits = :reason
            WHERE job_order_id = :id AND waits IS DISTINCT FROM :reason"""),
        {"id": job_order_id, "reason": reason},
    )


def passage_of(row: RowMapping) -> Passage:
    """Return the ended job order of a row."""
    values = {name: row[name] for name in Passage.__dataclass_fields__}
    return Passage(**{**values, "parts": tuple(row["parts"])})


async def passage_measuring(tx: Transaction, lot_id: str, operation: str) -> Passage | None:
    """Return the newest ended job order of an operation that measured a lot."""
    rows = await all_rows(
        tx,
        """
        SELECT p.* FROM measurement m JOIN passage p USING (job_order_id)
        WHERE m.lot_id = :lot_id AND p.operation = :operation
        ORDER BY m.id DESC LIMIT 1""",
        operation=operation,
        lot_id=lot_id,
    )
    return passage_of(rows[0]) if rows else None


async def keep_measurements(
    tx: Transaction,
    job_order_id: str,
    results: Iterable[TestResult],
    at: datetime,
    protocol: str | None = None,
    items: float | None = None,
) -> None:
    """Keep measured and computed values; a later one of the same kind counts, none is lost.

    protocol: id and version of what they were measured by, `id@version`. items: how many were
    looked at, where the values are counts.
    """
    rows = [
        {
            "job_order_id": job_order_id,
            "lot_id": item.lot_id,
            "characteristic": item.characteristic,
            **_value(item.value),
            "unit": item.unit,
            "reason": item.reason,
            "protocol": protocol,
            "items": items,
            "at": at,
        }
        for item in results
    ]
    if rows:
        statement = """
            INSERT INTO measurement (job_order_id, lot_id, characteristic, value, words, unit,
                                     reason, protocol, items, measured_at)
            VALUES (:job_order_id, :lot_id, :characteristic, :value, :words, :unit, :reason,
                    :protocol, :items, :at)"""
        await tx.execute(sql(statement), rows)


async def figures(tx: Transaction, job_order_id: str) -> tuple[Figures, Mapping[Key, str]]:
    """Return the newest value of each lot and characteristic of a job order, and by what protocol
    each was measured, where that is known."""
    rows = await all_rows(
        tx, "SELECT * FROM measurement WHERE job_order_id = :id ORDER BY id", id=job_order_id
    )
    return _newest(rows)


async def figures_before(tx: Transaction, passage: Passage) -> tuple[Figures, Mapping[Key, str]]:
    """Return the same of the earlier job orders of an operation over the same lot."""
    rows = await all_rows(
        tx,
        """
        SELECT m.* FROM measurement m JOIN passage p USING (job_order_id)
        WHERE p.lot_id = :lot_id AND p.operation = :operation
          AND (p.ended_at, p.job_order_id) < (:ended_at, :job_order_id) ORDER BY m.id""",
        lot_id=passage.lot_id,
        operation=passage.operation,
        ended_at=passage.ended_at,
        job_order_id=passage.job_order_id,
    )
    return _newest(rows)


def _newest(rows: Sequence[RowMapping]) -> tuple[Figures, Mapping[Key, str]]:
    found = {(row["lot_id"], row["characteristic"]): _measured(row) for row in rows}
    newest = {(row["lot_id"], row["characteristic"]): row["protocol"] for row in rows}
    return found, {key: protocol for key, protocol in newest.items() if protocol is not None}


async def is_measured(tx: Transaction, job_order_id: str, characteristic: str) -> bool:
    """Tell whether a job order has a value of a characteristic."""
    found = await all_rows(
        tx,
        """
        SELECT 1 FROM measurement
        WHERE job_order_id = :id AND characteristic = :characteristic LIMIT 1""",
        id=job_order_id,
        characteristic=characteristic,
    )
    return bool(found)


async def newest_value(tx: Transaction, lot_id: str, characteristic: str) -> float | None:
    """Return the newest measured number of a lot, None where there is none or it is unknown."""
    value: float | None = await tx.scalar(
        sql("""
            SELECT value FROM measurement
            WHERE lot_id = :lot_id AND characteristic = :characteristic
            ORDER BY id DESC LIMIT 1"""),
        {"lot_id": lot_id, "characteristic": characteristic},
    )
    return value


async def keep_pending(
    tx: Transaction, evaluation_id: str, kind: str, job_order_id: str, body: str
) -> None:
    """Keep a measurement whose figures are still to be computed."""
    await tx.execute(
        sql("""
            INSERT INTO pending_evaluation (evaluation_id, kind, job_order_id, body)
            VALUES (:id, :kind, :job_order_id, CAST(:body AS jsonb)) ON CONFLICT DO NOTHING"""),
        {"id": evaluation_id, "kind": kind, "job_order_id": job_order_id, "body": body},
    )


async def pending_ids(tx: Transaction) -> list[str]:
    """Return the evaluations to be done, oldest first."""
    rows = await all_rows(
        tx, "SELECT evaluation_id FROM pending_evaluation ORDER BY kept_at, evaluation_id"
    )
    return [row["evaluation_id"] for row in rows]


async def pending(tx: Transaction, evaluation_id: str) -> tuple[str, Any] | None:
    """Return kind and body of an evaluation, None where another has done it."""
    rows = await all_rows(
        tx, "SELECT kind, body FROM pending_evaluation WHERE evaluation_id = :id", id=evaluation_id
    )
    return (rows[0]["kind"], rows[0]["body"]) if rows else None


async def take_pending(tx: Transaction, evaluation_id: str) -> bool:
    """End an evaluation; False when another has done it."""
    ended = await tx.execute(
        sql("DELETE FROM pending_evaluation WHERE evaluation_id = :id"), {"id": evaluation_id}
    )
    return bool(ended.rowcount)


async def keep_results(
    tx: Transaction,
    job_order_id: str,
    gate: str,
    version: int,
    judged: Sequence[Judged],
    at: datetime,
) -> None:
    """Keep each value with the limits it was held against."""
    if not judged:
        return
    columns = {
        "lots": [item.lot_id for item in judged],
        "characteristics": [item.characteristic for item in judged],
        "values": [_value(item.value)["value"] for item in judged],
        "words": [_value(item.value)["words"] for item in judged],
        "units": [item.unit for item in judged],
        "lows": [item.low for item in judged],
        "highs": [item.high for item in judged],
        "guards": [item.guard for item in judged],
        "protocols": [item.protocol for item in judged],
        "waivers": [item.waiver_id for item in judged],
        "dispositions": [item.disposition for item in judged],
        "reasons": [item.reason for item in judged],
    }
    await tx.execute(
        sql("""
            INSERT INTO result (job_order_id, gate, specification_version, evaluated_at, lot_id,
                characteristic, value, words, unit, low, high, guard, protocol, waiver_id,
                disposition, reason)
            SELECT :job_order_id, :gate, CAST(:version AS integer), :at, r.* FROM unnest(
                CAST(:lots AS text[]), CAST(:characteristics AS text[]),
                CAST(:values AS double precision[]), CAST(:words AS text[]),
                CAST(:units AS text[]), CAST(:lows AS double precision[]),
                CAST(:highs AS double precision[]), CAST(:guards AS double precision[]),
                CAST(:protocols AS text[]), CAST(:waivers AS text[]),
                CAST(:dispositions AS text[]), CAST(:reasons AS text[])) AS r"""),
        {**columns, "job_order_id": job_order_id, "gate": gate, "version": version, "at": at},
    )


async def keep_verdict(
    tx: Transaction, gate: str, pellet_lot_id: str, found: Verdict
) -> list[Verdict]:
    """Keep what one witness or sample says of its pellet lot; return all that have spoken."""
    await tx.execute(
        sql("""
            INSERT INTO verdict (gate, pellet_lot_id, lot_id, body)
            VALUES (:gate, :pellet_lot_id, :lot_id, CAST(:body AS jsonb))
            ON CONFLICT (gate, pellet_lot_id, lot_id) DO UPDATE
            SET body = excluded.body, number = nextval('verdict_number')"""),
        {
            "gate": gate,
            "pellet_lot_id": pellet_lot_id,
            "lot_id": found.lot_id,
            "body": json.dumps(asdict(found)),
        },
    )
    rows = await all_rows(
        tx,
        """
        SELECT body, number FROM verdict WHERE gate = :gate AND pellet_lot_id = :pellet_lot_id
        ORDER BY lot_id""",
        gate=gate,
        pellet_lot_id=pellet_lot_id,
    )
    return [
        Verdict(
            **{
                **row["body"],
                "decisive": Judged(**row["body"]["decisive"]),
                "order": row["number"],
            }
        )
        for row in rows
    ]


async def keep_disposition(tx: Transaction, job_order_id: str, event: DispositionDecided) -> None:
    """Keep a decision as it was published."""
    await tx.execute(
        sql("""
            INSERT INTO disposition (job_order_id, lot_id, gate, disposition, body, evaluated_at)
            VALUES (:job_order_id, :lot_id, :gate, :disposition, CAST(:body AS jsonb), :at)"""),
        {
            "job_order_id": job_order_id,
            "lot_id": event.lot_id,
            "gate": event.gate,
            "disposition": event.disposition,
            "body": event.model_dump_json(),
            "at": event.evaluated_at,
        },
    )


async def was_blocked(tx: Transaction, gate: str, lot_id: str) -> bool:
    """Tell whether the newest decision of a gate over a lot did not release it."""
    newest: str | None = await tx.scalar(
        sql("""
            SELECT disposition FROM disposition WHERE (lot_id, gate) = (:lot_id, :gate)
            ORDER BY id DESC LIMIT 1"""),
        {"lot_id": lot_id, "gate": gate},
    )
    return newest not in (None, "released")


def _value(value: float | str | None) -> dict[str, float | str | None]:
    words = value if isinstance(value, str) else None
    return {"value": None if isinstance(value, str) else value, "words": words}


def _measured(row: RowMapping) -> TestResult:
    value: float | str | None = row["words"] if row["words"] is not None else row["value"]
    return TestResult.model_validate({**row, "value": value})
