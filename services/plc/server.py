"""The OPC UA server for line PLCs: who may enter, its nodes, and methods that answer at once."""

import asyncio
import gc
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any

from asyncua import Node, Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.server.subscription_service import SubscriptionService
from asyncua.server.user_managers import UserManager

from services.plc import domain
from services.plc.domain import KnownJobOrder, Unit
from services.plc.workflow import Desk
from shared.clock import Clock
from shared.errors import BlockedError, InvalidInputError
from shared.opcua_data import job_order_structure
from shared.stations import JobContent

BASE = "http://opcfoundation.org/UA/"
APPLICATION_URI = "urn:halite:service:plc"
JOB_CONTROL_FILE = "opc.ua.isa95-jobcontrol.nodeset2.xml"
# In this order everywhere: asyncua keeps structures by namespace number, for the whole process.
NAMESPACES = (f"{BASE}DI/", f"{BASE}IA/", f"{BASE}Machinery/")
SHOW_EVERY_S = 0.5  # the variable is for people and PLCs that watch; methods answer at once
Texts = tuple[str, ...]
Answering = Callable[[Unit, Texts], Awaitable[list[ua.Variant]]]
caller: ContextVar[str] = ContextVar("caller", default="")


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where the server listens, its certificate folder, and the password file of each user."""

    endpoint: str
    folder: Path
    nodesets: Path
    password_files: Mapping[str, Path]


class _Users(UserManager):
    """Lets in the users whose passwords are in the secret files, and nobody else."""

    def __init__(self, passwords: Mapping[str, bytes]) -> None:
        self._passwords = passwords

    def get_user(
        self,
        iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,
    ) -> User | None:
        """Return the user for the right name and password, else None."""
        expected = self._passwords.get(username or "")
        same = hmac.compare_digest((password or "").encode(), expected or b"\x00")
        return User(role=UserRole.User, name=username) if same and expected else None


class _Subscriptions(SubscriptionService):
    """Answers Republish as OPC 10000-4 asks; asyncua 2.1 sends its clients into an endless loop."""

    def republish(self, params: ua.RepublishParameters) -> ua.NotificationMessage:
        if params.SubscriptionId not in self.subscriptions:
            raise ServiceError(ua.StatusCodes.BadSubscriptionIdInvalid)
        message = super().republish(params)
        if message.SequenceNumber != params.RetransmitSequenceNumber:
            raise ServiceError(ua.StatusCodes.BadMessageNotAvailable)
        return message


class _Session(InternalSession):
    """Tells methods who calls; asyncua does not."""

    async def call(self, params: list[ua.CallMethodRequest]) -> list[ua.CallMethodResult]:
        token = caller.set(self.user.name or "")
        try:
            return await super().call(params)
        finally:
            caller.reset(token)


class _Internals(InternalServer):
    """asyncua's server core with limits fit for the PLCs of one line."""

    def __init__(self, users: UserManager) -> None:
        super().__init__(user_manager=users)
        self.subscription_service = _Subscriptions(self.aspace, iserver=self)
        self.allow_remote_admin = False
        self.max_connections = 64
        self.max_subscriptions = 200
        self.max_session_timeout_ms = 120_000

    def create_session(
        self, name: str, user: User | None = None, external: bool = False
    ) -> InternalSession:
        nobody = User(role=UserRole.Anonymous)
        return _Session(
            self, self.aspace, self.subscription_service, name, user or nobody, external
        )


