"""Certificates, trust lists and passwords of the OPC UA connections, and the keys to the gateway.

Made once, then kept.
"""

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.ports import is_loopback
from shared.errors import NotFoundError, PersonNeededError
from shared.secretfiles import PUBLIC, SECRET, damaged, private_folder, write
from shared.settings import SERVICES, PlantSettings

PLC_CLIENT = "plc-demo-client"
SETUP_KEY, FIRST_PASSWORD = "setup-key", "first-password"
_VALID_FOR = timedelta(days=730)
RENEWED_BEFORE = timedelta(days=30)
_KEY_BITS = 2048


@dataclass(frozen=True, kw_only=True)
class Application:
    """One OPC UA application: its folder's name, its URI, and the names of those it trusts."""

    name: str
    uri: str
    trusts: tuple[str, ...]


def applications(plant: PlantSettings) -> list[Application]:
    """Return who speaks OPC UA in a plant and whom each trusts; a real machine has its own keys."""
    simulated = [station for station in plant.station if is_loopback(station.endpoint)]
    services = [
        Application(
            name=name,
            uri=f"urn:halite:service:{name}",
            trusts=tuple(station.name for station in simulated if station.service == name)
            + ((PLC_CLIENT,) if name == "plc" else ()),
        )
        for name in SERVICES
    ]
    stations = [
        Application(
            name=station.name, uri=f"urn:halite:station:{station.name}", trusts=(station.service,)
        )
        for station in simulated
    ]
    client = Application(name=PLC_CLIENT, uri=f"urn:halite:client:{PLC_CLIENT}", trusts=("plc",))
    return [*services, *stations, client]


def ensure_pki(folder: Path, plant: PlantSettings) -> None:
    """Make missing or nearly expired certificates, and write the trust lists.

    Files that people put into a `trusted` folder stay.

    Raises:
        PersonNeededError: a certificate or key is damaged, or the folder cannot be written.
    """
    everyone = applications(plant)
    try:
        certificates = {who.name: _ensure_certificate(folder / who.name, who) for who in everyone}
        for who in everyone:
            trusted = folder / who.name / "trusted"
            trusted.mkdir(exist_ok=True)
            for name in who.trusts:
                write(trusted / f"{name}.der", certificates[name], PUBLIC)
        _forget_simulated(folder, plant)
    except OSError as error:
        raise PersonNeededError(
            f"The certificate file {error.filename} cannot be written: {error.strerror}."
        ) from error


def ensure_passwords(folder: Path, plant: PlantSettings) -> None:
    """Make a random password for each simulated station and the demo PLC, readable by the owner.

    Raises:
        PersonNeededError: the folder cannot be written.
    """
    names = [station.name for station in plant.station if is_loopback(station.endpoint)]
    try:
        private_folder(folder)
        for name in (*names, PLC_CLIENT):
            if not (folder / name).exists():
                write(folder / name, secrets.token_urlsafe(24).encode(), SECRET)
    except OSError as error:
        raise PersonNeededError(
            f"The password file {error.filename} cannot be written: {error.strerror}."
        ) from error


def ensure_gateway_keys(folder: Path) -> None:
    """Make the setup key of the gateway and, with it, the first administrator's first password.

    The gateway removes the password when another was chosen; it is not made a second time.

    Raises:
        PersonNeededError: the folder cannot be written.
    """
    try:
        private_folder(folder)
        if not (folder / SETUP_KEY).exists():
            write(folder / FIRST_PASSWORD, secrets.token_urlsafe(12).encode(), SECRET)
            write(folder / SETUP_KEY, secrets.token_urlsafe(32).encode(), SECRET)
    except OSError as error:
        raise PersonNeededError(
            f"The key file {error.filename} cannot be written: {error.strerror}."
        ) from error


def _forget_simulated(folder: Path, plant: PlantSettings) -> None:
    """Where a real machine took the place of a simulator, no longer trust the simulator's key."""
    for station in plant.station:
        ours = folder / station.name / "cert.der"
        trusted = folder / station.service / "trusted" / f"{station.name}.der"
        if is_loopback(station.endpoint) or not ours.exists() or not trusted.exists():
            continue
        if trusted.read_bytes() == ours.read_bytes():
            trusted.unlink()


def renew(folder: Path, plant: PlantSettings, names: Sequence[str]) -> dict[str, datetime]:
    """Renew certificates with the keys they have, and the trust lists of those who trust them.

    A running plant takes them up by itself: the plc service at once, the others when they connect
    next. Machines that are not simulated, and PLCs, must be given the new ones by hand. Returns
    the end of each new certificate by name.

    Raises:
        NotFoundError: no application of a name, or it has no certificate yet.
        PersonNeededError: a key is damaged, or the folder cannot be written.
    """
    everyone = applications(plant)
    known = {who.name: who for who in everyone}
    now = datetime.now(UTC)
    ends = {}
    for name in names:
        if name not in known or not (folder / name / "key.pem").exists():
            raise NotFoundError(f"{name!r} has no certificate here; see `halite certs show`")
        key = _read_key(folder / name)
        certificate = _self_signed(known[name], key, now)
        content = certificate.public_bytes(serialization.Encoding.DER)
        for who in everyone:
            if name in who.trusts:
                write(folder / who.name / "trusted" / f"{name}.der", content, PUBLIC)
        write(folder / name / "cert.der", content, PUBLIC)
        ends[name] = certificate.not_valid_after_utc
    return ends


def valid_until(folder: Path) -> dict[str, datetime]:
    """Return the end of each application's certificate by name, the first to end first.

    Raises:
        PersonNeededError: a certificate is damaged.
    """
    ends = {path.parent.name: _end_of(path) for path in folder.glob("*/cert.der")}
    return dict(sorted(ends.items(), key=lambda one: (one[1], one[0])))


def _end_of(path: Path) -> datetime:
    try:
        return x509.load_der_x509_certificate(path.read_bytes()).not_valid_after_utc
    except ValueError as error:
        raise damaged(path.parent) from error


def _read_key(folder: Path) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), password=None)
    except ValueError as error:
        raise damaged(folder) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise damaged(folder)
    return key


def _ensure_certificate(folder: Path, who: Application) -> bytes:
    """Return the certificate in DER form; made with its key when there is none to go on with."""
    private_folder(folder)
    certificate_file, key_file = folder / "cert.der", folder / "key.pem"
    now = datetime.now(UTC)
    if certificate_file.exists() and key_file.exists():
        _read_key(folder)
        if _end_of(certificate_file) - now > RENEWED_BEFORE:
            return certificate_file.read_bytes()
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    certificate = _self_signed(who, key, now).public_bytes(serialization.Encoding.DER)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    certificate_file.unlink(missing_ok=True)  # a crash between the two leaves no mismatched pair
    write(key_file, pem, SECRET)
    write(certificate_file, certificate, PUBLIC)
    return certificate


def _self_signed(who: Application, key: rsa.RSAPrivateKey, now: datetime) -> x509.Certificate:
    """Return a certificate with the fields OPC UA asks for (OPC 10000-6, 6.2.2)."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, who.name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Halite"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    names = x509.SubjectAlternativeName(
        [
            x509.UniformResourceIdentifier(who.uri),
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
    )
    purposes = x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALID_FOR)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
