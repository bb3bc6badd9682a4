"""Rules of powder and pellet job orders: what each kind of station needs, holds and shows."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.errors import InvalidInputError, OutOfLimitsError
from shared.events import JobOrderReleased
from shared.facts import Material

# Parameters of a furnace recipe that judge a measured profile and are not told to the furnace.
JUDGED = frozenset(
    {
        "soak_band_degc",
        "ramp_band_ratio",
        "soak_shortfall_ratio",
        "longest_interruption_s",
        "activation_energy_kj_per_mol",
        "gas_from_degc",
        "highest_oxygen_ppm",
        "lowest_hydrogen_ratio",
        "highest_hydrogen_ratio",
    }
)


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What a job order puts into a station: parts, and grams of those given by mass."""

    parts_count: int
    mass_g: float


@dataclass(frozen=True, kw_only=True)
class GreenSize:
    """The size of a pellet as it was pressed."""

    thickness_um: float
    area_cm2: float

    @property
    def diameter_mm(self) -> float:
        """The diameter of the circle of the same area."""
        return 10.0 * math.sqrt(4.0 * self.area_cm2 / math.pi)


def check(job_order: JobOrderReleased) -> Charge:
    """Return what a job order puts into a station of its kind.

    Raises:
        InvalidInputError: not a kind of this service, or lots are missing, too many or twice.
    """
    worked = _worked(job_order)
    consumed = [item for item in job_order.materials if item.use == "consumed"]
    charged = worked
    match job_order.station_kind:
        case "mill":
            _one_powder(job_order, worked, ("processed", "produced"))
            charged = consumed + [item for item in worked if item.use == "processed"]
        case "dryer":
            _one_powder(job_order, worked, ("processed",))
        case "press":
            _all_are(job_order, worked, "produced")
            charged = worked if consumed else []
        case "furnace" | "gauge":
            _all_are(job_order, worked, "processed")
        case kind:
            raise InvalidInputError(
                f"{job_order.job_order_id}: sintering drives mills, dryers, presses, furnaces "
                f"and gauges, given {kind}"
            )
    if not charged:
        raise InvalidInputError(f"{job_order.job_order_id}: no lot is consumed to make its lots of")
    mass_g = math.fsum(item.quantity for item in charged if item.unit == "g")
    return Charge(parts_count=len(charged), mass_g=mass_g)


def too_large(
    charge: Charge, capacity_parts: int | None, capacity_g: float | None
) -> tuple[str, ...]:
    """Return one sentence for each limit of a station that a charge exceeds; empty if it fits."""
    rules = []
    if capacity_parts is not None and charge.parts_count > capacity_parts:
        rules.append(f"{charge.parts_count} parts are more than its {capacity_parts}")
    if capacity_g is not None and charge.mass_g > capacity_g:
        rules.append(f"{charge.mass_g:g} g are more than its {capacity_g:g} g")
    return tuple(rules)


def named(lot_ids: Sequence[str]) -> str:
    """Return lots by name for a message: all of a few, first and last of many."""
    if len(lot_ids) <= 4:
        return "lots " + ", ".join(lot_ids) if len(lot_ids) > 1 else f"lot {lot_ids[0]}"
    return f"{len(lot_ids)} lots from {lot_ids[0]} to {lot_ids[-1]}"


def with_mass(materials: Iterable[Material], mass_g: float | None) -> tuple[Material, ...]:
    """Return the materials with the weighed mass on the powder lot; as ordered where unknown."""
    return tuple(
        item.model_copy(update={"quantity": mass_g})
        if mass_g is not None and item.use != "consumed" and item.unit == "g"
        else item
        for item in materials
    )


def density_g_per_cm3(mass_g: float, thickness_um: float, diameter_mm: float) -> float:
    """Return the geometric density of a pellet; the diameter is that of the equal-area circle.

    Raises:
        OutOfLimitsError: thickness or diameter is not above 0.
    """
    if thickness_um <= 0 or diameter_mm <= 0:
        raise OutOfLimitsError(
            f"thickness {thickness_um} µm and diameter {diameter_mm} mm must be above 0"
        )
    area_cm2 = math.pi / 4 * (diameter_mm / 10) ** 2
    return mass_g / (area_cm2 * thickness_um * 1e-4)


def _worked(job_order: JobOrderReleased) -> list[Material]:
    worked = [item for item in job_order.materials if item.use != "consumed"]
    seen: set[str] = set()
    for item in worked:
        if item.lot_id in seen:
            raise InvalidInputError(f"{job_order.job_order_id}: lot {item.lot_id} stands twice")
        seen.add(item.lot_id)
    return worked


def _one_powder(
    job_order: JobOrderReleased, worked: Sequence[Material], uses: tuple[str, ...]
) -> None:
    if len(worked) != 1 or worked[0].unit != "g" or worked[0].use not in uses:
        given = [f"{item.use} {item.lot_id} in {item.unit}" for item in worked]
        raise InvalidInputError(
            f"{job_order.job_order_id}: needs one powder lot in g that is {' or '.join(uses)}, "
            f"given {given}"
        )


def _all_are(job_order: JobOrderReleased, worked: Sequence[Material], use: str) -> None:
    if not worked or any(item.use != use for item in worked):
        raise InvalidInputError(
            f"{job_order.job_order_id}: needs lots that are {use}, and beside them only consumed"
        )
