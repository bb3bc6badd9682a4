"""Sign-in by the site's OpenID provider: the way there and back, and who the person is here."""

import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from services.gateway import oidcstore as store
from services.gateway import personstore
from services.gateway.oidc import Identified, Provider
from services.gateway.persons import Caller
from services.gateway.roles import ROLES, Role
from services.gateway.sessions import Sessions, caller_of_row, hash_of
from shared.db import Database
from shared.errors import ConflictError, InvalidInputError, NotAllowedError, NotSignedInError
from shared.events import OperatorActed
from shared.outbox import Outbox
from shared.transaction import Transaction

LONGEST_TRY = timedelta(minutes=10)
MOST_TRIES = 1000
RANDOM_BYTES = 32


class OidcPersons:
    """Persons who come from the provider. A person is its issuer and subject, never a login.

    now: the wall's time.
    """

    def __init__(
        self,
        provider: Provider,
        sessions: Sessions,
        database: Database,
        outbox: Outbox,
        now: Callable[[], datetime],
    ) -> None:
        self._provider, self._sessions = provider, sessions
        self._database, self._outbox, self._now = database, outbox, now
        self.name = provider.settings.name
        known = {str(role): role for role in ROLES}
        self._roles: dict[str, frozenset[Role]] = {}
        for group, roles in provider.settings.roles.items():
            if wrong := set(roles) - set(known):
                raise InvalidInputError(f"oidc.roles: {group}: no such role {min(wrong)}")
            self._roles[group] = frozenset(known[role] for role in roles)

    async def begin(self) -> tuple[str, str]:
        """Return where a browser is sent, and a token that it must bring back in a cookie."""
        state, browser, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(4))
        url = await self._provider.way_there(state, nonce, verifier)
        now = self._now()
        async with self._database.begin() as tx:
            await store.forget_tries(tx, now - LONGEST_TRY, MOST_TRIES)
            await store.add_try(tx, hash_of(state), hash_of(browser), nonce, verifier, now)
        return url, browser

    async def sign_in(self, state: str, browser: str, code: str) -> tuple[str, Caller]:
        """Begin a session for who came back; return its token and who it is.

        Raises:
            NotSignedInError: this browser was not sent there, or the answer does not hold.
            NotAllowedError: the person is in no group that has a role here, or is disabled.
            ConflictError: somebody else here has the login.
            ServiceUnreachableError: the provider gives no answer.
        """
        async with self._database.begin() as tx:
            row = await store.take_try(tx, hash_of(state))
        fresh = row is not None and self._now() - row["begun_at"] <= LONGEST_TRY
        if row is None or not fresh:
            raise NotSignedInError("this sign-in was not begun here, or too long ago: begin again")
        if not hmac.compare_digest(row["browser_hash"], hash_of(browser)):
            raise NotSignedInError("this sign-in was begun in another browser: begin again")
        who = await self._provider.identified(code, row["nonce"], row["verifier"])
        roles = frozenset().union(*(self._roles.get(group, ()) for group in who.groups))
        if not roles:
            raise NotAllowedError(f"{who.name} is in no group that has a role in this plant")
        async with self._database.begin() as tx:
            login = await self._kept(tx, who, roles)
            token = await self._sessions.begin(tx, login, "oidc")
            person = await personstore.person(tx, login)
        if person is None:
            raise NotSignedInError(f"person {login} is gone")
        return token, caller_of_row(person, self._now(), "oidc")

    async def _kept(self, tx: Transaction, who: Identified, roles: frozenset[Role]) -> str:
        """Keep the person with the roles that the provider gives now; return the login."""
        issuer = self._provider.settings.issuer
        row = await store.person_of(tx, issuer, who.subject)
        if row is None:
            login = _login(who.login)
            person = Caller(login=login, name=who.name[:100], roles=roles)
            if not await store.add_person(tx, person, issuer, who.subject, self._now()):
                raise ConflictError(
                    f"login {login} belongs to a person whom the provider does not know; "
                    "an administrator must see who is who"
                )
            await self._say(tx, "add_person", login, person.printed, ", ".join(sorted(roles)))
        elif row["disabled"]:
            raise NotAllowedError(f"{row['name']} ({row['login']}) is disabled in this plant")
        else:
            login = str(row["login"])
            if set(row["roles"]) != roles or row["name"] != who.name[:100]:
                await store.set_person(tx, login, who.name[:100], roles)
                if set(row["roles"]) - roles:
                    await personstore.end_sessions_of(tx, login)
                self._sessions.forget()
                told = f"{', '.join(sorted(row['roles']))} → {', '.join(sorted(roles))}"
                await self._say(tx, "change_person", login, f"{who.name} ({login})", told)
        await self._say(tx, "sign_in", login, f"{who.name} ({login})", f"by {self.name}")
        return login

    async def _say(
        self, tx: Transaction, action: str, login: str, person: str, reason: str
    ) -> None:
        event = OperatorActed(action=action, target=login, person=person, reason=reason)
        await self._outbox.record(tx, event)


def _login(wanted: str) -> str:
    """Return a login of our form made of what the provider calls a person."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", wanted.lower().partition("@")[0]).strip("._-")[:40]
    if len(plain) < 2:
        raise NotAllowedError(f"the provider's name {wanted!r} makes no login of 2 characters")
    return plain
