"""The rest rack: keeps many cells at temperature at once, one job order a slot."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from simulators.machine import Job, Machine, Moment, Outcome, Parameter, Readings, RefusedError, Run

SWING_DEGC = 0.5
SAMPLES = 97


class Rack(Machine):
    """A tempered cabinet with slots."""

    kind = "rack"
    pauses = False
    model = "Climate rack CR-60"
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "temperature_degc": Parameter(lowest=10.0, highest=80.0),
        "duration_s": Parameter(lowest=1.0, highest=2_592_000.0),
        "slot_count": Parameter(lowest=0.0, highest=1000.0),
    }
    signals = ("temperature_degc",)
    fault_names: ClassVar[Mapping[str, float]] = {"temperature_drift": 3.0}

    def check_more(self, job: Job) -> None:
        """Refuse a slot this cabinet does not have."""
        slots = self.config.capacity_parts
        if slots is not None and job.number("slot_count") > slots:
            raise RefusedError(f"slot {job.number('slot_count'):.0f} of {slots}")

    def fits_beside(self, job: Job, running: Sequence[Job]) -> bool:
        """Whether the ordered slot is free."""
        slot = job.number("slot_count")
        return all(other.number("slot_count") != slot for other in running)

    def begin(self, job: Job, started_at: datetime) -> Run:
        """Return the rest of one cell."""
        return RackRun(self, job, Moment(started_at=started_at))

    def temperature_degc(self, instant: datetime, target_degc: float) -> float:
        """Return the temperature of the cabinet at a plant time; `temperature_drift` adds degC."""
        at_s = instant.timestamp()
        swing = 0.6 * math.sin(at_s / 2900.0) + 0.4 * math.sin(at_s / 811.0)
        drift = self.faults().magnitude("temperature_drift", instant) or 0.0
        return target_degc + SWING_DEGC * swing + drift

    def idle_values(self, instant: datetime) -> Readings:
        """Return the cabinet's temperature at its usual 25 degC."""
        shown = self.temperature_degc(instant, 25.0)
        return {"temperature_degc": self.noisy("cabinet", instant, shown, 0.05)}


@dataclass
class RackRun:
    """One cell at rest."""

    machine: Rack
    job: Job
    moment: Moment

    @property
    def duration_s(self) -> float:
        """The ordered rest."""
        return self.job.number("duration_s")

    def values(self, elapsed_s: float) -> Readings:
        """Return the cabinet's temperature."""
        instant = self.moment.at(elapsed_s)
        shown = self.machine.temperature_degc(instant, self.job.number("temperature_degc"))
        return {"temperature_degc": self.machine.noisy("cabinet", instant, shown, 0.05)}

    def finish(self, elapsed_s: float) -> Outcome:
        """Return the extremes of temperature and the time at rest."""
        target = self.job.number("temperature_degc")
        step = timedelta(seconds=elapsed_s / (SAMPLES - 1))
        seen = [
            self.machine.temperature_degc(self.moment.started_at + index * step, target)
            for index in range(SAMPLES)
        ]
        effects = {}
        for index, part in enumerate(self.job.worked()):
            cell = self.machine.inherited(self.job, index)
            effects[part.lot_id] = cell | {"rested_s": cell.get("rested_s", 0.0) + elapsed_s}
        return Outcome(
            response={
                "temperature_min_degc": round(min(seen), 2),
                "temperature_max_degc": round(max(seen), 2),
                "duration_s": round(elapsed_s, 1),
            },
            effects=effects,
        )
