"""The ways into the plant, together: persons, keys of programs, an OpenID provider, and rights."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from services.gateway.identity import Identity, wall_now
from services.gateway.keys import Keys
from services.gateway.oidc import Provider
from services.gateway.oidcpersons import OidcPersons
from services.gateway.persons import Caller
from services.gateway.quota import Quota
from services.gateway.rights import Rights
from services.gateway.throttle import Throttle
from shared.app import Service
from shared.errors import NotSignedInError

Proof = TypeVar("Proof")


@dataclass(frozen=True, kw_only=True)
class Entrances:
    """Who may come in, by which way, and what each may. oidc: None where no provider is named."""

    identity: Identity
    keys: Keys
    rights: Rights
    throttle: Throttle
    quota: Quota
    oidc: OidcPersons | None

    async def caller_of_key(self, key: str) -> Caller | None:
        """Return whose key it is: the plant's own, or a program's; None: nobody's."""
        return await self.identity.caller_of_key(key) or await self.keys.caller(key)

    async def prove(self, asker: Caller, login: str, password: str) -> Caller:
        """Return who signs beside the one who asks, or in whose name that one asks.

        Raises:
            NotSignedInError: wrong, disabled, locked, or the password is still the first one.
            TooManyTriesError: too many names that this one gave did not hold.
            ServiceUnreachableError: too many try at once.
        """
        who = f"{asker.way} {asker.login}"
        return await self.tried(who, lambda: self.identity.prove(login, password))

    async def tried(self, who: str, prove: Callable[[], Awaitable[Proof]]) -> Proof:
        """Await what asks for a password or a PIN; a failure counts against who tries.

        Raises:
            TooManyTriesError: too many tries failed in the last minute.
        """
        now_s = asyncio.get_running_loop().time()
        self.throttle.check(who, now_s)
        try:
            return await prove()
        except NotSignedInError:
            self.throttle.failed(who, now_s)
            raise


def entrances_of(
    service: Service, secrets_dir: Path, quota: Quota, most_sessions: int
) -> Entrances:
    """Return the ways into a plant. quota: how fast one caller may ask.

    secrets_dir: of the first administrator's password and the setup key, which the plant makes.
    most_sessions: of one person at once.

    Raises:
        InvalidInputError: the plant file gives groups of the provider roles that do not exist.
    """
    database, outbox = service.database, service.outbox
    identity = Identity(database, outbox, secrets_dir, most_sessions=most_sessions)
    settings = service.plant.oidc
    oidc = None
    if settings is not None:
        provider = Provider(settings, service.settings.given_key("oidc-client-secret", "gateway"))
        oidc = OidcPersons(provider, identity.sessions, database, outbox, wall_now)
    return Entrances(
        identity=identity,
        keys=Keys(database, outbox, wall_now),
        rights=Rights(database, service.plant),
        throttle=Throttle(),
        quota=quota,
        oidc=oidc,
    )
