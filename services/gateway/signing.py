"""Commands that name persons: who gives them is who signed in, and a second one proves itself.

A body may carry `second: {login, password}`. The password goes no further than this: the service
gets `second: {person}` with the name of who it is. A service believes what comes from here.

A signature is more: its signer gives login and password each time, signed in or not, so that
nobody signs on an unlocked screen. The service gets who it is, the printed name, and how that was
found out; it binds both to the record's hash.
"""

import json
from typing import Any

from pydantic import ValidationError

from services.gateway.entrances import Entrances
from services.gateway.persons import Caller, SignIn
from services.gateway.roles import needed
from shared.errors import InvalidInputError, NotAllowedError

LARGEST = 1024 * 1024  # bytes of such a body
PERSON, SECOND = "person", "second"
AUTHENTICATION = "password, given with the signature"
NEVER_CLAIMED = ("person", "printed_name", "authentication")


async def signed(entrances: Entrances, caller: Caller, path: str, raw: bytes) -> bytes:
    """Return a command's body with the persons as they were found to be.

    Raises:
        InvalidInputError: no JSON object, or `second` is not a login with a password.
        NotSignedInError: the second person's password is wrong, or the account is locked.
        TooManyTriesError: the caller gave too many wrong ones in the last minute.
        NotAllowedError: the second person may not give this command, or is the first one.
    """
    body = _object(raw)
    body[PERSON] = caller.printed
    if body.get(SECOND) is not None:
        second = await entrances.prove(caller, *_given(body[SECOND], SECOND))
        need = needed("POST", path)
        if second.login == caller.login:
            raise NotAllowedError(f"{second.printed} is signed in here; a second person must sign")
        if not await entrances.rights.may(second, "POST", path):
            raise NotAllowedError(f"{second.printed} may not {need}; another person must sign")
        body[SECOND] = {PERSON: second.printed}
    return json.dumps(body).encode()


async def with_signature(
    entrances: Entrances, caller: Caller, path: str, name: str, raw: bytes
) -> bytes:
    """Return a command's body whose signature is of the person whose password came with it.

    name: where the signature stands in the body; empty: the body is the signature.

    Raises:
        InvalidInputError: no JSON object, or a signature without login, password and role.
        NotSignedInError: the password is wrong, or the account is locked.
        TooManyTriesError: the caller gave too many wrong ones in the last minute.
        NotAllowedError: the person may not give this command, or has not the role.
    """
    body = _object(raw)
    given = body.get(name) if name else body
    if not isinstance(given, dict):
        raise InvalidInputError(f"{name}: a signature is needed: login, password, role, meaning")
    taken = dict(given)
    entered = {key: taken.pop(key, None) for key in ("login", "password")}
    for claimed in NEVER_CLAIMED:
        taken.pop(claimed, None)
    signer = await entrances.prove(caller, *_given(entered, name or "signature"))
    need = needed("POST", path)
    if not await entrances.rights.may(signer, "POST", path):
        raise NotAllowedError(f"{signer.printed} may not {need}; another person must sign")
    if taken.get("role") not in signer.roles:
        raise NotAllowedError(
            f"{signer.printed} signs as {taken.get('role')!r} and has the roles "
            f"{', '.join(sorted(signer.roles))}"
        )
    taken |= {
        "person": signer.printed,
        "printed_name": signer.name,
        "authentication": AUTHENTICATION,
    }
    return json.dumps({**body, name: taken} if name else taken).encode()


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise InvalidInputError("the body must be a JSON object")
    return body


def _given(whom: object, name: str) -> tuple[str, str]:
    try:
        entered = SignIn.model_validate(whom)
    except ValidationError as error:
        # What was entered is not repeated: it holds a password.
        raise InvalidInputError(f"{name}: login and password are needed") from error
    return entered.login, entered.password
