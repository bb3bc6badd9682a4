"""Battery passport evidence: as the templates have it, only what is known, read back by the SDK."""

import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from basyx.aas import model
from basyx.aas.adapter.aasx import AASXReader, DictSupplementaryFileContainer
from basyx.aas.adapter.json import read_aas_json_file

from services.trace.passport import AREAS, NAMEPLATE, TECHNICAL, battinfo, passport_facts
from services.trace.submodels import as_json, as_package, environment, templates, unknown
from shared.settings import ManufacturerSettings
from tests.plant import ROOT
from tests.unit.test_device_history import Teller, history, hour, life, registered, worked

PEER_DATA = Path(os.environ.get("HALITE_PEER_DATA", ROOT.parent / "shared/data")) / "passport"
MAKER = ManufacturerSettings(
    name="Salz & Söhne",
    identifier="M-1",
    facility_identifier="F-9",
    product_uri="https://x.test/c/",
)
CYCLE = {"charge_capacity_mah": 1.0, "coulombic_efficiency_ratio": 0.99, "flag": None}


def measured() -> dict[str, Any]:
    """Return the history of a cell that was weighed, cycled and graded."""
    tell = life()
    weighed = {"lot_id": "CELL", "characteristic": "mass_g", "value": 12.5, "unit": "g"}
    worked(tell, "weigh", "CELL", 14, [], [weighed | {"reason": None}])
    first = CYCLE | {"cycle": 1, "discharge_capacity_mah": 0.8, "energy_efficiency_ratio": 0.81}
    last = CYCLE | {"cycle": 2, "discharge_capacity_mah": 0.9, "energy_efficiency_ratio": 0.934}
    voltages = ({"mean_discharge_voltage_v": 3.1}, {"mean_discharge_voltage_v": 3.25})
    tell(
        "cycling_ended",
        15,
        lot_id="CELL",
        job_order_id="J",
        operation="formation",
        protocol_id="formation-nvp",
        protocol_version=2,
        channel="1-1-1",
        protocol_matches=True,
        cycles=[first | voltages[0], last | voltages[1]],
        row_count=10,
        ended_at=hour(15),
    )
    return history(tell)


def paths(element: Any, above: str = "") -> dict[str, Any]:
    """Return each element of AAS JSON by its path; entries of a list have no name of their own."""
    found = {}
    for one in element.get("submodelElements", element.get("value", [])):
        if isinstance(one, dict) and "modelType" in one:
            path = f"{above}/{one.get('idShort', '*')}"
            found |= {path: one, **paths(one, path)}
    return found


def template_paths(element: Any, above: str = "") -> dict[str, Any]:
    found = {}
    is_list = element.get("modelType") == "SubmodelElementList"
    for one in element.get("submodelElements", element.get("value", [])):
        if isinstance(one, dict) and "modelType" in one:
            path = f"{above}/{'*' if is_list else one['idShort']}"
            found |= {path: one, **template_paths(one, path)}
    return found


def original(number: str) -> Any:
    if not PEER_DATA.is_dir():
        pytest.skip(f"the templates of IDTA are not in {PEER_DATA}")
    [file] = PEER_DATA.glob(f"IDTA_{number}_*.json")
    return json.loads(file.read_text())["submodels"][0]


@pytest.mark.parametrize("number", ["02035-1", "02035-4", "02035-6"])
def test_every_element_is_as_the_template_of_idta_has_it(number: str) -> None:
    template = original(number)
    allowed = template_paths(template)
    made = as_json(environment(passport_facts(measured(), MAKER)))["submodels"]
    [submodel] = [one for one in made if one["idShort"] == template["idShort"]]
    assert submodel["semanticId"] == template["semanticId"]
    assert submodel["administration"]["templateId"] == template["administration"]["templateId"]
    found = paths(submodel)
    assert found
    for path, one in found.items():
        same = allowed[path]
        for name in ("modelType", "valueType", "semanticId", "typeValueListElement"):
            assert one.get(name) == same.get(name), path


@pytest.mark.parametrize("number", ["02035-1", "02035-4", "02035-6"])
def test_what_the_template_asks_for_is_either_there_or_listed_as_unknown(number: str) -> None:
    template = original(number)
    facts = passport_facts(measured(), MAKER)
    made = as_json(environment(facts))["submodels"]
    [submodel] = [one for one in made if one["idShort"] == template["idShort"]]
    entry = "BatteryMaterials/BatteryMaterial"
    there = {path.replace("BatteryMaterials/*", entry) for path in paths(submodel)}
    left_out = {one["path"].removeprefix(number) for one in unknown(facts)}
    leaves = {
        path.replace("BatteryMaterials/*", entry)
        for path, one in template_paths(template).items()
        if not template_paths(one)
    }
    assert {path for path in leaves if "*" not in path} <= there | left_out
    assert there & left_out <= {f"/{entry}/BatteryMaterialMass"}  # only some were weighed


