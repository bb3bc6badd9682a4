"""Wires the gateway and runs it."""

import asyncio
from pathlib import Path

from prometheus_client import Counter

from services.gateway.alarmdesk import AlarmDesk
from services.gateway.api import Parts, add_routes
from services.gateway.entrances import entrances_of
from services.gateway.guard import Guard
from services.gateway.handoverdesk import HandoverDesk
from services.gateway.health import Health
from services.gateway.https import HttpsDoor
from services.gateway.live import Hub
from services.gateway.oeedesk import OeeDesk
from services.gateway.overview import Overview
from services.gateway.packing import Packing
from services.gateway.peers import Peers
from services.gateway.push import Pusher
from services.gateway.quota import Quota
from services.gateway.settings import GatewaySettings
from services.gateway.values import LiveValues
from services.gateway.workflow import GatewayWork
from shared.app import Service
from shared.bus import Message
from shared.errors import InvalidInputError
from shared.identity import Identity
from shared.settings import SERVICES
from shared.tokens import Signer
from shared.topics import all_telemetry

LISTENS_TO = tuple(name for name in SERVICES if name != "gateway")


def build(settings: GatewaySettings) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations")
    signer = Signer(settings.token_keys, service.name)
    peers = Peers(service.http, settings.service_urls, signer)
    plant = service.plant
    stations = [item.equipment_id for item in plant.station]
    values = LiveValues([*stations, *(item.equipment_id for item in plant.tester)])
    health = Health(
        service=service,
        peers=peers,
        wait_limit_s=settings.wait_limit_s,
        disk_limit_mb=settings.disk_limit_mb,
    )
    overview = Overview(service, peers, values, health)
    hub = Hub()
    pusher = Pusher(hub, overview, peers, service.clock)
    work = GatewayWork(service, pusher.touch)
    over = Counter(
        "halite_requests_over_quota",
        "requests refused because one caller asked too fast",
        registry=service.metrics.registry,
    )
    quota = Quota(settings.requests_per_s, settings.requests_at_once, over.inc)
    entrances = entrances_of(
        service, settings.secrets_dir / "gateway", quota, settings.sessions_per_person
    )
    service.listen(LISTENS_TO, work.handlers, work.on_every)

    def take_telemetry(message: Message) -> None:
        values.hear(message.payload, asyncio.get_running_loop().time())
        message.acknowledge()

    service.bus.subscribe(all_telemetry(plant.site), take_telemetry)
    service.on_start(entrances.identity.begin)
    service.on_start(overview.refresh)
    service.loop("copy of events", overview.follow_events)
    service.loop("execution's figures", overview.follow_execution)
    service.loop("readiness of services", health.run)
    service.loop("push heartbeats", pusher.heartbeats)
    service.loop("push overview", pusher.overviews)
    service.loop("push cells", pusher.cells)
    alarms, losses = AlarmDesk(service, health), OeeDesk(service)
    handovers = HandoverDesk(service, peers, alarms)
    parts = Parts(
        settings.web_dir, peers, overview, hub, pusher, work, entrances, alarms, losses, handovers
    )
    add_routes(service, parts)
    service.app.add_middleware(Packing)
    service.app.add_middleware(Guard, entrances=entrances)
    add_doors(service, settings)
    return service


def add_doors(service: Service, settings: GatewaySettings) -> None:
    """Open the ports over TLS that the settings name: for services, and for persons.

    Raises:
        InvalidInputError: there is no certificate for them, or it cannot be used.
    """
    if settings.services_port is not None:
        app, place = service.door(for_services=True), (settings.host, settings.services_port)
        service.loop("door for services", HttpsDoor(app, _identity(service), *place).run)
    if settings.https_port is not None:
        app = service.door(for_services=not settings.is_for_persons)
        place = (settings.https_host, settings.https_port)
        service.loop("https", HttpsDoor(app, _identity(service), *place).run)


def _identity(service: Service) -> Identity:
    if service.parts.identity is None:
        raise InvalidInputError(
            f"HTTPS needs a certificate in {service.settings.identity_dir}: halite certs make"
        )
    return service.parts.identity


if __name__ == "__main__":
    build(GatewaySettings()).run()
