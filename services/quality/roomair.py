"""Owns the air of a room as all lots share it: lots that have been read to the same instant differ
only by the dose that had been counted before they were opened.

So a new sample moves one record for each room, and a lot is touched when its own state changes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.quality.countdown import NEVER, Countdown
from services.quality.domain import ExposureBudget
from services.quality.exposure import ExposureState
from services.quality.gas import GasName


@dataclass(frozen=True, kw_only=True)
class RoomAir:
    """A gas in a room's air, counted from some beginning; `counted` is as of a lot opened then."""

    air_id: int
    room_equipment_id: str
    gas: GasName
    counted: Countdown
    read_to: datetime

    def dose_ppm_h(self, now: datetime) -> float:
        """Return the dose up to an instant, or up to where the air is no longer known."""
        counted = self.counted
        until = min(now, max(counted.unknown_at, counted.known_to))
        beyond_h = max(0.0, (until - counted.known_to).total_seconds() / 3600.0)
        return counted.dose_ppm_h + (counted.rate_ppm or 0.0) * beyond_h

    def is_unknown(self, now: datetime) -> bool:
        """Say whether nothing is known of the present air."""
        return now >= self.counted.unknown_at

    def reaches(self, dose_ppm_h: float) -> datetime:
        """Return when a dose is reached if the air stays as it is; NEVER if not while known."""
        counted = self.counted
        left_ppm_h = dose_ppm_h - counted.dose_ppm_h
        if not counted.rate_ppm:
            return NEVER
        left = timedelta(hours=min(1e6, max(0.0, left_ppm_h / counted.rate_ppm)))
        at = counted.known_to + left
        return at if at <= counted.unknown_at else NEVER

    def joined_by(self, lot: Countdown) -> bool:
        """Say whether a lot's countdown goes on exactly as this air does."""
        own = self.counted
        return (own.known_to, own.rate_ppm, own.unknown_at, own.reason) == (
            lot.known_to,
            lot.rate_ppm,
            lot.unknown_at,
            lot.reason,
        )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a lot stands in its room, and what changes it next.

    due_at: by minutes. due_dose_ppm_h, back_dose_ppm_h: the dose of the room's air at and above
    which, and below which, the state is another one; None: by no dose.
    """

    state: ExposureState
    due_at: datetime | None
    due_dose_ppm_h: float | None
    back_dose_ppm_h: float | None


def standing(
    air: RoomAir,
    dose_before_ppm_h: float,
    from_at: datetime,
    budget: ExposureBudget,
    now: datetime,
) -> Standing:
    """Return where a lot stands that was opened when the air's dose was `dose_before_ppm_h`."""
    shares = (budget.warn_ratio, 1.0)
    instants = [from_at + timedelta(minutes=budget.budget_minutes * share) for share in shares]
    levels = [dose_before_ppm_h + budget.budget_dose_ppm_h * share for share in shares]
    dose_ppm_h = air.dose_ppm_h(now)
    passed = [
        now >= instant or dose_ppm_h >= level
        for instant, level in zip(instants, levels, strict=True)
    ]
    state: ExposureState = "within"
    if passed[1]:
        state = "over"
    elif air.is_unknown(now):
        state = "unknown"
    elif passed[0]:
        state = "near"
    return Standing(
        state=state,
        due_at=min((instant for instant in instants if instant > now), default=None),
        due_dose_ppm_h=min((level for level in levels if level > dose_ppm_h), default=None),
        back_dose_ppm_h=max((level for level in levels if level <= dose_ppm_h), default=None),
    )
