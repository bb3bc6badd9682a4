"""What is known of a furnace's thermocouples: their survey, their calibration, and their drift."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.sintering.load import Place, trays_of
from shared.db import sql
from shared.instants import Instant
from shared.masterdata import keep_version
from shared.transaction import Transaction

ZONES = 3  # of a furnace, from the control thermocouple to the second one
DRIFT_RUNS = 5  # so many runs are averaged before a drift is believed


class FurnaceQualification(BaseModel):
    """A temperature uniformity survey of one furnace with the calibration of its thermocouples.

    position_share, tray_share: how much of the way from the control thermocouple (tray 1, position
    1) to the second one the last position and the highest tray make. zone_offset_degc: the second
    one less the control one in an even soak, as calibrated. drift_limit_degc: how far the mean of
    the last runs may lie from that.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    equipment_id: str
    version: int = Field(ge=1)
    position_share: float = Field(ge=0, le=1)
    tray_share: float = Field(ge=0, le=1)
    zone_offset_degc: float
    drift_limit_degc: float = Field(gt=0)
    qualified_at: Instant
    valid_until: Instant
    source: str = Field(min_length=3)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if abs(self.position_share + self.tray_share - 1.0) > 1e-9:
            raise ValueError(
                f"position_share {self.position_share} and tray_share {self.tray_share} must "
                "add up to 1"
            )
        if self.valid_until <= self.qualified_at:
            raise ValueError(
                f"valid_until {self.valid_until} is not after qualified_at {self.qualified_at}"
            )
        return self

    def shares(
        self, places: Sequence[Place], tray_positions: int | None, capacity_parts: int | None
    ) -> dict[str, float]:
        """Return the share of the second thermocouple's temperature that each lot sees.

        That one stands at the furnace's highest tray, however few trays of it the load takes.
        """
        trays_count = trays_of(tray_positions, capacity_parts)
        if trays_count is None:
            trays_count = max((place.tray for place in places), default=1)
        return {
            place.lot_id: zone_share(
                place,
                self.position_share,
                self.tray_share,
                positions_count=tray_positions or len(places),
                trays_count=trays_count,
            )
            for place in places
        }

    def drift(self, zone_offsets_degc: Sequence[float]) -> float | None:
        """Return how far the mean of the last runs lies from the calibration, if too far.

        None too while there are fewer runs than DRIFT_RUNS.
        """
        if len(zone_offsets_degc) < DRIFT_RUNS:
            return None
        newest = zone_offsets_degc[-DRIFT_RUNS:]
        away = sum(newest) / DRIFT_RUNS - self.zone_offset_degc
        return away if abs(away) > self.drift_limit_degc else None


def zone_share(
    place: Place,
    position_share: float,
    tray_share: float,
    *,
    positions_count: int,
    trays_count: int,
) -> float:
    """Return 0 for a place at the control thermocouple, up to 1 for one at the second."""
    along = (place.position - 1) / max(1, positions_count - 1)
    up = (place.tray - 1) / max(1, trays_count - 1)
    return min(1.0, max(0.0, position_share * along + tray_share * up))


def zone_of(share: float) -> str:
    """Return the zone of a place: as many equal parts of the way between the thermocouples."""
    return f"zone {min(ZONES, int(share * ZONES) + 1)} of {ZONES}"


async def add_qualification(tx: Transaction, item: FurnaceQualification) -> None:
    """Keep a version of a qualification; the same version with the same content may come again.

    Raises:
        ConflictError: this version exists with other content.
    """
    await keep_version(tx, "furnace_qualification", ("equipment_id", "version"), item)


async def newest_qualification(tx: Transaction, equipment_id: str) -> FurnaceQualification | None:
    """Return the newest version of a furnace's qualification, valid or not; None without one."""
    statement = """
        SELECT body FROM furnace_qualification WHERE equipment_id = :equipment_id
        ORDER BY version DESC LIMIT 1"""
    body = await tx.scalar(sql(statement), {"equipment_id": equipment_id})
    return None if body is None else FurnaceQualification.model_validate(body)


async def qualification_at(
    tx: Transaction, equipment_id: str, at: datetime
) -> FurnaceQualification | None:
    """Return the newest qualification of a furnace that is valid at a time, None without one."""
    statement = """
        SELECT body FROM furnace_qualification WHERE equipment_id = :equipment_id
        ORDER BY version DESC"""
    bodies = (await tx.execute(sql(statement), {"equipment_id": equipment_id})).scalars()
    found = (FurnaceQualification.model_validate(body) for body in bodies)
    return next((item for item in found if item.qualified_at <= at < item.valid_until), None)
