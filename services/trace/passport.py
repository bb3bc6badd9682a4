"""What a pack maker's battery passport may take over of one cell: only what is known, and why."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.trace.told import Fact
from shared.settings import ManufacturerSettings

FORMAT = "halite battery passport evidence 1"
NAMEPLATE, TECHNICAL, MATERIALS = "02035-1", "02035-4", "02035-6"
AREAS = f"{TECHNICAL}/TechnicalPropertyAreas"
PLANT_FILE = "plant file"


@dataclass(frozen=True, kw_only=True)
class Known:
    """A value of a submodel with what it stands on.

    evidence: where its events are in the record; empty where the plant file says it. note: what
    was measured, where the name of the element says less.
    """

    value: str | float | int
    evidence: tuple[Fact, ...] = ()
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class PassportFacts:
    """What is known of a cell: single values by path, materials one by one by their names."""

    lot_id: str
    values: Mapping[str, Known]
    materials: Sequence[Mapping[str, Known]] = field(default=())


def passport_facts(document: Fact, manufacturer: ManufacturerSettings | None) -> PassportFacts:
    """Return what is known of a cell by its device history and the plant file.

    Nothing is filled in that this cell does not show: no figure of its kind, of a paper, or that
    a person would have to declare.
    """
    values = dict(_identity(document))
    values |= dict(_maker(document, manufacturer)) if manufacturer else {}
    values |= dict(_measured(document))
    return PassportFacts(
        lot_id=document["lot_id"], values=values, materials=list(_materials(document))
    )


def _identity(document: Fact) -> Iterator[tuple[str, Known]]:
    lot_id, identity = document["lot_id"], document["identity"]
    if identity["registered_at"]:
        evidence = _evidence(identity)
        yield f"{NAMEPLATE}/SerialNumber", Known(value=lot_id, evidence=evidence)
    completed = document["completed"]
    if completed:
        yield (
            f"{NAMEPLATE}/DateOfManufacture",
            Known(
                value=completed["completed_at"][:10],
                evidence=_evidence(completed),
                note="the day on which the last gate was behind the cell, in plant time",
            ),
        )


def _maker(document: Fact, manufacturer: ManufacturerSettings) -> Iterator[tuple[str, Known]]:
    name, identifier = Known(value=manufacturer.name), Known(value=manufacturer.identifier)
    yield f"{NAMEPLATE}/ManufacturerName", name
    yield f"{NAMEPLATE}/ManufacturerIdentifier", identifier
    facility = Known(value=manufacturer.facility_identifier)
    yield f"{NAMEPLATE}/UniqueFacilityIdentifier", facility
    if manufacturer.product_uri:
        address = f"{manufacturer.product_uri}{document['lot_id']}"
        yield f"{NAMEPLATE}/URIOfTheProduct", Known(value=address)
    yield f"{TECHNICAL}/GeneralInformation/ManufacturerName", name
    yield f"{TECHNICAL}/GeneralInformation/ManufacturerIdentifier", identifier


def _measured(document: Fact) -> Iterator[tuple[str, Known]]:
    mass = _characteristic(document, "mass_g")
    if mass:
        yield f"{TECHNICAL}/GeneralInformation/BatteryMass", _scaled(mass, 1e-3, "weighed")
    graded = [one for one in document["grades"] if one["in_force"]]
    if graded and graded[0]["discharge_capacity_mah"] is not None:
        yield (
            f"{AREAS}/CapacityEnergyVoltage/RatedCapacity",
            Known(
                value=graded[0]["discharge_capacity_mah"] / 1000,
                evidence=_evidence(graded[0]),
                note="discharge capacity of this cell that its grade stands on, in Ah; "
                "no rating by its maker",
            ),
        )
    yield from _cycled(document)
    resistance = _characteristic(document, "dcir_10s_ohm")
    if resistance:
        path = f"{AREAS}/Resistance/InitialInternalResistanceOnBatteryCellLevel"
        yield path, _scaled(resistance, 1.0, "direct current, 10 s, in ohms")


def _cycled(document: Fact) -> Iterator[tuple[str, Known]]:
    """Return what the last whole cycle of a test shows that ran as ordered."""
    runs = [one for one in document["cyclings"] if one["lot_id"] == document["lot_id"]]
    cycles = [
        (run, cycle)
        for run in runs
        if run["protocol_matches"]
        for cycle in run["cycles"]
        if cycle.get("flag") is None
    ]
    if not cycles:
        return
    run, cycle = cycles[-1]
    of = f"cycle {cycle['cycle']} of {run['protocol_id']} version {run['protocol_version']}"
    voltage, efficiency = (
        cycle.get("mean_discharge_voltage_v"),
        cycle.get("energy_efficiency_ratio"),
    )
    if voltage is not None:
        note = f"mean discharge voltage of {of}, in V"
        path = f"{AREAS}/CapacityEnergyVoltage/NominalVoltage"
        yield path, Known(value=voltage, evidence=_evidence(run), note=note)
    if efficiency is not None:
        note = f"energy efficiency of {of}, in whole percent: {efficiency}"
        path = f"{AREAS}/RoundTripEnergyEfficiency/InitialRoundTripEnergyEfficiency"
        yield path, Known(value=round(efficiency * 100), evidence=_evidence(run), note=note)


def _materials(document: Fact) -> Iterator[Mapping[str, Known]]:
    """Yield what the steps on the cell itself used, a lot at a time, with its mass if weighed."""
    kinds = {lot["lot_id"]: lot for lot in document["lots"]}
    seen: set[str] = set()
    for step in document["steps"]:
        if step["lot_id"] != document["lot_id"] or step["state"] != "ended":
            continue
        for item in step["consumed"]:
            lot_id = item["lot_id"]
            if lot_id in seen or lot_id == document["lot_id"]:
                continue
            seen.add(lot_id)
            known = kinds.get(lot_id, step)
            entry = {
                "BatteryMaterialLocation/ComponentId": Known(
                    value=lot_id, evidence=_evidence(step), note=f"used by {step['operation']}"
                ),
                "BatteryMaterialName": Known(
                    value=item["material_definition_id"], evidence=_evidence(known)
                ),
            }
            weighed = _characteristic(document, "mass_g", lot_id)
            if weighed and item["unit"] == "count":
                entry["BatteryMaterialMass"] = _scaled(weighed, 1e-3, "weighed before its use")
            yield entry


def _characteristic(document: Fact, name: str, lot_id: str | None = None) -> Fact | None:
    """Return the newest measurement, else gate in force, of a characteristic of a lot."""
    of = lot_id or document["lot_id"]
    gates = [one for one in document["gates"] if one["in_force"]]
    found = [
        one
        for one in [*gates, *document["measurements"]]
        if one["lot_id"] == of
        and one["characteristic"] == name
        and isinstance(one["value"], int | float)
    ]
    return found[-1] if found else None


def _scaled(one: Fact, factor: float, note: str) -> Known:
    return Known(value=one["value"] * factor, evidence=_evidence(one), note=note)


def _evidence(one: Fact) -> tuple[Fact, ...]:
    return tuple(one["evidence"])


def path_of_entry(path: str) -> str:
    """Return a path of the template without the numbers of entries of lists."""
    return re.sub(r"\[\d+\]", "", path)


def battinfo(facts: PassportFacts) -> dict[str, Any]:
    """Return what is known as linked data in the words of BattINFO (JSON-LD)."""
    properties = []
    for path, (kind, unit) in _BATTINFO.items():
        known = facts.values.get(path)
        if known is not None:
            properties.append(
                {
                    "@type": [kind, "MeasuredProperty"],
                    "hasNumericalPart": {"@type": "RealData", "hasNumberValue": known.value},
                    "hasMeasurementUnit": unit,
                    "rdfs:comment": known.note,
                    "prov:wasDerivedFrom": [
                        f"urn:uuid:{one['event_id']}" for one in known.evidence
                    ],
                }
            )
    made = facts.values.get(f"{NAMEPLATE}/DateOfManufacture")
    maker = facts.values.get(f"{NAMEPLATE}/ManufacturerName")
    return {
        "@context": [
            "https://w3id.org/emmo/domain/battery/context",
            {
                "emmo": "https://w3id.org/emmo#",
                "schema": "https://schema.org/",
                "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
                "prov": "http://www.w3.org/ns/prov#",
            },
        ],
        "@type": "BatteryCell",
        "schema:productID": facts.lot_id,
        **({"schema:productionDate": made.value} if made else {}),
        **(
            {"schema:manufacturer": {"@type": "schema:Organization", "schema:name": maker.value}}
            if maker
            else {}
        ),
        "hasProperty": properties,
    }


_BATTINFO = {
    f"{AREAS}/CapacityEnergyVoltage/RatedCapacity": ("DischargingCapacity", "emmo:AmpereHour"),
    f"{AREAS}/CapacityEnergyVoltage/NominalVoltage": ("Voltage", "emmo:Volt"),
    f"{AREAS}/Resistance/InitialInternalResistanceOnBatteryCellLevel": (
        "InternalResistance",
        "emmo:Ohm",
    ),
    f"{TECHNICAL}/GeneralInformation/BatteryMass": ("Mass", "emmo:Kilogram"),
}
