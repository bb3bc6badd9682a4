"""The method of a station's `Traces` object: the finished trace of one face, as 16-bit counts."""

from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Protocol

from asyncua import Node, ua

from simulators.machine import Recorded

TRACE = "RequestTrace"
DONE, INVALID_REQUEST = 1, 1 << 32
Method = Callable[..., Awaitable[list[ua.Variant]]]
_INPUTS = (
    ("JobOrderID", ua.ObjectIds.String, False),
    ("Part", ua.ObjectIds.UInt32, False),
    ("Face", ua.ObjectIds.String, False),
)
_OUTPUTS = (
    ("StartTime", ua.ObjectIds.DateTime, False),
    ("SampleInterval_s", ua.ObjectIds.Double, False),
    ("Signals", ua.ObjectIds.String, True),
    ("Scale", ua.ObjectIds.Double, True),
    ("Offset", ua.ObjectIds.Double, True),
    ("Samples", ua.ObjectIds.ByteString, False),
    ("ReturnStatus", ua.ObjectIds.UInt64, False),
)


class TraceKeeper(Protocol):
    """What can be asked for a trace."""

    async def trace(self, job_order_id: str, part: int, face: str) -> Recorded | int:
        """Return what was recorded, or a status that says why nothing is."""


async def add_trace_method(traces: Node, node_id: ua.NodeId, method: Method) -> None:
    """Add the method below a station's `Traces` object."""
    name = ua.QualifiedName(TRACE, node_id.NamespaceIndex)
    await traces.add_method(
        node_id,
        name,
        method,
        [_argument(*item) for item in _INPUTS],
        [_argument(*item) for item in _OUTPUTS],
    )


def _argument(name: str, kind: int, array: bool) -> ua.Argument:
    argument = ua.Argument()
    argument.Name, argument.DataType = name, ua.NodeId(ua.Int32(kind))
    argument.ValueRank = 1 if array else -1
    return argument


def trace_method(keeper: TraceKeeper) -> Method:
    """Return the method, bound to a station."""

    async def method(_parent: ua.NodeId, *arguments: ua.Variant) -> list[ua.Variant]:
        kinds = (ua.VariantType.String, ua.VariantType.UInt32, ua.VariantType.String)
        if tuple(item.VariantType for item in arguments) != kinds:
            return _answer(INVALID_REQUEST)
        job_order_id, part, face = (item.Value for item in arguments)
        return _answer(await keeper.trace(job_order_id or "", part, face or ""))

    return method


def _answer(found: Recorded | int) -> list[ua.Variant]:
    kinds = ua.VariantType
    if isinstance(found, int):
        empty = [ua.Variant(None, kinds.Null)] * (len(_OUTPUTS) - 1)
        return [*empty, ua.Variant(found, kinds.UInt64)]
    return [
        ua.Variant(ua.DateTime.fromtimestamp(found.started_at.timestamp(), UTC), kinds.DateTime),
        ua.Variant(found.interval_s, kinds.Double),
        ua.Variant(list(found.signals), kinds.String),
        ua.Variant(list(found.scale), kinds.Double),
        ua.Variant(list(found.offset), kinds.Double),
        ua.Variant(found.counts.astype("<i2").tobytes(), kinds.ByteString),
        ua.Variant(DONE, kinds.UInt64),
    ]
