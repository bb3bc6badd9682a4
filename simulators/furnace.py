"""The furnace: runs a temperature program on trays of pellets or crucibles of powder."""

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
    Part,
    Readings,
    RefusedError,
    Run,
    StationConfig,
    floats,
)
from simulators.physics import heat
from simulators.physics.exposure import Room
from simulators.physics.powder import gas_ratio
from simulators.world import FaultLog, World, draw

MOST_SAMPLES = 1500
SENSOR_SD_DEGC = 0.4
GAS_SENSOR_RATIO = 0.01  # standard deviation of the gas sensors, of what they show
TRAP_LIMIT_RATIO = 0.005  # binder left at 700 degC that a pellet survives
GRAIN_GROWTH = 3.0
GAS_SIGNALS = ("oxygen_ppm", "hydrogen_ratio")
HYDROGEN = "ar_h2"
LONGEST_S, MOST_SEGMENTS = 2_592_000.0, 100


class Furnace(Machine):
    """A chamber furnace with two thermocouples and trays."""

    kind = "furnace"
    pauses = False
    model = "Chamber furnace CF"
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "segment_temperature_degc": Parameter(lowest=20.0, highest=1800.0, array=True),
        "segment_ramp_degc_per_min": Parameter(lowest=0.01, highest=100.0, array=True),
        "segment_soak_s": Parameter(lowest=0.0, highest=604_800.0, array=True),
        "atmosphere": Parameter(words=("air", HYDROGEN)),
        "tray": Parameter(lowest=0.0, highest=1000.0, array=True, required=False),
        "position": Parameter(lowest=0.0, highest=1000.0, array=True, required=False),
    }
    signals: tuple[str, ...] = (
        "temperature_degc",
        "zone_temperature_degc",
        "setpoint_degc",
        "power_kw",
    )
    fault_names: ClassVar[Mapping[str, float]] = {
        "heater_weak": 0.5,
        "thermocouple_offset": 15.0,
        "zone_cold": 40.0,
        "zone_sensor_lost": 1.0,
        "air_leak": 400.0,
        "hydrogen_short": 0.5,
        "gas_sensor_lost": 1.0,
    }

    def __init__(self, config: StationConfig, world: World, room: Room) -> None:
        super().__init__(config, world, room)
        if HYDROGEN in config.atmospheres:
            self.signals = (*self.signals, *GAS_SIGNALS)

    def in_air(self) -> Readings:
        """Return what the gas sensors show in air, where there are any; oxygen is off its scale."""
        shown = {"oxygen_ppm": heat.AIR_OXYGEN_PPM, "hydrogen_ratio": 0.0}
        return {signal: shown[signal] for signal in GAS_SIGNALS if signal in self.signals}

    def check_more(self, job: Job) -> None:
        """Refuse programs and loads this furnace cannot take."""
        limits = self.config
        if limits.highest_temperature_degc is not None:
            hottest = max(job.numbers("segment_temperature_degc"), default=0.0)
            if hottest > limits.highest_temperature_degc:
                raise RefusedError(f"{hottest} degC, limit {limits.highest_temperature_degc}")
        if limits.highest_ramp_degc_per_min is not None:
            steepest = max(job.numbers("segment_ramp_degc_per_min"), default=0.0)
            if steepest > limits.highest_ramp_degc_per_min:
                raise RefusedError(f"{steepest} degC/min, limit {limits.highest_ramp_degc_per_min}")
        if job.word("atmosphere") not in limits.atmospheres:
            raise RefusedError(f"atmosphere {job.word('atmosphere')} is not connected")
        names = ("temperature_degc", "ramp_degc_per_min", "soak_s")
        lengths = {len(job.numbers(f"segment_{name}")) for name in names}
        if lengths == {0} or len(lengths) != 1:
            raise RefusedError("segments need one temperature, ramp and soak each", invalid=True)
        length_s = _program(job).duration_s
        if length_s > LONGEST_S or len(job.numbers("segment_soak_s")) > MOST_SEGMENTS:
            raise RefusedError(f"the program takes {length_s} s, limit {LONGEST_S} s")
        self._check_places(job)

    def _check_places(self, job: Job) -> None:
        trays, positions = job.numbers("tray"), job.numbers("position")
        if len(trays) != len(positions):
            raise RefusedError("tray and position differ in length", invalid=True)
        if trays and len(trays) != len(job.worked()):
            raise RefusedError("tray and position are not one per part", invalid=True)
        if len(set(zip(trays, positions, strict=True))) != len(trays):
            raise RefusedError("two parts in the same place")
        if self.config.tray_positions and max(positions, default=0.0) > self.config.tray_positions:
            raise RefusedError(f"a tray has {self.config.tray_positions} positions")

    def begin(self, job: Job, started_at: datetime) -> Run:
        """Return the run with its whole temperature history worked out."""
        return FurnaceRun(self, job, Moment(started_at=started_at), self.faults())

    def idle_values(self, instant: datetime) -> Readings:
        """Return the readings of the cold furnace."""
        cold = heat.AMBIENT_DEGC
        return {
            "temperature_degc": self.noisy("control", instant, cold, SENSOR_SD_DEGC),
            "zone_temperature_degc": self.noisy("zone", instant, cold, SENSOR_SD_DEGC),
            "setpoint_degc": cold,
            "power_kw": 0.0,
            **self.in_air(),
        }


