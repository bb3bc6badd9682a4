"""Stations that only measure: no job control, their values go to the bus like all others."""

from shared.app import Service
from shared.intake import access_to
from shared.opcua import StationClient
from shared.routes import add_stations_route
from shared.telemetry import TelemetryFeed


def watch_sensors(service: Service) -> None:
    """Add loops to a service that publish the values of each of its stations."""
    stations = service.plant.stations_of(service.name)
    clients = [StationClient(station, access_to(service, station)) for station in stations]
    for client in clients:
        name = client.settings.name
        lag = service.metrics.source_lag_s.labels(client.equipment_id)
        feed = TelemetryFeed(service.bus, client, service.clock.now, lag.set)
        service.loop(f"connect {name}", client.run)
        service.loop(f"telemetry {name}", feed.run)
    add_stations_route(service, clients)
