"""Who may enter the OPC UA server: users, certificates and limits.

asyncua 2.1 leaves much of it open. This module, `wire.py` and `sessions.py` close it: nothing but
discovery over an unsecured channel, the certificate of the channel is the one that must be trusted,
a session belongs to the certificate that made it, nonsense ends its connection, and a flood locks
nobody out.
"""

import hmac
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.server.user_managers import UserManager
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from services.plc.sessions import Identity, Session, Subscriptions
from shared.db import Signal
from shared.trust import TrustList

log = structlog.get_logger()
MOST_CONNECTIONS = 64
WAITS_S = 10.0
QUIET_S = 10.0  # between two log lines about the same refusal of the same address
Codes = ua.StatusCodes


class Refusals:
    """Counts what was refused and says each kind once an address, at most every QUIET_S."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self.count: Counter[str] = Counter()
        self._now_s = now_s
        self._said: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def say(self, address: str, code: int, why: str) -> None:
        """Note one refusal; `code` is the OPC UA status code that was answered."""
        name = ua.StatusCode(ua.UInt32(code)).name
        self.count[name] += 1
        said_s, before = self._said.pop((address, name), (-QUIET_S, 0))
        now_s = self._now_s()
        if now_s - said_s < QUIET_S:
            self._said[(address, name)] = (said_s, before + 1)
            return
        log.warning("OPC UA refused", address=address, code=name, why=why[:200], more=before)
        self._said[(address, name)] = (now_s, 0)
        while len(self._said) > 1000:
            self._said.popitem(last=False)


class Users(UserManager):
    """Lets in users with their own password over a channel with their own certificate."""

    def __init__(self, passwords: Mapping[str, bytes], trust: TrustList, unsecured: bool) -> None:
        self._passwords, self._trust, self._unsecured = passwords, trust, unsecured

    def get_user(
        self,
        iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,
    ) -> User | None:
        """Return the user for the right name, password and certificate (DER), else None."""
        name = username or ""
        expected = self._passwords.get(name)
        same = hmac.compare_digest((password or "").encode(), expected or b"\x00")
        own = self._trust.belongs_to(certificate, name) if certificate else self._unsecured
        return User(role=UserRole.User, name=name) if same and expected and own else None


class Admission:
    """Judges certificates by the trust list; unknown ones go into quarantine."""

    def __init__(self, trust: TrustList) -> None:
        self._trust = trust
        self._store = TrustStore([trust.trusted], [])
        self._read: tuple[int, ...] | None = None
        options = CertificateValidatorOptions
        self._validator = CertificateValidator(
            options.TRUSTED_VALIDATION | options.PEER_CLIENT, self._store
        )

    async def __call__(self, certificate: x509.Certificate, who: ua.ApplicationDescription) -> None:
        """Let a certificate pass.

        Raises:
            ServiceError: with the status code that says what is wrong with it.
        """
        version = self._trust.version()
        if version != self._read:
            await self._store.load()
            self._read = version
        try:
            await self._validator(certificate, who)
        except ServiceError as error:
            if error.code == Codes.BadCertificateUntrusted:
                self._quarantine(certificate)
            raise

    def _quarantine(self, certificate: x509.Certificate) -> None:
        content = certificate.public_bytes(Encoding.DER)
        fingerprint = self._trust.quarantine(content)
        if fingerprint is not None:
            log.warning(
                "unknown certificate in quarantine",
                fingerprint=fingerprint,
                subject=certificate.subject.rfc4514_string()[:200],
            )


class Internals(InternalServer):
    """asyncua's server core with limits fit for the PLCs of one line."""

    def __init__(self, users: UserManager, unsecured: bool) -> None:
        super().__init__(user_manager=users)
        self.subscription_service: Subscriptions = Subscriptions(self.aspace, iserver=self)
        self.isession.subscription_service = self.subscription_service  # else events reach nobody
        self.bind_condition_methods = 500
        self.allow_remote_admin = False
        self.unsecured = unsecured
        self.refusals = Refusals()
        self.shaped = Signal()  # what sessions there are, or what they watch, may have changed
        self.max_connections = MOST_CONNECTIONS
        self.max_pending_activation_seconds = WAITS_S
        self.max_monitored_item_queue_size = 100
        self.max_unacked_messages_per_subscription = 200
        self.max_subscriptions = 200
        self.max_session_timeout_ms = 120_000

    def create_session(
        self, name: str, user: User | None = None, external: bool = False
    ) -> InternalSession:
        return self.session(name, user or User(role=UserRole.Anonymous), Identity.drawn())

    def session(self, name: str, user: User, identity: Identity) -> Session:
        """Return a session that clients can take up by its token."""
        return Session(self, self.subscription_service, name, user, identity)

    async def end_sessions(self) -> None:
        """End all sessions and what they watch."""
        for session in self.sessions:
            await session.close_session(True)

    @property
    def sessions(self) -> list[Session]:
        """The sessions of clients."""
        return [one for one in self._external_sessions.values() if isinstance(one, Session)]
