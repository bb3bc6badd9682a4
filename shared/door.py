"""The door of a service's port: who has no token of the plant, or may not, gets no further."""

from collections.abc import Collection, Generator, Mapping
from urllib.parse import quote

import httpx
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.answers import answer_to
from shared.errors import (
    MesError,
    NotAllowedError,
    NotSignedInError,
    ServiceUnreachableError,
)
from shared.permissions import Permission, needed_at
from shared.tokens import OF_A_SERVICE, Claims, Signer, Verifier

MOST_AT_ONCE = 200  # requests in work; more would wait for the database longer than callers do
PERSON = b"x-halite-person"


class Door:
    """Stands before the app of one service, and tells it in a header for which person it acts.

    The header `x-halite-person` of a request is the one of its token, never the one sent. The
    gateway's door leaves its pages and `/api` alone, where the gateway itself asks who comes.
    elsewhere: where services are to come instead, at a port that is for persons alone.
    """

    def __init__(
        self,
        app: ASGIApp,
        service: str,
        verifier: Verifier,
        most_at_once: int = MOST_AT_ONCE,
        elsewhere: str | None = None,
    ) -> None:
        self._app, self._service, self._verifier = app, service, verifier
        self._elsewhere = elsewhere
        self._most_at_once, self._at_once = most_at_once, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on or answer it with 401, 403 or 503."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            scope = self._let_in(scope)
        except MesError as error:
            await refuse(error, scope, receive, send)
            return
        if scope["type"] == "websocket":  # open as long as its screen, and no work meanwhile
            await self._app(scope, receive, send)
            return
        self._at_once += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._at_once -= 1

    def _let_in(self, scope: Scope) -> Scope:
        """Return what the app is given of a request.

        Raises:
            NotSignedInError: it needs a token and has none that counts.
            NotAllowedError: its token does not let it do this, or it comes to the wrong port.
            ServiceUnreachableError: too many others are being answered.
        """
        method = scope.get("method", "")
        is_own = scope["type"] == "websocket" and self._service == "gateway"
        need = None if is_own else needed_at(self._service, method, scope["path"])
        if need is None:
            return scope
        if self._elsewhere is not None:
            raise NotAllowedError(
                f"{method} {scope['path']} is for services, which come to {self._elsewhere}"
            )
        if self._at_once >= self._most_at_once:
            raise ServiceUnreachableError(
                f"{self._service} answers {self._at_once} requests, at most "
                f"{self._most_at_once} at once; try again in a second"
            )
        claims = self._claims(Headers(scope=scope))
        if need not in claims.permissions:
            who = claims.login or claims.issuer
            raise NotAllowedError(
                f"{method} {scope['path']} needs the permission {need}; the token of {who} "
                f"gives {', '.join(sorted(claims.permissions)) or 'none'}"
            )
        headers = [(name, value) for name, value in scope["headers"] if name != PERSON]
        if claims.person is not None:
            headers.append((PERSON, quote(claims.person).encode()))
        return {**scope, "headers": headers}

    def _claims(self, headers: Headers) -> Claims:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise NotSignedInError(
                f"{self._service} answers only to services of its plant; people and programs ask "
                "the gateway"
            )
        return self._verifier.claims(token.strip())


class Introduced(httpx.Auth):
    """Shows the services of the plant a token with each request, and nobody else.

    urls: address of each service by name. permissions, login, person: what its tokens give, and
    for whom; a service asks for itself alone.
    """

    def __init__(
        self,
        signer: Signer,
        urls: Mapping[str, str],
        permissions: Collection[Permission] = OF_A_SERVICE,
        login: str | None = None,
        person: str | None = None,
    ) -> None:
        self._signer = signer
        self._gives = (frozenset(permissions), login, person)
        self._services = [(url.rstrip("/"), name) for name, url in urls.items()]

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add a token to a request that has none."""
        service = self._service_at(str(request.url))
        if service is not None and "authorization" not in request.headers:
            token = self._signer.token(service, *self._gives)
            if token is not None:
                request.headers["authorization"] = f"Bearer {token}"
        yield request

    def _service_at(self, url: str) -> str | None:
        for address, name in self._services:
            if url == address or url.startswith((f"{address}/", f"{address}?")):
                return name
        return None


async def refuse(error: MesError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request that goes no further; a browser sees a refused WebSocket as 403."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": type(error).__name__})
        return
    await answer_to(error)(scope, receive, send)
