"""Battery passport submodels as IDTA's templates shape them, filled with what is known of a cell.

`idta.json` holds names, types, semantic ids and multiplicities of the templates 02035-1, -4 and -6
of the Industrial Digital Twin Association (CC BY 4.0, see there).
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from basyx.aas import model
from basyx.aas.adapter.aasx import AASXWriter, DictSupplementaryFileContainer
from basyx.aas.adapter.json import object_store_to_json
from basyx.aas.model.concept import ConceptDescription
from basyx.aas.util.traversal import walk_semantic_ids_recursive

from services.trace.passport import MATERIALS, PLANT_FILE, Known, PassportFacts

TEMPLATES = Path(__file__).with_name("idta.json")
EVIDENCE, NOTE = "evidence", "note"  # names of the extensions of an element
MANDATORY = ("One", "OneToMany")
ENTRY = "BatteryMaterial"
Store = model.DictIdentifiableStore[model.Identifiable]


@cache
def templates() -> dict[str, Any]:
    """Return the templates by their number."""
    found: dict[str, Any] = json.loads(TEMPLATES.read_text())["submodels"]
    return found


def environment(facts: PassportFacts) -> Store:
    """Return the cell's shell with the submodels of which anything is known."""
    asset = f"urn:halite:cell:{facts.lot_id}"
    made = [_submodel(number, asset, facts) for number in templates()]
    filled = [one for one in made if len(one.submodel_element)]
    shell = model.AssetAdministrationShell(
        model.AssetInformation(model.AssetKind.INSTANCE, global_asset_id=asset),
        id_=f"{asset}:shell",
        submodel={model.ModelReference.from_referable(one) for one in filled},
    )
    # An AASX package must hold what it refers to in its own model; the words stand with IDTA.
    concepts = {
        one.key[0].value: ConceptDescription(one.key[0].value)
        for submodel in filled
        for one in walk_semantic_ids_recursive(submodel)
        if isinstance(one, model.ModelReference)
    }
    return model.DictIdentifiableStore([shell, *filled, *concepts.values()])


def as_json(store: Store) -> dict[str, Any]:
    """Return shell and submodels as the AAS's own JSON."""
    found: dict[str, Any] = json.loads(object_store_to_json(store))
    return found


def as_package(store: Store, facts: PassportFacts) -> bytes:
    """Return shell and submodels as an AASX file."""
    file = BytesIO()
    with AASXWriter(file, failsafe=False) as writer:
        shell = f"urn:halite:cell:{facts.lot_id}:shell"
        files = DictSupplementaryFileContainer()  # type: ignore[no-untyped-call]
        writer.write_aas(shell, store, files, write_json=True)
    return file.getvalue()


def unknown(facts: PassportFacts) -> list[dict[str, Any]]:
    """Return each element of the templates that is left out, and whether it is mandatory."""
    known = {*facts.values, *_material_paths(facts)}
    return [
        {"path": path, "mandatory": template["cardinality"] in MANDATORY}
        for number, submodel in templates().items()
        for path, template in _leaves(number, submodel["submodelElements"])
        if path not in known
    ]


def _material_paths(facts: PassportFacts) -> set[str]:
    """Return what is known of all materials, not only of some."""
    names = [set(one) for one in facts.materials]
    all_of = set.intersection(*names) if names else set()
    return {f"{MATERIALS}/BatteryMaterials/{ENTRY}/{name}" for name in all_of}


def _leaves(above: str, elements: list[Any]) -> Iterator[tuple[str, Any]]:
    for one in elements:
        path = f"{above}/{one['idShort']}"
        if one.get("value"):
            yield from _leaves(path, one["value"])
        else:
            yield path, one


def _submodel(number: str, asset: str, facts: PassportFacts) -> model.Submodel:
    template = templates()[number]
    administration = template["administration"]
    elements = (_element(one, number, facts) for one in template["submodelElements"])
    return model.Submodel(
        id_=f"{asset}:{template['idShort']}",
        id_short=template["idShort"],
        submodel_element=[one for one in elements if one is not None],
        semantic_id=_reference(template["semanticId"]),
        administration=model.AdministrativeInformation(
            version=administration["version"],
            revision=administration["revision"],
            template_id=administration["templateId"],
        ),
    )


def _element(template: Any, above: str, facts: PassportFacts) -> model.SubmodelElement | None:
    """Return an element with all that is known below it, None where nothing is."""
    path = f"{above}/{template['idShort']}"
    kind = template["modelType"]
    if kind == "SubmodelElementCollection":
        return _collection(template, template["idShort"], path, facts.values)
    if kind == "SubmodelElementList":
        return _materials(template, facts) if path == f"{MATERIALS}/BatteryMaterials" else None
    known = facts.values.get(path)
    return _value(template, template["idShort"], known) if known else None


def _collection(
    template: Any, id_short: str | None, path: str, values: Mapping[str, Known]
) -> model.SubmodelElementCollection | None:
    made: list[model.SubmodelElement] = []
    for below in template.get("value", ()):
        name = below["idShort"]
        if below["modelType"] == "SubmodelElementCollection":
            inner = _collection(below, name, f"{path}/{name}", values)
            made += [inner] if inner is not None else []
        elif f"{path}/{name}" in values:
            made.append(_value(below, name, values[f"{path}/{name}"]))
    if not made:
        return None
    semantic_id = _reference(template["semanticId"])
    return model.SubmodelElementCollection(id_short, made, semantic_id=semantic_id)


def _materials(template: Any, facts: PassportFacts) -> model.SubmodelElementList[Any] | None:
    entry = template["value"][0]
    made = [
        _collection(entry, None, "", {f"/{name}": known for name, known in one.items()})
        for one in facts.materials
    ]
    if not made:
        return None
    return model.SubmodelElementList(
        template["idShort"],
        model.SubmodelElementCollection,
        [one for one in made if one is not None],
        semantic_id=_reference(template["semanticId"]),
        order_relevant=template["orderRelevant"],
    )


def _value(template: Any, id_short: str, known: Known) -> model.SubmodelElement:
    semantic_id = _reference(template["semanticId"])
    if template["modelType"] == "MultiLanguageProperty":
        texts = model.MultiLanguageTextType({"en": str(known.value)})
        return model.MultiLanguageProperty(
            id_short, texts, semantic_id=semantic_id, extension=_extensions(known)
        )
    kind = model.datatypes.XSD_TYPE_CLASSES[template["valueType"]]
    return model.Property(
        id_short,
        kind,
        _as(kind, known.value),
        semantic_id=semantic_id,
        extension=_extensions(known),
    )


def _as(kind: Any, value: str | float | int) -> Any:
    if kind is model.datatypes.Date:
        day = date.fromisoformat(str(value))
        return model.datatypes.Date(day.year, day.month, day.day)
    return kind(value)


def _extensions(known: Known) -> list[model.Extension]:
    """Return what an element carries with it: its events, and what was measured."""
    events = " ".join(one["event_id"] for one in known.evidence) or PLANT_FILE
    made = [model.Extension(EVIDENCE, str, events)]
    return made + ([model.Extension(NOTE, str, known.note)] if known.note else [])


def _reference(semantic_id: Any) -> model.Reference:
    named = semantic_id["keys"]
    if semantic_id["type"] == "ModelReference":
        keys = tuple(model.Key(model.KeyTypes.CONCEPT_DESCRIPTION, key["value"]) for key in named)
        return model.ModelReference(keys, ConceptDescription)
    keys = tuple(model.Key(model.KeyTypes.GLOBAL_REFERENCE, key["value"]) for key in named)
    return model.ExternalReference(keys)