class PlcServer:
    """Serves `Objects/Halite` from a desk's memory."""

    def __init__(self, door: Door, desk: Desk, clock: Clock) -> None:
        self._door, self._desk, self._clock = door, desk, clock
        self._shown: list[tuple[domain.KnownJobOrder, Unit]] | None = None

    async def run(self) -> None:
        """Serve until cancelled; to be supervised.

        Raises:
            InvalidInputError: certificate, key, password or node set is missing or damaged.
        """
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # a traceback per bad client
        server = await self._opened()
        job_orders = await self._fill(server)
        await self._show(server, job_orders)
        await asyncio.to_thread(gc.collect)  # building the address space leaves much behind
        await server.start()
        try:
            while True:
                await self._desk.changed.wait(1.0)
                await self._show(server, job_orders)
                await asyncio.sleep(SHOW_EVERY_S)
        finally:
            await server.stop()

    async def _opened(self) -> Server:
        door = self._door
        try:
            passwords = {
                user: path.read_text().strip().encode()
                for user, path in door.password_files.items()
            }
            server = Server(iserver=_Internals(_Users(passwords)))
            server.set_identity_tokens([ua.UserNameIdentityToken])
            server.set_endpoint(door.endpoint)
            server.set_server_name("Halite")
            await server.init()
            await server.set_application_uri(APPLICATION_URI)
            await server.load_certificate(door.folder / "cert.der")
            await server.load_private_key(door.folder / "key.pem")
            for namespace in NAMESPACES:
                await server.register_namespace(namespace)
            await server.import_xml(str(door.nodesets / JOB_CONTROL_FILE))
            await server.load_data_type_definitions()
        except (OSError, ValueError) as error:
            raise InvalidInputError(f"OPC UA server for PLCs: {error}") from error
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        trusted = TrustStore([door.folder / "trusted"], [])
        await trusted.load()
        options = (
            CertificateValidatorOptions.TRUSTED_VALIDATION | CertificateValidatorOptions.PEER_CLIENT
        )
        server.set_certificate_validator(CertificateValidator(options, trusted))
        return server

    async def _fill(self, server: Server) -> ua.NodeId:
        """Add the nodes; return the variable that lists job orders."""
        halite = await server.nodes.objects.add_object(
            _node_id("Halite"), ua.QualifiedName("Halite", 1)
        )
        job_orders = await halite.add_variable(
            _node_id("Halite.JobOrders"),
            ua.QualifiedName("JobOrders", 1),
            _structures([]),
            datatype=ua.ISA95JobOrderDataType.data_type,  # type: ignore[attr-defined]
        )
        await job_orders.write_value_rank(ua.ValueRank.OneDimension)
        text, number, yes_no = ua.ObjectIds.String, ua.ObjectIds.UInt64, ua.ObjectIds.Boolean
        await self._add(
            halite,
            "NextJobOrder",
            self._next_job_order,
            {"EquipmentID": text},
            {"JobOrderID": text, "Operation": text, "LotID": text, "Status": text},
        )
        names = ("RequestID", "EquipmentID", "JobOrderID", "State", "Text")
        await self._add(
            halite,
            "ReportJobOrder",
            self._report_job_order,
            dict.fromkeys(names, text),
            {"ReturnStatus": number, "Message": text},
        )
        await self._add(
            halite,
            "MayStart",
            self._may_start,
            dict.fromkeys(("RequestID", "EquipmentID", "LotID"), text),
            {"Allowed": yes_no, "Reason": text},
        )
        return job_orders.nodeid

    async def _show(self, server: Server, job_orders: ua.NodeId) -> None:
        floor = self._desk.floor
        startable = [
            (one, unit) for unit in self._desk.units for one in domain.startable(floor, unit)
        ]
        if startable == self._shown:
            return
        self._shown = startable
        entries = [_entry(one, unit) for one, unit in startable]
        now = ua.DateTime.fromtimestamp(self._clock.now().timestamp(), UTC)
        data = ua.DataValue(_structures(entries), SourceTimestamp=now)
        await server.write_attribute_value(job_orders, data)

    # Methods answer from memory: one that waits would block its whole session.

    async def _next_job_order(self, unit: Unit, _: Texts) -> list[ua.Variant]:
        job_order = self._desk.next_job_order(unit, caller.get())
        if job_order is None:
            return _texts("", "", "", "none")
        released = job_order.released
        return _texts(job_order.job_order_id, released.operation, released.lot_id, job_order.state)

    async def _report_job_order(self, unit: Unit, given: Texts) -> list[ua.Variant]:
        request_id, _, job_order_id, state, words = given
        answer = self._desk.report(unit, caller.get(), request_id, job_order_id, state, words)
        return [ua.Variant(answer.status, ua.VariantType.UInt64), *_texts(answer.message)]

    async def _may_start(self, unit: Unit, given: Texts) -> list[ua.Variant]:
        request_id, _, lot_id = given
        verdict = self._desk.may_start(unit, caller.get(), request_id, lot_id)
        return [ua.Variant(verdict.allowed, ua.VariantType.Boolean), *_texts(verdict.reason)]

    async def _add(
        self,
        parent: Node,
        name: str,
        answer: Answering,
        inputs: Mapping[str, int],
        outputs: Mapping[str, int],
    ) -> None:
        await parent.add_method(
            _node_id(f"Halite.{name}"),
            ua.QualifiedName(name, 1),
            self._checked(tuple(inputs), answer),
            [_argument(*item) for item in inputs.items()],
            [_argument(*item) for item in outputs.items()],
        )

    def _checked(self, names: Texts, answer: Answering) -> Callable[..., Awaitable[Any]]:
        """Return a method that first checks count and types of its arguments and the caller's unit.

        asyncua checks none of them. A wrong call is answered with its OPC UA status code.
        """

        async def method(_parent: ua.NodeId, *arguments: ua.Variant) -> Any:
            if len(arguments) < len(names):
                return _code(ua.StatusCodes.BadArgumentsMissing)
            if len(arguments) > len(names):
                return _code(ua.StatusCodes.BadTooManyArguments)
            if any(map(_wrong, arguments)):
                return _mismatch(arguments)
            given = tuple(argument.Value for argument in arguments)
            try:
                unit = self._desk.unit_of(caller.get(), given[names.index("EquipmentID")])
            except BlockedError:
                return _code(ua.StatusCodes.BadUserAccessDenied)
            return await answer(unit, given)

        return method


