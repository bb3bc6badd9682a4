"""Recalls: from anything that an event names to all lots it touched, and a hold of them all."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.trace import concern
from services.trace.domain import NodeKind
from shared.clock import Clock
from shared.db import sql
from shared.errors import ConflictError, NotFoundError
from shared.events import LotsRecalled, RecallEnded
from shared.instants import Instant
from shared.outbox import Outbox
from shared.transaction import Transaction

LOTS_IN_AN_EVENT = 1000


class Wanted(BaseModel):
    """From what a recall starts: a lot, a job order or what touched them, in a time window.

    node_id also stands for what is below it: an area for its equipment, a tester for its channels,
    a furnace or a tray for its places, a recipe without `@version` for all its versions. A sensor
    (`equipment_id/signal`) stands for what was decided by it, and for all that its machine did. A
    person stands for what names it and for all that was done while it operated the machine.
    from_at, to_at: plant time, None: all time.
    """

    model_config = ConfigDict(extra="forbid")

    kind: NodeKind | Literal["lot", "job_order"]
    node_id: str = Field(min_length=1, max_length=300)
    from_at: Instant | None = None
    to_at: Instant | None = None

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.from_at and self.to_at and self.to_at < self.from_at:
            raise ValueError(
                f"to_at {self.to_at} lies before from_at {self.from_at}: exchange them"
            )
        return self


class Signed(BaseModel):
    """Who signs: at the gateway with login and password each time, as the role, in this meaning.

    authentication: how it was found out who it is; None: not by the gateway.
    """

    model_config = ConfigDict(extra="forbid")

    person: str = Field(min_length=1, max_length=200)
    printed_name: str | None = Field(default=None, max_length=200)
    role: str | None = Field(default=None, max_length=60)
    meaning: str | None = Field(default=None, max_length=200)
    authentication: str | None = Field(default=None, max_length=200)


SIGNATURE = tuple(Signed.model_fields)


class RecallOrder(Signed, Wanted):
    """A recall as a person signs it. seen_sha256: `sha256` of the dry run that the person saw."""

    reason: str = Field(min_length=1, max_length=1000)
    seen_sha256: str = Field(pattern="^[0-9a-f]{64}$")


class RecallChange(Signed):
    """Who ends a recall, and why."""

    reason: str = Field(min_length=1, max_length=1000)


def fingerprint(wanted: Wanted, lot_ids: Iterable[str]) -> str:
    """Return the hash of what a person sees in a dry run: from what, and which lots."""
    times = [at.isoformat() if at else None for at in (wanted.from_at, wanted.to_at)]
    seen = [wanted.kind, wanted.node_id, *times, sorted(lot_ids)]
    return hashlib.sha256(json.dumps(seen, ensure_ascii=False).encode()).hexdigest()


async def dry_run(tx: Transaction, wanted: Wanted) -> dict[str, Any]:
    """Return what a recall would hold, with where it is now, and change nothing.

    Raises:
        NotFoundError: no event names this.
    """
    lot_ids = await _lots_of(tx, wanted)
    shown = await concern.where(tx, lot_ids)
    return {"sha256": fingerprint(wanted, lot_ids), **_summary(shown), "lots": shown}


async def _lots_of(tx: Transaction, wanted: Wanted) -> list[str]:
    seeds = await concern.seeds(tx, wanted.kind, wanted.node_id, wanted.from_at, wanted.to_at)
    if not seeds and not await concern.is_known(tx, wanted.kind, wanted.node_id):
        raise NotFoundError(f"no event names the {wanted.kind} {wanted.node_id}")
    return await concern.below(tx, seeds)


def _summary(shown: Sequence[dict[str, Any]]) -> dict[str, Any]:
    materials: dict[str, int] = {}
    for lot in shown:
        name = lot["material_definition_id"] or "unknown"
        materials[name] = materials.get(name, 0) + 1
    return {
        "lot_count": len(shown),
        "end_count": sum(lot["is_end"] for lot in shown),
        "held_count": sum(bool(lot["holds"]) for lot in shown),
        "materials": dict(sorted(materials.items())),
    }


class Recalls:
    """Orders and ends recalls, and follows what is made of recalled lots."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox, self._clock = outbox, clock

    async def order(self, tx: Transaction, order: RecallOrder) -> dict[str, Any]:
        """Hold all that is concerned, in the person's name.

        Raises:
            NotFoundError: no event names this.
            ConflictError: what is concerned is no longer what the person saw.
        """
        await concern.wait_for_genealogy(tx)
        lot_ids = await _lots_of(tx, order)
        sha256 = fingerprint(order, lot_ids)
        if sha256 != order.seen_sha256:
            raise ConflictError(
                f"{len(lot_ids)} lots are concerned by now, not those that were shown: look again",
                {"sha256": sha256, "lot_count": len(lot_ids)},
            )
        values = order.model_dump() | {"ordered_at": self._clock.now()}
        number = await tx.scalar(
            sql("""
                INSERT INTO recall (node_kind, node_id, from_at, to_at, person, reason,
                                    seen_sha256, ordered_at, printed_name, role, meaning,
                                    authentication)
                VALUES (:kind, :node_id, :from_at, :to_at, :person, :reason, :seen_sha256,
                        :ordered_at, :printed_name, :role, :meaning, :authentication)
                RETURNING number"""),
            values,
        )
        await _add(tx, number or 0, lot_ids)
        await self._say(tx, number or 0, lot_ids)
        return {"recall_id": _id_of(number or 0), "lot_count": len(lot_ids), "sha256": sha256}

    async def follow(self, tx: Transaction, pairs: Sequence[tuple[str, str]]) -> None:
        """Recall what was made of recalled lots. pairs: (parent, child), already kept."""
        rows = await tx.execute(
            sql("""
                SELECT DISTINCT r.number, made.child FROM recall_lot r
                JOIN unnest(CAST(:parents AS text[]), CAST(:children AS text[]))
                    AS made (parent, child) ON made.parent = r.lot_id
                WHERE NOT EXISTS (SELECT 1 FROM recall_end e WHERE e.number = r.number)
                  AND NOT EXISTS (SELECT 1 FROM recall_lot l
                                  WHERE l.number = r.number AND l.lot_id = made.child)"""),
            {"parents": [one for one, _ in pairs], "children": [one for _, one in pairs]},
        )
        children: dict[int, list[str]] = {}
        for number, lot_id in rows.all():
            children.setdefault(number, []).append(lot_id)
        for number, lot_ids in sorted(children.items()):
            added = await _add(tx, number, await concern.below(tx, lot_ids))
            await self._say(tx, number, added)

    async def end(self, tx: Transaction, recall_id: str, change: RecallChange) -> dict[str, Any]:
        """End a recall; its lots are free of it.

        Raises:
            NotFoundError: there is no such recall.
            ConflictError: it has ended already.
        """
        await concern.wait_for_genealogy(tx)
        found = await one(tx, recall_id)
        if found["ended_at"] is not None:
            raise ConflictError(f"{recall_id} has ended already", {"ended_by": found["ended_by"]})
        values = change.model_dump() | {"number": found["number"], "now": self._clock.now()}
        await tx.execute(
            sql("""
                INSERT INTO recall_end (number, person, reason, ended_at)
                VALUES (:number, :person, :reason, :now)"""),
            values,
        )
        lot_ids = await _kept(tx, found["number"])
        events = [
            RecallEnded(recall_id=recall_id, lot_ids=tuple(part), **change.model_dump())
            for part in _parts(lot_ids)
        ]
        await self._outbox.record(tx, *events)
        return {"recall_id": recall_id, "lot_count": len(lot_ids)}

    async def _say(self, tx: Transaction, number: int, lot_ids: Sequence[str]) -> None:
        found = await one(tx, _id_of(number))
        events = [
            LotsRecalled(
                recall_id=_id_of(number),
                lot_ids=tuple(part),
                **{name: found[name] for name in ORDERED},
            )
            for part in _parts(lot_ids)
        ]
        await self._outbox.record(tx, *events)


