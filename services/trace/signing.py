"""The plant's key for seals: Ed25519, made at the first start, and what was signed with which."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from shared.errors import PersonNeededError

Keys = Mapping[str, bytes]  # raw public key by its id


class Signer:
    """Signs with one private key; `key_id` is the SHA-256 of the raw public key, as hex."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = id_of(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self._key.sign(message)


def id_of(public_key: bytes) -> str:
    """Return what names a public key."""
    return hashlib.sha256(public_key).hexdigest()


def is_signed(message: bytes, signature: bytes, public_key: bytes) -> bool:
    """Say whether a signature over a message was made with the private half of a key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signer_at(path: Path) -> Signer:
    """Return the signer of a key file; makes the file, for its owner alone, when there is none.

    Raises:
        PersonNeededError: the file cannot be read or made, or holds no Ed25519 key.
    """
    try:
        if not path.exists():
            keep_key(path, Ed25519PrivateKey.generate())
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise PersonNeededError(
            f"key for seals {path}: {error}; put it back from a backup, or move it away to go on "
            "with a new key"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise PersonNeededError(f"key for seals {path} is no Ed25519 key; put the plant's key back")
    return Signer(key)


def keep_key(path: Path, key: Ed25519PrivateKey) -> None:
    """Write a key file for its owner alone, unless there is one."""
    keep_secret(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def keep_secret(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, unless there is one.

    It is written beside its place first, so that a crash leaves none or a whole one.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(unfinished, path)  # a replica that was faster keeps its own
    except FileExistsError:
        return
    finally:
        unfinished.unlink()
