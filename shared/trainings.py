"""Owns who is trained to what, and which training an operation needs: asked before each start."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from shared import operators
from shared.clock import Clock
from shared.db import Database, sql
from shared.errors import BlockedError, ConflictError
from shared.events import PersonTrained
from shared.instants import Instant
from shared.masterdata import keep_version
from shared.outbox import Outbox
from shared.stationorder import StationOrder
from shared.transaction import Transaction

SKILL_PATTERN = r"^[a-z][a-z0-9_]{1,39}$"
TRAINING_DDL = """
    CREATE TABLE training (
        person text NOT NULL,
        skill text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (person, skill, version)
    )"""
NEED_DDL = """
    CREATE TABLE training_need (
        operation text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (operation, version)
    )"""
DDL = (TRAINING_DDL, NEED_DDL)
REMEDY = "record a training or let a trained person take the station over"


class Training(BaseModel):
    """That a person is trained to `skill` until an instant; an end is a version with an early one.

    person: as the gateway prints who is signed in, `name (login)`; the login alone counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str = Field(min_length=1, max_length=200)
    skill: str = Field(pattern=SKILL_PATTERN)
    version: int = Field(ge=1)
    valid_until: Instant
    source: str = Field(min_length=3)


class TrainingNeed(BaseModel):
    """That who operates a station must be trained to `skill` for an operation; None: no longer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation: str = Field(min_length=1)
    version: int = Field(ge=1)
    skill: str | None = Field(pattern=SKILL_PATTERN)
    source: str = Field(min_length=3)


class TrainingGiven(BaseModel):
    """What `person`, who is signed in, records of a `trainee`: until when, and what shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trainee: str = Field(min_length=1, max_length=200)
    skill: str = Field(pattern=SKILL_PATTERN)
    valid_until: Instant
    evidence: str = Field(min_length=3, max_length=1000)
    person: str = Field(min_length=1, max_length=200)


class Trained(BaseModel):
    """The part of a service's master data that says who is trained and what needs it."""

    model_config = ConfigDict(extra="forbid")

    trainings: list[Training] = Field(default_factory=list)
    training_needs: list[TrainingNeed] = Field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Who answers for a station, and until when that person's training is good; None: unknown."""

    person: str
    trained_until: datetime | None


