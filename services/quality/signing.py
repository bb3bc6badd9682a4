"""Keeps signatures: each is a record of its own, and nobody signs the same record twice."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.quality.signatures import (
    Purpose,
    SignatureGiven,
    SignatureRule,
    Standing,
    canonical,
    digest,
    require_role,
    same_person,
    standard_rule,
)
from services.quality.store import all_rows
from shared.db import sql
from shared.errors import ConflictError
from shared.events import RecordSigned
from shared.masterdata import keep_version
from shared.outbox import Outbox
from shared.transaction import Transaction


async def add_rule(tx: Transaction, rule: SignatureRule) -> None:
    """Keep a version of a rule.

    Raises:
        ConflictError: this version exists with other content; a change is a new version.
    """
    await keep_version(tx, "signature_rule", ("purpose", "version"), rule)


async def rule_of(tx: Transaction, purpose: Purpose) -> SignatureRule:
    """Return the newest rule of a purpose, the standard one where there is none."""
    rows = await all_rows(
        tx,
        """
        SELECT body FROM signature_rule WHERE purpose = :purpose
        ORDER BY version DESC LIMIT 1""",
        purpose=purpose,
    )
    return SignatureRule.model_validate(rows[0]["body"]) if rows else standard_rule(purpose)


class Signing:
    """Takes signatures and says them, in the caller's transaction."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def sign(
        self,
        tx: Transaction,
        purpose: Purpose,
        record: Mapping[str, Any],
        given: SignatureGiven,
        at: datetime,
        roles: Sequence[str] = (),
    ) -> Standing:
        """Keep one person's signature of a record with `kind`, `id` and `lot_id`.

        Raises:
            ConflictError: the person has signed it, or was shown another form of it.
            NotAllowedError: the role may not sign it.
        """
        rule, sha256 = await rule_of(tx, purpose), digest(record)
        require_role(rule, roles, given)
        about = f"{record['kind']} {record['id']}"
        if given.record_sha256 is not None and given.record_sha256 != sha256:
            raise ConflictError(
                f"{about} has changed since it was shown to {given.person}; look and sign again",
                {"record_sha256": sha256},
            )
        row = {
            **given.model_dump(),
            "purpose": purpose,
            "kind": record["kind"],
            "id": record["id"],
            "sha256": sha256,
            "record": canonical(record),
            "person_key": same_person(given.person),
            "at": at,
        }
        if not await _keep(tx, row):
            raise ConflictError(
                f"{given.person} has signed {about} already; the next signature is another "
                "person's",
                {"record_sha256": sha256},
            )
        signed = RecordSigned(
            lot_id=record["lot_id"],
            record_kind=record["kind"],
            record_id=record["id"],
            record_sha256=sha256,
            purpose=purpose,
            person=given.person,
            printed_name=given.printed_name,
            role=given.role,
            meaning=given.meaning,
            signed_at=at,
            authentication=given.authentication,
        )
        await self._outbox.record(tx, signed)
        count: int | None = await tx.scalar(
            sql("""
                SELECT count(*) FROM signature
                WHERE (record_kind, record_id, record_sha256) = (:kind, :id, :sha256)"""),
            {"kind": record["kind"], "id": record["id"], "sha256": sha256},
        )
        return Standing(
            record_sha256=sha256, signed_count=count or 0, needed_count=rule.needed_count
        )


async def _keep(tx: Transaction, row: Mapping[str, Any]) -> bool:
    added = await tx.execute(
        sql("""
            INSERT INTO signature (record_kind, record_id, record_sha256, record, purpose, person,
                person_key, printed_name, role, meaning, signed_at, authentication)
            VALUES (:kind, :id, :sha256, :record, :purpose, :person, :person_key, :printed_name,
                :role, :meaning, :at, :authentication)
            ON CONFLICT (record_kind, record_id, person_key) DO NOTHING"""),
        row,
    )
    return bool(added.rowcount)


async def signatures(tx: Transaction, kind: str, record_id: str) -> list[dict[str, Any]]:
    """Return the signatures of a record, oldest first."""
    rows = await all_rows(
        tx,
        """
        SELECT record_sha256, purpose, person, printed_name, role, meaning, signed_at,
               authentication
        FROM signature WHERE (record_kind, record_id) = (:kind, :id) ORDER BY signature_id""",
        kind=kind,
        id=record_id,
    )
    return [dict(row) for row in rows]
