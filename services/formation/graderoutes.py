"""HTTP face of grades, lot statistics and packs; no rules here."""

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from services.formation import gradestore
from services.formation.grades import FACTORS, Grades
from services.formation.packs import PackRules
from shared.app import Service
from shared.commands import Command, command_of
from shared.transaction import Transaction

Person = Annotated[str, Header(min_length=1, max_length=300)]


class Regrade(BaseModel):
    """Why a cell is graded anew."""

    model_config = ConfigDict(extra="forbid")

    why: str = Field(min_length=1)


class CellFactor(BaseModel):
    """What a cell was made with: a spray head, a furnace position, or anything to compare by."""

    model_config = ConfigDict(extra="forbid")

    lot_id: str = Field(min_length=1)
    factor: str = Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")
    level: str = Field(min_length=1, max_length=100)


def add_grade_routes(service: Service, grades: Grades) -> None:
    """Add the routes of grades."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.get("/lots/{lot_id}/grades")
    async def get_grades(lot_id: str) -> dict[str, Any]:
        """All grades of a cell, oldest first; the last one counts."""
        async with database.quiet() as tx:
            return {"items": await gradestore.history(tx, lot_id)}

    @app.post("/lots/{lot_id}/grades", status_code=201)
    async def post_regrade(
        lot_id: str, body: Regrade, x_halite_person: Person, command: given
    ) -> dict[str, Any]:
        """Grade a cell anew by the newest grading of its product and protocol; both stay."""
        person = unquote(x_halite_person)
        return await command.once(lambda tx: grades.regrade(tx, lot_id, person, body.why))

    @app.post("/cell-factors", status_code=201)
    async def post_factor(body: CellFactor, command: given) -> dict[str, Any]:
        """Keep what a cell was made with, to compare cells by."""

        async def keep(tx: Transaction) -> dict[str, Any]:
            await gradestore.keep_factor(tx, body.lot_id, body.factor, body.level)
            return body.model_dump()

        return await command.once(keep)

    @app.get("/lot-statistics")
    async def get_statistics(
        product_id: str,
        protocol_id: str,
        protocol_version: int,
        work_request_id: str | None = None,
        factor: Annotated[list[str] | None, Query()] = None,
    ) -> dict[str, Any]:
        """Median and MAD of the cells of one recipe version, outliers, and what they share."""
        async with database.quiet() as tx:
            cells = await gradestore.of_recipe(
                tx, product_id, protocol_id, protocol_version, work_request_id
            )
            return await grades.statistics(tx, cells, factor or FACTORS)

    @app.get("/packs")
    async def get_packs(
        product_id: str,
        protocol_id: str,
        protocol_version: int,
        grade: str,
        size: Annotated[int, Query(ge=2, le=1000)],
        capacity_spread_ratio: Annotated[float, Query(gt=0)] = 0.01,
        resistance_spread_ratio: Annotated[float | None, Query(gt=0)] = None,
    ) -> dict[str, Any]:
        """Packs of cells that are alike, the most that the spreads allow."""
        rules = PackRules(
            size=size,
            capacity_spread_ratio=capacity_spread_ratio,
            resistance_spread_ratio=resistance_spread_ratio,
        )
        async with database.quiet() as tx:
            cells = await gradestore.of_recipe(tx, product_id, protocol_id, protocol_version)
        return grades.packs(cells, grade, rules)