@dataclass
class FurnaceRun:
    """One load.

    Faults: `heater_weak` = share of power left, `thermocouple_offset` = degC the control
    thermocouple reads too high (so the load is colder), `zone_cold` = degC missing at the second
    zone, `zone_sensor_lost`, `air_leak` = ppm of oxygen too much, `hydrogen_short` = share of the
    hydrogen left, `gas_sensor_lost`.
    """

    machine: Furnace
    job: Job
    moment: Moment
    faults: FaultLog

    def __post_init__(self) -> None:
        """Work out the temperature history."""
        parts, number = self.job.worked(), self.job.numbers
        places = list(zip(number("tray"), number("position"), strict=True))
        self.places = places or [(1.0, 1.0)] * len(parts)
        self.trays_count = max(1, int(max(tray for tray, _ in self.places)))
        self.program = _program(self.job)
        self.heat = heat.heat(
            self.program,
            weakness=lambda elapsed_s: self._fault("heater_weak", elapsed_s, 1.0),
            zone_cold_degc=lambda elapsed_s: self._fault("zone_cold", elapsed_s, 0.0),
        )

    @property
    def duration_s(self) -> float:
        """The length of the program."""
        return self.program.duration_s

    def _fault(self, name: str, elapsed_s: float, otherwise: float) -> float:
        if not self.faults.spans:
            return otherwise
        magnitude = self.faults.magnitude(name, self.moment.at(elapsed_s))
        return otherwise if magnitude is None else magnitude

    def values(self, elapsed_s: float) -> Readings:
        """Return both thermocouples, the setpoint, the power and what gas sensors there are."""
        instant, run = self.moment.at(elapsed_s), self.heat
        true_zone = run.at(elapsed_s, run.zone_degc) - self._offset_degc(elapsed_s)
        zone = self.machine.noisy("zone", instant, true_zone, SENSOR_SD_DEGC)
        lost = self.faults.acts("zone_sensor_lost", instant)
        control = run.at(elapsed_s, run.temperature_degc)
        return {
            "temperature_degc": self.machine.noisy("control", instant, control, SENSOR_SD_DEGC),
            "zone_temperature_degc": None if lost else zone,
            "setpoint_degc": run.at(elapsed_s, run.setpoint_degc),
            "power_kw": run.at(elapsed_s, run.power_kw),
            **self._gas_now(instant, elapsed_s),
        }

    def _gas_now(self, instant: datetime, elapsed_s: float) -> Readings:
        if self.job.word("atmosphere") != HYDROGEN:
            return self.machine.in_air()
        if self.faults.acts("gas_sensor_lost", instant):
            return dict.fromkeys(GAS_SIGNALS)
        shown: Readings = {}
        for signal, values in zip(GAS_SIGNALS, self._true_gas(np.array([elapsed_s])), strict=True):
            level = float(values[0])
            shown[signal] = self.machine.noisy(signal, instant, level, GAS_SENSOR_RATIO * level)
        return shown

    def _true_gas(self, time_s: heat.Floats) -> tuple[heat.Floats, heat.Floats]:
        """Return oxygen in ppm and the share of hydrogen in the chamber."""
        oxygen_ppm, hydrogen_ratio = heat.purged(time_s)
        leak = np.array([self._fault("air_leak", at, 0.0) for at in time_s.tolist()])
        left = np.array([self._fault("hydrogen_short", at, 1.0) for at in time_s.tolist()])
        return oxygen_ppm + leak, hydrogen_ratio * left

    def finish(self, elapsed_s: float) -> Outcome:
        """Return the profile measured so far and what the heat did to each part."""
        count = self.heat.until(elapsed_s)
        step = max(1, math.ceil(count / MOST_SAMPLES))
        pick = np.unique(np.append(np.arange(0, count, step), count - 1))
        rng = draw(self.machine.world.seed, self.job.job_order_id, "profile")
        noise = rng.standard_normal((2, pick.size)) * SENSOR_SD_DEGC
        offset = self._offset_degc(elapsed_s / 2.0)
        doses = heat.doses_by_place(self.heat, count, offset)
        effects = {}
        for index, part in enumerate(self.job.worked()):
            entry = self.machine.inherited(self.job, index)
            if "green_density_ratio" in entry:
                effects[part.lot_id] = self._pellet(part, entry, doses, index)
            else:
                share = self._share(*self.places[index])
                degc = heat.temperature_at(self.heat, share)[:count] - offset
                effects[part.lot_id] = self._powder(entry, degc, count)
        return Outcome(
            response={
                "profile_time_s": floats(self.heat.time_s[pick], 1),
                "profile_setpoint_degc": floats(self.heat.setpoint_degc[pick], 2),
                "profile_temperature_degc": floats(self.heat.temperature_degc[pick] + noise[0], 2),
                "profile_zone_degc": floats(self.heat.zone_degc[pick] - offset + noise[1], 2),
                "profile_power_kw": floats(self.heat.power_kw[pick], 3),
                **self._gas(pick),
            },
            effects=effects,
        )

    def _gas(self, pick: heat.Counts) -> dict[str, list[float]]:
        """Return what the gas sensors gave; they measure where hydrogen is let in."""
        if self.job.word("atmosphere") != HYDROGEN:
            return {}
        time_s = self.heat.time_s[pick]
        oxygen_ppm, hydrogen_ratio = self._true_gas(time_s)
        seen = np.array([self._fault("gas_sensor_lost", at, 0.0) == 0 for at in time_s.tolist()])
        rng = draw(self.machine.world.seed, self.job.job_order_id, "gas")
        noise = 1.0 + GAS_SENSOR_RATIO * rng.standard_normal((2, pick.size))
        return {
            "profile_oxygen_ppm": floats(np.where(seen, oxygen_ppm * noise[0], np.nan), 2),
            "profile_hydrogen_ratio": floats(np.where(seen, hydrogen_ratio * noise[1], np.nan), 5),
        }

    def _share(self, tray: float, position: float) -> float:
        positions = self.machine.config.tray_positions or 30
        return heat.place_share(tray, position, positions, self.trays_count)

    def _offset_degc(self, elapsed_s: float) -> float:
        return self._fault("thermocouple_offset", elapsed_s, 0.0)

    def _pellet(
        self, part: Part, entry: dict[str, Any], doses: heat.PlaceDoses, index: int
    ) -> dict[str, Any]:
        tray, position = self.places[index]
        sinter_h, left, trapped = doses.at(self._share(tray, position))
        before = entry.get("binder_ratio", 0.0)
        binder, trapped = before * left, before * trapped
        rng = draw(self.machine.world.seed, part.lot_id, "sinter")
        spread, crack = rng.standard_normal(2), rng.random()
        dose_h = entry.get("sinter_dose_h", 0.0) + sinter_h
        green = entry["green_density_ratio"]
        density = heat.density_ratio(dose_h, green) + 0.0012 * float(spread[0])
        cracked = bool(entry.get("cracked")) or crack < 30.0 * max(0.0, trapped - TRAP_LIMIT_RATIO)
        if cracked:
            density = min(density, 0.93)
        length = heat.shrinkage_ratio(green, max(green, density))
        solids_g = entry["mass_g"] * (1.0 - before + binder)
        raw_loss = 0.3 * max(0.0, 0.95 - entry.get("calcined_ratio", 1.0))
        factor = entry.get("sigma_factor", 1.0) * (1.0 + 0.010 * float(spread[1])) * (1 - raw_loss)
        return {
            "definition_id": part.definition_id,
            "binder_ratio": binder,
            "sinter_dose_h": dose_h,
            "density_ratio": density,
            "cracked": cracked,
            "thickness_um": entry["green_thickness_um"] * length,
            "area_cm2": entry["green_area_cm2"] * length**2,
            "mass_g": solids_g,
            "sigma_25c_s_per_cm": heat.sigma_25c_s_per_cm(density, dose_h, factor),
            "furnace": self.machine.name,
            "tray": tray,
            "position": position,
        }

    def _powder(self, entry: dict[str, Any], degc: heat.Floats, count: int) -> dict[str, Any]:
        time_s = self.heat.time_s[:count]
        before = entry.get("calcined_ratio", 0.0)
        after = heat.calcined_ratio(time_s, degc, before)
        binder, _ = heat.burnt_binder(time_s, degc, entry.get("binder_ratio", 0.0))
        gas = gas_ratio(entry.get("raw_masses_g", {})) * (after - before)
        caked = 1.0 + (GRAIN_GROWTH - 1.0) * max(0.0, after - before)
        return entry | {
            "calcined_ratio": after,
            "binder_ratio": binder,
            "solvent_ratio": entry.get("solvent_ratio", 0.0) * (1.0 - after),
            "mass_g": entry.get("mass_g", 0.0) * (1.0 - gas),
            "particle_um": entry.get("particle_um", 1.2) * caked,
        }


def _program(job: Job) -> heat.Program:
    return heat.program(
        job.numbers("segment_temperature_degc"),
        job.numbers("segment_ramp_degc_per_min"),
        job.numbers("segment_soak_s"),
    )
