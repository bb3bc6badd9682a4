"""The gateway's doors over TLS: for persons of shared networks, and for services of the plant."""

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.identity import Identity
from shared.serving import served

STRICT = "max-age=31536000"  # a browser that came by TLS once comes by nothing else for a year


class Strict:
    """An app whose answers tell browsers to come by TLS alone from now on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["strict-transport-security"] = STRICT
            await send(message)

        await self._app(scope, receive, told if scope["type"] == "http" else send)


class _Second(uvicorn.Server):
    """A server beside the process's first one, which is the one that takes the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpsDoor:
    """Serves an app over TLS beside the process's first port.

    Raises:
        InvalidInputError: the certificate is missing or cannot be used.
    """

    def __init__(self, app: ASGIApp, identity: Identity, host: str, port: int) -> None:
        told = served(host, port, identity)
        self._server = _Second(uvicorn.Config(Strict(app), lifespan="off", **told))

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            await self._server.serve()
        finally:
            if self._server.started:
                await self._server.shutdown()

    @property
    def started(self) -> bool:
        """Whether the port is open."""
        return self._server.started
