"""Master data of spray for tests: a formula of glue and the setup of a station."""

from typing import Any

from tests.station.bench import recipe

MASSES = {"napf6": 1.2, "eca": 4.4, "fec": 4.4}


def formula(**changes: Any) -> dict[str, Any]:
    """Return a formula for 10 g of glue as posted."""
    return {
        "formula_id": "img",
        "version": 1,
        "material_definition_id": "img_glue",
        "description": "glue",
        "components": [
            {"material_definition_id": name, "mass_ratio": mass / 10, "tolerance_ratio": 0.01}
            for name, mass in MASSES.items()
        ],
        "density_g_per_cm3": 1.25,
        "pot_life_s": 28_800,
        "checks": {
            "viscosity_mpas": {"low": 8.5, "high": 11.5},
            "conductivity_s_per_cm": {"low": 0.002, "high": 0.012},
        },
        "source": "test",
    } | changes


def setup(station: str, **changes: Any) -> dict[str, Any]:
    """Return the setup of a station, good for years."""
    good = "2030-01-01T00:00:00Z"
    return {
        "station": station,
        "version": 1,
        "nozzle_id": f"NOZ-{station}",
        "nozzle_due_at": good,
        "calibrated_until": good,
        "operator": "Li Na",
        "trained_until": good,
        "source": "test",
    } | changes


def weigh_out(lot_id: str, **changes: Any) -> dict[str, Any]:
    """Return a weigh-out of that formula, right to the milligram."""
    return {
        "lot_id": lot_id,
        "formula_id": "img",
        "person": "Ada",
        "weighings": [
            {"lot_id": f"{name}-1", "material_definition_id": name, "mass_g": mass}
            for name, mass in MASSES.items()
        ],
    } | changes


def spray_recipe(recipe_id: str, area_cm2: float, spray_time_s: float) -> dict[str, Any]:
    """Return a master recipe for an EAP station with the limits that a start needs."""
    made = recipe(
        recipe_id,
        "eap",
        needle_voltage_v=15000,
        substrate_voltage_v=-2000,
        distance_mm=100,
        flow_ml_per_min=0.06,
        spray_time_s=spray_time_s,
        chuck_vacuum_kpa=80,
        area_cm2=area_cm2,
        dew_point_limit_degc=-35,
    )
    made["parameters"]["distance_mm"] |= {"low": 80, "high": 150}
    made["parameters"]["chuck_vacuum_kpa"] |= {"low": 60, "high": 95}
    return made


def trace_limits(recipe_id: str, **changes: Any) -> dict[str, Any]:
    """Return limits for the traces of such a recipe as posted."""
    bands = {
        "needle_voltage_v": {"low": 14_000, "high": 16_000, "ripple_limit": 400, "ripple_low": 1},
        "substrate_voltage_v": {"low": -2200, "high": -1800},
        "flow_ml_per_min": {"low": 0.04, "high": 0.08},
        "distance_mm": {"low": 80, "high": 150},
    }
    return {
        "recipe_id": recipe_id,
        "version": 1,
        "least_rate_hz": 1000,
        "duration_tolerance_s": 0.2,
        "segments": [{"name": "spray", "after_start_s": 0.4, "before_end_s": 0.05}],
        "bands": [
            {"signal": signal, "segment": "spray", "outside_limit_s": 0.1, **band}
            for signal, band in bands.items()
        ],
        "arcs": {
            "segment": "spray",
            "spike_ma": 0.05,
            "collapsed_ratio": 0.6,
            "apart_s": 0.02,
            "most_count": 2,
        },
        "source": "test",
    } | changes
