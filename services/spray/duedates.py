"""Until when nozzles and calibrations of the spray stations are good."""

from collections.abc import Sequence

from services.spray import mixstore
from services.spray.setup import SpraySetup
from shared.duedates import DueDate, Renewal
from shared.settings import StationSettings
from shared.transaction import Transaction


async def due_dates(tx: Transaction, stations: Sequence[StationSettings]) -> list[DueDate]:
    """Return nozzle and calibration of each station; without a setup neither is known."""
    found: list[DueDate] = []
    for station in stations:
        setup = await mixstore.setup_of(tx, station.name)
        found += of_setup(station.equipment_id, setup)
    return found


def of_setup(equipment_id: str, setup: SpraySetup | None) -> list[DueDate]:
    """Return nozzle and calibration of one station."""
    record = setup.model_dump(mode="json") if setup else None
    nozzle = DueDate(
        equipment_id=equipment_id,
        item=setup.nozzle_id if setup else "nozzle",
        upkeep="nozzle",
        due_at=setup.nozzle_due_at if setup else None,
        blocks="spray_jobs",
        evidence=setup.source if setup else None,
        renewal=Renewal(
            section="setups", record=record, due_field="nozzle_due_at", name_field="nozzle_id"
        )
        if record
        else None,
    )
    calibration = DueDate(
        equipment_id=equipment_id,
        item=equipment_id.rsplit("/", 1)[-1],
        upkeep="calibration",
        due_at=setup.calibrated_until if setup else None,
        blocks="spray_jobs",
        evidence=setup.source if setup else None,
        renewal=Renewal(section="setups", record=record, due_field="calibrated_until")
        if record
        else None,
    )
    return [nozzle, calibration]
