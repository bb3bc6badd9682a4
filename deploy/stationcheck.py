"""Compares the stations of a plant file with what they really offer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import InvalidInputError, MesError
from shared.opcua_link import Access
from shared.opcua_look import LiveItem, StationLook, look
from shared.settings import PlantSettings, StationKind, StationSettings
from shared.units import display_unit

MOST_AT_ONCE = 8
# The values each kind of station shows, as in docs/reference/stations.md.
SIGNALS: Mapping[StationKind, tuple[str, ...]] = {
    "mill": ("speed_rpm", "drum_temperature_degc"),
    "dryer": ("temperature_degc",),
    "press": ("pressure_mpa",),
    "furnace": ("temperature_degc", "zone_temperature_degc", "setpoint_degc", "power_kw"),
    "gauge": ("air_temperature_degc",),
    "eap": ("needle_voltage_v", "substrate_voltage_v", "chuck_vacuum_kpa", "dew_point_degc"),
    "laminator": ("force_n", "temperature_degc"),
    "sealer": ("seal_temperature_degc", "vacuum_mbar"),
    "rack": ("temperature_degc",),
    "analyser": ("temperature_degc",),
    "dryroom": ("dew_point_1_degc", "dew_point_2_degc", "temperature_degc"),
    "glovebox": ("water_1_ppm", "water_2_ppm", "oxygen_1_ppm", "oxygen_2_ppm"),
}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One station: who it says it is, and each difference as a sentence.

    policies: those of OPC UA with which its server lets clients in.
    """

    equipment_id: str
    identification: str
    differences: tuple[str, ...]
    policies: tuple[str, ...] = ()


async def check(
    plant: PlantSettings, data_dir: Path, nodesets: Path, names: Sequence[str] = ()
) -> list[Checked]:
    """Look at each station of a plant, or at those named; nothing is changed there.

    Raises:
        InvalidInputError: a name that is no station of the plant file.
    """
    known = {station.name: station for station in plant.station}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidInputError(
            f"station {', '.join(unknown)}: not in the plant file; it has {', '.join(known)}"
        )
    few = asyncio.Semaphore(MOST_AT_ONCE)

    async def one(station: StationSettings) -> Checked:
        async with few:
            return await _checked(station, access_by_files(station, data_dir, nodesets))

    return await asyncio.gather(*(one(known[name]) for name in names or known))


def access_by_files(station: StationSettings, data_dir: Path, nodesets: Path) -> Access:
    """Return how the service of a station enters it, by the files of the data folder."""
    pki = data_dir / "pki"
    return Access(
        application_uri=f"urn:halite:service:{station.service}",
        certificate=pki / station.service / "cert.der",
        private_key=pki / station.service / "key.pem",
        server_certificate=pki / station.name / "cert.der",
        user="halite",
        password_file=data_dir / "secrets" / "opcua" / station.name,
        nodesets=nodesets,
    )


async def _checked(station: StationSettings, access: Access) -> Checked:
    try:
        seen = await look(station, access)
    except MesError as error:
        return Checked(
            equipment_id=station.equipment_id, identification="", differences=(str(error),)
        )
    return Checked(
        equipment_id=station.equipment_id,
        identification=" ".join(seen.offer.identification.values()),
        differences=tuple(differences(station, seen)),
        policies=seen.policies,
    )


def differences(station: StationSettings, seen: StationLook) -> list[str]:
    """Return how a station differs from its entry in the plant file, one sentence each."""
    offer = seen.offer
    found = [] if offer.unusable is None else [f"no job can be given to it: {offer.unusable}"]
    found += offer.missing
    if seen.open_policy:
        found.append("it also lets in clients without encryption; switch policy None off there")
    found += [
        f"value {signal}: not there"
        for signal in sorted({*SIGNALS[station.kind], *station.smallest_change} - {*seen.items})
    ]
    for signal, item in sorted(seen.items.items()):
        found += _item_differences(signal, item)
    if len(seen.items) > station.most_items:
        found.append(f"{len(seen.items)} values, but most_items allows {station.most_items}")
    return found + _limits(station, seen)


def _item_differences(signal: str, item: LiveItem) -> list[str]:
    if not item.number:
        return [f"value {signal}: not there or no number"]
    unit = display_unit(signal)
    if item.unit is not None and item.unit != unit:
        return [f"value {signal}: in {item.unit!r}, its name says {unit!r}"]
    return []


def _limits(station: StationSettings, seen: StationLook) -> list[str]:
    found = []
    highest = station.highest_temperature_degc
    measured = seen.items.get("temperature_degc", LiveItem(number=False)).high
    if highest is not None and measured is not None and measured < highest:
        found.append(
            f"temperature_degc: measured up to {measured} °C only, but highest_temperature_degc "
            f"is {highest} °C"
        )
    places = station.capacity_parts if station.kind == "rack" else 1
    if seen.offer.most_jobs is not None and places and seen.offer.most_jobs < places:
        found.append(f"it holds {seen.offer.most_jobs} job orders, {places} are needed")
    return found
