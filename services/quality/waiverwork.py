"""Proposes, signs and revokes waivers; what they bear on is judged again at once."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.quality import masterdata, signing, store
from services.quality.domain import TestSpecification
from services.quality.signatures import SignatureGiven, Standing
from services.quality.signing import Signing
from services.quality.store import Passage, all_rows
from services.quality.waivers import Waiver, WaiverProposal, WaiverState, require_sound
from shared.clock import Clock
from shared.db import Database, sql
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.events import WaiverChanged
from shared.outbox import Outbox
from shared.transaction import Transaction

WAIVER = "waiver"


class WaiverDesk:
    """What people do with waivers, each in the caller's transaction."""

    def __init__(self, database: Database, outbox: Outbox, clock: Clock, signing: Signing) -> None:
        self._database, self._outbox, self._clock = database, outbox, clock
        self._signing = signing

    async def propose(self, tx: Transaction, proposal: WaiverProposal) -> dict[str, Any]:
        """Keep a waiver with its first signature; it acts when all signatures are there.

        Raises:
            ConflictError: the id is taken.
            InvalidInputError: no such gate, or the waiver is not sound.
            NotAllowedError: the role may not sign it.
        """
        now = self._clock.now()
        spec = await _specification(tx, proposal.product_id, proposal.operation, proposal.gate)
        require_sound(proposal, spec, now)
        record = proposal.record()
        added = await tx.execute(
            sql("""
                INSERT INTO waiver (waiver_id, product_id, operation, gate, lot_ids, body, state,
                    expires_at, proposed_at)
                VALUES (:waiver_id, :product_id, :operation, :gate, :lot_ids,
                    CAST(:body AS jsonb), 'proposed', :expires_at, :now)
                ON CONFLICT DO NOTHING"""),
            {
                **proposal.model_dump(
                    include={"waiver_id", "product_id", "operation", "gate", "expires_at"}
                ),
                "lot_ids": list(proposal.lot_ids),
                "body": json.dumps(record),
                "now": now,
            },
        )
        if not added.rowcount:
            raise ConflictError(f"waiver {proposal.waiver_id} exists; choose another id")
        return await self._signed(tx, record, spec, proposal.signature, now)

    async def sign(self, tx: Transaction, waiver_id: str, given: SignatureGiven) -> dict[str, Any]:
        """Add a signature to a proposed waiver.

        Raises:
            NotFoundError: no such waiver.
            ConflictError: it is not proposed, has expired, or the person signed it.
        """
        now = self._clock.now()
        row = await _locked(tx, waiver_id)
        if row["state"] != "proposed" or row["expires_at"] <= now:
            raise ConflictError(
                f"waiver {waiver_id} is {row['state']} and ends {row['expires_at'].isoformat()}; "
                "propose another one",
                {"state": row["state"]},
            )
        spec = await _specification(tx, row["product_id"], row["operation"], row["gate"])
        return await self._signed(tx, row["body"], spec, given, now)

    async def revoke(
        self, tx: Transaction, waiver_id: str, given: SignatureGiven
    ) -> dict[str, Any]:
        """End a waiver; what was released under it is judged again without it.

        Raises:
            NotFoundError: no such waiver.
            ConflictError: it is revoked already.
        """
        now = self._clock.now()
        row = await _locked(tx, waiver_id)
        if row["state"] == "revoked":
            raise ConflictError(f"waiver {waiver_id} is revoked already", {"state": "revoked"})
        revocation = {**row["body"], "kind": "waiver_revocation"}
        standing = await self._signing.sign(tx, "closing", revocation, given, now)
        await self._move(tx, row["body"], "revoked", given.person, now)
        return _answer(row["body"], "revoked", standing)

    async def _signed(
        self,
        tx: Transaction,
        record: dict[str, Any],
        spec: TestSpecification,
        given: SignatureGiven,
        now: datetime,
    ) -> dict[str, Any]:
        roles = spec.may_release or ()
        standing = await self._signing.sign(tx, "waiver", record, given, now, roles)
        state: WaiverState = "in_force" if standing.is_complete else "proposed"
        await self._move(tx, record, state, given.person, now)
        return _answer(record, state, standing)

    async def _move(
        self,
        tx: Transaction,
        record: dict[str, Any],
        state: WaiverState,
        person: str,
        now: datetime,
    ) -> None:
        """Set and say the state; what the waiver begins or ceases to cover is judged again."""
        await tx.execute(
            sql("UPDATE waiver SET state = :state, moved_at = :now WHERE waiver_id = :id"),
            {"state": state, "id": record["id"], "now": now},
        )
        if state != "proposed":
            lots = record["lot_ids"]
            await store.reopen(tx, lots, record["product_id"], record["operation"])
        told = {"gate", "characteristic", "lot_ids", "reason", "expires_at", "lot_id"}
        changed = WaiverChanged(
            waiver_id=record["id"],
            state=state,
            person=person,
            **{name: record[name] for name in told},
        )
        await self._outbox.record(tx, changed)
        self._database.committed.set()


