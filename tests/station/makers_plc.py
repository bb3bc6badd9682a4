"""A station as another maker builds it: namespaces in an order of its own, only some methods."""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncua import Node, Server, ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from shared.opcua_structures import JobStructures, job_structures
from shared.stationoffer import METHODS, ORDER_LIST, RESPONSE_LIST
from simulators.opcua_server import (
    JOB_CONTROL,
    MACHINERY,
    Identity,
    OneUser,
    StationInternals,
    TypeNodes,
    close_server,
    node_sets_dir,
    quiet_logs,
)

OWN = 1  # namespace index of the machines' own nodes, the application's by the standard
FILE = "opc.ua.isa95-jobcontrol.nodeset2.xml"
DONE, UNKNOWN, INVALID_STATE, UNABLE = 1, 2, 8, 16
STORED, RUNNING, INTERRUPTED, ENDED, ABORTED = 1, 3, 4, 5, 6
MOVES = {
    "Pause": ({RUNNING, INTERRUPTED}, INTERRUPTED),
    "Resume": ({RUNNING, INTERRUPTED}, RUNNING),
    "Stop": ({RUNNING, INTERRUPTED, ENDED}, ENDED),
    "RevokeStart": ({STORED}, STORED),
}
STRUCTURE = ua.NodeId(ua.ObjectIds.Structure)
Garble = Callable[[Any], Any]


@dataclass
class Makers:
    """One machine of the maker; its jobs end as soon as they start.

    garble: what it does to an order it stores. starts, aborted: job orders in order.
    """

    name: str
    methods: frozenset[str]
    garble: Garble = field(default=lambda order: order)
    ends_at_once: bool = True
    signals: tuple[str, ...] = ()
    values: list[Node] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    aborted: list[str] = field(default_factory=list)
    orders: dict[str, tuple[Any, int]] = field(default_factory=dict)
    order_list: Node | None = None
    response_list: Node | None = None


