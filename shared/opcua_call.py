"""Calls methods of a station in the trace of what is done now, as OPC 10000-26 (5.5.4) has it."""

from typing import Any
from uuid import UUID

from asyncua import Client, ua
from asyncua.ua.ua_binary import struct_from_binary

from shared.tracing import traceparent

KEY = "SpanContext"


async def call_method(
    client: Client, owner: ua.NodeId, method: ua.NodeId, *given: Any
) -> list[Any]:
    """Call a method of a node and return what it answers, value by value.

    The trace goes with the request twice: as the structure of the standard in its additional
    header, and as text in its audit entry, which servers show in their audit events.

    Raises:
        UaError: the station refuses, or is away.
        OSError, TimeoutError: the connection is lost.
    """
    wire = client.uaclient.protocol
    if wire is None:
        raise ConnectionError("not connected")
    request = ua.CallRequest()
    if (parent := traceparent()) is not None:
        request.RequestHeader.AuditEntryId = parent
        request.RequestHeader.AdditionalHeader = span_context(parent)
    called = ua.CallMethodRequest(ObjectId=owner, MethodId=method)
    called.InputArguments = [
        one if isinstance(one, ua.Variant) else ua.Variant(one) for one in given
    ]
    request.Parameters.MethodsToCall = [called]
    response = struct_from_binary(ua.CallResponse, await wire.send_request(request))
    response.ResponseHeader.ServiceResult.check()
    [result] = response.Results
    result.StatusCode.check()
    return [one.Value for one in result.OutputArguments or []]


def span_context(parent: str) -> Any:
    """Return the additional header of a request that belongs to a `traceparent`."""
    _, trace_id, span_id, _ = parent.split("-")
    span = ua.SpanContextDataType(TraceId=UUID(trace_id), SpanId=int(span_id, 16))
    pair = ua.KeyValuePair(Key=ua.QualifiedName(KEY, 0), Value=ua.Variant(span))
    return ua.AdditionalParametersType(Parameters=[pair])
