"""Work done and material in the names of ISA-95 (B2MML's WorkPerformance and Material), as JSON.

The JSON has B2MML's element names and nesting; a list stands where B2MML repeats an element, and
text and unit of a quantity stand as B2MML's QuantityType has them.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

from services.trace.told import Told

# B2MML V0700, MaterialUse1Type; it has no word for a lot that is worked on and stays itself.
_USES = {"consumed": "Consumed", "produced": "Produced"}
_STATES = {"ended": "Completed", "aborted": "Aborted"}  # of ResponseStateType
_TYPES: tuple[tuple[type, str], ...] = ((bool, "boolean"), (int, "int"), (float, "double"))
MATERIAL_COLUMNS = (
    "JobResponseID",
    "JobOrderID",
    "WorkRequestID",
    "Operation",
    "EquipmentID",
    "StartTime",
    "EndTime",
    "JobState",
    "MaterialUse",
    "MaterialLotID",
    "MaterialDefinitionID",
    "QuantityString",
    "UnitOfMeasure",
)
LOT_COLUMNS = ("ID", "MaterialDefinitionID", "QuantityString", "UnitOfMeasure", "WorkRequestID")


def job_response(one: Told) -> dict[str, Any]:
    """Return an ended job order as JobResponse; `ID` is the id of its event."""
    data = one.data
    response: dict[str, Any] = {
        "ID": one.event_id,
        "WorkType": "Production",
        "JobOrderID": data["job_order_id"],
        "StartTime": data["started_at"],
        "EndTime": data["ended_at"],
        "JobState": _STATES[data["state"]],
        "WorkDirectiveID": data["recipe_id"],
        "WorkDirectiveVersion": str(data["recipe_version"]),
        "JobResponsetData": [  # so it is spelled in the schemas of V0600 and V0700
            _data("WorkRequestID", data["work_request_id"], ""),
            _data("ProductID", data["product_id"], ""),
            _data("Operation", data["operation"], ""),
            *(
                _data(f"{item['lot_id']}/{item['characteristic']}", item["value"], item["unit"])
                for item in data.get("results", [])
                if item["value"] is not None
            ),
        ],
        "EquipmentActual": [{"EquipmentID": data["equipment_id"]}],
        "MaterialActual": [_material(item) for item in data["materials"]],
    }
    persons = dict.fromkeys(filter(None, [data.get("operator"), *data.get("persons", [])]))
    if persons:
        response["PersonnelActual"] = [{"PersonID": [person]} for person in persons]
    if data.get("fixture_id"):
        response["PhysicalAssetActual"] = [{"PhysicalAssetID": data["fixture_id"]}]
    if data.get("reason"):
        response["Description"] = [data["reason"]]
    return response


def _material(item: Mapping[str, Any]) -> dict[str, Any]:
    use = _USES.get(item["use"])
    said = {"MaterialUse": use} if use else {"MaterialUse": "Other", "OtherValue": "Processed"}
    return {
        "MaterialDefinitionID": [item["material_definition_id"]],
        "MaterialLotID": [item["lot_id"]],
        **said,
        "Quantity": [_quantity(item["quantity"], item["unit"])],
    }


def _data(name: str, value: Any, unit: str) -> dict[str, Any]:
    kind = next((word for own, word in _TYPES if isinstance(value, own)), "string")
    return {
        "ID": name,
        "Value": [{"ValueString": str(value), "DataType": kind, "UnitOfMeasure": unit}],
    }


def _quantity(quantity: float | None, unit: str) -> dict[str, Any]:
    shown = None if quantity is None else f"{quantity:.12g}"
    return {"QuantityString": shown, "DataType": "double", "UnitOfMeasure": unit}


def material_lot(lot: Mapping[str, Any]) -> dict[str, Any]:
    """Return a lot as MaterialLot; the quantity is the one it was registered with."""
    shown: dict[str, Any] = {
        "ID": lot["lot_id"],
        "MaterialDefinitionID": lot["material_definition_id"],
    }
    if lot["quantity"] is not None:
        shown["Quantity"] = [_quantity(lot["quantity"], lot["unit"])]
    if lot["work_request_id"]:
        value = {"ValueString": lot["work_request_id"], "DataType": "string", "UnitOfMeasure": ""}
        shown["MaterialLotProperty"] = [{"ID": "WorkRequestID", "Value": [value]}]
    return shown


def job_responses_csv(told: Iterable[Told]) -> str:
    """Return job responses as a table, a line for each material; see MATERIAL_COLUMNS."""
    return _csv(
        MATERIAL_COLUMNS,
        (
            [
                one.event_id,
                *(one.data[name] for name in ("job_order_id", "work_request_id", "operation")),
                *(one.data[name] for name in ("equipment_id", "started_at", "ended_at")),
                _STATES[one.data["state"]],
                _USES.get(item["use"], "Processed"),
                item["lot_id"],
                item["material_definition_id"],
                f"{item['quantity']:.12g}",
                item["unit"],
            ]
            for one in told
            for item in one.data["materials"]
        ),
    )


def material_lots_csv(lots: Iterable[Mapping[str, Any]]) -> str:
    """Return lots as a table; see LOT_COLUMNS."""
    names = ("lot_id", "material_definition_id", "quantity", "unit", "work_request_id")
    return _csv(LOT_COLUMNS, ([lot[name] for name in names] for lot in lots))


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as RFC 4180 has it; a text that a spreadsheet would compute is quoted."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_inert(value) for value in row] for row in rows)
    return text.getvalue()


def _inert(value: Any) -> Any:
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "@", "\t", "\r")
    return f"'{value}" if is_formula else value
