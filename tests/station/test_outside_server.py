"""A plant on a database server that others run: its databases are made there, or asked for."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest

from deploy.databases import OutsideServer
from deploy.postgres import PostgresServer
from shared.errors import PersonNeededError, RetryLaterError
from shared.settings import SERVICES


@pytest.fixture
def template(postgres_server: PostgresServer) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:8]}_{{service}}"
    yield postgres_server.url(name)
    for service in SERVICES:
        postgres_server.drop_database(name.replace("{service}", service))


def test_databases_are_made_once_and_found_the_next_time(template: str) -> None:
    server = OutsideServer(template)

    for _ in range(2):
        server.ensure()

    for service in SERVICES:
        with psycopg.connect(server.url(service).replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_who_may_make_no_database_is_told_which_one_is_missing(
    template: str, postgres_server: PostgresServer
) -> None:
    with psycopg.connect(postgres_server.url("postgres").replace("+psycopg", "")) as owner:
        owner.execute("CREATE ROLE powerless LOGIN PASSWORD 'none'")
        owner.execute("GRANT CONNECT ON DATABASE postgres TO powerless")
    powerless = template.replace("//halite@", "//powerless:none@")

    with pytest.raises(PersonNeededError, match=r"test_.*_execution is missing"):
        OutsideServer(powerless).ensure()

    with psycopg.connect(postgres_server.url("postgres").replace("+psycopg", "")) as owner:
        owner.execute("DROP OWNED BY powerless")
        owner.execute("DROP ROLE powerless")


def test_a_server_that_is_away_is_asked_again_later() -> None:
    with pytest.raises(RetryLaterError, match="no answer"):
        OutsideServer("postgresql+psycopg://halite@127.0.0.1:1/halite_{service}").ensure()
