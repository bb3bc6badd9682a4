"""Rules of a spray job: which job order goes next, and what its faces show."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.errors import InvalidInputError, OutOfLimitsError, StationFaultError
from shared.events import JobOrderReleased
from shared.facts import Material, TestResult
from shared.stations import JobAnswer, ParameterValue

Face = Literal["a", "b"]
FACES: tuple[Face, Face] = ("a", "b")


@dataclass(frozen=True, kw_only=True)
class CoatedFace:
    """One sprayed face of one pellet, as the station measured it; None is unknown.

    deviation: what was not as it must be, and why; codes: the same in words that rules can name.
    trace_state: None where the station needs no trace. cure_…: the air its cure is predicted in.
    """

    lot_id: str
    face: Face
    contact_angle_deg: float | None
    film_um: float | None
    arc_count: int | None
    deviation: str | None = None
    codes: tuple[str, ...] = ()
    trace_state: Literal["within", "outside", "unknown"] | None = None
    trace_arc_count: int | None = None
    cure_rate_per_min: float | None = None
    cure_water_ppm: float | None = None
    cure_temperature_degc: float | None = None


def of_face(parameters: Mapping[str, ParameterValue], name: str, face: Face) -> float:
    """Return what is ordered for a face: `face_b_…` for face b where the recipe has it.

    NaN where it is not ordered at all.
    """
    value = parameters.get(f"face_b_{name}") if face == "b" else None
    if value is None:
        value = parameters.get(name)
    return value if isinstance(value, float) else math.nan


def face_figures(answer: JobAnswer, name: str, count: int) -> tuple[float, ...]:
    """Return the figures of `count` faces; those an aborted job did not come to are NaN."""
    values = answer.numbers(name)
    if answer.state == "aborted":
        values += (math.nan,) * max(0, count - len(values))
    return values


def check_tray(job_order: JobOrderReleased, capacity_parts: int | None) -> None:
    """Refuse a job order with more pellets than a tray holds.

    Raises:
        OutOfLimitsError: names the count and the limit.
    """
    count = len(pellets(job_order))
    if capacity_parts is not None and count > capacity_parts:
        raise OutOfLimitsError(
            f"{job_order.job_order_id}: {count} pellets are above the tray's limit {capacity_parts}"
        )


def pellets(job_order: JobOrderReleased) -> tuple[Material, ...]:
    """Return the parts to be sprayed, in the order of the tray.

    Raises:
        InvalidInputError: the job order names no part or no glue.
    """
    parts = tuple(item for item in job_order.materials if item.use == "processed")
    if not parts:
        raise InvalidInputError(f"{job_order.job_order_id}: no pellets to spray")
    if not any(item.use == "consumed" for item in job_order.materials):
        raise InvalidInputError(f"{job_order.job_order_id}: no glue")
    return parts


def coated_faces(
    lot_ids: Sequence[str],
    contact_angle_deg: Sequence[float],
    film_um: Sequence[float],
    arc_count: Sequence[float],
) -> list[CoatedFace]:
    """Pair the station's arrays, two entries per part (face a, face b), with the parts.

    Raises:
        StationFaultError: an array is not two entries per part long.
    """
    wanted = 2 * len(lot_ids)
    arrays = {"contact_angle_deg": contact_angle_deg, "film_um": film_um, "arc_count": arc_count}
    for name, values in arrays.items():
        if len(values) != wanted:
            raise StationFaultError(f"{name} has {len(values)} entries, expected {wanted}")
    return [
        CoatedFace(
            lot_id=lot_ids[index // 2],
            face=FACES[index % 2],
            contact_angle_deg=_finite(contact_angle_deg[index]),
            film_um=_finite(film_um[index]),
            arc_count=_whole(arc_count[index]),
        )
        for index in range(wanted)
    ]


def worst_results(faces: Sequence[CoatedFace]) -> list[TestResult]:
    """Return per pellet the worse of its two faces; an unknown face makes the pellet unknown."""
    results = []
    for lot_id in dict.fromkeys(face.lot_id for face in faces):
        own = [face for face in faces if face.lot_id == lot_id]
        angles = [face.contact_angle_deg for face in own]
        films = [face.film_um for face in own]
        arcs = [None if face.arc_count is None else float(face.arc_count) for face in own]
        results += [
            _result(lot_id, "contact_angle_deg", "°", _worst(angles, max)),
            _result(lot_id, "film_um", "µm", _worst(films, min)),
            _result(lot_id, "arc_count", "1", _worst(arcs, max)),
        ]
        results += [_trace_result(face) for face in own if face.trace_state is not None]
    return results


def _trace_result(face: CoatedFace) -> TestResult:
    return TestResult(
        lot_id=face.lot_id,
        characteristic=f"face_{face.face}_trace",
        value=face.trace_state if face.trace_state != "unknown" else None,
        unit="",
        reason=face.deviation,
    )


def _worst(values: Sequence[float | None], pick: Callable[[list[float]], float]) -> float | None:
    known = [value for value in values if value is not None]
    return pick(known) if len(known) == len(values) else None


def _result(lot_id: str, characteristic: str, unit: str, value: float | None) -> TestResult:
    return TestResult(
        lot_id=lot_id,
        characteristic=characteristic,
        value=value,
        unit=unit,
        reason=None if value is not None else "a face was not measured",
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _whole(value: float) -> int | None:
    return round(value) if math.isfinite(value) else None