async def in_force(
    tx: Transaction, passage: Passage, gate: str, lot_ids: Sequence[str], now: datetime
) -> list[Waiver]:
    """Return the waivers of a gate that bear on some lots now."""
    rows = await all_rows(
        tx,
        """
        SELECT waiver_id, body FROM waiver
        WHERE state = 'in_force' AND expires_at > :now AND product_id = :product_id
          AND operation = :operation AND gate = :gate AND lot_ids && CAST(:lot_ids AS text[])
        ORDER BY waiver_id""",
        now=now,
        product_id=passage.product_id,
        operation=passage.operation,
        gate=gate,
        lot_ids=list(lot_ids),
    )
    return [
        Waiver(
            waiver_id=row["waiver_id"],
            characteristic=row["body"]["characteristic"],
            lot_ids=frozenset(row["body"]["lot_ids"]),
            low=row["body"]["low"],
            high=row["body"]["high"],
        )
        for row in rows
    ]


async def shown(tx: Transaction, now: datetime, limit: int) -> list[dict[str, Any]]:
    """Return waivers, newest first, with their signatures; `acts` says whether one counts now."""
    rows = await all_rows(
        tx,
        "SELECT waiver_id FROM waiver ORDER BY proposed_at DESC, waiver_id LIMIT :limit",
        limit=limit,
    )
    return await these(tx, [row["waiver_id"] for row in rows], now)


async def these(tx: Transaction, waiver_ids: Sequence[str], now: datetime) -> list[dict[str, Any]]:
    """Return some waivers, newest first, with their signatures; `acts`: whether one counts now."""
    rows = await all_rows(
        tx,
        """
        SELECT waiver_id, body, state, expires_at, proposed_at, moved_at,
               state = 'in_force' AND expires_at > :now AS acts
        FROM waiver WHERE waiver_id = ANY(:ids) ORDER BY proposed_at DESC, waiver_id""",
        now=now,
        ids=list(waiver_ids),
    )
    return [
        {**dict(row), "signatures": await signing.signatures(tx, WAIVER, row["waiver_id"])}
        for row in rows
    ]


async def _locked(tx: Transaction, waiver_id: str) -> Any:
    rows = await all_rows(tx, "SELECT * FROM waiver WHERE waiver_id = :id FOR UPDATE", id=waiver_id)
    if not rows:
        raise NotFoundError(f"waiver {waiver_id} does not exist")
    return rows[0]


async def _specification(
    tx: Transaction, product_id: str, operation: str, gate: str
) -> TestSpecification:
    for spec in await masterdata.specifications(tx, product_id, operation):
        if spec.gate == gate:
            return spec
    raise InvalidInputError(f"{product_id} has no gate {gate} after {operation}")


def _answer(record: dict[str, Any], state: WaiverState, standing: Standing) -> dict[str, Any]:
    return {
        "waiver_id": record["id"],
        "state": state,
        "record_sha256": standing.record_sha256,
        "signed_count": standing.signed_count,
        "needed_count": standing.needed_count,
    }
