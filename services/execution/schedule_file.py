"""Reads work schedules (YAML, JSON, CSV) and says line and field of a fault."""

import csv
import io
from collections.abc import Sequence
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from services.execution.domain import WorkSchedule
from shared.errors import InvalidInputError
from shared.nesting import check_nesting

Model = TypeVar("Model", bound=BaseModel)
CSV_COLUMNS = (
    "work_schedule_id",
    "work_request_id",
    "product_id",
    "quantity",
    "witness_quantity",
    "life_quantity",
    "priority",
    "due_at",
    "order_number",
)
CSV_REQUIRED = ("work_schedule_id", "work_request_id", "product_id", "quantity", "due_at")


def read_schedule(content: bytes, content_type: str) -> WorkSchedule:
    """Read a work schedule; `content_type` says csv, json or yaml.

    Raises:
        InvalidInputError: not readable or not a schedule; names line, field, value and rule.
    """
    text = _decoded(content)
    if "csv" in content_type:
        return _from_csv(text)
    return read_document(text, WorkSchedule)


def read_document(text: str, model: type[Model]) -> Model:
    """Read YAML, of which JSON is a part, into a model.

    Raises:
        InvalidInputError: with the line and field of the first fault.
    """
    try:
        check_nesting(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidInputError(f"line {line}: not YAML or JSON: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"not YAML or JSON: {error}") from error
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        line = _line_of(node, first["loc"])
        raise InvalidInputError(_fault(line, first["loc"], first)) from error


def _from_csv(text: str) -> WorkSchedule:
    reader = csv.DictReader(io.StringIO(text))
    try:
        columns = reader.fieldnames or []
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise InvalidInputError(f"line {reader.line_num + 1}: not CSV: {error}") from error
    for name in CSV_REQUIRED:
        if name not in columns:
            raise InvalidInputError(f"line 1: column {name} is missing")
    for name in columns:
        if name not in CSV_COLUMNS:
            raise InvalidInputError(
                f"line 1: unknown column {name}; known are {', '.join(CSV_COLUMNS)}"
            )
        if columns.count(name) > 1:
            raise InvalidInputError(
                f"line 1: column {name} stands there {columns.count(name)} times"
            )
    if not rows:
        raise InvalidInputError("line 2: no work request below the header")
    schedule_ids = {row["work_schedule_id"] or "" for _, row in rows}  # a short line has none
    if len(schedule_ids) > 1:
        raise InvalidInputError(f"work_schedule_id differs between lines: {sorted(schedule_ids)}")
    requests = [
        {key: value for key, value in row.items() if key != "work_schedule_id" and value}
        for _, row in rows
    ]
    value = {"work_schedule_id": schedule_ids.pop(), "work_requests": requests}
    try:
        return WorkSchedule.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = first["loc"]
        in_row = len(where) > 1 and where[0] == "work_requests" and isinstance(where[1], int)
        line = rows[int(where[1])][0] if in_row else rows[0][0]
        raise InvalidInputError(_fault(line, where, first)) from error


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"byte {error.start} is not UTF-8") from error


def _fault(line: int, where: Sequence[str | int], error: Any) -> str:
    field = ".".join(str(part) for part in where) or "document"
    said = error["msg"].removeprefix("Value error, ")
    return f"line {line}, field {field}: {said} (given: {str(error['input'])[:80]})"


def _line_of(node: yaml.Node | None, where: Sequence[str | int]) -> int:
    """Return the line of the deepest node on a path that exists."""
    line = 1
    for part in where:
        if node is None:
            break
        line = node.start_mark.line + 1
        following: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    following, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            following = node.value[part] if part < len(node.value) else None
            line = following.start_mark.line + 1 if following else line
        node = following
    return line
