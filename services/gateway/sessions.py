"""Sessions of who signed in: reference tokens, of which only hashes are kept."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping

from services.gateway import personstore as store
from services.gateway.grants import Limit, in_force
from services.gateway.persons import IDLE_BY_WAY, LONGEST_SESSION, Caller, Way
from shared.db import Database
from shared.errors import ServiceUnreachableError
from shared.transaction import Transaction

KNOWN_FOR = timedelta(seconds=5)  # so long another gateway's change of a session is not seen here
NOTED_EVERY = timedelta(minutes=1)
MOST_KNOWN = 1000
TOKEN_BYTES = 32


@dataclass
class _Known:
    """A session as the database last told of it. until: when it is asked anew."""

    caller: Caller
    begun_at: datetime
    used_at: datetime
    until: datetime


class Sessions:
    """Begins, knows and ends sessions. now: the wall's time. most: of one person at once."""

    def __init__(self, database: Database, now: Callable[[], datetime], most: int) -> None:
        self._database, self._now, self._most = database, now, most
        self._known: dict[bytes, _Known] = {}

    async def begin(self, tx: Transaction, login: str, way: Way) -> str:
        """Begin a session; return its token. Too many of one person: the longest unused ends."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await store.begin_session(tx, hash_of(token), login, way, self._now())
        await store.keep_newest_sessions(tx, login, self._most)
        return token

    async def caller(self, token: str) -> Caller | None:
        """Return who a session belongs to, None when it is over.

        While the database is away a known one counts until it would be over, used as here.

        Raises:
            ServiceUnreachableError: the database is away and the session was not known before.
        """
        hashed, now = hash_of(token), self._now()
        known = self._known.get(hashed)
        if known is None or now >= known.until:
            try:
                known = await self._looked_up(hashed, now)
            except ServiceUnreachableError:
                if known is None:
                    raise
        if known is None or _is_over(known.caller.way, known.begun_at, known.used_at, now):
            self._known.pop(hashed, None)
            return None
        known.used_at = now
        return known.caller

    async def holds(self, token: str) -> bool:
        """Say whether a session is in force; looking is no use of it."""
        async with self._database.quiet() as tx:
            row = await store.session(tx, hash_of(token))
        return row is not None and not _over(row, self._now())

    async def end(self, tx: Transaction, token: str) -> None:
        """End a session, and forget those that are over."""
        await store.end_session(tx, hash_of(token))
        longest_idle = max(IDLE_BY_WAY.values())
        now = self._now()
        await store.forget_old_sessions(tx, now - LONGEST_SESSION, now - longest_idle)

    def forget(self, token: str | None = None) -> None:
        """Ask the database anew who a session, or each one, belongs to."""
        if token is None:
            self._known.clear()
        else:
            self._known.pop(hash_of(token), None)

    async def _looked_up(self, hashed: bytes, now: datetime) -> _Known | None:
        async with self._database.quiet() as tx:
            row = await store.session(tx, hashed)
            if row is None or _over(row, now):
                return None
            if now - row["seen_at"] > NOTED_EVERY:
                await store.seen(tx, hashed, now)
        caller = caller_of_row(row, now, row["way"])
        if len(self._known) >= MOST_KNOWN:
            self._known = {key: item for key, item in self._known.items() if now < item.until}
        known = _Known(caller, row["begun_at"], now, now + KNOWN_FOR)
        self._known[hashed] = known
        return known


def hash_of(token: str) -> bytes:
    """Return what is kept of a token: it is random, so that a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def caller_of_row(row: RowMapping, now: datetime, way: Way) -> Caller:
    """Return a person as of now; a role whose training ended does not count."""
    limits = {role: Limit.model_validate(item) for role, item in row["limits"].items()}
    roles, lapsed = in_force(row["roles"], limits, now.date())
    return Caller(
        login=row["login"],
        name=row["name"],
        roles=roles,
        must_change=row["must_change"],
        way=way,
        limits=limits,
        lapsed=lapsed,
    )


def _over(row: RowMapping, now: datetime) -> bool:
    return row["disabled"] or _is_over(row["way"], row["begun_at"], row["seen_at"], now)


def _is_over(way: Way, begun_at: datetime, used_at: datetime, now: datetime) -> bool:
    return now - begun_at > LONGEST_SESSION or now - used_at > IDLE_BY_WAY[way]
