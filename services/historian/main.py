"""Wires the historian and runs it."""

from pathlib import Path

from services.historian.api import add_routes
from services.historian.settings import HistorianSettings
from services.historian.station import watch_sensors
from services.historian.testdata import TestData
from services.historian.testroutes import add_retention_routes, add_test_routes
from services.historian.workflow import Historian
from shared.app import Service
from shared.topics import all_telemetry

UNSEALED = """
    SELECT extract(epoch FROM clock_timestamp() - least(
        (SELECT min(committed_at) FROM fresh_batch),
        (SELECT min(committed_at) FROM test_batch)))::float8"""


def build(settings: HistorianSettings) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations")
    historian = Historian(service, settings)
    service.on_start(historian.recover)
    service.on_stop(historian.last_commit)
    service.bus.subscribe(all_telemetry(service.plant.site), historian.take)
    service.loop("commit", historian.keep_committing)
    service.loop("seal", historian.keep_sealing)
    service.loop("watch", historian.keep_watching, alone=True)
    service.figure(
        "rows_unsealed_seconds", "age of the oldest rows that are in no sealed file yet", UNSEALED
    )
    watch_sensors(service)
    add_routes(service, historian)
    add_test_routes(service, TestData(service, settings))
    add_retention_routes(service)
    return service


if __name__ == "__main__":
    build(HistorianSettings()).run()
