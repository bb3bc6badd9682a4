"""Trust in certificates of OPC UA: those that are known, and unknown ones in quarantine.

A certificate is a DER file. In `trusted` its name is the user it may enter as; a station's is
`cert.der` in its own folder. In `quarantine` it is its fingerprint, and it waits for a person.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from shared.errors import ConflictError, InvalidInputError, NotFoundError

MOST_QUARANTINED = 50
MOST_OF_A_STATION = 5  # a station has one certificate; a link with a stranger in it may show many
SHORTEST_PREFIX = 8
SERVER = "plc"  # the application that PLCs enter
State = Literal["trusted", "quarantined"]


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """One certificate of the list; `name` is the user it may enter as once it is trusted.

    station: whose it is or claims to be, None for those of PLCs.
    """

    fingerprint: str
    name: str
    state: State
    subject: str
    application_uri: str | None
    valid_until: datetime
    since: datetime
    station: str | None = None


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
        return _wait(self.quarantined, certificate, MOST_QUARANTINED)

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
        return _found(self.everything(), prefix, state)

    def _read(self, folder: Path, state: State) -> Iterator[Certificate]:
        for path in folder.glob("*.der"):
            yield from _shown(path, state)


class StationTrust:
    """The certificates by which Halite knows stations, `cert.der` in the folder of each.

    A station that shows another one is not entered; what it showed waits in its `quarantine`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def everything(self) -> list[Certificate]:
        """Return by station the known certificates of those of which others wait, and these."""
        found: list[Certificate] = []
        for folder in sorted(self._folder.glob("*/quarantine")):
            station = folder.parent.name
            waiting = [
                replace(one, station=station)
                for path in folder.glob("*.der")
                for one in _shown(path, "quarantined")
            ]
            if not waiting or station == SERVER:
                continue
            known = _shown(self._known(station), "trusted")
            found += [replace(one, name=station, station=station) for one in known]
            found += sorted(waiting, key=lambda one: one.since, reverse=True)
        return found

    def quarantine(self, station: str, certificate: bytes) -> str | None:
        """Keep what a station showed (DER) unless it is the known one; its fingerprint when new."""
        known = self._known(station)
        if known.is_file() and known.read_bytes() == certificate:
            return None
        folder = self._folder / station / "quarantine"
        folder.mkdir(parents=True, exist_ok=True)
        return _wait(folder, certificate, MOST_OF_A_STATION)

    def accept(self, prefix: str, station: str) -> Certificate:
        """Know a station by a certificate that waits; it is entered with the next try.

        Raises:
            NotFoundError, ConflictError, InvalidInputError: see `TrustList.find`.
        """
        ours = [one for one in self.everything() if one.station == station]
        found = _found(ours, prefix, None)
        if found.state == "trusted":
            return found
        waiting = self._folder / station / "quarantine" / f"{found.fingerprint}.der"
        _write(self._known(station), waiting.read_bytes())
        waiting.unlink(missing_ok=True)
        return replace(found, name=station, state="trusted")

    def reject(self, prefix: str) -> Certificate:
        """Remove a certificate that waits; one by which a station is known stays.

        Raises:
            NotFoundError, ConflictError, InvalidInputError: see `TrustList.find`.
        """
        found = _found(self.everything(), prefix, "quarantined")
        folder = self._folder / str(found.station) / "quarantine"
        (folder / f"{found.fingerprint}.der").unlink(missing_ok=True)
        return found

    def _known(self, station: str) -> Path:
        return self._folder / station / "cert.der"


class Trust:
    """Both lists as people see them."""

    def __init__(self, pki: Path) -> None:
        self.plcs, self.stations = TrustList(pki / SERVER), StationTrust(pki)

    def everything(self) -> list[Certificate]:
        """Return what waits and is known of stations, then the list of PLCs."""
        return [*self.stations.everything(), *self.plcs.everything()]

    def accept(self, prefix: str, name: str) -> Certificate:
        """Trust a certificate that waits, as a PLC's user or as the station that showed it.

        Raises:
            NotFoundError, ConflictError, InvalidInputError: see `TrustList.find`.
        """
        if any(one.station == name for one in self.stations.everything()):
            return self.stations.accept(prefix, name)
        return self.plcs.accept(prefix, name)

    def reject(self, prefix: str) -> Certificate:
        """Remove a certificate from a quarantine, or a PLC's from the trust list.

        Raises:
            NotFoundError, ConflictError, InvalidInputError: see `TrustList.find`.
        """
        if any(one.fingerprint.startswith(prefix.lower()) for one in self.stations.everything()):
            return self.stations.reject(prefix)
        return self.plcs.reject(prefix)


def _found(among: Sequence[Certificate], prefix: str, state: State | None) -> Certificate:
    if len(prefix) < SHORTEST_PREFIX:
        raise InvalidInputError(
            f"fingerprint {prefix!r}: give at least {SHORTEST_PREFIX} characters"
        )
    where = state or "known"
    found = [
        one
        for one in among
        if one.fingerprint.startswith(prefix.lower()) and state in (None, one.state)
    ]
    if not found:
        raise NotFoundError(f"no certificate with the fingerprint {prefix}… is {where}")
    if len({one.fingerprint for one in found}) > 1:
        raise ConflictError(f"several fingerprints begin with {prefix}; give more characters")
    return found[0]


def _wait(folder: Path, certificate: bytes, most: int) -> str | None:
    """Keep a certificate in a quarantine; the oldest gives way when there are `most`."""
    known = fingerprint_of(certificate)
    path = folder / f"{known}.der"
    if path.exists():
        return None
    waiting = sorted(folder.glob("*.der"), key=lambda one: one.stat().st_mtime_ns)
    for oldest in waiting[: max(0, len(waiting) - most + 1)]:
        oldest.unlink(missing_ok=True)
    _write(path, certificate)
    return known


def _shown(path: Path, state: State) -> Iterator[Certificate]:
    try:
        content, since_s = path.read_bytes(), path.stat().st_mtime
        certificate = x509.load_der_x509_certificate(content)
    except (OSError, ValueError):
        return  # removed meanwhile, or not a certificate: it lets nobody in
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
