"""What is left of an exposure budget while a lot is open: when it is near, used up or unknown.

Up to `known_to` the dose is that of the samples; from there on the present content goes on,
until the next sample says otherwise or the last living sensor has been silent for too long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from services.quality.domain import ExposureBudget
from services.quality.exposure import AirSample, Exposure, ExposureState, exposure
from services.quality.gas import WATER_GAS, Gas

LONGEST = timedelta(days=3650)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Countdown:
    """One open interval.

    dose_ppm_h: from `from_at` to `known_to`. rate_ppm: the present content of the gas, None without
    a living sensor. unknown_at: from when on nothing is known, because of `reason`, if no sample
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


def begun(from_at: datetime, longest_gap_s: float, gas: Gas = WATER_GAS) -> Countdown:
    """Return the countdown of an interval of which no sample has been read."""
    return begun_after(from_at, from_at, 0.0, longest_gap_s, gas)


def begun_after(
    from_at: datetime, known_to: datetime, dose_ppm_h: float, longest_gap_s: float, gas: Gas
) -> Countdown:
    """Return the countdown of an interval that began elsewhere, with the dose it had there."""
    return Countdown(
        from_at=from_at,
        known_to=known_to,
        dose_ppm_h=dose_ppm_h,
        rate_ppm=None,
        unknown_at=known_to + timedelta(seconds=longest_gap_s),
        reason=_silent_since(known_to, gas),
    )


def read_on(
    before: Countdown,
    sensors: Mapping[str, Sequence[AirSample]],
    longest_gap_s: float,
    gas: Gas = WATER_GAS,
) -> Countdown:
    """Return a countdown after more samples; `sensors` as for `exposure`, around `known_to`.

    What was unknown is known again when the samples that were missing have come after all.
    """
    newest = [own[-1] for own in sensors.values() if own]
    if not newest:
        return before
    gap = timedelta(seconds=longest_gap_s)
    good = [(x.source_at, x.value) for x in newest if x.value is not None]
    last_at = max((at for at, _ in good), default=max(one.source_at for one in newest))
    living = [(at, value) for at, value in good if last_at - at <= gap]
    if not living:
        return _unknown(before, min(before.unknown_at, last_at), _silent_since(last_at, gas))
    known_to = max(before.known_to, min(at for at, _ in living))
    found = exposure(sensors, before.known_to, known_to, longest_gap_s=longest_gap_s, gas=gas)
    if found.dose_ppm_h is None:
        return _unknown(before, before.known_to, found.reason or "no reason given")
    shown = [value for _, value in living]
    apart = max(shown) - min(shown)
    read = replace(
        before,
        known_to=known_to,
        dose_ppm_h=before.dose_ppm_h + found.dose_ppm_h,
        rate_ppm=gas.ppm(max(shown)),
        unknown_at=last_at + gap,
        reason=_silent_since(last_at, gas),
    )
    if apart > gas.apart_limit:
        unit = gas.difference_unit
        reason = f"sensors disagree by {apart:.1f} {unit}, limit {gas.apart_limit:g} {unit}"
        return _unknown(read, last_at, reason)
    return read


def _unknown(before: Countdown, since: datetime, reason: str) -> Countdown:
    return replace(before, rate_ppm=None, unknown_at=since, reason=reason)


def _silent_since(at: datetime, gas: Gas) -> str:
    return f"no living {gas.words} sensor since {at:%Y-%m-%d %H:%M:%S}"
