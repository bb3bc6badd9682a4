"""Sessions and subscriptions of the OPC UA server: whose they are, and how large requests may be.

asyncua 2.1 numbers sessions so that the next one can be guessed, and lets any session touch any
subscription; here tokens are random, and a session reaches its own subscriptions alone.
"""

import secrets
import uuid
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.subscription_service import SubscriptionService

from services.plc.refreshing import Refreshing, reachable

MOST_OPERATIONS = 1000
MOST_MONITORED = 1000
TOKEN_BYTES = 32
Codes = ua.StatusCodes
caller: ContextVar[str] = ContextVar("caller", default="")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What names a session: to people its id, to the server alone its token."""

    session_id: uuid.UUID
    token: bytes

    @classmethod
    def drawn(cls) -> "Identity":
        """Return one that nobody can guess."""
        return cls(session_id=uuid.uuid4(), token=secrets.token_bytes(TOKEN_BYTES))


class Subscriptions(Refreshing):
    """Answers Republish as OPC 10000-4 asks; asyncua 2.1 sends its clients into an endless loop.

    Ids begin anywhere, so that one from before a restart meets nothing that is another's.
    """

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._sub_id_counter = secrets.randbelow(2**30)

    def republish(self, params: ua.RepublishParameters) -> ua.NotificationMessage:
        subscription = self.subscriptions.get(params.SubscriptionId)
        if subscription is None:
            raise ServiceError(Codes.BadSubscriptionIdInvalid)
        _number(subscription, params.RetransmitSequenceNumber)
        message = super().republish(params)
        if message.SequenceNumber != params.RetransmitSequenceNumber:
            raise ServiceError(Codes.BadMessageNotAvailable)
        return message

    def publish(
        self, acks: Iterable[ua.SubscriptionAcknowledgement]
    ) -> tuple[int, list[ua.StatusCode]]:
        given = list(acks)
        for ack in given:
            subscription = self.subscriptions.get(ack.SubscriptionId)
            if subscription is not None:
                _number(subscription, ack.SequenceNumber + 1)
        return super().publish(given)

    async def resume(
        self,
        subscription_id: int,
        params: ua.CreateSubscriptionParameters,
        session_id: ua.NodeId,
    ) -> InternalSubscription:
        """Make a subscription anew under the id it had; it waits for its client's requests."""
        following, self._sub_id_counter = self._sub_id_counter, subscription_id - 1
        try:
            await self.create_subscription(params, _unheard, session_id, _no_request)
        finally:
            self._sub_id_counter = following
        return self.subscriptions[subscription_id]


