"""Wires the spray service and runs it."""

from functools import partial
from pathlib import Path

from services.spray.api import add_routes
from services.spray.domain import pellets
from services.spray.facetraces import FaceTraces, give_up_old
from services.spray.guard import SprayGuard
from services.spray.mixing import Mixing
from services.spray.mixroutes import add_mix_routes
from services.spray.operators import SprayOperators
from services.spray.settings import SpraySettings
from services.spray.workflow import SprayWork
from shared.app import Service
from shared.envelope import Envelope
from shared.events import MaterialLotRegistered
from shared.intake import drive_stations, intake
from shared.parts import Parts
from shared.transaction import Transaction


def build(settings: SpraySettings, parts: Parts | None = None) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations", parts)
    mixing = Mixing(service)

    async def received(tx: Transaction, envelope: Envelope, event: MaterialLotRegistered) -> None:
        await mixing.take_received(tx, event, envelope.time)

    heard = intake(service, pellets) | {MaterialLotRegistered: received}
    service.listen(("execution",), heard)
    guard = SprayGuard(service, settings, mixing)
    traces = FaceTraces(service)
    drive_stations(service, SprayWork(service, mixing, traces), guard=guard, reader=traces)
    service.loop("pot life", mixing.watch)
    if settings.trace_keep_days is not None:
        forget = partial(give_up_old, service, settings.trace_keep_days)
        service.loop("old traces", forget, alone=True)
    stations = service.plant.stations_of(service.name)
    operators = SprayOperators(service.outbox, service.clock, stations)
    add_routes(service, operators)
    add_mix_routes(service, mixing)
    return service


if __name__ == "__main__":
    build(SpraySettings()).run()
