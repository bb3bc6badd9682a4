"""A plant's master data: one document for all services, read and cut into their sections."""

import hashlib
import json
from typing import Any

import yaml

from shared.errors import InvalidInputError
from shared.nesting import check_nesting
from shared.settings import SERVICES

TAKERS = SERVICES
LARGEST_DOCUMENT = 8 * 1024 * 1024
MOST_VALUES = 500_000
_Loader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def sections(content: bytes) -> dict[str, str]:
    """Return the JSON of each service's section; the document is YAML, of which JSON is a part.

    Raises:
        InvalidInputError: no YAML, no mapping, an unknown top-level key, or far too many values.
    """
    try:
        check_nesting(content)
        document = yaml.load(content, Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"master data: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict) or not document:
        raise InvalidInputError(
            f"master data: top-level keys must be services ({', '.join(TAKERS)})"
        )
    unknown = [str(key) for key in document if key not in TAKERS]
    if unknown:
        raise InvalidInputError(
            f"master data: unknown top-level key {', '.join(unknown)}; services that take master "
            f"data are {', '.join(TAKERS)}"
        )
    _count(document)
    return {name: _written(name, document[name]) for name in TAKERS if name in document}


def key_for(service: str, key: str) -> str:
    """Return the Idempotency-Key of one section, derived from that of the whole document."""
    return hashlib.sha256(f"{key}/{service}".encode()).hexdigest()


def verdict(answers: dict[str, dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    """Return status and body of the answer: 201 all taken, 422 one refused, 503 one not reached."""
    failed = {name: answer for name, answer in answers.items() if not answer["taken"]}
    if not failed:
        return 201, {"services": answers}
    refused = any(answer["code"] != "ServiceUnreachableError" for answer in failed.values())
    code = "InvalidInputError" if refused else "ServiceUnreachableError"
    detail = "; ".join(f"{name}: {answer['detail']}" for name, answer in failed.items())
    return 422 if refused else 503, {"code": code, "detail": detail, "services": answers}


def _written(name: str, section: Any) -> str:
    try:
        return json.dumps(section, default=_text, sort_keys=True, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"master data: {name}: {error}") from error


def _text(value: Any) -> str:
    """Return dates as text; YAML reads them unasked."""
    if not hasattr(value, "isoformat"):
        raise TypeError(f"{value!r} cannot be written as JSON")
    return str(value.isoformat())


def _count(document: Any) -> None:
    """Refuse a small document whose aliases stand for very many values."""
    waiting, counted = [document], 0
    while waiting:
        value = waiting.pop()
        counted += 1
        if counted > MOST_VALUES:
            raise InvalidInputError(f"master data: more than {MOST_VALUES} values")
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
