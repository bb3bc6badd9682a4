"""The TCP side of the OPC UA server: sound frames, and who may send which request when."""

import struct
import time
from collections import deque
from typing import Any

from asyncua import ua
from asyncua.common.connection import TransportLimits
from asyncua.common.utils import ServiceError
from asyncua.crypto.security_policies import SecurityPolicyNone
from asyncua.crypto.uacrypto import InvalidSignature
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.internal_session import InternalSession
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.ua_binary import struct_from_binary, uatcp_to_binary

from services.plc.entrance import MOST_CONNECTIONS, Codes, Internals
from services.plc.sessions import Session
from shared.ports import close_port

MOST_WAITING = 8  # connections of one address that have not brought a user yet
MOST_MISSES = 100  # Republish requests for what is not there, by one connection in MISSES_S
MISSES_S = 10.0
MOST_AHEAD = 10  # requests of a connection without a user that may wait for their answers
LARGEST_CHUNK_BYTES = 65_535
SMALLEST_CHUNK_BYTES = 8192  # OPC 10000-6, 7.1.2.3
LARGEST_MESSAGE_BYTES = 262_144
HEADER_BYTES = 8
_ERROR: Any = ua.MessageType.Error
KINDS = (b"HEL", b"OPN", b"MSG", b"CLO")
FINALITY = (b"F", b"C", b"A")
# What decoding a message that was made up can end in; anything else is a fault of this program.
UNSOUND = (
    ua.UaError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
    struct.error,
    InvalidSignature,
)


def _node_ids(*names: str) -> frozenset[ua.NodeId]:
    return frozenset(
        ua.NodeId(getattr(ua.ObjectIds, f"{name}Request_Encoding_DefaultBinary")) for name in names
    )


_DISCOVERY = _node_ids("GetEndpoints", "FindServers", "CloseSecureChannel")
_CREATE, _ACTIVATE = _node_ids("CreateSession"), _node_ids("ActivateSession")
_WITHOUT_SESSION = _DISCOVERY | _CREATE | _ACTIVATE | _node_ids("CloseSession")
_REPUBLISH = _node_ids("Republish")
_TRANSFER = _node_ids("TransferSubscriptions")
_SHAPING = (  # after these there are other sessions, or they watch something else
    _ACTIVATE
    | _TRANSFER
    | _node_ids("CloseSession", "CreateSubscription", "ModifySubscription", "DeleteSubscriptions")
    | _node_ids("CreateMonitoredItems", "ModifyMonitoredItems", "DeleteMonitoredItems")
    | _node_ids("SetMonitoringMode", "SetPublishingMode")
)
_NOT_OFFERED = _node_ids("RegisterServer", "RegisterServer2")


class Limits(TransportLimits):
    """Refuses chunks so small that an answer would become a million of them."""

    def create_acknowledge_and_set_limits(self, msg: ua.Hello) -> ua.Acknowledge:
        if min(msg.ReceiveBufferSize, msg.SendBufferSize) < SMALLEST_CHUNK_BYTES:
            raise ua.uaerrors.BadConnectionRejected
        return super().create_acknowledge_and_set_limits(msg)


