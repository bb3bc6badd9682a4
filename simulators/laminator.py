"""The laminator: stacks foils, coated pellets and electrodes as ordered and presses them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from simulators.machine import (
    Job,
    Machine,
    Moment,
    Outcome,
    Parameter,
    Readings,
    RefusedError,
    Run,
)
from simulators.physics import stack
from simulators.physics.exposure import COATED_SHARE
from simulators.world import draw

LAYER_S, PICK_S = 4.0, 20.0
ROOM_DEGC = 24.0
ALIGNMENT_UM = 55.0
LEAST_PRESSURE_KPA = 5.0
TRACE_COUNT = 20  # samples of the force over the dwell


class Laminator(Machine):
    """A pick-and-place stacker with a heated press."""

    kind = "laminator"
    model = "Stacker SL-1"
    uses = ("Produced",)
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "force_n": Parameter(lowest=0.0, highest=20_000.0),
        "temperature_degc": Parameter(lowest=10.0, highest=97.0),
        "dwell_s": Parameter(lowest=0.0, highest=3600.0),
    }
    signals = ("force_n", "temperature_degc")
    fault_names: ClassVar[Mapping[str, float]] = {
        "misaligned": 600.0,
        "force_low": 0.2,
        "heater_weak": 15.0,
        "layer_lost": 1.0,
    }

    def check_more(self, job: Job) -> None:
        """Refuse anything but a stack that becomes one cell."""
        if len(job.used("Produced")) != 1:
            raise RefusedError("exactly one cell must be produced")
        if len(job.used("Consumed")) < 2:
            raise RefusedError("a stack needs at least two parts")

    def begin(self, job: Job, started_at: datetime) -> Run:
        """Return the stacking run."""
        return LaminatorRun(self, job, Moment(started_at=started_at))

    def idle_values(self, instant: datetime) -> Readings:
        """Return the readings of the open press."""
        return {
            "force_n": self.noisy("force", instant, 0.0, 0.3),
            "temperature_degc": self.noisy("plate", instant, ROOM_DEGC, 0.1),
        }


@dataclass
class LaminatorRun:
    """One cell.

    Faults: `misaligned` = um added to the worst layer, `force_low` = share of force reached,
    `heater_weak` = degC missing, `layer_lost` = how many of the last cathodes are not there.
    """

    machine: Laminator
    job: Job
    moment: Moment

    @property
    def _layers_s(self) -> float:
        pieces = sum(part.pieces() for part in self.job.used("Consumed"))
        return PICK_S + LAYER_S * pieces

    @property
    def duration_s(self) -> float:
        """Picking, four seconds a layer, then the dwell under force."""
        return self._layers_s + self.job.number("dwell_s")

    def _force_n(self, instant: datetime) -> float:
        share = self.machine.faults().magnitude("force_low", instant)
        target = self.job.number("force_n") * (1.0 if share is None else share)
        return self.machine.noisy("force", instant, target, 0.002 * target + 0.2)

    def _force_trace_n(self, elapsed_s: float) -> list[float]:
        """Return the force at equal steps of the dwell, as far as the run came."""
        step_s = self.job.number("dwell_s") / TRACE_COUNT
        passed = [self._layers_s + (index + 0.5) * step_s for index in range(TRACE_COUNT)]
        return [
            round(self._force_n(self.moment.at(at_s)), 2) for at_s in passed if at_s <= elapsed_s
        ]

    def _plate_degc(self, instant: datetime) -> float:
        missing = self.machine.faults().magnitude("heater_weak", instant) or 0.0
        target = max(ROOM_DEGC, self.job.number("temperature_degc") - missing)
        return self.machine.noisy("plate", instant, target, 0.15)

    def values(self, elapsed_s: float) -> Readings:
        """Return force and plate temperature."""
        instant = self.moment.at(elapsed_s)
        pressing = elapsed_s >= self._layers_s
        return {
            "force_n": self._force_n(instant) if pressing else 0.0,
            "temperature_degc": self._plate_degc(instant),
        }

    def finish(self, elapsed_s: float) -> Outcome:
        """Return the cell; a stack that was not finished is no cell."""
        product, machine = self.job.used("Produced")[0], self.machine
        end = self.moment.at(elapsed_s)
        faults = machine.faults()
        lost = int(faults.magnitude("layer_lost", end) or 0.0)
        parts, sprayed = stack.Parts(), [end]
        for part in self.job.used("Consumed"):
            entry = machine.entry(part)
            for _piece in range(part.pieces()):
                parts.add(entry)
            if "sprayed_at" in entry:
                sprayed.append(datetime.fromisoformat(entry["sprayed_at"]))
        if lost:
            parts.cathodes = parts.cathodes[:-lost] or parts.cathodes
        rng = draw(machine.world.seed, product.lot_id, "stack")
        layers = rng.rayleigh(ALIGNMENT_UM, max(1, parts.count))
        alignment_um = float(layers.max()) + (faults.magnitude("misaligned", end) or 0.0)
        force_n, area_cm2 = self._force_n(end), stack.face_area_cm2(parts)
        offsets_um = [round(float(offset), 1) for offset in layers]
        offsets_um[int(layers.argmax())] = round(alignment_um, 1)
        response: dict[str, float | list[float]] = {
            "force_n": round(force_n, 2),
            "temperature_degc": round(self._plate_degc(end), 2),
            "alignment_um": round(alignment_um, 1),
            "layer_count": float(parts.count - lost),
            "force_trace_n": self._force_trace_n(elapsed_s),
            "layer_offset_um": offsets_um,
        }
        if elapsed_s < self.duration_s - 0.5:
            return Outcome(response=dict(response))
        pressure_kpa = max(0.05, force_n / area_cm2 * 10.0)
        cell = stack.cell(
            rng,
            product.definition_id,
            parts,
            exposure_ppm_h=machine.room.dose_ppm_h(min(sprayed), end) * COATED_SHARE
            + machine.room.dose_ppm_h(self.moment.started_at, end),
            pressed_factor=max(1.0, (LEAST_PRESSURE_KPA / pressure_kpa) ** 0.3),
            area_factor=max(0.5, 1.0 - max(0.0, alignment_um - 300.0) / 1e4),
        )
        cell["assembled_at"] = end.isoformat()
        return Outcome(response=dict(response), effects={product.lot_id: cell})
