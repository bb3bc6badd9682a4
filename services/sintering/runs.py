"""What a furnace run did: judged as a whole and at each place, kept, and said."""

from collections.abc import Mapping, Sequence

import numpy as np

from services.sintering import store
from services.sintering.gas import Gas, gas_band_of, with_gas
from services.sintering.load import Place
from services.sintering.placeheat import PlaceHeat, heat_of_places
from services.sintering.profile import (
    Judgement,
    Profile,
    band_of,
    judge,
    samples_of,
    segments_of,
)
from services.sintering.qualification import (
    DRIFT_RUNS,
    FurnaceQualification,
    qualification_at,
    zone_of,
)
from services.sintering.schedule import HeatTreatment, Value, heat_treatment
from shared.app import Service
from shared.events import JobOrderReleased, SinterRunEnded, ThermocoupleDriftFound
from shared.facts import PartPlace, TestResult
from shared.intake import ended_event, measured
from shared.settings import StationSettings
from shared.stationorder import StationOrder
from shared.stations import JobAnswer
from shared.transaction import Transaction

JOULE_PER_KILOJOULE, SECONDS_PER_HOUR = 1000.0, 3600.0
POSITION_ZONE = "position_zone"


async def run_ended(
    tx: Transaction, service: Service, order: StationOrder, answer: JobAnswer
) -> None:
    """Judge the measured profile, keep it, and say how each job order of the load ended."""
    profile = Profile(
        time_s=answer.numbers("profile_time_s"),
        setpoint_degc=answer.numbers("profile_setpoint_degc"),
        temperature_degc=answer.numbers("profile_temperature_degc"),
        zone_degc=answer.numbers("profile_zone_degc"),
    )
    gas = Gas(
        oxygen_ppm=answer.numbers("profile_oxygen_ppm"),
        hydrogen_ratio=answer.numbers("profile_hydrogen_ratio"),
    )
    treatment = heat_treatment(order.recipe_id, order.parameters)
    judged = await store.judged_by(tx, order.station_order_id)
    heat = judge(profile, treatment, band_of(judged))
    offset_degc = None if heat.unknown else _zone_offset_degc(profile, treatment)
    judgement = with_gas(heat, profile, gas, treatment.atmosphere, gas_band_of(judged))
    drawn_kwh = energy_kwh(profile.time_s, answer.numbers("profile_power_kw"))
    await store.keep_run(
        tx, order.station_order_id, profile, gas, judgement, offset_degc, drawn_kwh
    )
    known = await qualification_at(tx, order.equipment_id, answer.started_at)
    [station] = [
        item
        for item in service.plant.stations_of(service.name)
        if item.equipment_id == order.equipment_id
    ]
    places = await store.places_in(tx, order.station_order_id)
    shares = (
        {}
        if known is None
        else known.shares(places, station.tray_positions, station.capacity_parts)
    )
    heats = _heats(profile, treatment, judged, judgement, shares, station, places)
    await store.keep_heats(tx, order.station_order_id, heats)
    run = _run_ended(order, answer, profile.known(), judgement)
    ended = [
        ended_event(
            order,
            job_order,
            answer,
            job_order.materials,
            _results(job_order, judgement, heats)
            + _zones(job_order, order.station_order_id, heats, shares),
        ).model_copy(update={"places": _stood(job_order, order.station_order_id, places)})
        for job_order in order.job_orders
    ]
    drifted = await _drift(tx, order, known)
    await service.outbox.record(tx, run, *drifted, *ended)


def energy_kwh(time_s: Sequence[float], power_kw: Sequence[float]) -> float | None:
    """Return what a run drew, from its power at each sample; None where a number is missing."""
    seen = np.array([time_s, power_kw]) if len(time_s) == len(power_kw) > 1 else None
    if seen is None or not np.isfinite(seen).all() or (np.diff(seen[0]) < 0).any():
        return None
    return float(np.trapezoid(seen[1], seen[0])) / SECONDS_PER_HOUR


def _zone_offset_degc(profile: Profile, treatment: HeatTreatment) -> float | None:
    """Return how much the second thermocouple shows more than the control one, mean of the soaks.

    None for a run without a soak.
    """
    samples = samples_of(profile.known())
    apart = samples.zone_degc - samples.temperature_degc
    soaks = [
        apart[segment.first : segment.end]
        for segment in segments_of(samples, treatment)
        if segment.soak_s > 0 and segment.end > segment.first
    ]
    return float(np.mean(np.concatenate(soaks))) if soaks else None


