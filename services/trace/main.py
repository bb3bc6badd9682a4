"""Wires the trace service and runs it."""

from pathlib import Path

from services.trace.api import add_routes
from services.trace.auditroutes import add_audit_routes
from services.trace.documentroutes import add_document_routes
from services.trace.documents import Documents
from services.trace.erp import ErpDelivery
from services.trace.queryroutes import add_query_routes
from services.trace.recalls import Recalls
from services.trace.settings import TraceSettings
from services.trace.workflow import Sealer, handlers, keep
from shared.app import Service
from shared.parts import Parts
from shared.settings import SERVICES

UNSEALED = """
    SELECT extract(epoch FROM CAST(:now AS timestamptz) - min(time))::float8 FROM record
    WHERE position > coalesce((SELECT max(position) FROM seal), 0)"""
SOURCES = tuple(name for name in SERVICES if name != "trace")


def build(settings: TraceSettings, parts: Parts | None = None) -> Service:
    """Return the service, wired but not running."""
    service = Service(settings, Path(__file__).parent / "migrations", parts)
    recalls = Recalls(service.outbox, service.clock)
    service.listen(SOURCES, handlers(recalls), every=keep)
    sealer = Sealer(service, settings.seal_every_s)
    service.loop("seal", sealer.run)
    service.figure(
        "record_unsealed_seconds", "plant seconds of the oldest event under no seal", UNSEALED
    )
    add_routes(service, sealer, recalls)
    add_query_routes(service)
    add_audit_routes(service)
    add_document_routes(service, Documents(service, settings, sealer))
    if service.plant.erp is not None:
        delivery = ErpDelivery(service, service.plant.erp, settings.confirm_every_s)
        service.loop("deliver confirmations", delivery.run, alone=True)
    return service


if __name__ == "__main__":
    build(TraceSettings()).run()
