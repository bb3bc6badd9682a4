"""The gauge: thickness, size, mass and roughness of pellets, one after the other."""

import math
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
    Run,
    done_count,
    floats,
)
from simulators.world import draw

THICKNESS_SD_UM, DIAMETER_SD_MM, MASS_SD_G = 0.3, 0.008, 0.0002
ROUGHNESS_UM = 0.0487  # RMS, paper L209; a pellet's own lies some 12 % around it
ROUGHNESS_SPREAD_RATIO, ROUGHNESS_ERROR_RATIO = 0.12, 0.02


class Gauge(Machine):
    """A confocal thickness and roughness gauge with camera and balance."""

    kind = "gauge"
    model = "Confocal gauge CG-1"
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "part_duration_s": Parameter(lowest=0.1, highest=600.0)
    }
    signals = ("air_temperature_degc",)
    fault_names: ClassVar[Mapping[str, float]] = {"thickness_offset": 3.0, "noisy": 3.0}

    def begin(self, job: Job, started_at: datetime) -> Run:
        """Return the measuring run."""
        return GaugeRun(self, job, Moment(started_at=started_at))

    def idle_values(self, instant: datetime) -> Readings:
        """Return the air temperature of the room."""
        slow_degc = 22.0 + 0.6 * math.sin(instant.timestamp() / 14_000.0)
        return {"air_temperature_degc": self.noisy("air", instant, slow_degc, 0.05)}


@dataclass
class GaugeRun:
    """One list of pellets.

    Faults: `thickness_offset` = um shown too much, `noisy` = factor on the spread.
    """

    machine: Gauge
    job: Job
    moment: Moment

    @property
    def duration_s(self) -> float:
        """The ordered time for each part."""
        return self.job.number("part_duration_s") * len(self.job.worked())

    def values(self, elapsed_s: float) -> Readings:
        """Return the air temperature."""
        return self.machine.idle_values(self.moment.at(elapsed_s))

    def finish(self, elapsed_s: float) -> Outcome:
        """Return the readings of the parts measured so far."""
        parts, part_s = self.job.worked(), self.job.number("part_duration_s")
        faults = self.machine.faults()
        thickness_um, diameter_mm, mass_g, roughness_um = [], [], [], []
        for index, part in enumerate(parts[: done_count(elapsed_s, part_s, len(parts))]):
            pellet = self.machine.inherited(self.job, index)
            instant = self.moment.at((index + 0.5) * part_s)
            spread = faults.magnitude("noisy", instant) or 1.0
            offset_um = faults.magnitude("thickness_offset", instant) or 0.0
            rng = draw(self.machine.world.seed, part.lot_id, f"gauge {self.machine.name}")
            errors = rng.standard_normal(3) * spread
            true_mm = math.sqrt(4.0 * pellet.get("area_cm2", 0.0) / math.pi) * 10.0
            thickness_um.append(
                pellet.get("thickness_um", 0.0) + offset_um + THICKNESS_SD_UM * errors[0]
            )
            diameter_mm.append(true_mm + DIAMETER_SD_MM * errors[1])
            mass_g.append(pellet.get("mass_g", 0.0) + MASS_SD_G * errors[2])
            own = draw(self.machine.world.seed, part.lot_id, "roughness").standard_normal()
            error = ROUGHNESS_ERROR_RATIO * spread * rng.standard_normal()
            roughness_um.append(
                ROUGHNESS_UM * math.exp(ROUGHNESS_SPREAD_RATIO * own) * (1.0 + error)
            )
        return Outcome(
            response={
                "thickness_um": floats(thickness_um, 2),
                "diameter_mm": floats(diameter_mm, 3),
                "mass_g": floats(mass_g, 4),
                "roughness_um": floats(roughness_um, 4),
            }
        )
