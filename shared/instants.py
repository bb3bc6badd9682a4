"""Instants that people and other systems give: written out with their zone, never as a number.

Pydantic reads a number as seconds since 1970, so that 20261128, meant as a day, would be in August
of that year.
"""

from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticKnownError


def _written_out(value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and _is_number(value)):
        raise PydanticKnownError("datetime_type")
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


Instant = Annotated[AwareDatetime, BeforeValidator(_written_out)]
