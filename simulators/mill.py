"""The mill: mixes raw material into a powder lot, or regrinds one, doses binder, sieves."""

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
)
from simulators.physics import powder
from simulators.world import draw

SOLVENT_G_PER_ML = 0.789
SOLVENTS = ("ethanol",)
BINDER = "pva"


class Mill(Machine):
    """A planetary ball mill with a sieve."""

    kind = "mill"
    model = "Ball mill BM-2"
    uses = ("Produced", "Processed")
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "duration_s": Parameter(lowest=1.0, highest=172_800.0),
        "speed_rpm": Parameter(lowest=0.0, highest=650.0),
        "solvent_ml": Parameter(lowest=0.0, highest=2000.0),
        "sieve_count": Parameter(lowest=0.0, highest=635.0),
    }
    signals = ("speed_rpm", "drum_temperature_degc")
    fault_names: ClassVar[Mapping[str, float]] = {
        "speed_low": 0.6,
        "bearing_hot": 25.0,
        "scale_wrong": 1.05,
    }

    def check_more(self, job: Job) -> None:
        """Refuse a charge beyond the drum, or a mix without raw material."""
        feeds = job.used("Consumed")
        if not feeds and not job.used("Processed"):
            raise RefusedError("nothing to mill")
        charge_g = sum(part.mass_g() for part in feeds)
        if self.config.capacity_g is not None and charge_g > self.config.capacity_g:
            raise RefusedError(f"charge {charge_g} g, capacity is {self.config.capacity_g} g")

    def begin(self, job: Job, started_at: datetime) -> Run:
        """Return the milling run."""
        return MillRun(self, job, Moment(started_at=started_at))

    def idle_values(self, instant: datetime) -> Readings:
        """Return the readings of the standing mill."""
        room_degc = self.noisy("drum", instant, 24.0, 0.2)
        return {"speed_rpm": 0.0, "drum_temperature_degc": room_degc}


@dataclass
class MillRun:
    """One charge in the drum."""

    machine: Mill
    job: Job
    moment: Moment

    @property
    def duration_s(self) -> float:
        """The ordered milling time."""
        return self.job.number("duration_s")

    def _speed_rpm(self, elapsed_s: float) -> float:
        share = self.machine.faults().magnitude("speed_low", self.moment.at(elapsed_s))
        return self.job.number("speed_rpm") * (1.0 if share is None else share)

    def values(self, elapsed_s: float) -> Readings:
        """Return speed and drum temperature."""
        instant = self.moment.at(elapsed_s)
        speed_rpm = self._speed_rpm(elapsed_s)
        warm_degc = 24.0 + 20.0 * (speed_rpm / 300.0) * min(1.0, elapsed_s / 5400.0)
        warm_degc += self.machine.faults().magnitude("bearing_hot", instant) or 0.0
        return {
            "speed_rpm": self.machine.noisy("speed", instant, speed_rpm, 0.4),
            "drum_temperature_degc": self.machine.noisy("drum", instant, warm_degc, 0.2),
        }

    def finish(self, elapsed_s: float) -> Outcome:
        """Return the powder as far as it was milled."""
        feeds: dict[str, float] = {}
        for part in self.job.used("Consumed"):
            feeds[part.definition_id] = feeds.get(part.definition_id, 0.0) + part.mass_g()
        effects = {part.lot_id: self._powder(part, feeds, elapsed_s) for part in self.job.worked()}
        end = self.moment.at(elapsed_s)
        scale = self.machine.faults().magnitude("scale_wrong", end) or 1.0
        mass_g = sum(lot["mass_g"] * (1.0 + lot["solvent_ratio"]) for lot in effects.values())
        speed_rpm = self._speed_rpm(elapsed_s / 2.0)
        return Outcome(
            response={
                "speed_rpm": round(self.machine.noisy("speed mean", end, speed_rpm, 0.2), 2),
                "mass_g": round(mass_g * scale, 3),
            },
            effects=effects,
        )

    def _powder(self, part: Part, feeds: dict[str, float], elapsed_s: float) -> dict[str, Any]:
        rng = draw(self.machine.world.seed, part.lot_id, f"mill {sorted(feeds)}")
        if part.use == "Processed":
            lot = self.machine.entry(part)
        else:
            lot = {"definition_id": part.definition_id, "mass_g": 0.0, "sigma_factor": 1.0}
        share = 1.0 / len(self.job.worked())
        raw = {name: mass * share for name, mass in feeds.items() if name in powder.MOLAR_MASS_G}
        if raw:
            quality = powder.composition_factor(raw) * float(rng.normal(1.035, 0.012))
            lot |= {"sigma_factor": quality, "raw_masses_g": raw, "calcined_ratio": 0.0}
        binder_g = feeds.get(BINDER, 0.0) * share
        solids = {name: mass for name, mass in feeds.items() if name not in SOLVENTS}
        loss = float(rng.uniform(0.004, 0.012)) + (
            float(rng.uniform(0.003, 0.010)) if self.job.number("sieve_count") > 0 else 0.0
        )
        before_g = lot.get("mass_g", 0.0)
        mass_g = (before_g + sum(solids.values()) * share) * (1.0 - loss)
        if binder_g > 0.0:
            held_g = before_g * lot.get("binder_ratio", 0.0)
            lot["binder_ratio"] = (held_g + binder_g) / max(1e-9, before_g + binder_g)
        solvent_g = self.job.number("solvent_ml") * SOLVENT_G_PER_ML * share
        return lot | {
            "mass_g": mass_g,
            "binder_ratio": lot.get("binder_ratio", 0.0),
            "solvent_ratio": lot.get("solvent_ratio", 0.0) + solvent_g / max(1.0, mass_g),
            "particle_um": powder.milled_um(
                lot.get("particle_um", powder.COARSE_UM),
                elapsed_s,
                self._speed_rpm(elapsed_s / 2.0),
            ),
            "mesh_count": self.job.number("sieve_count") or lot.get("mesh_count", 0.0),
        }