def _node_id(identifier: str) -> ua.NodeId:
    return ua.NodeId(ua.String(identifier), ua.Int16(1))


def _code(code: int) -> ua.StatusCode:
    return ua.StatusCode(ua.UInt32(code))


def _argument(name: str, data_type: int) -> ua.Argument:
    return ua.Argument(
        Name=name, DataType=ua.NodeId(ua.Int32(data_type)), ValueRank=ua.ValueRank.Scalar
    )


def _wrong(argument: ua.Variant) -> bool:
    return argument.VariantType != ua.VariantType.String or not isinstance(argument.Value, str)


def _mismatch(arguments: Sequence[ua.Variant]) -> ua.CallMethodResult:
    bad, fine = _code(ua.StatusCodes.BadTypeMismatch), _code(ua.StatusCodes.Good)
    return ua.CallMethodResult(
        StatusCode=_code(ua.StatusCodes.BadInvalidArgument),
        InputArgumentResults=[bad if _wrong(argument) else fine for argument in arguments],
    )


def _texts(*values: str) -> list[ua.Variant]:
    return [ua.Variant(value, ua.VariantType.String) for value in values]


def _structures(entries: list[Any]) -> ua.Variant:
    return ua.Variant(entries, ua.VariantType.ExtensionObject, is_array=True)


def _entry(job_order: KnownJobOrder, unit: Unit) -> Any:
    """Return a job order as a PLC sees it, with the unit it is for."""
    released = job_order.released
    content = JobContent(
        job_order_id=released.job_order_id,
        parameters=released.parameters,
        materials=released.materials,
    )
    return replace(
        job_order_structure(content),
        Description=[ua.LocalizedText(released.operation)],
        WorkMasterID=[ua.ISA95WorkMasterDataType(ID=released.recipe_id)],  # type: ignore[attr-defined]
        EndTime=released.due_at,
        Priority=max(-32_768, min(32_767, released.priority)),
        EquipmentRequirements=[
            ua.ISA95EquipmentDataType(ID=unit.equipment_id)  # type: ignore[attr-defined]
        ],
    )
