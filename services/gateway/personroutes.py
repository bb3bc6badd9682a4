"""Routes of what an administrator does with persons, badges and keys of programs.

What carries a password, a PIN or a key is no command with an idempotency key: nothing of it may be
kept beside the hash.
"""

from typing import Annotated, Any

from fastapi import Depends, Request

from services.gateway.identity import Identity
from services.gateway.keys import Keys, NewKey
from services.gateway.persons import BadgeGiven, NewPerson, PasswordReset, PersonChange
from services.gateway.samesite import own_page
from services.gateway.sessionroutes import caller_of
from shared.app import Service
from shared.commands import Command, command_of

OURS = [Depends(own_page)]


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

    @app.post("/api/persons/{login}/badge", tags=["persons"], dependencies=OURS)
    async def post_badge(login: str, badge: BadgeGiven, request: Request) -> dict[str, Any]:
        """Give a person a badge and a PIN for panels, in place of earlier ones. 409: taken."""
        await identity.give_badge(login, badge, caller_of(request))
        return {"login": login, "has_badge": True}

    @app.post("/api/persons/{login}/badge/end", tags=["persons"], dependencies=OURS)
    async def post_badge_end(login: str, request: Request, command: given) -> dict[str, Any]:
        """Take a person's badge away; what it opened is closed."""
        caller = caller_of(request)
        return await command.once(lambda tx: identity.end_badge(tx, login, caller))


def add_key_routes(service: Service, keys: Keys) -> None:
    """Add what an administrator does with keys of programs."""
    app = service.app
    given = Annotated[Command, Depends(command_of(service.database))]

    @app.get("/api/keys", tags=["keys"])
    async def get_keys() -> dict[str, Any]:
        """All keys of programs, ended ones too; never the key itself."""
        return {"items": await keys.listed()}

    @app.post("/api/keys", tags=["keys"], status_code=201, dependencies=OURS)
    async def post_key(new: NewKey, request: Request) -> dict[str, Any]:
        """Make a key for a program; this answer alone has it."""
        return await keys.make(new, caller_of(request))

    @app.post("/api/keys/{key_id}/end", tags=["keys"], dependencies=OURS)
    async def post_key_end(key_id: str, request: Request, command: given) -> dict[str, Any]:
        """End a key; other gateways know within 5 s."""
        caller = caller_of(request)
        return await command.once(lambda tx: keys.end(tx, key_id, caller))
