"""What was judged of a cell and its parts: gates, limits, air, holds, deviations, signatures."""

from collections.abc import Collection, Sequence

from services.trace.told import Fact, Told, fact, of_kind

GATE = ("gate", "characteristic", "value", "unit", "low", "high", "disposition", "reason")


def gates_of(told: Sequence[Told], lot_ids: Collection[str]) -> list[Fact]:
    """Return every decision over one of the lots; the newest of a gate and lot is `in_force`.

    caused_by: id of the event that the gate judged.
    """
    facts: list[Fact] = []
    for one in of_kind(told, "disposition_decided"):
        whole = one.picked(*GATE, "lot_id", "specification_version", "evaluated_at")
        parts = [part for part in one.data.get("parts", []) if part["lot_id"] in lot_ids]
        shown = [whole | part for part in parts]
        if one.data["lot_id"] in lot_ids:
            shown.insert(0, whole)
        facts += [fact(one, caused_by=one.caused_by, **values) for values in shown]
    return _marked(facts, ("gate", "lot_id"))


def time_limits_of(told: Sequence[Told]) -> list[Fact]:
    """Return each window between two steps with its newest state."""
    names = ("lot_id", "time_limit_id", "name", "limit_kind", "from_event", "to_event")
    newest: dict[str, list[Told]] = {}
    for one in of_kind(told, "time_limit_changed"):
        newest.setdefault(one.data["time_limit_id"], []).append(one)
    return [
        fact(*said, **said[-1].picked(*names, "started_at", "limit_at", "state"))
        for said in newest.values()
    ]


def exposure_of(told: Sequence[Told]) -> list[Fact]:
    """Return what each lot was exposed to; the newest of a lot and reason's budget is in force."""
    names = ("lot_id", "state", "minutes", "budget_minutes", "dose_ppm_h", "budget_dose_ppm_h")
    facts = [
        fact(
            one,
            **one.picked(*names, "reason", "is_open", "limit_at"),
            evaluated_at=one.time.isoformat(),
            budget=(one.data.get("reason") or "").split(":")[0],
        )
        for one in of_kind(told, "exposure_evaluated")
    ]
    return _marked(facts, ("lot_id", "budget"))


def holds_of(told: Sequence[Told]) -> list[Fact]:
    """Return each hold of a lot with its end; `released_at` None while it lasts."""
    facts: list[Fact] = []
    lasting: dict[tuple[str, str], Fact] = {}
    for one in of_kind(told, "lot_held", "lot_hold_released"):
        key = (one.data["lot_id"], one.data["gate"])
        if one.kind == "lot_held" and key not in lasting:
            lasting[key] = fact(
                one,
                **one.picked("lot_id", "gate", "reason"),
                held_at=one.time.isoformat(),
                released_at=None,
                release_reason=None,
            )
            facts.append(lasting[key])
        elif one.kind == "lot_hold_released" and key in lasting:
            hold = lasting.pop(key)
            hold["released_at"] = one.time.isoformat()
            hold["release_reason"] = one.data["reason"]
            hold["evidence"].append(one.evidence())
    return facts


def nonconformances_of(told: Sequence[Told], lot_ids: Collection[str]) -> list[Fact]:
    """Return each nonconformance with its way; `lot_ids` are those of this life it concerns.

    One that concerns only siblings, of the same pellet lot say, has none.
    """
    said: dict[str, list[Told]] = {}
    for one in of_kind(told, "nonconformance_raised", "nonconformance_changed"):
        said.setdefault(one.data["nonconformance_id"], []).append(one)
    facts = []
    for nonconformance_id, way in said.items():
        concerned = {lot for one in way for lot in one.data["lot_ids"]}
        raised = of_kind(way, "nonconformance_raised")
        changed = of_kind(way, "nonconformance_changed")
        facts.append(
            fact(
                *way,
                nonconformance_id=nonconformance_id,
                description=raised[0].data["description"] if raised else None,
                equipment_id=raised[0].data["equipment_id"] if raised else None,
                lot_ids=sorted(concerned.intersection(lot_ids)),
                state=changed[-1].data["state"] if changed else "open",
                way=[one.picked("state", "person", "reason") for one in changed],
            )
        )
    return facts


def waivers_of(told: Sequence[Told], lot_ids: Collection[str]) -> list[Fact]:
    """Return each waiver over one of the lots with its newest state."""
    said: dict[str, list[Told]] = {}
    for one in of_kind(told, "waiver_changed"):
        said.setdefault(one.data["waiver_id"], []).append(one)
    names = ("waiver_id", "state", "gate", "characteristic", "reason", "expires_at", "person")
    return [
        fact(
            *way,
            **way[-1].picked(*names),
            lot_ids=sorted(set(way[-1].data["lot_ids"]).intersection(lot_ids)),
        )
        for way in said.values()
    ]


def signatures_of(told: Sequence[Told]) -> list[Fact]:
    """Return what persons signed; `record_sha256` is the hash of what each saw."""
    names = ("lot_id", "record_kind", "record_id", "record_sha256", "purpose", "person")
    more = ("printed_name", "role", "meaning", "signed_at", "authentication")
    return [fact(one, **one.picked(*names, *more)) for one in of_kind(told, "record_signed")]


def recalls_of(told: Sequence[Told], lot_ids: Collection[str]) -> list[Fact]:
    """Return each recall of one of the lots; `ended_at` None while it lasts."""
    said: dict[str, list[Told]] = {}
    for one in of_kind(told, "lots_recalled", "recall_ended"):
        said.setdefault(one.data["recall_id"], []).append(one)
    facts = []
    for recall_id, way in said.items():
        ordered, ended = of_kind(way, "lots_recalled"), of_kind(way, "recall_ended")
        named = {lot for one in ordered for lot in one.data["lot_ids"]}
        values = (ordered or ended)[0].picked("node_kind", "node_id", "person", "reason")
        facts.append(
            fact(
                *way,
                recall_id=recall_id,
                **values,
                lot_ids=sorted(named.intersection(lot_ids)),
                recalled_at=(ordered or ended)[0].time.isoformat(),
                ended_at=ended[-1].time.isoformat() if ended else None,
                ended_by=ended[-1].data["person"] if ended else None,
            )
        )
    return facts


def grades_of(told: Sequence[Told], lot_id: str) -> list[Fact]:
    """Return every grading of a cell; the newest is in force."""
    names = ("grade", "discharge_capacity_mah", "coulombic_efficiency_ratio", "reasons")
    facts = [
        fact(
            one,
            lot_id=lot_id,
            **one.picked(*names, "grading_version", "person"),
            graded_at=one.time.isoformat(),
        )
        for one in of_kind(told, "cell_graded")
        if one.data["lot_id"] == lot_id
    ]
    return _marked(facts, ("lot_id",))


def signals_of(told: Sequence[Told]) -> list[Fact]:
    """Return what control charts and thermocouples said of the lots."""
    facts = []
    for one in of_kind(told, "control_chart_signalled", "thermocouple_drift_found"):
        values = {name: value for name, value in one.data.items() if name != "lot_ids"}
        facts.append(fact(one, kind=one.kind, said_at=one.time.isoformat(), says=values))
    return facts


def _marked(facts: list[Fact], names: Sequence[str]) -> list[Fact]:
    """Say of each fact whether a later one of the same names took its place."""
    newest = {tuple(one[name] for name in names): one for one in facts}
    for one in facts:
        one["in_force"] = one is newest[tuple(one[name] for name in names)]
    return facts
