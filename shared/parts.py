"""The outer parts that a service stands on: the real ones by default, others when handed in."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import httpx

from shared.bus import Bus
from shared.clock import Clock, read_clock
from shared.db import Database
from shared.door import Introduced
from shared.identity import Identity
from shared.ids import time_ordered_id
from shared.serving import calling
from shared.settings import PlantSettings, ServiceSettings, StationSettings, read_plant
from shared.tokens import Signer
from shared.tracing import carry_on

if TYPE_CHECKING:  # a service without stations does not load the OPC UA library
    from shared.opcua import Access, StationClient


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a service needs from outside.

    identity: who the service is on the network, None where the plant has no certificates.
    new_id: gives the ids of events. draw: gives a number between two, for delays that must not be
    alike. station: makes the client of a station, over OPC UA when None.
    """

    plant: PlantSettings
    clock: Clock
    database: Database
    bus: Bus
    http: httpx.AsyncClient
    identity: Identity | None = None
    new_id: Callable[[], UUID] = time_ordered_id
    draw: Callable[[float, float], float] = random.uniform
    station: "Callable[[StationSettings, Access], StationClient] | None" = None


def identity_of(settings: ServiceSettings) -> Identity | None:
    """Return who the service is on the network; None where the plant gave it no certificate."""
    folder = settings.identity_dir
    return Identity(folder) if folder.is_dir() else None


def parts_of(settings: ServiceSettings) -> Parts:
    """Return the parts that the settings name; connects to nothing yet.

    Raises:
        InvalidInputError: the plant file, the clock file or the certificate cannot be read.
    """
    plant = read_plant(settings.plant_file)
    who = "-".join(filter(None, ("halite", plant.site, settings.service, settings.replica)))
    identity = identity_of(settings)
    return Parts(
        plant=plant,
        clock=read_clock(settings.clock_file),
        database=Database(settings.database_url),
        bus=Bus(settings.mqtt_url, who, identity),
        identity=identity,
        http=calling(
            settings.service_urls,
            identity,
            auth=Introduced(Signer(settings.token_keys, settings.service), settings.service_urls),
            event_hooks={"request": [carry_on]},
        ),
    )
