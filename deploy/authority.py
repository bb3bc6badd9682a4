"""The plant's own certificate authority, and the certificates by which its parts know each other.

Each part has a folder with `ca.pem`, `cert.pem` and `key.pem`. A certificate of another authority
that a person put there stays: it is watched, not renewed.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.errors import NotFoundError, PersonNeededError
from shared.identity import AUTHORITY, CERTIFICATE, KEY
from shared.secretfiles import PUBLIC, SECRET, damaged, private_folder, write
from shared.settings import SERVICES, PlantSettings

BROKER, GATEWAY, PROBE = "broker", "gateway", "probe"
OWN = "authority"
RENEWED_BEFORE = timedelta(days=30)
_VALID_FOR, _AUTHORITY_VALID_FOR = timedelta(days=730), timedelta(days=3650)
_BACKDATED = timedelta(hours=1)
_LOOPBACK = ("localhost", "127.0.0.1")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the plant: the name in its certificate, and under which hosts it is reached.

    hosts: names and addresses of a server; none: it only connects to others.
    """

    name: str
    hosts: tuple[str, ...] = ()


def parts_of(plant: PlantSettings) -> list[Part]:
    """Return who has a certificate. `probe` is for looking how broker and services are."""
    served: dict[str, tuple[str, ...]] = {name: (*_LOOPBACK, name) for name in (*SERVICES, BROKER)}
    served[GATEWAY] += plant.public_names
    return [Part(name=name, hosts=served.get(name, ())) for name in (*SERVICES, BROKER, PROBE)]


class Authority:
    """The plant's authority in the folder `authority` beside the folders of its parts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ensure(self, parts: Sequence[Part], now: datetime | None = None) -> None:
        """Make what is missing and renew what we signed and what soon ends or has other hosts.

        Raises:
            PersonNeededError: a file is damaged, or the folder cannot be written.
        """
        now = now or datetime.now(UTC)
        try:
            self._ensure_own(now)
            for part in parts:
                if self._is_due(part, now):
                    self._sign(part, now)
        except OSError as error:
            raise _unwritable(error) from error

    def renew(self, parts: Sequence[Part], names: Sequence[str]) -> dict[str, datetime]:
        """Sign certificates anew with the keys they have; return their ends by name.

        Raises:
            NotFoundError: no part has that name, or its certificate is not of this authority.
            PersonNeededError: a file is damaged, or the folder cannot be written.
        """
        known: Mapping[str, Part] = {part.name: part for part in parts}
        now = datetime.now(UTC)
        try:
            for name in names:
                if name == OWN:
                    self._sign_own(self._key(OWN), now)
                    self._tell_own(parts)
                elif name in known and self._is_ours(name):
                    self._sign(known[name], now)
                else:
                    raise NotFoundError(
                        f"{name!r} has no certificate of this plant's authority; "
                        "see `halite certs show`"
                    )
        except OSError as error:
            raise _unwritable(error) from error
        return {name: self._certificate(name).not_valid_after_utc for name in names}

    def valid_until(self) -> dict[str, datetime]:
        """Return the end of each certificate by name.

        Raises:
            PersonNeededError: a certificate is damaged.
        """
        names = sorted(path.parent.name for path in self._folder.glob(f"*/{CERTIFICATE}"))
        return {name: self._certificate(name).not_valid_after_utc for name in names}

    def _ensure_own(self, now: datetime) -> None:
        folder = self._folder / OWN
        private_folder(folder)
        if not (folder / KEY).exists():
            self._write_key(OWN)
        key = self._key(OWN)
        present = folder / CERTIFICATE
        if not present.exists() or self._ends_soon(OWN, now):
            self._sign_own(key, now)

    def _is_due(self, part: Part, now: datetime) -> bool:
        folder = self._folder / part.name
        if not (folder / CERTIFICATE).exists() or not (folder / KEY).exists():
            return True
        if not self._is_ours(part.name):
            return False
        self._key(part.name)
        told = folder / AUTHORITY
        stale = not told.exists() or told.read_bytes() != self._own_pem()
        return stale or self._ends_soon(part.name, now) or self._hosts(part.name) != part.hosts

    def _is_ours(self, name: str) -> bool:
        """Tell whether our own key signed it; a damaged one is nobody else's."""
        if not (self._folder / name / CERTIFICATE).exists():
            return False
        try:
            self._certificate(name).verify_directly_issued_by(self._certificate(OWN))
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def _ends_soon(self, name: str, now: datetime) -> bool:
        return self._certificate(name).not_valid_after_utc - now <= RENEWED_BEFORE

    def _hosts(self, name: str) -> tuple[str, ...]:
        try:
            found = self._certificate(name).extensions.get_extension_for_class(
                x509.SubjectAlternativeName
            )
        except x509.ExtensionNotFound:
            return ()
        return tuple(str(one.value) for one in found.value)

    def _tell_own(self, parts: Sequence[Part]) -> None:
        for part in parts:
            if self._is_ours(part.name):
                write(self._folder / part.name / AUTHORITY, self._own_pem(), PUBLIC)

    def _sign_own(self, key: ec.EllipticCurvePrivateKey, now: datetime) -> None:
        name = _named("Halite plant authority")
        built = (
            _begun(name, name, key.public_key(), key.public_key(), now, _AUTHORITY_VALID_FOR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
        )
        pem = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        write(self._folder / OWN / CERTIFICATE, pem, PUBLIC)

    def _sign(self, part: Part, now: datetime) -> None:
        folder = self._folder / part.name
        private_folder(folder)
        if not (folder / KEY).exists():
            self._write_key(part.name)
        key, own, own_key = self._key(part.name), self._certificate(OWN), self._key(OWN)
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if part.hosts:
            purposes.append(ExtendedKeyUsageOID.SERVER_AUTH)
        built = (
            _begun(
                _named(part.name),
                own.subject,
                key.public_key(),
                own_key.public_key(),
                now,
                min(_VALID_FOR, own.not_valid_after_utc - now),
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        )
        if part.hosts:
            hosts = [_general_name(host) for host in part.hosts]
            built = built.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        pem = built.sign(own_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        write(folder / AUTHORITY, self._own_pem(), PUBLIC)
        write(folder / CERTIFICATE, pem, PUBLIC)

    def _write_key(self, name: str) -> None:
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write(self._folder / name / KEY, pem, SECRET)

    def _own_pem(self) -> bytes:
        return (self._folder / OWN / CERTIFICATE).read_bytes()

    def _certificate(self, name: str) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificate((self._folder / name / CERTIFICATE).read_bytes())
        except ValueError as error:
            raise damaged(self._folder / name) from error

    def _key(self, name: str) -> ec.EllipticCurvePrivateKey:
        try:
            pem = (self._folder / name / KEY).read_bytes()
            key = serialization.load_pem_private_key(pem, password=None)
        except ValueError as error:
            raise damaged(self._folder / name) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise damaged(self._folder / name)
        return key


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    now: datetime,
    valid_for: timedelta,
) -> x509.CertificateBuilder:
    """Return what all certificates of a plant have (RFC 5280, 4.2.1)."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + valid_for)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
        )
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _unwritable(error: OSError) -> PersonNeededError:
    return PersonNeededError(
        f"The certificate file {error.filename} cannot be used: {error.strerror}."
    )