def test_what_was_measured_is_filled_in_with_its_events_and_in_the_template_s_units() -> None:
    document = measured()
    facts = passport_facts(document, MAKER)
    shown = {path: known.value for path, known in facts.values.items()}
    assert shown[f"{NAMEPLATE}/SerialNumber"] == "CELL"
    assert shown[f"{NAMEPLATE}/DateOfManufacture"] == "2026-01-05"
    assert shown[f"{NAMEPLATE}/URIOfTheProduct"] == "https://x.test/c/CELL"
    assert shown[f"{TECHNICAL}/GeneralInformation/BatteryMass"] == 0.0125
    assert shown[f"{AREAS}/CapacityEnergyVoltage/RatedCapacity"] == 0.0009
    assert shown[f"{AREAS}/CapacityEnergyVoltage/NominalVoltage"] == 3.25
    efficiency = f"{AREAS}/RoundTripEnergyEfficiency/InitialRoundTripEnergyEfficiency"
    assert shown[efficiency] == 93
    known = facts.values[efficiency]
    [run] = document["cyclings"]
    assert list(known.evidence) == run["evidence"]
    assert known.note == (
        "energy efficiency of cycle 2 of formation-nvp version 2, in whole percent: 0.934"
    )
    names = {one["BatteryMaterialName"].value for one in facts.materials}
    assert names == {"kind of GLUE", "kind of PELLET"}


def test_a_cell_with_nothing_measured_has_none_of_the_measured_elements() -> None:
    tell = Teller()
    registered(tell, "CELL", 0, "produced")
    facts = passport_facts(history(tell), None)
    assert set(facts.values) == {f"{NAMEPLATE}/SerialNumber"}
    assert facts.materials == []
    made = as_json(environment(facts))["submodels"]
    assert [one["idShort"] for one in made] == ["BatteryNameplate"]
    assert list(paths(made[0])) == ["/SerialNumber"]
    left_out = {one["path"] for one in unknown(facts)}
    assert f"{AREAS}/Lifetime/ExpectedNumberOfCycles" in left_out
    assert f"{NAMEPLATE}/ManufacturerName" in left_out
    assert battinfo(facts)["hasProperty"] == []


def test_a_run_of_another_protocol_and_a_flagged_cycle_say_nothing() -> None:
    document = measured()
    [run] = document["cyclings"]
    voltage = f"{AREAS}/CapacityEnergyVoltage/NominalVoltage"
    run["cycles"][1]["flag"] = "starts in mid-charge"
    assert passport_facts(document, MAKER).values[voltage].value == 3.1
    run["protocol_matches"] = False
    assert voltage not in passport_facts(document, MAKER).values


def test_no_figure_of_the_paper_is_ever_filled_in() -> None:
    left_out = {one["path"] for one in unknown(passport_facts(measured(), MAKER))}
    for name in ("ExpectedNumberOfCycles", "ExpectedLifetimeInCalendarYears"):
        assert f"{AREAS}/Lifetime/{name}" in left_out
    for name in ("MinVoltage", "MaxVoltage", "CapacityFade"):
        assert f"{AREAS}/CapacityEnergyVoltage/{name}" in left_out


def values_of(store: model.DictIdentifiableStore[model.Identifiable]) -> dict[str, Any]:
    """Return each property that the SDK read, by submodel and name."""

    def walk(element: Any, above: str) -> dict[str, Any]:
        if isinstance(element, model.Property):
            return {above: element.value}
        inner = getattr(element, "submodel_element", getattr(element, "value", ()))
        if isinstance(element, model.MultiLanguageProperty):
            return {above: dict(element.value or {})}
        found: dict[str, Any] = {}
        for number, one in enumerate(inner):
            name = number if isinstance(element, model.SubmodelElementList) else one.id_short
            found |= walk(one, f"{above}/{name}")
        return found

    submodels = [one for one in store if isinstance(one, model.Submodel)]
    return {
        path: value for one in submodels for path, value in walk(one, str(one.id_short)).items()
    }


def test_the_sdk_reads_json_and_package_back_without_a_fault() -> None:
    facts = passport_facts(measured(), MAKER)
    store = environment(facts)
    text = json.dumps(as_json(store)).encode()
    from_json = values_of(read_aas_json_file(BytesIO(text), failsafe=False))
    read: model.DictIdentifiableStore[model.Identifiable] = model.DictIdentifiableStore()
    with AASXReader(BytesIO(as_package(store, facts)), failsafe=False) as reader:
        reader.read_into(read, DictSupplementaryFileContainer())
    assert values_of(read) == from_json == values_of(store)
    assert from_json["BatteryNameplate/ManufacturerName"] == {"en": "Salz & Söhne"}
    assert from_json["MaterialComposition/BatteryMaterials/0/BatteryMaterialName"]


def test_linked_data_names_unit_and_events_of_each_value() -> None:
    linked = battinfo(passport_facts(measured(), MAKER))
    assert linked["schema:productID"] == "CELL"
    of = {one["@type"][0]: one for one in linked["hasProperty"]}
    assert of["DischargingCapacity"]["hasNumericalPart"]["hasNumberValue"] == 0.0009
    assert of["DischargingCapacity"]["hasMeasurementUnit"] == "emmo:AmpereHour"
    assert all(one["prov:wasDerivedFrom"] for one in linked["hasProperty"])


def test_the_reduced_templates_in_the_program_are_those_of_idta() -> None:
    for number, reduced in templates().items():
        own, whole = template_paths(reduced), template_paths(original(number))
        assert own.keys() == whole.keys()
        assert all(own[path].get("semanticId") == whole[path].get("semanticId") for path in own)
