"""When furnaces are closed, what their heat costs, and how long lots may wait for it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.db import sql
from shared.instants import Instant
from shared.masterdata import keep_version
from shared.transaction import Transaction

HOURS = 24


@dataclass(frozen=True, kw_only=True)
class Closing:
    """A span in which a furnace takes no load, and none may reach into it."""

    starts_at: datetime
    ends_at: datetime
    reason: str


class ClosedSpan(BaseModel):
    """A planned stop of a furnace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    starts_at: Instant
    ends_at: Instant
    reason: str = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError(f"ends_at {self.ends_at} is not after starts_at {self.starts_at}")
        return self


class FurnaceCalendar(BaseModel):
    """The planned stops of one furnace; a new version replaces all of the one before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    equipment_id: str
    version: int = Field(ge=1)
    closed: tuple[ClosedSpan, ...]
    source: str = Field(min_length=3)


class TariffStep(BaseModel):
    """A price that holds each day from an hour (0 to 24, local to the plant's UTC clock) on."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    from_hour: float = Field(ge=0, lt=HOURS)
    price_per_kwh: float = Field(gt=0)


class EnergyTariff(BaseModel):
    """What a kWh costs by the hour of the day (UTC)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tariff_id: str = Field(pattern=r"^[a-z0-9-]+$")
    version: int = Field(ge=1)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    steps: tuple[TariffStep, ...] = Field(min_length=1)
    source: str = Field(min_length=3)

    @model_validator(mode="after")
    def _check(self) -> Self:
        hours = [step.from_hour for step in self.steps]
        if hours[0] != 0 or any(later <= before for before, later in pairwise(hours)):
            raise ValueError(f"from_hour of the steps is {hours}; it must rise from 0")
        return self

    @property
    def mean_price(self) -> float:
        """The price per kWh of an even day."""
        ends = [*(step.from_hour for step in self.steps[1:]), HOURS]
        return sum(
            step.price_per_kwh * (end - step.from_hour)
            for step, end in zip(self.steps, ends, strict=True)
        ) / float(HOURS)

    def changes(self, start: datetime, days: int) -> list[tuple[datetime, float]]:
        """Return each time of the days from `start` on at which the price changes, with it."""
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        found = [
            (midnight + timedelta(days=day, hours=step.from_hour), step.price_per_kwh)
            for day in range(days)
            for step in self.steps
        ]
        begun = [price for at, price in found if at <= start]
        return [(start, begun[-1]), *((at, price) for at, price in found if at > start)]

    def cost(self, start: datetime, end: datetime, kw: float) -> float:
        """Return what an even power from start to end costs, in the currency."""
        days = math.ceil((end - start).total_seconds() / 86_400) + 2
        steps = [step for step in self.changes(start, days) if step[0] < end]
        ends = [*(at for at, _ in steps[1:]), end]
        return sum(
            (until - at).total_seconds() / 3600 * kw * price
            for (at, price), until in zip(steps, ends, strict=True)
        )


class FurnacePower(BaseModel):
    """What a furnace draws: while it heats up, and holding its highest temperature, both in kW."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    equipment_id: str
    version: int = Field(ge=1)
    heating_kw: float = Field(gt=0)
    holding_kw: float = Field(gt=0)
    source: str = Field(min_length=3)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The newest calendars and powers by furnace, the tariff, and the latest starts of lots.

    latest_start: by lot and operation.
    """

    closed: Mapping[str, tuple[Closing, ...]]
    power: Mapping[str, FurnacePower]
    tariff: EnergyTariff | None
    latest_start: Mapping[tuple[str, str], datetime]


def open_from(closed: Sequence[Closing], start: datetime, duration: timedelta) -> datetime:
    """Return the first time from `start` on at which a furnace stays open for a duration."""
    for span in sorted(closed, key=lambda item: item.starts_at):
        if start < span.ends_at and start + duration > span.starts_at:
            start = span.ends_at
    return start


def open_spans(
    closed: Iterable[Closing], start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """Return the spans between two times in which a furnace is open, in order."""
    found, at = [], start
    for span in sorted(closed, key=lambda item: item.starts_at):
        if span.starts_at > at:
            found.append((at, min(span.starts_at, end)))
        at = max(at, span.ends_at)
    if at < end:
        found.append((at, end))
    return [(low, high) for low, high in found if high > low]


async def add_terms(
    tx: Transaction,
    calendars: Sequence[FurnaceCalendar],
    powers: Sequence[FurnacePower],
    tariffs: Sequence[EnergyTariff],
) -> None:
    """Keep versions of calendars, powers and tariffs.

    Raises:
        ConflictError: a version exists with other content.
    """
    for calendar in calendars:
        await keep_version(tx, "furnace_calendar", ("equipment_id", "version"), calendar)
    for power in powers:
        await keep_version(tx, "furnace_power", ("equipment_id", "version"), power)
    for tariff in tariffs:
        await keep_version(tx, "energy_tariff", ("tariff_id", "version"), tariff)


async def terms(tx: Transaction, now: datetime) -> Terms:
    """Return what holds now; stops that are over are left out."""
    calendars = [
        FurnaceCalendar.model_validate(body)
        for body in await _newest(tx, "furnace_calendar", "equipment_id")
    ]
    powers = [
        FurnacePower.model_validate(body)
        for body in await _newest(tx, "furnace_power", "equipment_id")
    ]
    tariffs = await _newest(tx, "energy_tariff", "tariff_id")
    limits = await tx.execute(sql("SELECT lot_id, operation, latest_at FROM lot_limit"))
    latest: dict[tuple[str, str], datetime] = {}
    for row in limits.mappings():
        key = (row["lot_id"], row["operation"])
        latest[key] = min(row["latest_at"], latest.get(key, row["latest_at"]))
    return Terms(
        closed={
            calendar.equipment_id: tuple(
                Closing(starts_at=span.starts_at, ends_at=span.ends_at, reason=span.reason)
                for span in calendar.closed
                if span.ends_at > now
            )
            for calendar in calendars
        },
        power={power.equipment_id: power for power in powers},
        tariff=EnergyTariff.model_validate(tariffs[0]) if tariffs else None,
        latest_start=latest,
    )


async def keep_limit(
    tx: Transaction, time_limit_id: str, lot_id: str, operation: str, latest_at: datetime
) -> None:
    """Keep until when an operation of a lot must have started."""
    await tx.execute(
        sql("""
            INSERT INTO lot_limit (time_limit_id, lot_id, operation, latest_at)
            VALUES (:id, :lot_id, :operation, :latest_at) ON CONFLICT DO NOTHING"""),
        {"id": time_limit_id, "lot_id": lot_id, "operation": operation, "latest_at": latest_at},
    )


async def end_limit(tx: Transaction, time_limit_id: str) -> None:
    """Forget a limit that was met or broken."""
    statement = "DELETE FROM lot_limit WHERE time_limit_id = :id"
    await tx.execute(sql(statement), {"id": time_limit_id})


async def _newest(tx: Transaction, table: str, key: str) -> list[object]:
    statement = f"SELECT DISTINCT ON ({key}) body FROM {table} ORDER BY {key}, version DESC"
    return list((await tx.execute(sql(statement))).scalars())
