"""Who is at the gateway: sign-in, sessions, passwords, and the account of the plant's own keys."""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import RowMapping

from services.gateway import personstore as store
from services.gateway.persons import (
    FIRST_LOGIN,
    Caller,
    NewPerson,
    PersonChange,
    check_password,
    locked_until,
)
from services.gateway.roles import ROLES
from shared.db import Database
from shared.errors import (
    ConflictError,
    NotFoundError,
    NotSignedInError,
    PersonNeededError,
    ServiceUnreachableError,
)
from shared.events import OperatorActed
from shared.outbox import Outbox
from shared.transaction import Transaction

LONGEST_SESSION, LONGEST_IDLE = timedelta(hours=12), timedelta(minutes=30)
KNOWN_FOR = timedelta(seconds=5)  # so long another gateway's change of a session is not seen here
NOTED_EVERY = timedelta(minutes=1)
HASHES_AT_ONCE, MOST_WAITING, MOST_KNOWN = 2, 32, 1000
TOKEN_BYTES = 32
WRONG = "login or password is wrong, or the account is disabled"
# OWASP's smaller profile for argon2id: 24 ms and 19 MiB a try, so that eight at once fit.
_HASHES = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))


def _now() -> datetime:
    return datetime.now(UTC)


class Identity:
    """Persons, their sessions, and one account `setup` for whoever may read the plant's secrets.

    secrets_dir: has `first-password` of the first administrator and `setup-key`; either may be
    missing. now: the wall's time, not the plant's: a session lasts as long for a person.
    """

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        secrets_dir: Path,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._database, self._outbox, self._secrets_dir = database, outbox, secrets_dir
        self._now = now
        self._setup_key = b""
        self._known: dict[bytes, tuple[Caller, datetime]] = {}
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0
        self._nobody = _HASHES.hash(secrets.token_urlsafe())

    async def begin(self) -> None:
        """Read the setup key, and add the first administrator to a plant without persons."""
        self._setup_key = self._secret("setup-key").encode()
        password = self._secret("first-password")
        async with self._database.quiet() as tx:
            if not password or await store.any_person(tx):
                return
            first = Caller(login=FIRST_LOGIN, name="First administrator", roles=frozenset(ROLES))
            await store.add(tx, first, _HASHES.hash(password), self._now(), "setup")

    async def sign_in(self, login: str, password: str) -> tuple[str, Caller]:
        """Begin a session; return its token and who it is.

        Raises:
            NotSignedInError: wrong, disabled, or locked after too many failures.
            ServiceUnreachableError: too many try at once.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)

        async def begin(tx: Transaction) -> None:
            await store.begin_session(tx, hash_of(token), login, self._now())

        return token, await self._proven(login, password, "sign_in", begin)

    async def prove(self, login: str, password: str) -> Caller:
        """Return who a person is who signs beside the one who is signed in; no session begins.

        Raises:
            NotSignedInError: wrong, disabled, locked, or the password is still the first one.
            ServiceUnreachableError: too many try at once.
        """
        caller = await self._proven(login, password, "sign")
        if caller.must_change:
            raise NotSignedInError(f"{caller.printed} must sign in and choose a password first")
        return caller

    async def _proven(
        self,
        login: str,
        password: str,
        action: str,
        then: Callable[[Transaction], Awaitable[None]] | None = None,
    ) -> Caller:
        async with self._database.quiet() as tx:
            row = await store.person(tx, login)
        right = await self._verify(password, row["password_hash"] if row else self._nobody)
        if row is None:
            raise NotSignedInError(WRONG)
        async with self._database.begin() as tx:
            refused = await self._settle(tx, login, right, action)
            if refused is None:
                row = await store.person(tx, login)
                if then is not None:
                    await then(tx)
        if refused is not None or row is None:
            raise NotSignedInError(refused or WRONG)
        return _caller(row)

    async def _settle(
        self, tx: Transaction, login: str, right: bool, action: str = "sign_in"
    ) -> str | None:
        """Count a try; return why it is refused. A right password does not open a lock."""
        row, now = await store.person(tx, login, lock=True), self._now()
        if row is None or row["disabled"]:
            return WRONG
        if row["locked_until"] is not None and row["locked_until"] > now:
            left_s = (row["locked_until"] - now).total_seconds()
            return f"too many wrong passwords: try again in {left_s:.0f} s"
        count = 0 if right else row["failure_count"] + 1
        until = locked_until(count, now)
        await store.count_failure(tx, login, count, until)
        if right:
            await self._say(tx, action, login, f"{row['name']} ({login})")
            return None
        if until is not None:
            reason = f"{count} wrong passwords, locked until {until:%Y-%m-%d %H:%M:%S} UTC"
            await self._say(tx, "lock_account", login, login, reason)
        return WRONG

    async def caller_of_key(self, key: str) -> Caller | None:
        """Return the account of a key, None when it is not the plant's."""
        if not self._setup_key or not hmac.compare_digest(key.encode(), self._setup_key):
            return None
        return Caller(login="setup", name="Setup key", roles=frozenset(ROLES))

    async def caller_of_session(self, token: str) -> Caller | None:
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

    async def _looked_up(self, hashed: bytes, now: datetime) -> Caller | None:
        async with self._database.quiet() as tx:
            row = await store.session(tx, hashed)
            if row is None or _over(row, now):
                return None
            if now - row["seen_at"] > NOTED_EVERY:
                await store.seen(tx, hashed, now)
        return _caller(row)

    def _know(self, hashed: bytes, caller: Caller, now: datetime) -> None:
        if len(self._known) >= MOST_KNOWN:
            self._known = {key: item for key, item in self._known.items() if now < item[1]}
        self._known[hashed] = (caller, now + KNOWN_FOR)

    async def holds(self, token: str) -> bool:
        """Say whether a session is in force; looking is no use of it."""
        async with self._database.quiet() as tx:
            row = await store.session(tx, hash_of(token))
        return row is not None and not _over(row, self._now())

    async def sign_out(self, token: str, caller: Caller) -> None:
        """End a session."""
        async with self._database.begin() as tx:
            await store.end_session(tx, hash_of(token))
            await store.forget_old_sessions(
                tx, self._now() - LONGEST_SESSION, self._now() - LONGEST_IDLE
            )
            await self._say(tx, "sign_out", caller.login, caller.printed)
        self._known.pop(hash_of(token), None)

    async def change_password(self, token: str, caller: Caller, old: str, new: str) -> None:
        """Give the caller another password; all other sessions of the caller end.

        Raises:
            NotSignedInError: the old one is wrong.
            InvalidInputError: the new one will not do.
        """
        async with self._database.quiet() as tx:
            row = await store.person(tx, caller.login)
        right = row is not None and await self._verify(old, row["password_hash"])
        async with self._database.begin() as tx:
            refused = await self._settle(tx, caller.login, right)
        if refused is not None:
            raise NotSignedInError(refused)
        check_password(new, caller.login, old)
        hashed = await self._hash(new)
        async with self._database.begin() as tx:
            await store.set_password(tx, caller.login, hashed, must_change=False)
            await store.end_sessions_of(tx, caller.login, but=hash_of(token))
            await self._say(tx, "change_password", caller.login, caller.printed)
        self._known.clear()
        if caller.login == FIRST_LOGIN:
            with contextlib.suppress(OSError):
                (self._secrets_dir / "first-password").unlink(missing_ok=True)

    async def persons(self) -> list[dict[str, Any]]:
        """Return all persons."""
        async with self._database.quiet() as tx:
            return await store.persons(tx)

    async def add(self, new: NewPerson, by: Caller) -> dict[str, Any]:
        """Add a person.

        Raises:
            ConflictError: the login is taken; logins are never given to another person.
            InvalidInputError: the password will not do.
        """
        check_password(new.password, new.login)
        hashed = await self._hash(new.password)
        added = Caller(login=new.login, name=new.name, roles=frozenset(new.roles))
        async with self._database.begin() as tx:
            if not await store.add(tx, added, hashed, self._now(), by.printed):
                raise ConflictError(f"login {new.login} is taken")
            await self._say(tx, "add_person", new.login, by.printed, _told(new.name, new.roles))
        return {"login": new.login, "name": new.name, "roles": sorted(new.roles)}

    async def change(
        self, tx: Transaction, login: str, wanted: PersonChange, by: Caller
    ) -> dict[str, Any]:
        """Change a person; the sessions of somebody who may less end at once.

        Raises:
            NotFoundError: no such person.
            ConflictError: nobody would be left who administers persons.
        """
        row = await store.person(tx, login, lock=True)
        if row is None:
            raise NotFoundError(f"person {login} does not exist")
        name = wanted.name if wanted.name is not None else row["name"]
        roles = sorted(wanted.roles if wanted.roles is not None else row["roles"])
        disabled = wanted.disabled if wanted.disabled is not None else row["disabled"]
        stays = "administrator" in roles and not disabled
        if not stays and not await store.other_administrators(tx, login):
            raise ConflictError(f"{login} is the last one who administers persons")
        await store.change(tx, login, name, roles, disabled)
        if disabled or set(row["roles"]) - set(roles):
            await store.end_sessions_of(tx, login)
        before = _told(row["name"], row["roles"], row["disabled"])
        after = _told(name, roles, disabled)
        await self._say(tx, "change_person", login, by.printed, f"{before} → {after}")
        self._known.clear()
        return {"login": login, "name": name, "roles": roles, "disabled": disabled}

    async def reset_password(self, login: str, password: str, by: Caller) -> None:
        """Give a person a password for one sign-in, and end the person's sessions.

        Raises:
            NotFoundError: no such person.
            InvalidInputError: the password will not do.
        """
        check_password(password, login)
        hashed = await self._hash(password)
        async with self._database.begin() as tx:
            if await store.person(tx, login, lock=True) is None:
                raise NotFoundError(f"person {login} does not exist")
            await store.set_password(tx, login, hashed, must_change=True)
            await store.end_sessions_of(tx, login)
            await self._say(tx, "reset_password", login, by.printed)
        self._known.clear()

    async def _say(
        self, tx: Transaction, action: str, login: str, person: str, reason: str | None = None
    ) -> None:
        event = OperatorActed(action=action, target=login, person=person, reason=reason)
        await self._outbox.record(tx, event)

    async def _verify(self, password: str, hashed: str) -> bool:
        async with self._hashing_turn():
            return await asyncio.to_thread(_HASHES.verify, password, hashed)

    async def _hash(self, password: str) -> str:
        async with self._hashing_turn():
            return await asyncio.to_thread(_HASHES.hash, password)

    @contextlib.asynccontextmanager
    async def _hashing_turn(self) -> AsyncIterator[None]:
        if self._waiting >= MOST_WAITING:
            raise ServiceUnreachableError(f"{MOST_WAITING} sign-ins wait already: try again soon")
        self._waiting += 1
        try:
            async with self._hashing:
                yield
        finally:
            self._waiting -= 1

    def _secret(self, name: str) -> str:
        path = self._secrets_dir / name
        try:
            return path.read_text().strip()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise PersonNeededError(f"The secret {path} cannot be read: {error}") from error


def hash_of(token: str) -> bytes:
    """Return what is kept of a token: it is random, so that a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def _caller(row: RowMapping) -> Caller:
    return Caller(
        login=row["login"],
        name=row["name"],
        roles=frozenset(row["roles"]),
        must_change=row["must_change"],
    )


def _over(row: RowMapping, now: datetime) -> bool:
    idle, lasted = now - row["seen_at"], now - row["begun_at"]
    return bool(row["disabled"] or lasted > LONGEST_SESSION or idle > LONGEST_IDLE)


def _told(name: str, roles: Iterable[str], disabled: bool = False) -> str:
    return f"{name}: {', '.join(sorted(roles))}{', disabled' if disabled else ''}"
