"""The floor of the plant: the real database and the real broker, started, stopped and killed."""

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.broker import Broker
from deploy.postgres import PostgresServer
from deploy.processes import wait_until
from shared.errors import PersonNeededError


def _query(server: PostgresServer, database: str, text: str) -> str:
    url = server.url(database).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(text.encode()).fetchone()
        return "" if row is None else str(row[0])


@pytest.fixture(scope="module")
def durable_server() -> Iterator[PostgresServer]:
    with tempfile.TemporaryDirectory(prefix="halite-") as folder:
        server = PostgresServer(Path(folder) / "postgres", Path(folder) / "log")
        server.start()
        server.ensure_database("halite_trace")
        yield server
        server.child.kill()


def test_database_runs_version_18_with_safe_settings(durable_server: PostgresServer) -> None:
    for setting, value in (
        ("server_version_num", "18"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("shared_buffers", "64MB"),
        ("max_connections", "220"),
        ("listen_addresses", ""),
        ("data_checksums", "on"),
    ):
        assert _query(durable_server, "postgres", f"SHOW {setting}").startswith(value)


def test_database_of_a_service_is_made_once(durable_server: PostgresServer) -> None:
    durable_server.ensure_database("halite_trace")
    assert _query(durable_server, "halite_trace", "SELECT current_database()") == "halite_trace"


def test_killed_database_comes_back_with_what_was_committed(
    durable_server: PostgresServer,
) -> None:
    url = durable_server.url("halite_trace").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE seal (number integer)")
        connection.execute("INSERT INTO seal VALUES (41)")
    process = durable_server.child.pid
    assert process is not None
    os.kill(process, signal.SIGKILL)
    durable_server.start()
    assert durable_server.child.pid != process
    assert _query(durable_server, "halite_trace", "SELECT number FROM seal") == "41"


def test_stopped_database_starts_without_recovery(durable_server: PostgresServer) -> None:
    durable_server.stop()
    assert durable_server.child.exit_code == 0
    durable_server.start()
    since_start = "\n".join(durable_server.child.last_lines(8))
    assert "was shut down at" in since_start


def test_database_folder_of_another_version_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "PG_VERSION").write_text("16\n")
    with pytest.raises(PersonNeededError, match=r"made by PostgreSQL 16, this plant needs 18"):
        PostgresServer(folder, tmp_path).prepare()


def test_foreign_folder_in_place_of_the_database_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "diary.txt").write_text("mine")
    with pytest.raises(PersonNeededError, match=r"made by PostgreSQL unknown"):
        PostgresServer(folder, tmp_path).prepare()


def test_fresh_databases_are_apart(postgres_server: PostgresServer, fresh_database: str) -> None:
    with psycopg.connect(fresh_database.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE mine (number integer)")
        rows = connection.execute("SELECT count(*) FROM mine").fetchone()
    assert rows == (0,)
    assert _query(postgres_server, "postgres", "SELECT to_regclass('mine')") == "None"


def test_broker_answers_on_loopback_only(broker: Broker) -> None:
    assert broker.is_ready()
    with socket.socket() as elsewhere:
        elsewhere.bind(("127.0.0.2", broker.port))


def test_killed_broker_starts_again_on_the_same_port(own_broker: Broker) -> None:
    own_broker.child.kill()
    assert not own_broker.is_ready()
    own_broker.start()
    assert own_broker.is_ready()


def test_stopped_broker_keeps_a_retained_message(own_broker: Broker) -> None:
    connect = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x0a\x00\x01a"
    publish = b"\x33\x06\x00\x01t\x00\x01x"  # QoS 1, retain, topic t, packet 1, payload x
    with socket.create_connection(("127.0.0.1", own_broker.port), timeout=60) as client:
        client.sendall(connect)
        assert client.recv(4) == b"\x20\x02\x00\x00"
        client.sendall(publish)
        assert client.recv(4) == b"\x40\x02\x00\x01"
    own_broker.stop()
    own_broker.start()
    with socket.create_connection(("127.0.0.1", own_broker.port), timeout=60) as client:
        client.sendall(connect)
        assert client.recv(4) == b"\x20\x02\x00\x00"
        client.sendall(b"\x82\x06\x00\x02\x00\x01t\x00")  # subscribe to t
        received: list[bytes] = []

        def has_message() -> bool:
            received.append(client.recv(64))
            return b"tx" in b"".join(received)

        assert wait_until(has_message, 60.0)