class MakersPlc:
    """One server of the maker with several machines below Machines.

    libraries: namespaces of the maker before those of the standards. shared: nodes of another
    server to build on, in its order of namespaces; quicker. saved: file that holds orders and
    starts across a kill, written before each answer.
    """

    def __init__(
        self,
        identity: Identity,
        endpoint: str,
        machines: Iterable[Makers],
        libraries: int = 5,
        shared: TypeNodes | None = None,
        saved: Path | None = None,
    ) -> None:
        self._libraries, self._saved = libraries, saved
        self.machines = {machine.name: machine for machine in machines}
        self._identity, self.endpoint = identity, endpoint
        users = OneUser(identity.password())
        self._shared = shared
        core = None if shared is None else StationInternals(shared, users)
        self.server = Server(iserver=core, user_manager=users)
        self.index = 0
        self._types: JobStructures = job_structures(node_sets_dir())

    async def start(self) -> None:
        """Build the nodes and listen."""
        quiet_logs()
        server, folder = self.server, self._identity.folder
        server.set_endpoint(self.endpoint)
        server.set_identity_tokens([ua.UserNameIdentityToken])
        await server.init()
        await server.set_application_uri(self._identity.application_uri)
        if self._shared is None:
            for library in range(self._libraries):
                await server.register_namespace(f"urn:maker:library:{library}")
            machinery = await server.register_namespace(MACHINERY)
            await server.import_xml(str(node_sets_dir() / FILE), auto_load_definitions=False)
        else:
            namespaces = list(self._shared.namespaces)
            namespaces[OWN] = self._identity.application_uri
            await server.get_node(ua.ObjectIds.Server_NamespaceArray).write_value(namespaces)
            machinery = namespaces.index(MACHINERY)
        self.index = await server.get_namespace_index(JOB_CONTROL)
        await server.load_certificate(folder / "cert.der")
        await server.load_private_key(folder / "key.pem")
        server.set_security_policy(
            [
                ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
                ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
                ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
            ]
        )
        name = ua.QualifiedName("Machines", machinery)
        machines = await server.nodes.objects.add_object(self._id("Machines"), name)
        for machine in self.machines.values():
            await self._add(machines, machine)
        self._restore()
        for machine in self.machines.values():
            await self._show(machine)
        await server.start()

    async def end_running(self, machine: Makers) -> None:
        """Let every running job of a machine end now."""
        for job_order_id, (order, state) in machine.orders.items():
            machine.orders[job_order_id] = (order, ENDED if state == RUNNING else state)
        self._save()
        await self._show(machine)

    async def forget_all(self, machine: Makers) -> None:
        """Let a machine lose its orders, as one that keeps them in memory does without power."""
        await self.remember(machine, {})

    async def remember(self, machine: Makers, orders: dict[str, tuple[Any, int]]) -> None:
        """Let a machine have these orders with their states, and no others."""
        machine.orders = orders
        self._save()
        await self._show(machine)

    async def stop(self) -> None:
        """Close the port."""
        await close_server(self.server)

    async def add_values(self, machine: str, count: int, value: float = 0.0) -> list[Node]:
        """Add so many values to a machine, in groups of 50; return them."""
        found = []
        for place in range(count):
            if place % 50 == 0:
                group = await self._object(self.server.nodes.objects, f"{machine}.G{place}")
            name = f"{machine}.v{place}"
            at = ua.QualifiedName(f"v{place}", OWN)
            found.append(await group.add_variable(self._id(name), at, value))
        return found

    def subscriptions(self) -> list[int]:
        """Return the ids of the subscriptions that clients hold now."""
        return list(self.server.iserver.subscription_service.subscriptions)

    def queue_sizes(self) -> list[int]:
        """Return how many changes it keeps of each value that clients watch."""
        held = self.server.iserver.subscription_service.subscriptions.values()
        items = [item for one in held for item in one.monitored_item_srv._monitored_items.values()]
        return [item.queue_size for item in items]

    def node_text(self, node: Node) -> str:
        """Return a node as the plant file names it."""
        return f"nsu={self._identity.application_uri};s={node.nodeid.Identifier}"

    async def _add(self, machines: Node, machine: Makers) -> None:
        root = await self._object(machines, machine.name)
        management = await self._object(root, f"{machine.name}.JobManagement")
        control = await self._object(management, f"{machine.name}.JobOrderControl")
        results = await self._object(management, f"{machine.name}.JobOrderResults")
        machine.order_list = await self._list(control, ORDER_LIST)
        machine.response_list = await self._list(results, RESPONSE_LIST)
        values = await self._object(root, f"{machine.name}.ProcessValues")
        for signal in machine.signals:
            identifier = self._id(f"{machine.name}.ProcessValues.{signal}")
            name = ua.QualifiedName(signal, OWN)
            machine.values.append(await values.add_variable(identifier, name, 0.0))
        for method in METHODS:
            if method in machine.methods:
                await self._method(control, method, self._call(machine, method), ua.UInt64)

    async def _object(self, parent: Node, path: str) -> Node:
        name = ua.QualifiedName(path.rpartition(".")[2], OWN)
        return await parent.add_object(self._id(path), name)

    async def _list(self, parent: Node, name: str) -> Node:
        nothing = ua.Variant([], ua.VariantType.ExtensionObject, is_array=True)
        identifier = self._id(f"{parent.nodeid.Identifier}.{name}")
        return await parent.add_variable(
            identifier, ua.QualifiedName(name, self.index), nothing, datatype=STRUCTURE
        )

    async def _method(self, parent: Node, name: str, call: Any, answer: Any) -> None:
        identifier = self._id(f"{parent.nodeid.Identifier}.{name}")
        await parent.add_method(identifier, ua.QualifiedName(name, self.index), call, [], [answer])

    def _id(self, text: str) -> ua.NodeId:
        return ua.NodeId(text, OWN)  # type: ignore[arg-type]

    def _call(self, machine: Makers, method: str) -> Callable[..., Awaitable[list[ua.Variant]]]:
        async def call(_parent: ua.NodeId, argument: ua.Variant, _comment: Any) -> list[ua.Variant]:
            status = await self._act(machine, method, argument.Value)
            return [ua.Variant(status, ua.VariantType.UInt64)]

        return call

    async def _act(self, machine: Makers, method: str, argument: Any) -> int:
        status = DONE
        if method in ("Store", "StoreAndStart", "Update"):
            order = self._types.unpacked(argument, "ISA95JobOrderDataType", self.index)
            status = self._store(machine, method, order)
            if method == "StoreAndStart" and status == DONE:
                self._start(machine, order.JobOrderID)
        elif argument not in machine.orders:
            return UNKNOWN
        elif method == "Start":
            self._start(machine, argument)
        elif method == "Abort":
            machine.aborted.append(argument)
            machine.orders[argument] = (machine.orders[argument][0], ABORTED)
        elif method in MOVES:
            order, state = machine.orders[argument]
            before, after = MOVES[method]
            if state not in before:
                return INVALID_STATE
            machine.orders[argument] = (order, after)
        else:
            del machine.orders[argument]
        self._save()
        await self._show(machine)
        return status

    def _store(self, machine: Makers, method: str, order: Any) -> int:
        kept, known = machine.garble(order), machine.orders.get(order.JobOrderID)
        if known is not None and method != "Update":
            return DONE if struct_to_binary(kept) == struct_to_binary(known[0]) else UNABLE
        if method == "Update" and (known is None or known[1] != STORED):
            return INVALID_STATE if known else UNKNOWN
        machine.orders[order.JobOrderID] = (kept, STORED)
        return DONE

    def _start(self, machine: Makers, job_order_id: str) -> None:
        order, state = machine.orders[job_order_id]
        if state != STORED:
            return
        machine.starts.append(job_order_id)
        machine.orders[job_order_id] = (order, ENDED if machine.ends_at_once else RUNNING)

    def _save(self) -> None:
        if self._saved is None:
            return
        kept = {
            machine.name: {
                "starts": machine.starts,
                "orders": {
                    job_order_id: [struct_to_binary(order).hex(), state]
                    for job_order_id, (order, state) in machine.orders.items()
                },
            }
            for machine in self.machines.values()
        }
        new = self._saved.with_suffix(".new")
        new.write_text(json.dumps(kept))
        new.replace(self._saved)

    def _restore(self) -> None:
        if self._saved is None or not self._saved.exists():
            return
        kind = self._types.classes["ISA95JobOrderDataType"]
        for name, kept in json.loads(self._saved.read_text()).items():
            machine = self.machines[name]
            machine.starts = kept["starts"]
            machine.orders = {
                job_order_id: (struct_from_binary(kind, Buffer(bytes.fromhex(body))), state)
                for job_order_id, (body, state) in kept["orders"].items()
            }

    async def _show(self, machine: Makers) -> None:
        entries, responses = [], []
        for job_order_id, (order, state) in machine.orders.items():
            states = [self._types.new("ISA95StateDataType", StateNumber=state)]
            listed = self._types.new("ISA95JobOrderAndStateDataType", JobOrder=order, State=states)
            entries.append(self._types.packed(listed, self.index).Value)
            response = self._types.new(
                "ISA95JobResponseDataType",
                JobResponseID=f"{job_order_id}.r",
                JobOrderID=job_order_id,
                StartTime=datetime.now(UTC),
                EndTime=datetime.now(UTC),
                JobState=states,
            )
            responses.append(self._types.packed(response, self.index).Value)
        for node, values in ((machine.order_list, entries), (machine.response_list, responses)):
            if node is not None:
                variant = ua.Variant(values, ua.VariantType.ExtensionObject, is_array=True)
                await self.server.write_attribute_value(node.nodeid, ua.DataValue(variant))


def changed_first(change: Callable[[float], float]) -> Garble:
    """Return a memory that holds the first number of an order otherwise."""

    def garble(order: Any) -> Any:
        first, *others = order.JobOrderParameters
        wrong = ua.Variant(change(float(first.Value.Value)), ua.VariantType.Double)
        return replace(order, JobOrderParameters=[replace(first, Value=wrong), *others])

    return garble