class Processor(UaProcessor):
    """Checks who asks before asyncua answers."""

    iserver: Internals

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._misses: deque[float] = deque(maxlen=MOST_MISSES)

    @property
    def address(self) -> str:
        """The peer's IP address."""
        return str(self.name[0]) if self.name else "?"

    @property
    def _storms(self) -> bool:
        """It asks on and on for notifications that are gone; some clients never stop by itself."""
        full = len(self._misses) == MOST_MISSES
        return full and time.monotonic() - self._misses[0] < MISSES_S

    async def _process_message(
        self, typeid: ua.NodeId, requesthdr: ua.RequestHeader, seqhdr: Any, body: Any
    ) -> bool:
        held = self.session
        if typeid in _REPUBLISH and self._storms:
            self.iserver.refusals.say(self.address, Codes.BadTooManyOperations, "Republish storm")
            return False
        try:
            self._check(typeid)
            if typeid in _CREATE:
                await self._before_create(body)
            elif typeid in _ACTIVATE and held is None:
                self._check_owner(requesthdr)
            answering = super()._process_message(typeid, requesthdr, seqhdr, body)  # type: ignore[no-untyped-call]
            going_on: bool = await answering
        except (ServiceError, ua.UaStatusCodeError) as error:
            await self._after_refusal(typeid, held)
            if typeid in _REPUBLISH:
                self._misses.append(time.monotonic())
            self.iserver.refusals.say(self.address, error.code, f"request {typeid}")
            raise
        except UNSOUND as error:
            await self._after_refusal(typeid, held)
            forged = isinstance(error, InvalidSignature)
            code = Codes.BadApplicationSignatureInvalid if forged else Codes.BadDecodingError
            self.iserver.refusals.say(self.address, code, repr(error))
            raise ServiceError(code) from error
        self._after_answer(typeid)
        return going_on

    def _after_answer(self, typeid: ua.NodeId) -> None:
        if not isinstance(self.session, Session):
            return
        if typeid in _CREATE:
            self.session.certificate = self._certificate
        elif typeid in _ACTIVATE:
            self.session.holder = self
        elif typeid in _TRANSFER:
            self.listen_for(self.session)
        if typeid in _SHAPING:
            self.iserver.shaped.set()

    def listen_for(self, session: Session) -> None:
        """Publish over this connection what a session watches."""
        for subscription in session.own.values():
            subscription.pub_result_callback = self.forward_publish_response
            subscription.pub_request_callback = self.get_publish_request  # type: ignore[assignment]

    async def close(self) -> None:
        """End the session with its connection, unless another connection has taken it up."""
        if self._is_elsewhere:
            self.session = None
        await super().close()  # type: ignore[no-untyped-call]

    @property
    def _is_elsewhere(self) -> bool:
        session = self.session
        return isinstance(session, Session) and session.holder not in (None, self)

    @property
    def _certificate(self) -> bytes | None:
        """The certificate (DER) that opened the channel."""
        certificate: bytes | None = self._connection.security_policy.peer_certificate
        return certificate

    def _check(self, typeid: ua.NodeId) -> None:
        unsecured = self._connection.security_policy.URI == SecurityPolicyNone.URI
        if typeid in _NOT_OFFERED:
            raise ServiceError(Codes.BadServiceUnsupported)
        if unsecured and not self.iserver.unsecured and typeid not in _DISCOVERY:
            raise ServiceError(Codes.BadSecurityModeRejected)
        if typeid in _WITHOUT_SESSION:
            return
        if self.session is None or self._is_elsewhere:
            raise ServiceError(Codes.BadSessionIdInvalid)
        if not self.session.is_activated():
            raise ServiceError(Codes.BadSessionNotActivated)

    async def _before_create(self, body: Any) -> None:
        """End an earlier session of this connection; the certificate shown must be the channel's.

        asyncua judges the one in the request, and none when the request holds none.
        """
        asked = struct_from_binary(ua.CreateSessionParameters, body.copy())
        if self._certificate is not None and asked.ClientCertificate != self._certificate:
            raise ServiceError(Codes.BadCertificateInvalid)
        await self._leave()

    def _check_owner(self, requesthdr: ua.RequestHeader) -> None:
        """A session may be taken up only by the certificate that made it.

        asyncua hands it over before it checks the signature, and by numbers that can be guessed.
        """
        there = self.iserver.lookup_external_session(requesthdr.AuthenticationToken)
        if not isinstance(there, Session) or there.certificate != self._certificate:
            raise ServiceError(Codes.BadSessionIdInvalid)

    async def _after_refusal(self, typeid: ua.NodeId, held: InternalSession | None) -> None:
        """Keep nothing of what a refused request began."""
        if typeid in _CREATE and self.session is not held:
            await self._leave()
        elif typeid in _ACTIVATE:
            there, self.session = self.session, held
            if isinstance(there, Session) and isinstance(there.holder, Processor):
                there.holder.listen_for(there)  # asyncua hands it over before it checks

    async def _leave(self) -> None:
        if self._session_watchdog_task is not None:
            self._session_watchdog_task.cancel()
        if self.session is not None:
            await self.session.close_session(True)
        self.session = None


