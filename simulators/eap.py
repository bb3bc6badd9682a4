"""The EAP station: sprays charged glue on both faces of pellets, where the field cures it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from simulators.machine import (
    Job,
    Machine,
    Moment,
    Outcome,
    Parameter,
    Part,
    Readings,
    Recorded,
    RefusedError,
    Run,
    done_count,
    floats,
)
from simulators.physics import cure, spray, spraytrace
from simulators.physics.exposure import excess_ppm
from simulators.world import draw

HANDLING_S, SETTLE_S = 6.0, 2.0
COIN_AREA_CM2 = 5.0
COIN_DEFECT_RATIO, POUCH_DEFECT_RATIO = 0.015, 0.002
FACES = ("a", "b")
_PER_FACE: Mapping[str, Parameter] = {
    "needle_voltage_v": Parameter(lowest=0.0, highest=25_000.0),
    "substrate_voltage_v": Parameter(lowest=-6000.0, highest=6000.0),
    "distance_mm": Parameter(lowest=20.0, highest=300.0),
    "flow_ml_per_min": Parameter(lowest=0.001, highest=5.0),
    "spray_time_s": Parameter(lowest=0.1, highest=120.0),
}


class Eap(Machine):
    """An electrospray head over a biased vacuum chuck."""

    kind = "eap"
    pauses = False
    model = "Electrospray cell ES-2"
    keeps_traces = True
    parameters: ClassVar[Mapping[str, Parameter]] = {
        **_PER_FACE,
        **{f"face_b_{name}": replace(one, required=False) for name, one in _PER_FACE.items()},
        "chuck_vacuum_kpa": Parameter(lowest=-101.0, highest=101.0),
        "area_cm2": Parameter(lowest=0.1, highest=200.0),
    }
    signals = (
        "needle_voltage_v",
        "substrate_voltage_v",
        "chuck_vacuum_kpa",
        "dew_point_degc",
        "air_temperature_degc",
    )
    fault_names: ClassVar[Mapping[str, float]] = {
        "needle_clogged": 0.2,
        "arcing": 4.0,
        "substrate_voltage_lost": 1.0,
        "distance_off": 60.0,
        "vacuum_lost": 1.0,
        "trace_lost": 1.0,
        "hygrometer_dead": 1.0,
    }

    def check_more(self, job: Job) -> None:
        """Refuse a job without glue."""
        if not job.used("Consumed"):
            raise RefusedError("no glue is consumed")

    def begin(self, job: Job, started_at: datetime) -> Run:
        """Return the spraying run."""
        return EapRun(self, job, Moment(started_at=started_at))

    def recorded(self, job: Job, started_at: datetime, part: int, face: str) -> Recorded | None:
        """Return the head's recorder's trace of one face, sampled at 1 kHz."""
        if not 1 <= part <= len(job.worked()) or face not in FACES:
            return None
        run = EapRun(self, job, Moment(started_at=started_at))
        return run.recorded(part - 1, FACES.index(face))

    def idle_values(self, instant: datetime) -> Readings:
        """Return the readings of the idle head in the dry room's air."""
        dew_degc = self.room.dew_point_degc(instant) + 0.3
        dead = self.faults().acts("hygrometer_dead", instant)
        return {
            "needle_voltage_v": self.noisy("needle", instant, 0.0, 2.0),
            "substrate_voltage_v": self.noisy("substrate", instant, 0.0, 1.0),
            "chuck_vacuum_kpa": self.noisy("vacuum", instant, 0.0, 0.05),
            "dew_point_degc": None if dead else self.noisy("dew", instant, dew_degc, 0.1),
            "air_temperature_degc": self.noisy("air", instant, 22.0, 0.05),
        }

    def loaded_values(self, job: Job, instant: datetime) -> Readings:
        """Return the vacuum of the chuck, which holds the parts before the start."""
        return {"chuck_vacuum_kpa": self.vacuum_kpa(job, instant)}

    def vacuum_kpa(self, job: Job, instant: datetime) -> float:
        """Return the chuck's reading below a job's parts."""
        lost = self.faults().acts("vacuum_lost", instant)
        target = 0.0 if lost else job.number("chuck_vacuum_kpa")
        return self.noisy("vacuum", instant, target, 0.2)


