"""Questions over the analysts' views: which rows in which order, asked at once or saved."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError

from services.trace.concern import escaped
from shared.clock import Clock
from shared.db import Database, sql
from shared.errors import ConflictError, InvalidInputError, NotFoundError, OutOfLimitsError
from shared.transaction import Transaction

MOST_ROWS = 100_000
LONGEST_S = 10
QUERY_CANCELED = "57014"  # PostgreSQL, appendix A
Value = str | float | bool | datetime
# Columns of each view `analyst_…` and what their values are.
VIEWS: dict[str, dict[str, type]] = {
    "event": {
        "position": float,
        "event_id": str,
        "source": str,
        "sequence": float,
        "type": str,
        "subject": str,
        "time": datetime,
        "data": str,
    },
    "lot": {
        "lot_id": str,
        "material_definition_id": str,
        "quantity": float,
        "unit": str,
        "work_request_id": str,
        "origin": str,
        "registered_at": datetime,
        "grade": str,
        "discharge_capacity_mah": float,
        "completed_at": datetime,
        "held_by": str,
    },
    "genealogy": {
        "parent_lot_id": str,
        "child_lot_id": str,
        "quantity": float,
        "unit": str,
        "job_order_id": str,
        "operation": str,
        "equipment_id": str,
        "recipe_id": str,
        "recipe_version": float,
        "started_at": datetime,
        "ended_at": datetime,
    },
    "step": {
        "lot_id": str,
        "use": str,
        "job_order_id": str,
        "operation": str,
        "equipment_id": str,
        "recipe_id": str,
        "recipe_version": float,
        "fixture_id": str,
        "started_at": datetime,
        "ended_at": datetime,
        "minutes": float,
    },
    "hold": {"lot_id": str, "gate": str, "reason": str, "held_at": datetime},
    "gate_decision": {
        "position": float,
        "lot_id": str,
        "decided_at": datetime,
        "gate": str,
        "characteristic": str,
        "value": float,
        "unit": str,
        "low": float,
        "high": float,
        "disposition": str,
        "reason": str,
        "product_id": str,
        "specification_version": float,
    },
    "nonconformance": {
        "nonconformance_id": str,
        "lot_id": str,
        "raised_at": datetime,
        "equipment_id": str,
        "description": str,
    },
}
_COMPARED = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
OPERATORS = (*_COMPARED, "contains", "is")


class Condition(NamedTuple):
    """One condition on a column: an operator of `OPERATORS` and what to compare with."""

    column: str
    operator: str
    value: Value


class Question(BaseModel):
    """Which rows of which view.

    columns: none given: all. where: `column:operator:value`, all must hold; `is` knows the values
    `null` and `known`. order_by: a column, behind `-` for the greatest first.
    """

    model_config = ConfigDict(extra="forbid")

    view: str = Field(max_length=40)
    columns: tuple[str, ...] = Field(default=(), max_length=40)
    where: tuple[str, ...] = Field(default=(), max_length=20)
    order_by: str | None = Field(default=None, max_length=60)
    limit: int = Field(default=1000, ge=1, le=MOST_ROWS)


class QueryToSave(Question):
    """A question with the name it is asked again by."""

    name: str = Field(min_length=1, max_length=100)


def question_of(
    view: str, columns: Sequence[str], where: Sequence[str], order_by: str | None, limit: int
) -> Question:
    """Return a question from its parts; `conditions` says whether it can be asked."""
    return Question(
        view=view, columns=tuple(columns), where=tuple(where), order_by=order_by, limit=limit
    )


def conditions(question: Question) -> list[Condition]:
    """Return what the rows of a question must hold, read by the kind of each column.

    Raises:
        InvalidInputError: no such view, column or operator, or a value that does not fit; all of it
            is named.
    """
    if question.view not in VIEWS:
        raise InvalidInputError(f"there is no view {question.view}: {', '.join(sorted(VIEWS))}")
    known = VIEWS[question.view]
    asked = (*question.columns, *filter(None, [(question.order_by or "").removeprefix("-")]))
    for column in asked:
        _check_column(question.view, column)
    read = []
    for text in question.where:
        column, _, rest = text.partition(":")
        operator, separator, value = rest.partition(":")
        _check_column(question.view, column)
        if operator not in OPERATORS or not separator:
            raise InvalidInputError(
                f"condition {text!r}: write column:operator:value with one of "
                f"{', '.join(OPERATORS)}"
            )
        read.append(Condition(column, operator, _value(text, operator, value, known[column])))
    return read


def _check_column(view: str, column: str) -> None:
    if column not in VIEWS[view]:
        raise InvalidInputError(
            f"view {view} has no column {column!r}: {', '.join(sorted(VIEWS[view]))}"
        )


def _value(condition: str, operator: str, value: str, kind: type) -> Value:
    if operator == "is":
        if value not in ("null", "known"):
            raise InvalidInputError(f"condition {condition!r}: `is` takes null or known")
        return value
    if operator == "contains" or kind is str:
        return value
    try:
        if kind is float:
            return float(value)
        at = datetime.fromisoformat(value)
    except ValueError as error:
        wanted = "a number" if kind is float else "a time such as 2026-01-05T06:00:00Z"
        raise InvalidInputError(f"condition {condition!r}: {value!r} is not {wanted}") from error
    if at.tzinfo is None:
        raise InvalidInputError(f"condition {condition!r}: {value!r} lacks its time zone, e.g. Z")
    return at


def statement(question: Question) -> tuple[str, dict[str, Any]]:
    """Return the SQL of a question and its values; only known columns come into the text.

    Raises:
        InvalidInputError: see `conditions`.
    """
    parts, values = [], {}
    for number, (column, operator, value) in enumerate(conditions(question)):
        name = f"value_{number}"
        if operator == "is":
            parts.append(f"{column} IS {'NULL' if value == 'null' else 'NOT NULL'}")
            continue
        values[name] = f"%{escaped(str(value))}%" if operator == "contains" else value
        if operator == "contains":
            parts.append(f"CAST({column} AS text) ILIKE :{name}")
        elif VIEWS[question.view][column] is str:
            parts.append(f"CAST({column} AS text) {_COMPARED[operator]} :{name}")
        else:
            parts.append(f"{column} {_COMPARED[operator]} :{name}")
    shown = ", ".join(question.columns or VIEWS[question.view])
    words = f"SELECT {shown} FROM analyst_{question.view}"
    if parts:
        words += f" WHERE {' AND '.join(parts)}"
    if question.order_by:
        column = question.order_by.removeprefix("-")
        falling = " DESC NULLS LAST" if question.order_by.startswith("-") else ""
        words += f" ORDER BY {column}{falling}"
    return f"{words} LIMIT :row_limit", values | {"row_limit": question.limit}


async def answer(database: Database, question: Question) -> list[dict[str, Any]]:
    """Return the rows of a question, in a transaction that can only read.

    Raises:
        InvalidInputError: see `conditions`.
        OutOfLimitsError: it takes longer than `LONGEST_S`.
    """
    words, values = statement(question)
    try:
        async with database.quiet() as tx:
            await tx.execute(sql("SET TRANSACTION READ ONLY"))
            await tx.execute(sql(f"SET LOCAL statement_timeout = '{LONGEST_S}s'"))
            return (await tx.execute(sql(words), values)).dicts()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != QUERY_CANCELED:
            raise
        raise OutOfLimitsError(
            f"view {question.view}: no answer in {LONGEST_S} s; narrow it down with a condition "
            "on an id or a time"
        ) from error


def as_json(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as `{"items": [...]}`."""
    return f'{{"items":{to_json(rows).decode()}}}'


