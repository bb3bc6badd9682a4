"""Wires formation and runs it."""

from collections.abc import Callable
from pathlib import Path

from services.formation.api import add_routes
from services.formation.domain import check
from services.formation.neware import NewareClient
from services.formation.settings import FormationSettings
from services.formation.testing import TesterRunner
from services.formation.workflow import RestAndSpectra
from shared.app import Service
from shared.intake import drive_stations, intake
from shared.parts import Parts
from shared.settings import TesterSettings


def over_tcp(tester: TesterSettings) -> NewareClient:
    """Return the client of a tester at its endpoint."""
    return NewareClient(tester.endpoint)


def build(
    settings: FormationSettings,
    parts: Parts | None = None,
    tester_client: Callable[[TesterSettings], NewareClient] = over_tcp,
) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations", parts)
    service.listen(("execution",), intake(service, check))
    places: dict[str, int] = {
        station.kind: station.capacity_parts or 1
        for station in service.plant.stations_of(service.name)
    }
    drive_stations(service, RestAndSpectra(service), places)
    testers = [
        TesterRunner(service, tester, tester_client(tester), settings.share_dir.resolve())
        for tester in service.plant.tester
        if tester.service == service.name
    ]
    for tester in testers:
        service.loop(f"drive {tester.tester.equipment_id}", tester.run, alone=True)
        service.on_stop(tester.close)
    add_routes(service, testers)
    return service


if __name__ == "__main__":
    build(FormationSettings()).run()
