"""Sessions of who signed in: reference tokens, of which only hashes are kept."""

import hashlib
import secrets
from collections.abc import Callable
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


class Sessions:
    """Begins, knows and ends sessions. now: the wall's time."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now
        self._known: dict[bytes, tuple[Caller, datetime]] = {}

    async def begin(self, tx: Transaction, login: str, way: Way) -> str:
        """Begin a session; return its token."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await store.begin_session(tx, hash_of(token), login, way, self._now())
        return token

    async def caller(self, token: str) -> Caller | None:
        """Return who a session belongs to, None when it is over.

        Raises:
            ServiceUnreachableError: the database is away and the session was not known before.
        """
        hashed, now = hash_of(token), self._now()
        caller, until = self._known.get(hashed, (None, now))
        if caller is not None and now < until:
            return caller
        try:
            caller = await self._looked_up(hashed, now)
        except ServiceUnreachableError:
            if caller is None:
                raise
            return caller
        if caller is None:
            self._known.pop(hashed, None)
        else:
            self._know(hashed, caller, now)
        return caller

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

    async def _looked_up(self, hashed: bytes, now: datetime) -> Caller | None:
        async with self._database.quiet() as tx:
            row = await store.session(tx, hashed)
            if row is None or _over(row, now):
                return None
            if now - row["seen_at"] > NOTED_EVERY:
                await store.seen(tx, hashed, now)
        return caller_of_row(row, now, row["way"])

    def _know(self, hashed: bytes, caller: Caller, now: datetime) -> None:
        if len(self._known) >= MOST_KNOWN:
            self._known = {key: item for key, item in self._known.items() if now < item[1]}
        self._known[hashed] = (caller, now + KNOWN_FOR)


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
    idle, lasted = now - row["seen_at"], now - row["begun_at"]
    return bool(row["disabled"] or lasted > LONGEST_SESSION or idle > IDLE_BY_WAY[row["way"]])
