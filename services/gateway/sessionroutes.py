"""Routes of sign-in by password, badge or an OpenID provider, of sign-out and one's own password.

What carries a password is no command with a key: nothing of it may be kept beside the hash.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.gateway.entrances import Entrances
from services.gateway.guard import COOKIE, token_of
from services.gateway.identity import Identity
from services.gateway.oidcpersons import LONGEST_TRY, OidcPersons
from services.gateway.persons import (
    LONGEST_SESSION,
    BadgeSignIn,
    Caller,
    PasswordChange,
    SignIn,
)
from services.gateway.roles import giving
from services.gateway.samesite import own_page
from shared.app import Service
from shared.errors import NotFoundError, NotSignedInError
from shared.queries import any_query

OURS = [Depends(own_page)]
OIDC_COOKIE, OIDC_PATH = "halite_oidc", "/api/session/oidc"
Came = tuple[str, Caller]


def add_session_routes(service: Service, entrances: Entrances) -> None:
    """Add sign-in, who one is, sign-out and one's own password."""
    app, identity = service.app, entrances.identity

    @app.post("/api/session", tags=["session"], status_code=201, dependencies=OURS)
    async def post_session(given: SignIn, request: Request, response: Response) -> dict[str, Any]:
        """Sign in: the answer sets a cookie that scripts cannot read. 401: wrong or locked."""
        came = await _tried(
            entrances, request, lambda: identity.sign_in(given.login, given.password)
        )
        return await _let_in(identity, came, request, response)

    @app.post("/api/session/badge", tags=["session"], status_code=201, dependencies=OURS)
    async def post_badge(
        given: BadgeSignIn, request: Request, response: Response
    ) -> dict[str, Any]:
        """Sign in at a panel by badge and PIN; the session ends after 5 minutes without use."""
        came = await _tried(
            entrances, request, lambda: identity.sign_in_by_badge(given.badge, given.pin)
        )
        return await _let_in(identity, came, request, response)

    @app.get("/api/session", tags=["session"])
    async def get_session(request: Request) -> dict[str, Any]:
        """Who is signed in here, with roles and permissions; `caller` is null when nobody is.

        `oidc`: what the button for the site's OpenID provider says, null without one. `roles`,
        for who is signed in: which roles give each permission, so that screens say whom to call.
        """
        caller: Caller | None = request.state.caller
        oidc = entrances.oidc.name if entrances.oidc else None
        if caller is None:
            return {"caller": None, "oidc": oidc}
        return {"caller": shown(caller), "oidc": oidc, "roles": giving()}

    @app.post("/api/session/end", tags=["session"], dependencies=OURS)
    async def post_session_end(request: Request, response: Response) -> dict[str, bool]:
        """Sign out."""
        await identity.sign_out(token_of(request.headers), caller_of(request))
        response.delete_cookie(COOKIE, path="/api")
        return {"signed_out": True}

    @app.post("/api/session/password", tags=["session"], dependencies=OURS)
    async def post_password(
        change: PasswordChange, request: Request, response: Response
    ) -> dict[str, bool]:
        """Choose another password; the person's sessions end. 401: the old one is wrong.

        This browser's goes on under another token, in a cookie as after a sign-in.
        """
        caller = caller_of(request)
        token = await identity.change_password(caller, change.password, change.new_password)
        _keep_token(token, request, response)
        return {"changed": True}

    _add_oidc(service, entrances)


def _add_oidc(service: Service, entrances: Entrances) -> None:
    @service.app.get(OIDC_PATH, tags=["session"], status_code=302)
    async def get_oidc(request: Request) -> RedirectResponse:
        """Send the browser to the site's OpenID provider. 404: there is none."""
        url, browser = await _oidc(entrances).begin()
        answer = RedirectResponse(url, 302)
        answer.set_cookie(
            OIDC_COOKIE,
            browser,
            max_age=int(LONGEST_TRY.total_seconds()),
            path=OIDC_PATH,
            httponly=True,
            samesite="lax",  # it comes back with the provider's answer, from another site
            secure=request.url.scheme == "https",
        )
        return answer

    @service.app.get(
        f"{OIDC_PATH}/callback",
        tags=["session"],
        status_code=302,
        dependencies=[Depends(any_query)],  # providers add to their answers
    )
    async def get_callback(
        request: Request,
        state: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str, Query(max_length=4000)] = "",
        error: Annotated[str, Query(max_length=200)] = "",
    ) -> RedirectResponse:
        """Take the provider's answer, begin a session and show the app."""
        oidc = _oidc(entrances)
        if error or not code:
            raise NotSignedInError(f"the OpenID provider let nobody in: {error or 'no code'}")
        browser = request.cookies.get(OIDC_COOKIE, "")
        came = await _tried(entrances, request, lambda: oidc.sign_in(state, browser, code))
        answer = RedirectResponse("/", 302)
        await _let_in(entrances.identity, came, request, answer)
        answer.delete_cookie(OIDC_COOKIE, path=OIDC_PATH)
        return answer


def _oidc(entrances: Entrances) -> OidcPersons:
    if entrances.oidc is None:
        raise NotFoundError("this plant has no OpenID provider: its plant file has no [oidc]")
    return entrances.oidc


async def _tried(
    entrances: Entrances, request: Request, sign_in: Callable[[], Awaitable[Came]]
) -> Came:
    """Await a sign-in, and count it against the client's address when it fails."""
    return await entrances.tried(request.client.host if request.client else "", sign_in)


async def _let_in(
    identity: Identity, came: Came, request: Request, response: Response
) -> dict[str, Any]:
    """Let a browser keep its new session; one that was in force there before ends."""
    before: Caller | None = request.state.caller
    if before is not None and before.way != "key" and not before.is_plant:
        await identity.sign_out(token_of(request.headers), before)
    token, caller = came
    _keep_token(token, request, response)
    return shown(caller)


def _keep_token(token: str, request: Request, response: Response) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(LONGEST_SESSION.total_seconds()),
        path="/api",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def caller_of(request: Request) -> Caller:
    """Return who asks, as the guard found it."""
    caller: Caller = request.state.caller
    return caller


def shown(caller: Caller) -> dict[str, Any]:
    """Return a caller as the app needs it."""
    return {
        "login": caller.login,
        "name": caller.name,
        "roles": sorted(caller.roles),
        "permissions": sorted(caller.permissions),
        "must_change": caller.must_change,
        "way": caller.way,
        "lapsed": {role: str(until) for role, until in sorted(caller.lapsed.items())},
    }
