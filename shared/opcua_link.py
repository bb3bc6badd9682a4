"""The secured connection to a station: certificates, user, time-outs."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from asyncua import Client, ua
from asyncua.crypto.security_policies import (
    SecurityPolicy,
    SecurityPolicyAes128Sha256RsaOaep,
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
)
from asyncua.ua.uaerrors import UaError
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_der_x509_certificate

from shared.errors import StationFaultError
from shared.settings import StationSettings
from shared.trust import StationTrust, fingerprint_of

TIMEOUT_S = 10.0
CONNECT_S = 10.0  # a link that comes back meanwhile is found by TCP itself, which asks again
LEAVE_S = 2.0
DISCOVER_S = 2.0
PROBE_S = 30.0  # the library's own probe; that a station is lost is decided by its pulse, before
POLICIES: Mapping[str, type[SecurityPolicy]] = {
    "Basic256Sha256": SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": SecurityPolicyAes256Sha256RsaPss,
}
LOST = (OSError, TimeoutError, UaError, asyncio.IncompleteReadError)


@functools.lru_cache(maxsize=8)
def _key(content: bytes) -> RSAPrivateKey:
    """Return a private key (PEM); the same content is read and checked once."""
    key = load_pem_private_key(content, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"a key of the type {type(key).__name__}, expected RSA")
    return key


@dataclass(frozen=True, kw_only=True)
class Access:
    """Certificate, key and user with which a service enters a station.

    nodesets: folder with the official node sets, for the structures of job orders.
    """

    application_uri: str
    certificate: Path
    private_key: Path
    server_certificate: Path
    user: str
    password_file: Path
    nodesets: Path = Path(".cache/nodesets")


def _security(settings: StationSettings, access: Access) -> SecurityPolicy:
    """Return the policy of a connection.

    The library would read the key anew for each try, and check it, which takes 36 ms.
    """
    try:
        return POLICIES[settings.security_policy](
            load_der_x509_certificate(access.server_certificate.read_bytes()),
            load_der_x509_certificate(access.certificate.read_bytes()),
            _key(access.private_key.read_bytes()),
            ua.MessageSecurityMode.SignAndEncrypt,
            host_cert_chain=[],
        )
    except ValueError as error:
        files = (access.server_certificate, access.certificate, access.private_key)
        raise StationFaultError(
            f"{settings.equipment_id}: one of {', '.join(map(str, files))} is damaged: {error}"
        ) from error


async def shown_certificates(settings: StationSettings) -> list[bytes]:
    """Return the certificates (DER) that a server shows to whom it does not know; none if away.

    Discovery needs no security and proves nothing: what is shown is for a person to compare.
    """
    client = Client(settings.endpoint, timeout=DISCOVER_S)
    try:
        async with asyncio.timeout(DISCOVER_S):
            endpoints = await client.connect_and_get_server_endpoints()
    except LOST:
        return []
    finally:
        client.disconnect_socket()
    shown = {bytes(one.ServerCertificate) for one in endpoints if one.ServerCertificate}
    return sorted(shown)


async def stranger(settings: StationSettings, access: Access) -> str | None:
    """Keep in quarantine what a station shows in place of its known certificate, and say so."""
    known, trust = access.server_certificate, StationTrust(access.server_certificate.parents[1])
    shown = await shown_certificates(settings)
    if not shown or (known.is_file() and known.read_bytes() in shown):
        return None
    with contextlib.suppress(OSError):  # a folder that is only read here: it is told all the same
        for certificate in shown:
            trust.quarantine(known.parent.name, certificate)
    prints = ", ".join(fingerprint_of(certificate)[:16] for certificate in shown)
    return (
        f"it shows the certificate {prints}, which is not the one it is known by; compare it and "
        f"accept it with halite trust accept {prints[:16]} --as {known.parent.name}"
    )


@contextlib.asynccontextmanager
async def connection(settings: StationSettings, access: Access) -> AsyncIterator[Client]:
    """Enter a station with SignAndEncrypt, its certificate pinned, while the block lasts.

    Raises:
        OSError, TimeoutError, UaError: it cannot be reached, or it refuses.
        StationFaultError: one of the certificates or the key is none.
    """
    client = Client(settings.endpoint, timeout=TIMEOUT_S, watchdog_intervall=PROBE_S)
    client.application_uri = access.application_uri
    client.session_timeout = 120_000
    policy = _security(settings, access)
    client.security_policy = policy  # type: ignore[assignment]  # the library knows only its default
    client.uaclient.set_security(policy)
    client.set_user(access.user)
    client.set_password(access.password_file.read_text().strip())
    try:
        async with asyncio.timeout(CONNECT_S):
            await client.connect()
        yield client
    finally:
        try:
            with contextlib.suppress(*LOST):
                async with asyncio.timeout(LEAVE_S):
                    await client.disconnect()
        finally:
            client.disconnect_socket()  # also of a connection that was given up half-way
