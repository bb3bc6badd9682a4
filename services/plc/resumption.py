"""Keeps the sessions of PLCs in the database and lets them go on after a restart of the service.

A PLC whose connection ended takes its session up again (OPC 10000-4, 6.7): it signs the nonce it
was given last, over a new channel. It finds its session and its subscriptions as they were. What
was queued for it is gone; each value is sent anew as it is now, and who watches events is told to
refresh (RefreshRequired, OPC 10000-9). Whole or not at all: a session of which anything cannot be
made anew is not resumed, and its PLC makes a new one, as after a time-out.
"""

import asyncio
import base64
import json
from typing import Any
from uuid import UUID

import structlog
from asyncua import ua
from asyncua.common.event_objects import RefreshRequiredEvent
from asyncua.common.utils import Buffer, ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.monitored_item_service import MonitoredItemData
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from services.plc import sessionstore
from services.plc.entrance import Internals
from services.plc.refreshing import mark
from services.plc.sessions import Identity, Session
from services.plc.sessionstore import SessionRow
from shared.app import Service

log = structlog.get_logger()
LOOK_S = 5.0  # a session that timed out by itself wakes nobody
CLOSED_S = 0.2
RESTARTED = "Halite was restarted"
TOGETHER_S = 0.02  # a PLC that enters sends several requests in a row
RESUMABLE = (ServiceError, ua.UaError, ValueError, KeyError, TypeError)


class Resumption:
    """Knows which sessions of the running server are in the database."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._serving: Internals | None = None
        self._kept: dict[bytes, SessionRow] = {}

    async def begin(self, iserver: Internals) -> None:
        """Let the sessions of before go on in a server that does not listen yet."""
        async with self._service.database.quiet() as tx:
            rows = await sessionstore.sessions(tx)
        for row in rows:
            try:
                await _resume(iserver, row)
            except RESUMABLE as error:
                log.warning("session not resumed", user=row.user_name, why=repr(error)[:200])
        self._kept = {row.token: row for row in rows}
        log.info("sessions resumed", count=len(iserver.sessions), of=len(rows))

    def serve(self, iserver: Internals) -> None:
        """The server listens; from now on its sessions are kept."""
        self._serving = iserver

    def end(self) -> None:
        """The server stops; what it closes from now on goes on with the next one."""
        self._serving = None

    async def keep(self) -> None:
        """Keep each change for ever; raises RetryLaterError with nothing forgotten."""
        while True:
            iserver = self._serving
            if iserver is None:
                await asyncio.sleep(CLOSED_S)
                continue
            seen = iserver.shaped.count
            await self.look()
            await iserver.shaped.wait(LOOK_S, seen)
            await asyncio.sleep(TOGETHER_S)

    async def look(self) -> None:
        """Commit what changed since the last look."""
        iserver = self._serving
        if iserver is None:
            return
        now = {row.token: row for session in iserver.sessions if (row := _row(session))}
        changed = [row for token, row in now.items() if self._kept.get(token) != row]
        gone = self._kept.keys() - now.keys()
        if changed or gone:
            async with self._service.database.begin() as tx:
                await sessionstore.keep_sessions(tx, changed, self._service.clock.now())
                await sessionstore.end_sessions(tx, gone)
        self._kept = now


def _row(session: Session) -> SessionRow | None:
    """Return what is kept of a session; None when it has no user, or no certificate to know it."""
    if session.certificate is None or session.nonce is None:
        return None
    if not (session.resumed or session.is_activated()):
        return None
    return SessionRow(
        token=session.identity.token,
        session_id=session.identity.session_id,
        user_name=session.user.name or "",
        certificate=session.certificate,
        nonce=session.nonce,
        timeout_s=session.session_timeout or 0.0,
        subscriptions=json.dumps([_described(id_, one) for id_, one in session.own.items()]),
    )


def _described(subscription_id: int, subscription: InternalSubscription) -> dict[str, Any]:
    items = subscription.monitored_item_srv._monitored_items
    requests = ua.CreateMonitoredItemsParameters(
        SubscriptionId=ua.UInt32(subscription_id), ItemsToCreate=list(map(_request, items.values()))
    )
    return {
        "id": subscription_id,
        "publishing_ms": subscription.data.RevisedPublishingInterval,
        "lifetime_count": subscription.data.RevisedLifetimeCount,
        "keep_alive_count": subscription.data.RevisedMaxKeepAliveCount,
        "enabled": subscription._publishing_enabled,
        "item_ids": list(items),
        "items": base64.b64encode(struct_to_binary(requests)).decode(),
    }


def _request(item: MonitoredItemData) -> ua.MonitoredItemCreateRequest:
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=item.read_value_id,
        MonitoringMode=item.mode,
        RequestedParameters=ua.MonitoringParameters(
            ClientHandle=item.client_handle,
            Filter=item.filter,
            QueueSize=item.queue_size,
            DiscardOldest=True,
        ),
    )


async def _resume(iserver: Internals, row: SessionRow) -> None:
    nobody = User(role=UserRole.Anonymous, name=row.user_name)
    identity = Identity(session_id=UUID(str(row.session_id)), token=row.token)
    session = iserver.session("resumed", nobody, identity)
    session.resumed = True
    session.certificate, session.nonce = row.certificate, row.nonce
    session.session_timeout = row.timeout_s
    try:
        for described in json.loads(row.subscriptions):
            await _subscribe(iserver, session, described)
    except RESUMABLE:
        await session.close_session(True)
        raise
    session.touch()
    session._start_timeout_watchdog()


async def _subscribe(iserver: Internals, session: Session, described: dict[str, Any]) -> None:
    params = ua.CreateSubscriptionParameters(
        RequestedPublishingInterval=described["publishing_ms"],
        RequestedLifetimeCount=described["lifetime_count"],
        RequestedMaxKeepAliveCount=described["keep_alive_count"],
        PublishingEnabled=described["enabled"],
    )
    subscription = await iserver.subscription_service.resume(
        described["id"], params, session.session_id
    )
    content = Buffer(base64.b64decode(described["items"]))
    requests = struct_from_binary(ua.CreateMonitoredItemsParameters, content)
    items = subscription.monitored_item_srv
    for item_id, request in zip(described["item_ids"], requests.ItemsToCreate, strict=True):
        items._monitored_item_counter = item_id - 1
        one = ua.CreateMonitoredItemsParameters(
            SubscriptionId=ua.UInt32(described["id"]), ItemsToCreate=[request]
        )
        [result] = await items.create_monitored_items(one)
        result.StatusCode.check()
        if request.ItemToMonitor.AttributeId == ua.AttributeIds.EventNotifier:
            missed = RefreshRequiredEvent()  # type: ignore[no-untyped-call]
            await mark(subscription, items._monitored_items[item_id], missed, RESTARTED)
    items._monitored_item_counter = max([111, *described["item_ids"]])
