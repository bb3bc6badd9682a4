"""Wires the lamination service and runs it."""

from pathlib import Path

from services.lamination.api import add_routes
from services.lamination.domain import cell_of
from services.lamination.scandesk import ScanDesk
from services.lamination.settings import LaminationSettings
from services.lamination.workflow import LaminationWork
from shared.app import Service
from shared.events import GenealogyRecorded, LotHeld, TimeLimitChanged
from shared.intake import drive_stations, intake
from shared.parts import Parts


def build(settings: LaminationSettings, parts: Parts | None = None) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations", parts)
    desk = ScanDesk(service)
    work = LaminationWork(service, desk)
    handlers = intake(service, cell_of)
    handlers |= {
        GenealogyRecorded: desk.on_genealogy,
        TimeLimitChanged: desk.on_window,
        LotHeld: desk.on_held(handlers[LotHeld]),
    }
    service.listen(("execution",), handlers)
    drive_stations(service, work)
    add_routes(service, desk)
    return service


if __name__ == "__main__":
    build(LaminationSettings()).run()
