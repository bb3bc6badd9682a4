"""Who operates a station: a person takes it over and answers for it until another one does."""

from collections.abc import Sequence
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from shared.clock import Clock
from shared.db import sql
from shared.errors import ConflictError, NotFoundError
from shared.events import OperatorChanged
from shared.outbox import Outbox
from shared.settings import StationSettings
from shared.transaction import Transaction

DDL = """
    CREATE TABLE station_operator (
        station text PRIMARY KEY,
        person text NOT NULL,
        since_at timestamptz NOT NULL
    )"""


class TakeOver(BaseModel):
    """Who takes a station over, or leaves it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str = Field(min_length=1, max_length=200)


class Operators(Protocol):
    """What the routes of operators need."""

    async def take_over(self, tx: Transaction, station: str, person: str) -> dict[str, Any]:
        """Make a person the operator of a station."""

    async def leave(self, tx: Transaction, station: str, person: str) -> dict[str, Any]:
        """End that somebody operates a station."""

    async def shown(self, tx: Transaction) -> list[dict[str, Any]]:
        """Return each station with who operates it."""


class OperatorDesk:
    """Keeps who operates the stations of a service, and says each change."""

    def __init__(self, outbox: Outbox, clock: Clock, stations: Sequence[StationSettings]) -> None:
        self._outbox, self._clock = outbox, clock
        self._ids = {station.name: station.equipment_id for station in stations}

    async def take_over(self, tx: Transaction, station: str, person: str) -> dict[str, Any]:
        """Make a person the operator of a station, from now on.

        Raises:
            NotFoundError: no such station.
        """
        equipment_id, now = self._equipment(station), self._clock.now()
        statement = """
            INSERT INTO station_operator (station, person, since_at)
            VALUES (:station, :person, :now)
            ON CONFLICT (station) DO UPDATE SET person = excluded.person, since_at = :now"""
        await tx.execute(sql(statement), {"station": station, "person": person, "now": now})
        changed = OperatorChanged(
            equipment_id=equipment_id, operator=person, changed_at=now, by=person
        )
        await self._outbox.record(tx, changed)
        return {"station": station, "operator": person}

    async def leave(self, tx: Transaction, station: str, person: str) -> dict[str, Any]:
        """End that somebody operates a station; `person` is who says so.

        Raises:
            NotFoundError: no such station.
            ConflictError: nobody has taken it over.
        """
        equipment_id, now = self._equipment(station), self._clock.now()
        statement = "DELETE FROM station_operator WHERE station = :station RETURNING person"
        if await tx.scalar(sql(statement), {"station": station}) is None:
            raise ConflictError(f"nobody has taken {station} over", {"operator": None})
        changed = OperatorChanged(
            equipment_id=equipment_id, operator=None, changed_at=now, by=person
        )
        await self._outbox.record(tx, changed)
        return {"station": station, "operator": None}

    async def shown(self, tx: Transaction) -> list[dict[str, Any]]:
        """Return each station with who operates it since when, None where nobody took it over."""
        rows = await tx.execute(sql("SELECT station, person, since_at FROM station_operator"))
        taken = {station: (person, since_at) for station, person, since_at in rows}
        return [
            {
                "station": station,
                "equipment_id": equipment_id,
                "operator": taken.get(station, (None, None))[0],
                "since": taken.get(station, (None, None))[1],
            }
            for station, equipment_id in self._ids.items()
        ]

    def _equipment(self, station: str) -> str:
        if station not in self._ids:
            known = ", ".join(self._ids) or "none"
            raise NotFoundError(f"there is no station {station} here; there are {known}")
        return self._ids[station]


async def operator_of(tx: Transaction, station: str) -> str | None:
    """Return who operates a station now, None where nobody has taken it over."""
    statement = "SELECT person FROM station_operator WHERE station = :station"
    person: str | None = await tx.scalar(sql(statement), {"station": station})
    return person
