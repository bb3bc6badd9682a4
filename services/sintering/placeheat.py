"""What the heat of a run did at each place of a load: its soaks and its thermal dose.

A furnace has two thermocouples. A survey of the furnace says how much of the second one's
temperature a place sees; between the two the temperature is taken as linear in that share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.sintering.profile import (
    Band,
    Floats,
    Judgement,
    Profile,
    in_band_s,
    samples_of,
    segments_of,
    soak_deviations,
)
from services.sintering.schedule import HeatTreatment

GAS_CONSTANT_J_PER_MOL_K = 8.314462618
ZERO_DEGC_K = 273.15


@dataclass(frozen=True, kw_only=True)
class PlaceHeat:
    """What one place got; None with a reason where part of the run is unknown.

    dose_h: the hours at the recipe's highest temperature that do the same, by Arrhenius; None
    without a reason where the recipe gives no activation energy.
    """

    deviations: tuple[str, ...]
    soak_in_band_s: float | None
    dose_h: float | None
    reason: str | None

    @property
    def deviation_count(self) -> float | None:
        """How often this place left the band; None when part of the run is unknown."""
        return None if self.reason else float(len(self.deviations))


def heat_of_places(
    profile: Profile,
    treatment: HeatTreatment,
    band: Band,
    judgement: Judgement,
    zone_share: Mapping[str, float],
    activation_energy_j_per_mol: float | None = None,
) -> dict[str, PlaceHeat]:
    """Return what each lot got, by its share of the second thermocouple's temperature."""
    if judgement.unknown:
        lost = PlaceHeat(deviations=(), soak_in_band_s=None, dose_h=None, reason=judgement.reason)
        return dict.fromkeys(zone_share, lost)
    samples = samples_of(profile.known())
    shares = np.unique(list(zone_share.values()))
    degc = (1 - shares)[:, None] * samples.temperature_degc + shares[:, None] * samples.zone_degc
    broken: list[list[str]] = [list(judgement.everywhere) for _ in shares]
    soaked_s = np.zeros(shares.size)
    for segment in segments_of(samples, treatment):
        if segment.first == samples.time_s.size:
            break
        if segment.soak_s <= 0 or segment.end == segment.first:
            continue
        kept_s = in_band_s(samples, segment, band, degc)
        highest = degc[:, segment.first : segment.end].max(axis=1)
        soaked_s += kept_s
        for own, kept, high in zip(broken, kept_s, highest, strict=True):
            own += soak_deviations(samples, segment, band, float(kept), float(high))
    doses = _doses_h(samples.time_s, degc, treatment, activation_energy_j_per_mol)
    found = {
        float(share): PlaceHeat(
            deviations=tuple(broken[at]),
            soak_in_band_s=float(soaked_s[at]),
            dose_h=doses[at],
            reason=None,
        )
        for at, share in enumerate(shares)
    }
    return {lot_id: found[share] for lot_id, share in zone_share.items()}


def _doses_h(
    time_s: Floats, degc: Floats, treatment: HeatTreatment, energy_j_per_mol: float | None
) -> Sequence[float | None]:
    if energy_j_per_mol is None:
        return [None] * len(degc)
    reference_k = max(treatment.temperature_degc) + ZERO_DEGC_K
    inverse_k = 1.0 / (degc + ZERO_DEGC_K) - 1.0 / reference_k
    rate = np.exp(-energy_j_per_mol / GAS_CONSTANT_J_PER_MOL_K * inverse_k)
    return [float(dose) for dose in np.trapezoid(rate, time_s, axis=1) / 3600.0]
