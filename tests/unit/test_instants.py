"""Instants that come from outside."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.instants import Instant

ADAPTER = TypeAdapter(Instant)


@pytest.mark.parametrize("given", [0, 20261128, 1.5e9, True, "0", " 20261128 ", "-1.5", "1e-5"])
def test_a_number_is_no_instant(given: object) -> None:
    with pytest.raises(ValidationError, match="Input should be a valid datetime"):
        ADAPTER.validate_python(given)


@pytest.mark.parametrize("given", ["2026-11-28", "2026-11-28T08:00:00"])
def test_an_instant_without_a_zone_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(given)


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_out_is_read_as_it_stands(at: datetime) -> None:
    assert ADAPTER.validate_python(at.isoformat()) == ADAPTER.validate_python(at) == at


def test_the_contract_says_what_it_said_before() -> None:
    assert ADAPTER.json_schema() == {"type": "string", "format": "date-time"}
