"""What is asked of the site's OpenID provider: its endpoints, a token for a code, and whose it is.

The protocol is Authlib's and the signatures are joserfc's; here they are given the plant's settings
and only what a trusted provider signed for this client comes back (OpenID Connect Core 1.0, 3.1).
"""

import asyncio
import ipaddress
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from shared.errors import InvalidInputError, NotSignedInError, ServiceUnreachableError
from shared.identity import believing
from shared.settings import OidcSettings

TIMEOUT_S = 10.0
LEEWAY_S = 60  # by which the provider's clock may differ
CALLBACK = "/api/session/oidc/callback"
# Signatures by a key of the provider; never `none`, never with the client's own secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
LARGEST_ANSWER = 1_000_000
Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where the provider does what."""

    authorization: str
    token: str
    keys: str


@dataclass(frozen=True, kw_only=True)
class Identified:
    """Who came back from the provider, as its signed token says."""

    subject: str
    login: str
    name: str
    groups: frozenset[str]


class Provider:
    """The site's OpenID provider.

    Raises:
        InvalidInputError: it is to be reached without TLS and is not on this machine.
    """

    def __init__(self, settings: OidcSettings, secret_file: Path) -> None:
        self.settings, self._secret_file = settings, secret_file
        _check_protected(settings.issuer)
        self._endpoints: Endpoints | None = None

    async def way_there(self, state: str, nonce: str, verifier: str) -> str:
        """Return the address to which a browser is sent.

        Raises:
            ServiceUnreachableError: the provider gives no answer.
        """
        return await asyncio.to_thread(
            self._asked, lambda session: self._way(session, state, nonce, verifier)
        )

    async def identified(self, code: str, nonce: str, verifier: str) -> Identified:
        """Return who a code stands for.

        Raises:
            NotSignedInError: the code is not taken, or the token is not one for this client.
            ServiceUnreachableError: the provider gives no answer.
        """
        return await asyncio.to_thread(
            self._asked, lambda session: self._redeemed(session, code, nonce, verifier)
        )

    def _asked(self, ask: Callable[[httpx.Client], Answer]) -> Answer:
        known = believing(self.settings.authority)
        with httpx.Client(verify=known, trust_env=False, timeout=TIMEOUT_S) as session:
            return ask(session)

    def _client(self, session: httpx.Client) -> OAuth2Client:
        return OAuth2Client(
            session,
            client_id=self.settings.client_id,
            scope=self.settings.scope,
            redirect_uri=self.settings.public_url + CALLBACK,
            code_challenge_method="S256",
        )

    def _way(self, session: httpx.Client, state: str, nonce: str, verifier: str) -> str:
        there = self._found(session).authorization
        url, _ = self._client(session).create_authorization_url(
            there, state=state, nonce=nonce, code_verifier=verifier
        )
        return str(url)

    def _redeemed(self, session: httpx.Client, code: str, nonce: str, verifier: str) -> Identified:
        found = self._found(session)
        client = self._client(session)
        try:
            token = client.fetch_token(
                found.token,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                client_id=self.settings.client_id,
                auth=self._proof(),
            )
            signed = token.get("id_token")
            if not isinstance(signed, str):
                raise NotSignedInError("the OpenID provider gave no ID token")
            keys = KeySet.import_key_set(cast(KeySetSerialization, _json(session, found.keys)))
            claims = jwt.decode(signed, keys, algorithms=list(ALGORITHMS))
            self._check(claims.header, claims.claims, nonce, token.get("access_token"))
        except httpx.TransportError as error:
            raise _silent(found.token, error) from error
        except (AuthlibBaseError, JoseError, ValueError) as error:
            raise NotSignedInError(
                f"the OpenID provider's answer does not hold: {error}"
            ) from error
        return self._who(claims.claims)

    def _check(
        self, header: dict[str, Any], claims: dict[str, Any], nonce: str, access_token: object
    ) -> None:
        params: dict[str, object] = {"nonce": nonce, "client_id": self.settings.client_id}
        params |= {"access_token": access_token} if access_token else {}
        options = {
            "iss": {"essential": True, "value": self.settings.issuer},
            "aud": {"essential": True, "value": self.settings.client_id},
            "nonce": {"essential": True, "value": nonce},
        }
        CodeIDToken(claims, header, options, params).validate(leeway=LEEWAY_S)

    def _who(self, claims: dict[str, Any]) -> Identified:
        groups = claims.get(self.settings.groups_claim, [])
        named = groups if isinstance(groups, list) else [groups]
        login = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])
        return Identified(
            subject=str(claims["sub"]),
            login=login,
            name=str(claims.get("name") or login),
            groups=frozenset(str(group) for group in named),
        )

    def _proof(self) -> httpx.Auth | Callable[[httpx.Request], httpx.Request]:
        """Prove that this is the client; one without a secret proves itself by the verifier."""
        with suppress(FileNotFoundError):
            secret = self._secret_file.read_text().strip()
            return httpx.BasicAuth(quote(self.settings.client_id, safe=""), quote(secret, safe=""))
        return lambda request: request

    def _found(self, session: httpx.Client) -> Endpoints:
        if self._endpoints is None:
            issuer = self.settings.issuer
            url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            document = _json(session, url)
            if document.get("issuer") != issuer:
                raise ServiceUnreachableError(
                    f"the OpenID provider at {url} names itself {document.get('issuer')!r}, "
                    f"the plant file {issuer!r}"
                )
            self._endpoints = Endpoints(
                authorization=_protected(document, "authorization_endpoint"),
                token=_protected(document, "token_endpoint"),
                keys=_protected(document, "jwks_uri"),
            )
        return self._endpoints


def _json(session: httpx.Client, url: str) -> dict[str, Any]:
    try:
        answer = session.get(url)
        body = answer.raise_for_status().json() if len(answer.content) <= LARGEST_ANSWER else None
    except (httpx.HTTPError, ValueError) as error:
        raise _silent(url, error) from error
    if not isinstance(body, dict):
        raise ServiceUnreachableError(f"the OpenID provider's answer at {url} is no JSON object")
    return body


def _silent(url: str, error: Exception) -> ServiceUnreachableError:
    return ServiceUnreachableError(f"the OpenID provider gave no answer at {url}: {error!r}")


def _protected(document: dict[str, Any], name: str) -> str:
    url = document.get(name)
    if not isinstance(url, str):
        raise ServiceUnreachableError(f"the OpenID provider names no {name}")
    _check_protected(url)
    return url


def _check_protected(url: str) -> None:
    parts = urlsplit(url)
    with suppress(ValueError):
        if ipaddress.ip_address(parts.hostname or "").is_loopback:
            return
    if parts.scheme != "https" and parts.hostname != "localhost":
        raise InvalidInputError(f"OpenID provider: {url} must be reached by https")
