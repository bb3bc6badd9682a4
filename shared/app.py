"""What every service runs on: its loops under supervision, health, its events, errors as HTTP."""

import asyncio
import contextlib
import gc
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import structlog
import uvicorn
from fastapi import Depends, FastAPI, Query, Response
from fastapi.responses import PlainTextResponse
from fastapi.telemetry import TelemetryConfig
from prometheus_client import Gauge, generate_latest

from shared.answers import STATUS, answer_errors
from shared.checksum import sealed
from shared.commands import Command, CommandApp, command_of, keep_forgetting
from shared.db import migrate, sql
from shared.door import Door
from shared.effects import Effects, EveryHandler, Handler
from shared.errors import NotFoundError, RetryLaterError
from shared.facts import Event
from shared.inbox import Inbox
from shared.observability import Metrics, configure_logs, watch_clock
from shared.outbox import Outbox, Relay
from shared.parts import Parts, parts_of
from shared.queries import QueryRoute
from shared.readiness import Readiness
from shared.serving import served
from shared.settings import ServiceSettings
from shared.spans import exported
from shared.stalls import StallWatch
from shared.tasks import end_all
from shared.tokenkeys import RENEWED_AFTER_S, ensure_key, keep_renewing
from shared.tokens import Verifier
from shared.tracing import Traced
from shared.transaction import Transaction

log = structlog.get_logger()
NOT_MEASURED = ("/livez", "/readyz", "/metrics", "/api/session")
# Of a request where an OpenTelemetry SDK is set up: one span, not its body, values or errors; none
# of probes, which come each second, and of ways in, whose queries have codes of sign-ins.
MEASURED: TelemetryConfig = {
    "operation_spans": False,
    "metrics": False,
    "logs": False,
    "exclude": lambda scope: scope["path"].startswith(NOT_MEASURED),
}
# Bytes of a request: beyond the 64 MB that the gateway passes on, whose refusal tells more.
LARGEST_BODY = 65 * 1024 * 1024
Loop = Callable[[], Awaitable[None]]