class Connection(OPCUAProtocol):
    """One TCP connection: whole, sound frames go on, anything else ends it with a status code."""

    iserver: Internals

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._received = bytearray()
        self._greeted = False

    @property
    def waits(self) -> bool:
        """It has not brought a user yet."""
        session = self.processor.session if self.processor is not None else None
        return session is None or not session.is_activated()

    @property
    def address(self) -> str:
        """The peer's IP address."""
        return str(self.peer_name[0]) if self.peer_name else "?"

    def connection_made(self, transport: Any) -> None:
        self.peer_name = transport.get_extra_info("peername")
        self._make_room()
        super().connection_made(transport)
        if self.transport is None:
            self.iserver.refusals.say(self.address, Codes.BadTcpServerTooBusy, "too many")
            return
        self.processor = Processor(self.iserver, self.transport, self.limits)
        self.processor.set_policies(self.policies)  # type: ignore[no-untyped-call]

    def _make_room(self) -> None:
        """The oldest connection that waits gives way to a new one, first that of its address."""
        waiting = [one for one in self.clients if isinstance(one, Connection) and one.waits]
        own = [one for one in waiting if one.address == self.address]
        if len(own) >= MOST_WAITING:
            own[0].give_way()
        elif len(self.clients) >= MOST_CONNECTIONS and waiting:
            waiting[0].give_way()

    def give_way(self) -> None:
        """Close for another connection."""
        self.clients.remove(self)
        self.refuse(Codes.BadTcpServerTooBusy, "waited without a user")

    def data_received(self, data: bytes) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        self._received += data
        while len(self._received) >= HEADER_BYTES:
            kind, size = bytes(self._received[:3]), int.from_bytes(self._received[4:8], "little")
            sound = kind in KINDS and self._received[3:4] in FINALITY
            if not sound or (not self._greeted and kind != b"HEL"):
                self.refuse(Codes.BadTcpMessageTypeInvalid, f"begins with {kind!r}")
                return
            if not HEADER_BYTES + 4 <= size <= LARGEST_CHUNK_BYTES:
                self.refuse(Codes.BadTcpMessageTooLarge, f"chunk of {size} bytes")
                return
            if len(self._received) < size:
                return
            frame = bytes(self._received[:size])
            del self._received[:size]
            self._greeted = True
            if self.waits and self.messages.qsize() >= MOST_AHEAD:
                self.refuse(Codes.BadTooManyOperations, "too many requests before a user")
                return
            super().data_received(frame)

    async def _process_one_msg(self, header: Any, buf: Any) -> bool:
        try:
            return await super()._process_one_msg(header, buf)
        except ua.UaStatusCodeError as error:
            self.refuse(error.code, str(error))
        except UNSOUND as error:
            self.refuse(Codes.BadSecurityChecksFailed, repr(error))
        return False

    def refuse(self, code: int, why: str) -> None:
        """Answer with a status code and close."""
        self.iserver.refusals.say(self.address, code, why)
        if self.transport is not None and not self.transport.is_closing():
            answer = ua.ErrorMessage(ua.StatusCode(ua.UInt32(code)), ua.String(why[:100]))
            self.transport.write(uatcp_to_binary(_ERROR, answer))
            self.transport.close()


class Listener(BinaryServer):
    """Makes a Connection of each TCP connection."""

    internal_server: Internals

    async def stop(self) -> None:
        """Close the port and then the connections.

        The library does it the other way round and leaves open what comes in between.
        """
        if self._server is not None:
            await close_port(self._server)
        await super().stop()

    def _make_protocol(self) -> OPCUAProtocol:
        return Connection(
            iserver=self.iserver,
            policies=self._policies,
            clients=self.clients,
            closing_tasks=self.closing_tasks,
            limits=self.limits,
        )


def limits() -> TransportLimits:
    """Return how large messages may be."""
    return Limits(
        max_recv_buffer=LARGEST_CHUNK_BYTES,
        max_send_buffer=LARGEST_CHUNK_BYTES,
        max_chunk_count=LARGEST_MESSAGE_BYTES // SMALLEST_CHUNK_BYTES,
        max_message_size=LARGEST_MESSAGE_BYTES,
    )
