"""The first products and the first week of work, given to a plant that has none."""

import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx

from deploy.data_folder import DataFolder
from deploy.pki import SETUP_KEY
from deploy.processes import PROJECT_DIR, wait_until
from shared.errors import PersonNeededError

FOLDER = PROJECT_DIR / "examples"
FILES = (
    ("master-data.yaml", "/api/master-data"),
    ("pilot-week.yaml", "/api/work-schedules"),
)
_TAKEN = {200, 201, 202}
_TRY_AGAIN = {429, 502, 503, 504}
_WITHIN_S = 60.0


def setup_key(data: DataFolder) -> str:
    """Return the key with which the plant's own programs enter the gateway.

    Raises:
        PersonNeededError: it cannot be read.
    """
    file = data.gateway_keys / SETUP_KEY
    try:
        return file.read_text().strip()
    except OSError as error:
        raise PersonNeededError(f"The key file {file} cannot be read: {error.strerror}.") from error


def ensure(
    gateway: str, key: str, give_up: Callable[[], bool], known: ssl.SSLContext | bool = True
) -> None:
    """Give the examples to a plant that has no work, through the gateway at this address.

    known: by which authority the gateway is known where its address is https.

    Raises:
        PersonNeededError: no answer, a file is missing or refused, or `give_up` became true.
    """
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(
        base_url=gateway, headers=headers, trust_env=False, timeout=30.0, verify=known
    ) as client:
        if is_empty(client, give_up):
            load(client, FOLDER, give_up)


def is_empty(client: httpx.Client, give_up: Callable[[], bool]) -> bool:
    """Tell whether the plant has no work request yet.

    Raises:
        PersonNeededError: the gateway does not answer as it should.
    """
    response = _send(client, client.build_request("GET", "/api/work-requests"), give_up)
    try:
        answer = response.json()
    except ValueError as error:
        raise PersonNeededError("The gateway's list of work requests is not JSON.") from error
    return isinstance(answer, dict) and answer.get("items") == []


def load(client: httpx.Client, folder: Path, give_up: Callable[[], bool]) -> None:
    """Give the example files to the gateway; a file given twice has its effect once.

    Raises:
        PersonNeededError: a file is missing or refused.
    """
    for name, path in FILES:
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise PersonNeededError(
                f"The example file {folder / name} cannot be read: {error.strerror}; "
                "start with --empty to go without."
            ) from error
        headers = {
            "content-type": "application/yaml",
            "idempotency-key": hashlib.sha256(content).hexdigest()[:32],
        }
        request = client.build_request("POST", path, headers=headers, content=content)
        _send(client, request, give_up)


def _send(
    client: httpx.Client, request: httpx.Request, give_up: Callable[[], bool]
) -> httpx.Response:
    """Send a request, again while the answer is that it may work later."""
    response: httpx.Response | None = None

    def answered() -> bool:
        nonlocal response
        try:
            response = client.send(request)
        except httpx.TransportError:
            return give_up()
        return response.status_code not in _TRY_AGAIN or give_up()

    wait_until(answered, _WITHIN_S, every_s=0.5)
    if response is None:
        raise PersonNeededError(
            f"The gateway gave no answer to {request.url.path} within {_WITHIN_S:.0f} s."
        )
    if response.status_code not in _TAKEN:
        raise PersonNeededError(
            f"The gateway refused {request.method} {request.url.path} "
            f"with {response.status_code}: {' '.join(response.text.split())[:400]}"
        )
    return response
