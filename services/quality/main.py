"""Wires the quality service and runs it."""

from pathlib import Path

from services.quality.api import add_routes
from services.quality.chartwatch import ChartWatch
from services.quality.consequences import Consequences
from services.quality.correctiveactions import CorrectiveActions
from services.quality.deadlines import Deadlines
from services.quality.decisions import Recorder
from services.quality.evaluation import Evaluator
from services.quality.exposureroutes import add_exposure_routes, add_opening_routes
from services.quality.fitting import FitProcess
from services.quality.judge import ExposureJudge
from services.quality.nonconformanceroutes import add_nonconformance_routes
from services.quality.releasedesk import ReleaseDesk
from services.quality.reviewboard import ReviewBoard
from services.quality.room import RoomWatch
from services.quality.samplingroutes import add_sampling_routes
from services.quality.settings import QualitySettings
from services.quality.signing import Signing
from services.quality.specsigning import SpecificationDesk
from services.quality.upload import Upload
from services.quality.waiverroutes import add_signature_routes, add_waiver_routes
from services.quality.waiverwork import WaiverDesk
from services.quality.workflow import Decider, QualityWork
from shared.app import Service
from shared.events import (
    CellGraded,
    CureMeasured,
    CyclingEnded,
    GenealogyRecorded,
    JobOrderEnded,
    JobOrderHeld,
    JobOrderStarted,
    MaterialLotRegistered,
    NonconformanceRaised,
    SpectrumMeasured,
    ThermocoupleDriftFound,
    WorkRequestAccepted,
    WorkRequestEnded,
)
from shared.parts import Parts
from shared.topics import telemetry_topic

SOURCES = ("execution", "sintering", "spray", "lamination", "formation")
ROOM_KINDS = ("dryroom", "glovebox")
MIGRATIONS = Path(__file__).parent / "migrations"


def build(
    settings: QualitySettings, fits: FitProcess | None = None, parts: Parts | None = None
) -> Service:
    """Return the service, wired but not running; `fits` is a fit process of its own by default."""
    fits = fits or FitProcess()
    service = Service(settings, MIGRATIONS, parts)
    database, clock = service.database, service.clock
    recorder = Recorder(service.outbox, clock)
    sensor_wait_s = settings.sensor_wait_wall_s * clock.speed + settings.sample_every_s
    longest_gap_s = settings.longest_gap_s(clock.speed)
    deadlines = Deadlines(database, service.outbox, clock, longest_gap_s)
    consequences = Consequences(service.outbox, clock)
    work = QualityWork(recorder, clock, sensor_wait_s, deadlines, consequences)
    service.listen(
        SOURCES,
        {
            WorkRequestAccepted: work.on_accepted,
            WorkRequestEnded: deadlines.on_request_ended,
            MaterialLotRegistered: work.on_registered,
            GenealogyRecorded: work.on_genealogy,
            JobOrderStarted: deadlines.on_started,
            JobOrderEnded: work.on_ended,
            JobOrderHeld: work.on_held,
            ThermocoupleDriftFound: work.on_drift,
            SpectrumMeasured: work.on_spectrum,
            CyclingEnded: work.on_cycling,
            CellGraded: work.on_graded,
            CureMeasured: work.on_cure,
            NonconformanceRaised: work.on_raised,
        },
    )
    evaluator = Evaluator(database, clock, fits, settings.interface_tau_min_s)
    service.loop("evaluate", evaluator.run)
    service.loop("rest fits", fits.rest)
    service.on_stop(fits.stop)
    service.loop("control charts", ChartWatch(database, service.outbox, clock).run)
    service.loop("decide", Decider(database, recorder, clock).run)
    rooms = tuple(item.equipment_id for item in service.plant.station if item.kind in ROOM_KINDS)
    watch = RoomWatch(database, clock, settings)
    for room in rooms:
        service.bus.subscribe(telemetry_topic(room, "+"), watch.take)
    service.loop("air", watch.run)
    judge = ExposureJudge(database, service.outbox, clock, recorder, settings)
    service.loop("exposure", judge.run)
    service.loop("open exposure", deadlines.run)
    add_opening_routes(service, deadlines)
    add_exposure_routes(service, rooms, longest_gap_s)
    add_routes(
        service, rooms, Upload(service.database, fits, settings.interface_tau_min_s, clock.now)
    )
    signing = Signing(service.outbox)
    add_waiver_routes(service, WaiverDesk(database, service.outbox, clock, signing))
    add_signature_routes(
        service,
        SpecificationDesk(database, clock, signing),
        ReleaseDesk(database, clock, signing, recorder),
    )
    add_sampling_routes(service, signing)
    board = ReviewBoard(database, service.outbox, clock, signing, consequences)
    add_nonconformance_routes(service, board, CorrectiveActions(clock, signing))
    return service


if __name__ == "__main__":
    build(QualitySettings()).run()
