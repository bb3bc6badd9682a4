"""What became of the faces of an ended order: judged by recipe and trace, cured, said where bad."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.spray import domain, sprayband
from services.spray.cure import CureModel
from services.spray.domain import CoatedFace
from services.spray.store import Start
from services.spray.tracejudge import TraceVerdict
from services.spray.tracestore import FaceKey
from shared.events import LotHeld, NonconformanceRaised
from shared.recipes import MasterRecipe
from shared.stationorder import StationOrder
from shared.stations import JobAnswer

GATE = "station"  # a person ends such a hold at execution
RECIPE = "recipe"
NO_TRACE = TraceVerdict(
    state="unknown", codes=("unknown",), reason="no trace of the face was kept; measure it"
)


def judged_faces(
    recipe: MasterRecipe,
    model: CureModel | None,
    lot_ids: Sequence[str],
    answer: JobAnswer,
    verdicts: Mapping[FaceKey, TraceVerdict] | None,
    start: Start | None = None,
) -> list[CoatedFace]:
    """Return the faces of an answer with what was not as it must be, and the rate of their cure.

    verdicts: over their traces, None where the station needs none. start: has the air that they
    cure in, None where it was not kept.

    Raises:
        StationFaultError: an array is not two entries per part long.
    """
    count = 2 * len(lot_ids)
    angle, film, arcs, *judged = (
        domain.face_figures(answer, name, count)
        for name in ("contact_angle_deg", "film_um", "arc_count", *sprayband.JUDGED)
    )
    faces = domain.coated_faces(lot_ids, angle, film, arcs)
    figures = dict(zip(sprayband.JUDGED, judged, strict=True))
    found = sprayband.deviations(recipe, figures, count)
    whole = all(len(values) == count for values in figures.values())
    done = []
    for index, face in enumerate(faces):
        own = {name: values[index] if whole else math.nan for name, values in figures.items()}
        done.append(_with_cure(_with_verdict(face, found[index], verdicts), model, own, start))
    return done


def _with_verdict(
    face: CoatedFace, found: Mapping[str, str], verdicts: Mapping[FaceKey, TraceVerdict] | None
) -> CoatedFace:
    reasons, codes = list(found.values()), list(found)
    if verdicts is None:
        return replace(face, deviation="; ".join(reasons) or None, codes=tuple(codes))
    verdict = verdicts.get((face.lot_id, face.face), NO_TRACE)
    if verdict.reason is not None:
        reasons.append(verdict.reason)
    return replace(
        face,
        deviation="; ".join(reasons) or None,
        codes=tuple(dict.fromkeys([*codes, *verdict.codes])),
        trace_state=verdict.state,
        trace_arc_count=verdict.arc_count,
    )


def _with_cure(
    face: CoatedFace, model: CureModel | None, own: Mapping[str, float], start: Start | None
) -> CoatedFace:
    if start is not None:
        face = replace(
            face, cure_water_ppm=start.water_ppm, cure_temperature_degc=start.temperature_degc
        )
    needle_v, substrate_v = own["needle_voltage_v"], own["substrate_voltage_v"]
    distance_mm = own["distance_mm"]
    if model is None or not math.isfinite(needle_v - substrate_v) or not distance_mm > 0:
        return face
    voltage_v, degc = model.field_v(needle_v, substrate_v), face.cure_temperature_degc
    rate = model.rate_in(voltage_v, distance_mm, degc, face.cure_water_ppm)
    return replace(face, cure_rate_per_min=rate)


def other_recipe(faces: Sequence[CoatedFace], differences: Sequence[str]) -> list[CoatedFace]:
    """Return faces that were sprayed by another recipe than the one that was ordered."""
    if not differences:
        return list(faces)
    reason = "the station's recipe at the end is not the one ordered: " + "; ".join(differences)
    return [
        replace(
            face,
            deviation="; ".join(filter(None, (reason, face.deviation))),
            codes=(RECIPE, *face.codes),
        )
        for face in faces
    ]


def raised(
    order: StationOrder, work_request_id: str, faces: Sequence[CoatedFace]
) -> list[NonconformanceRaised | LotHeld]:
    """Return the nonconformances of a job, and one hold for each pellet with a bad face.

    Faces with the same findings are one nonconformance, which names exactly these faces: a cause
    at the nozzle is one thing to deal with, however many pellets it struck.
    """
    bad = [face for face in faces if face.deviation is not None]
    groups: dict[tuple[str, ...], list[CoatedFace]] = {}
    held: dict[str, list[str]] = {}
    for face in bad:
        groups.setdefault(face.codes, []).append(face)
        held.setdefault(face.lot_id, []).append(f"face {face.face}: {face.deviation}")
    events: list[NonconformanceRaised | LotHeld] = [
        _nonconformance(order, number, group)
        for number, group in enumerate(groups.values(), start=1)
    ]
    events += [
        LotHeld(lot_id=lot_id, work_request_id=work_request_id, gate=GATE, reason="; ".join(why))
        for lot_id, why in held.items()
    ]
    return events


def _nonconformance(
    order: StationOrder, number: int, group: Sequence[CoatedFace]
) -> NonconformanceRaised:
    first, names = group[0], [f"{face.lot_id} {face.face}" for face in group]
    what = f"face {first.face} of {first.lot_id}: {first.deviation}"
    if len(group) > 1:
        what += f"; the same ({', '.join(first.codes)}) on {len(group)} faces: {', '.join(names)}"
    return NonconformanceRaised(
        lot_id=first.lot_id,
        nonconformance_id=f"NC-spray-{order.station_order_id}-{number}",
        equipment_id=order.equipment_id,
        description=what,
        lot_ids=tuple(dict.fromkeys(face.lot_id for face in group)),
    )