def as_csv(question: Question, rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as CSV (RFC 4180) below a line with the names of the columns."""
    out = io.StringIO()
    writer = csv.writer(out)
    columns = question.columns or tuple(VIEWS[question.view])
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


async def save(tx: Transaction, clock: Clock, query: QueryToSave, person: str) -> dict[str, Any]:
    """Keep a question under its name, in a person's name.

    Raises:
        InvalidInputError: see `conditions`.
        ConflictError: the name is taken.
    """
    question = Question(**query.model_dump(exclude={"name"}))
    conditions(question)
    keep = """
        INSERT INTO saved_query (name, question, person, saved_at)
        VALUES (:name, CAST(:question AS jsonb), :person, :now)
        ON CONFLICT DO NOTHING RETURNING number"""
    values = {
        "name": query.name,
        "question": question.model_dump_json(),
        "person": person,
        "now": clock.now(),
    }
    number = await tx.scalar(sql(keep), values)
    if number is None:
        taken = "SELECT number, person, question FROM saved_query WHERE name = :name"
        there = (await tx.execute(sql(f"{taken} AND ended_at IS NULL"), values)).mappings().first()
        raise ConflictError(f"a query named {query.name!r} is saved already", dict(there or {}))
    return {"query_id": number, "name": query.name}


async def saved(tx: Transaction) -> list[dict[str, Any]]:
    """Return all saved queries by name."""
    words = """
        SELECT number AS query_id, name, question, person, saved_at FROM saved_query
        WHERE ended_at IS NULL ORDER BY name"""
    return [dict(row) for row in (await tx.execute(sql(words))).mappings()]


async def saved_question(tx: Transaction, query_id: int) -> Question:
    """Return what a saved query asks.

    Raises:
        NotFoundError: there is no such query.
    """
    words = "SELECT question FROM saved_query WHERE number = :number AND ended_at IS NULL"
    question = await tx.scalar(sql(words), {"number": query_id})
    if question is None:
        raise NotFoundError(f"there is no saved query {query_id}")
    return Question.model_validate(question)


async def end(tx: Transaction, clock: Clock, query_id: int, person: str) -> dict[str, Any]:
    """Take a saved query off the list, in a person's name.

    Raises:
        NotFoundError: there is no such query.
    """
    await saved_question(tx, query_id)
    words = "UPDATE saved_query SET ended_at = :now, ended_by = :person WHERE number = :number"
    await tx.execute(sql(words), {"number": query_id, "now": clock.now(), "person": person})
    return {"query_id": query_id}
