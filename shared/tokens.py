"""Short tokens by which one process of the plant shows another who asks, and what that one may.

A service signs with a key of its own, makes a new one each day, and publishes its public half; all
below one folder of the plant's secrets. The gateway alone may sign for persons and programs.
"""

import json
import time
from base64 import b64decode
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from shared.errors import NotSignedInError
from shared.permissions import PERMISSIONS, Permission
from shared.settings import SERVICES
from shared.tokenkeys import ALGORITHM, PublicKey, SigningKey, public_keys, signing_key

LIFETIME_S = 60.0
RENEWED_AFTER_S = LIFETIME_S / 2  # a token is used again until then
CLOCKS_APART_S = 30.0  # by which the clocks of two hosts may differ
MOST_KNOWN = 4096
LONGEST_TOKEN = 4096
SPEAKS_FOR_PERSONS = "gateway"
OF_A_SERVICE: frozenset[Permission] = frozenset({"read", "exchange"})


@dataclass(frozen=True, kw_only=True)
class Claims:
    """Who asks, and what a token lets that one do.

    issuer: the service that signed. login, person: of a person or program for whom the gateway
    asks, the name as records keep it; None: the service asks for itself.
    """

    issuer: str
    permissions: frozenset[Permission]
    login: str | None = None
    person: str | None = None


class Signer:
    """Signs for one service with its newest key. wall_s: seconds since the epoch."""

    def __init__(self, folder: Path, issuer: str, wall_s: Callable[[], float] = time.time) -> None:
        self._folder, self._issuer, self._wall_s = folder, issuer, wall_s
        self._made: dict[tuple[object, ...], tuple[str, float]] = {}

    def token(
        self,
        audience: str,
        permissions: Collection[Permission] = OF_A_SERVICE,
        login: str | None = None,
        person: str | None = None,
    ) -> str | None:
        """Return a token for a service; None: this process has no key, and will be refused."""
        what = (audience, frozenset(permissions), login, person)
        now = self._wall_s()
        token, made_s = self._made.get(what, ("", 0.0))
        if token and made_s <= now < made_s + RENEWED_AFTER_S:
            return token
        key = signing_key(self._folder, self._issuer)
        if key is None:
            return None
        if len(self._made) >= MOST_KNOWN:
            self._made.clear()
        token = self._signed(key, audience, sorted(permissions), login, person, now)
        self._made[what] = (token, now)
        return token

    def _signed(
        self,
        key: SigningKey,
        audience: str,
        permissions: list[Permission],
        login: str | None,
        person: str | None,
        now: float,
    ) -> str:
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": audience,
            "iat": now,
            "exp": now + LIFETIME_S,
            "permissions": permissions,
        }
        if login is not None:
            claims |= {"sub": login, "name": person}
        header = {"alg": ALGORITHM, "kid": key.key_id}
        return jwt.encode(header, claims, key.key, algorithms=[ALGORITHM])


@dataclass(frozen=True, kw_only=True)
class _Known:
    claims: Claims
    from_s: float
    until_s: float


class Verifier:
    """Judges the tokens that come to one service; one that was good is known until it ends."""

    def __init__(
        self, folder: Path, audience: str, wall_s: Callable[[], float] = time.time
    ) -> None:
        self._folder, self._audience, self._wall_s = folder, audience, wall_s
        self._known: dict[str, _Known] = {}

    def claims(self, token: str) -> Claims:
        """Return what a token says.

        Raises:
            NotSignedInError: not signed by a service of this plant, not for this service, or over.
        """
        now = self._wall_s()
        known = self._known.get(token)
        if known is None:
            if len(token) > LONGEST_TOKEN:
                raise NotSignedInError(
                    f"the token has {len(token)} characters, at most {LONGEST_TOKEN} are taken"
                )
            known = self._judged(token)
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[token] = known
        if not known.from_s - CLOCKS_APART_S <= now < known.until_s + CLOCKS_APART_S:
            del self._known[token]
            raise NotSignedInError(
                f"the token counts for {known.until_s - known.from_s:.0f} s, and not now; "
                "is the clock of both hosts right?"
            )
        return known.claims

    def _judged(self, token: str) -> _Known:
        key = self._key_of(token)
        if key is None:
            raise NotSignedInError("the token is signed by no key of this plant")
        try:
            said = jwt.decode(token, key.key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise NotSignedInError("the token's signature is wrong") from error
        if said.get("iss") != key.owner or said.get("aud") != self._audience:
            raise NotSignedInError(f"the token is for another service than {self._audience}")
        begun, ends = said.get("iat"), said.get("exp")
        if not isinstance(begun, int | float) or not isinstance(ends, int | float):
            raise NotSignedInError("the token does not say when it ends")
        return _Known(
            claims=_claims(key.owner, said),
            from_s=begun,
            until_s=min(ends, begun + LIFETIME_S, key.until_s),
        )

    def _key_of(self, token: str) -> PublicKey | None:
        """Return the key that a token names; read anew, as keys are renewed and end."""
        try:
            header = b64decode(token.partition(".")[0] + "==", altchars=b"-_")
            key_id = json.loads(header)["kid"]
            owner = key_id.partition(".")[0]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        known = public_keys(self._folder, owner) if owner in SERVICES else []
        return next((key for key in known if key.key_id == key_id), None)


def _claims(issuer: str, said: dict[str, Any]) -> Claims:
    listed = said.get("permissions")
    given = frozenset(one for one in PERMISSIONS if isinstance(listed, list) and one in listed)
    if issuer != SPEAKS_FOR_PERSONS:
        return Claims(issuer=issuer, permissions=given & OF_A_SERVICE)
    login, person = said.get("sub"), said.get("name")
    return Claims(
        issuer=issuer,
        permissions=given,
        login=login if isinstance(login, str) else None,
        person=person if isinstance(person, str) else None,
    )
