"""Owns tester channels as equipment: what each can do, its history, and why one is refused."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.formation.protocol import RANGE_LIMIT_RATIO, range_fits
from shared.errors import BlockedError
from shared.settings import TesterSettings

EntryKind = Literal["calibrated", "repaired", "drift_found", "moved", "withdrawn", "returned"]
FIELDS_OF: dict[EntryKind, tuple[str, ...]] = {
    "calibrated": ("calibrated_on", "calibration_due", "current_uncertainty_ratio"),
    "repaired": (),
    "drift_found": ("drift_ratio",),
    "moved": ("chamber_temperature_degc", "chamber_position"),
    "withdrawn": (),
    "returned": (),
}
SHOWN_REASONS = 4  # of the many channels that refuse, as many reasons as a person reads


class ChannelEntry(BaseModel):
    """One line of a channel's history; what was known before stays as it was.

    current_uncertainty_ratio and drift_ratio: of full scale; drift found beyond the uncertainty
    takes the channel out until it is calibrated, as a repair does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    equipment_id: str
    channel: str
    entry: EntryKind
    by: str = Field(min_length=1)
    note: str = Field(min_length=1)
    calibrated_on: date | None = None
    calibration_due: date | None = None
    current_uncertainty_ratio: float | None = Field(default=None, gt=0, lt=1)
    drift_ratio: float | None = Field(default=None, gt=-1, lt=1)
    chamber_temperature_degc: float | None = None
    chamber_position: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wanted = set(FIELDS_OF[self.entry])
        optional = {name for names in FIELDS_OF.values() for name in names}
        given = {name for name in optional if getattr(self, name) is not None}
        if given != wanted:
            need = ", ".join(sorted(wanted)) or "none of the optional fields"
            raise ValueError(f"entry {self.entry!r} takes {need}; given: {sorted(given)}")
        if (
            self.calibrated_on
            and self.calibration_due
            and (self.calibration_due <= self.calibrated_on)
        ):
            raise ValueError(
                f"calibration_due {self.calibration_due} is not after {self.calibrated_on}"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class ChannelFacts:
    """A channel as it is now. `out_reason` says why nobody may use it, None when it is in service.

    current_uncertainty_ratio: of full scale. calibrated_on: None where only the tester as a whole
    has a date.
    """

    equipment_id: str
    channel: str
    current_range_ma: float
    voltage_range_v: float
    current_uncertainty_ratio: float
    calibrated_on: date | None
    calibration_due: date
    chamber_temperature_degc: float
    chamber_position: str | None = None
    out_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a test asks of a channel; a temperature of None fits every chamber."""

    current_ma: float
    voltage_v: float
    temperature_degc: float | None = None
    tolerance_degc: float = 2.0


def facts_of(tester: TesterSettings, channel: str, history: Iterable[ChannelEntry]) -> ChannelFacts:
    """Return a channel as its tester's data sheet and its history, in order, make it."""
    range_ma, uncertainty_ratio = tester.current_range_of(channel)
    found = ChannelFacts(
        equipment_id=tester.equipment_id,
        channel=channel,
        current_range_ma=range_ma,
        voltage_range_v=tester.voltage_range_v,
        current_uncertainty_ratio=uncertainty_ratio,
        calibrated_on=None,
        calibration_due=tester.calibration_due,
        chamber_temperature_degc=tester.chamber_temperature_degc,
    )
    uncalibrated, withdrawn = None, None
    for line in history:
        if line.entry == "repaired":
            uncalibrated = f"not calibrated since its repair ({line.note})"
        elif line.entry == "withdrawn":
            withdrawn = f"withdrawn: {line.note}"
        elif line.entry == "returned":
            withdrawn = None
        elif line.entry == "calibrated":
            uncalibrated = None
        elif line.entry == "drift_found":
            uncalibrated = _drifted(found, line) or uncalibrated
        values = {name: getattr(line, name) for name in FIELDS_OF[line.entry]}
        values.pop("drift_ratio", None)
        found = replace(found, **values)
    return replace(found, out_reason=withdrawn or uncalibrated)


def _drifted(found: ChannelFacts, line: ChannelEntry) -> str | None:
    drift, limit = abs(line.drift_ratio or 0.0), found.current_uncertainty_ratio
    if drift <= limit:
        return None
    return f"drift {drift:.3%} of full scale, limit {limit:.3%}; calibrate it"


def refusals(channel: ChannelFacts, need: Need, today: date) -> tuple[str, ...]:
    """Return every reason why a channel may not run a test; none: it may."""
    reasons = []
    if channel.out_reason:
        reasons.append(channel.out_reason)
    if today > channel.calibration_due:
        reasons.append(f"calibration was due on {channel.calibration_due}")
    if not range_fits(need.current_ma, channel.current_range_ma):
        reasons.append(
            f"needs {need.current_ma:g} mA, limit is {RANGE_LIMIT_RATIO:g} of the range"
            f" {channel.current_range_ma:g} mA"
        )
    if abs(need.voltage_v) > channel.voltage_range_v:
        reasons.append(f"needs {need.voltage_v:g} V, range is {channel.voltage_range_v:g} V")
    if need.temperature_degc is not None:
        off_degc = abs(channel.chamber_temperature_degc - need.temperature_degc)
        if off_degc > need.tolerance_degc:
            reasons.append(
                f"its chamber is at {channel.chamber_temperature_degc:g} degC, needed is"
                f" {need.temperature_degc:g} +- {need.tolerance_degc:g} degC"
            )
    return tuple(reasons)


def choose_channel(
    channels: Sequence[ChannelFacts], leased: Collection[str], need: Need, today: date
) -> ChannelFacts | None:
    """Return the channel without a lease that fits with the least range to spare; None: wait.

    The smallest range that fits measures best. Channels that fit but are leased make a job wait.

    Raises:
        BlockedError: no channel of the tester may ever run this; names the reasons by channel.
    """
    refused = {item.channel: refusals(item, need, today) for item in channels}
    fit = [item for item in channels if not refused[item.channel]]
    if not fit:
        raise BlockedError(_told(refused))
    free = [item for item in fit if item.channel not in leased]
    return min(free, key=lambda item: item.current_range_ma, default=None)


def _told(refused: dict[str, tuple[str, ...]]) -> str:
    """Return the reasons, channels of one reason together."""
    by_reason: dict[str, list[str]] = {}
    for channel, reasons in refused.items():
        by_reason.setdefault("; ".join(reasons), []).append(channel)
    shown = [
        f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {reason}"
        for reason, names in by_reason.items()
    ]
    rest = f"; and {len(shown) - SHOWN_REASONS} more reasons" if len(shown) > SHOWN_REASONS else ""
    return "no channel may run this: " + "; ".join(shown[:SHOWN_REASONS]) + rest


@dataclass(frozen=True, kw_only=True)
class HistoryLine:
    """An entry with the moment it was written."""

    entry: ChannelEntry
    written_at: datetime
