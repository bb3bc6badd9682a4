"""One trace from a person's tap to the machine and back, in the terms of W3C Trace Context.

A request begins a trace or goes on with its caller's; an event carries it in its envelope, a job
order keeps it until its station has answered. Without an OpenTelemetry SDK only the ids travel,
into every event and log line; with one each `span` is measured too.
"""

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
from opentelemetry import context, trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WORDS = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("halite")
HEADER, ANSWER_HEADER = "traceparent", "traceresponse"


def traceparent() -> str | None:
    """Return the header of what is done now, None outside of any trace."""
    said: dict[str, str] = {}
    _WORDS.inject(said)
    return said.get(HEADER)


@contextmanager
def following(parent: str | None) -> Iterator[None]:
    """Let the block belong to the trace of a `traceparent`; to none when that is none."""
    said = {} if parent is None else {HEADER: parent}
    token = context.attach(_WORDS.extract(said, context.Context()))
    try:
        yield
    finally:
        context.detach(token)


@contextmanager
def span(name: str, **ids: str) -> Iterator[None]:
    """Measure the block as a part of its trace, where an OpenTelemetry SDK is set up.

    One that fails is marked with the kind of the error, without its words: they may tell values.

    ids: of what it works on, such as `job_order_id`; no recipe values and no persons.
    """
    begun = _TRACER.start_as_current_span(
        name, attributes=ids, record_exception=False, set_status_on_exception=False
    )
    with begun as measured:
        try:
            yield
        except BaseException as error:
            measured.set_attribute("error.type", type(error).__name__)
            measured.set_status(trace.StatusCode.ERROR)
            raise


async def carry_on(request: httpx.Request) -> None:
    """Give a request to another service the trace of what is done now."""
    parent = traceparent()
    if parent is not None:
        request.headers[HEADER] = parent


def add_trace(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the id of the trace to a log line, as a processor of structlog."""
    found = trace.get_current_span().get_span_context()
    if found.is_valid:
        line["trace_id"] = trace.format_trace_id(found.trace_id)
    return line


class Traced:
    """ASGI middleware: each request in a trace, which its answer names as `traceresponse`.

    new_id: gives the id of a trace that begins here; its last bytes are random.
    """

    def __init__(self, app: ASGIApp, new_id: Callable[[], UUID]) -> None:
        self._app, self._new_id = app, new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with following(traceparent() or self._parent(scope)):  # begun by who measures it, or here
            named = (ANSWER_HEADER.encode(), (traceparent() or "").encode())

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message = {**message, "headers": [*message.get("headers", ()), named]}
                await send(message)

            await self._app(scope, receive, answer)

    def _parent(self, scope: Scope) -> str:
        """Return the caller's trace when it names a valid one, else a new one."""
        for name, value in scope["headers"]:
            if name == HEADER.encode():
                with following(value.decode("latin-1")):
                    if (found := traceparent()) is not None:
                        return found
        one = self._new_id().hex
        return f"00-{one}-{one[16:]}-00"
