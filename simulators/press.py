"""The isostatic press: makes green pellets of a powder lot."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
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
    RefusedError,
    Run,
    done_count,
    floats,
)
from simulators.physics.powder import green_density_ratio
from simulators.world import draw

THEORETICAL_G_PER_CM3 = 3.27
PUMP_S, RELEASE_S, PART_S = 60.0, 30.0, 2.0
TRAY_POSITIONS = 30
THICKNESS_SD_UM = 2.5  # green; about 2.2 um after sintering, so that 2 % miss +-5 um
EDGE_RATIO = 0.004  # relative sd of the pressed area


class Press(Machine):
    """A cold isostatic press with a die set."""

    kind = "press"
    model = "Isostatic press CIP-400"
    uses = ("Produced",)
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "pressure_mpa": Parameter(lowest=1.0, highest=400.0),
        "dwell_s": Parameter(lowest=0.0, highest=3600.0),
        "green_thickness_um": Parameter(lowest=20.0, highest=5000.0),
        "area_cm2": Parameter(lowest=0.1, highest=200.0),
    }
    signals = ("pressure_mpa",)
    fault_names: ClassVar[Mapping[str, float]] = {"pressure_low": 0.7, "die_worn": 4.0}

    def check_more(self, job: Job) -> None:
        """Refuse a job without powder."""
        if not job.used("Consumed"):
            raise RefusedError("no powder lot is consumed")

    def begin(self, job: Job, started_at: datetime) -> Run:
        """Return the pressing run."""
        return PressRun(self, job, Moment(started_at=started_at))


@dataclass
class PressRun:
    """One job; all pellets share the vessel, then come out one by one.

    Faults: `pressure_low` = share of the pressure reached, `die_worn` = um of more spread.
    """

    machine: Press
    job: Job
    moment: Moment

    @property
    def _vessel_s(self) -> float:
        return PUMP_S + self.job.number("dwell_s") + RELEASE_S

    @property
    def duration_s(self) -> float:
        """Pumping, dwell, release, then two seconds a pellet."""
        return self._vessel_s + PART_S * len(self.job.used("Produced"))

    def _pressure_mpa(self, elapsed_s: float) -> float:
        share = self.machine.faults().magnitude("pressure_low", self.moment.at(elapsed_s))
        full = self.job.number("pressure_mpa") * (1.0 if share is None else share)
        if elapsed_s < PUMP_S:
            return full * elapsed_s / PUMP_S
        left_s = self._vessel_s - elapsed_s
        return full if left_s > RELEASE_S else full * max(0.0, left_s / RELEASE_S)

    def values(self, elapsed_s: float) -> Readings:
        """Return the vessel's pressure."""
        instant = self.moment.at(elapsed_s)
        pressure_mpa = self._pressure_mpa(elapsed_s)
        return {"pressure_mpa": self.machine.noisy("pressure", instant, pressure_mpa, 0.1)}

    def finish(self, elapsed_s: float) -> Outcome:
        """Return the pellets that came out."""
        parts = self.job.used("Produced")
        made = parts[: done_count(elapsed_s - self._vessel_s, PART_S, len(parts))]
        source = self.job.used("Consumed")[0]
        lot = self.machine.entry(source)
        pressure_mpa = self._pressure_mpa(PUMP_S + self.job.number("dwell_s") / 2.0)
        effects = {part.lot_id: self._pellet(part, source, lot, pressure_mpa) for part in made}
        used_g = sum(pellet["mass_g"] for pellet in effects.values())
        shown = [
            draw(self.machine.world.seed, part.lot_id, "pressure").normal(pressure_mpa, 0.15)
            for part in made
        ]
        response = {
            "pressure_mpa": floats(shown, 2),
            "mass_g": floats([pellet["mass_g"] for pellet in effects.values()], 5),
            "tray_count": float(math.ceil(len(made) / TRAY_POSITIONS)),
        }
        effects[source.lot_id] = lot | {"mass_g": max(0.0, lot.get("mass_g", 0.0) - used_g)}
        return Outcome(response=response, effects=effects)  # type: ignore[arg-type]

    def _pellet(
        self, part: Part, source: Part, lot: dict[str, Any], pressure_mpa: float
    ) -> dict[str, Any]:
        rng = draw(self.machine.world.seed, part.lot_id, "press")
        worn_um = self.machine.faults().magnitude("die_worn", self.moment.started_at) or 0.0
        spread_um = math.hypot(THICKNESS_SD_UM, worn_um)
        thickness_um = self.job.number("green_thickness_um") + spread_um * rng.standard_normal()
        area_cm2 = self.job.number("area_cm2") * (1.0 + EDGE_RATIO * rng.standard_normal())
        particle_um, solvent = lot.get("particle_um", 1.2), lot.get("solvent_ratio", 0.0)
        density = green_density_ratio(pressure_mpa, particle_um, solvent)
        density += 0.002 * float(rng.standard_normal())
        volume_cm3 = float(thickness_um) * 1e-4 * float(area_cm2)
        return {
            "definition_id": part.definition_id,
            "powder_lot_id": source.lot_id,
            "green_thickness_um": max(5.0, float(thickness_um)),
            "green_area_cm2": float(area_cm2),
            "green_density_ratio": density,
            "thickness_um": max(5.0, float(thickness_um)),
            "area_cm2": float(area_cm2),
            "density_ratio": density,
            "mass_g": volume_cm3 * density * THEORETICAL_G_PER_CM3,
            "binder_ratio": lot.get("binder_ratio", 0.0),
            "calcined_ratio": lot.get("calcined_ratio", 0.0),
            "sigma_factor": lot.get("sigma_factor", 1.0),
            "sinter_dose_h": 0.0,
            "sigma_25c_s_per_cm": 0.0,
            "cracked": bool(rng.random() < 0.002),
        }