class _Served(Protocol):
    """What is needed of a service."""

    @property
    def database(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def outbox(self) -> Outbox: ...


def key_of(person: str) -> str:
    """Return what a person is known by: the login of `name (login)`, else the whole name."""
    name, _, login = person.rpartition("(")
    return login.removesuffix(")") if name and person.endswith(")") else person


def check_trained(operator: Operator, skill: str, station: str, end: datetime) -> str:
    """Return the operator if the training is good until a job's end.

    Raises:
        BlockedError: no training is on record, or it ends before; names the remedy.
    """
    until = operator.trained_until
    what = f"{station}: training of {operator.person}"
    if until is None:
        raise BlockedError(f"{what} to {skill} is not on record; {REMEDY}")
    if until < end:
        raise BlockedError(
            f"{what} to {skill} is valid until {until.isoformat()}, the job would end at "
            f"{end.isoformat()}; {REMEDY}"
        )
    return operator.person


async def trained_until(tx: Transaction, person: str, skill: str) -> datetime | None:
    """Return until when a person is trained to a skill; None where nothing is on record."""
    statement = """
        SELECT body FROM training WHERE person = :key AND skill = :skill
        ORDER BY version DESC LIMIT 1"""
    body = await tx.scalar(sql(statement), {"key": key_of(person), "skill": skill})
    return None if body is None else Training.model_validate(body).valid_until


async def skills_for(tx: Transaction, operations: Collection[str]) -> list[str]:
    """Return the skills that operations need, by the newest version of each need."""
    statement = """
        SELECT DISTINCT ON (operation) body ->> 'skill' FROM training_need
        WHERE operation = ANY(:operations) ORDER BY operation, version DESC"""
    found = await tx.scalars(sql(statement), {"operations": sorted(operations)})
    return sorted({skill for skill in found if skill is not None})


async def check_needs(tx: Transaction, order: StationOrder, now: datetime) -> None:
    """Refuse the start of an order whose operations need a training that the operator lacks.

    Raises:
        BlockedError: nobody has taken the station over, or that person is not trained now.
    """
    skills = await skills_for(tx, {one.operation for one in order.job_orders})
    if not skills:
        return
    station = order.equipment_id.rsplit("/", 1)[-1]
    person = await operators.operator_of(tx, station)
    if person is None:
        raise BlockedError(
            f"{station}: {order.station_order_id} needs a person trained to {', '.join(skills)} "
            "and nobody operates the station; let a trained person take the station over"
        )
    await check_skills(tx, person, skills, station, now)


async def check_skills(
    tx: Transaction, person: str, skills: Sequence[str], station: str, at: datetime
) -> None:
    """Refuse a person who is not trained to each of some skills at an instant.

    Raises:
        BlockedError: a training is not on record, or ends before; names it and the remedy.
    """
    for skill in skills:
        until = await trained_until(tx, person, skill)
        check_trained(Operator(person=person, trained_until=until), skill, station, at)


async def keep(tx: Transaction, given: Trained) -> None:
    """Keep trainings and needs of a plant's master data.

    Raises:
        ConflictError: a version exists with other content.
    """
    for training in given.trainings:
        own = training.model_copy(update={"person": key_of(training.person)})
        await keep_version(tx, "training", ("person", "skill", "version"), own)
    for need in given.training_needs:
        await keep_version(tx, "training_need", ("operation", "version"), need)


async def shown(tx: Transaction) -> dict[str, Sequence[Any]]:
    """Return who is trained to what until when, and what each operation needs; the newest alone."""
    trainings = """
        SELECT DISTINCT ON (person, skill) body FROM training
        ORDER BY person, skill, version DESC"""
    needs = """
        SELECT DISTINCT ON (operation) body FROM training_need ORDER BY operation, version DESC"""
    return {
        "items": list(await tx.scalars(sql(trainings))),
        "needs": list(await tx.scalars(sql(needs))),
    }


async def train(tx: Transaction, service: _Served, given: TrainingGiven) -> dict[str, Any]:
    """Record until when a person is trained; the newest record counts, also to end it early.

    Raises:
        ConflictError: a person records the own training.
    """
    key, skill = key_of(given.trainee), given.skill
    if key == key_of(given.person):
        raise ConflictError(f"{given.person} cannot record the own training; another must")
    lock = "SELECT pg_advisory_xact_lock(hashtext(:key))"
    await tx.execute(sql(lock), {"key": f"training {key} {skill}"})
    newest = "SELECT max(version) FROM training WHERE person = :key AND skill = :skill"
    version = (await tx.scalar(sql(newest), {"key": key, "skill": skill}) or 0) + 1
    training = Training(
        person=key,
        skill=skill,
        version=version,
        valid_until=given.valid_until,
        source=f"{given.evidence} ({given.person})",
    )
    await keep_version(tx, "training", ("person", "skill", "version"), training)
    trained = PersonTrained(
        person=given.trainee,
        skill=skill,
        valid_until=given.valid_until,
        evidence=given.evidence,
        by=given.person,
    )
    await service.outbox.record(tx, trained)
    return {"trainee": key, "skill": skill, "valid_until": given.valid_until.isoformat()}


class TrainedGuard:
    """Lets a stored order start when the station's operator has the training it needs."""

    def __init__(self, service: _Served) -> None:
        self._service = service

    async def why_not(self, client: object, order: StationOrder) -> str | None:
        """Return None; an order never waits for a training.

        Raises:
            BlockedError: nobody who is trained operates the station.
        """
        async with self._service.database.quiet() as tx:
            await check_needs(tx, order, self._service.clock.now())
        return None

    def trouble(self, equipment_id: str, to_start: Collection[str]) -> str | None:
        """Return None: a missing training holds an order and not the station."""
        return None
