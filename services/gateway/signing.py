"""Commands that name persons: who gives them is who signed in, and a second one proves itself.

A body may carry `second: {login, password}`. The password goes no further than this: the service
gets `second: {person}` with the name of who it is. A service believes what comes from here.
"""

import json
from typing import Any

from pydantic import ValidationError

from services.gateway.identity import Identity
from services.gateway.persons import Caller, SignIn
from services.gateway.roles import needed
from shared.errors import InvalidInputError, NotAllowedError

LARGEST = 1024 * 1024  # bytes of such a body
PERSON, SECOND = "person", "second"


async def signed(identity: Identity, caller: Caller, path: str, raw: bytes) -> bytes:
    """Return a command's body with the persons as they were found to be.

    Raises:
        InvalidInputError: no JSON object, or `second` is not a login with a password.
        NotSignedInError: the second person's password is wrong, or the account is locked.
        NotAllowedError: the second person may not give this command, or is the first one.
    """
    body = _object(raw)
    body[PERSON] = caller.printed
    if body.get(SECOND) is not None:
        second = await identity.prove(*_given(body[SECOND]))
        need = needed("POST", path)
        if second.login == caller.login:
            raise NotAllowedError(f"{second.printed} is signed in here; a second person must sign")
        if need is not None and need not in second.permissions:
            raise NotAllowedError(f"{second.printed} may not {need}; another person must sign")
        body[SECOND] = {PERSON: second.printed}
    return json.dumps(body).encode()


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise InvalidInputError(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise InvalidInputError("the body must be a JSON object")
    return body


def _given(second: object) -> tuple[str, str]:
    try:
        entered = SignIn.model_validate(second)
    except ValidationError as error:
        # What was entered is not repeated: it holds a password.
        raise InvalidInputError(f"{SECOND}: login and password are needed") from error
    return entered.login, entered.password