def _heats(
    profile: Profile,
    treatment: HeatTreatment,
    judged: Mapping[str, Value],
    judgement: Judgement,
    shares: Mapping[str, float],
    station: StationSettings,
    places: Sequence[Place],
) -> dict[str, PlaceHeat]:
    """Return what each lot got; unknown where the furnace has no valid qualification."""
    if not shares:
        reason = f"{station.equipment_id} had no valid qualification at the start of the run"
        unknown = PlaceHeat(deviations=(), soak_in_band_s=None, dose_h=None, reason=reason)
        return {place.lot_id: unknown for place in places}
    energy = judged.get("activation_energy_kj_per_mol")
    return heat_of_places(
        profile,
        treatment,
        band_of(judged),
        judgement,
        shares,
        energy * JOULE_PER_KILOJOULE if isinstance(energy, float) else None,
    )


async def _drift(
    tx: Transaction, order: StationOrder, known: FurnaceQualification | None
) -> list[ThermocoupleDriftFound]:
    """Say that the thermocouples have drifted apart since they were calibrated, if they have."""
    if known is None:
        return []
    offsets = await store.zone_offsets(tx, order.equipment_id, known.qualified_at, DRIFT_RUNS)
    away_degc = known.drift(offsets)
    if away_degc is None:
        return []
    return [
        ThermocoupleDriftFound(
            equipment_id=order.equipment_id,
            furnace_load_id=order.station_order_id,
            drift_degc=away_degc,
            limit_degc=known.drift_limit_degc,
            qualified_at=known.qualified_at,
            lot_ids=tuple(dict.fromkeys(item.lot_id for item in order.job_orders)),
        )
    ]


def _run_ended(
    order: StationOrder, answer: JobAnswer, known: Profile, judgement: Judgement
) -> SinterRunEnded:
    """Say how a run went; samples without a number are left out, they show as a gap in time."""
    aborted = ("the furnace aborted the run",) if answer.state == "aborted" else ()
    unknown = tuple(f"unknown: {reason}" for reason in judgement.unknown)
    return SinterRunEnded(
        equipment_id=order.equipment_id,
        furnace_load_id=order.station_order_id,
        recipe_id=order.recipe_id,
        job_order_ids=tuple(job_order.job_order_id for job_order in order.job_orders),
        started_at=answer.started_at,
        ended_at=answer.ended_at,
        profile_time_s=known.time_s,
        profile_setpoint_degc=known.setpoint_degc,
        profile_temperature_degc=known.temperature_degc,
        deviations=aborted + judgement.deviations + unknown,
    )


def _stood(
    job_order: JobOrderReleased, furnace_load_id: str, places: Sequence[Place]
) -> tuple[PartPlace, ...]:
    own = {item.lot_id for item in job_order.materials}
    return tuple(
        PartPlace(
            lot_id=place.lot_id,
            furnace_load_id=furnace_load_id,
            tray=place.tray,
            position=place.position,
        )
        for place in places
        if place.lot_id in own
    )


def _results(
    job_order: JobOrderReleased, judgement: Judgement, heats: Mapping[str, PlaceHeat]
) -> list[TestResult]:
    """Return the results of the job order's lot, and of each of its parts its own.

    A lot with parts has only the deviations that touch each place; the others are of the parts.
    """
    lot_id, reason = job_order.lot_id, judgement.reason
    parts = [item.lot_id for item in job_order.materials if item.use == "processed"]
    own = {part: heats[part] for part in parts if part in heats and part != lot_id}
    count = judgement.deviation_count
    if own and count is not None:
        count = float(len(judgement.everywhere))
    results = [
        measured(lot_id, "profile_deviation_count", count, reason),
        measured(lot_id, "soak_in_band_s", judgement.soak_in_band_s, reason),
    ]
    for part, heat in own.items():
        results.append(measured(part, "place_deviation_count", heat.deviation_count, heat.reason))
        if heat.dose_h is not None:
            results.append(measured(part, "thermal_dose_h", heat.dose_h))
    return results


def _zones(
    job_order: JobOrderReleased,
    furnace_load_id: str,
    heats: Mapping[str, PlaceHeat],
    shares: Mapping[str, float],
) -> list[TestResult]:
    """Return in which run and zone of it each part of the job order stood; witnesses go by it.

    Once as the newest zone of the part, and once by the operation, which a later run leaves alone.
    """
    parts = [item.lot_id for item in job_order.materials if item.use == "processed"]
    return [
        TestResult(
            lot_id=part,
            characteristic=characteristic,
            value=f"{furnace_load_id} {zone_of(shares[part])}" if part in shares else None,
            unit="",
            reason=None if part in shares else heats[part].reason,
        )
        for part in parts
        if part in heats and part != job_order.lot_id
        for characteristic in (POSITION_ZONE, f"{job_order.operation}_{POSITION_ZONE}")
    ]
