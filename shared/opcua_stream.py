"""Live values of one station: few subscriptions with many items, each notification as it came."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from asyncua import Client, Node, ua
from asyncua.common.subscription import Subscription

from shared.settings import StationSettings
from shared.stations import DATA_LOST, Sample

Part = TypeVar("Part")
PUBLISHING_MS = 200.0
KEEP_ALIVE_COUNT = 4  # a station without news says so each 0.8 s: that is its pulse
LIFETIME_COUNT = 600
STATE_QUEUE = 100
MOST_PER_SUBSCRIPTION = 500
MOST_PER_CALL = 100
STATE_HANDLE = 1
OVERFLOW = 0x0480  # info bits: data value, overflow (OPC 10000-4, 7.39)


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Who is told what a stream brings; each call is short and does not wait.

    heard: something came. samples: values in the order they came. lost: of some signals something
    was dropped on the way, with the status that says why. state: the machine has another state.
    ended: the stream is dead, with the reason.
    """

    heard: Callable[[], None]
    samples: Callable[[Sequence[Sample]], None]
    lost: Callable[[Sequence[str], str], None]
    state: Callable[[], None]
    ended: Callable[[str], None]


class Stream(Subscription):
    """A subscription that hands values on as they come: no task for each, none after its ack."""

    def __init__(self, client: Client, listener: Listener) -> None:
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=PUBLISHING_MS,
            RequestedLifetimeCount=LIFETIME_COUNT,
            RequestedMaxKeepAliveCount=KEEP_ALIVE_COUNT,
            MaxNotificationsPerPublish=0,
            PublishingEnabled=True,
            Priority=0,
        )
        super().__init__(client.uaclient.session, parameters)
        self.signals: dict[int, str] = {}
        self._listener = listener

    async def publish_callback(self, publish_result: ua.PublishResult) -> None:
        """Take what one publish response brings."""
        self._listener.heard()
        message = publish_result.NotificationMessage
        if not message.NotificationData:
            return
        for notification in message.NotificationData:
            if isinstance(notification, ua.StatusChangeNotification):
                self._listener.ended(f"subscription: {notification.Status.name}")
            elif isinstance(notification, ua.DataChangeNotification):
                self._count(int(message.SequenceNumber))
                self._take(notification.MonitoredItems or [])

    def _count(self, number: int) -> None:
        """Find messages that were lost; several notifications of one message share its number."""
        before, self.last_sequence_number = self.last_sequence_number, number
        if before is not None and number not in (before, _after(before)):
            self._listener.lost(list(self.signals.values()), DATA_LOST)

    def _take(self, items: Sequence[ua.MonitoredItemNotification]) -> None:
        samples = []
        for item in items:
            signal = self.signals.get(int(item.ClientHandle))
            if signal is None:
                self._listener.state()
                continue
            if _overflowed(item.Value):
                self._listener.lost([signal], DATA_LOST)
            samples.append(sample_of(signal, item.Value))
        if samples:
            self._listener.samples(samples)

    async def watch_state(self, node: Node) -> None:
        """Watch the machine's state; a server that refuses is only looked at."""
        await self.create_monitored_items([_item(node, STATE_HANDLE, STATE_QUEUE, 0.0)])

    async def add(self, nodes: Mapping[str, Node], settings: StationSettings) -> None:
        """Watch values by signal; one that the station refuses becomes a sample with its status."""
        for batch in _batches(list(nodes.items()), MOST_PER_CALL):
            items = []
            for signal, node in batch:
                handle = STATE_HANDLE + 1 + len(self.signals)
                self.signals[handle] = signal
                items.append(_item(node, handle, settings.most_queued, settings.sampling_ms))
            taken = await self.create_monitored_items(items)
            for (signal, _), result in zip(batch, taken, strict=True):
                if isinstance(result, ua.StatusCode):
                    self._listener.samples([_nothing(signal, result.name)])


def _item(node: Node, handle: int, queue: int, sampling_ms: float) -> ua.MonitoredItemCreateRequest:
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=ua.ReadValueId(NodeId=node.nodeid, AttributeId=ua.AttributeIds.Value),
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=ua.MonitoringParameters(
            ClientHandle=handle,
            SamplingInterval=sampling_ms,
            QueueSize=queue,
            DiscardOldest=True,
        ),
    )


async def open_streams(
    client: Client,
    settings: StationSettings,
    values: Mapping[str, Node],
    state: Node,
    listener: Listener,
) -> list[str]:
    """Watch the state and the values of a station; return the signals that are too many for it."""
    first = Stream(client, listener)
    await first.init()
    await first.watch_state(state)
    allowed = list(itertools.islice(values.items(), settings.most_items))
    stream = first
    for number, batch in enumerate(_batches(allowed, MOST_PER_SUBSCRIPTION)):
        if number > 0:
            stream = Stream(client, listener)
            await stream.init()
        await stream.add(dict(batch), settings)
    return list(values)[settings.most_items :]


def sample_of(signal: str, data: ua.DataValue) -> Sample:
    """Return a value as it came: source time and status kept, no value unless a good number."""
    value: Any = data.Value.Value if data.Value is not None else None
    code = data.StatusCode if data.StatusCode is not None else ua.StatusCode()
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    number = float(value) if is_number else None
    status = _status(code) if is_number or not code.is_good() else "BadTypeMismatch"
    at = data.SourceTimestamp or data.ServerTimestamp
    return Sample(
        signal=signal,
        value=number if code.is_good() else None,
        status=status,
        source_at=at.replace(tzinfo=UTC) if at is not None else datetime.now(UTC),
    )


def _status(code: ua.StatusCode) -> str:
    """Return the name of a status without its info bits, which are no part of it."""
    return ua.StatusCode(ua.UInt32(code.value & 0xFFFF0000)).name


def _overflowed(data: ua.DataValue) -> bool:
    return data.StatusCode is not None and data.StatusCode.value & OVERFLOW == OVERFLOW


def _nothing(signal: str, status: str) -> Sample:
    return Sample(signal=signal, value=None, status=status, source_at=datetime.now(UTC))


def _after(number: int) -> int:
    return 1 if number >= 0xFFFFFFFF else number + 1


def _batches(items: Sequence[Part], size: int) -> list[Sequence[Part]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
