"""The impedance analyser: spectra of cells, and of pellets between blocking electrodes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import numpy as np

from simulators.machine import (
    Job,
    Machine,
    Moment,
    Outcome,
    Parameter,
    Readings,
    RefusedError,
    Run,
    floats,
)
from simulators.physics import cure, heat, impedance
from simulators.world import draw

NOISE_RATIO = 0.003
INDUCTANCE_H = 1.0e-7
INTERFACE_E_EV = 0.32
FRESH_SHARE = 0.25  # how much higher the interfaces are right after sealing
SETTLE_S = 3.0 * 3600.0
MOST_POINTS = 2000


class Analyser(Machine):
    """A potentiostat with impedance board and a tempered fixture."""

    kind = "analyser"
    model = "Impedance analyser IA-7M"
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "mode": Parameter(words=("cell", "blocking")),
        "frequency_max_hz": Parameter(lowest=1.0, highest=1e8),
        "frequency_min_hz": Parameter(lowest=1e-3, highest=1e7),
        "points_per_decade_count": Parameter(lowest=1.0, highest=100.0),
        "amplitude_mv": Parameter(lowest=0.5, highest=200.0),
    }
    signals = ("temperature_degc",)
    fault_names: ClassVar[Mapping[str, float]] = {
        "contact_loose": 1.0,
        "inductance_high": 8.0,
        "temperature_off": 4.0,
        "noisy": 10.0,
    }

    def check_more(self, job: Job) -> None:
        """Refuse a band beyond the instrument and more than one part."""
        highest, lowest = job.number("frequency_max_hz"), job.number("frequency_min_hz")
        limit = self.config.highest_frequency_hz
        if limit is not None and highest > limit:
            raise RefusedError(f"{highest} Hz, limit {limit} Hz")
        if lowest >= highest:
            raise RefusedError("frequency_min_hz is not below frequency_max_hz", invalid=True)
        points = math.log10(highest / lowest) * job.number("points_per_decade_count")
        if points > MOST_POINTS:
            raise RefusedError(f"{points:.0f} points, limit {MOST_POINTS}")
        if len(job.worked()) != 1:
            raise RefusedError("one part at a time")

    def begin(self, job: Job, started_at: datetime) -> Run:
        """Return the measuring run."""
        return AnalyserRun(self, job, Moment(started_at=started_at))

    def fixture_degc(self, instant: datetime) -> float:
        """Return the true temperature of the fixture; `temperature_off` adds degC."""
        off = self.faults().magnitude("temperature_off", instant) or 0.0
        return 25.0 + 0.3 * math.sin(instant.timestamp() / 5000.0) + off

    def idle_values(self, instant: datetime) -> Readings:
        """Return the temperature of the fixture."""
        shown = self.fixture_degc(instant)
        return {"temperature_degc": self.noisy("fixture", instant, shown, 0.03)}


@dataclass
class AnalyserRun:
    """One spectrum.

    Faults: `contact_loose` = drift of the impedance during the sweep (fails Kramers-Kronig),
    `inductance_high` = factor on the fixture's, `temperature_off` = degC, `noisy` = factor.
    """

    machine: Analyser
    job: Job
    moment: Moment

    def __post_init__(self) -> None:
        """Fix the frequencies."""
        number = self.job.number
        self.frequency_hz = impedance.frequencies_hz(
            number("frequency_max_hz"),
            number("frequency_min_hz"),
            round(number("points_per_decade_count")),
        )

    @property
    def duration_s(self) -> float:
        """The sweep with its settling."""
        return impedance.sweep_duration_s(self.frequency_hz)

    def values(self, elapsed_s: float) -> Readings:
        """Return the temperature of the fixture."""
        return self.machine.idle_values(self.moment.at(elapsed_s))

    def finish(self, elapsed_s: float) -> Outcome:
        """Return spectrum, OCV, temperature and fixture; a stopped sweep returns what it had."""
        machine, part = self.machine, self.job.worked()[0]
        entry, faults = machine.inherited(self.job, 0), machine.faults()
        instant, seed = self.moment.started_at, machine.world.seed
        rng = draw(seed, part.lot_id, f"spectrum {self.job.word('mode')}")
        fixture = draw(seed, machine.name, "fixture")
        inductance_h = INDUCTANCE_H * float(fixture.normal(1.0, 0.05))
        inductance_h *= faults.magnitude("inductance_high", instant) or 1.0
        degc = machine.fixture_degc(instant)
        blocking = self.job.word("mode") == "blocking"
        z = (
            self._blocking(entry, degc, inductance_h)
            if blocking
            else self._cell(entry, degc, inductance_h, instant)
        )
        noise = NOISE_RATIO * max(1.0, math.sqrt(10.0 / self.job.number("amplitude_mv")))
        noise *= faults.magnitude("noisy", instant) or 1.0
        z = impedance.with_noise(z, noise, rng)
        if (drift := faults.magnitude("contact_loose", instant)) is not None:
            progress = np.linspace(0.0, 1.0, z.size)
            z = z * (1.0 + drift * progress**2) + 0.5 * drift * abs(z[z.size // 2]) * progress
        done = self.frequency_hz.size
        if elapsed_s < self.duration_s - 0.5:
            done = max(1, int(done * elapsed_s / self.duration_s))
        ocv_v = 0.0 if blocking else float(entry.get("ocv_v", 0.0))
        return Outcome(
            response={
                "frequency_hz": floats(self.frequency_hz[:done], 9),
                "z_real_ohm": [float(value) for value in z.real[:done]],
                "z_imag_ohm": [float(value) for value in z.imag[:done]],
                "ocv_v": round(ocv_v + 1e-4 * float(rng.standard_normal()), 5),
                "temperature_degc": round(machine.noisy("fixture", instant, degc, 0.03), 3),
                "fixture_id": f"{machine.name}-fixture-{'blocking' if blocking else 'cell'}",
            }
        )

    def _blocking(self, pellet: dict[str, Any], degc: float, inductance_h: float) -> Any:
        area_cm2 = float(pellet.get("area_cm2", 2.01))
        sigma_25c = max(1e-8, float(pellet.get("sigma_25c_s_per_cm", 1e-8)))
        sigma = heat.sigma_s_per_cm(sigma_25c, degc)
        bulk_ohm = float(pellet.get("thickness_um", 125.0)) * 1e-4 / (sigma * area_cm2)
        return impedance.blocking_impedance(self.frequency_hz, bulk_ohm, area_cm2, inductance_h)

    def _cell(
        self, cell: dict[str, Any], degc: float, inductance_h: float, instant: datetime
    ) -> Any:
        area_cm2 = float(cell.get("area_cm2", 1.13)) * float(cell.get("area_factor", 1.0))
        asr = float(cell.get("asr_ohm_cm2", 158.7)) * self._youth(cell, instant)
        inverse = 1.0 / (degc + 273.15) - 1.0 / 298.15
        asr *= math.exp(INTERFACE_E_EV / heat.BOLTZMANN_EV_PER_K * inverse)
        bulk = float(cell.get("bulk_ohm_cm2", 1.5)) / heat.sigma_s_per_cm(1.0, degc)
        z = impedance.cell_impedance(
            self.frequency_hz, bulk / area_cm2, asr / area_cm2, area_cm2, inductance_h
        )
        return impedance.with_leak(z, cell.get("short_ohm"))

    def _youth(self, cell: dict[str, Any], instant: datetime) -> float:
        """Return how much higher the interfaces are before cure and rest are complete."""
        factor = 1.0
        if cell.get("sprayed_at"):
            age_s = (instant - datetime.fromisoformat(cell["sprayed_at"])).total_seconds()
            cured = cure.cured_ratio(float(cell.get("cure_rate_per_min", 0.3)), age_s)
            factor += 1.5 * (1.0 - cured)
        if cell.get("sealed_at"):
            age_s = (instant - datetime.fromisoformat(cell["sealed_at"])).total_seconds()
            factor += FRESH_SHARE * math.exp(-max(0.0, age_s) / SETTLE_S)
        return factor
