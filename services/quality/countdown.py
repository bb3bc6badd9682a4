"""What is left of an exposure budget while a lot is open: when it is near, used up or unknown.

Up to `known_to` the dose is that of the samples; from there on the present water content goes on,
until the next sample says otherwise or the last living sensor has been silent for too long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from services.quality.domain import ExposureBudget
from services.quality.exposure import (
    DISAGREEMENT_LIMIT_K,
    DewPoint,
    Exposure,
    ExposureState,
    exposure,
    water_ppm,
)

LONGEST = timedelta(days=3650)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Countdown:
    """One open interval.

    dose_ppm_h: from `from_at` to `known_to`. rate_ppm: the present water content, None without a
    living sensor. unknown_at: from when on nothing is known, because of `reason`, if no sample
    comes.
    """

    from_at: datetime
    known_to: datetime
    dose_ppm_h: float
    rate_ppm: float | None
    unknown_at: datetime
    reason: str

    def at(self, now: datetime) -> Exposure:
        """Return the exposure until an instant; the dose is None where it is unknown by then."""
        minutes = (now - self.from_at).total_seconds() / 60.0
        if now >= self.unknown_at or self.rate_ppm is None:
            return Exposure(minutes=minutes, dose_ppm_h=None, reason=self.reason)
        beyond_h = (now - self.known_to).total_seconds() / 3600.0
        dose_ppm_h = self.dose_ppm_h + self.rate_ppm * max(0.0, beyond_h)
        return Exposure(minutes=minutes, dose_ppm_h=dose_ppm_h)

    def limit_at(self, budget: ExposureBudget) -> datetime:
        """Return when the budget is used up if the air stays as it is."""
        by_minutes = self.from_at + timedelta(minutes=budget.budget_minutes)
        return min(by_minutes, self._dose_reaches(budget.budget_dose_ppm_h))

    def reaches(self, budget: ExposureBudget, ratio: float) -> datetime:
        """Return when a share (0-1) of the minutes or of the dose is used up as far as is known."""
        by_minutes = self.from_at + timedelta(minutes=budget.budget_minutes * ratio)
        by_dose = self._dose_reaches(budget.budget_dose_ppm_h * ratio)
        known = by_dose <= max(self.unknown_at, self.known_to)
        return min(by_minutes, by_dose) if known else by_minutes

    def state(self, budget: ExposureBudget, now: datetime) -> ExposureState:
        """Return where the interval stands; a budget is used up at the instant it is reached."""
        if now >= self.reaches(budget, 1.0):
            return "over"
        if now >= self.unknown_at:
            return "unknown"
        return "near" if now >= self.reaches(budget, budget.warn_ratio) else "within"

    def is_settled(self, budget: ExposureBudget, now: datetime) -> bool:
        """Say whether the budget is used up for certain, whatever the next samples say."""
        minutes = (now - self.from_at).total_seconds() / 60.0
        return minutes >= budget.budget_minutes or self.dose_ppm_h >= budget.budget_dose_ppm_h

    def next_change(self, budget: ExposureBudget, now: datetime) -> datetime:
        """Return when the state changes by time alone, NEVER if it does not."""
        instants = (
            self.reaches(budget, budget.warn_ratio),
            self.unknown_at,
            self.reaches(budget, 1.0),
        )
        return min((instant for instant in instants if instant > now), default=NEVER)

    def _dose_reaches(self, dose_ppm_h: float) -> datetime:
        """Return when a dose is reached at the present rate, NEVER without one."""
        left_ppm_h = dose_ppm_h - self.dose_ppm_h
        if left_ppm_h <= 0.0:
            return self.known_to
        if not self.rate_ppm:
            return NEVER
        return self.known_to + min(LONGEST, timedelta(hours=left_ppm_h / self.rate_ppm))


def begun(from_at: datetime, longest_gap_s: float) -> Countdown:
    """Return the countdown of an interval of which no sample has been read."""
    return Countdown(
        from_at=from_at,
        known_to=from_at,
        dose_ppm_h=0.0,
        rate_ppm=None,
        unknown_at=from_at + timedelta(seconds=longest_gap_s),
        reason=_silent_since(from_at),
    )


def read_on(
    before: Countdown, sensors: Mapping[str, Sequence[DewPoint]], longest_gap_s: float
) -> Countdown:
    """Return a countdown after more samples; `sensors` as for `exposure`, around `known_to`.

    What was unknown is known again when the samples that were missing have come after all.
    """
    newest = [own[-1] for own in sensors.values() if own]
    if not newest:
        return before
    gap = timedelta(seconds=longest_gap_s)
    good = [(x.source_at, x.dew_point_degc) for x in newest if x.dew_point_degc is not None]
    last_at = max((at for at, _ in good), default=max(one.source_at for one in newest))
    living = [(at, degc) for at, degc in good if last_at - at <= gap]
    if not living:
        return _unknown(before, min(before.unknown_at, last_at), _silent_since(last_at))
    known_to = max(before.known_to, min(at for at, _ in living))
    found = exposure(sensors, before.known_to, known_to, longest_gap_s=longest_gap_s)
    if found.dose_ppm_h is None:
        return _unknown(before, before.known_to, found.reason or "no reason given")
    shown_degc = [degc for _, degc in living]
    apart_k = max(shown_degc) - min(shown_degc)
    read = replace(
        before,
        known_to=known_to,
        dose_ppm_h=before.dose_ppm_h + found.dose_ppm_h,
        rate_ppm=water_ppm(max(shown_degc)),
        unknown_at=last_at + gap,
        reason=_silent_since(last_at),
    )
    if apart_k > DISAGREEMENT_LIMIT_K:
        reason = f"sensors disagree by {apart_k:.1f} K, limit {DISAGREEMENT_LIMIT_K:g} K"
        return _unknown(read, last_at, reason)
    return read


def _unknown(before: Countdown, since: datetime, reason: str) -> Countdown:
    return replace(before, rate_ppm=None, unknown_at=since, reason=reason)


def _silent_since(at: datetime) -> str:
    return f"no living dew point sensor since {at:%Y-%m-%d %H:%M:%S}"
