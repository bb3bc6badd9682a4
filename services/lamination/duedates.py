"""Until when the fixtures of laminators and sealers are calibrated."""

from collections.abc import Sequence

from services.lamination.fixture import Fixture, newest
from shared.duedates import DueDate, Renewal
from shared.settings import StationSettings


def due_dates(stations: Sequence[StationSettings], fixtures: Sequence[Fixture]) -> list[DueDate]:
    """Return the newest fixture of each station; a station may have none, and needs none then."""
    pairs = [(station, newest(fixtures, station.name)) for station in stations]
    return [
        DueDate(
            equipment_id=station.equipment_id,
            item=fixture.fixture_id,
            upkeep="fixture",
            due_at=fixture.calibrated_until,
            blocks="station_jobs",
            evidence=fixture.certificate,
            renewal=Renewal(
                section="fixtures",
                record=fixture.model_dump(mode="json"),
                due_field="calibrated_until",
                name_field="fixture_id",
                evidence_field="certificate",
            ),
        )
        for station, fixture in pairs
        if fixture is not None
    ]
