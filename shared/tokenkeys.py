"""The keys of tokens: each service's own private one, and the public ones that all may read.

`<folder>/<service>/key.json` (mode 0600) and `public.json`. A key is made at the first start and
each day; its predecessor counts for the few minutes that its last tokens need.
"""

import asyncio
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared import secretfiles
from shared.errors import PersonNeededError

ALGORITHM = "Ed25519"
RENEWED_AFTER_S = 86_400.0
LOOK_EVERY_S = 600.0
STILL_COUNTS_S = 300.0  # an old key, longer than any token and two clocks that differ
PRIVATE, PUBLIC, LOCK = "key.json", "public.json", "lock"


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A service's private key. key_id: `<service>.<random>`; made_s: seconds since the epoch."""

    key_id: str
    made_s: float
    key: OKPKey


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """What a service signs with, seen by others; it counts until `until_s` (epoch seconds)."""

    owner: str
    key_id: str
    until_s: float
    key: OKPKey


def signing_key(folder: Path, owner: str) -> SigningKey | None:
    """Return a service's newest key, None when it has none.

    Raises:
        PersonNeededError: the file is damaged or may not be read.
    """
    path = folder / owner / PRIVATE
    kept = _read(path)
    if kept is None:
        return None
    try:
        return SigningKey(
            key_id=kept["key_id"], made_s=kept["made_s"], key=OKPKey.import_key(kept["key"])
        )
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error


def public_keys(folder: Path, owner: str) -> list[PublicKey]:
    """Return the public keys of a service, none when it was never started.

    Raises:
        PersonNeededError: the file is damaged or may not be read.
    """
    path = folder / owner / PUBLIC
    kept = _read(path)
    try:
        return [
            PublicKey(
                owner=owner,
                key_id=item["key_id"],
                until_s=inf if item["until_s"] is None else float(item["until_s"]),
                key=OKPKey.import_key(item["key"]),
            )
            for item in (kept or {}).get("keys", ())
        ]
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error


def ensure_key(folder: Path, owner: str, now_s: float, renewed_after_s: float) -> bool:
    """Make a service's key when it has none or one that is too old; say whether one was made.

    Several processes of one service may do it at the same time. The public half is written first,
    so that no token is signed with a key that others cannot know.

    Raises:
        PersonNeededError: the folder cannot be written, or a key in it is damaged.
    """
    try:
        (folder / owner).mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(folder / owner / LOCK):
            present = signing_key(folder, owner)
            if present is not None and 0 <= now_s - present.made_s < renewed_after_s:
                return False
            key_id, key = f"{owner}.{secrets.token_hex(8)}", OKPKey.generate_key("Ed25519")
            old = public_keys(folder, owner)
            listed = [
                _shown(one.key_id, min(one.until_s, now_s + STILL_COUNTS_S), one.key)
                for one in old
                if one.until_s > now_s
            ]
            listed.append(_shown(key_id, None, key))
            private = {"key_id": key_id, "made_s": now_s, "key": key.as_dict(private=True)}
            secretfiles.write(folder / owner / PUBLIC, _bytes({"keys": listed}), 0o644)
            secretfiles.write(folder / owner / PRIVATE, _bytes(private), 0o600)
            return True
    except OSError as error:
        raise PersonNeededError(
            f"The token key {error.filename} cannot be written: {error.strerror}."
        ) from error


async def keep_renewing(folder: Path, owner: str) -> None:
    """Renew a service's key each day, for ever."""
    while True:
        await asyncio.to_thread(ensure_key, folder, owner, time.time(), RENEWED_AFTER_S)
        await asyncio.sleep(LOOK_EVERY_S)


def _shown(key_id: str, until_s: float | None, key: OKPKey) -> dict[str, Any]:
    return {"key_id": key_id, "until_s": until_s, "key": key.as_dict(private=False)}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        kept = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    if not isinstance(kept, dict):
        raise _damaged(path)
    return kept


def _damaged(path: Path) -> PersonNeededError:
    return PersonNeededError(
        f"The token key {path} is damaged or may not be read; "
        "remove its folder and start its service again to get a new one."
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _bytes(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
