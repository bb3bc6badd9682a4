"""The quality service on a database of its own, whose gates decide when the test says so."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from services.quality.decisions import Recorder
from services.quality.main import MIGRATIONS, build
from services.quality.settings import QualitySettings
from services.quality.workflow import Decider
from shared.app import Service
from shared.db import migrate, sql
from shared.envelope import envelope
from shared.events import (
    DispositionDecided,
    GenealogyRecorded,
    JobOrderEnded,
    MaterialLotRegistered,
    WorkRequestAccepted,
)
from shared.facts import Event, Material, TestResult

Found = TypeVar("Found", bound=Event)
ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
SOURCES = ("execution", "sintering", "spray", "lamination", "formation")


@dataclass
class Desk:
    """The service, and a caller over HTTP."""

    service: Service
    decider: Decider
    http: httpx.AsyncClient

    async def hear(self, *events: Event, source: str = "formation") -> None:
        """Handle events as the inbox does, and let the gates decide."""
        inbox = self.service.inbox
        assert inbox is not None
        for event in events:
            wrapped = envelope(event, service=source, time=START, correlation_id="order-1")
            async with self.service.database.begin() as tx:
                await inbox.effects.handle(tx, wrapped)
        await self.decide()

    async def decide(self) -> None:
        while await self.decider.look():
            pass

    async def said(self, kind: type[Found]) -> list[Found]:
        """Return what the service recorded of one kind, oldest first."""
        async with self.service.database.quiet() as tx:
            rows = (await tx.execute(sql("SELECT body FROM outbox ORDER BY id"))).mappings().all()
        bodies = [json.loads(row["body"]) for row in rows]
        return [
            kind.model_validate(item["data"])
            for item in bodies
            if item["type"].split(".")[2] == kind.kind
        ]

    async def decided(self, gate: str) -> list[tuple[str, str]]:
        """Return (lot, disposition) of a gate's decisions, oldest first."""
        events = await self.said(DispositionDecided)
        return [(item.lot_id, item.disposition) for item in events if item.gate == gate]

    async def get(self, path: str) -> Any:
        reply = await self.http.get(path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return await self.http.post(path, headers={"idempotency-key": uuid4().hex}, json=body)

    async def does(self, path: str, body: dict[str, Any]) -> Any:
        """Give a command that is accepted, let the gates decide, and return its answer."""
        reply = await self.post(path, body)
        assert reply.status_code == 201, reply.text
        await self.decide()
        return reply.json()

    async def refused(self, path: str, body: dict[str, Any], status: int) -> str:
        """Give a command that is refused and return why."""
        reply = await self.post(path, body)
        assert reply.status_code == status, reply.text
        return str(reply.json()["detail"])

    async def taught(self, *specifications: dict[str, Any], **more: Any) -> None:
        await self.does("/master-data", {"test_specifications": list(specifications), **more})


@asynccontextmanager
async def quality_desk(url: str) -> AsyncIterator[Desk]:
    """Wire the service on a fresh database."""
    migrate(url, MIGRATIONS)
    values = {
        "service": "quality",
        "port": 1,
        "database_url": url,
        "plant_file": ROOT / "deploy/plant.toml",
        "service_urls": dict.fromkeys(SOURCES, "http://127.0.0.1:1"),
    }
    service = build(QualitySettings.model_validate(values))
    transport = httpx.ASGITransport(app=service.app)
    recorder = Recorder(service.outbox, service.clock)
    async with httpx.AsyncClient(transport=transport, base_url="http://quality") as http:
        yield Desk(
            service=service,
            decider=Decider(service.database, recorder, service.clock),
            http=http,
        )
    await service.http.aclose()
    await service.database.close()


def specification(gate: str, operation: str, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    values = {
        "gate": gate,
        "product_id": "nvp-coin",
        "operation": operation,
        "version": 1,
        "decides": "lot",
        "characteristics": [{"source": "test", **item} for item in items],
    }
    return values | more


def signature(person: str, role: str = "quality_engineer", **more: Any) -> dict[str, Any]:
    return {"person": person, "printed_name": person, "role": role, "meaning": "I approve", **more}


def result(lot_id: str, name: str, unit: str, value: float | str | None) -> TestResult:
    return TestResult(lot_id=lot_id, characteristic=name, value=value, unit=unit)


def material(lot_id: str, use: str = "processed") -> Material:
    return Material.model_validate(
        {
            "lot_id": lot_id,
            "material_definition_id": "x",
            "quantity": 1,
            "unit": "count",
            "use": use,
        }
    )


def ended(
    lot_id: str, operation: str, *results: TestResult, parts: tuple[str, ...] = (), **more: Any
) -> JobOrderEnded:
    values = {
        "job_order_id": f"{lot_id}-{operation}",
        "lot_id": lot_id,
        "work_request_id": "WR-1",
        "product_id": "nvp-coin",
        "operation": operation,
        "state": "ended",
        "equipment_id": "pilot/a/b/c-1",
        "recipe_id": "r",
        "recipe_version": 1,
        "started_at": START,
        "ended_at": START + timedelta(minutes=30),
        "materials": [material(part) for part in parts or (lot_id,)],
        "results": results,
    }
    return JobOrderEnded.model_validate(values | more)


def pellets_of(lot_id: str, *members: str) -> MaterialLotRegistered:
    return MaterialLotRegistered(
        lot_id=lot_id,
        material_definition_id="ose_pellet",
        quantity=len(members),
        unit="count",
        work_request_id="WR-1",
        origin="produced",
        members=members,
    )


def built_of(lot_id: str, *parts: str) -> GenealogyRecorded:
    return GenealogyRecorded(
        job_order_id=f"{lot_id}-built",
        lot_id=lot_id,
        work_request_id="WR-1",
        product_id="nvp-coin",
        operation="stack",
        equipment_id="pilot/a/b/c-1",
        recipe_id="r",
        recipe_version=1,
        materials=(*(material(part, "consumed") for part in parts), material(lot_id, "produced")),
        started_at=START,
        ended_at=START,
    )


def accepted(witness_quantity: int) -> WorkRequestAccepted:
    return WorkRequestAccepted(
        work_request_id="WR-1",
        product_id="nvp-coin",
        work_schedule_id="WS-1",
        quantity=4,
        witness_quantity=witness_quantity,
        due_at=START,
        priority=50,
        job_order_count=9,
    )
