"""Wires the lamination service and runs it."""

from pathlib import Path

from services.lamination.api import add_routes
from services.lamination.domain import cell_of
from services.lamination.settings import LaminationSettings
from services.lamination.workflow import LaminationWork
from shared.app import Service
from shared.events import GenealogyRecorded
from shared.intake import drive_stations, intake
from shared.parts import Parts


def build(settings: LaminationSettings, parts: Parts | None = None) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations", parts)
    work = LaminationWork(service)
    handlers = intake(service, cell_of) | {GenealogyRecorded: work.on_issued}
    service.listen(("execution",), handlers)
    drive_stations(service, work)
    add_routes(service)
    return service


if __name__ == "__main__":
    build(LaminationSettings()).run()
