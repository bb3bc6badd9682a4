"""Routes of sign-in, sessions and persons.

What carries a password is no command with a key: nothing of it may be kept beside the hash.
"""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from services.gateway.guard import COOKIE, token_of
from services.gateway.identity import LONGEST_SESSION, Identity
from services.gateway.persons import (
    Caller,
    NewPerson,
    PasswordChange,
    PasswordReset,
    PersonChange,
    SignIn,
)
from services.gateway.samesite import own_page
from shared.app import Service
from shared.commands import Command, command_of

OURS = [Depends(own_page)]


def add_session_routes(service: Service, identity: Identity) -> None:
    """Add sign-in, who one is, sign-out and one's own password."""
    app = service.app

    @app.post("/api/session", tags=["session"], status_code=201, dependencies=OURS)
    async def post_session(given: SignIn, request: Request, response: Response) -> dict[str, Any]:
        """Sign in: the answer sets a cookie that scripts cannot read. 401: wrong or locked."""
        token, caller = await identity.sign_in(given.login, given.password)
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(LONGEST_SESSION.total_seconds()),
            path="/api",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return shown(caller)

    @app.get("/api/session", tags=["session"])
    async def get_session(request: Request) -> dict[str, Any]:
        """Who is signed in here, with roles and permissions; `caller` is null when nobody is."""
        caller: Caller | None = request.state.caller
        return {"caller": shown(caller) if caller else None}

    @app.post("/api/session/end", tags=["session"], dependencies=OURS)
    async def post_session_end(request: Request, response: Response) -> dict[str, bool]:
        """Sign out."""
        await identity.sign_out(token_of(request.headers), caller_of(request))
        response.delete_cookie(COOKIE, path="/api")
        return {"signed_out": True}

    @app.post("/api/session/password", tags=["session"], dependencies=OURS)
    async def post_password(change: PasswordChange, request: Request) -> dict[str, bool]:
        """Choose another password; the person's other sessions end. 401: the old one is wrong."""
        caller, token = caller_of(request), token_of(request.headers)
        await identity.change_password(token, caller, change.password, change.new_password)
        return {"changed": True}


def add_person_routes(service: Service, identity: Identity) -> None:
    """Add what an administrator does with persons."""
    app = service.app
    given = Annotated[Command, Depends(command_of(service.database))]

    @app.get("/api/persons", tags=["persons"])
    async def get_persons() -> dict[str, Any]:
        """All persons, disabled ones too: a login is never given to another person."""
        return {"items": await identity.persons()}

    @app.post("/api/persons", tags=["persons"], status_code=201, dependencies=OURS)
    async def post_person(new: NewPerson, request: Request) -> dict[str, Any]:
        """Add a person, who chooses another password at the first sign-in. 409: login taken."""
        return await identity.add(new, caller_of(request))

    @app.post("/api/persons/{login}", tags=["persons"], dependencies=OURS)
    async def post_person_change(
        login: str, wanted: PersonChange, request: Request, command: given
    ) -> dict[str, Any]:
        """Change name or roles, disable or enable. 409: nobody would administer persons."""
        caller = caller_of(request)
        return await command.once(lambda tx: identity.change(tx, login, wanted, caller))

    @app.post("/api/persons/{login}/password", tags=["persons"], dependencies=OURS)
    async def post_password_reset(
        login: str, reset: PasswordReset, request: Request
    ) -> dict[str, str]:
        """Give a person a password for one sign-in; the person's sessions end."""
        await identity.reset_password(login, reset.password, caller_of(request))
        return {"login": login}


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
    }
