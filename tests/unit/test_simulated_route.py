"""A cell's whole way through the simulated machines, without any wire between."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.machine import Job, Parameter, Part, RefusedError, Use, Value
from simulators.physics.exposure import Room
from simulators.physics.powder import wanted_masses_g
from simulators.run import KINDS, read_stations
from simulators.world import Fault, World

PLANT = Path(__file__).resolve().parents[2] / "deploy" / "plant.toml"
CONFIGS = read_stations(PLANT)
START = datetime(2026, 3, 1, tzinfo=UTC)
SPRAY = {
    "needle_voltage_v": 15_000.0,
    "substrate_voltage_v": -2000.0,
    "distance_mm": 100.0,
    "flow_ml_per_min": 0.06,
    "spray_time_s": 2.0,
    "chuck_vacuum_kpa": 60.0,
}
SEAL = {
    "seal_temperature_degc": 185.0,
    "seal_pressure_kpa": 300.0,
    "dwell_s": 3.0,
    "vacuum_mbar": 10.0,
}
SWEEP = {
    "frequency_max_hz": 7e6,
    "frequency_min_hz": 1.0,
    "points_per_decade_count": 10.0,
    "amplitude_mv": 10.0,
}


class Plant:
    """Runs jobs on machines one after the other, on one world, in plant time."""

    def __init__(self, folder: Path, seed: int = 7) -> None:
        self.world = World(folder / "world.sqlite", seed)
        self.now = START
        self._count = 0

    def run(
        self, station: str, parameters: dict[str, Value], *parts: Part, until_s: float | None = None
    ) -> dict[str, Any]:
        """Run one job to its end, or until it is stopped, and return the response data."""
        config = CONFIGS[station]
        machine = KINDS[config.kind](config, self.world, Room(self.world.seed))
        self._count += 1
        job = Job(job_order_id=f"J{self._count}", parameters=parameters, parts=parts)
        machine.check(job)
        run = machine.begin(job, self.now)
        for share in (0.0, 0.3, 1.0):
            assert set(run.values(share * run.duration_s)) <= set(machine.signals)
        elapsed_s = run.duration_s if until_s is None else until_s
        outcome = run.finish(elapsed_s)
        self.world.update_many(outcome.effects)
        self.now += timedelta(seconds=elapsed_s + 60.0)
        return dict(outcome.response)

    def fault(self, station: str, name: str, magnitude: float = 1.0) -> None:
        """Switch a fault on from now."""
        fault = Fault(station=station, name=name, magnitude=magnitude, since=self.now)
        self.world.switch_fault(fault)


def lots(names: list[str], definition_id: str, use: Use, each: float = 1.0) -> list[Part]:
    return [
        Part(lot_id=name, definition_id=definition_id, use=use, quantity=each) for name in names
    ]


def heat(*segments: tuple[float, float, float]) -> dict[str, Value]:
    """Return furnace parameters of (degC, degC/min, soak in h) segments."""
    return {
        "segment_temperature_degc": [segment[0] for segment in segments],
        "segment_ramp_degc_per_min": [segment[1] for segment in segments],
        "segment_soak_s": [segment[2] * 3600.0 for segment in segments],
        "atmosphere": "air",
    }


def make_powder(plant: Plant) -> dict[str, Any]:
    masses = wanted_masses_g(0.8)
    raw = [
        Part(lot_id=f"{n}-1", definition_id=n, use="Consumed", quantity=m, unit="g")
        for n, m in masses.items()
    ]
    powder = Part(lot_id="PW", definition_id="nzzspo_powder", use="Produced")
    same = Part(lot_id="PW", definition_id="nzzspo_powder", use="Processed")
    binder = Part(lot_id="B", definition_id="pva", use="Consumed", quantity=35.0, unit="g")
    mix: dict[str, Value] = {
        "duration_s": 14_400.0,
        "speed_rpm": 300.0,
        "solvent_ml": 60.0,
        "sieve_count": 0.0,
    }
    answers = {"mix": plant.run("mill-1", mix, *raw, powder)}
    dry: dict[str, Value] = {"temperature_degc": 50.0, "duration_s": 43_200.0}
    answers["dry"] = plant.run("dryer-1", dry, same)
    plant.run("furnace-3", heat((700.0, 5.0, 10.0), (25.0, 5.0, 0.0)), same)
    sieve = {**mix, "solvent_ml": 0.0, "sieve_count": 200.0}
    answers["regrind"] = plant.run("mill-2", sieve, same, binder)
    return answers


def make_pellets(
    plant: Plant, count: int, area_cm2: float, green_um: float, sinter_h: float = 12.0
) -> list[str]:
    names = [f"P{index}" for index in range(count)]
    powder = Part(lot_id="PW", definition_id="nzzspo_powder", use="Consumed")
    pressing: dict[str, Value] = {
        "pressure_mpa": 200.0,
        "dwell_s": 120.0,
        "green_thickness_um": green_um,
        "area_cm2": area_cm2,
    }
    plant.run("press-1", pressing, powder, *lots(names, "ose_pellet", "Produced"))
    program = heat((650.0, 2.0, 2.0), (1200.0, 5.0, sinter_h), (25.0, 5.0, 0.0))
    program["tray"] = [float(1 + index // 30) for index in range(count)]
    program["position"] = [float(1 + index % 30) for index in range(count)]
    plant.run("furnace-1", program, *lots(names, "ose_pellet", "Processed"))
    return names


def spray(plant: Plant, names: list[str], **changes: float) -> dict[str, Any]:
    glue = Part(lot_id="GL", definition_id="img_glue", use="Consumed", quantity=5.0, unit="mL")
    coat: dict[str, Value] = {**SPRAY, "area_cm2": 2.01, **changes}
    return plant.run("eap-1", coat, glue, *lots(names, "ose_pellet", "Processed"))


def test_route_of_a_coin_cell_gives_the_figures_of_the_paper(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    answers = make_powder(plant)
    assert answers["dry"]["loss_on_drying_ratio"] > 0.05
    assert plant.world.get("PW")["calcined_ratio"] > 0.99
    assert plant.world.get("PW")["particle_um"] < 1.5
    names = make_pellets(plant, 100, 2.757, 146.4)
    measured = plant.run(
        "gauge-1", {"part_duration_s": 5.0}, *lots(names, "ose_pellet", "Processed")
    )
    thickness_um = np.array(measured["thickness_um"])
    assert thickness_um.mean() == pytest.approx(125.0, abs=1.5)
    assert 0 < np.count_nonzero(abs(thickness_um - 125.0) > 5.0) < 10
    assert np.mean(measured["diameter_mm"]) == pytest.approx(16.0, abs=0.1)
    blocking = plant.run(
        "analyser-1", {**SWEEP, "mode": "blocking"}, *lots(["P0"], "ose_pellet", "Processed")
    )
    assert len(blocking["frequency_hz"]) == len(blocking["z_real_ohm"]) == 69
    resistance_ohm = blocking["z_real_ohm"][np.argmin(np.abs(blocking["z_imag_ohm"]))]
    sigma = thickness_um[0] * 1e-4 / (resistance_ohm * plant.world.get("P0")["area_cm2"])
    assert sigma == pytest.approx(8.5e-3, rel=0.06)
    sprayed = spray(plant, names[:60])
    assert len(sprayed["contact_angle_deg"]) == 120
    assert np.median(sprayed["contact_angle_deg"]) == pytest.approx(10.5, abs=0.5)
    assert np.median(sprayed["film_um"]) == pytest.approx(8.0, abs=0.3)
    cell = _coin(plant, "P0", "C0")
    assert cell["kind"] == "nvp_coin"
    assert cell["area_cm2"] == pytest.approx(1.131, abs=0.001)
    assert cell["nominal_capacity_mah"] == pytest.approx(0.36, abs=0.02)
    spectrum = plant.run(
        "analyser-1", {**SWEEP, "mode": "cell"}, *lots(["C0"], "cell_nvp_coin", "Processed")
    )
    middle = np.argmin(np.abs(np.array(spectrum["frequency_hz"]) - 5.0))
    asr = spectrum["z_real_ohm"][middle] * cell["area_cm2"]
    assert asr == pytest.approx(158.7, rel=0.12)
    assert spectrum["ocv_v"] == pytest.approx(2.54, abs=0.02)


def _coin(plant: Plant, pellet: str, name: str) -> dict[str, Any]:
    cell = Part(lot_id=name, definition_id="cell_nvp_coin", use="Produced")
    stack = [
        Part(lot_id="NA-1", definition_id="na_disc", use="Consumed"),
        Part(lot_id=pellet, definition_id="ose_pellet", use="Consumed"),
        Part(lot_id="NVP-1", definition_id="nvp_cathode", use="Consumed"),
    ]
    press: dict[str, Value] = {"force_n": 100.0, "temperature_degc": 40.0, "dwell_s": 30.0}
    laminated = plant.run("laminator-1", press, *stack, cell)
    assert laminated["layer_count"] == 3.0
    sealed = plant.run("sealer-1", {**SEAL}, *lots([name], "cell_nvp_coin", "Processed"))
    assert 1e-9 < sealed["leak_rate_mbar_l_per_s"] < 1e-2
    rest: dict[str, Value] = {
        "temperature_degc": 25.0,
        "duration_s": 43_200.0,
        "slot_count": 1.0,
    }
    rested = plant.run("rack-1", rest, *lots([name], "cell_nvp_coin", "Processed"))
    assert 23.0 < rested["temperature_min_degc"] < rested["temperature_max_degc"] < 27.0
    return plant.world.get(name)


def test_pouch_of_28_pellets_holds_one_ampere_hour(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    names = make_pellets(plant, 28, 33.0, 93.7)
    spray(plant, names, area_cm2=24.0, spray_time_s=6.0)
    stack = lots(["NA-0"], "na_foil", "Consumed")
    for index in range(14):
        stack += lots([names[2 * index]], "ose_pellet", "Consumed")
        stack += lots([f"NFM-{index}"], "nfm_cathode", "Consumed")
        stack += lots([names[2 * index + 1]], "ose_pellet", "Consumed")
        stack += lots([f"NA-{index + 1}"], "na_foil", "Consumed")
    stack.append(Part(lot_id="C", definition_id="cell_nfm_pouch", use="Produced"))
    press: dict[str, Value] = {"force_n": 500.0, "temperature_degc": 40.0, "dwell_s": 60.0}
    assert plant.run("laminator-1", press, *stack)["layer_count"] == 57.0
    cell = plant.world.get("C")
    assert cell["kind"] == "nfm_pouch"
    assert cell["area_cm2"] == pytest.approx(602.0)
    assert cell["nominal_capacity_mah"] == pytest.approx(1080.0, rel=0.03)
    assert cell["np_ratio"] == pytest.approx(3.1, abs=0.15)
    assert cell["asr_ohm_cm2"] == pytest.approx(158.7, rel=0.2)


def test_sintering_too_short_gives_poor_conductors(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    names = make_pellets(plant, 4, 2.757, 146.4, sinter_h=1.0)
    assert plant.world.get(names[0])["sigma_25c_s_per_cm"] < 6e-3


def test_lost_substrate_voltage_shows_in_response_and_resistance(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    good = spray(plant, ["good"])
    plant.fault("eap-1", "substrate_voltage_lost")
    bad = spray(plant, ["B"])
    assert good["substrate_voltage_v"][0] == pytest.approx(-2000.0, abs=30.0)
    assert bad["substrate_voltage_v"][0] == pytest.approx(0.0, abs=30.0)
    assert bad["contact_angle_deg"] == pytest.approx([63.1, 63.1], abs=2.5)
    assert sum(plant.world.get("good")["face_asr_ohm_cm2"]) == pytest.approx(158.7, abs=5.0)
    assert sum(plant.world.get("B")["face_asr_ohm_cm2"]) >= 218.8 - 3.0
    assert plant.world.get("B")["cure_rate_per_min"] == pytest.approx([0.01435] * 2, rel=0.01)


def test_stopped_tray_has_sprayed_only_its_first_parts(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    glue = Part(lot_id="GL", definition_id="img_glue", use="Consumed")
    names = [f"S{index}" for index in range(10)]
    coat: dict[str, Value] = {**SPRAY, "area_cm2": 2.01}
    parts = (glue, *lots(names, "ose_pellet", "Processed"))
    response = plant.run("eap-1", coat, *parts, until_s=3.5 * 14.0)
    assert len(response["film_um"]) == 6
    assert plant.world.get("S2")
    assert not plant.world.get("S3")


def test_weak_heater_shows_in_the_profile(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    plant.fault("furnace-2", "heater_weak", 0.35)
    program = heat((1200.0, 5.0, 12.0))
    profile = plant.run("furnace-2", program, *lots(["P"], "ose_pellet", "Processed"))
    assert max(profile["profile_setpoint_degc"]) == 1200.0
    assert max(profile["profile_temperature_degc"]) < 1150.0
    lengths = {len(values) for values in profile.values()}
    assert len(lengths) == 1
    assert lengths.pop() <= 1501


def test_outcome_depends_on_seed_and_lot_alone(tmp_path: Path) -> None:
    first, later = Plant(tmp_path / "a"), Plant(tmp_path / "b")
    later.now += timedelta(days=9)
    spray(later, ["Z"])
    assert spray(first, ["X", "Y"])["film_um"][2:] == spray(later, ["Y"])["film_um"]
    other = Plant(tmp_path / "c", seed=8)
    assert spray(other, ["Y"])["film_um"] != spray(later, ["Y"])["film_um"]


@pytest.mark.parametrize(
    ("definition_id", "sd_count"), [("cell_nvp_coin", 200), ("cell_symmetric", 200)]
)
def test_cells_nobody_made_are_drawn_good(
    tmp_path: Path, definition_id: str, sd_count: int
) -> None:
    world = World(tmp_path / "world.sqlite")
    cells = [world.material(f"C{index}", definition_id) for index in range(sd_count)]
    asr = np.array([cell["asr_ohm_cm2"] for cell in cells])
    assert asr.mean() == pytest.approx(158.7, rel=0.03)
    assert asr.std() / asr.mean() == pytest.approx(0.045, abs=0.015)
    limits = np.array([cell["j_crit_ma_per_cm2"] for cell in cells])
    assert np.median(limits) == pytest.approx(5.6, abs=0.25)
    assert 0 <= sum(cell["soft_short"] for cell in cells) <= 6


ANY_VALUE = st.one_of(
    st.floats(), st.text(max_size=8), st.lists(st.floats(), max_size=4), st.just("air")
)


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("world") / "world.sqlite")
    yield world
    world.close()


@given(
    name=st.sampled_from([name for name, config in CONFIGS.items() if config.kind != "dryroom"]),
    changes=st.dictionaries(st.text(max_size=6), ANY_VALUE, max_size=1),
    data=st.data(),
)
@settings(max_examples=120, deadline=None)
def test_any_order_is_taken_or_refused_but_never_breaks_a_machine(
    shared_world: World, name: str, changes: dict[str, Value], data: st.DataObject
) -> None:
    machine = KINDS[CONFIGS[name].kind](CONFIGS[name], shared_world, Room(7))
    parameters = {
        parameter: data.draw(_near(limits), label=parameter)
        for parameter, limits in machine.parameters.items()
    }
    parts = (
        Part(lot_id="A", definition_id="ose_pellet", use="Processed"),
        Part(lot_id="B", definition_id="img_glue", use="Consumed"),
        Part(lot_id="C", definition_id="na_foil", use="Consumed"),
    )
    job = Job(job_order_id="J", parameters=parameters | changes, parts=parts)
    with suppress(RefusedError):
        machine.check(job)
        run = machine.begin(job, START)
        assert run.duration_s >= 0.0
        assert set(run.values(run.duration_s / 2.0)) <= set(machine.signals)
        assert run.finish(run.duration_s).response


def _near(limits: Parameter) -> st.SearchStrategy[Value]:
    """Values at and between a parameter's limits, and now and then anything."""
    if limits.words:
        return st.sampled_from([*limits.words, "none"])
    inside: st.SearchStrategy[Any] = st.floats(
        limits.lowest, min(limits.highest, limits.lowest + 2000.0)
    )
    return st.lists(inside, min_size=1, max_size=1) if limits.array else inside | ANY_VALUE
