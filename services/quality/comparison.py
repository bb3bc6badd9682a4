"""One value against one characteristic: limits, guard band, protocol and waivers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from services.quality.domain import Characteristic
from shared.facts import Disposition, TestResult

Key = tuple[str, str]  # lot and characteristic
Figures = Mapping[Key, TestResult]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One value of one lot against one characteristic; `disposition` None where it is suspect.

    guard: width of the guard band inside both limits, None where the uncertainty is not given.
    protocol: what it was measured by. waiver_id: the waiver it is released under.
    """

    lot_id: str
    characteristic: str
    value: float | str | None
    unit: str
    low: float | None
    high: float | None
    disposition: Disposition | None
    reason: str
    guard: float | None = None
    protocol: str | None = None
    waiver_id: str | None = None


class Waives(Protocol):
    """A waiver in force, as far as one value is concerned."""

    @property
    def waiver_id(self) -> str:
        """Its id."""

    def covers(self, lot_id: str, characteristic: str, value: float) -> bool:
        """Tell whether this value of this lot is let go."""


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What bears on a judgement beside the values: how they were measured, and waivers in force."""

    protocols: Mapping[Key, str] = field(default_factory=dict)
    waivers: Sequence[Waives] = ()


def judged_value(
    limits: Characteristic,
    lot_id: str,
    figures: Figures,
    under: Circumstances,
    version: int,
) -> Judged:
    """Return what a value says under its limits; a waiver never covers what is unknown."""
    key = (lot_id, limits.characteristic)
    found, protocol = figures.get(key), under.protocols.get(key)
    by = f"specification version {version}"
    bare = Judged(
        lot_id=lot_id,
        characteristic=limits.characteristic,
        value=found.value if found is not None else None,
        unit=limits.unit,
        low=limits.low,
        high=limits.high,
        disposition="blocked",
        reason="",
        protocol=protocol,
    )
    if limits.status == "suspect":
        reason = f"not judged, limits are suspect: {limits.reason}"
        return replace(bare, disposition=None, reason=reason)
    unknown = _unknown(limits, lot_id, found, protocol, by)
    if unknown is not None:
        return replace(bare, reason=f"unknown: {unknown}")
    guard, missing = _guard(limits, lot_id, figures)
    if missing is not None:
        return replace(bare, reason=f"unknown: {missing} ({by})")
    compared = _within(replace(bare, guard=guard), limits, float(bare.value or 0.0), by)
    return _waived(compared, under.waivers) if compared.disposition == "blocked" else compared


def _unknown(
    limits: Characteristic, lot_id: str, found: TestResult | None, protocol: str | None, by: str
) -> str | None:
    """Return why a value says nothing, None where it does."""
    name = f"{limits.characteristic} of {lot_id}"
    if found is None:
        return f"{name} was not measured ({by})"
    if found.value is None:
        return f"{name}: {found.reason or 'no reason given'} ({by})"
    if isinstance(found.value, str) or not math.isfinite(found.value):
        return f"{name} is {found.value!r}, which is no number ({by})"
    if found.unit != limits.unit:
        return f"{name} came in '{found.unit}', {by} has its limits in '{limits.unit}'"
    if limits.protocol is not None and protocol != limits.protocol:
        return (
            f"{name} was measured by protocol {protocol or 'unknown'}; {by} compares only what was "
            f"measured by {limits.protocol}"
        )
    return None


def _guard(
    limits: Characteristic, lot_id: str, figures: Figures
) -> tuple[float | None, str | None]:
    """Return the guard band, or why it is not known; it has none where no uncertainty is given."""
    if limits.standard_uncertainty is not None:
        return limits.guard(limits.standard_uncertainty), None
    if limits.uncertainty_from is None:
        return None, None
    found = figures.get((lot_id, limits.uncertainty_from))
    value = None if found is None else found.value
    if isinstance(value, str) or value is None or not math.isfinite(value) or value < 0.0:
        return None, (
            f"the uncertainty of {limits.characteristic} of {lot_id}, {limits.uncertainty_from}, "
            f"is {value!r}"
        )
    if found is not None and found.unit != limits.unit:
        return None, (
            f"{limits.uncertainty_from} of {lot_id} came in '{found.unit}', not in '{limits.unit}'"
        )
    return limits.guard(value), None


def _within(bare: Judged, limits: Characteristic, value: float, by: str) -> Judged:
    unit, guard = _after_a_number(limits.unit), bare.guard or 0.0
    measured = f"{limits.characteristic} of {bare.lot_id} is {value:.6g}{unit}"
    beside = f" and its guard band of {guard:.3g}{unit}" if guard else ""
    if limits.low is not None and value < limits.low + guard:
        side = "below" if value < limits.low else "not far enough above"
        return replace(bare, reason=f"{measured}, {side} low {limits.low:g}{unit}{beside} ({by})")
    if limits.high is not None and value > limits.high - guard:
        side = "above" if value > limits.high else "not far enough below"
        return replace(bare, reason=f"{measured}, {side} high {limits.high:g}{unit}{beside} ({by})")
    reason = f"{measured}, {_band(limits)}{beside} ({by})"
    return replace(bare, disposition="released", reason=reason)


def _waived(blocked: Judged, waivers: Sequence[Waives]) -> Judged:
    for waiver in waivers:
        value = blocked.value
        if isinstance(value, float) and waiver.covers(
            blocked.lot_id, blocked.characteristic, value
        ):
            return replace(
                blocked,
                disposition="released",
                waiver_id=waiver.waiver_id,
                reason=f"released under waiver {waiver.waiver_id}: {blocked.reason}",
            )
    return blocked


def _after_a_number(unit: str) -> str:
    """Return a unit as it follows a number: nothing where it is 1."""
    return "" if unit == "1" else f" {unit}"


def _band(limits: Characteristic) -> str:
    unit = _after_a_number(limits.unit)
    match limits.low, limits.high:
        case None, None:
            return "known, no limit"
        case low, None:
            return f"at least {low:g}{unit}"
        case None, high:
            return f"at most {high:g}{unit}"
        case low, high:
            return f"within {low:g} to {high:g}{unit}"