class Service:
    """The parts a service is wired from; `main.py` adds handlers, loops and routes."""

    def __init__(
        self, settings: ServiceSettings, migrations: Path, parts: Parts | None = None
    ) -> None:
        self.settings = settings
        self.name: str = settings.service
        self._migrations = migrations
        self.parts = parts = parts or parts_of(settings)
        self.plant, self.clock = parts.plant, parts.clock
        self.database, self.bus, self.http = parts.database, parts.bus, parts.http
        self.outbox = Outbox(self.name, self.plant.site, self.database, self.clock, parts.new_id)
        self.metrics = Metrics()
        self.database.committed_in = self.metrics.commit_s.observe
        self.inbox: Inbox | None = None
        self.readiness = Readiness(
            outbox=self.outbox,
            database=self.database,
            bus=self.bus,
            clock=self.clock,
            data_dir=settings.data_dir,
        )
        self._loops: dict[str, Loop] = {
            "relay": Relay(self.database, self.bus).run,
            "forget commands": lambda: keep_forgetting(self.database),
        }
        if self.clock.anchor is not None:  # a real machine
            self._loops["watch event loop"] = StallWatch(self.metrics.loop_lag_s.observe).run
            self._loops["watch clock"] = lambda: watch_clock(self.clock)
            self._loops["watch waiting"] = self.readiness.watch
        if parts.identity is not None:
            self._loops["renew certificate"] = parts.identity.keep_renewed
        self._alone: dict[str, Loop] = {}
        self._figures: dict[Gauge, str] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._starts: list[Loop] = []
        self._stops: list[Loop] = []
        self.app = self._make_app()

    def listen(
        self,
        sources: tuple[str, ...],
        handlers: Mapping[type[Event], Handler],
        every: EveryHandler | None = None,
    ) -> None:
        """Read the events of other services; call once, before `run`."""
        urls = self.settings.service_urls
        self.inbox = Inbox(
            site=self.plant.site,
            database=self.database,
            bus=self.bus,
            http=self.http,
            sources={source: urls[source] for source in sources},
            effects=Effects(handlers, every),
        )
        self.readiness.inbox = self.inbox
        for reader in self.inbox.readers:
            reader.found_gap = self.metrics.event_gaps.labels(reader.source).inc
            reader.took = self.metrics.inbox_batch.observe
            self.loop(f"read {reader.source}", reader.run)

    def loop(self, name: str, run: Loop, *, alone: bool = False) -> None:
        """Add work that goes on for ever; it is restarted with a growing delay when it fails.

        alone: of several replicas only one does it, the next one when that has ended.
        """
        (self._alone if alone else self._loops)[name] = run

    def figure(self, name: str, meaning: str, statement: str) -> None:
        """Add a figure to `GET /metrics` that a statement finds then; it may use `:now`.

        now: plant time. None, as of an empty table, is told as 0.
        """
        gauge = Gauge(f"halite_{name}", meaning, registry=self.metrics.registry)
        self._figures[gauge] = statement

    def on_start(self, call: Loop) -> None:
        """Await `call` once, after the migrations and before any loop."""
        self._starts.append(call)

    def on_stop(self, call: Loop) -> None:
        """Await `call` once, after the loops have ended."""
        self._stops.append(call)

    def run(self) -> None:
        """Serve until SIGTERM or Ctrl-C."""
        configure_logs(self.name)
        migrate(self.settings.database_url, self._migrations)
        keys = self.settings.token_keys
        ensure_key(keys, self.name, time.time(), RENEWED_AFTER_S)
        self.loop("renew token key", lambda: keep_renewing(keys, self.name))
        gc.collect()
        gc.freeze()  # what is loaded stays: looking through all of it again takes 0.1 s at a time
        with exported(self.name, self.settings.otlp_url, self.settings.replica):
            settings = self.settings
            by_tls = settings.speaks_tls and not settings.is_for_persons
            door = self.door(for_services=not settings.is_for_persons)
            identity = self.parts.identity if by_tls else None
            uvicorn.run(door, **served(settings.host, settings.port, identity))

    def door(self, *, for_services: bool) -> Door:
        """Return what answers at a port of the service: its app behind a door that asks for tokens.

        for_services: False at a port for persons alone.
        """
        verifier = Verifier(self.settings.token_keys, self.name)
        elsewhere = None if for_services else self.settings.service_urls[self.name]
        return Door(self.app, self.name, verifier, elsewhere=elsewhere)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run starts, loops and stops around the block."""
        self.bus.start()
        for call in self._starts:
            await call()
        if self._alone:
            self._loops["alone"] = lambda: self.database.alone(self.name, self._run_alone)
        self._tasks = self._supervised(self._loops)
        try:
            yield
        finally:
            await end_all(self._tasks)
            for call in self._stops:
                await call()
            await self.bus.stop()
            await self.http.aclose()
            await self.database.close()

    async def _run_alone(self) -> None:
        tasks = self._supervised(self._alone)
        try:
            await asyncio.gather(*tasks)
        finally:
            await end_all(tasks)

    def _supervised(self, loops: Mapping[str, Loop]) -> list[asyncio.Task[None]]:
        return [
            asyncio.create_task(supervise(name, run, self.parts.draw), name=name)
            for name, run in loops.items()
        ]

    def _make_app(self) -> FastAPI:
        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            async with self.running():
                yield

        app = CommandApp(
            title=f"Halite {self.name}",
            version="1",
            lifespan=lifespan,
            max_body_size=LARGEST_BODY,
            telemetry=MEASURED,
        )
        app.router.route_class = QueryRoute
        app.add_middleware(Traced, new_id=self.parts.new_id)
        answer_errors(app)
        self._add_health(app)
        self._add_events(app)
        return app

    def _add_health(self, app: FastAPI) -> None:
        @app.get("/livez", tags=["health"])
        async def livez() -> dict[str, str]:
            """The process runs; says nothing about what it depends on."""
            return {"service": self.name}

        @app.get("/readyz", tags=["health"])
        async def readyz(response: Response) -> dict[str, Any]:
            """The database answers and the broker is connected.

            While one is away the answer is 503 and still tells how long events wait.
            """
            said = await self.readiness.answer()
            if not said["ready"]:
                response.status_code = STATUS[RetryLaterError]
            return said

        @app.get("/metrics", tags=["health"], response_class=PlainTextResponse)
        async def metrics() -> Response:
            """Prometheus text."""
            await self.readiness.measure(self.metrics)
            async with self.database.quiet() as tx:
                for gauge, statement in self._figures.items():
                    found = await tx.scalar(sql(statement), {"now": self.clock.now()})
                    gauge.set(found or 0)
            return Response(generate_latest(self.metrics.registry), media_type="text/plain")

    def _add_events(self, app: FastAPI) -> None:
        @app.get("/events", tags=["events"])
        async def events(
            after: Annotated[int, Query(ge=0)] = 0,
            limit: Annotated[int, Query(ge=1, le=1000)] = 200,
        ) -> Response:
            """This service's own events after a sequence: the source of truth for readers."""
            bodies = await self.outbox.after(after, limit)
            page = sealed(f'{{"items":[{",".join(bodies)}]}}')
            return Response(page, media_type="application/json")

        @app.get("/set-aside", tags=["events"])
        async def set_aside(
            limit: Annotated[int, Query(ge=1, le=2000)] = 200,
        ) -> dict[str, Any]:
            """Events of others that this service could not handle, the oldest first."""
            if self.inbox is None:
                return {"items": [], "total": 0}
            items = await self.inbox.set_aside(limit)
            return {"items": items, "total": await self.inbox.set_aside_count()}

        @app.post("/set-aside/{event_id}/retry", tags=["events"])
        async def retry(
            event_id: str, command: Annotated[Command, Depends(command_of(self.database))]
        ) -> dict[str, str]:
            """Handle a set-aside event, and those of its lot behind it, once more."""

            async def act(_: Transaction) -> dict[str, str]:
                if self.inbox is None:
                    raise NotFoundError(f"{self.name} reads no events")
                await self.inbox.retry(event_id)  # each event in a transaction of its own
                return {"event_id": event_id, "state": "handled"}

            return await command.once(act)


async def supervise(
    name: str, run: Loop, draw: Callable[[float, float], float] = random.uniform
) -> None:
    """Run a loop for ever; after a failure again, with a growing, jittered delay up to 15 s."""
    failures = 0
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await run()
            return
        except RetryLaterError as error:
            if failures == 0:
                log.warning("loop waits", loop=name, error=str(error))
        except Exception as error:
            log.error("loop failed", loop=name, error=repr(error), exc_info=error)
        long_run = asyncio.get_running_loop().time() - started > 30
        failures = 0 if long_run else failures + 1
        await asyncio.sleep(min(15.0, 0.25 * 2 ** min(failures, 6)) * draw(0.5, 1.0))
