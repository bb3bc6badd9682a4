"""The OPC UA side of a station: shared type nodes, the station's own nodes, security, values.

Reading the node sets costs seconds of CPU and tens of MB. It is done once a process: every server
gets its own copy of the nodes below Objects and shares the type nodes, which nobody writes.
"""

import copy
import gc
import hmac
import logging
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncua import Node, Server, ua
from asyncua.common.instantiate_util import instantiate
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from asyncua.server.address_space import AttributeValue, NodeData
from asyncua.server.internal_server import InternalServer
from asyncua.server.subscription_service import SubscriptionService
from asyncua.server.user_managers import UserManager
from cryptography.x509 import Certificate

from shared.ports import close_port
from simulators.tracing import TRACE, Method, add_trace_method
from simulators.wire import TracingServer

BASE = "http://opcfoundation.org/UA/"
MACHINERY, JOBS = f"{BASE}Machinery/", f"{BASE}Machinery/Jobs/"
DI, JOB_CONTROL = f"{BASE}DI/", f"{BASE}ISA95-JOBCONTROL_V2/"
USER = "halite"

# File, strict import, load data types at once: what asyncua 2.1 needs for each (opcua.md 1).
NODE_SETS = (
    ("Opc.Ua.Di.NodeSet2.xml", False, True),
    ("Opc.Ua.IA.NodeSet2.xml", True, True),
    ("Opc.Ua.Machinery.NodeSet2.xml", True, True),
    ("opc.ua.isa95-jobcontrol.nodeset2.xml", True, True),
    ("Opc.Ua.Machinery.Jobs.Nodeset2.xml", True, False),
)
# Values asyncua changes in place; everything else is replaced as a whole when written.
CHANGED_IN_PLACE = (
    ua.ObjectIds.Server_ServerStatus,
    ua.ObjectIds.Server_ServerStatus_BuildInfo,
    ua.ObjectIds.Server_NamespaceArray,
    ua.ObjectIds.Server_ServerArray,
)
MOST_JOBS = 200
OPTIONAL = ("Pause", "Resume")  # what a station may lack of the job control


def node_sets_dir() -> Path:
    """Return where the node sets lie: HALITE_NODESETS, else `.cache/nodesets` of the project."""
    default = Path(__file__).resolve().parent.parent / ".cache" / "nodesets"
    return Path(os.environ.get("HALITE_NODESETS") or default)


@dataclass(frozen=True)
class TypeNodes:
    """The standard and companion nodes, read once; `own` are those each server needs for itself."""

    nodes: Mapping[ua.NodeId, NodeData]
    own: frozenset[ua.NodeId]
    namespaces: tuple[str, ...]

    def for_one_server(self) -> dict[ua.NodeId, NodeData]:
        """Return an address space that shares the type nodes with its siblings."""
        nodes = dict(self.nodes)
        for node_id in self.own:
            nodes[node_id] = _own_copy(self.nodes[node_id])
        return nodes


def _own_copy(node: NodeData) -> NodeData:
    mine = NodeData(node.nodeid)
    mine.references = list(node.references)
    in_place = node.nodeid.NamespaceIndex == 0 and node.nodeid.Identifier in CHANGED_IN_PLACE
    for key, attribute in node.attributes.items():
        if attribute.value is not None:
            value = copy.deepcopy(attribute.value) if in_place else attribute.value
            mine.attributes[key] = AttributeValue(value)
    return mine


def _nodes_below_objects(nodes: Mapping[ua.NodeId, NodeData]) -> frozenset[ua.NodeId]:
    instances = (ua.NodeClass.Object, ua.NodeClass.Variable, ua.NodeClass.Method)
    found: set[ua.NodeId] = set()
    waiting = [_node_id(ua.ObjectIds.ObjectsFolder, 0)]
    while waiting:
        node_id = waiting.pop()
        node = nodes.get(node_id)
        if node is None or node_id in found:
            continue
        node_class = node.attributes[ua.AttributeIds.NodeClass].value
        if node_class is None or node_class.Value is None:
            continue
        if node_class.Value.Value not in instances:
            continue
        found.add(node_id)
        waiting.extend(reference.NodeId for reference in node.references if reference.IsForward)
    return frozenset(found)


async def read_type_nodes(directory: Path) -> TypeNodes:
    """Read the node sets of a directory into the nodes that all servers of this process share.

    Raises:
        FileNotFoundError: a node set is missing.
    """
    quiet_logs()
    server = Server()
    collecting = gc.isenabled()
    gc.disable()  # nothing is thrown away here, looking for garbage would take a third of the time
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        await server.init()
        for file, strict, definitions in NODE_SETS:
            path = directory / file
            if not path.is_file():
                raise FileNotFoundError(f"{path}: run python -m deploy.nodesets")
            await server.import_xml(
                str(path), strict_mode=strict, auto_load_definitions=definitions
            )
        await server.load_data_type_definitions()
    nodes: Mapping[ua.NodeId, NodeData] = server.iserver.aspace._nodes
    namespaces = tuple(await server.get_namespace_array())
    await server.iserver.isession.close_session()
    if collecting:
        gc.enable()
    return TypeNodes(nodes, _nodes_below_objects(nodes), namespaces)


