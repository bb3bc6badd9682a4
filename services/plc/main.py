"""Wires the plc service and runs it."""

from pathlib import Path

from services.plc import workflow
from services.plc.api import add_routes
from services.plc.certificates import CertificateWatch
from services.plc.hearing import Hearings
from services.plc.resumption import Resumption
from services.plc.server import Door, PlcServer
from services.plc.settings import PlcSettings
from services.plc.workflow import HANDLERS, Desk
from shared.app import Service
from shared.errors import InvalidInputError
from shared.trust import Trust

SOURCES = ("execution", "quality", "sintering", "spray", "lamination", "formation")


def build(settings: PlcSettings) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations")
    service.listen(SOURCES, HANDLERS)
    users = {
        user: workflow.unit_named(service, equipment_id)
        for user, equipment_id in settings.plc_users.items()
    }
    unsecured = service.plant.opcua_without_security
    if unsecured and settings.opcua_host not in ("127.0.0.1", "::1", "localhost"):
        raise InvalidInputError(
            f"opcua_without_security is for a demo on one machine, not for {settings.opcua_host}; "
            "take it out of the plant file"
        )
    everyone = Trust(settings.pki_dir)
    trust = everyone.plcs
    trust.prepare()
    desk = Desk(service, users)
    hearings = Hearings(service, settings.plc_silent_after_s)
    certificates = CertificateWatch(
        service,
        settings.pki_dir,
        trust,
        settings.certificate_alarm_days,
        tls_dir=settings.data_dir / "tls",
    )
    door = Door(
        endpoint=f"opc.tcp://{settings.opcua_host}:{settings.opcua_port}",
        folder=settings.pki_dir / "plc",
        trust=trust,
        nodesets=settings.nodesets,
        unsecured=unsecured,
        password_files={user: settings.given_key(user, "opcua") for user in users},
    )
    service.on_start(desk.recover)
    service.on_start(hearings.recover)
    service.loop("load", desk.keep_loading)
    service.loop("commit reports", desk.keep_committing)
    service.loop("watch PLCs", hearings.watch)
    service.loop("watch certificates", certificates.watch)
    resumption = Resumption(service)
    service.loop("keep sessions", resumption.keep)
    server = PlcServer(door, desk, hearings, certificates, resumption, service.clock)
    service.loop("opc ua server", server.run)
    add_routes(service, everyone, certificates, users)
    return service


if __name__ == "__main__":
    build(PlcSettings()).run()
