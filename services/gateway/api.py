"""HTTP face of the gateway: the app's views, the way to every service, the live link, the app."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote, unquote

from fastapi import Depends, Header, Query, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect

from services.gateway import cellpage, maintenance, masterdata, setaside, webapp
from services.gateway.alarmdesk import AlarmDesk
from services.gateway.alarmroutes import add_alarm_routes
from services.gateway.entrances import Entrances
from services.gateway.guard import token_of
from services.gateway.handoverdesk import HandoverDesk
from services.gateway.handoverroutes import add_handover_routes
from services.gateway.identity import Identity
from services.gateway.live import Client, Hub
from services.gateway.oeedesk import OeeDesk
from services.gateway.oeeroutes import add_oee_routes
from services.gateway.overview import Overview
from services.gateway.ownmasterdata import keep_own
from services.gateway.peers import Behalf, Peers, bounded, check_length, detail_of
from services.gateway.personroutes import add_key_routes, add_person_routes
from services.gateway.push import Pusher
from services.gateway.roles import is_signed, needed, signature_of
from services.gateway.samesite import own_page, same_origin
from services.gateway.sessionroutes import add_session_routes, caller_of
from services.gateway.signing import LARGEST, signed, with_signature
from services.gateway.workflow import GatewayWork
from shared.app import Service
from shared.commands import Command, command_of
from shared.errors import MesError, NotFoundError, ServiceUnreachableError
from shared.queries import any_query

SEND_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 1.0
LARGEST_SUBSCRIPTION = 8192
POLICY_VIOLATION, BAD_MESSAGE, TOO_SLOW, SESSION_OVER = 1008, 1003, 1013, 4401
SESSION_LOOK_S = 5.0
Limit = Annotated[int, Query(ge=1, le=2000)]
Topic = Annotated[str, Field(pattern=r"^(overview|cell:[^\x00-\x1f]{1,100})$")]


class Parts(NamedTuple):
    """What the routes hand their work to."""

    web_dir: Path
    peers: Peers
    overview: Overview
    hub: Hub
    pusher: Pusher
    work: GatewayWork
    entrances: Entrances
    alarms: AlarmDesk
    losses: OeeDesk
    handovers: HandoverDesk

    @property
    def identity(self) -> Identity:
        """Persons and their sessions."""
        return self.entrances.identity


class Subscribe(BaseModel):
    """The one message a client of the live link sends: the topics it watches from now on."""

    model_config = ConfigDict(extra="forbid")

    subscribe: list[Topic] = Field(max_length=20)


def add_routes(service: Service, parts: Parts) -> None:
    """Add the routes of this service to its app; what is named first answers first."""
    add_session_routes(service, parts.entrances)
    add_person_routes(service, parts.identity)
    add_key_routes(service, parts.entrances.keys)
    _add_overview(service, parts)
    add_alarm_routes(service, parts.alarms, parts.overview)
    add_oee_routes(service, parts.losses)
    add_handover_routes(service, parts.handovers, parts.entrances)
    _add_records(service, parts)
    _add_set_aside(service, parts)
    _add_master_data(service, parts)
    _add_live(service, parts)
    _add_ways(service, parts)
    _add_web_app(service, parts)


def _add_overview(service: Service, parts: Parts) -> None:
    app = service.app

    @app.get("/api/overview", tags=["overview"])
    async def get_overview() -> dict[str, Any]:
        """Stations, work in progress, alarms and services at this moment."""
        return await parts.overview.answer()


def _add_records(service: Service, parts: Parts) -> None:
    app, peers = service.app, parts.peers

    @app.get("/api/cells", tags=["records"])
    async def get_cells(
        search: str = "", disposition: str = "", limit: Limit = 200
    ) -> dict[str, Any]:
        """Cells and witness cells whose id, request or product contains a text."""
        query: dict[str, str | int] = {"search": search, "limit": limit}
        if disposition:
            query["disposition"] = disposition
        answer = await peers.ask("execution", "cells", query=query)
        return cellpage.listed(answer, cellpage.CELL)

    @app.get("/api/maintenance", tags=["records"])
    async def get_maintenance(
        soon_days: Annotated[float, Query(ge=0, le=366)] = 30,
    ) -> dict[str, Any]:
        """What is due, past due, out of use or unknown over all machines, the most urgent first."""
        return await maintenance.maintenance_page(peers, service.clock.now(), soon_days)

    @app.get("/api/lots", tags=["records"])
    async def get_lots(search: str = "", limit: Limit = 200) -> dict[str, Any]:
        """Lots that are no cells."""
        answer = await peers.ask("execution", "lots", query={"search": search, "limit": limit})
        return cellpage.listed(answer, cellpage.LOT)

    @app.get("/api/cells/{cell_id}", tags=["records"])
    async def get_cell(cell_id: str) -> dict[str, Any]:
        """Everything known of one cell; parts that cannot be had are named in `missing`."""
        return await cellpage.cell_page(peers, cell_id)

    @app.get("/api/lots/{lot_id}", tags=["records"])
    async def get_lot(lot_id: str) -> dict[str, Any]:
        """One lot and what it was made of."""
        return await cellpage.lot_page(peers, lot_id)


def _add_set_aside(service: Service, parts: Parts) -> None:
    given = Annotated[Command, Depends(command_of(service.database))]

    @service.app.get("/api/set-aside", tags=["set aside"])
    async def get_set_aside(limit: Limit = 200) -> dict[str, Any]:
        """Events that a service could not handle, of all services, the oldest first."""
        return await setaside.set_aside_page(parts.peers, limit)

    @service.app.post(
        "/api/set-aside/{name}/{event_id}/retry",
        tags=["set aside"],
        dependencies=[Depends(own_page)],
    )
    async def post_retry(
        request: Request,
        name: str,
        event_id: str,
        x_halite_person: Annotated[str, Header(min_length=1, max_length=300)],
        command: given,
    ) -> Response:
        """Let a service handle an event again, with those behind it; answers as the service does.

        404: it is not set aside (any more). 409: it still cannot be handled; `current` says how
        often it was tried and the newest error.
        """
        target = f"/set-aside/{quote(event_id, safe='')}/retry".encode()
        answer = await _pass_on(parts.peers, request, name, target)
        if answer.status_code < 400:
            person = unquote(x_halite_person)
            await command.once(lambda tx: parts.work.note_retry(tx, name, event_id, person))
        return answer


def _add_master_data(service: Service, parts: Parts) -> None:
    @service.app.post(
        "/api/master-data", tags=["master data"], status_code=201, dependencies=[Depends(own_page)]
    )
    async def post_master_data(
        request: Request,
        idempotency_key: Annotated[str, Header(min_length=8, max_length=200)],
    ) -> JSONResponse:
        """Give each service its section of a YAML or JSON document; says who took it.

        Each service takes its section whole or not at all, each by itself. The same document with
        the same key may be sent again.
        """
        limit = masterdata.LARGEST_DOCUMENT
        check_length(request.headers.get("content-length"), limit)
        content = b"".join([chunk async for chunk in bounded(request.stream(), limit)])
        found = await asyncio.to_thread(masterdata.sections, content)

        behalf = _behalf(request)

        async def tell(name: str, body: str) -> dict[str, Any]:
            if name == service.name:
                return await keep_own(service.database, body)
            key = masterdata.key_for(name, idempotency_key)
            try:
                status, answer = await parts.peers.tell(name, "master-data", body, key, behalf)
            except MesError as error:
                return {"taken": False, "code": type(error).__name__, "detail": str(error)}
            if status >= 500:
                failed = "ServiceUnreachableError"
                return {"taken": False, "code": failed, "detail": detail_of(answer)}
            if status >= 400:
                said = answer if isinstance(answer, dict) else {}
                kept = {name: said[name] for name in ("current",) if name in said}
                code = said.get("code") or "InvalidInputError"
                return {"taken": False, "code": code, "detail": detail_of(answer), **kept}
            return {"taken": True, "answer": answer}

        answers = await asyncio.gather(*(tell(*item) for item in found.items()))
        status, body = masterdata.verdict(dict(zip(found, answers, strict=True)))
        return JSONResponse(body, status)


def _add_ways(service: Service, parts: Parts) -> None:
    app = service.app
    ours = [Depends(own_page)]
    theirs = [Depends(any_query)]  # the service refuses what it does not know

    @app.get("/api/work-requests", tags=["ways"], dependencies=theirs)
    @app.get("/api/job-orders", tags=["ways"], dependencies=theirs)
    async def get_of_execution(request: Request) -> Response:
        """As execution answers."""
        return await _pass_on(parts.peers, request, "execution", _path(request, 2))

    @app.post("/api/work-schedules", tags=["ways"], dependencies=ours + theirs)
    async def post_schedule(request: Request) -> Response:
        """Give execution a work schedule as YAML, JSON or CSV."""
        return await _pass_on(parts.peers, request, "execution", _path(request, 2))

    @app.post("/api/test-files", tags=["ways"], dependencies=ours + theirs)
    async def post_test_file(request: Request, name: str, lot_id: str | None = None) -> Response:
        """Give formation a tester's file."""
        return await _pass_on(parts.peers, request, "formation", _path(request, 2))

    @app.post("/api/spectra", tags=["ways"], dependencies=ours + theirs)
    async def post_spectrum(request: Request, name: str, lot_id: str) -> Response:
        """Give quality an analyser's file."""
        return await _pass_on(parts.peers, request, "quality", _path(request, 2))

    @app.get("/api/{service}/{path:path}", tags=["ways"], dependencies=theirs)
    async def get_of_service(request: Request, service: str, path: str) -> Response:
        """As the named service answers to the path; its API is at /api/{service}/openapi.json."""
        return await _pass_on(parts.peers, request, service, _path(request, 3))

    @app.post("/api/{service}/{path:path}", tags=["ways"], dependencies=ours + theirs)
    async def post_to_service(request: Request, service: str, path: str) -> Response:
        """As the named service answers to the command; at most 64 MB.

        Where the command names persons, `person` becomes who is signed in, and `second` with login
        and password becomes who that is. A signature has `login` and `password`, which become who
        signs.
        """
        body = None
        path = request.scope["path"]
        name = signature_of(path)
        if is_signed(path) or name is not None:
            check_length(request.headers.get("content-length"), LARGEST)
            raw = b"".join([part async for part in bounded(request.stream(), LARGEST)])
            body = (
                await signed(parts.entrances, caller_of(request), path, raw)
                if name is None
                else await with_signature(parts.entrances, caller_of(request), path, name, raw)
            )
        return await _pass_on(parts.peers, request, service, _path(request, 3), body)