class Session(InternalSession):
    """Tells methods who calls, bounds requests, and knows the certificate that made it.

    holder: the connection that took it up last. resumed: it is from before a restart.
    """

    certificate: bytes | None = None
    holder: object = None
    resumed: bool = False

    def __init__(
        self,
        iserver: InternalServer,
        service: SubscriptionService,
        name: str,
        user: User,
        identity: Identity,
    ) -> None:
        super().__init__(iserver, iserver.aspace, service, name, user, external=False)
        self.external = True
        self.identity = identity
        self.session_id = ua.NodeId(identity.session_id, ua.Int16(0))  # type: ignore[arg-type]
        self.auth_token = ua.NodeId(identity.token, ua.Int16(0))  # type: ignore[arg-type]
        iserver.register_external_session(self)

    @property
    def own(self) -> dict[int, InternalSubscription]:
        """Its subscriptions by id."""
        there = self.subscription_service.subscriptions
        return {id_: one for id_, one in there.items() if one.session_id == self.session_id}

    async def call(self, params: list[ua.CallMethodRequest]) -> list[ua.CallMethodResult]:
        token, own = caller.set(self.user.name or ""), reachable.set(frozenset(self.own))
        try:
            return await super().call(_few(params))
        finally:
            caller.reset(token)
            reachable.reset(own)

    async def read(self, params: ua.ReadParameters) -> list[ua.DataValue]:
        _few(params.NodesToRead)
        return await super().read(params)

    async def write(self, params: ua.WriteParameters) -> list[ua.StatusCode]:
        _few(params.NodesToWrite)
        return await super().write(params)

    async def browse(self, params: ua.BrowseParameters) -> list[ua.BrowseResult]:
        _few(params.NodesToBrowse)
        return await super().browse(params)

    async def create_monitored_items(
        self, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        self._check(params.SubscriptionId)
        kept = sum(len(one.monitored_item_srv._monitored_items) for one in self.own.values())
        if kept + len(params.ItemsToCreate) > MOST_MONITORED:
            raise ServiceError(Codes.BadTooManyMonitoredItems)
        return await super().create_monitored_items(params)

    async def modify_monitored_items(
        self, params: ua.ModifyMonitoredItemsParameters
    ) -> list[ua.MonitoredItemModifyResult]:
        self._check(params.SubscriptionId)
        return await super().modify_monitored_items(params)

    async def delete_monitored_items(
        self, params: ua.DeleteMonitoredItemsParameters
    ) -> list[ua.StatusCode]:
        self._check(params.SubscriptionId)
        return await super().delete_monitored_items(params)

    async def set_monitoring_mode(self, params: ua.SetMonitoringModeParameters) -> Any:
        self._check(params.SubscriptionId)
        return await super().set_monitoring_mode(params)

    async def set_publishing_mode(
        self, params: ua.SetPublishingModeParameters
    ) -> list[ua.StatusCode]:
        for subscription_id in params.SubscriptionIds:
            self._check(subscription_id)
        return await super().set_publishing_mode(params)

    def modify_subscription(
        self, params: ua.ModifySubscriptionParameters
    ) -> ua.ModifySubscriptionResult:
        self._check(params.SubscriptionId)
        return super().modify_subscription(params)

    def republish(self, params: ua.RepublishParameters) -> ua.NotificationMessage:
        self._check(params.SubscriptionId)
        return super().republish(params)

    def publish(
        self, acks: Iterable[ua.SubscriptionAcknowledgement] | None = None
    ) -> tuple[int, list[ua.StatusCode]]:
        own, nobody = self.own, ua.SubscriptionAcknowledgement()
        return super().publish([ack if ack.SubscriptionId in own else nobody for ack in acks or ()])

    async def delete_subscriptions(self, ids: list[int]) -> list[ua.StatusCode]:
        own = self.own
        return await super().delete_subscriptions([id_ if id_ in own else 0 for id_ in ids])

    async def transfer_subscriptions(  # type: ignore[override]
        self, params: ua.TransferSubscriptionsParameters, callback: Callable[..., Any]
    ) -> list[ua.TransferResult]:
        """Take over subscriptions from a session of the same user with the same certificate."""
        wanted = params.SubscriptionIds
        params.SubscriptionIds = [ua.UInt32(one if self._may_take(one) else 0) for one in wanted]
        return await super().transfer_subscriptions(params, callback)

    def _may_take(self, subscription_id: int) -> bool:
        subscription = self.subscription_service.subscriptions.get(subscription_id)
        if subscription is None:
            return False
        before = [
            one
            for one in self.iserver._external_sessions.values()
            if isinstance(one, Session) and one.session_id == subscription.session_id
        ]
        return any(
            one.certificate == self.certificate and one.user.name == self.user.name
            for one in before
        )

    def _check(self, subscription_id: int) -> None:
        if subscription_id not in self.own:
            raise ServiceError(Codes.BadSubscriptionIdInvalid)


def _number(subscription: InternalSubscription, following: int) -> None:
    """Let the messages of a resumed subscription go on from where its client says it is."""
    if subscription._startup and following > 0:
        subscription._notification_seq = following


async def _unheard(*_: Any) -> None:
    """Nobody listens yet; never called, for no request came."""


def _no_request(_: int) -> None:
    """No publish request is there before the client is back."""


def _few(operations: Any) -> Any:
    if len(operations or []) > MOST_OPERATIONS:
        raise ServiceError(Codes.BadTooManyOperations)
    return operations
