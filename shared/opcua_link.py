"""The secured connection to a station: certificates, user, time-outs."""

import asyncio
import contextlib
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
from asyncua.crypto.uacrypto import CertProperties
from asyncua.ua.uaerrors import UaError

from shared.settings import StationSettings

TIMEOUT_S = 10.0
CONNECT_S = 10.0  # a link that comes back meanwhile is found by TCP itself, which asks again
LEAVE_S = 2.0
PROBE_S = 30.0  # the library's own probe; that a station is lost is decided by its pulse, before
POLICIES: Mapping[str, type[SecurityPolicy]] = {
    "Basic256Sha256": SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": SecurityPolicyAes256Sha256RsaPss,
}
LOST = (OSError, TimeoutError, UaError, asyncio.IncompleteReadError)


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


@contextlib.asynccontextmanager
async def connection(settings: StationSettings, access: Access) -> AsyncIterator[Client]:
    """Enter a station with SignAndEncrypt, its certificate pinned, while the block lasts.

    Raises:
        OSError, TimeoutError, UaError: it cannot be reached, or it refuses.
    """
    client = Client(settings.endpoint, timeout=TIMEOUT_S, watchdog_intervall=PROBE_S)
    client.application_uri = access.application_uri
    client.session_timeout = 120_000
    # Read here: cancelled while it reads, the library leaves the file open.
    await client.set_security(
        POLICIES[settings.security_policy],
        certificate=CertProperties(access.certificate.read_bytes(), "der"),
        private_key=CertProperties(access.private_key.read_bytes(), "pem"),
        server_certificate=CertProperties(access.server_certificate.read_bytes(), "der"),
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
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
