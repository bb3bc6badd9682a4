"""What other systems are told of work: recorded examples replayed, names of ISA-95, tables."""

import csv
import json
from dataclasses import replace
from io import StringIO
from typing import Any

from services.execution.schedule_file import read_schedule
from services.trace.confirmations import KINDS, confirmation
from services.trace.isa95 import (
    LOT_COLUMNS,
    MATERIAL_COLUMNS,
    job_response,
    job_responses_csv,
    material_lot,
    material_lots_csv,
)
from services.trace.told import Told
from shared.envelope import Envelope
from tests.plant import ROOT

EXAMPLE = ROOT / "examples/erp"


def read(name: str) -> Any:
    return json.loads((EXAMPLE / name).read_text())


def recorded() -> list[Told]:
    """Return the events of the example as the record holds them."""
    told = []
    for one in read("events.json"):
        envelope = Envelope.model_validate(one["envelope"])
        assert envelope.event() is not None  # it keeps its contract
        told.append(
            Told(
                position=one["position"],
                event_id=str(envelope.id),
                source=envelope.service,
                sequence=envelope.sequence or 0,
                type=envelope.type,
                subject=envelope.subject,
                time=envelope.time,
                data=envelope.data,
                caused_by=None,
                seal_position=None,
            )
        )
    return told


def test_recorded_events_become_the_recorded_confirmations_byte_for_byte() -> None:
    [request] = read_schedule(
        (EXAMPLE / "order.json").read_bytes(), "application/json"
    ).work_requests
    made = [confirmation(one, request.order_number) for one in recorded()]
    assert json.loads(json.dumps(made)) == read("confirmations.json")
    assert {one["work_request_id"] for one in made} == {request.work_request_id}


def test_cells_that_an_order_closed_short_did_not_begin_are_confirmed_since_events_say_them() -> (
    None
):
    before = next(one for one in recorded() if one.kind == "work_request_ended")
    assert "cancelled_count" not in confirmation(before, None)
    closed = replace(before, data={**before.data, "cancelled_count": 3})
    assert confirmation(closed, None)["cancelled_count"] == 3


def test_the_example_has_every_kind_of_confirmation() -> None:
    assert {one["kind"] for one in read("confirmations.json")} == set(KINDS.values())


def test_order_number_is_read_from_csv_too_and_may_be_left_out() -> None:
    table = b"""work_schedule_id,work_request_id,product_id,quantity,due_at,order_number
S-1,WR-1,nvp-coin,8,2026-12-31T16:00:00Z,4500001234/10
S-1,WR-2,nvp-coin,8,2026-12-31T16:00:00Z,
"""
    requests = read_schedule(table, "text/csv").work_requests
    assert [request.order_number for request in requests] == ["4500001234/10", None]


def spray() -> Told:
    [one] = [
        one
        for one in recorded()
        if one.kind == "job_order_ended" and one.data["operation"] == "spray"
    ]
    return one


def test_job_response_has_equipment_material_and_results_in_the_names_of_b2mml() -> None:
    one = spray()
    response = job_response(one)
    assert response["JobOrderID"] == one.data["job_order_id"]
    assert (response["StartTime"], response["EndTime"]) == (
        one.data["started_at"],
        one.data["ended_at"],
    )
    assert response["JobState"] == "Completed"
    assert response["EquipmentActual"] == [{"EquipmentID": one.data["equipment_id"]}]
    uses = {item["MaterialUse"] for item in response["MaterialActual"]}
    assert uses == {"Consumed", "Other"}
    [pellet] = [item for item in response["MaterialActual"] if item["MaterialUse"] == "Other"]
    assert pellet["OtherValue"] == "Processed"
    values = {item["ID"]: item["Value"][0] for item in response["JobResponsetData"]}
    [film] = [value for name, value in values.items() if name.endswith("/film_um")]
    assert (film["DataType"], film["UnitOfMeasure"]) == ("double", "µm")
    assert float(film["ValueString"]) > 0


def test_a_result_that_is_unknown_is_left_out_and_an_aborted_job_says_why() -> None:
    one = spray()
    unknown = [item | {"value": None, "reason": "no camera"} for item in one.data["results"]]
    data = one.data | {"results": unknown, "state": "aborted", "reason": "arc"}
    response = job_response(Told(**vars(one) | {"data": data}))
    names = [item["ID"] for item in response["JobResponsetData"]]
    assert names == ["WorkRequestID", "ProductID", "Operation"]
    assert (response["JobState"], response["Description"]) == ("Aborted", ["arc"])


def test_tables_have_a_line_for_each_material_and_no_cell_that_a_spreadsheet_computes() -> None:
    one = spray()
    named = [item | {"lot_id": "=1+1"} for item in one.data["materials"]]
    table = job_responses_csv([Told(**vars(one) | {"data": one.data | {"materials": named}})])
    header, *rows = csv.reader(StringIO(table))
    assert tuple(header) == MATERIAL_COLUMNS
    assert len(rows) == len(named)
    assert {row[MATERIAL_COLUMNS.index("MaterialLotID")] for row in rows} == {"'=1+1"}


def test_lot_of_unknown_quantity_has_none() -> None:
    lot = {
        "lot_id": "L",
        "material_definition_id": "m",
        "quantity": None,
        "unit": "g",
        "work_request_id": None,
    }
    assert material_lot(lot) == {"ID": "L", "MaterialDefinitionID": "m"}
    header, row = csv.reader(StringIO(material_lots_csv([lot])))
    assert (tuple(header), row) == (LOT_COLUMNS, ["L", "m", "", "g", ""])


# Elements of JobResponseType in B2MML V0700 in the order of its schema, and words of its lists.
ELEMENTS = [
    "ID",
    "Description",
    "HierarchyScope",
    "WorkType",
    "JobOrderID",
    "WorkDirectiveID",
    "WorkDirectiveVersion",
    "WorkMasterID",
    "WorkMasterVersion",
    "WorkflowSpecificationID",
    "WorkflowSpecificationNodeID",
    "StartTime",
    "EndTime",
    "JobState",
    "JobResponsetData",
    "PersonnelActual",
    "EquipmentActual",
    "PhysicalAssetActual",
    "MaterialActual",
]
STATES = {"Ready", "Running", "Completed", "Aborted", "Holding", "Paused", "Other"}
TYPES = {"string", "boolean", "int", "double"}


def test_a_job_response_has_only_names_and_words_of_the_schema() -> None:
    data = spray().data | {"operator": "Li Na (li.na)", "persons": ["Ada (ada)"], "reason": "so"}
    for state in ("ended", "aborted"):
        response = job_response(replace(spray(), data=data | {"state": state}))
        assert set(response) <= set(ELEMENTS)
        assert response["JobState"] in STATES
        assert response["WorkType"] == "Production"
        uses = {item["MaterialUse"] for item in response["MaterialActual"]}
        assert uses <= {"Consumed", "Produced", "Other"}
        values = [item["Value"][0] for item in response["JobResponsetData"]]
        assert {value["DataType"] for value in values} <= TYPES
    persons = [item["PersonID"] for item in response["PersonnelActual"]]
    assert persons == [["Li Na (li.na)"], ["Ada (ada)"]]
