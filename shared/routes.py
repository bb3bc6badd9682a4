"""Routes that services with stations share: recipes, job orders, trainings, due dates."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Path, Query

from shared import jobcontrol, joborders, recipes, trainings
from shared.app import Service
from shared.commands import Command, command_of
from shared.duedates import DueDate
from shared.jobcontrol import Asked
from shared.operators import OperatorDesk, Operators, TakeOver
from shared.trainings import TrainingGiven
from shared.transaction import Transaction

if TYPE_CHECKING:  # a service without stations does not load the OPC UA library
    from shared.opcua import StationClient

Person = Annotated[str, Header(min_length=1, max_length=300)]
StationName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
UNKNOWN = "unknown"  # a call past the gateway that names nobody


def add_station_routes(service: Service, operators: Operators | None = None) -> None:
    """Add recipes, job orders with the commands over them, and who operates each station.

    operators: of a service that asks more of them than to be there.
    """
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]
    _add_job_control(service)
    stations = service.plant.stations_of(service.name)
    _add_operators(service, operators or OperatorDesk(service.outbox, service.clock, stations))
    _add_trainings(service)

    @app.get("/master-recipes", tags=["master data"])
    async def get_recipes() -> dict[str, Any]:
        """All recipes in all versions."""
        async with database.quiet() as tx:
            return {"items": await recipes.listed(tx)}

    @app.get("/job-orders", tags=["job orders"])
    async def get_job_orders(
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
        equipment_id: Annotated[str | None, Query(max_length=300)] = None,
    ) -> dict[str, Any]:
        """The newest job orders with their state, of one station or of all."""
        async with database.quiet() as tx:
            return {"items": await joborders.listed(tx, limit, equipment_id)}

    @app.post("/job-orders/{job_order_id}/resume", tags=["job orders"])
    async def post_resume(
        job_order_id: str, command: given, x_halite_person: Person = UNKNOWN
    ) -> dict[str, Any]:
        """Let a paused job order go on, plan a held one again, or start an interrupted one again.

        An interrupted one is started again when a person has looked.
        """

        async def act(tx: Transaction) -> dict[str, Any]:
            if await jobcontrol.is_paused(tx, job_order_id):
                by = unquote(x_halite_person)
                return await jobcontrol.ask(tx, job_order_id, "resume", by, _machines(service))
            state = await joborders.resume(tx, job_order_id)
            return {"job_order_id": job_order_id, "state": state}

        return await command.once(act)


def _add_job_control(service: Service) -> None:
    given = Annotated[Command, Depends(command_of(service.database))]

    async def ask(job_order_id: str, asked: Asked, person: str, command: Command) -> dict[str, Any]:
        return await command.once(
            lambda tx: jobcontrol.ask(tx, job_order_id, asked, unquote(person), _machines(service))
        )

    @service.app.post("/job-orders/{job_order_id}/pause", tags=["job orders"])
    async def post_pause(
        job_order_id: str, command: given, x_halite_person: Person = UNKNOWN
    ) -> dict[str, Any]:
        """Ask the station to let a running job order stand; `resume` lets it go on.

        Whether it did is told with `JobOrderPaused`, or with a reason beside the job order.
        """
        return await ask(job_order_id, "pause", x_halite_person, command)

    @service.app.post("/job-orders/{job_order_id}/stop", tags=["job orders"])
    async def post_stop(
        job_order_id: str, command: given, x_halite_person: Person = UNKNOWN
    ) -> dict[str, Any]:
        """Ask the machine to end a running or paused job order with what is done so far."""
        return await ask(job_order_id, "stop", x_halite_person, command)

    @service.app.post("/job-orders/{job_order_id}/abort", tags=["job orders"])
    async def post_abort(
        job_order_id: str, command: given, x_halite_person: Person = UNKNOWN
    ) -> dict[str, Any]:
        """Ask the machine to give a running or paused job order up for good.

        One that stands interrupted since it was asked to start is over with that, also where the
        machine does not know it any more: who asks has looked. A tester stops a running test
        alike; what it measured counts.
        """
        return await ask(job_order_id, "abort", x_halite_person, command)


def _add_operators(service: Service, operators: Operators) -> None:
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.get("/operators", tags=["operators"])
    async def get_operators() -> dict[str, Any]:
        """Who operates each station; null where nobody has taken it over."""
        async with database.quiet() as tx:
            return {"items": await operators.shown(tx)}

    @app.post("/operators/{station}", status_code=201, tags=["operators"])
    async def post_operator(station: StationName, body: TakeOver, command: given) -> dict[str, Any]:
        """Take a station over: its work is yours until you leave it or another takes it over."""
        return await command.once(lambda tx: operators.take_over(tx, station, body.person))

    @app.post("/operators/{station}/end", tags=["operators"])
    async def post_operator_end(
        station: StationName, body: TakeOver, command: given
    ) -> dict[str, Any]:
        """Leave a station."""
        return await command.once(lambda tx: operators.leave(tx, station, body.person))


def add_due_dates(
    service: Service, meaning: str, read: Callable[[Transaction], Awaitable[list[DueDate]]]
) -> None:
    """Add what must be calibrated, changed or surveyed by when; `meaning` is for the contract."""

    @service.app.get("/due-dates", tags=["maintenance"], description=meaning)
    async def get_due_dates() -> dict[str, Any]:
        async with service.database.quiet() as tx:
            found = await read(tx)
        return {"items": [item.model_dump(mode="json") for item in found]}


def _add_trainings(service: Service) -> None:
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.post("/trainings", status_code=201, tags=["operators"])
    async def post_training(body: TrainingGiven, command: given) -> dict[str, Any]:
        """Record until when another person is trained to a skill; the newest record counts."""
        return await command.once(lambda tx: trainings.train(tx, service, body))

    @app.get("/trainings", tags=["operators"])
    async def get_trainings() -> dict[str, Any]:
        """Who is trained to what until when, and which training each operation needs."""
        async with database.quiet() as tx:
            return dict(await trainings.shown(tx))


def _machines(service: Service) -> dict[str, frozenset[Asked]]:
    stations = service.plant.stations_of(service.name)
    testers = [one for one in service.plant.tester if one.service == service.name]
    return {
        **{station.equipment_id: jobcontrol.OF_A_STATION for station in stations},
        **{tester.equipment_id: jobcontrol.OF_A_TESTER for tester in testers},
    }


def add_stations_route(service: Service, clients: "Sequence[StationClient]") -> None:
    """Add `GET /stations`: what each station of this service offers and what it lacks."""

    @service.app.get("/stations", tags=["stations"])
    async def get_stations() -> dict[str, Any]:
        """Each station: whether it answers, who it is, its methods, what is missing and why."""
        return {"items": [_shown(client) for client in clients]}


def _shown(client: "StationClient") -> dict[str, Any]:
    offer = client.offer
    return {
        "equipment_id": client.equipment_id,
        "endpoint": client.settings.endpoint,
        "connected": client.connected,
        "trouble": client.trouble,
        "identification": dict(offer.identification) if offer else {},
        "offers": sorted(offer.parts) if offer else [],
        "signals": list(offer.signals) if offer else [],
        "most_jobs": offer.most_jobs if offer else None,
        "missing": list(offer.missing) if offer else [],
        "unusable": offer.unusable if offer else None,
    }
