"""What a stack of parts becomes: kind, area, capacity, parallel interfaces, limits of the cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from simulators.physics import heat
from simulators.physics.exposure import EXPOSED_PPM_H, resistance_factor
from simulators.physics.symmetric import GOOD_ASR_OHM_CM2, PlatingLimits, plating_limits

CellKind = Literal["nfm_pouch", "nvp_coin", "symmetric"]
Entry = Mapping[str, Any]

BARE_FACE_ASR_OHM_CM2 = 1354.0  # half of 2708, sodium on an uncoated pellet (process.md 2)
CELL_SPREAD_RATIO = 0.045
SODIUM_MAH_PER_G = 1166.0
SODIUM_G_PER_CM3 = 0.968
SOFT_SHORT_RATIO = 0.006
OCV_V = {"nfm_pouch": (2.90, 0.006), "nvp_coin": (2.54, 0.004), "symmetric": (0.0, 0.0004)}
CE_RATIO = {"nfm_pouch": 0.9992, "nvp_coin": 0.9996, "symmetric": 1.0}
ICE_RATIO = {"nfm_pouch": 0.905, "nvp_coin": 0.955, "symmetric": 1.0}
# Capacity lost per cycle: 96.25 % and 98.00 % after 100 (paper L113, L124).
FADE_RATIO = {"nfm_pouch": 3.75e-4, "nvp_coin": 2.0e-4, "symmetric": 0.0}


@dataclass
class Parts:
    """The parts of a stack by what they are, each in the order of the stack."""

    pellets: list[Entry] = field(default_factory=list)
    cathodes: list[Entry] = field(default_factory=list)
    sodium: list[Entry] = field(default_factory=list)
    others_count: int = 0

    def add(self, entry: Entry) -> None:
        """Take one more part."""
        if "loading_mg_per_cm2" in entry:
            self.cathodes.append(entry)
        elif "density_ratio" in entry:
            self.pellets.append(entry)
        elif str(entry.get("definition_id", "")).startswith("na_"):
            self.sodium.append(entry)
        else:
            self.others_count += 1

    @property
    def count(self) -> int:
        """How many parts there are."""
        return len(self.pellets) + len(self.cathodes) + len(self.sodium) + self.others_count


def kind_of(definition_id: str, parts: Parts) -> CellKind:
    """Return what kind of cell a definition, or else its cathodes, make."""
    if "symmetric" in definition_id or not parts.cathodes:
        return "symmetric"
    first = str(parts.cathodes[0].get("definition_id", ""))
    return "nvp_coin" if "nvp" in definition_id or first.startswith("nvp") else "nfm_pouch"


def face_area_cm2(parts: Parts) -> float:
    """Return the area of one interface: the smallest of what lies on each other."""
    stacks = (parts.cathodes, parts.pellets, parts.sodium)
    areas = [min(float(entry["area_cm2"]) for entry in stack) for stack in stacks if stack]
    return min(areas) if areas else 1.0


def pellet_asr_ohm_cm2(pellet: Entry) -> float:
    """Return the cured resistance of both faces of a pellet; bare faces hardly conduct."""
    bare = [BARE_FACE_ASR_OHM_CM2] * 2
    return float(sum(pellet.get("face_asr_ohm_cm2", bare)))


def bulk_ohm_cm2(pellet: Entry) -> float:
    """Return thickness over conductivity at 25 degC."""
    sigma = max(1e-7, float(pellet.get("sigma_25c_s_per_cm", heat.SIGMA_25C_S_PER_CM)))
    return float(pellet["thickness_um"]) * 1e-4 / sigma


def in_parallel(values_ohm_cm2: Sequence[float]) -> float:
    """Return the area-specific resistance of equal areas in parallel."""
    return len(values_ohm_cm2) / sum(1.0 / value for value in values_ohm_cm2)


def capacity_mah(parts: Parts, faces_count: int) -> float:
    """Return loading x area x q(loading) over the cathode faces that see a pellet."""
    if not parts.cathodes:
        return 0.0
    per_face = [
        float(c["loading_mg_per_cm2"])
        * 1e-3
        * float(c["capacity_mah_per_g"])
        * float(c["area_cm2"])
        for c in parts.cathodes
    ]
    sides = sum(int(c["sides_count"]) for c in parts.cathodes)
    return sum(per_face) / len(per_face) * min(sides, faces_count)


def np_ratio(parts: Parts) -> float | None:
    """Return sodium over cathode capacity of one face, None without a cathode or sodium."""
    if not parts.cathodes or not parts.sodium:
        return None
    foil_um = float(np.mean([float(entry["thickness_um"]) for entry in parts.sodium]))
    sodium = foil_um * 1e-4 * SODIUM_G_PER_CM3 * SODIUM_MAH_PER_G
    cathode = parts.cathodes[0]
    per_face = float(cathode["loading_mg_per_cm2"]) * 1e-3 * float(cathode["capacity_mah_per_g"])
    return sodium / per_face


def worst_of(
    parts: Parts, rng: np.random.Generator, asr: float, dose_ppm_h: float
) -> PlatingLimits:
    """Draw the plating limits, which the worst pellet of a stack sets.

    asr: of the whole cell in ohm cm2; the worst layer is as much worse as its coating.
    """
    pellets = parts.pellets
    layers = [pellet_asr_ohm_cm2(pellet) for pellet in pellets]
    return plating_limits(
        rng,
        asr_ohm_cm2=asr * max(layers) / in_parallel(layers) if layers else asr,
        density_ratio=min((float(p.get("density_ratio", 0.96)) for p in pellets), default=0.96),
        coverage_ratio=min((min(p.get("coverage_ratio", [0.0])) for p in pellets), default=0.0),
        exposure_ppm_h=dose_ppm_h,
        cracked=_cracked(parts),
    )


def _cracked(parts: Parts) -> bool:
    return any(bool(pellet.get("cracked")) for pellet in parts.pellets)


def _history(parts: Parts) -> dict[str, Any]:
    pellets = parts.pellets
    rates = [min(pellet.get("cure_rate_per_min", [0.0])) for pellet in pellets]
    sprayed = [str(pellet["sprayed_at"]) for pellet in pellets if "sprayed_at" in pellet]
    return {
        "cure_rate_per_min": min(rates, default=0.0),
        "sprayed_at": min(sprayed, default=None),
    }


def cell(
    rng: np.random.Generator,
    definition_id: str,
    parts: Parts,
    *,
    exposure_ppm_h: float = 0.0,
    pressed_factor: float = 1.0,
    area_factor: float = 1.0,
) -> dict[str, Any]:
    """Return the truth about a new cell (property names in `simulators/world.py`).

    pressed_factor: how much higher the interfaces are for lack of lamination force.
    area_factor: share of the area in contact.
    """
    kind, pellets = kind_of(definition_id, parts), parts.pellets
    spread, ocv_spread, ce_spread, fade_spread, ice_spread = rng.standard_normal(5).tolist()
    layers = [pellet_asr_ohm_cm2(p) for p in pellets] or [2 * BARE_FACE_ASR_OHM_CM2]
    asr = in_parallel(layers) * (1.0 + CELL_SPREAD_RATIO * spread) * pressed_factor
    asr *= resistance_factor(exposure_ppm_h)
    area_cm2 = face_area_cm2(parts) * max(1, len(pellets))
    limits = worst_of(parts, rng, asr, exposure_ppm_h)
    short = bool(rng.random() < (0.5 if _cracked(parts) else SOFT_SHORT_RATIO))
    short_ohm = float(10 ** rng.uniform(3.3, 4.6)) / area_cm2
    ocv_v, ocv_sd_v = OCV_V[kind]
    ocv_drop_v = float(rng.uniform(0.06, 0.7)) if short and kind != "symmetric" else 0.0
    badness = max(0.0, asr / GOOD_ASR_OHM_CM2 - 1.0)
    ce_ratio = CE_RATIO[kind] + 0.00008 * ce_spread - 0.002 * badness
    fade = FADE_RATIO[kind] * (1.0 + 0.12 * fade_spread) * (1.0 + 4.0 * badness)
    return _history(parts) | {
        "definition_id": definition_id,
        "kind": kind,
        "layer_count": len(pellets),
        "area_cm2": area_cm2,
        "area_factor": area_factor,
        "nominal_capacity_mah": capacity_mah(parts, len(pellets)) * area_factor,
        "np_ratio": np_ratio(parts),
        "asr_ohm_cm2": asr,
        "asr_dc_ohm_cm2": limits.asr_dc_ohm_cm2,
        "bulk_ohm_cm2": in_parallel([bulk_ohm_cm2(p) for p in pellets]) if pellets else 1.5,
        "ocv_v": ocv_v + ocv_sd_v * ocv_spread - ocv_drop_v,
        "soft_short": short,
        "short_ohm": short_ohm if short else None,
        "leak": False,
        "leak_rate_mbar_l_per_s": None,
        "exposed": exposure_ppm_h > EXPOSED_PPM_H,
        "exposure_ppm_h": exposure_ppm_h,
        "j_crit_ma_per_cm2": limits.j_crit_ma_per_cm2,
        "failure_mode": limits.failure_mode,
        "ce_ratio": min(0.99999, ce_ratio) - (0.03 if short else 0.0),
        "ice_ratio": ICE_RATIO[kind] + 0.006 * ice_spread - 0.05 * badness,
        "fade": max(0.0, fade),
    }
