"""What pydantic and FastAPI say of input that they refuse, which screens show with its field.

Their sentences are no strings of our code; pydantic tells them by the type of an error.
"""

from collections.abc import Iterator
from typing import Any

from pydantic_core import PydanticKnownError
from pydantic_core.core_schema import ErrorType

REFUSALS: dict[ErrorType, dict[str, Any] | None] = {
    "bool_parsing": None,
    "bool_type": None,
    "date_from_datetime_inexact": None,
    "date_from_datetime_parsing": {"error": "input is too short"},
    "date_parsing": {"error": "input is too short"},
    "date_type": None,
    "datetime_from_date_parsing": {"error": "day value is outside expected range"},
    "datetime_object_invalid": {"error": "no offset"},
    "datetime_parsing": {"error": "year 0 is out of range"},
    "datetime_type": None,
    "dict_type": None,
    "extra_forbidden": None,
    "finite_number": None,
    "float_parsing": None,
    "float_type": None,
    "greater_than": {"gt": 7.5},
    "greater_than_equal": {"ge": 7.5},
    "int_from_float": None,
    "int_parsing": None,
    "int_parsing_size": None,
    "int_type": None,
    "invalid_key": None,
    "is_instance_of": {"class": "Sequence"},
    "less_than": {"lt": 7.5},
    "less_than_equal": {"le": 7.5},
    "list_type": None,
    "literal_error": {"expected": "'minor' or 'major'"},
    "missing": None,
    "model_attributes_type": None,
    "string_pattern_mismatch": {"pattern": "^[a-z]+$"},
    "string_too_long": {"max_length": 40},
    "string_too_short": {"min_length": 3},
    "string_type": None,
    "time_parsing": {"error": "input is too short"},
    "time_type": None,
    "timezone_aware": None,
    "too_long": {"field_type": "List", "max_length": 40, "actual_length": 41},
    "too_short": {"field_type": "List", "min_length": 3, "actual_length": 2},
    "tuple_type": None,
    "union_tag_invalid": {
        "discriminator": "'kind'",
        "tag": "walk",
        "expected_tags": "'rest', 'hold'",
    },
    "union_tag_not_found": {"discriminator": "'kind'"},
    "uuid_parsing": {"error": "invalid character"},
    "uuid_type": None,
}
"""The types of errors that models of the services raise, each with an example of its values."""

INSTANTS = (
    "dates after 9999 are not supported as unix timestamps",
    "day value is outside expected range",
    "hour value is outside expected range of 0-23",
    "input is too short",
    "invalid character in day",
    "invalid character in hour",
    "invalid character in minute",
    "invalid character in month",
    "invalid character in second",
    "invalid character in year",
    "invalid date separator, expected `-`",
    "minute value is outside expected range of 0-59",
    "month value is outside expected range of 1-12",
    "second value is outside expected range of 0-59",
    "unexpected extra characters at the end of the input",
    "year 0 is out of range",
)
"""What is said to be wrong with a date or an instant; pydantic's parser has no list of it."""
CONTAINERS = ("Dictionary", "List", "Tuple")
ONE_OF_SEVERAL = "Input should be {expected} or {last}"
OF_FASTAPI = ("JSON decode error",)


def templates() -> Iterator[str]:
    """Yield each sentence; where it counts, the one of a single thing and the one of several."""
    for kind, values in REFUSALS.items():
        template = PydanticKnownError(kind, values).message_template
        if "{expected_plural}" in template:
            limit = "min_length" if "{min_length}" in template else "max_length"
            yield template.replace("{expected_plural}", "").replace(f"{{{limit}}}", "1")
        yield template.replace("{expected_plural}", "s")
    yield from (ONE_OF_SEVERAL, *INSTANTS, *CONTAINERS, *OF_FASTAPI)
