"""Worse and worse files for each parser of foreign bytes; the same ones each time."""

import pytest

from tests.fuzz.parsers import PARSERS, blindly

COUNT, SEED = 150, 20261128


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PARSERS)
def test_no_bytes_leave_a_parser_with_an_error_that_it_does_not_document(name: str) -> None:
    assert blindly(PARSERS[name], COUNT, SEED) == {}
