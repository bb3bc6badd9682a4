"""Owns figures of cycles as they are told to others, and a tester's words for kinds of steps."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.formation.curves import cv_share, efficiency_uncertainty_ratio
from services.formation.cycles import CycleFigures, Kind, capacity_retention
from shared import facts

# Neware's words for the steps we order; `cc` and `dc` are charge and discharge at a current.
KINDS: dict[str, Kind] = {
    "cc": "cc_charge",
    "dc": "cc_discharge",
    "cv": "cv_charge",
    "cccv": "cccv_charge",
    "rest": "rest",
}


@dataclass(frozen=True)
class Accuracy:
    """The channel's uncertainty (of full scale), its range, and the highest current ordered."""

    uncertainty_ratio: float
    range_ma: float
    current_ma: float


def told(
    cycles: Sequence[CycleFigures],
    accuracy: Accuracy | None = None,
    reference_cycle: int | None = None,
) -> tuple[facts.CycleFigures, ...]:
    """Return cycle figures for others: a flagged cycle has no efficiency.

    Without a channel's accuracy there is no uncertainty; the reference cycle of the retention is
    the first that may be graded where none is named.
    """
    if reference_cycle is None:
        sound = (item.cycle for item in cycles if item.coulombic_efficiency.value_ratio is not None)
        reference_cycle = next(sound, None)
    return tuple(_told(item, cycles, accuracy, reference_cycle) for item in cycles)


def _told(
    item: CycleFigures,
    cycles: Sequence[CycleFigures],
    accuracy: Accuracy | None,
    reference_cycle: int | None,
) -> facts.CycleFigures:
    efficiency = item.coulombic_efficiency.value_ratio
    uncertainty = None
    if accuracy is not None and efficiency is not None and accuracy.current_ma > 0.0:
        uncertainty = efficiency_uncertainty_ratio(
            efficiency, accuracy.current_ma, accuracy.range_ma, accuracy.uncertainty_ratio
        )
    retention = None
    if reference_cycle is not None:
        retention = capacity_retention(
            cycles, cycle=item.cycle, reference_cycle=reference_cycle
        ).value_ratio
    return facts.CycleFigures(
        cycle=item.cycle,
        charge_capacity_mah=item.charge_mah,
        discharge_capacity_mah=item.discharge_mah,
        coulombic_efficiency_ratio=efficiency,
        flag=", ".join(item.flags) or item.coulombic_efficiency.reason,
        coulombic_efficiency_uncertainty_ratio=uncertainty,
        energy_efficiency_ratio=item.energy_efficiency.value_ratio,
        mean_charge_voltage_v=item.mean_charge_v,
        mean_discharge_voltage_v=item.mean_discharge_v,
        constant_voltage_ratio=cv_share(item).value,
        retention_ratio=retention,
        reference_cycle=reference_cycle,
    )