def _path(request: Request, parts_off: int) -> bytes:
    """Return path and query as the caller wrote them, without `/api` or `/api/{service}`."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    kept = raw.split(b"/", parts_off)[-1]
    query: bytes = request.scope["query_string"]
    return b"/" + kept + (b"?" + query if query else b"")


async def _pass_on(
    peers: Peers, request: Request, service: str, target: bytes, changed: bytes | None = None
) -> Response:
    """Pass a request on; changed: another body than the one it came with."""
    body: AsyncIterator[bytes] | None = request.stream() if request.method == "POST" else None
    headers: dict[str, str] = dict(request.headers)
    if changed is not None:
        body, headers["content-length"] = _one(changed), str(len(changed))
    try:
        behalf = _behalf(request)
        passed = await peers.pass_on(service, request.method, target, headers, body, behalf)
    except ClientDisconnect as error:
        raise ServiceUnreachableError("the caller went away") from error
    return StreamingResponse(passed.body, passed.status, passed.headers)


def _behalf(request: Request) -> Behalf:
    """Return for whom a request is passed on, with no more than it needs."""
    caller, path = caller_of(request), request.scope["path"]
    need = needed(request.method, path) or "read"
    return Behalf(login=caller.login, person=caller.printed, permission=need)


async def _one(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _add_live(service: Service, parts: Parts) -> None:
    hub, pusher = parts.hub, parts.pusher

    @service.app.websocket("/api/live")
    async def live(socket: WebSocket) -> None:
        """Whole states of the topics that the client names, the newest only; a beat each second."""
        if not same_origin(socket.headers.get("origin"), socket.headers.get("host")):
            await socket.close(POLICY_VIOLATION)
            return
        await socket.accept()
        client = hub.join()
        tasks = [
            asyncio.create_task(_send(socket, client, hub.epoch)),
            asyncio.create_task(_receive(socket, client, hub, pusher)),
        ]
        if token := token_of(socket.headers):
            tasks.append(asyncio.create_task(_until_over(parts.identity, token)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            codes = [task.result() for task in done]
            with contextlib.suppress(TimeoutError, WebSocketDisconnect):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await asyncio.gather(*(socket.close(code) for code in codes[:1] if code))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            hub.leave(client)
            pusher.look()


async def _send(socket: WebSocket, client: Client, epoch: str) -> int | None:
    """Send for ever; return the code to close with when the client is gone or too slow."""
    frame = f'{{"type":"hello","epoch":"{epoch}"}}'
    try:
        while True:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await socket.send_text(frame)
            frame = await client.next()
    except TimeoutError:
        return TOO_SLOW
    except WebSocketDisconnect:
        return None


async def _until_over(identity: Identity, token: str) -> int:
    """Wait until a session is over, though nobody asks for anything; return the code for it."""
    while True:
        with contextlib.suppress(ServiceUnreachableError):  # nobody is put out for a lost database
            if not await identity.sessions.holds(token):
                return SESSION_OVER
        await asyncio.sleep(SESSION_LOOK_S)


async def _receive(socket: WebSocket, client: Client, hub: Hub, pusher: Pusher) -> int | None:
    """Take subscriptions for ever; return the code to close with."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text = message.get("text") or ""
        if len(text) > LARGEST_SUBSCRIPTION:
            return BAD_MESSAGE
        try:
            wanted = Subscribe.model_validate_json(text)
        except ValidationError:
            return BAD_MESSAGE
        hub.subscribe(client, frozenset(wanted.subscribe))
        pusher.look()


def _add_web_app(service: Service, parts: Parts) -> None:
    @service.app.api_route(
        "/{path:path}",
        methods=["GET", "HEAD"],
        include_in_schema=False,
        dependencies=[Depends(any_query)],
    )
    async def get_web_app(request: Request, path: str) -> Response:
        """The operators' web app; its pages are all `index.html`."""
        if path.split("/", 1)[0] == "api":
            raise NotFoundError(f"/{path} is not part of the gateway's API")
        asset = webapp.find(parts.web_dir, path, request.headers.get("accept-encoding", ""))
        if asset is None:
            return HTMLResponse(webapp.NOT_BUILT, 503, {"cache-control": "no-store"})
        answer = FileResponse(
            asset.file,
            headers=asset.headers,
            media_type=asset.content_type,
            stat_result=asset.file.stat(),
        )
        if request.headers.get("if-none-match") == answer.headers["etag"]:
            kept = ("cache-control", "etag", "vary")
            return Response(None, 304, {name: answer.headers[name] for name in kept})
        return answer
