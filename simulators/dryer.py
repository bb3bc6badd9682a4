"""The drying oven: takes the solvent out of powder lots."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from simulators.machine import Job, Machine, Moment, Outcome, Parameter, Readings, Run
from simulators.physics.powder import dried_ratio

ROOM_DEGC = 24.0
WARM_UP_S = 420.0


class Dryer(Machine):
    """A vacuum drying oven."""

    kind = "dryer"
    model = "Drying oven VO-40"
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "temperature_degc": Parameter(lowest=20.0, highest=200.0),
        "duration_s": Parameter(lowest=1.0, highest=604_800.0),
    }
    signals = ("temperature_degc",)
    fault_names: ClassVar[Mapping[str, float]] = {"heater_weak": 12.0, "thermocouple_offset": 5.0}

    def begin(self, job: Job, started_at: datetime) -> Run:
        """Return the drying run."""
        return DryerRun(self, job, Moment(started_at=started_at))

    def idle_values(self, instant: datetime) -> Readings:
        """Return the temperature of the cold oven."""
        return {"temperature_degc": self.noisy("oven", instant, ROOM_DEGC, 0.1)}


@dataclass
class DryerRun:
    """One load.

    Faults: `heater_weak` = degC missing, `thermocouple_offset` = degC shown too much.
    """

    machine: Dryer
    job: Job
    moment: Moment

    @property
    def duration_s(self) -> float:
        """The ordered drying time."""
        return self.job.number("duration_s")

    def _true_degc(self, elapsed_s: float) -> float:
        missing = self.machine.faults().magnitude("heater_weak", self.moment.at(elapsed_s)) or 0.0
        target = max(ROOM_DEGC, self.job.number("temperature_degc") - missing)
        return ROOM_DEGC + (target - ROOM_DEGC) * min(1.0, elapsed_s / WARM_UP_S)

    def _shown_degc(self, elapsed_s: float) -> float:
        instant = self.moment.at(elapsed_s)
        offset = self.machine.faults().magnitude("thermocouple_offset", instant) or 0.0
        return self.machine.noisy("oven", instant, self._true_degc(elapsed_s) + offset, 0.15)

    def values(self, elapsed_s: float) -> Readings:
        """Return the oven temperature."""
        return {"temperature_degc": self._shown_degc(elapsed_s)}

    def finish(self, elapsed_s: float) -> Outcome:
        """Return the dried lots."""
        true_degc = self._true_degc(elapsed_s / 2.0 + WARM_UP_S)
        effects = {}
        wet_g = dry_g = 0.0
        for index, part in enumerate(self.job.worked()):
            lot = self.machine.inherited(self.job, index)
            before, mass_g = lot.get("solvent_ratio", 0.0), lot.get("mass_g", 0.0)
            lot["solvent_ratio"] = dried_ratio(before, true_degc, elapsed_s)
            wet_g += mass_g * (1.0 + before)
            dry_g += mass_g * (1.0 + lot["solvent_ratio"])
            effects[part.lot_id] = lot
        return Outcome(
            response={
                "temperature_degc": round(self._shown_degc(elapsed_s / 2.0 + WARM_UP_S), 2),
                "mass_g": round(dry_g, 3),
                "loss_on_drying_ratio": round((wet_g - dry_g) / wet_g, 6) if wet_g > 0 else 0.0,
            },
            effects=effects,
        )
