"""The device history of a cell: one document from raw lots to grade, each fact with its event."""

from collections.abc import Collection, Sequence
from datetime import datetime

from services.trace import historyjudgements as judgements
from services.trace import historysteps as steps
from services.trace.openpoints import open_points
from services.trace.told import Fact, SealShown, Told, fact, newest, of_kind

FORMAT = "halite device history 1"
HANDLED = frozenset(
    {
        *steps.STEP_KINDS,
        *steps.RUN_KINDS,
        *steps.MACHINE_KINDS,
        "material_lot_registered",
        "spectrum_measured",
        "cycling_ended",
        "disposition_decided",
        "time_limit_changed",
        "exposure_evaluated",
        "lot_held",
        "lot_hold_released",
        "nonconformance_raised",
        "nonconformance_changed",
        "waiver_changed",
        "record_signed",
        "lots_recalled",
        "recall_ended",
        "cell_graded",
        "cell_completed",
        "control_chart_signalled",
        "thermocouple_drift_found",
        "work_request_accepted",
        "work_request_ended",
    }
)


def device_history(
    lot_id: str,
    site: str,
    asked_at: datetime,
    lot_ids: Collection[str],
    told: Sequence[Told],
    witnesses: Sequence[Told],
    seals: Sequence[SealShown],
) -> Fact:
    """Return the whole life of a cell, or of any lot, as far as its events tell it.

    lot_ids: the cell, all it was made of, and the lots that those are members of. told: their
    events in plant time; witnesses: those of the witness cells beside it. seals: those over them.
    """
    lots = steps.lots_of(told, lot_ids)
    taken = steps.steps_of(told, lot_ids)
    document: Fact = {
        "lot_id": lot_id,
        "site": site,
        "asked_at": asked_at.isoformat(),
        "identity": _identity(lot_id, told),
        "lot_ids": sorted(lot_ids),
        "lots": lots,
        "genealogy": steps.genealogy_of(told, lot_ids),
        "steps": taken,
        "rework": [_rework(step) for step in taken if step["attempt"] > 1],
        "measurements": steps.measurements_of(told, lot_ids),
        "spectra": steps.spectra_of(told),
        "cyclings": steps.cyclings_of(told),
        "glue_ages": steps.glue_ages(taken, lots),
        "gates": judgements.gates_of(told, lot_ids),
        "time_limits": judgements.time_limits_of(told),
        "exposures": judgements.exposure_of(told),
        "holds": judgements.holds_of(told),
        "nonconformances": judgements.nonconformances_of(told, lot_ids),
        "waivers": judgements.waivers_of(told, lot_ids),
        "signatures": judgements.signatures_of(told),
        "recalls": judgements.recalls_of(told, lot_ids),
        "signals": judgements.signals_of(told),
        "witnesses": witnesses_of(witnesses),
        "grades": judgements.grades_of(told, lot_id),
        "completed": _completed(told, lot_id),
        "others": _others(told),
        "record": _record([*told, *witnesses], seals),
    }
    document["open_points"] = open_points(document)
    return document


def _identity(lot_id: str, told: Sequence[Told]) -> Fact:
    """Return what the cell is and for whom it was made; None where nothing says so."""
    own = [one for one in told if one.data.get("lot_id") == lot_id]
    product = newest([one for one in own if one.data.get("product_id")])
    registered = newest(of_kind(own, "material_lot_registered"))
    requests = {one.data.get("work_request_id") for one in own} - {None}
    accepted = [
        one
        for one in of_kind(told, "work_request_accepted")
        if one.data["work_request_id"] in requests
    ]
    names = ("work_request_id", "work_schedule_id", "order_number", "due_at")
    order = accepted[-1].picked(*names) if accepted else dict.fromkeys(names)
    known = [one for one in (product, registered, *accepted[-1:]) if one is not None]
    return fact(
        *known,
        product_id=product.data["product_id"] if product else None,
        material_definition_id=(registered.data["material_definition_id"] if registered else None),
        registered_at=registered.time.isoformat() if registered else None,
        **order,
    )


def _rework(step: Fact) -> Fact:
    names = ("operation", "lot_id", "job_order_id", "attempt", "started_at", "evidence")
    return {name: step[name] for name in names}


def witnesses_of(told: Sequence[Told]) -> list[Fact]:
    """Return each witness cell with its tests and what gates decided over it."""
    said: dict[str, list[Told]] = {}
    for one in told:
        if one.data.get("lot_id"):
            said.setdefault(one.data["lot_id"], []).append(one)
    tested = {lot_id: of_kind(own, "cycling_ended") for lot_id, own in said.items()}
    return [
        fact(
            *tested[lot_id],
            lot_id=lot_id,
            cyclings=steps.cyclings_of(said[lot_id]),
            gates=judgements.gates_of(said[lot_id], {lot_id}),
            made_of=sorted(
                {
                    edge["from"]
                    for edge in steps.genealogy_of(said[lot_id], _named(said[lot_id]))
                    if edge["to"] == lot_id
                }
            ),
        )
        for lot_id in sorted(said)
        if tested[lot_id]
    ]


def _named(told: Sequence[Told]) -> set[str]:
    return {item["lot_id"] for one in told for item in one.data.get("materials", [])}


def _completed(told: Sequence[Told], lot_id: str) -> Fact | None:
    one = newest([one for one in of_kind(told, "cell_completed") if one.subject == lot_id])
    return None if one is None else fact(one, completed_at=one.time.isoformat())


def _others(told: Sequence[Told]) -> list[Fact]:
    """Return what else names the lots, so that nothing told is passed over in silence."""
    return [
        fact(one, type=one.type, subject=one.subject, said_at=one.time.isoformat())
        for one in told
        if one.kind not in HANDLED
    ]


def _record(told: Sequence[Told], seals: Sequence[SealShown]) -> Fact:
    """Return how much of the record the document stands on, and the seals over it."""
    positions = {one.position for one in told}
    return {
        "event_count": len(positions),
        "last_position": max(positions, default=0),
        "unsealed_count": len({one.position for one in told if one.seal_position is None}),
        "seals": [
            {
                "position": seal.position,
                "root_sha256": seal.root_sha256,
                "sealed_at": seal.sealed_at.isoformat(),
                "key_id": seal.key_id,
                "signature": seal.signature,
            }
            for seal in seals
        ],
    }
