"""Which watchers an event reaches, and what they are told again on request (OPC 10000-9, 5.5.7).

asyncua 2.1 tells an event to those alone who watch the very node that sent it. By OPC 10000-5 the
Server object hears everything; the begin and end of a refresh reach every item that it refreshes.
"""

from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from asyncua import ua
from asyncua.common.event_objects import BaseEvent, RefreshEndEvent, RefreshStartEvent
from asyncua.common.methods import uamethod
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.monitored_item_service import MonitoredItemData
from asyncua.server.subscription_service import SubscriptionService

SERVER = ua.NodeId(ua.Int32(ua.ObjectIds.Server))
reachable: ContextVar[frozenset[int]] = ContextVar("reachable", default=frozenset())


class Refreshing(SubscriptionService):
    """Tells events up to the Server object, and the conditions that are kept to who asks."""

    async def trigger_event(self, event: Any, subscription_id: int | None = None) -> None:
        await super().trigger_event(event, subscription_id)
        if event.emitting_node == SERVER:
            return
        for subscription in list(self.subscriptions.values()):
            for item_id in _watching(subscription, SERVER):
                await subscription.monitored_item_srv._trigger_event(event, item_id)

    @uamethod
    async def condition_refresh(
        self, parent: Any, subscription_id: int, mid: int | None = None
    ) -> ua.StatusCode | None:
        """Tell one item, or all of a subscription of the caller, each condition that is kept."""
        if subscription_id not in reachable.get():
            return ua.StatusCode(ua.UInt32(ua.StatusCodes.BadSubscriptionIdInvalid))
        subscription = self.subscriptions[subscription_id]
        items = subscription.monitored_item_srv._monitored_items
        watched = {
            item_id: node_id
            for node_id, item_ids in subscription.monitored_item_srv._monitored_events.items()
            for item_id in item_ids
        }
        if mid is not None and mid not in watched:
            return ua.StatusCode(ua.UInt32(ua.StatusCodes.BadMonitoredItemIdInvalid))
        for item_id in watched if mid is None else (mid,):
            await self._refresh(subscription, items[item_id], watched[item_id])
        return None

    async def _refresh(
        self, subscription: InternalSubscription, item: MonitoredItemData, watched: ua.NodeId
    ) -> None:
        await mark(subscription, item, RefreshStartEvent(), "refresh begins")  # type: ignore[no-untyped-call]
        for event in list(self._conditions.values()):
            if watched in (SERVER, event.emitting_node):
                await subscription.monitored_item_srv._trigger_event(
                    event, item.monitored_item_id or 0
                )
        await mark(subscription, item, RefreshEndEvent(), "refresh ends")  # type: ignore[no-untyped-call]


async def mark(
    subscription: InternalSubscription, item: MonitoredItemData, event: BaseEvent, message: str
) -> None:
    """Tell one item an event about its own events, whatever its filter lets through."""
    told: Any = event
    told.EventId = uuid4().bytes
    told.SourceNode, told.SourceName = SERVER, "Server"
    told.Time = told.ReceiveTime = datetime.now(UTC)
    told.Message = ua.LocalizedText(message)
    fields = ua.EventFieldList(
        ClientHandle=item.client_handle,
        EventFields=told.to_event_fields(item.filter.SelectClauses),
    )
    await subscription.enqueue_event(item.monitored_item_id or 0, fields, item.queue_size)


def _watching(subscription: InternalSubscription, node_id: ua.NodeId) -> list[int]:
    return list(subscription.monitored_item_srv._monitored_events.get(node_id, ()))
