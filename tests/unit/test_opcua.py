"""Values from a station at the door: a wrong type or a bad status is no value."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from asyncua import ua

from shared.opcua import Access, StationClient
from shared.settings import read_plant

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 1, 5, 6, 0)  # noqa: DTZ001 - asyncua gives instants without a zone, in UTC


@pytest.fixture
def client() -> StationClient:
    station = read_plant(ROOT / "deploy/plant.toml").station[0]
    nowhere = Path("/nonexistent")
    access = Access(
        application_uri="urn:test",
        certificate=nowhere,
        private_key=nowhere,
        server_certificate=nowhere,
        user="halite",
        password_file=nowhere,
    )
    return StationClient(station, access)


def test_a_good_number_keeps_its_source_time(client: StationClient) -> None:
    client.take("speed_rpm", ua.DataValue(ua.Variant(300.5), SourceTimestamp=AT))
    sample = client.samples["speed_rpm"]
    assert (sample.value, sample.status) == (300.5, "Good")
    assert sample.source_at == AT.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "value", [ua.Variant("fast"), ua.Variant([1.0, 2.0]), ua.Variant(True), ua.Variant()]
)
def test_a_value_of_another_type_is_unknown_and_says_so(
    client: StationClient, value: ua.Variant
) -> None:
    client.take("speed_rpm", ua.DataValue(value, SourceTimestamp=AT))
    sample = client.samples["speed_rpm"]
    assert (sample.value, sample.status) == (None, "BadTypeMismatch")


@pytest.mark.parametrize("name", ["BadSensorFailure", "UncertainLastUsableValue"])
def test_a_value_without_good_status_is_unknown_and_keeps_its_status(
    client: StationClient, name: str
) -> None:
    status = ua.StatusCode(getattr(ua.StatusCodes, name))
    client.take("speed_rpm", ua.DataValue(ua.Variant(300.5), status))
    sample = client.samples["speed_rpm"]
    assert (sample.value, sample.status) == (None, name)
