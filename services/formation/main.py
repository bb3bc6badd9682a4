"""Wires formation and runs it."""

from collections.abc import Callable
from pathlib import Path

from services.formation import origins, store
from services.formation.api import add_routes
from services.formation.arbin import ArbinClient
from services.formation.domain import check
from services.formation.driver import TesterDriver
from services.formation.evidence import TestFiles
from services.formation.looks import TesterLooks
from services.formation.neware import NewareClient
from services.formation.offers import Offers
from services.formation.rackroutes import add_rack_routes
from services.formation.sending import RowSender
from services.formation.settings import FormationSettings
from services.formation.testing import TesterRunner
from services.formation.watching import TesterWatch
from services.formation.workflow import RestAndSpectra
from shared.app import Service
from shared.intake import drive_stations, intake
from shared.parts import Parts
from shared.settings import TesterSettings


def over_tcp(tester: TesterSettings) -> TesterDriver:
    """Return the driver of a tester at its endpoint, by its maker's protocol."""
    if tester.protocol == "arbin":
        return ArbinClient(
            tester.endpoint, device_type=tester.device_type, device_id=tester.device_id
        )
    return NewareClient(tester.endpoint)


def build(
    settings: FormationSettings,
    parts: Parts | None = None,
    tester_client: Callable[[TesterSettings], TesterDriver] = over_tcp,
) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations", parts)
    heard = [source for source in origins.SOURCES if source in settings.service_urls]
    service.listen(
        ("execution", *heard), {**intake(service, check, store.free), **origins.handlers()}
    )
    places: dict[str, int] = {
        station.kind: station.capacity_parts or 1
        for station in service.plant.stations_of(service.name)
    }
    drive_stations(service, RestAndSpectra(service), places)
    testers: list[TesterLooks] = []
    ours = [tester for tester in service.plant.tester if tester.service == service.name]
    offers = Offers([tester.equipment_id for tester in ours])
    for settings_of in ours:
        client = tester_client(settings_of)
        share = settings.share_dir.resolve()
        runner = TesterRunner(service, settings_of, client, share, offers=offers)
        watch = TesterWatch(service, settings_of, client)
        service.loop(f"drive {settings_of.equipment_id}", runner.run, alone=True)
        service.loop(f"watch {settings_of.equipment_id}", watch.run, alone=True)
        looks = TesterLooks(service, runner, watch)
        service.loop(f"keep looks {settings_of.equipment_id}", looks.keep, alone=True)
        service.on_stop(runner.close)
        testers.append(looks)
    historian = settings.service_urls.get("historian")
    if testers and historian is not None:
        sender = RowSender(service.database, service.http, historian)
        service.loop("send rows", sender.run, alone=True)
    add_rack_routes(service, testers)
    add_routes(service, testers, TestFiles(service, settings.mpr_program))
    return service


if __name__ == "__main__":
    build(FormationSettings()).run()
