"""How tools reach a service's own port: over TLS, by the gateway's key, a secret of the plant."""

import ssl
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.authority import PROBE
from deploy.data_folder import DataFolder
from shared.door import Introduced
from shared.identity import Identity
from shared.permissions import PERMISSIONS
from shared.tokenkeys import RENEWED_AFTER_S, ensure_key
from shared.tokens import SPEAKS_FOR_PERSONS, Signer

TOKENS = Path("secrets") / "tokens"


def knowing(data: DataFolder) -> ssl.SSLContext:
    """Return what knows the services of a plant by its authority, and believes nobody else.

    Raises:
        InvalidInputError: the plant has no certificates yet, or they cannot be read.
    """
    return Identity(data.tls / PROBE).as_client()


def signer_of(data_dir: Path) -> Signer:
    """Return what signs in the gateway's name, whether it has run in that data folder or not.

    Raises:
        PersonNeededError: the folder cannot be written.
    """
    ensure_key(data_dir / TOKENS, SPEAKS_FOR_PERSONS, time.time(), RENEWED_AFTER_S)
    return Signer(data_dir / TOKENS, SPEAKS_FOR_PERSONS)


def introduced(data_dir: Path, urls: Mapping[str, str]) -> Introduced:
    """Return the `auth` of an HTTP client that may do everything at the services of a plant.

    urls: address of each service by name.

    Raises:
        PersonNeededError: the folder cannot be written.
    """
    return Introduced(signer_of(data_dir), urls, PERMISSIONS, login="tool", person="Tool")
