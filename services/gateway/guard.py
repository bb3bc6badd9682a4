"""Lets nobody past `/api` who is not signed in, may not do what is asked, or asks too fast."""

import time
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.entrances import Entrances
from services.gateway.persons import Caller
from shared.door import PERSON, refuse
from shared.errors import MesError, NotAllowedError, NotSignedInError

COOKIE = "halite_session"
FREE = (  # who am I, and the ways in
    ("GET", "/api/session"),
    ("POST", "/api/session"),
    ("POST", "/api/session/badge"),
    ("GET", "/api/session/oidc"),
    ("GET", "/api/session/oidc/callback"),
)
BEFORE_A_NEW_PASSWORD = ("/api/session/end", "/api/session/password")


class Guard:
    """Stands before the routes: puts the caller into the scope's state, and its name in a header.

    The header `x-halite-person` of a request is never the one that the client sent.
    """

    def __init__(self, app: ASGIApp, entrances: Entrances) -> None:
        self._app, self._entrances = app, entrances

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on or answer it with 401, 403 or 429."""
        if scope["type"] not in ("http", "websocket") or not _is_api(scope["path"]):
            await self._app(scope, receive, send)
            return
        method = scope.get("method", "GET")
        try:
            caller = await self._caller(Headers(scope=scope))
            if caller is None or not caller.is_plant:
                self._entrances.quota.take(_named(caller, scope), time.monotonic())
            if (method, scope["path"]) not in FREE:
                caller = await self._allowed(caller, method, scope["path"])
        except MesError as error:
            await refuse(error, scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        headers = [(name, value) for name, value in scope["headers"] if name != PERSON]
        if caller is not None:
            headers.append((PERSON, quote(caller.printed).encode()))
        await self._app({**scope, "headers": headers}, receive, send)

    async def _caller(self, headers: Headers) -> Caller | None:
        kind, _, key = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return await self._entrances.caller_of_key(key.strip())
        token = token_of(headers)
        return await self._entrances.identity.sessions.caller(token) if token else None

    async def _allowed(self, caller: Caller | None, method: str, path: str) -> Caller:
        if caller is None:
            raise NotSignedInError("sign in first: POST /api/session with login and password")
        if caller.must_change and path not in BEFORE_A_NEW_PASSWORD:
            raise NotAllowedError("choose a new password first: POST /api/session/password")
        await self._entrances.rights.check(caller, method, path)
        return caller


def token_of(headers: Headers) -> str:
    """Return the session's token that a browser sent, empty when there is none."""
    cookie: SimpleCookie = SimpleCookie()
    try:
        cookie.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookie[COOKIE].value if COOKIE in cookie else ""


def _named(caller: Caller | None, scope: Scope) -> str:
    """Return who shares a quota: a person, a program, or all strangers of one address."""
    if caller is None:
        return f"address {scope['client'][0]}" if scope.get("client") else "a stranger"
    return f"{'program' if caller.way == 'key' else 'person'} {caller.login}"


def _is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")
