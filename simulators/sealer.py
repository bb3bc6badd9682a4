"""The sealer: closes cells under vacuum and tests them for leaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from simulators.machine import Job, Machine, Moment, Outcome, Parameter, Part, Readings, Run
from simulators.physics.exposure import EXPOSED_PPM_H, resistance_factor
from simulators.world import draw

PUMP_S, LEAK_TEST_S = 40.0, 30.0
ROOM_DEGC = 24.0
AMBIENT_MBAR = 1013.0
STACK_SHARE = 0.3  # of the room's dose reaches the edges of a stack that waits for its seal
LEAK_RATIO = 0.03
POUCH_SEAL_DEGC = (150.0, 220.0)


class Sealer(Machine):
    """A vacuum chamber with sealing bars, and a crimp for coin cells."""

    kind = "sealer"
    pauses = False
    model = "Vacuum sealer VS-1"
    uses = ("Processed", "Produced")
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "seal_temperature_degc": Parameter(lowest=15.0, highest=300.0),
        "seal_pressure_kpa": Parameter(lowest=0.0, highest=20_000.0),
        "dwell_s": Parameter(lowest=0.0, highest=600.0),
        "vacuum_mbar": Parameter(lowest=0.01, highest=1100.0),
    }
    signals = ("seal_temperature_degc", "vacuum_mbar")
    fault_names: ClassVar[Mapping[str, float]] = {
        "bar_cold": 60.0,
        "leak": 1.0,
        "vacuum_weak": 10.0,
    }

    def begin(self, job: Job, started_at: datetime) -> Run:
        """Return the sealing run."""
        return SealerRun(self, job, Moment(started_at=started_at))

    def idle_values(self, instant: datetime) -> Readings:
        """Return the readings of the open chamber."""
        return {
            "seal_temperature_degc": self.noisy("bar", instant, ROOM_DEGC, 0.2),
            "vacuum_mbar": self.noisy("vacuum", instant, AMBIENT_MBAR, 0.5),
        }


@dataclass
class SealerRun:
    """One cell.

    Faults: `bar_cold` = degC missing, `leak` = all cells leak, `vacuum_weak` = factor on pressure.
    """

    machine: Sealer
    job: Job
    moment: Moment

    @property
    def duration_s(self) -> float:
        """Pump down, dwell, leak test."""
        return PUMP_S + self.job.number("dwell_s") + LEAK_TEST_S

    def _bar_degc(self, instant: datetime) -> float:
        missing = self.machine.faults().magnitude("bar_cold", instant) or 0.0
        target = max(ROOM_DEGC, self.job.number("seal_temperature_degc") - missing)
        return self.machine.noisy("bar", instant, target, 0.4)

    def _vacuum_mbar(self, elapsed_s: float) -> float:
        instant = self.moment.at(elapsed_s)
        factor = self.machine.faults().magnitude("vacuum_weak", instant) or 1.0
        lowest = min(AMBIENT_MBAR, self.job.number("vacuum_mbar") * factor)
        share = min(1.0, elapsed_s / PUMP_S)
        reached = AMBIENT_MBAR * (lowest / AMBIENT_MBAR) ** share
        return self.machine.noisy("vacuum", instant, reached, 0.01 * reached)

    def values(self, elapsed_s: float) -> Readings:
        """Return bar temperature and chamber pressure."""
        return {
            "seal_temperature_degc": self._bar_degc(self.moment.at(elapsed_s)),
            "vacuum_mbar": self._vacuum_mbar(elapsed_s),
        }

    def finish(self, elapsed_s: float) -> Outcome:
        """Return the sealed cell with its leak rate; a stopped run seals nothing."""
        sealed_s = min(elapsed_s, PUMP_S + self.job.number("dwell_s"))
        instant = self.moment.at(sealed_s)
        part = self.job.worked()[0]
        bar_degc, vacuum_mbar = self._bar_degc(instant), self._vacuum_mbar(sealed_s)
        pressure_kpa = self.machine.noisy(
            "press", instant, self.job.number("seal_pressure_kpa"), 1.0
        )
        rate = self._leak_rate(part, bar_degc, pressure_kpa, instant)
        response = {
            "seal_temperature_degc": round(bar_degc, 2),
            "seal_pressure_kpa": round(pressure_kpa, 2),
            "vacuum_mbar": round(vacuum_mbar, 3),
            "leak_rate_mbar_l_per_s": float(f"{rate:.4g}"),
        }
        if elapsed_s < self.duration_s - 0.5:
            return Outcome(response=dict(response))
        effects = {part.lot_id: self._sealed(rate, instant)}
        return Outcome(response=dict(response), effects=effects)

    def _leak_rate(
        self, part: Part, bar_degc: float, pressure_kpa: float, instant: datetime
    ) -> float:
        rng = draw(self.machine.world.seed, part.lot_id, "seal")
        chance = LEAK_RATIO
        if self.machine.inherited(self.job, 0).get("kind") == "nfm_pouch":
            low, high = POUCH_SEAL_DEGC
            chance += 0.03 * max(0.0, low - bar_degc, bar_degc - high)
            chance += 0.004 * max(0.0, 100.0 - pressure_kpa)
            chance += 0.3 * max(0.0, 1.0 - self.job.number("dwell_s"))
        uniform, good, bad = rng.random(), rng.normal(-7.6, 0.25), rng.uniform(-5.0, -3.3)
        leaks = uniform < chance or self.machine.faults().acts("leak", instant)
        return float(10.0 ** (bad if leaks else good))

    def _sealed(self, rate: float, instant: datetime) -> dict[str, Any]:
        cell = self.machine.inherited(self.job, 0)
        since = datetime.fromisoformat(cell.get("assembled_at") or instant.isoformat())
        before = float(cell.get("exposure_ppm_h", 0.0))
        dose = before + self.machine.room.dose_ppm_h(since, instant) * STACK_SHARE
        more = resistance_factor(dose) / resistance_factor(before)
        leak = rate > 1e-6
        return cell | {
            "asr_ohm_cm2": cell.get("asr_ohm_cm2", 158.7) * more,
            "j_crit_ma_per_cm2": cell.get("j_crit_ma_per_cm2", 5.6) / more,
            "exposure_ppm_h": dose,
            "exposed": dose > EXPOSED_PPM_H,
            "leak": leak,
            "leak_rate_mbar_l_per_s": rate,
            "fade": cell.get("fade", 3e-4) * (6.0 if leak else 1.0),
            "ce_ratio": cell.get("ce_ratio", 0.9995) - (0.004 if leak else 0.0),
            "sealed_at": instant.isoformat(),
        }
