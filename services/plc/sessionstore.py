"""The sessions of PLCs in the service's database."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from shared.db import sql
from shared.transaction import Transaction


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """What it takes to let a session go on: who may take it up, with what, and what it watches.

    nonce: what the client signs next. subscriptions: JSON, of `services/plc/resumption.py`.
    """

    token: bytes
    session_id: UUID
    user_name: str
    certificate: bytes
    nonce: bytes
    timeout_s: float
    subscriptions: str


async def sessions(tx: Transaction) -> list[SessionRow]:
    """Return the sessions that had not ended."""
    statement = """
        SELECT token, session_id, user_name, certificate, nonce, timeout_s, subscriptions
        FROM plc_session"""
    rows = (await tx.execute(sql(statement))).mappings()
    return [
        SessionRow(
            token=bytes(row["token"]),
            session_id=row["session_id"],
            user_name=row["user_name"],
            certificate=bytes(row["certificate"]),
            nonce=bytes(row["nonce"]),
            timeout_s=row["timeout_s"],
            subscriptions=row["subscriptions"],
        )
        for row in rows
    ]


async def keep_sessions(tx: Transaction, rows: Sequence[SessionRow], at: datetime) -> None:
    """Keep sessions as they are now."""
    statement = """
        INSERT INTO plc_session (token, session_id, user_name, certificate, nonce, timeout_s,
                                 subscriptions, kept_at)
        VALUES (:token, :session_id, :user_name, :certificate, :nonce, :timeout_s,
                :subscriptions, :at)
        ON CONFLICT (token) DO UPDATE
            SET nonce = excluded.nonce, user_name = excluded.user_name,
                subscriptions = excluded.subscriptions, kept_at = excluded.kept_at"""
    if rows:
        await tx.execute(sql(statement), [asdict(row) | {"at": at} for row in rows])


async def end_sessions(tx: Transaction, tokens: Collection[bytes]) -> None:
    """Forget sessions that have ended."""
    statement = "DELETE FROM plc_session WHERE token = :token"
    if tokens:
        await tx.execute(sql(statement), [{"token": token} for token in tokens])
