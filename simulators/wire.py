"""The connections of a station's server, which write down who called a method in which trace.

The trace comes in the header of the request (OPC 10000-26, 5.5.4), as a machine of a maker that
follows the standard would find it; a request without one is not written down.
"""

import json
from typing import Any

from asyncua import Server, ua
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.ua_binary import struct_from_binary

_CALL = ua.NodeId(ua.Int32(ua.ObjectIds.CallRequest_Encoding_DefaultBinary))
_KEY = "SpanContext"


def trace_id_of(header: ua.RequestHeader) -> str | None:
    """Return the trace that a request belongs to as W3C writes it, None when it names none."""
    additional: Any = header.AdditionalHeader
    if not isinstance(additional, ua.AdditionalParametersType):
        return None
    for pair in additional.Parameters:
        if pair.Key.Name == _KEY and isinstance(pair.Value.Value, ua.SpanContextDataType):
            return str(pair.Value.Value.TraceId.hex)
    return None


class _Processor(UaProcessor):
    """Writes down each call that comes with a trace, and answers as always."""

    async def _process_message(
        self, typeid: ua.NodeId, requesthdr: ua.RequestHeader, seqhdr: Any, body: Any
    ) -> bool:
        if typeid == _CALL and (trace_id := trace_id_of(requesthdr)) is not None:
            asked = struct_from_binary(ua.CallParameters, body.copy())
            self._write_down(trace_id, asked.MethodsToCall)
        going_on: bool = await super()._process_message(typeid, requesthdr, seqhdr, body)  # type: ignore[no-untyped-call]
        return going_on

    def _write_down(self, trace_id: str, calls: list[ua.CallMethodRequest]) -> None:
        for one in calls:
            named = self.iserver.aspace.read_attribute_value(
                one.MethodId, ua.AttributeIds.BrowseName
            )
            method = named.Value.Value.Name if named.Value and named.Value.Value else "?"
            said = [text for given in one.InputArguments if isinstance(text := given.Value, str)]
            line = {
                "station": self.iserver.endpoints[0].Server.ApplicationUri.rsplit(":", 1)[-1],
                "event": "method called",
                "method": method,
                "job_order_id": said[0] if said else None,
                "trace_id": trace_id,
            }
            print(json.dumps(line), flush=True)


class _Connection(OPCUAProtocol):
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.transport is not None:
            self.processor = _Processor(self.iserver, self.transport, self.limits)
            self.processor.set_policies(self.policies)  # type: ignore[no-untyped-call]


class _Listener(BinaryServer):
    def _make_protocol(self) -> OPCUAProtocol:
        return _Connection(
            iserver=self.iserver,
            policies=self._policies,
            clients=self.clients,
            closing_tasks=self.closing_tasks,
            limits=self.limits,
        )


class TracingServer(Server):
    """asyncua's server with connections of ours."""

    async def start(self) -> None:
        """Listen on the port of the endpoint."""
        await self._setup_server_nodes()
        await self.iserver.start()
        host, port = self._get_bind_socket_info()
        self.bserver = _Listener(self.iserver, host or "", port or 0, self.limits)
        self.bserver.set_policies(self._policies)
        try:
            await self.bserver.start()
        except OSError:
            await self.iserver.stop()
            raise
