"""Wires the plc service and runs it."""

from pathlib import Path

from services.plc import workflow
from services.plc.api import add_routes
from services.plc.server import Door, PlcServer
from services.plc.settings import PlcSettings
from services.plc.workflow import HANDLERS, Desk
from shared.app import Service

SOURCES = ("execution", "quality", "sintering", "spray", "lamination", "formation")


def build(settings: PlcSettings) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations")
    service.listen(SOURCES, HANDLERS)
    users = {
        user: workflow.unit_named(service, equipment_id)
        for user, equipment_id in settings.plc_users.items()
    }
    desk = Desk(service, users)
    door = Door(
        endpoint=f"opc.tcp://{settings.opcua_host}:{settings.opcua_port}",
        folder=settings.pki_dir / "plc",
        nodesets=settings.nodesets,
        password_files={user: settings.secrets_dir / "opcua" / user for user in users},
    )
    service.on_start(desk.recover)
    service.loop("load", desk.keep_loading)
    service.loop("commit reports", desk.keep_committing)
    service.loop("opc ua server", PlcServer(door, desk, service.clock).run)
    add_routes(service)
    return service


if __name__ == "__main__":
    build(PlcSettings()).run()
