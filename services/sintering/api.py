"""HTTP face of the sintering service; no rules here."""

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.sintering import marks, store, workflow
from services.sintering.calendar import EnergyTariff, FurnaceCalendar, FurnacePower
from services.sintering.duedates import due_dates
from services.sintering.furnaces import FurnaceWork, overview
from services.sintering.load import Place
from services.sintering.planroutes import Person
from services.sintering.powder import PowderFormula
from services.sintering.qualification import FurnaceQualification
from services.sintering.utilisation import utilisation
from shared import trainings
from shared.app import Service
from shared.commands import Command, command_of
from shared.recipes import MasterRecipe
from shared.routes import add_due_dates, add_station_routes
from shared.trainings import Trained
from shared.transaction import Transaction


class MasterData(Trained):
    """The sintering section of a plant's master data."""

    master_recipes: list[MasterRecipe] = Field(default_factory=list)
    furnace_qualifications: list[FurnaceQualification] = Field(default_factory=list)
    powder_formulas: list[PowderFormula] = Field(default_factory=list)
    furnace_calendars: list[FurnaceCalendar] = Field(default_factory=list)
    furnace_powers: list[FurnacePower] = Field(default_factory=list)
    energy_tariffs: list[EnergyTariff] = Field(default_factory=list)


class SeenPlace(BaseModel):
    """A part on its tray; trays and positions count from 1, the lowest and first."""

    model_config = ConfigDict(extra="forbid")

    lot_id: str
    tray: int = Field(ge=1)
    position: int = Field(ge=1)


class SeenPlaces(BaseModel):
    """Where parts of a load stand, scanned or entered; those not named stay where they are."""

    model_config = ConfigDict(extra="forbid")

    places: tuple[SeenPlace, ...] = Field(min_length=1)


class NewMark(BaseModel):
    """What was put on the pellet at a place."""

    model_config = ConfigDict(extra="forbid")

    tray: int = Field(ge=1)
    position: int = Field(ge=1)
    mark: str = Field(pattern=r"^[A-Za-z0-9._-]{3,40}$")


class NewMarks(BaseModel):
    """Marks of pellets of a load that had none."""

    model_config = ConfigDict(extra="forbid")

    marks: tuple[NewMark, ...] = Field(min_length=1, max_length=1000)


def add_routes(service: Service, furnaces: FurnaceWork) -> None:
    """Add the routes of this service to its app."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]
    add_station_routes(service)

    @app.post("/master-data", status_code=201)
    async def post_master_data(body: MasterData, command: given) -> dict[str, Any]:
        """Keep recipes and what furnaces are known by; other content of a version is refused."""

        async def keep(tx: Transaction) -> dict[str, Any]:
            await trainings.keep(tx, body)
            return await workflow.take_master_data(
                tx,
                body.master_recipes,
                body.furnace_qualifications,
                body.powder_formulas,
                body.furnace_calendars,
                body.furnace_powers,
                body.energy_tariffs,
            )

        return await command.once(keep)

    meaning = "Until when the thermocouples of the furnaces are surveyed."
    add_due_dates(service, meaning, lambda tx: due_dates(tx, furnaces.furnaces))

    @app.get("/furnaces")
    async def get_furnaces() -> dict[str, Any]:
        """Each furnace with its limits, the load in it, and the loads planned for it as of now."""
        async with database.quiet() as tx:
            return {"items": await overview(tx, furnaces)}

    @app.get("/furnace-utilisation")
    async def get_utilisation(
        days: Annotated[float, Query(gt=0, le=366)] = 7.0,
    ) -> dict[str, Any]:
        """Furnace hours of the last days: running loads, closed by the calendar, and the rest."""
        end = service.clock.now()
        names = [station.equipment_id for station in furnaces.furnaces]
        async with database.quiet() as tx:
            start = end - timedelta(days=days)
            return {"items": await utilisation(tx, names, start, end), "from": start, "to": end}

    @app.get("/furnace-loads")
    async def get_furnace_loads(
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> dict[str, Any]:
        """The newest furnace loads, without parts and profile."""
        async with database.quiet() as tx:
            return {"items": await store.loads(tx, limit)}

    @app.get("/furnace-loads/{furnace_load_id}")
    async def get_furnace_load(furnace_load_id: str) -> dict[str, Any]:
        """One load: tray and position of each part, measured profile, deviations."""
        async with database.quiet() as tx:
            return await store.load(tx, furnace_load_id)

    @app.post("/furnace-loads/{furnace_load_id}/places")
    async def post_places(
        furnace_load_id: str, body: SeenPlaces, x_halite_person: Person, command: given
    ) -> dict[str, Any]:
        """Say where parts of a load really stand; 409 once its run is over."""
        seen = [Place(**place.model_dump()) for place in body.places]
        person = unquote(x_halite_person)
        return await command.once(lambda tx: furnaces.place(tx, furnace_load_id, seen, person))

    @app.post("/furnace-loads/{furnace_load_id}/marks")
    async def post_marks(
        furnace_load_id: str, body: NewMarks, x_halite_person: Person, command: given
    ) -> dict[str, Any]:
        """Give pellets that are known by their place a mark; 409 where one has another already."""
        new = [marks.Mark(**mark.model_dump()) for mark in body.marks]
        person = unquote(x_halite_person)
        return await command.once(lambda tx: furnaces.mark(tx, furnace_load_id, new, person))

    @app.get("/marks/{mark}")
    async def get_mark(mark: str) -> dict[str, Any]:
        """Which pellet has a mark, and the place by which it was known before."""
        async with database.quiet() as tx:
            return await marks.marked(tx, mark)

    @app.get("/furnace-loads/{furnace_load_id}/places/{tray}/{position}")
    async def get_place(furnace_load_id: str, tray: int, position: int) -> dict[str, Any]:
        """Which part stands at a place: the name of a pellet that has no mark yet."""
        async with database.quiet() as tx:
            return await store.part_at(tx, furnace_load_id, tray, position)

    @app.get("/lots/{lot_id}/furnace-loads")
    async def get_places_of_lot(lot_id: str) -> dict[str, Any]:
        """Where a pellet or powder lot stood in each of its loads, oldest first."""
        async with database.quiet() as tx:
            return {"items": await store.places_of(tx, lot_id)}
