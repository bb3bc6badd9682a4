"""The furnace plan in force and the pins of people in the sintering service's database."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.sintering.replan import Slot
from shared.db import sql
from shared.errors import NotFoundError
from shared.transaction import Transaction

KEPT_CHANGES = 20


@dataclass(frozen=True, kw_only=True)
class Change:
    """What made a version of the plan, in words for people."""

    version: int
    at: datetime
    why: str


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The plan in force.

    basis: what it was made for; a plan is made anew when that is another. figures: objective, bound
    and gap where they were computed. changes: what made the newest versions, newest first.
    """

    version: int
    slots: tuple[Slot, ...]
    basis: dict[str, Any]
    figures: dict[str, Any]
    changes: tuple[Change, ...] = ()

    def next(self, at: datetime, why: str) -> "Kept":
        """Return it as its next version, made at a time for a reason."""
        made = Change(version=self.version + 1, at=at, why=why)
        kept = (made, *self.changes)[:KEPT_CHANGES]
        return replace(self, version=made.version, changes=kept)

    def since(self, version: int) -> tuple[Change, ...]:
        """Return what changed after a version, newest first, as far as it is still known."""
        return tuple(change for change in self.changes if change.version > version)


async def plan_in_force(tx: Transaction, *, lock: bool) -> Kept:
    """Return the plan in force; `lock` keeps others from changing it until the end of `tx`."""
    statement = f"SELECT version, body FROM furnace_plan {'FOR UPDATE' if lock else ''}"
    row = (await tx.execute(sql(statement))).mappings().one()
    body = json.loads(row["body"])
    return Kept(
        version=row["version"],
        slots=tuple(_slot(item) for item in body["slots"]),
        basis=body["basis"],
        figures=body["figures"],
        changes=tuple(
            Change(**{**item, "at": datetime.fromisoformat(item["at"])})
            for item in body.get("changes", ())
        ),
    )


async def keep_plan(tx: Transaction, plan: Kept) -> None:
    """Put a plan in force."""
    body = {
        "slots": [_record(slot) for slot in plan.slots],
        "basis": plan.basis,
        "figures": plan.figures,
        "changes": [{**vars(item), "at": item.at.isoformat()} for item in plan.changes],
    }
    statement = "UPDATE furnace_plan SET version = :version, body = :body"
    await tx.execute(sql(statement), {"version": plan.version, "body": json.dumps(body)})


async def pins(tx: Transaction) -> tuple[Slot, ...]:
    """Return the loads that people pinned, oldest first."""
    statement = "SELECT * FROM furnace_pin ORDER BY pinned_at, pin_id"
    rows = (await tx.execute(sql(statement))).mappings()
    return tuple(
        Slot(
            equipment_id=row["equipment_id"],
            job_order_ids=tuple(row["job_order_ids"]),
            start_at=row["start_at"],
            pin_id=row["pin_id"],
            person=row["person"],
        )
        for row in rows
    )


async def keep_pin(tx: Transaction, slot: Slot, at: datetime) -> None:
    """Keep a new pin."""
    statement = """
        INSERT INTO furnace_pin (pin_id, equipment_id, job_order_ids, start_at, pinned_at, person)
        VALUES (:pin_id, :equipment_id, CAST(:job_order_ids AS jsonb), :start_at, :pinned_at,
            :person)"""
    ids = json.dumps(slot.job_order_ids)
    await tx.execute(sql(statement), {**vars(slot), "job_order_ids": ids, "pinned_at": at})


async def drop_pin(tx: Transaction, pin_id: str) -> None:
    """Forget a pin.

    Raises:
        NotFoundError: no such pin.
    """
    statement = "DELETE FROM furnace_pin WHERE pin_id = :pin_id"
    if not (await tx.execute(sql(statement), {"pin_id": pin_id})).rowcount:
        raise NotFoundError(f"furnace pin {pin_id} does not exist")


def _record(slot: Slot) -> dict[str, Any]:
    start_at = slot.start_at.isoformat() if slot.start_at else None
    return {
        "equipment_id": slot.equipment_id,
        "job_order_ids": slot.job_order_ids,
        "start_at": start_at,
        "pin_id": slot.pin_id,
    }


def _slot(item: dict[str, Any]) -> Slot:
    start_at = item["start_at"]
    return Slot(
        equipment_id=item["equipment_id"],
        job_order_ids=tuple(item["job_order_ids"]),
        start_at=datetime.fromisoformat(start_at) if start_at else None,
        pin_id=item["pin_id"],
    )
