"""Wires formation and runs it."""

from pathlib import Path

from services.formation.api import add_routes
from services.formation.domain import check
from services.formation.neware import NewareClient
from services.formation.settings import FormationSettings
from services.formation.testing import TesterRunner
from services.formation.workflow import RestAndSpectra
from shared.app import Service
from shared.intake import drive_stations, intake


def build(settings: FormationSettings) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations")
    service.listen(("execution",), intake(service, check))
    places: dict[str, int] = {
        station.kind: station.capacity_parts or 1
        for station in service.plant.stations_of(service.name)
    }
    drive_stations(service, RestAndSpectra(service), places)
    testers = [
        TesterRunner(service, tester, NewareClient(tester.endpoint), settings.share_dir.resolve())
        for tester in service.plant.tester
        if tester.service == service.name
    ]
    for tester in testers:
        service.loop(f"drive {tester.tester.equipment_id}", tester.run)
        service.on_stop(tester.close)
    add_routes(service, testers)
    return service


if __name__ == "__main__":
    build(FormationSettings()).run()
