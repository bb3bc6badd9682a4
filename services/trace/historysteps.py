"""The steps of a cell's life: who made what of what, on what, with what, and what was measured."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.trace.domain import PERSONS, edges_of
from services.trace.told import Fact, Told, fact, of_kind
from shared.events import GenealogyRecorded

STEP_KINDS = (
    "job_order_released",
    "job_order_started",
    "job_order_ended",
    "job_order_held",
    "genealogy_recorded",
    "channel_leased",
)
RUN_KINDS = ("furnace_load_planned", "sinter_run_ended")
MACHINE_KINDS = ("equipment_state_changed", "operator_changed")
SPRAY = "spray"
_STATES = {
    "job_order_released": "allowed_to_start",
    "job_order_started": "running",
    "job_order_held": "held",
    "job_order_ended": "ended",
}
_RESULT = ("lot_id", "characteristic", "value", "unit")


@dataclass(frozen=True, kw_only=True)
class _Machines:
    """What the machines said of their software, and who took them over, each by machine."""

    software: Mapping[str, Sequence[Told]]
    operators: Mapping[str, Sequence[Told]]


def lots_of(told: Sequence[Told], lot_ids: Collection[str]) -> list[Fact]:
    """Return what each lot is, as registered, else as far as a step that used it says."""
    found: dict[str, Fact] = {}
    for one in of_kind(told, "genealogy_recorded"):
        for item in one.data["materials"]:
            lot_id = item["lot_id"]
            if lot_id in lot_ids and lot_id not in found:
                known = {name: item[name] for name in ("material_definition_id", "unit")}
                none: Fact = {
                    "quantity": None,
                    "origin": None,
                    "work_request_id": None,
                    "members": [],
                }
                found[lot_id] = fact(one, lot_id=lot_id, registered_at=None, **known, **none)
    for one in of_kind(told, "material_lot_registered"):
        if one.subject in lot_ids:
            names = ("material_definition_id", "quantity", "unit", "origin", "work_request_id")
            found[one.subject] = fact(
                one,
                lot_id=one.subject,
                registered_at=one.time.isoformat(),
                members=[lot_id for lot_id in one.data.get("members", []) if lot_id in lot_ids],
                **one.picked(*names),
            )
    return [found[lot_id] for lot_id in sorted(found)]


def genealogy_of(told: Sequence[Told], lot_ids: Collection[str]) -> list[Fact]:
    """Return what went into what, with its quantity, one entry for each step that did it."""
    facts = []
    for one in of_kind(told, "genealogy_recorded"):
        for edge in edges_of(GenealogyRecorded.model_validate(one.data)):
            if edge.parent_lot_id in lot_ids and edge.child_lot_id in lot_ids:
                values = {
                    "from": edge.parent_lot_id,
                    "to": edge.child_lot_id,
                    "quantity": edge.quantity,
                    "unit": edge.unit,
                    "operation": one.data["operation"],
                }
                facts.append(fact(one, **values))
    return facts


def steps_of(told: Sequence[Told], lot_ids: Collection[str]) -> list[Fact]:
    """Return each job order that made or worked on one of the lots, in the order of plant time."""
    orders: dict[str, list[Told]] = {}
    for one in of_kind(told, *STEP_KINDS):
        orders.setdefault(one.data["job_order_id"], []).append(one)
    runs: dict[str, list[Told]] = {}
    for one in of_kind(told, *RUN_KINDS):
        for job_order_id in one.data["job_order_ids"]:
            runs.setdefault(job_order_id, []).append(one)
    states = of_kind(told, "equipment_state_changed")
    machines = _Machines(
        software=_by_machine([one for one in states if one.data.get("software_version")]),
        operators=_by_machine(of_kind(told, "operator_changed")),
    )
    steps = [
        _step(job_order_id, said, runs.get(job_order_id, []), machines, lot_ids)
        for job_order_id, said in orders.items()
        if any(_works_on(one, lot_ids) for one in said)
    ]
    steps.sort(key=lambda step: (step["started_at"] or step["released_at"] or "", step["lot_id"]))
    attempts: dict[tuple[Any, ...], int] = {}
    for step in steps:
        # A cell may be sprayed in several jobs, each for other parts: that is no second attempt.
        parts = tuple(sorted(item["lot_id"] for item in step["processed"] + step["produced"]))
        key = (step["operation"], step["lot_id"], parts)
        attempts[key] = step["attempt"] = attempts.get(key, 0) + 1
    return steps


def _works_on(one: Told, lot_ids: Collection[str]) -> bool:
    worked_on = {
        item["lot_id"] for item in one.data.get("materials", []) if item["use"] != "consumed"
    }
    return one.data.get("lot_id") in lot_ids or not worked_on.isdisjoint(lot_ids)


def _step(
    job_order_id: str,
    said: Sequence[Told],
    runs: Sequence[Told],
    machines: _Machines,
    lot_ids: Collection[str],
) -> Fact:
    values: Fact = {}
    state, reason = "ended", None  # parts are issued from stock without a job order
    for one in said:
        values |= {name: value for name, value in one.data.items() if value is not None}
        if one.kind in _STATES:
            state = one.data.get("state") or _STATES[one.kind]
            reason = one.data.get("reason")
    machine_id = values.get("equipment_id", "")
    software = _last_before(machines.software.get(machine_id, ()), values)
    operators = _operators(machines.operators.get(machine_id, ()), values)
    materials = values.get("materials", [])
    names = ("operation", "lot_id", "equipment_id", "fixture_id", "channel", "recipe_id")
    times = ("released_at", "started_at", "ended_at")
    used = ("lot_id", "material_definition_id", "quantity", "unit")
    return fact(
        *said,
        *runs,
        *([software] if software else []),
        *operators,
        job_order_id=job_order_id,
        state=state,
        **{name: values.get(name) for name in names + times},
        recipe_version=values.get("recipe_version"),
        software_version=software.data["software_version"] if software else None,
        is_by_station=bool(of_kind(said, "job_order_started")),
        parameters=values.get("parameters", {}),
        operators=[
            {"operator": one.data["operator"], "since_at": one.data["changed_at"]}
            for one in operators
        ],
        persons=sorted({values[name] for name in PERSONS if isinstance(values.get(name), str)}),
        reason=reason,
        **{
            use: [
                {name: item[name] for name in used}
                for item in materials
                if item["use"] == use and item["lot_id"] in lot_ids
            ]
            for use in ("consumed", "processed", "produced")
        },
        **_furnace(runs),
    )


def _furnace(runs: Sequence[Told]) -> Fact:
    """Return which furnace load it was, and how the run went."""
    loads = sorted({one.data["furnace_load_id"] for one in runs})
    ended = of_kind(runs, "sinter_run_ended")
    heat = max((max(one.data["profile_temperature_degc"], default=0.0) for one in ended), default=0)
    return {
        "furnace_load_ids": loads,
        "highest_temperature_degc": heat or None,
        "deviations": [text for one in ended for text in one.data["deviations"]],
    }


def _by_machine(told: Sequence[Told]) -> dict[str, list[Told]]:
    said: dict[str, list[Told]] = {}
    for one in told:
        said.setdefault(one.data["equipment_id"], []).append(one)
    return said


def _last_before(said: Sequence[Told], values: Fact) -> Told | None:
    """Return what was last said of the machine before the step began."""
    at = values.get("started_at")
    if at is None:
        return None
    before = [one for one in said if _instant(one.data["changed_at"]) <= _instant(at)]
    return before[-1] if before else None


def _operators(said: Sequence[Told], values: Fact) -> list[Told]:
    """Return who had the station when the step began, and each change until it ended."""
    begun, ended = values.get("started_at"), values.get("ended_at")
    had = _last_before(said, values)
    if begun is None or ended is None:
        return [had] if had else []
    span = _instant(begun), _instant(ended)
    during = [one for one in said if span[0] < _instant(one.data["changed_at"]) <= span[1]]
    return [had, *during] if had else during


def measurements_of(told: Sequence[Told], lot_ids: Collection[str]) -> list[Fact]:
    """Return every characteristic that a station measured on one of the lots."""
    return [
        fact(
            one,
            operation=one.data["operation"],
            job_order_id=one.data["job_order_id"],
            measured_at=one.data["ended_at"],
            **{name: item.get(name) for name in (*_RESULT, "reason")},
        )
        for one in of_kind(told, "job_order_ended")
        for item in one.data["results"]
        if item["lot_id"] in lot_ids
    ]


def spectra_of(told: Sequence[Told]) -> list[Fact]:
    """Return each impedance spectrum without its points, which the event holds."""
    facts = []
    for one in of_kind(told, "spectrum_measured"):
        frequencies = one.data["frequency_hz"]
        facts.append(
            fact(
                one,
                **one.picked("lot_id", "spectrum_id", "operation", "mode", "fixture_id"),
                **one.picked("temperature_degc", "area_cm2", "faces", "measured_at"),
                point_count=len(frequencies),
                lowest_frequency_hz=min(frequencies, default=None),
                highest_frequency_hz=max(frequencies, default=None),
            )
        )
    return facts


def cyclings_of(told: Sequence[Told]) -> list[Fact]:
    """Return each tester run with its figures per cycle, without its rows."""
    names = ("lot_id", "job_order_id", "operation", "protocol_id", "protocol_version", "channel")
    more = ("protocol_matches", "row_count", "area_cm2", "cycles", "ended_at")
    return [fact(one, **one.picked(*names, *more)) for one in of_kind(told, "cycling_ended")]


def glue_ages(steps: Sequence[Fact], lots: Sequence[Fact]) -> list[Fact]:
    """Return how old each glue was when a spray with it began; None where its mixing is unknown."""
    made_at = {item["lot_id"]: step["ended_at"] for step in steps for item in step["produced"]}
    origin = {lot["lot_id"]: lot for lot in lots}
    facts = []
    for step in steps:
        if step["operation"] != SPRAY or step["started_at"] is None:
            continue
        for item in step["consumed"]:
            lot, at = origin.get(item["lot_id"]), made_at.get(item["lot_id"])
            age_s = (_instant(step["started_at"]) - _instant(at)).total_seconds() if at else None
            facts.append(
                {
                    "lot_id": item["lot_id"],
                    "job_order_id": step["job_order_id"],
                    "age_s": age_s,
                    "reason": None if at else "when it was mixed is not in the record",
                    "evidence": step["evidence"] + (lot["evidence"] if lot else []),
                }
            )
    return facts


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
