"""HTTP face of the plc service: the same answers that PLCs get, for people and tests."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import unquote

import structlog
from fastapi import Depends, Header, Query

from services.plc import domain, store, workflow
from services.plc.certificates import CertificateWatch
from shared.app import Service
from shared.commands import Command, command_of
from shared.trust import Certificate, Trust

log = structlog.get_logger()
Person = Annotated[str, Header(min_length=1, max_length=300)]


def add_routes(
    service: Service, trust: Trust, certificates: CertificateWatch, users: Collection[str]
) -> None:
    """Add the routes of this service to its app."""
    _add_interlock(service)
    _add_trust(service, trust, certificates, users)


def _add_trust(
    service: Service, trust: Trust, certificates: CertificateWatch, users: Collection[str]
) -> None:
    app = service.app
    given = Annotated[Command, Depends(command_of(service.database))]

    @app.get("/trust")
    def get_trust() -> dict[str, Any]:
        """Certificates that are trusted, and unknown ones in quarantine; how long each is valid.

        Those with a `station` were shown by it: it is not entered until one is accepted.
        """
        return {
            "items": [_shown(one) for one in trust.everything()],
            "ends": certificates.state(),
            "users": sorted(users),
        }

    @app.post("/trust/{fingerprint}/accept")
    async def post_accept(
        fingerprint: str,
        user: Annotated[str, Query(min_length=1, max_length=100)],
        x_halite_person: Person,
        command: given,
    ) -> dict[str, Any]:
        """Trust a certificate in quarantine as a PLC's user, or as the station that showed it."""
        return await command.once(
            lambda _: _decided("accepted", trust.accept(fingerprint, user), x_halite_person)
        )

    @app.post("/trust/{fingerprint}/reject")
    async def post_reject(
        fingerprint: str, x_halite_person: Person, command: given
    ) -> dict[str, Any]:
        """Remove a certificate from a quarantine, or a PLC's from the trust list."""
        return await command.once(
            lambda _: _decided("rejected", trust.reject(fingerprint), x_halite_person)
        )


async def _decided(what: str, certificate: Certificate, person: str) -> dict[str, Any]:
    log.info(
        f"certificate {what}",
        fingerprint=certificate.fingerprint,
        user=certificate.name,
        person=unquote(person),
    )
    return _shown(certificate)


def _shown(certificate: Certificate) -> dict[str, Any]:
    return asdict(certificate) | {
        "valid_until": certificate.valid_until.isoformat(),
        "since": certificate.since.isoformat(),
    }


def _add_interlock(service: Service) -> None:
    app, database = service.app, service.database

    @app.get("/work-units/{equipment_id:path}/job-orders")
    async def get_job_orders(equipment_id: str) -> dict[str, Any]:
        """Job orders for a work unit, most urgent first, each with whether it may start there."""
        unit = workflow.unit_named(service, equipment_id)
        async with database.quiet() as tx:
            floor = await workflow.floor_of(tx, unit)
        startable = {one.job_order_id for one in domain.startable(floor, unit)}
        items = [
            {
                "job_order_id": one.job_order_id,
                "operation": one.released.operation,
                "lot_id": one.released.lot_id,
                "work_request_id": one.released.work_request_id,
                "state": one.state,
                "equipment_id": one.equipment_id,
                "reason": one.reason,
                "reported": one.reported,
                "priority": one.released.priority,
                "due_at": one.released.due_at,
                "may_start": one.job_order_id in startable,
            }
            for one in domain.by_urgency(floor, unit)
            if one.state not in ("ended", "aborted")
        ]
        return {"items": items}

    @app.get("/interlock")
    async def get_interlock(
        equipment_id: Annotated[str, Query(min_length=1, max_length=200)],
        lot_id: Annotated[str, Query(min_length=1, max_length=200)],
    ) -> dict[str, Any]:
        """Whether a lot may start at a work unit: yes, or no with the reason."""
        unit = workflow.unit_named(service, equipment_id)
        async with database.quiet() as tx:
            floor = await workflow.floor_of(tx, unit, lot_id)
        verdict = domain.may_start(floor, unit, lot_id)
        return {
            "equipment_id": equipment_id,
            "lot_id": lot_id,
            "allowed": verdict.allowed,
            "reason": verdict.reason,
        }

    @app.get("/interlock-answers")
    async def get_answers(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        """The newest answers that PLCs were given."""
        async with database.quiet() as tx:
            return {"items": await store.answers(tx, limit)}
