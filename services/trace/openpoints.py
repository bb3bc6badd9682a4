"""What is open in the life of a cell: missing, unknown, held, broken, not decided, not sealed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from services.trace.told import Fact

Kind = Literal["missing", "unknown", "held", "open", "broken", "unsealed"]


def open_points(document: Fact) -> list[Fact]:
    """Return each open point of a device history: its kind, what it is about, and in words."""
    points = [
        *_lots(document),
        *_steps(document),
        *_measured(document),
        *_judged(document),
        *_contained(document),
        *_ended(document),
        *_sealed(document),
    ]
    seen, once = set(), []
    for one in points:
        key = (one["kind"], one["about"], one["text"])
        if key not in seen:
            seen.add(key)
            once.append(one)
    return once


def _point(kind: Kind, about: str, text: str, source: Fact | None = None) -> Fact:
    evidence: list[Any] = list(source["evidence"]) if source else []
    return {"kind": kind, "about": about, "text": text, "evidence": evidence}


def _lots(document: Fact) -> Iterator[Fact]:
    known = {lot["lot_id"] for lot in document["lots"]}
    for lot_id in sorted(set(document["lot_ids"]) - known):
        yield _point("missing", lot_id, "nothing says what this lot is")
    made = {edge["to"] for edge in document["genealogy"]}
    for lot in document["lots"]:
        if lot["lot_id"] not in made and lot["origin"] != "received" and not lot["members"]:
            yield _point("missing", lot["lot_id"], "nothing says what it was made of", lot)
    for age in document["glue_ages"]:
        if age["age_s"] is None:
            yield _point("unknown", age["lot_id"], f"age at spraying: {age['reason']}", age)


def _steps(document: Fact) -> Iterator[Fact]:
    for step in document["steps"]:
        about = step["job_order_id"]
        if step["state"] == "aborted":
            continue  # what came of it is another step, or missing below
        if step["state"] != "ended":
            yield _point("open", about, f"the step {step['operation']} is {step['state']}", step)
            continue
        for name, what in (("equipment_id", "equipment"), ("recipe_id", "recipe")):
            if step[name] is None:
                yield _point("missing", about, f"the {what} of {step['operation']}", step)
        if step["is_by_station"] and step["software_version"] is None:
            where = step["equipment_id"] or step["operation"]
            yield _point("unknown", about, f"the software version of {where}", step)
        for deviation in step["deviations"]:
            yield _point("broken", about, f"{step['operation']}: {deviation}", step)


def _measured(document: Fact) -> Iterator[Fact]:
    for one in document["measurements"]:
        if one["value"] is None:
            why = one["reason"] or "no reason given"
            yield _point("unknown", one["lot_id"], f"{one['characteristic']}: {why}", one)
    for run in document["cyclings"]:
        if not run["protocol_matches"]:
            text = f"{run['operation']}: what ran is not the protocol {run['protocol_id']}"
            yield _point("broken", run["lot_id"], text, run)
    for witness in document["witnesses"]:
        if not any(gate["in_force"] for gate in witness["gates"]):
            text = f"witness {witness['lot_id']}: no gate has decided"
            yield _point("open", witness["lot_id"], text, witness)


def _judged(document: Fact) -> Iterator[Fact]:
    waived = {
        (waiver["gate"], lot_id)
        for waiver in document["waivers"]
        if waiver["state"] == "in_force"
        for lot_id in waiver["lot_ids"]
    }
    for gate in document["gates"]:
        if not gate["in_force"] or gate["disposition"] == "released":
            continue
        if (gate["gate"], gate["lot_id"]) in waived:
            continue
        kind: Kind = "unknown" if gate["value"] is None else "broken"
        text = f"gate {gate['gate']} says {gate['disposition']}: {gate['reason']}"
        yield _point(kind, gate["lot_id"], text, gate)
    for limit in document["time_limits"]:
        if limit["state"] != "met":
            kind = "broken" if limit["state"] == "broken" else "open"
            text = f"time limit {limit['name']} is {limit['state']}, limit {limit['limit_at']}"
            yield _point(kind, limit["lot_id"], text, limit)
    for one in document["exposures"]:
        if one["in_force"] and (one["state"] in ("over", "unknown") or one["is_open"]):
            kind = {"over": "broken", "unknown": "unknown"}.get(one["state"], "open")  # type: ignore[assignment]
            yield _point(kind, one["lot_id"], f"exposure is {one['state']}: {one['reason']}", one)


def _contained(document: Fact) -> Iterator[Fact]:
    for hold in document["holds"]:
        if hold["released_at"] is None:
            yield _point("held", hold["lot_id"], f"gate {hold['gate']}: {hold['reason']}", hold)
    for one in document["nonconformances"]:
        if one["lot_ids"] and one["state"] != "closed":
            text = f"nonconformance {one['nonconformance_id']} is {one['state']}"
            yield _point("open", ", ".join(one["lot_ids"]), text, one)
    now = datetime.fromisoformat(document["asked_at"])
    for waiver in document["waivers"]:
        about = ", ".join(waiver["lot_ids"])
        if waiver["state"] == "proposed":
            yield _point("open", about, f"waiver {waiver['waiver_id']} is only proposed", waiver)
        if waiver["state"] == "in_force" and datetime.fromisoformat(waiver["expires_at"]) < now:
            text = f"waiver {waiver['waiver_id']} expired at {waiver['expires_at']}"
            yield _point("broken", about, text, waiver)
    for recall in document["recalls"]:
        if recall["ended_at"] is None:
            text = f"{recall['recall_id']}: {recall['reason']}"
            yield _point("held", ", ".join(recall["lot_ids"]), text, recall)


def _ended(document: Fact) -> Iterator[Fact]:
    lot_id = document["lot_id"]
    if not document["steps"]:
        yield _point("missing", lot_id, "no step of it is known")
    if not any(grade["in_force"] for grade in document["grades"]):
        yield _point("missing", lot_id, "it has no grade")
    if document["completed"] is None:
        yield _point("open", lot_id, "it is not completed: not every gate is behind it")


def _sealed(document: Fact) -> Iterator[Fact]:
    count = document["record"]["unsealed_count"]
    if count:
        yield _point("unsealed", document["lot_id"], f"{count} of its events are under no seal yet")
