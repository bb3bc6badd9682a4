"""The gateway's door for shared networks: the same app over TLS, on a port of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.app import SERVER
from shared.errors import InvalidInputError
from shared.identity import Identity

log = structlog.get_logger()
RENEWED_LOOK_S = 10.0
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
    """Serves an app over TLS with a certificate that may be renewed meanwhile.

    Raises:
        InvalidInputError: the certificate is missing or cannot be used.
    """

    def __init__(self, app: ASGIApp, identity: Identity, host: str, port: int) -> None:
        self._identity = identity
        context = identity.as_server()
        config = uvicorn.Config(
            Strict(app),
            host=host,
            port=port,
            ssl_context_factory=lambda _config, _default: context,
            lifespan="off",
            **SERVER,
        )
        self._server = _Second(config)

    async def run(self) -> None:
        """Serve until cancelled."""
        renewing = asyncio.create_task(self._renew())
        try:
            await self._server.serve()
        finally:
            renewing.cancel()
            if self._server.started:
                await self._server.shutdown()

    @property
    def started(self) -> bool:
        """Whether the port is open."""
        return self._server.started

    def take_renewed(self) -> None:
        """Show a renewed certificate to who connects from now on."""
        try:
            if self._identity.take_renewed():
                log.info("certificate renewed", door="https")
        except InvalidInputError as error:  # half renewed: looked at again
            log.warning("certificate cannot be used", error=str(error))

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEWED_LOOK_S)
            self.take_renewed()
