"""The furnace plan: groups job orders of one recipe into loads and gives each load a furnace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.sintering.calendar import Closing, FurnacePower, open_from
from services.sintering.domain import Charge, named, too_large
from shared.errors import InvalidInputError, OutOfLimitsError

START_DEGC = 25.0  # a furnace is planned from room temperature
Value = float | str | tuple[float, ...] | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class HeatTreatment:
    """What a furnace is told: segments of one ramp and one soak each, in one atmosphere."""

    temperature_degc: tuple[float, ...]
    ramp_degc_per_min: tuple[float, ...]
    soak_s: tuple[float, ...]
    atmosphere: str

    @property
    def duration_s(self) -> float:
        """The length of the program from room temperature."""
        total_s, before = 0.0, START_DEGC
        for target, ramp, soak_s in zip(
            self.temperature_degc, self.ramp_degc_per_min, self.soak_s, strict=True
        ):
            total_s += abs(target - before) / ramp * 60 + soak_s
            before = target
        return total_s


@dataclass(frozen=True, kw_only=True)
class Furnace:
    """A furnace and when it is free; `free_at` is None while it does not answer.

    closed: spans that no load may reach into. power: None where it is not known.
    """

    equipment_id: str
    free_at: datetime | None
    capacity_parts: int | None = None
    capacity_g: float | None = None
    highest_temperature_degc: float | None = None
    highest_ramp_degc_per_min: float | None = None
    atmospheres: tuple[str, ...] = ("air",)
    closed: tuple[Closing, ...] = ()
    power: FurnacePower | None = None

    def opens(self, start: datetime, treatment: HeatTreatment) -> datetime:
        """Return the first time from `start` on at which it stays open for a heat treatment."""
        return open_from(self.closed, start, timedelta(seconds=treatment.duration_s))

    def energy_kwh(self, treatment: HeatTreatment) -> float | None:
        """Return what a heat treatment draws: heating power up, holding power by temperature."""
        if self.power is None or self.highest_temperature_degc is None:
            return None
        total, before = 0.0, START_DEGC
        for target, ramp, soak_s in zip(
            treatment.temperature_degc, treatment.ramp_degc_per_min, treatment.soak_s, strict=True
        ):
            up_h = max(0.0, target - before) / ramp / 60
            share = (target - START_DEGC) / (self.highest_temperature_degc - START_DEGC)
            total += up_h * self.power.heating_kw
            total += soak_s / 3600 * max(0.0, share) * self.power.holding_kw
            before = target
        return total

    def fill_ratio(self, charge: Charge) -> float:
        """Return how full a charge makes it, by parts or by mass, whichever is more."""
        by_parts = charge.parts_count / self.capacity_parts if self.capacity_parts else 0.0
        by_mass = charge.mass_g / self.capacity_g if self.capacity_g else 0.0
        return max(by_parts, by_mass)


@dataclass(frozen=True, kw_only=True)
class Demand:
    """One job order that waits for a furnace; only those of one `family` share a load.

    due_at: None where nothing is promised. priority: 0-100, more is more urgent. latest_start_at:
    a longest wait after the step before ends then; None where there is none.
    """

    job_order_id: str
    family: str
    treatment: HeatTreatment
    charge: Charge
    lot_ids: tuple[str, ...]
    released_at: datetime
    due_at: datetime | None = None
    priority: int = 50
    latest_start_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedLoad:
    """Job orders for one run of one furnace; no start is known while the furnace is away.

    pin_id: of the person's decision that keeps it together and in its furnace. energy_kwh: None
    where the furnace's power is not known; energy_cost by the tariff, None without one.
    """

    equipment_id: str
    demands: tuple[Demand, ...]
    fill_ratio: float
    start_at: datetime | None
    end_at: datetime | None
    pin_id: str | None = None
    person: str | None = None
    energy_kwh: float | None = None
    energy_cost: float | None = None

    @property
    def job_order_ids(self) -> tuple[str, ...]:
        """Its job orders, in the order of the trays."""
        return tuple(demand.job_order_id for demand in self.demands)


@dataclass(frozen=True, kw_only=True)
class FurnacePlan:
    """Loads in the order they were planned, and why each other job order cannot be planned."""

    loads: tuple[PlannedLoad, ...]
    infeasible: Mapping[str, str]

    @property
    def too_late(self) -> dict[str, str]:
        """The job orders whose load starts after their lots may wait, with the rule."""
        return {
            demand.job_order_id: f"{named(demand.lot_ids)} must be in a furnace by "
            f"{demand.latest_start_at:%Y-%m-%d %H:%M}, {load.equipment_id} can start at "
            f"{load.start_at:%Y-%m-%d %H:%M}"
            for load in self.loads
            for demand in load.demands
            if load.start_at is not None
            and demand.latest_start_at is not None
            and load.start_at > demand.latest_start_at
        }


def heat_treatment(recipe_id: str, parameters: Mapping[str, Value]) -> HeatTreatment:
    """Return the heat treatment that control recipe parameters describe.

    Raises:
        InvalidInputError: segments or atmosphere are missing, or no program can be made of them.
    """
    names = ("segment_temperature_degc", "segment_ramp_degc_per_min", "segment_soak_s")
    temperature, ramp, soak = (_numbers(recipe_id, name, parameters.get(name)) for name in names)
    atmosphere = parameters.get("atmosphere")
    if not isinstance(atmosphere, str):
        raise InvalidInputError(f"recipe {recipe_id}: atmosphere is {atmosphere!r}, expected text")
    if not temperature or not len(temperature) == len(ramp) == len(soak):
        raise InvalidInputError(
            f"recipe {recipe_id}: {len(temperature)} temperatures, {len(ramp)} ramps and "
            f"{len(soak)} soaks; each segment needs one of each"
        )
    if min(ramp) <= 0 or min(soak) < 0:
        raise InvalidInputError(
            f"recipe {recipe_id}: ramp {min(ramp)} °C/min must be above 0 and soak {min(soak)} s "
            "not below 0"
        )
    return HeatTreatment(
        temperature_degc=temperature, ramp_degc_per_min=ramp, soak_s=soak, atmosphere=atmosphere
    )


def conflicts(treatment: HeatTreatment, furnace: Furnace) -> tuple[str, ...]:
    """Return one sentence for each rule that keeps a heat treatment out of a furnace."""
    rules = []
    hottest, steepest = max(treatment.temperature_degc), max(treatment.ramp_degc_per_min)
    if not hot_enough(furnace, treatment):
        limit = furnace.highest_temperature_degc
        rules.append(f"{hottest:g} °C is above its highest temperature {limit:g} °C")
    limit = furnace.highest_ramp_degc_per_min
    if limit is not None and steepest > limit:
        rules.append(f"{steepest:g} °C/min is above its steepest ramp {limit:g} °C/min")
    if treatment.atmosphere not in furnace.atmospheres:
        rules.append(f"atmosphere {treatment.atmosphere} is none of its {furnace.atmospheres}")
    return tuple(rules)


def hot_enough(furnace: Furnace, treatment: HeatTreatment) -> bool:
    """Say whether a furnace reaches the highest temperature of a heat treatment."""
    limit = furnace.highest_temperature_degc
    return limit is None or max(treatment.temperature_degc) <= limit


def able(demand: Demand, furnaces: Sequence[Furnace]) -> list[Furnace]:
    """Return the furnaces that can run a job order on its own.

    Raises:
        OutOfLimitsError: none can; names the lots, and for each furnace the rules in conflict.
    """
    found, refusals = [], []
    for furnace in furnaces:
        rules = conflicts(demand.treatment, furnace) + too_large(
            demand.charge, furnace.capacity_parts, furnace.capacity_g
        )
        if rules:
            refusals.append(f"{furnace.equipment_id}: {', '.join(rules)}")
        else:
            found.append(furnace)
    if not found:
        raise OutOfLimitsError(
            f"no furnace can run {demand.family} with {named(demand.lot_ids)}: "
            + "; ".join(refusals or ["the plant file has no furnace"])
        )
    return found


def plan_loads(
    demands: Sequence[Demand],
    furnaces: Sequence[Furnace],
    treatments: Sequence[HeatTreatment],
    now: datetime,
    load_wait_s: float,
) -> FurnacePlan:
    """Plan all waiting job orders, given the most urgent first.

    The most urgent one opens a load and takes with it what fits of its family. The load goes to
    the furnace that can start first; among equals to the one that takes most of the family, then
    to the one that is hot enough for the fewest of the plant's heat `treatments`, then to the
    smallest, so that hot and large furnaces stay free. A load that leaves room waits for more of
    its family, `load_wait_s` from the release of its oldest job order, unless another one wants
    the furnace.
    """
    infeasible, left = {}, []
    for demand in demands:
        try:
            able(demand, furnaces)
            left.append(demand)
        except OutOfLimitsError as error:
            infeasible[demand.job_order_id] = str(error)
    free_at = {furnace.equipment_id: furnace.free_at for furnace in furnaces}
    loads = []
    while left:
        furnace, taken = _choose(left, furnaces, treatments, free_at, now)
        ids = {demand.job_order_id for demand in taken}
        left = [demand for demand in left if demand.job_order_id not in ids]
        wanted = any(furnace in able(demand, furnaces) for demand in left)
        load = _load(furnace, taken, free_at, now, 0.0 if wanted else load_wait_s)
        free_at[furnace.equipment_id] = load.end_at
        loads.append(load)
    return FurnacePlan(loads=tuple(loads), infeasible=infeasible)


def _choose(
    left: Sequence[Demand],
    furnaces: Sequence[Furnace],
    treatments: Sequence[HeatTreatment],
    free_at: Mapping[str, datetime | None],
    now: datetime,
) -> tuple[Furnace, tuple[Demand, ...]]:
    family = [demand for demand in left if demand.family == left[0].family]
    offers = []
    for place, furnace in enumerate(able(left[0], furnaces)):
        taken = fill(furnace, family)
        free = free_at[furnace.equipment_id]
        key = (
            free is None,
            furnace.opens(max(free, now), left[0].treatment) if free is not None else now,
            -len(taken),
            sum(hot_enough(furnace, treatment) for treatment in treatments),
            -furnace.fill_ratio(total_charge(taken)),
            place,
        )
        offers.append((key, furnace, taken))
    _, furnace, taken = min(offers, key=lambda offer: offer[0])
    return furnace, taken


def fill(
    furnace: Furnace, family: Sequence[Demand], taken: tuple[Demand, ...] = ()
) -> tuple[Demand, ...]:
    """Return `taken` with those of a family, in their order, that fit in beside it."""
    for demand in family:
        charge = total_charge((*taken, demand))
        if not too_large(charge, furnace.capacity_parts, furnace.capacity_g):
            taken = (*taken, demand)
    return taken


def _load(
    furnace: Furnace,
    taken: tuple[Demand, ...],
    free_at: Mapping[str, datetime | None],
    now: datetime,
    wait_s: float,
) -> PlannedLoad:
    fill_ratio = furnace.fill_ratio(total_charge(taken))
    free = free_at[furnace.equipment_id]
    start = max(free, now) if free is not None else None
    if start is not None and fill_ratio < 1:
        oldest = min(demand.released_at for demand in taken)
        start = max(start, oldest + timedelta(seconds=wait_s))
    if start is not None:
        start = furnace.opens(start, taken[0].treatment)
    duration = timedelta(seconds=taken[0].treatment.duration_s)
    return PlannedLoad(
        equipment_id=furnace.equipment_id,
        demands=taken,
        fill_ratio=fill_ratio,
        start_at=start,
        end_at=start + duration if start is not None else None,
    )


def total_charge(demands: Sequence[Demand]) -> Charge:
    """Return the parts and grams of several job orders together."""
    return Charge(
        parts_count=sum(demand.charge.parts_count for demand in demands),
        mass_g=sum(demand.charge.mass_g for demand in demands),
    )


def _numbers(recipe_id: str, name: str, value: Value | None) -> tuple[float, ...]:
    items = value if isinstance(value, tuple) else ()
    numbers = tuple(item for item in items if isinstance(item, float))
    if not numbers or len(numbers) != len(items):
        raise InvalidInputError(f"recipe {recipe_id}: {name} is {value!r}, expected numbers")
    return numbers
