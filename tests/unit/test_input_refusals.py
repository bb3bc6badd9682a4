"""Whatever a service refuses input for is said in each language, with its value and its limit."""

import importlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticKnownError

from deploy.inputrefusals import INSTANTS, REFUSALS
from deploy.sentences import LANGUAGES, ROOT
from shared.answers import answer_errors
from tests.unit.test_sentences import interpreted

BOUNDS = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
COUNTS = {"too_short", "too_long"}
LENGTHS = {"string_too_short", "string_too_long", "string_pattern_mismatch"}
DATES = {"date_from_datetime_inexact", "date_from_datetime_parsing", "date_parsing", "date_type"}
RAISED_BY: dict[str, set[str]] = {
    "bool": {"bool_parsing", "bool_type"},
    "date": DATES,
    "datetime": {
        "datetime_from_date_parsing",
        "datetime_object_invalid",
        "datetime_parsing",
        "datetime_type",
        "timezone_aware",
    },
    "dict": {"dict_type"} | COUNTS,
    "float": {"finite_number", "float_parsing", "float_type"} | BOUNDS,
    "int": {"int_from_float", "int_parsing", "int_parsing_size", "int_type"} | BOUNDS,
    "is-instance": {"is_instance_of"},
    "list": {"list_type"} | COUNTS,
    "literal": {"literal_error"},
    "model": {"model_attributes_type"},
    "model-fields": {"extra_forbidden", "invalid_key", "missing"},
    "str": {"string_type"} | LENGTHS,
    "tagged-union": {"union_tag_invalid", "union_tag_not_found"},
    "time": {"time_parsing", "time_type"},
    "tuple": {"missing", "tuple_type"} | COUNTS,
    "uuid": {"uuid_parsing", "uuid_type"},
}
"""Which errors each kind of schema raises, as pydantic documents them."""
HOLDS_OTHERS = {
    "any", "default", "definition-ref", "definitions", "function-after", "function-before",
    "json-or-python", "lax-or-strict", "model-field", "no-info", "nullable", "union",
}  # fmt: skip
"""Kinds of schema that raise nothing themselves, or what our own code says."""


def models() -> Iterator[type[BaseModel]]:
    """Yield the models that services and `shared` define."""
    for path in sorted([*ROOT.glob("services/*/*.py"), *ROOT.glob("shared/**/*.py")]):
        name = path.relative_to(ROOT).with_suffix("")
        if not {"__init__", "__main__", "main", "migrations"} & set(name.parts):
            importlib.import_module(".".join(name.parts))
    waiting = BaseModel.__subclasses__()
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if model.__module__.startswith(("services.", "shared.")):
            yield model


def schema_types(schema: Any) -> Iterator[str]:
    """Yield the type of a core schema and of those within it."""
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str):
            yield schema["type"]
        for key, value in schema.items():
            if key not in {"default", "metadata", "serialization"}:
                yield from schema_types(value)
    elif isinstance(schema, list | tuple):
        for each in schema:
            yield from schema_types(each)


def test_every_error_that_a_model_can_raise_is_known() -> None:
    used = {kind for model in models() for kind in schema_types(model.__pydantic_core_schema__)}
    assert "tagged-union" in used
    assert used - RAISED_BY.keys() - HOLDS_OTHERS == set()
    assert set().union(*(RAISED_BY[kind] for kind in used - HOLDS_OTHERS)) == set(REFUSALS)


class Asked(BaseModel):
    """A request with whatever a person can get wrong."""

    model_config = ConfigDict(extra="forbid")

    mass_g: float = Field(default=1.0, gt=0, le=500)
    pieces: int = Field(default=1, ge=1)
    lot_ids: list[str] = Field(default=["L1"], min_length=1, max_length=2)
    reason: str = Field(default="worn", min_length=1, max_length=8)
    lot_id: str = Field(default="L1", pattern="^[A-Z0-9]+$")
    severity: Literal["minor", "major"] = "minor"
    at: AwareDatetime | None = None


async def refused(*given: tuple[str, Any]) -> list[str]:
    """Return what a service answers to requests, each with one field given."""
    app = FastAPI()
    answer_errors(app)

    @app.post("/asked")
    async def ask(asked: Asked) -> datetime | None:
        return asked.at

    transport = ASGITransport(app=app)
    async with AsyncClient(transport=transport, base_url="http://service") as client:
        answers = [await client.post("/asked", json={field: value}) for field, value in given]
    assert [answer.status_code for answer in answers] == [422] * len(given)
    return [answer.json()["detail"] for answer in answers]


async def test_what_a_person_gets_wrong_is_said_with_field_value_and_limit() -> None:
    said = await refused(
        ("mass_g", 0),
        ("mass_g", 501),
        ("mass_g", "much"),
        ("pieces", 1.5),
        ("lot_ids", []),
        ("lot_ids", ["L1", "L2", "L3"]),
        ("reason", ""),
        ("reason", "worn badly"),
        ("lot_id", "l1"),
        ("severity", "huge"),
        ("at", "2026-13-01T00:00:00Z"),
        ("at", "2026-12-01T00:00:00"),
        ("colour", "red"),
    )
    assert interpreted("de", *said) == [
        "body.mass_g: Wert muss größer als 0 sein (angegeben: 0)",
        "body.mass_g: Wert darf höchstens 500 sein (angegeben: 501)",
        "body.mass_g: keine gültige Zahl (angegeben: much)",
        "body.pieces: keine ganze Zahl, sie hat Nachkommastellen (angegeben: 1.5)",
        "body.lot_ids: Liste braucht mindestens 1 Eintrag, sie hat 0 (angegeben: [])",
        "body.lot_ids: Liste darf höchstens 2 Einträge haben, sie hat 3 "
        "(angegeben: ['L1', 'L2', 'L3'])",
        "body.reason: Text braucht mindestens 1 Zeichen (angegeben: )",
        "body.reason: Text darf höchstens 8 Zeichen haben (angegeben: worn badly)",
        "body.lot_id: Text passt nicht zum Muster „^[A-Z0-9]+$“ (angegeben: l1)",
        "body.severity: erlaubt ist nur: 'minor' oder 'major' (angegeben: huge)",
        "body.at: kein gültiger Zeitpunkt: der Monat muss 1 bis 12 sein "
        "(angegeben: 2026-13-01T00:00:00Z)",
        "body.at: dem Zeitpunkt fehlt die Zeitzone (angegeben: 2026-12-01T00:00:00)",
        "body.colour: Feld ist nicht vorgesehen (angegeben: red)",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_is_said_with_its_values(language: str) -> None:
    known = [PydanticKnownError(kind, values) for kind, values in REFUSALS.items()]
    said = interpreted(language, *(f"body.x: {error.message()} (given: 9)" for error in known))
    assert [error.type for error, one in zip(known, said, strict=True) if one is None] == []
    for error, one in zip(known, said, strict=True):
        assert one is not None and error.message() not in one, error.type
        limits = [
            value for value in (error.context or {}).values() if isinstance(value, int | float)
        ]
        assert all(str(limit) in one for limit in [*limits, "9"]), (error.type, one)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_is_wrong_with_an_instant_is_said(language: str) -> None:
    wrong = ["x", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026/02/03", "20a6-02-03"]
    details = await refused(*(("at", value) for value in wrong))
    reasons = {found for each in details for found in re.findall(r", (.*) \(given", each)}
    assert reasons <= set(INSTANTS)
    said = interpreted(language, *details)
    assert all(one is not None and "nput" not in one for one in said)
