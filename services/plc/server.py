"""The OPC UA server for line PLCs: its nodes, its alarms, and methods that answer at once."""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any

import structlog
from asyncua import Node, Server, ua
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_der_x509_certificate

from services.plc import domain
from services.plc.alarms import Alarms
from services.plc.certificates import CertificateWatch
from services.plc.domain import KnownJobOrder, Unit
from services.plc.entrance import Admission, Internals, Users
from services.plc.hearing import Hearings
from services.plc.resumption import Resumption
from services.plc.sessions import caller
from services.plc.wire import Listener, limits
from services.plc.workflow import Desk
from shared.clock import Clock
from shared.errors import BlockedError, InvalidInputError
from shared.opcua_data import job_order_structure
from shared.stations import JobContent
from shared.trust import TrustList

log = structlog.get_logger()
BASE = "http://opcfoundation.org/UA/"
APPLICATION_URI = "urn:halite:service:plc"
JOB_CONTROL_FILE = "opc.ua.isa95-jobcontrol.nodeset2.xml"
# In this order everywhere: asyncua keeps structures by namespace number, for the whole process.
NAMESPACES = (f"{BASE}DI/", f"{BASE}IA/", f"{BASE}Machinery/")
SHOW_EVERY_S = 0.5  # the variable is for people and PLCs that watch; methods answer at once
LONGEST = 1000  # characters of an argument
POLICIES = (
    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
    ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
)
UNSECURED = (ua.SecurityPolicyType.NoSecurity,)
Texts = tuple[str, ...]
Answering = Callable[[Unit, Texts], Awaitable[list[ua.Variant]]]


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where the server listens, its certificate folder, and the password file of each user.

    unsecured: serve security policy None too; for a demo on one machine.
    """

    endpoint: str
    folder: Path
    trust: TrustList
    nodesets: Path
    password_files: Mapping[str, Path]
    unsecured: bool = False


class _Server(Server):
    """asyncua's server behind our own way in, with certificates that can change while it runs."""

    def __init__(self, iserver: Internals) -> None:
        super().__init__(iserver=iserver)
        self.iserver: Internals = iserver
        self.limits = limits()
        self._taken: bytes | None = None

    async def start(self) -> None:
        """Listen on the port of the endpoint."""
        await self._setup_server_nodes()
        await self.iserver.start()
        host, port = self._get_bind_socket_info()
        self.bserver = Listener(self.iserver, host or "", port or 0, self.limits)
        self.bserver.set_policies(self._policies)
        try:
            await self.bserver.start()
        except OSError:
            await self.iserver.end_sessions()
            await self.iserver.stop()
            raise

    async def stop(self) -> None:
        """Close the port, the connections and what their clients had."""
        await super().stop()
        await self.iserver.end_sessions()

    async def take_up(self, folder: Path) -> None:
        """Use the certificate and key of a folder for new connections; open ones go on.

        A pair that does not match is just being renewed and is left for the next look.
        """
        file = folder / "cert.der"
        if self.bserver is not None and not file.exists():
            return
        certificate = file.read_bytes()
        if certificate == self._taken:
            return
        key = load_pem_private_key((folder / "key.pem").read_bytes(), password=None)
        shown = load_der_x509_certificate(certificate)
        if shown.public_key() != key.public_key():
            return
        await self.load_certificate(file)
        await self.load_private_key(folder / "key.pem")
        self._taken = certificate
        if self.bserver is not None:
            self.iserver.endpoints.clear()
            self._policies.clear()
            await self._setup_server_nodes()
            log.info("certificate taken up", valid_until=shown.not_valid_after_utc.isoformat())


