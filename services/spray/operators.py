"""Who operates a spray station, and whether that person is trained to: asked before each start."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.spray import mixstore
from services.spray.setup import SpraySetup
from shared import operators
from shared.clock import Clock
from shared.outbox import Outbox
from shared.settings import StationSettings
from shared.trainings import Operator, check_skills, check_trained, skills_for, trained_until
from shared.transaction import Transaction

SKILL = "spray"


async def operator_of(tx: Transaction, station: str, setup: SpraySetup) -> Operator:
    """Return who took a station over, else who its setup names, with that person's training."""
    person = await operators.operator_of(tx, station) or setup.operator
    until = await trained_until(tx, person, SKILL)
    if until is None and person == setup.operator:
        until = setup.trained_until
    return Operator(person=person, trained_until=until)


async def trained_operator(
    tx: Transaction, operation: str, station: str, setup: SpraySetup, end: datetime
) -> str:
    """Return who operates a station, trained until a job's end to spray and to what else it needs.

    Raises:
        BlockedError: a training is not on record, or ends before; names it and the remedy.
    """
    operator = await operator_of(tx, station, setup)
    check_trained(operator, SKILL, station, end)
    others = [skill for skill in await skills_for(tx, [operation]) if skill != SKILL]
    await check_skills(tx, operator.person, others, station, end)
    return operator.person


class SprayOperators:
    """Lets only who is trained to spray take a spray station over."""

    def __init__(self, outbox: Outbox, clock: Clock, stations: Sequence[StationSettings]) -> None:
        self._clock = clock
        self._desk = operators.OperatorDesk(outbox, clock, stations)

    async def take_over(self, tx: Transaction, station: str, person: str) -> dict[str, Any]:
        """Make a person the operator of a station, from its next start on.

        Raises:
            NotFoundError: no such station.
            BlockedError: no training that is good now is on record.
        """
        until = await trained_until(tx, person, SKILL)
        operator = Operator(person=person, trained_until=until)
        check_trained(operator, SKILL, station, self._clock.now())
        return await self._desk.take_over(tx, station, person)

    async def leave(self, tx: Transaction, station: str, person: str) -> dict[str, Any]:
        """Leave a station to whom its setup names.

        Raises:
            NotFoundError: no such station.
            ConflictError: nobody has taken it over.
        """
        return await self._desk.leave(tx, station, person)

    async def shown(self, tx: Transaction) -> list[dict[str, Any]]:
        """Return each station with who answers for it, and until when that person is trained."""
        found = await self._desk.shown(tx)
        for item in found:
            setup = await mixstore.setup_of(tx, item["station"])
            if setup is not None:
                operator = await operator_of(tx, item["station"], setup)
                item |= {"operator": operator.person, "trained_until": operator.trained_until}
        return found
