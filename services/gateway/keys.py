"""Keys of programs that ask the gateway: roles as scopes, an end, and whoever made them."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field, model_validator
from sqlalchemy import RowMapping

from services.gateway import keystore as store
from services.gateway.grants import Limit, Limited, in_force
from services.gateway.persons import Caller, Login
from services.gateway.personstore import as_json
from services.gateway.roles import ROLES, Role
from services.gateway.sessions import KNOWN_FOR, MOST_KNOWN, NOTED_EVERY, hash_of
from shared.db import Database
from shared.errors import NotFoundError, ServiceUnreachableError
from shared.events import OperatorActed
from shared.ids import time_ordered_id
from shared.outbox import Outbox
from shared.transaction import Transaction

BEGINNING = "hk_"  # by which a scanner knows a key that was left lying about
LONGEST_DAYS = 730
KEY_BYTES = 32


class NewKey(Limited):
    """A key for the account of a program; several of one account may be valid while one rotates."""

    account: Login
    roles: list[Role] = Field(min_length=1, max_length=len(ROLES))
    valid_days: int = Field(default=365, ge=1, le=LONGEST_DAYS)

    @model_validator(mode="after")
    def _never_administers(self) -> "NewKey":
        if "administrator" in self.roles:
            raise ValueError("roles: a key may not administer persons")
        return self


class Keys:
    """Makes, knows and ends keys. now: the wall's time."""

    def __init__(self, database: Database, outbox: Outbox, now: Callable[[], datetime]) -> None:
        self._database, self._outbox, self._now = database, outbox, now
        self._known: dict[bytes, tuple[RowMapping, datetime]] = {}

    async def caller(self, key: str) -> Caller | None:
        """Return the account of a key, None when there is none, or the key has ended.

        Raises:
            ServiceUnreachableError: the database is away and the key was not known before.
        """
        if not key.startswith(BEGINNING):
            return None
        hashed, now = hash_of(key), self._now()
        row, until = self._known.get(hashed, (None, now))
        if row is None or now >= until:
            try:
                row = await self._looked_up(hashed, now)
            except ServiceUnreachableError:
                if row is None:
                    raise
        if row is None or now >= row["valid_until"]:
            self._known.pop(hashed, None)
            return None
        return _caller(row, now)

    async def listed(self) -> list[dict[str, Any]]:
        """Return all keys, ended ones too, without what is secret."""
        async with self._database.quiet() as tx:
            return await store.keys(tx)

    async def make(self, new: NewKey, by: Caller) -> dict[str, Any]:
        """Make a key; this answer alone has it."""
        key_id, key = str(time_ordered_id()), BEGINNING + secrets.token_urlsafe(KEY_BYTES)
        now = self._now()
        until = now + timedelta(days=new.valid_days)
        async with self._database.begin() as tx:
            await store.add(
                tx,
                {
                    "key_id": key_id,
                    "key_hash": hash_of(key),
                    "account": new.account,
                    "roles": sorted(new.roles),
                    "limits": as_json(new.limits or {}),
                    "valid_until": until,
                    "added_at": now,
                    "added_by": by.printed,
                },
            )
            told = f"{', '.join(sorted(new.roles))} until {until:%Y-%m-%d}"
            await self._say(tx, "make_key", f"{new.account} {key_id}", by, told)
        return {
            "key_id": key_id,
            "account": new.account,
            "roles": sorted(new.roles),
            "valid_until": until.isoformat(),
            "key": key,
        }

    async def end(self, tx: Transaction, key_id: str, by: Caller) -> dict[str, Any]:
        """End a key.

        Raises:
            NotFoundError: no such key, or it has ended.
        """
        account = await store.end(tx, key_id, self._now(), by.printed)
        if account is None:
            raise NotFoundError(f"key {key_id} does not exist or has ended")
        await self._say(tx, "end_key", f"{account} {key_id}", by)
        self._known.clear()
        return {"key_id": key_id, "account": account, "ended": True}

    async def _looked_up(self, hashed: bytes, now: datetime) -> RowMapping | None:
        async with self._database.quiet() as tx:
            row = await store.key(tx, hashed)
            if row is None:
                return None
            if row["seen_at"] is None or now - row["seen_at"] > NOTED_EVERY:
                await store.seen(tx, row["key_id"], now)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[hashed] = (row, now + KNOWN_FOR)
        return row

    async def _say(
        self, tx: Transaction, action: str, target: str, by: Caller, reason: str | None = None
    ) -> None:
        event = OperatorActed(action=action, target=target, person=by.printed, reason=reason)
        await self._outbox.record(tx, event)


def _caller(row: RowMapping, now: datetime) -> Caller:
    limits = {role: Limit.model_validate(item) for role, item in row["limits"].items()}
    roles, lapsed = in_force(row["roles"], limits, now.date())
    return Caller(
        login=f"key/{row['account']}",
        name=row["account"],
        roles=roles,
        way="key",
        limits=limits,
        lapsed=lapsed,
    )
