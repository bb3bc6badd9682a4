"""Which failures of the database a repeat may overcome, and who is woken by commits."""

import asyncio

import pytest
from psycopg.errors import ConnectionTimeout
from sqlalchemy.exc import DBAPIError

from shared.db import Signal, is_passing


class RefusedError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "passing"),
    [
        ("08006", True),  # connection failure
        ("40001", True),  # serialisation failure
        ("53100", True),  # disk full
        ("57P03", True),  # starting up
        ("58030", True),  # input or output error of the disk
        ("23505", False),  # unique violation
        ("42P01", False),  # no such table
    ],
)
def test_only_what_may_pass_by_itself_is_tried_again(sqlstate: str, passing: bool) -> None:
    assert is_passing(DBAPIError("SELECT 1", None, RefusedError(sqlstate))) is passing


def test_a_server_that_cannot_be_reached_in_time_is_tried_again() -> None:
    assert is_passing(DBAPIError("SELECT 1", None, ConnectionTimeout("timeout expired")))


async def test_a_commit_between_look_and_wait_is_not_missed() -> None:
    committed = Signal()
    seen = committed.count
    committed.set()
    async with asyncio.timeout(30):
        await committed.wait(60, since=seen)