@dataclass(frozen=True, kw_only=True)
class Face:
    """What one face got, as the station's own sensors saw it and as it is."""

    needle_v: float
    substrate_v: float
    distance_mm: float
    flow_ml_per_min: float
    flow_ratio: float
    spray_s: float
    arcs: int
    angle_deg: float
    film_um: float
    coverage: float
    cure_per_min: float
    glue_ul: float


@dataclass
class EapRun:
    """One tray of pellets, part after part, face a then face b.

    Faults: `needle_clogged` = share of flow left, `arcing` = arcs per face, `distance_off` = mm too
    far, `substrate_voltage_lost`, `vacuum_lost`. Rare natural ones strike a face by its lot id.
    """

    machine: Eap
    job: Job
    moment: Moment

    def _of_face(self, name: str, side: int) -> float:
        """Return what is ordered for a face; face b is as face a unless it has its own."""
        both = self.job.number(name)
        return self.job.number(f"face_b_{name}", both) if side else both

    def _face_s(self, side: int) -> float:
        return self._of_face("spray_time_s", side) + SETTLE_S

    @property
    def _faces_s(self) -> float:
        return self._face_s(0) + self._face_s(1)

    @property
    def _part_s(self) -> float:
        return self._faces_s + HANDLING_S

    @property
    def duration_s(self) -> float:
        """Both faces and handling of every part."""
        return self._part_s * len(self.job.worked())

    def values(self, elapsed_s: float) -> Readings:
        """Return voltages, vacuum and dew point."""
        parts, instant = self.job.worked(), self.moment.at(elapsed_s)
        index = min(len(parts) - 1, int(elapsed_s / self._part_s))
        within_s = elapsed_s - index * self._part_s
        side = 0 if within_s < self._face_s(0) else 1
        face = self._face(parts[index], index, side)
        readings = self.machine.idle_values(instant)
        readings["chuck_vacuum_kpa"] = self.machine.vacuum_kpa(self.job, instant)
        if within_s < self._faces_s:
            needle, substrate = face.needle_v, face.substrate_v
            readings["needle_voltage_v"] = self.machine.noisy("needle", instant, needle, 8.0)
            readings["substrate_voltage_v"] = self.machine.noisy(
                "substrate", instant, substrate, 3.0
            )
        return readings

    def finish(self, elapsed_s: float) -> Outcome:
        """Return the parts sprayed so far; glue in the response is what left the head."""
        parts = self.job.worked()
        count = done_count(elapsed_s, self._part_s, len(parts))
        effects: dict[str, dict[str, Any]] = {}
        faces: list[Face] = []
        for index, part in enumerate(parts[:count]):
            both = [self._face(part, index, side) for side in (0, 1)]
            faces += both
            effects[part.lot_id] = self._coated(part, index, both)
        return Outcome(
            response={
                "needle_voltage_v": floats([face.needle_v for face in faces], 1),
                "substrate_voltage_v": floats([face.substrate_v for face in faces], 1),
                "distance_mm": floats([face.distance_mm for face in faces], 2),
                "flow_ml_per_min": floats([face.flow_ml_per_min for face in faces], 5),
                "spray_time_s": floats([face.spray_s for face in faces], 3),
                "arc_count": floats([face.arcs for face in faces], 0),
                "contact_angle_deg": floats([face.angle_deg for face in faces], 2),
                "film_um": floats([face.film_um for face in faces], 3),
                "chuck_vacuum_kpa": round(
                    self.machine.vacuum_kpa(self.job, self.moment.at(elapsed_s / 2.0)), 2
                ),
                "glue_ul": round(sum(face.glue_ul for face in faces), 2),
            },
            effects=effects,
        )

    def _coated(self, part: Part, index: int, faces: list[Face]) -> dict[str, Any]:
        entry = self.machine.inherited(self.job, index)
        consumed = self.job.used("Consumed")
        glue = next((lot for lot in consumed if "glue" in lot.definition_id), consumed[0])
        sprayed_at = self.moment.at(index * self._part_s + self._faces_s)
        return entry | {
            "definition_id": part.definition_id,
            "contact_angle_deg": [face.angle_deg for face in faces],
            "film_um": [face.film_um for face in faces],
            "coverage_ratio": [face.coverage for face in faces],
            "cure_rate_per_min": [face.cure_per_min for face in faces],
            "face_asr_ohm_cm2": [
                spray.face_asr_ohm_cm2(face.angle_deg, face.film_um, face.coverage)
                for face in faces
            ],
            "sprayed_at": sprayed_at.isoformat(),
            "glue_definition_id": glue.definition_id,
        }

    def _natural(self, part: Part, side: int) -> str | None:
        coin = self.job.number("area_cm2") < COIN_AREA_CM2
        rng = draw(self.machine.world.seed, part.lot_id, f"defect {FACES[side]}")
        if rng.random() >= (COIN_DEFECT_RATIO if coin else POUCH_DEFECT_RATIO):
            return None
        return str(rng.choice(["needle_clogged", "substrate_voltage_lost"]))

    def recorded(self, index: int, side: int) -> Recorded:
        """Return the trace of one face; what it settles at is what the response says of it."""
        part = self.job.worked()[index]
        face = self._face(part, index, side)
        at = self.moment.at(index * self._part_s + side * self._face_s(0))
        lost = self.machine.faults().acts("vacuum_lost", at)
        settled = spraytrace.Settled(
            needle_v=face.needle_v,
            substrate_v=face.substrate_v,
            flow_ml_per_min=face.flow_ml_per_min,
            flow_ratio=face.flow_ratio,
            distance_mm=face.distance_mm,
            vacuum_kpa=0.0 if lost else self.job.number("chuck_vacuum_kpa"),
            spray_s=face.spray_s,
            arcs=face.arcs,
        )
        rng = draw(self.machine.world.seed, part.lot_id, f"trace {FACES[side]}")
        return Recorded(
            started_at=at,
            interval_s=1.0 / spraytrace.RATE_HZ,
            signals=spraytrace.SIGNALS,
            scale=spraytrace.SCALE,
            offset=(0.0,) * len(spraytrace.SIGNALS),
            counts=spraytrace.counts(settled, rng),
        )

    def _face(self, part: Part, index: int, side: int) -> Face:
        faults = self.machine.faults()
        middle_s = side * self._face_s(0) + 0.5 * self._face_s(side)
        instant = self.moment.at(index * self._part_s + middle_s)
        natural = self._natural(part, side)
        rng = draw(self.machine.world.seed, part.lot_id, f"spray {FACES[side]}")
        noise = rng.standard_normal(6)
        flow = self._of_face("flow_ml_per_min", side) * (1.0 + 0.01 * noise[0])
        clogged = faults.magnitude("needle_clogged", instant)
        if natural == "needle_clogged":
            clogged = float(rng.uniform(0.05, 0.35))
        flow *= 1.0 if clogged is None else clogged
        arcs = int(rng.poisson(0.02) + (faults.magnitude("arcing", instant) or 0.0))
        needle_v = (
            self._of_face("needle_voltage_v", side) * (1.0 - 0.06 * min(arcs, 8)) + 15.0 * noise[1]
        )
        lost = natural == "substrate_voltage_lost"
        lost = lost or faults.acts("substrate_voltage_lost", instant)
        substrate_v = (0.0 if lost else self._of_face("substrate_voltage_v", side)) + 4.0 * noise[2]
        distance_mm = self._of_face("distance_mm", side) + 0.2 * noise[3]
        distance_mm += faults.magnitude("distance_off", instant) or 0.0
        spray_s = self._of_face("spray_time_s", side) + 0.005 * noise[4]
        area_cm2 = self.job.number("area_cm2")
        glue_ul = spray.volume_ul(flow, spray_s, spray.needle_count(area_cm2))
        voltage_v = spray.field_voltage_v(needle_v, substrate_v)
        angle_deg = max(4.0, spray.contact_angle_deg(voltage_v) + 0.5 * noise[5])
        coverage = spray.coverage_ratio(
            glue_ul * spray.transfer_ratio(distance_mm) / spray.TRANSFER_RATIO, area_cm2, angle_deg
        )
        if faults.acts("vacuum_lost", instant):
            coverage *= 0.7
        moisture = 1.0 / (1.0 + excess_ppm(self.machine.room.dew_point_degc(instant)) / 2000.0)
        return Face(
            needle_v=float(needle_v),
            substrate_v=float(substrate_v),
            distance_mm=float(distance_mm),
            flow_ml_per_min=float(flow),
            flow_ratio=1.0 if clogged is None else clogged,
            spray_s=float(spray_s),
            arcs=arcs,
            angle_deg=float(angle_deg),
            film_um=float(spray.film_um(glue_ul, area_cm2, distance_mm)),
            coverage=float(coverage),
            cure_per_min=cure.rate_per_min(voltage_v, float(distance_mm), moisture),
            glue_ul=float(glue_ul),
        )
