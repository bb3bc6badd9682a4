"""Stations that only measure: no job control, their values go to the bus like all others."""

from shared.app import Service
from shared.intake import access_to
from shared.opcua import StationClient
from shared.telemetry import TelemetryFeed


def watch_sensors(service: Service) -> None:
    """Add loops to a service that publish the values of each of its stations."""
    for station in service.plant.stations_of(service.name):
        client = StationClient(station, access_to(service, station))
        service.loop(f"connect {station.name}", client.run)
        service.loop(f"telemetry {station.name}", TelemetryFeed(service.bus, client).run)
