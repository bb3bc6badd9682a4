"""Master data of spray for tests: a formula of glue and the setup of a station."""

from typing import Any

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
