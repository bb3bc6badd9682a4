"""Releases that a person signs: the gate has found all good, and blocks until somebody says so."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from services.quality import signing
from services.quality.domain import Identifier, Input, Name
from services.quality.gates import Decision
from services.quality.signatures import SignatureGiven, digest
from services.quality.store import Passage, all_rows
from services.quality.waivers import LotId
from shared.db import sql
from shared.errors import NotFoundError
from shared.transaction import Transaction

KIND = "release"
WAITS = "waits for the signature of its release: "
_DECISION: TypeAdapter[Decision] = TypeAdapter(Decision)


class ReleaseSigned(Input):
    """Which release of a gate is signed, and the signature."""

    job_order_id: Identifier | LotId
    gate: Name
    lot_id: LotId
    signature: SignatureGiven


def until_signed(decision: Decision) -> Decision:
    """Return what holds until a release is signed: nothing goes on, and nothing is amiss."""
    parts = tuple(
        part.model_copy(update={"disposition": "blocked", "reason": WAITS + part.reason})
        if part.disposition == "released"
        else part
        for part in decision.parts
    )
    return replace(decision, disposition="blocked", reason=WAITS + decision.reason, parts=parts)


async def keep(
    tx: Transaction, passage: Passage, gate: str, version: int, decision: Decision, now: datetime
) -> None:
    """Keep a release until it is signed; one that waits over the same lot is void."""
    await drop(tx, gate, decision.lot_id)
    body = json.loads(_DECISION.dump_json(decision))
    key = f"{passage.job_order_id}-{gate}-{decision.lot_id}"
    record = {
        "kind": KIND,
        "id": f"{key}-{now:%Y%m%dT%H%M%S%f}",
        "lot_id": decision.lot_id,
        "gate": gate,
        "job_order_id": passage.job_order_id,
        "specification_version": version,
        "decision": body,
    }
    await tx.execute(
        sql("""
            INSERT INTO waiting_release (gate, lot_id, job_order_id, record, kept_at)
            VALUES (:gate, :lot_id, :job_order_id, CAST(:record AS jsonb), :now)"""),
        {
            "gate": gate,
            "lot_id": decision.lot_id,
            "job_order_id": passage.job_order_id,
            "record": json.dumps(record),
            "now": now,
        },
    )


async def drop(tx: Transaction, gate: str, lot_id: str) -> None:
    """End what waits of a gate over a lot: it was signed, or the gate decided anew."""
    await tx.execute(
        sql("DELETE FROM waiting_release WHERE (gate, lot_id) = (:gate, :lot_id)"),
        {"gate": gate, "lot_id": lot_id},
    )


async def locked(tx: Transaction, given: ReleaseSigned) -> tuple[dict[str, Any], Decision]:
    """Return the record that is signed and the decision in it.

    Raises:
        NotFoundError: no such release waits.
    """
    rows = await all_rows(
        tx,
        """
        SELECT record FROM waiting_release
        WHERE (gate, lot_id, job_order_id) = (:gate, :lot_id, :job_order_id) FOR UPDATE""",
        **given.model_dump(include={"gate", "lot_id", "job_order_id"}),
    )
    if not rows:
        raise NotFoundError(
            f"no release of {given.lot_id} by gate {given.gate} waits for a signature"
        )
    record: dict[str, Any] = rows[0]["record"]
    return record, _DECISION.validate_python(record["decision"])


async def of_job_order(tx: Transaction, job_order_id: str) -> list[dict[str, Any]]:
    """Return the releases of a job order that wait, with what is signed and who signed so far."""
    rows = await all_rows(
        tx,
        "SELECT gate, lot_id, record, kept_at FROM waiting_release WHERE job_order_id = :id",
        id=job_order_id,
    )
    return [
        {
            "gate": row["gate"],
            "lot_id": row["lot_id"],
            "reason": row["record"]["decision"]["reason"],
            "kept_at": row["kept_at"],
            "record_sha256": digest(row["record"]),
            "signatures": await signing.signatures(tx, KIND, row["record"]["id"]),
        }
        for row in rows
    ]
