"""Wires execution and runs it."""

from pathlib import Path

from services.execution.api import add_routes
from services.execution.settings import ExecutionSettings
from services.execution.sodiumdesk import SodiumDesk
from services.execution.sodiumroutes import add_sodium_routes
from services.execution.workflow import ExecutionWork
from shared.app import Service
from shared.events import (
    CellGraded,
    DispositionDecided,
    ExposureEvaluated,
    GenealogyRecorded,
    JobOrderCancelled,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderPaused,
    JobOrderResumed,
    JobOrderStarted,
    LotHeld,
    LotHoldReleased,
    LotsRecalled,
    LotsScrapped,
    MaterialLotRegistered,
    RecallEnded,
    ReworkOrdered,
    SampleExtended,
)
from shared.parts import Parts


def build(settings: ExecutionSettings, parts: Parts | None = None) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations", parts)
    work = ExecutionWork(service.database, service.outbox, service.clock)
    service.listen(
        ("sintering", "spray", "lamination", "formation", "quality", "trace"),
        {
            JobOrderStarted: work.on_started,
            JobOrderEnded: work.on_ended,
            JobOrderCancelled: work.closing.on_cancelled,
            JobOrderHeld: work.on_job_held,
            JobOrderPaused: work.on_paused,
            JobOrderResumed: work.on_resumed,
            DispositionDecided: work.on_disposition,
            ExposureEvaluated: work.on_exposure,
            CellGraded: work.on_graded,
            GenealogyRecorded: work.on_mixed,
            MaterialLotRegistered: work.on_lot_made,
            LotHeld: work.on_lot_held,
            LotHoldReleased: work.on_lot_freed,
            LotsRecalled: work.on_recalled,
            LotsScrapped: work.on_scrapped,
            RecallEnded: work.on_recall_ended,
            ReworkOrdered: work.on_rework,
            SampleExtended: work.on_extended,
        },
    )
    service.loop("time limits", work.watch_limits)
    add_routes(service, work)
    add_sodium_routes(service, SodiumDesk(service.outbox, service.clock))
    return service


if __name__ == "__main__":
    build(ExecutionSettings()).run()