def quiet_logs() -> None:
    """Silence asyncua, which logs a traceback for every bad client."""
    for name in ("asyncua", "asyncuagds"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


class OneUser(UserManager):
    """Lets in the one user whose password lies in the station's secret file."""

    def __init__(self, password: str) -> None:
        self._password = password.encode()

    def get_user(
        self,
        iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,
    ) -> User | None:
        """Return the user for the right name and password, else None."""
        same = hmac.compare_digest((password or "").encode(), self._password)
        return User(role=UserRole.User, name=USER) if same and username == USER else None


class FreshTrust(CertificateValidator):
    """Trusts what lies in the folder now: a renewed certificate enters without a restart."""

    def __init__(self, trusted: TrustStore) -> None:
        options = CertificateValidatorOptions
        super().__init__(options.TRUSTED_VALIDATION | options.PEER_CLIENT, trusted)
        self._trusted = trusted

    async def validate(self, cert: Certificate, app_description: ua.ApplicationDescription) -> None:
        """Let a certificate pass.

        Raises:
            ServiceError: with the status code that says what is wrong with it.
        """
        await self._trusted.load()
        await super().validate(cert, app_description)


class OnceSubscriptions(SubscriptionService):
    """Answers Republish as Part 4 asks, so that a reconnecting client stops asking."""

    def republish(self, params: ua.RepublishParameters) -> ua.NotificationMessage:
        """Return the kept message.

        Raises:
            ServiceError: BadSubscriptionIdInvalid or BadMessageNotAvailable.
        """
        if params.SubscriptionId not in self.subscriptions:
            raise ServiceError(ua.StatusCodes.BadSubscriptionIdInvalid)
        message = super().republish(params)
        if message.SequenceNumber != params.RetransmitSequenceNumber:
            raise ServiceError(ua.StatusCodes.BadMessageNotAvailable)
        return message


class StationInternals(InternalServer):
    """asyncua's server core over shared type nodes, with limits fit for one station."""

    def __init__(self, types: TypeNodes, users: UserManager) -> None:
        super().__init__(user_manager=users)
        self._types = types
        self.subscription_service = OnceSubscriptions(self.aspace, iserver=self)
        self.allow_remote_admin = False
        self.max_connections = 64
        self.max_subscriptions = 200
        self.max_session_timeout_ms = 120_000

    async def load_standard_address_space(self, shelffile: Path | None = None) -> None:
        """Take the nodes read once for this process instead of building them again."""
        self.aspace._nodes = self._types.for_one_server()


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Certificates and secrets of one station, as `deploy/pki.py` lays them out."""

    name: str
    data_dir: Path

    @property
    def application_uri(self) -> str:
        """Also the station's own namespace."""
        return f"urn:halite:station:{self.name}"

    @property
    def folder(self) -> Path:
        """Certificate, key and trust list."""
        return self.data_dir / "pki" / self.name

    def password(self) -> str:
        """Read the password of the user `halite`."""
        return (self.data_dir / "secrets" / "opcua" / self.name).read_text().strip()


async def close_server(server: Server) -> None:
    """Close the port of a server and then its connections.

    The library does it the other way round and leaves open what comes in between.
    """
    if server.bserver is not None and server.bserver._server is not None:
        await close_port(server.bserver._server)
    await server.stop()


class StationServer:
    """One OPC UA server on one port with the nodes of `docs/reference/stations.md`."""

    def __init__(self, types: TypeNodes, identity: Identity, endpoint: str, model: str) -> None:
        self._types, self._identity, self._endpoint = types, identity, endpoint
        self._model = model
        users = OneUser(identity.password())
        self._server = TracingServer(iserver=StationInternals(types, users))
        self._signals: dict[str, ua.NodeId] = {}
        self._state: ua.NodeId | None = None
        self._order_list: ua.NodeId | None = None
        self._response_list: ua.NodeId | None = None

    async def prepare(self, signals: tuple[str, ...], methods: Mapping[str, Method]) -> None:
        """Build the address space; `methods` by name, empty for a station without job control."""
        server, identity = self._server, self._identity
        server.set_endpoint(self._endpoint)
        server.set_identity_tokens([ua.UserNameIdentityToken])
        server.set_server_name(f"Halite simulator {identity.name}")
        await server.init()
        await server.set_application_uri(identity.application_uri)
        namespaces = list(self._types.namespaces)
        namespaces[1] = identity.application_uri
        await server.get_node(ua.ObjectIds.Server_NamespaceArray).write_value(namespaces)
        await self._secure()
        machines = self._node_of(MACHINERY, 1001)
        station = await self._object(machines, identity.name, 1, identity.name)
        await self._identify(station)
        blocks = await self._object(station, "MachineryBuildingBlocks")
        item = await self._object(blocks, "MachineryItemState")
        self._state = (await self._variable(item, "CurrentState", "NotExecuting")).nodeid
        values = await self._object(station, "ProcessValues")
        for signal in signals:
            self._signals[signal] = (await self._variable(values, signal, 0.0)).nodeid
        if methods:
            await self._add_job_control(station, methods)
        if TRACE in methods:
            traces = await self._object(station, "Traces")
            await add_trace_method(traces, self._id_below(traces, TRACE), methods[TRACE])

    async def start(self) -> None:
        """Listen on the port of the endpoint."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            await self._server.start()

    async def stop(self) -> None:
        """Close the port and all connections."""
        await close_server(self._server)

    async def write_signal(self, signal: str, value: float | None, at: datetime) -> None:
        """Write a process value with its plant time; None becomes Bad_SensorFailure."""
        code = ua.StatusCodes.Good if value is not None else ua.StatusCodes.BadSensorFailure
        kind = ua.VariantType.Double if value is not None else ua.VariantType.Null
        await self._write(self._signals[signal], ua.Variant(value, kind), at, code)

    async def write_state(self, state: str, at: datetime) -> None:
        """Write the machine state: Executing, NotExecuting, OutOfService or NotAvailable."""
        if self._state is not None:
            await self._write(self._state, ua.Variant(state, ua.VariantType.String), at)

    async def write_jobs(self, orders: list[Any], responses: list[Any], at: datetime) -> None:
        """Write JobOrderList and JobOrderResponseList."""
        for node_id, entries in ((self._order_list, orders), (self._response_list, responses)):
            if node_id is not None:
                variant = ua.Variant(entries, ua.VariantType.ExtensionObject, is_array=True)
                await self._write(node_id, variant, at)

    async def _write(
        self,
        node_id: ua.NodeId,
        variant: ua.Variant,
        at: datetime,
        code: int = ua.StatusCodes.Good,
    ) -> None:
        data = ua.DataValue(
            variant, ua.StatusCode(ua.UInt32(code)), ua.DateTime.fromtimestamp(at.timestamp(), UTC)
        )
        await self._server.write_attribute_value(node_id, data)

    async def _secure(self) -> None:
        server, folder = self._server, self._identity.folder
        await server.load_certificate(folder / "cert.der")
        await server.load_private_key(folder / "key.pem")
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        server.set_certificate_validator(FreshTrust(TrustStore([folder / "trusted"], [])))

    async def _identify(self, station: Node) -> None:
        di = self._types.namespaces.index(DI)
        identification = await self._object(station, "Identification", di)
        for name, text in (
            ("Manufacturer", "Halite simulators"),
            ("Model", self._model),
            ("SerialNumber", f"SIM-{self._identity.name}"),
            ("SoftwareRevision", "0.1.0"),
        ):
            await self._variable(identification, name, text, di)

    async def _add_job_control(self, station: Node, methods: Mapping[str, Method]) -> None:
        jobs, control_index = (self._types.namespaces.index(uri) for uri in (JOBS, JOB_CONTROL))
        management = await self._object(station, "JobManagement", jobs)
        places = (("JobOrderControl", 1002), ("JobOrderResults", 1003))
        for name, type_number in places:
            # JobManagementType itself yields job control without methods (opcua.md 1.1).
            await instantiate(
                management,
                self._node_of(JOB_CONTROL, type_number),
                self._id_below(management, name),
                ua.QualifiedName(name, jobs),
            )
        for place in await management.get_children():
            for child in await place.get_children():
                name = (await child.read_browse_name()).Name
                if name in methods:
                    self._server.link_method(child, methods[name])
                elif name in OPTIONAL:
                    await self._server.delete_nodes([child])
        control = f"{jobs}:JobOrderControl"
        results = f"{jobs}:JobOrderResults"
        order_list = await management.get_child([control, f"{control_index}:JobOrderList"])
        most = await management.get_child([control, f"{control_index}:MaxDownloadableJobOrders"])
        responses = await management.get_child([results, f"{control_index}:JobOrderResponseList"])
        self._order_list, self._response_list = order_list.nodeid, responses.nodeid
        await self._server.write_attribute_value(
            most.nodeid, ua.DataValue(ua.Variant(MOST_JOBS, ua.VariantType.UInt16))
        )

    def _node_of(self, namespace: str, number: int) -> Node:
        return self._server.get_node(_node_id(number, self._types.namespaces.index(namespace)))

    def _id_below(self, parent: Node, name: str) -> ua.NodeId:
        prefix = parent.nodeid.Identifier
        return _node_id(f"{prefix}.{name}" if isinstance(prefix, str) else name, 1)

    async def _object(
        self, parent: Node, name: str, index: int = 1, identifier: str | None = None
    ) -> Node:
        node_id = _node_id(identifier, 1) if identifier else self._id_below(parent, name)
        return await parent.add_object(node_id, ua.QualifiedName(name, index))

    async def _variable(self, parent: Node, name: str, value: str | float, index: int = 1) -> Node:
        kind = ua.VariantType.String if isinstance(value, str) else ua.VariantType.Double
        name_here = ua.QualifiedName(name, index)
        return await parent.add_variable(self._id_below(parent, name), name_here, value, kind)


def _node_id(identifier: str | int, namespace: int) -> ua.NodeId:
    return ua.NodeId(identifier, namespace)  # type: ignore[arg-type]
