"""Judging again: new results stand beside the old ones, with who asked and why."""

from datetime import datetime
from typing import Any

from services.quality import store
from services.quality.domain import Input
from services.quality.signatures import Words
from services.quality.store import all_rows
from shared.db import Database, sql
from shared.errors import NotFoundError
from shared.transaction import Transaction


class Reevaluation(Input):
    """Who asks for it and why."""

    person: Words
    reason: Words


async def again(
    tx: Transaction, database: Database, job_order_id: str, asked: Reevaluation, now: datetime
) -> dict[str, Any]:
    """Have the gates of an ended job order judge again.

    Raises:
        NotFoundError: no ended job order of this id.
    """
    rows = await all_rows(
        tx, "SELECT lot_id FROM passage WHERE job_order_id = :id FOR UPDATE", id=job_order_id
    )
    if not rows:
        raise NotFoundError(f"ended job order {job_order_id} does not exist")
    await tx.execute(
        sql("""
            INSERT INTO reevaluation (job_order_id, person, reason, asked_at)
            VALUES (:id, :person, :reason, :now)"""),
        {"id": job_order_id, **asked.model_dump(), "now": now},
    )
    await store.set_decided(tx, job_order_id, decided=False)
    database.committed.set()
    return {"job_order_id": job_order_id, "lot_id": rows[0]["lot_id"], "state": "to be judged"}
