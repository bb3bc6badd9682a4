"""HTTP face of formation; no rules here."""

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from services.formation import channelstore, planstore, rackstore, store, workflow
from services.formation.channels import ChannelEntry, Need, facts_of
from services.formation.domain import Grading
from services.formation.evidence import TestFiles
from services.formation.fileroutes import add_file_routes
from services.formation.graderoutes import add_grade_routes
from services.formation.grades import Grades
from services.formation.looks import TesterLooks
from services.formation.protocol import CellOrder, TestProtocol, ccd_protocol
from shared import trainings
from shared.app import Service
from shared.commands import Command, command_of
from shared.errors import NotFoundError
from shared.recipes import MasterRecipe
from shared.routes import add_station_routes
from shared.trainings import Trained
from shared.transaction import Transaction

MOST_TESTS = 20  # of a channel, the newest


class Staircase(BaseModel):
    """A staircase of current densities, written short; it becomes a test protocol."""

    model_config = ConfigDict(extra="forbid")

    protocol_id: str
    version: int = Field(ge=1)
    first_ma_per_cm2: float = Field(gt=0)
    step_ma_per_cm2: float = Field(gt=0)
    max_steps: int = Field(ge=1, le=200)
    dwell_s: float = Field(gt=0)
    limit_v: float = Field(gt=0)
    short_floor_v: float | None = Field(default=None, gt=0)
    highest_drop_ratio: float | None = Field(default=None, gt=0, lt=1)
    record_interval_s: float = Field(ge=0.1)


class MasterData(Trained):
    """The formation section of a plant's master data."""

    master_recipes: list[MasterRecipe]
    test_protocols: list[TestProtocol]
    staircases: list[Staircase] = Field(default_factory=list)
    gradings: list[Grading]

    def protocols(self) -> list[TestProtocol]:
        """All protocols, staircases written out."""
        stairs = [
            ccd_protocol(**item.model_dump()).model_copy(update={"status": "released"})
            for item in self.staircases
        ]
        return [*self.test_protocols, *stairs]


def add_routes(service: Service, testers: list[TesterLooks], files: TestFiles) -> None:
    """Add the routes of this service to its app."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]
    add_station_routes(service)
    plan = workflow.Channels(testers)
    add_file_routes(service, files)
    add_grade_routes(service, Grades(service))

    @app.post("/master-data", status_code=201)
    async def post_master_data(body: MasterData, command: given) -> dict[str, Any]:
        """Keep recipes, protocols and gradings; a version with other content is refused."""

        async def keep(tx: Transaction) -> dict[str, Any]:
            await trainings.keep(tx, body)
            return await workflow.take_master_data(
                tx, body.master_recipes, body.protocols(), body.gradings
            )

        return await command.once(keep)

    @app.get("/lots/{lot_id}/run")
    async def get_run(lot_id: str) -> dict[str, Any]:
        """The newest test of a cell with its figures per cycle.

        Its rows are the historian's: `GET /test-curve?series_id=`. Of a test in parts the figures
        are those of all of them, the rows those of the newest.
        """
        async with database.quiet() as tx:
            run = await store.latest_run(tx, lot_id)
            if run is None:
                raise NotFoundError(f"lot {lot_id} has no test")
            plan_id = await planstore.plan_of(tx, run["job_order_id"])
            whole = await planstore.shown(tx, plan_id) if plan_id is not None else None
        return {"series_id": run["job_order_id"], **(whole or run)}

    @app.get("/test-protocols/{protocol_id}/plan")
    async def get_plan(
        protocol_id: str,
        lot_id: Annotated[str, Query(min_length=1)],
        equipment_id: Annotated[str, Query(min_length=1)],
        capacity_mah: float | None = None,
        area_cm2: float | None = None,
    ) -> dict[str, Any]:
        """A protocol in parts for tester and analyser, with the file each of them is given."""
        cell = CellOrder(lot_id=lot_id, capacity_mah=capacity_mah, area_cm2=area_cm2)
        tester = plan.tester(equipment_id)
        async with database.quiet() as tx:
            return {
                "parts": await workflow.plan_of(tx, protocol_id, cell, tester, service.clock.now())
            }

    @app.post("/channel-entries", status_code=201)
    async def post_channel_entry(
        body: ChannelEntry,
        command: given,
        x_halite_person: Annotated[str | None, Header(min_length=1, max_length=300)] = None,
    ) -> dict[str, Any]:
        """Add a line to a channel's history: calibrated, repaired, drift, moved, withdrawn.

        Through the gateway, `by` is who signed in, whatever the body says.
        """
        plan.tester(body.equipment_id)
        if x_halite_person is not None:
            body = body.model_copy(update={"by": unquote(x_halite_person)})

        async def keep(tx: Transaction) -> dict[str, Any]:
            await channelstore.add_entry(tx, body, service.clock.now())
            return {"equipment_id": body.equipment_id, "channel": body.channel}

        return await command.once(keep)

    @app.get("/channels")
    async def get_channels(
        current_ma: Annotated[float, Query(ge=0)] = 0.0,
        voltage_v: float = 0.0,
        temperature_degc: float | None = None,
    ) -> dict[str, Any]:
        """Every channel as equipment, who leases it, and why it would refuse such a test."""
        need = Need(current_ma=current_ma, voltage_v=voltage_v, temperature_degc=temperature_degc)
        async with database.quiet() as tx:
            return {"items": await plan.channels(tx, need, service.clock.now().date())}

    @app.get("/channels/{channel}/history")
    async def get_channel_history(
        channel: str, equipment_id: Annotated[str, Query(min_length=1)]
    ) -> dict[str, Any]:
        """A channel as it is now, what was written about it, oldest first, and its newest tests."""
        tester = plan.tester(equipment_id)
        async with database.quiet() as tx:
            lines = (await channelstore.histories(tx, equipment_id)).get(channel, [])
            runs = await rackstore.runs_on(tx, equipment_id, channel, MOST_TESTS)
        facts = facts_of(tester, channel, [line.entry for line in lines])
        return {
            "channel": facts,
            "items": [
                {**line.entry.model_dump(exclude_none=True), "written_at": line.written_at}
                for line in lines
            ],
            "tests": runs,
        }
