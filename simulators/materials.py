"""What a delivery brings: drawn properties of lots nobody has made here, by definition id."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from simulators.physics import cure, heat, spray, stack

# Purities as printed in the paper's list of materials (process.md 1a), as ratios.
PURITY_RATIO = {
    "na2co3": 0.995,
    "zro2": 0.99,
    "zno": 0.9999,
    "sio2": 0.998,
    "nh4h2po4": 0.9999,
    "pva": 0.99,
    "ethanol": 0.995,
}

# Loading of active material in mg/cm2 -> capacity in mAh/g (paper, L113, L122, L137).
NFM_CAPACITY = ((9.8, 13.9, 17.7, 25.0), (114.3, 118.7, 122.0, 127.6))
NVP_CAPACITY = ((3.1, 7.2, 12.5, 26.3), (109.7, 91.7, 88.0, 82.1))

SODIUM_G_PER_CM3 = 0.968
NFM_SHEET_CM2 = 4.3 * 5.0
NVP_DISC_CM2 = math.pi * 0.6**2
NA_DISC_CM2 = math.pi * 0.78**2
NA_FOIL_CM2 = 4.5 * 5.0


def capacity_mah_per_g(definition_id: str, loading_mg_per_cm2: float) -> float:
    """Return the capacity of an electrode's active material at its loading."""
    table = NVP_CAPACITY if definition_id.startswith("nvp") else NFM_CAPACITY
    return float(np.interp(loading_mg_per_cm2, *table))


def _raw(rng: np.random.Generator, definition_id: str) -> dict[str, Any]:
    purity_ratio = PURITY_RATIO[definition_id]
    return {
        "purity_ratio": purity_ratio - abs(rng.normal(0.0, 0.05 * (1.0 - purity_ratio))),
        "moisture_ratio": abs(rng.normal(0.002, 0.001)),
    }


def _powder(rng: np.random.Generator, definition_id: str) -> dict[str, Any]:
    """Return a bought powder lot: calcined, ground, with binder."""
    return {
        "mass_g": 500.0,
        "solvent_ratio": 0.0,
        "calcined_ratio": 0.995,
        "particle_um": float(rng.normal(1.2, 0.08)),
        "mesh_count": 200.0,
        "binder_ratio": 0.10,
        "sigma_factor": float(rng.normal(1.03, 0.015)),
    }


def _glue(rng: np.random.Generator, definition_id: str) -> dict[str, Any]:
    return {
        "surface_tension_n_per_m": float(rng.normal(0.038, 0.0005)),
        "viscosity_mpa_s": float(rng.normal(9.96, 0.15)),
        "water_ppm": float(abs(rng.normal(12.0, 3.0))),
    }


def _sodium(rng: np.random.Generator, definition_id: str) -> dict[str, Any]:
    nominal_um, sd_um, area_cm2 = (
        (50.0, 1.5, NA_FOIL_CM2) if definition_id == "na_foil" else (450.0, 4.0, NA_DISC_CM2)
    )
    thickness_um = float(rng.normal(nominal_um, sd_um))
    return {
        "thickness_um": thickness_um,
        "area_cm2": area_cm2,
        "mass_g": thickness_um * 1e-4 * area_cm2 * SODIUM_G_PER_CM3,
    }


def _cathode(rng: np.random.Generator, definition_id: str) -> dict[str, Any]:
    pouch = definition_id == "nfm_cathode"
    loading_mg_per_cm2 = float(rng.normal(15.0, 0.15) if pouch else rng.normal(2.9, 0.06))
    return {
        "loading_mg_per_cm2": loading_mg_per_cm2,
        "capacity_mah_per_g": capacity_mah_per_g(definition_id, loading_mg_per_cm2),
        "active_ratio": 0.92 if pouch else 0.90,
        "area_cm2": NFM_SHEET_CM2 if pouch else NVP_DISC_CM2,
        "sides_count": 2 if pouch else 1,
        "thickness_um": float(rng.normal(126.0, 1.5) if pouch else rng.normal(36.0, 0.6)),
    }


def _pellet(rng: np.random.Generator, definition_id: str) -> dict[str, Any]:
    """Return a bought pellet: dense, coated with field on both faces."""
    density = float(rng.normal(heat.PAPER_DENSITY_RATIO, 0.0015))
    thickness_um = float(rng.normal(125.0, 2.0))
    angle_deg, film_um, coverage = 10.3, 8.0, 0.993
    return {
        "green_thickness_um": thickness_um / 0.854,
        "green_density_ratio": 0.60,
        "green_area_cm2": 2.01 / 0.854**2,
        "binder_ratio": 0.0,
        "sinter_dose_h": 12.0,
        "density_ratio": density,
        "thickness_um": thickness_um,
        "area_cm2": 2.01,
        "mass_g": thickness_um * 1e-4 * 2.01 * density * 3.27,
        "sigma_25c_s_per_cm": heat.sigma_25c_s_per_cm(density, 12.0, float(rng.normal(1.03, 0.01))),
        "cracked": False,
        "contact_angle_deg": [angle_deg] * 2,
        "film_um": [film_um] * 2,
        "coverage_ratio": [coverage] * 2,
        "cure_rate_per_min": [cure.K_EAP_PER_MIN] * 2,
        "face_asr_ohm_cm2": [spray.face_asr_ohm_cm2(angle_deg, film_um, coverage)] * 2,
    }


def _cell(rng: np.random.Generator, definition_id: str) -> dict[str, Any]:
    """Return a bought cell: of bought parts, sealed, long cured."""
    pouch, coin = definition_id == "cell_nfm_pouch", definition_id == "cell_nvp_coin"
    counts = (28, 14, 15) if pouch else (1, 1 if coin else 0, 1 if coin else 2)
    names = (
        "ose_pellet",
        "nfm_cathode" if pouch else "nvp_cathode",
        "na_foil" if pouch else "na_disc",
    )
    parts = stack.Parts()
    for count, name in zip(counts, names, strict=True):
        for _piece in range(count):
            parts.add(drawn_properties(rng, name))
    if pouch:
        parts.pellets = [{**pellet, "area_cm2": NFM_SHEET_CM2} for pellet in parts.pellets]
    cell = stack.cell(rng, definition_id, parts)
    return cell | {"leak_rate_mbar_l_per_s": 2e-8, "sprayed_at": None, "rested_s": 0.0}


def _maker(definition_id: str) -> Callable[[np.random.Generator, str], dict[str, Any]] | None:
    if definition_id in PURITY_RATIO:
        return _raw
    return {
        "nzzspo_powder": _powder,
        "img_glue": _glue,
        "na_foil": _sodium,
        "na_disc": _sodium,
        "nfm_cathode": _cathode,
        "nvp_cathode": _cathode,
        "ose_pellet": _pellet,
        "cell_nfm_pouch": _cell,
        "cell_nvp_coin": _cell,
        "cell_symmetric": _cell,
    }.get(definition_id)


def drawn_properties(rng: np.random.Generator, definition_id: str) -> dict[str, Any]:
    """Return the properties of a lot nobody has seen; unknown definitions have just their id."""
    maker = _maker(definition_id)
    return {"definition_id": definition_id} | (maker(rng, definition_id) if maker else {})
