"""Maintenance at the gateway: the dates of all services, with who did not answer."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import Broker
from tests.station.gateway_floor import Plant, open_gateway

DATE = {"equipment_id": "p/spray/eap-1", "upkeep": "nozzle", "blocks": "spray_jobs"}


@pytest.fixture
async def plant(fresh_database: str, broker: Broker, tmp_path: Path) -> AsyncIterator[Plant]:
    async with open_gateway(fresh_database, broker, tmp_path) as running:
        yield running


def says(item: str, due_at: str | None) -> dict[str, Any]:
    return {**DATE, "item": item, "due_at": due_at}


async def test_what_is_past_due_comes_first_and_a_silent_service_is_named(plant: Plant) -> None:
    dates = [says("far", "2199-01-01T00:00:00Z"), says("past", "2020-01-01T00:00:00Z")]
    plant.peers.answers["spray/due-dates"] = {"items": dates}
    plant.peers.answers["lamination/due-dates"] = {"items": [says("never told", None)]}
    plant.peers.answers["formation/due-dates"] = {"items": [{"item": "half"}]}
    page = (await plant.http.get("/api/maintenance")).json()
    assert [(item["item"], item["state"]) for item in page["items"]] == [
        ("past", "past_due"),
        ("never told", "unknown"),
        ("far", "good"),
    ]
    assert (page["counts"]["past_due"], page["counts"]["good"]) == (1, 1)
    silent, unusable = sorted(page["missing"], reverse=True)
    assert silent.startswith("sintering: ")
    assert unusable.startswith("formation: its answer cannot be used")