ORDERED = ("node_kind", "node_id", "from_at", "to_at", "reason", "seen_sha256", *SIGNATURE)
_RECALL = """
    SELECT r.*, e.ended_at, e.person AS ended_by, e.reason AS ended_because,
           (SELECT count(*) FROM recall_lot l WHERE l.number = r.number) AS lot_count
    FROM recall r LEFT JOIN recall_end e USING (number)"""


async def listed(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return the newest recalls, newest first."""
    statement = f"{_RECALL} ORDER BY r.number DESC LIMIT :limit"
    rows = (await tx.execute(sql(statement), {"limit": limit})).mappings()
    return [{"recall_id": _id_of(row["number"]), **row} for row in rows]


async def one(tx: Transaction, recall_id: str) -> dict[str, Any]:
    """Return one recall without its lots.

    Raises:
        NotFoundError: there is no such recall.
    """
    statement = f"{_RECALL} WHERE r.number = :number"
    text = recall_id.removeprefix("recall-")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
    row = (await tx.execute(sql(statement), {"number": number})).mappings().first()
    if row is None or _id_of(number) != recall_id:
        raise NotFoundError(f"there is no recall {recall_id}")
    return {"recall_id": recall_id, **row}


async def whole(tx: Transaction, recall_id: str) -> dict[str, Any]:
    """Return a recall with its lots and where they are now.

    Raises:
        NotFoundError: there is no such recall.
    """
    found = await one(tx, recall_id)
    shown = await concern.where(tx, await _kept(tx, found["number"]))
    return found | _summary(shown) | {"lots": shown}


async def _add(tx: Transaction, number: int, lot_ids: Sequence[str]) -> list[str]:
    """Add lots to a recall; return those that were not in it, sorted."""
    statement = """
        INSERT INTO recall_lot (number, lot_id)
        SELECT :number, lot_id FROM unnest(CAST(:lot_ids AS text[])) AS lot_id
        ON CONFLICT DO NOTHING RETURNING lot_id"""
    return sorted(await tx.scalars(sql(statement), {"number": number, "lot_ids": list(lot_ids)}))


async def _kept(tx: Transaction, number: int) -> list[str]:
    statement = "SELECT lot_id FROM recall_lot WHERE number = :number ORDER BY lot_id"
    return list(await tx.scalars(sql(statement), {"number": number}))


def _parts(lot_ids: Sequence[str]) -> list[Sequence[str]]:
    """Return them in parts that an event can hold; an empty recall is one part."""
    starts = range(0, max(1, len(lot_ids)), LOTS_IN_AN_EVENT)
    return [lot_ids[start : start + LOTS_IN_AN_EVENT] for start in starts]


def _id_of(number: int) -> str:
    return f"recall-{number}"
