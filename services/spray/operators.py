"""Who operates a spray station, and whether that person is trained to: asked before each start."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.spray import mixstore
from services.spray.setup import SpraySetup
from shared import operators
from shared.clock import Clock
from shared.db import sql
from shared.errors import BlockedError, ConflictError
from shared.events import PersonTrained
from shared.masterdata import keep_version
from shared.outbox import Outbox
from shared.settings import StationSettings
from shared.transaction import Transaction

SKILL = "spray"


class Training(BaseModel):
    """That a person may spray until an instant; a change is a new version, an end an early one.

    person: as the gateway prints who is signed in, `name (login)`; the login alone counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str = Field(min_length=1, max_length=200)
    version: int = Field(ge=1)
    valid_until: AwareDatetime
    source: str = Field(min_length=3)


class TrainingGiven(BaseModel):
    """What `person`, who is signed in, records of a `trainee`: until when, and what shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trainee: str = Field(min_length=1, max_length=200)
    valid_until: AwareDatetime
    evidence: str = Field(min_length=3, max_length=1000)
    person: str = Field(min_length=1, max_length=200)


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Who answers for a station, and until when that person's training is good; None: unknown."""

    person: str
    trained_until: datetime | None


def key_of(person: str) -> str:
    """Return what a person is known by: the login of `name (login)`, else the whole name."""
    name, _, login = person.rpartition("(")
    return login.removesuffix(")") if name and person.endswith(")") else person


def check_trained(operator: Operator, station: str, end: datetime) -> str:
    """Return the operator if the training is good until a job's end.

    Raises:
        BlockedError: no training is on record, or it ends before; names the remedy.
    """
    until = operator.trained_until
    what = f"{station}: training of {operator.person}"
    remedy = "record a training or let a trained person take the station over"
    if until is None:
        raise BlockedError(f"{what} to {SKILL} is not on record; {remedy}")
    if until < end:
        raise BlockedError(
            f"{what} is valid until {until.isoformat()}, the job would end at {end.isoformat()}; "
            f"{remedy}"
        )
    return operator.person


async def operator_of(tx: Transaction, station: str, setup: SpraySetup) -> Operator:
    """Return who took a station over, else who its setup names, with that person's training."""
    person = await operators.operator_of(tx, station) or setup.operator
    until = await _trained_until(tx, person)
    if until is None and person == setup.operator:
        until = setup.trained_until
    return Operator(person=person, trained_until=until)


async def _trained_until(tx: Transaction, person: str) -> datetime | None:
    statement = "SELECT body FROM training WHERE person = :key ORDER BY version DESC LIMIT 1"
    body = await tx.scalar(sql(statement), {"key": key_of(person)})
    return None if body is None else Training.model_validate(body).valid_until


async def keep_trainings(tx: Transaction, trainings: Sequence[Training]) -> None:
    """Keep trainings of a plant's master data.

    Raises:
        ConflictError: a version exists with other content.
    """
    for training in trainings:
        own = training.model_copy(update={"person": key_of(training.person)})
        await keep_version(tx, "training", ("person", "version"), own)


class SprayOperators:
    """Records trainings; only who is trained takes a spray station over."""

    def __init__(self, outbox: Outbox, clock: Clock, stations: Sequence[StationSettings]) -> None:
        self._outbox, self._clock = outbox, clock
        self._desk = operators.OperatorDesk(outbox, clock, stations)

    async def train(self, tx: Transaction, given: TrainingGiven) -> dict[str, Any]:
        """Record until when a person may spray; the newest record counts, also to end it early.

        Raises:
            ConflictError: a person records the own training.
        """
        key = key_of(given.trainee)
        if key == key_of(given.person):
            raise ConflictError(f"{given.person} cannot record the own training; another must")
        lock = "SELECT pg_advisory_xact_lock(hashtext(:key))"
        await tx.execute(sql(lock), {"key": f"training {key}"})
        newest = "SELECT coalesce(max(version), 0) FROM training WHERE person = :key"
        version = (await tx.scalar(sql(newest), {"key": key}) or 0) + 1
        source = f"{given.evidence} ({given.person})"
        training = Training(
            person=key, version=version, valid_until=given.valid_until, source=source
        )
        await keep_version(tx, "training", ("person", "version"), training)
        trained = PersonTrained(
            person=given.trainee,
            skill=SKILL,
            valid_until=given.valid_until,
            evidence=given.evidence,
            by=given.person,
        )
        await self._outbox.record(tx, trained)
        return {"trainee": key, "skill": SKILL, "valid_until": given.valid_until.isoformat()}

    async def take_over(self, tx: Transaction, station: str, person: str) -> dict[str, Any]:
        """Make a person the operator of a station, from its next start on.

        Raises:
            NotFoundError: no such station.
            BlockedError: no training that is good now is on record.
        """
        until = await _trained_until(tx, person)
        operator = Operator(person=person, trained_until=until)
        check_trained(operator, station, self._clock.now())
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