class PlcServer:
    """Serves `Objects/Halite` from a desk's memory."""

    def __init__(
        self,
        door: Door,
        desk: Desk,
        hearings: Hearings,
        certificates: CertificateWatch,
        resumption: Resumption,
        clock: Clock,
    ) -> None:
        self._door, self._desk, self._clock = door, desk, clock
        self._resumption = resumption
        self._hearings, self._certificates = hearings, certificates
        self._shown: list[tuple[domain.KnownJobOrder, Unit]] | None = None

    async def run(self) -> None:
        """Serve until cancelled; to be supervised.

        Raises:
            InvalidInputError: certificate, key, password or node set is missing or damaged.
        """
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # a traceback per bad client
        logging.getLogger("asyncuagds").setLevel(logging.CRITICAL)
        server = await self._opened()
        job_orders, heartbeat, alarms = await self._fill(server)
        await self._show(server, job_orders)
        await asyncio.to_thread(gc.collect)  # building the address space leaves much behind
        await self._resumption.begin(server.iserver)
        await server.start()
        self._resumption.serve(server.iserver)
        try:
            while True:
                await self._desk.changed.wait(SHOW_EVERY_S)
                await self._show(server, job_orders)
                await self._beat(server, heartbeat)
                await self._alarm(alarms)
                await server.take_up(self._door.folder)
                await asyncio.sleep(SHOW_EVERY_S)
        finally:
            self._resumption.end()
            await server.stop()

    async def _opened(self) -> "_Server":
        door = self._door
        try:
            passwords = {
                user: path.read_text().strip().encode()
                for user, path in door.password_files.items()
            }
            users = Users(passwords, door.trust, door.unsecured)
            server = _Server(iserver=Internals(users, door.unsecured))
            server.set_identity_tokens([ua.UserNameIdentityToken])
            server.set_endpoint(door.endpoint)
            server.set_server_name("Halite")
            await server.init()
            await server.set_application_uri(APPLICATION_URI)
            for namespace in NAMESPACES:
                await server.register_namespace(namespace)
            await server.import_xml(str(door.nodesets / JOB_CONTROL_FILE))
            await server.load_data_type_definitions()
            await server.take_up(door.folder)
        except (OSError, ValueError) as error:
            raise InvalidInputError(f"OPC UA server for PLCs: {error}") from error
        server.set_security_policy([*POLICIES, *(UNSECURED if door.unsecured else ())])
        server.set_certificate_validator(Admission(door.trust))
        return server

    async def _fill(self, server: Server) -> tuple[ua.NodeId, ua.NodeId, Alarms]:
        """Add the nodes; return the lists of job orders, the heartbeat and the alarms."""
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
        await self._add(
            halite, "Beat", self._take_beat, {"EquipmentID": text}, {"Count": ua.ObjectIds.UInt32}
        )
        heartbeat = await halite.add_variable(
            _node_id("Halite.Heartbeat"),
            ua.QualifiedName("Heartbeat", 1),
            ua.Variant(0, ua.VariantType.UInt32),
        )
        alarms = Alarms(
            server,
            await halite.add_object(_node_id("Halite.Alarms"), ua.QualifiedName("Alarms", 1)),
        )
        await alarms.prepare()
        return job_orders.nodeid, heartbeat.nodeid, alarms

    async def _beat(self, server: Server, heartbeat: ua.NodeId) -> None:
        count = ua.Variant(self._hearings.beat, ua.VariantType.UInt32)
        await server.write_attribute_value(heartbeat, ua.DataValue(count))

    async def _alarm(self, alarms: Alarms) -> None:
        """Show what is wrong now; a name once shown ends when its cause is gone."""
        for unit in self._desk.units:
            silent = self._hearings.states.get(unit.equipment_id) == "silent"
            message = f"{unit.equipment_id} sends no heartbeat" if silent else None
            await alarms.show(f"PlcSilent.{unit.equipment_id}", message)
        await alarms.show("HaliteBlind", self._desk.blindness())
        ending = self._certificates.ending
        names = ", ".join(
            f"{name} {state} {until:%Y-%m-%d}" for name, (state, until) in ending.items()
        )
        await alarms.show("CertificateEnds", names or None)

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

    async def _take_beat(self, unit: Unit, _: Texts) -> list[ua.Variant]:
        return [ua.Variant(self._hearings.hear(unit), ua.VariantType.UInt32)]

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
            if any(_fault(argument) is not None for argument in arguments):
                return _refused(arguments)
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


def _fault(argument: ua.Variant) -> int | None:
    """Return the status code of a wrong argument, None for a right one."""
    if argument.VariantType != ua.VariantType.String or not isinstance(argument.Value, str):
        return ua.StatusCodes.BadTypeMismatch
    return ua.StatusCodes.BadOutOfRange if len(argument.Value) > LONGEST else None


def _refused(arguments: Sequence[ua.Variant]) -> ua.CallMethodResult:
    codes = [_fault(argument) or ua.StatusCodes.Good for argument in arguments]
    return ua.CallMethodResult(
        StatusCode=_code(ua.StatusCodes.BadInvalidArgument),
        InputArgumentResults=list(map(_code, codes)),
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
