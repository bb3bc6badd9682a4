"""Who is at the gateway: sign-in, sessions, passwords, and the account of the plant's own keys."""

import asyncio
import contextlib
import hmac
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.gateway import personstore as store
from services.gateway.grants import Limit
from services.gateway.persons import (
    FIRST_LOGIN,
    BadgeGiven,
    Caller,
    NewPerson,
    PersonChange,
    Way,
    check_password,
    check_pin,
    locked_until,
)
from services.gateway.roles import ROLES, Role
from services.gateway.sessions import Sessions, caller_of_row, hash_of
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

HASHES_AT_ONCE, MOST_WAITING = 2, 32
WRONG = "login or password is wrong, or the account is disabled"
WRONG_PIN = "badge or PIN is wrong, or the account is disabled"
# OWASP's smaller profile for argon2id: 24 ms and 19 MiB a try, so that eight at once fit.
_HASHES = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))


def wall_now() -> datetime:
    return datetime.now(UTC)


class Identity:
    """Persons, their sessions, and one account `setup` for whoever may read the plant's secrets.

    secrets_dir: has `first-password` of the first administrator and `setup-key`; either may be
    missing. now: the wall's time, not the plant's: a session lasts as long for a person.
    most_sessions: of one person at once.
    """

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        secrets_dir: Path,
        now: Callable[[], datetime] = wall_now,
        *,
        most_sessions: int,
    ) -> None:
        self._database, self._outbox, self._secrets_dir = database, outbox, secrets_dir
        self._now = now
        self._setup_key = b""
        self.sessions = Sessions(database, now, most_sessions)
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
        return await self._enter(login, password, "password")

    async def sign_in_by_badge(self, badge: str, pin: str) -> tuple[str, Caller]:
        """Begin a session of the owner of a badge; return its token and who it is.

        Raises:
            NotSignedInError: wrong, disabled or locked.
            ServiceUnreachableError: too many try at once.
        """
        async with self._database.quiet() as tx:
            row = await store.badge(tx, hash_of(badge.strip()))
        if row is None:
            await self._verify(pin, self._nobody)
            raise NotSignedInError(WRONG_PIN)
        return await self._enter(row["login"], pin, "badge", row["pin_hash"])

    async def _enter(
        self, login: str, secret: str, way: Way, pin_hash: str | None = None
    ) -> tuple[str, Caller]:
        token = ""

        async def begin(tx: Transaction) -> None:
            nonlocal token
            token = await self.sessions.begin(tx, login, way)

        caller = await self._proven(login, secret, "sign_in", begin, pin_hash)
        return token, replace(caller, way=way)

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
        pin_hash: str | None = None,
    ) -> Caller:
        """Return who somebody is; pin_hash: what the secret must be instead of the password."""
        async with self._database.quiet() as tx:
            row = await store.person(tx, login)
        kept = pin_hash or (row["password_hash"] if row else None)
        right = await self._verify(password, kept or self._nobody) and kept is not None
        wrong = WRONG if pin_hash is None else WRONG_PIN
        if row is None:
            raise NotSignedInError(wrong)
        async with self._database.begin() as tx:
            refused = await self._settle(tx, login, right, action, wrong)
            if refused is None:
                row = await store.person(tx, login)
                if then is not None:
                    await then(tx)
        if refused is not None or row is None:
            raise NotSignedInError(refused or wrong)
        return caller_of_row(row, self._now(), "password")

    async def _settle(
        self,
        tx: Transaction,
        login: str,
        right: bool,
        action: str | None = None,
        wrong: str = WRONG,
    ) -> str | None:
        """Count a try; return why it is refused. A right password does not open a lock.

        action: what a right one does, for the record; None: the caller tells it.
        """
        row, now = await store.person(tx, login, lock=True), self._now()
        if row is None or row["disabled"]:
            return wrong
        if row["locked_until"] is not None and row["locked_until"] > now:
            left_s = (row["locked_until"] - now).total_seconds()
            return f"too many wrong passwords: try again in {left_s:.0f} s"
        count = 0 if right else row["failure_count"] + 1
        until = locked_until(count, now)
        await store.count_failure(tx, login, count, until)
        if right:
            if action is not None:
                await self._say(tx, action, login, f"{row['name']} ({login})")
            return None
        if until is not None:
            reason = f"{count} wrong passwords, locked until {until:%Y-%m-%d %H:%M:%S} UTC"
            await self._say(tx, "lock_account", login, login, reason)
        return wrong

    async def caller_of_key(self, key: str) -> Caller | None:
        """Return the account of a key, None when it is not the plant's."""
        if not self._setup_key or not hmac.compare_digest(key.encode(), self._setup_key):
            return None
        return Caller(login="setup", name="Setup key", roles=frozenset(ROLES), is_plant=True)

    async def sign_out(self, token: str, caller: Caller) -> None:
        """End a session."""
        async with self._database.begin() as tx:
            await self.sessions.end(tx, token)
            await self._say(tx, "sign_out", caller.login, caller.printed)
        self.sessions.forget(token)

    async def change_password(self, caller: Caller, old: str, new: str) -> str:
        """Give the caller another password, end all of the caller's sessions, begin one; its token.

        Raises:
            NotSignedInError: the old one is wrong.
            InvalidInputError: the new one will not do.
        """
        async with self._database.quiet() as tx:
            row = await store.person(tx, caller.login)
        kept = row["password_hash"] if row is not None else None
        right = await self._verify(old, kept or self._nobody) and kept is not None
        async with self._database.begin() as tx:
            refused = await self._settle(tx, caller.login, right)
        if refused is not None:
            raise NotSignedInError(refused)
        check_password(new, caller.login, old)
        hashed = await self._hash(new)
        async with self._database.begin() as tx:
            await store.set_password(tx, caller.login, hashed, must_change=False)
            await store.end_sessions_of(tx, caller.login)
            token = await self.sessions.begin(tx, caller.login, caller.way)
            await self._say(tx, "change_password", caller.login, caller.printed)
        self.sessions.forget()
        if caller.login == FIRST_LOGIN:
            with contextlib.suppress(OSError):
                (self._secrets_dir / "first-password").unlink(missing_ok=True)
        return token

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
        limits = new.limits or {}
        added = Caller(login=new.login, name=new.name, roles=frozenset(new.roles), limits=limits)
        async with self._database.begin() as tx:
            if not await store.add(tx, added, hashed, self._now(), by.printed):
                raise ConflictError(f"login {new.login} is taken")
            told = _told(new.name, new.roles, limits)
            await self._say(tx, "add_person", new.login, by.printed, told)
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
        kept = {role: Limit.model_validate(item) for role, item in row["limits"].items()}
        limits = wanted.limits if wanted.limits is not None else kept
        stays = "administrator" in roles and not disabled
        if not stays and not await store.other_administrators(tx, login):
            raise ConflictError(f"{login} is the last one who administers persons")
        await store.change(tx, login, name, roles, limits, disabled)
        if disabled or set(row["roles"]) - set(roles):
            await store.end_sessions_of(tx, login)
        before = _told(row["name"], row["roles"], kept, row["disabled"])
        after = _told(name, roles, limits, disabled)
        await self._say(tx, "change_person", login, by.printed, f"{before} → {after}")
        self.sessions.forget()
        shown = {role: limit.model_dump(mode="json") for role, limit in limits.items()}
        return {
            "login": login,
            "name": name,
            "roles": roles,
            "limits": shown,
            "disabled": disabled,
        }

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
        self.sessions.forget()

    async def give_badge(self, login: str, given: BadgeGiven, by: Caller) -> None:
        """Give a person a badge and a PIN in place of earlier ones.

        Raises:
            NotFoundError: no such person.
            ConflictError: another person has this badge.
            InvalidInputError: the PIN is too easy to guess.
        """
        check_pin(given.pin)
        hashed = await self._hash(given.pin)
        async with self._database.begin() as tx:
            if await store.person(tx, login, lock=True) is None:
                raise NotFoundError(f"person {login} does not exist")
            badge = hash_of(given.badge)
            if not await store.set_badge(tx, login, badge, hashed, self._now(), by.printed):
                raise ConflictError("another person has this badge")
            await store.end_sessions_of(tx, login, way="badge")
            await self._say(tx, "give_badge", login, by.printed)
        self.sessions.forget()

    async def end_badge(self, tx: Transaction, login: str, by: Caller) -> dict[str, Any]:
        """Take a person's badge away; sessions that it began end.

        Raises:
            NotFoundError: the person has no badge.
        """
        if not await store.end_badge(tx, login):
            raise NotFoundError(f"person {login} has no badge")
        await store.end_sessions_of(tx, login, way="badge")
        await self._say(tx, "end_badge", login, by.printed)
        self.sessions.forget()
        return {"login": login, "has_badge": False}

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


def _told(
    name: str, roles: Iterable[str], limits: Mapping[Role, Limit], disabled: bool = False
) -> str:
    said = []
    for role in sorted(roles):
        limit = next((item for named, item in limits.items() if named == role), Limit())
        at = f" at {' '.join(limit.at)}" if limit.at else ""
        until = f" until {limit.trained_until}" if limit.trained_until else ""
        said.append(f"{role}{at}{until}")
    return f"{name}: {', '.join(said)}{', disabled' if disabled else ''}"
