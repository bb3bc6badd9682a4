"""Wires the sintering service and runs it."""

from pathlib import Path

from services.sintering.api import add_routes
from services.sintering.domain import check
from services.sintering.settings import SinteringSettings
from services.sintering.workflow import SinteringWork
from shared.app import Service
from shared.intake import drive_stations, intake
from shared.parts import Parts


def build(settings: SinteringSettings, parts: Parts | None = None) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations", parts)
    service.listen(("execution",), intake(service, check))
    work = SinteringWork(service, settings.load_wait_s)
    work.furnaces.watch(drive_stations(service, work))
    add_routes(service, work.furnaces)
    return service


if __name__ == "__main__":
    build(SinteringSettings()).run()
