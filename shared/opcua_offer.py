"""Looks at a connected station: which nodes, methods and values it offers, and under which ids."""

from collections.abc import Mapping
from dataclasses import dataclass

from asyncua import Client, Node, ua
from asyncua.ua.uaerrors import BadNoMatch, UaError

from shared.errors import StationFaultError
from shared.settings import StationSettings
from shared.stationoffer import (
    IDENTIFICATION,
    METHODS,
    ORDER_LIST,
    RESPONSE,
    RESPONSE_LIST,
    STATE,
    TRACE,
    StationOffer,
    missing,
    unusable,
)

BASE = "http://opcfoundation.org/UA/"
MACHINERY = f"{BASE}Machinery/"
JOB_CONTROL = f"{BASE}ISA95-JOBCONTROL_V2/"
MOST_JOBS = "MaxDownloadableJobOrders"
Children = Mapping[str, Node]


@dataclass(frozen=True, kw_only=True)
class StationNodes:
    """The nodes of one station by their names, as they are called in this connection.

    client: whose connection it is. alive: what is read to know whether the station lives. index:
    of the job control's namespace.
    """

    client: Client

    alive: Node
    values: Children
    parts: Children
    control: Node
    results: Node
    traces: Node
    index: int


async def explore(client: Client, settings: StationSettings) -> tuple[StationNodes, StationOffer]:
    """Return the nodes of a station and what they amount to; namespaces are found by their URIs.

    Raises:
        StationFaultError: the server does not have the machine that the plant file names.
    """
    uris = await client.get_namespace_array()
    machine = await _machine(client, settings, uris)
    top = await _children(machine)
    management = await _children(top.get("JobManagement"))
    control, results = management.get("JobOrderControl"), management.get("JobOrderResults")
    traces = top.get("Traces")
    parts = {
        **await _children(control),
        **await _children(results),
        **await _children(traces, ua.NodeClass.Method),
    }
    item = (await _children(top.get("MachineryBuildingBlocks"))).get(STATE)
    state = (await _children(item)).get("CurrentState")
    if state is not None:
        parts[STATE] = state
    identification = await _texts(await _children(top.get("Identification")))
    values = await _values(client, settings, uris, top)
    nodes = StationNodes(
        client=client,
        alive=state or client.nodes.server_state,
        values=values,
        parts=parts,
        control=control or machine,
        results=results or machine,
        traces=traces or machine,
        index=uris.index(JOB_CONTROL) if JOB_CONTROL in uris else 0,
    )
    return nodes, await _offer(settings, nodes, identification)


async def _offer(
    settings: StationSettings, nodes: StationNodes, identification: Mapping[str, str]
) -> StationOffer:
    known = {*METHODS, RESPONSE, RESPONSE_LIST, ORDER_LIST, STATE, TRACE}
    parts = frozenset(known & nodes.parts.keys())
    most = nodes.parts.get(MOST_JOBS)
    most_jobs = await most.read_value() if most is not None else None
    return StationOffer(
        parts=parts,
        signals=tuple(sorted(nodes.values)),
        identification=identification,
        most_jobs=most_jobs if isinstance(most_jobs, int) else None,
        missing=missing(parts, identification) if settings.takes_jobs else (),
        unusable=_unusable(parts, settings),
    )


def _unusable(parts: frozenset[str], settings: StationSettings) -> str | None:
    if not settings.takes_jobs:
        return None
    return unusable(parts, start_before_read_back=settings.start_before_read_back)


async def _machine(client: Client, settings: StationSettings, uris: list[str]) -> Node:
    if settings.node is not None:
        node = client.get_node(node_id(settings.node, uris))
        await node.read_browse_name()
        return node
    namespace = settings.own_namespace
    missing_uris = [uri for uri in (MACHINERY, namespace) if uri not in uris]
    if missing_uris:
        raise StationFaultError(
            f"{settings.equipment_id}: its server has no namespace {', '.join(missing_uris)}; "
            "write the machine's node and namespace into the plant file"
        )
    path = [f"{uris.index(MACHINERY)}:Machines", f"{uris.index(namespace)}:{settings.name}"]
    try:
        return await client.nodes.objects.get_child(path)
    except BadNoMatch as error:
        raise StationFaultError(
            f"{settings.equipment_id}: its server has no Machines/{settings.name} in {namespace}; "
            "write the machine's node into the plant file"
        ) from error


async def _values(
    client: Client, settings: StationSettings, uris: list[str], top: Children
) -> Children:
    if settings.items:
        named = settings.items.items()
        return {signal: client.get_node(node_id(text, uris)) for signal, text in named}
    return await _children(top.get("ProcessValues"), ua.NodeClass.Variable)


def node_id(text: str, uris: list[str]) -> ua.NodeId:
    """Return the node id of `nsu=<uri>;s=<name>` (or i=, g=, b=) at a server with these namespaces.

    Raises:
        StationFaultError: the server has no such namespace, or the text is no node id.
    """
    uri, _, rest = text.removeprefix("nsu=").partition(";")
    try:
        return ua.NodeId.from_string(f"ns={uris.index(uri)};{rest}")
    except (ValueError, UaError) as error:
        raise StationFaultError(
            f"node {text}: no namespace {uri} at this server, or no node id; "
            "expected nsu=<uri>;s=<name>"
        ) from error


async def _children(node: Node | None, kind: ua.NodeClass = ua.NodeClass.Unspecified) -> Children:
    if node is None:
        return {}
    found = await node.get_children_descriptions(nodeclassmask=kind)
    return {str(item.BrowseName.Name): Node(node.session, item.NodeId) for item in found}


async def _texts(nodes: Children) -> Mapping[str, str]:
    texts = {}
    for name in IDENTIFICATION:
        if name in nodes:
            value = await nodes[name].read_value()
            text = value.Text if isinstance(value, ua.LocalizedText) else value
            if isinstance(text, str) and text:
                texts[name] = text
    return texts
