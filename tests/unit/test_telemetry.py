"""What a station shows is published whole and in order, also after the broker was away."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.errors import ServiceUnreachableError
from shared.opcua import StationClient
from shared.opcua_link import Access
from shared.settings import read_plant
from shared.stations import Sample
from shared.tasks import end_all
from shared.telemetry import MOST_WAITING, TelemetryFeed, read

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 1, 5, 6, tzinfo=UTC)
NOW = AT + timedelta(hours=1)
WITHIN_S = 30.0


class Broker:
    """Takes messages while it is there."""

    def __init__(self) -> None:
        self.away = False
        self.samples: list[Sample] = []
        self.refused = 0

    async def publish_all(self, messages: Sequence[tuple[str, str]]) -> None:
        if self.away:
            self.refused += 1
            raise ServiceUnreachableError("broker: not connected")
        for _, payload in messages:
            self.samples += read(payload.encode()).samples

    def publish_soon(self, topic: str, payload: str) -> bool:
        return not self.away


@pytest.fixture
def client() -> StationClient:
    nowhere = Path("/nonexistent")
    access = Access(
        application_uri="urn:test",
        certificate=nowhere,
        private_key=nowhere,
        server_certificate=nowhere,
        user="halite",
        password_file=nowhere,
    )
    return StationClient(read_plant(ROOT / "deploy/plant.toml").station[0], access)


def sample(place: int, value: float | None = 1.0, signal: str = "speed_rpm") -> Sample:
    at = AT + timedelta(milliseconds=place)
    return Sample(signal=signal, value=value, status="Good", source_at=at)


async def until_published(broker: Broker, feed: TelemetryFeed, count: int) -> None:
    task = asyncio.create_task(feed.run())
    async with asyncio.timeout(WITHIN_S):
        while len(broker.samples) < count:
            await asyncio.sleep(0.02)
    await end_all([task])


async def test_values_wait_for_the_broker_and_come_once_and_in_order(
    client: StationClient,
) -> None:
    broker = Broker()
    feed = TelemetryFeed(broker, client, lambda: NOW)  # type: ignore[arg-type]
    broker.away = True
    sent = [sample(place, float(place)) for place in range(1200)]
    client.take(sent)
    task = asyncio.create_task(feed.run())
    async with asyncio.timeout(WITHIN_S):
        while broker.refused == 0:
            await asyncio.sleep(0.02)
    await end_all([task])
    broker.away = False
    await until_published(broker, feed, len(sent))
    assert broker.samples == sent


async def test_the_lag_of_the_newest_values_is_told(client: StationClient) -> None:
    lags: list[float] = []
    TelemetryFeed(Broker(), client, lambda: NOW, lags.append)  # type: ignore[arg-type]
    for late_s in ((3.0, 2.0), (-60.0,)):
        client.take([replace(sample(0), source_at=NOW - timedelta(seconds=s)) for s in late_s])
    assert lags == [2.0, -60.0]


async def test_what_no_longer_fits_while_the_broker_is_away_becomes_a_gap_with_its_reason(
    client: StationClient,
) -> None:
    broker = Broker()
    feed = TelemetryFeed(broker, client, lambda: NOW)  # type: ignore[arg-type]
    client.take([sample(place) for place in range(MOST_WAITING + 1)])
    kept = MOST_WAITING + 1 - MOST_WAITING // 4
    await until_published(broker, feed, kept + 1)
    first, *others = broker.samples
    assert (first.value, first.status) == (None, "BadDataLost")
    assert first.source_at == sample(MOST_WAITING // 4 - 1).source_at
    assert others == [sample(place) for place in range(MOST_WAITING // 4, MOST_WAITING + 1)]


async def test_a_lost_station_is_a_gap_and_an_unchanged_value_is_known_again_from_its_end(
    client: StationClient,
) -> None:
    broker = Broker()
    feed = TelemetryFeed(broker, client, lambda: NOW)  # type: ignore[arg-type]
    client.take([sample(0)])
    for call in client.on_lost:
        call(["speed_rpm"], "BadNoCommunication")
    client.take([sample(0)])
    await until_published(broker, feed, 3)
    before, gap, after = broker.samples
    assert before == sample(0)
    assert (gap.value, gap.status, gap.source_at) == (None, "BadNoCommunication", NOW)
    assert (after.value, after.status) == (1.0, "Good")
    assert after.source_at > gap.source_at
