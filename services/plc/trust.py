"""The trust list of the OPC UA server: certificates that may enter, and unknown ones in quarantine.

A certificate is a DER file. In `trusted` its name is the user it may enter as; in `quarantine` it
is its fingerprint, and it waits there for a person.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from shared.errors import ConflictError, InvalidInputError, NotFoundError

MOST_QUARANTINED = 50
SHORTEST_PREFIX = 8
State = Literal["trusted", "quarantined"]


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """One certificate of the list; `name` is the user it may enter as once it is trusted."""

    fingerprint: str
    name: str
    state: State
    subject: str
    application_uri: str | None
    valid_until: datetime
    since: datetime


class TrustList:
    """The folders `trusted` and `quarantine` of one OPC UA application."""

    def __init__(self, folder: Path) -> None:
        self.trusted, self.quarantined = folder / "trusted", folder / "quarantine"

    def prepare(self) -> None:
        """Make the folders that are missing."""
        for folder in (self.trusted, self.quarantined):
            folder.mkdir(parents=True, exist_ok=True)

    def version(self) -> tuple[int, ...]:
        """Return what changes with the folder `trusted`."""
        status = self.trusted.stat()
        return (status.st_mtime_ns, status.st_ino)

    def belongs_to(self, certificate: bytes, user: str) -> bool:
        """Say whether a trusted certificate (DER) is the one this user enters with."""
        path = self.trusted / f"{user}.der"
        return _is_name(user) and path.is_file() and path.read_bytes() == certificate

    def everything(self) -> list[Certificate]:
        """Return trusted certificates by name, then those in quarantine, the newest first."""
        trusted = sorted(self._read(self.trusted, "trusted"), key=lambda one: one.name)
        waiting = sorted(self._read(self.quarantined, "quarantined"), key=lambda one: one.since)
        return [*trusted, *reversed(waiting)]

    def quarantine(self, certificate: bytes) -> str | None:
        """Keep an unknown certificate (DER) for a person; return its fingerprint when it is new.

        The oldest one gives way when MOST_QUARANTINED wait, so strangers cannot fill the disk.
        """
        known = fingerprint_of(certificate)
        path = self.quarantined / f"{known}.der"
        if path.exists():
            return None
        waiting = sorted(self.quarantined.glob("*.der"), key=lambda one: one.stat().st_mtime_ns)
        for oldest in waiting[: max(0, len(waiting) - MOST_QUARANTINED + 1)]:
            oldest.unlink(missing_ok=True)
        _write(path, certificate)
        return known

    def accept(self, prefix: str, name: str) -> Certificate:
        """Move a certificate out of quarantine into the trust list, as the one of a user.

        A former certificate of that user no longer counts. May be repeated.

        Raises:
            NotFoundError, ConflictError, InvalidInputError: see `find`, or no possible name.
        """
        if not _is_name(name):
            raise InvalidInputError(
                f"user {name!r}: letters, digits, dots, dashes and underscores, 100 at most"
            )
        found = self.find(prefix)
        if found.state == "trusted" and found.name == name:
            return found
        found = self.find(prefix, "quarantined")
        waiting = self.quarantined / f"{found.name}.der"
        _write(self.trusted / f"{name}.der", waiting.read_bytes())
        waiting.unlink(missing_ok=True)
        return self.find(found.fingerprint, "trusted")

    def reject(self, prefix: str) -> Certificate:
        """Remove a certificate from quarantine, or from the trust list when it is there.

        Raises:
            NotFoundError, ConflictError, InvalidInputError: see `find`.
        """
        found = self.find(prefix)
        folder = self.trusted if found.state == "trusted" else self.quarantined
        (folder / f"{found.name}.der").unlink(missing_ok=True)
        return found

    def find(self, prefix: str, state: State | None = None) -> Certificate:
        """Return the certificate whose fingerprint begins with `prefix`.

        Raises:
            NotFoundError: there is none.
            ConflictError: there are several.
            InvalidInputError: the prefix is shorter than SHORTEST_PREFIX characters.
        """
        if len(prefix) < SHORTEST_PREFIX:
            raise InvalidInputError(
                f"fingerprint {prefix!r}: give at least {SHORTEST_PREFIX} characters"
            )
        where = state or "known"
        found = [
            one
            for one in self.everything()
            if one.fingerprint.startswith(prefix.lower()) and state in (None, one.state)
        ]
        if not found:
            raise NotFoundError(f"no certificate with the fingerprint {prefix}… is {where}")
        if len({one.fingerprint for one in found}) > 1:
            raise ConflictError(f"several fingerprints begin with {prefix}; give more characters")
        return found[0]

    def _read(self, folder: Path, state: State) -> Iterator[Certificate]:
        for path in folder.glob("*.der"):
            try:
                content, since_s = path.read_bytes(), path.stat().st_mtime
                certificate = x509.load_der_x509_certificate(content)
            except (OSError, ValueError):
                continue  # removed meanwhile, or not a certificate: it lets nobody in
            yield Certificate(
                fingerprint=fingerprint_of(content),
                name=path.stem,
                state=state,
                subject=certificate.subject.rfc4514_string()[:200],
                application_uri=_application_uri(certificate),
                valid_until=certificate.not_valid_after_utc,
                since=datetime.fromtimestamp(since_s, UTC),
            )


def fingerprint_of(certificate: bytes) -> str:
    """Return the SHA-256 fingerprint of a certificate (DER) in hexadecimal."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(certificate)
    return digest.finalize().hex()


def _application_uri(certificate: x509.Certificate) -> str | None:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return str(uris[0])[:200] if uris else None


def _is_name(name: str) -> bool:
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    return plain.isascii() and plain.isalnum() and len(name) <= 100 and not name.startswith(".")


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)
