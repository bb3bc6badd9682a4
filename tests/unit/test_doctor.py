"""`halite doctor`, `status`, `support-bundle` and `completion` at a plant that does not run."""

import json
import shutil
import socket
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deploy.authority import Authority, parts_of
from deploy.cli import halite
from deploy.commands.status import ports_of
from deploy.data_folder import SMALLEST_FREE_BYTES, DataFolder
from deploy.doctor import LOW_DISK_BYTES, WAIT_LIMIT_S, Finding, Machine, look
from deploy.pki import ensure_gateway_keys, ensure_passwords, ensure_pki, valid_until
from deploy.ports import Ports
from deploy.processes import PROJECT_DIR
from deploy.supportbundle import LARGEST_LOG_BYTES, write_bundle
from shared.clock import DRIFT_LIMIT_S
from shared.identity import Identity
from shared.settings import SERVICES, read_plant

PLANT = read_plant(PROJECT_DIR / "deploy" / "plant.toml")
ONE_STATION = PLANT.model_copy(update={"station": PLANT.station[:1], "tester": ()})


def free_first() -> int:
    """Return a first port whose followers are free too, so that nothing answers there."""
    for first in range(20_000, 60_000, 100):
        taken = [port for port in range(first, first + 20) if _answers(port)]
        if not taken:
            return first
    raise OSError("no row of free ports")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A folder with keys, which take seconds to make."""
    folder = DataFolder(tmp_path_factory.mktemp("doctor") / "plant")
    folder.prepare(smallest_free_bytes=0)
    ensure_pki(folder.pki, ONE_STATION)
    ensure_passwords(folder.secrets / "opcua", ONE_STATION)
    ensure_gateway_keys(folder.gateway_keys)
    Authority(folder.tls).ensure(parts_of(ONE_STATION))
    return folder


@pytest.fixture
def data(made_once: DataFolder, tmp_path: Path) -> DataFolder:
    """A copy of it for one test."""
    return DataFolder(shutil.copytree(made_once.path, tmp_path / "plant"))


def test_the_doctor_names_everything_that_is_down_with_a_remedy(data: DataFolder) -> None:
    words = ["doctor", "--data-dir", str(data.path), "--port", str(free_first())]
    shown = CliRunner().invoke(halite, [*words, "--json"])
    assert shown.exit_code == 1
    found = {item["about"]: item for item in json.loads(shown.output)}
    for about in ("database", "broker", *SERVICES):
        assert found[about]["level"] == "trouble" and found[about]["remedy"], about
    assert found["certificates"]["level"] == "ok"
    plain = CliRunner().invoke(halite, words)
    assert plain.exit_code == 1 and "TROUBLE  broker: no answer on port" in plain.output


def test_the_doctor_tells_a_wrong_folder_from_an_empty_disk(tmp_path: Path) -> None:
    words = ["doctor", "--data-dir", str(tmp_path / "none"), "--port", str(free_first())]
    shown = CliRunner().invoke(halite, words)
    assert "data folder" in shown.output and "--data-dir" in shown.output
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "words",
    [
        (["doctor"], "plc: no answer on port {}"),
        (["status"], "plc          ready"),
        (["users", "list"], "http://127.0.0.1:{}"),
    ],
)
def test_a_plant_is_looked_for_where_its_folder_was_started_last(
    data: DataFolder, words: tuple[list[str], str]
) -> None:
    asked, told = words
    first = free_first()
    data.port_file.write_text(str(first))
    port = Ports(first=first).service("plc")

    with answering(data, "plc", port, READY) if asked == ["status"] else nullcontext():
        shown = CliRunner().invoke(halite, [*asked, "--data-dir", str(data.path)])

    place = first if asked[0] == "users" else port
    assert told.format(place) in shown.output + shown.stderr


def test_without_a_start_the_usual_port_is_looked_at(data: DataFolder) -> None:
    assert data.first_port() is None
    data.port_file.write_text("rubbish")
    assert ports_of(data, None) == Ports()
    assert ports_of(data, 9000) == Ports(first=9000)


def test_a_damaged_certificate_is_trouble(data: DataFolder) -> None:
    (data.pki / "plc" / "cert.der").write_bytes(b"rubbish")
    words = ["doctor", "--data-dir", str(data.path), "--port", str(free_first()), "--json"]
    found = json.loads(CliRunner().invoke(halite, words).output)
    [broken] = [item for item in found if item["about"] == "certificates"]
    assert broken["level"] == "trouble" and "damaged" in broken["text"]


WELL = Machine(now=datetime.now(UTC), free_bytes=lambda _: 10 * LOW_DISK_BYTES)
READY: dict[str, Any] = {"ready": True, "oldest_event_age_s": None, "set_aside_count": 0}


def about(found: list[Finding], what: str) -> Finding:
    [one] = [finding for finding in found if finding.about == what]
    return one


@contextmanager
def answering(data: DataFolder, name: str, port: int, said: dict[str, Any]) -> Iterator[None]:
    """Serve what a service says of itself on its port, with its certificate."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing on the screen."""

    server = HTTPServer(("127.0.0.1", port), Answer)
    context = Identity(data.tls / name).as_server()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("free_bytes", "level"),
    [
        (SMALLEST_FREE_BYTES - 1, "trouble"),
        (SMALLEST_FREE_BYTES, "warning"),
        (LOW_DISK_BYTES - 1, "warning"),
        (LOW_DISK_BYTES, "ok"),
    ],
)
def test_a_disk_is_judged_by_the_room_it_has(data: DataFolder, free_bytes: int, level: str) -> None:
    machine = Machine(now=WELL.now, free_bytes=lambda _: free_bytes)
    found = about(look(data, Ports(first=free_first()), machine), "disk")
    assert (found.level, bool(found.remedy)) == (level, level != "ok")


def test_a_clock_of_last_century_is_trouble(data: DataFolder) -> None:
    machine = Machine(now=datetime(1999, 12, 31, tzinfo=UTC), free_bytes=WELL.free_bytes)
    found = about(look(data, Ports(first=free_first()), machine), "clock")
    assert (found.level, "1999-12-31" in found.text) == ("trouble", True)


@pytest.mark.parametrize(("days_left", "level"), [(29, "warning"), (-1, "trouble")])
def test_a_certificate_that_ends_is_named_with_the_command_that_renews_it(
    data: DataFolder, days_left: int, level: str
) -> None:
    name, until = min(valid_until(data.pki).items(), key=lambda item: item[1])
    machine = Machine(now=until - timedelta(days=days_left), free_bytes=WELL.free_bytes)
    found = about(look(data, Ports(first=free_first()), machine), f"certificate {name}")
    assert (found.level, found.remedy) == (level, f"halite certs renew {name}")
    assert "certificates" not in {finding.about for finding in look(data, Ports(), machine)}


def test_another_program_on_the_port_of_the_broker_is_told(data: DataFolder) -> None:
    ports = Ports(first=free_first())
    with socket.create_server(("127.0.0.1", ports.mqtt)):
        found = about(look(data, ports, WELL), "broker")
    assert (found.level, "another program listens" in found.text) == ("trouble", True)


def test_a_database_folder_without_a_server_is_trouble(data: DataFolder) -> None:
    data.postgres.mkdir()
    found = about(look(data, Ports(first=free_first()), WELL), "database")
    assert (found.level, "postgres.log" in found.remedy) == ("trouble", True)


@pytest.mark.parametrize(
    ("said", "level", "text"),
    [
        ({}, "ok", "ready"),
        ({"ready": False, "detail": "broker: not connected"}, "trouble", "broker: not connected"),
        ({"oldest_event_age_s": WAIT_LIMIT_S + 1}, "warning", "its oldest event waits for 31 s"),
        ({"oldest_event_age_s": WAIT_LIMIT_S}, "ok", "ready"),
        ({"set_aside_count": 2}, "warning", "2 events are set aside"),
        ({"clock_drift_s": -1 - DRIFT_LIMIT_S}, "warning", "the wall clock was set by -"),
        ({"clock_drift_s": DRIFT_LIMIT_S}, "ok", "ready"),
    ],
)
def test_what_a_service_says_of_itself_is_judged(
    data: DataFolder, said: dict[str, Any], level: str, text: str
) -> None:
    ports = Ports(first=free_first())
    with answering(data, "quality", ports.service("quality"), READY | said):
        found = about(look(data, ports, WELL), "quality")
    assert (found.level, bool(found.remedy)) == (level, level != "ok")
    assert found.text.startswith(text) or text in found.text


def test_who_answers_with_another_authority_is_not_believed(
    data: DataFolder, tmp_path: Path
) -> None:
    other = DataFolder(tmp_path / "other")
    Authority(other.tls).ensure(parts_of(ONE_STATION))
    ports = Ports(first=free_first())
    with answering(other, "quality", ports.service("quality"), READY):
        found = about(look(data, ports, WELL), "quality")
    assert found.level == "trouble" and "certificate verify failed" in found.text


def test_the_status_of_a_plant_that_is_down_ends_with_1(data: DataFolder) -> None:
    words = ["status", "--port", str(free_first()), "--data-dir", str(data.path)]
    shown = CliRunner().invoke(halite, words)
    assert shown.exit_code == 1 and shown.output.count("no answer") == len(SERVICES)
    as_json = json.loads(CliRunner().invoke(halite, [*words, "--json"]).output)
    assert list(as_json) == list(SERVICES)
    assert all(list(said) == ["error"] for said in as_json.values())


def test_the_status_of_a_plant_without_certificates_says_so(tmp_path: Path) -> None:
    shown = CliRunner().invoke(halite, ["status", "--data-dir", str(tmp_path)])
    assert shown.exit_code == 1 and "ca.pem, cert.pem, key.pem" in shown.output


# As services and the OpenID provider sign them.
TOKEN = b"eyJhbGciOiJFZDI1NTE5In0.eyJpc3MiOiJnYXRld2F5In0." + b"s" * 86


def test_a_support_bundle_has_no_secret_of_the_plant(data: DataFolder, tmp_path: Path) -> None:
    secrets = [path.read_bytes().strip() for path in data.secrets.rglob("*") if path.is_file()]
    keys = [path.read_bytes() for path in data.pki.glob("*/key.pem")]
    assert len(secrets) >= 4 and keys
    leaks = b"\n".join([b"starting", *secrets, *keys, b"postgresql://halite:s3cret-pw@db/x", b""])
    (data.logs / "gateway.log").write_bytes(leaks + b"hk_" + b"k" * 43 + b"\n" + TOKEN + b"\nend")
    long = b"x" * LARGEST_LOG_BYTES + secrets[0] + b"\nlast line"
    (data.logs / "plc.log").write_bytes(secrets[0] * 10 + b"\n" + long)
    to = tmp_path / "bundle.tar.gz"
    names = write_bundle(data, Ports(first=free_first()), to)
    assert {"about.json", "doctor.json", "readyz.json", "files.txt"} <= set(names)
    with tarfile.open(to) as archive:
        contents = {item.name: archive.extractfile(item).read() for item in archive}  # type: ignore[union-attr]
    everything = b"\n".join(contents.values())
    for secret in (*secrets, b"s3cret-pw", b"k" * 43, TOKEN.rpartition(b".")[2]):
        assert secret not in everything
    for key in keys:
        assert not any(line in everything for line in key.splitlines()[1:-1])
    log = contents["halite-support/log/gateway.log"]
    assert log.startswith(b"starting") and log.endswith(b"end")
    assert contents["halite-support/log/plc.log"].endswith(b"last line")
    assert not any("key.pem" in name or "secrets" in name for name in contents)
    again = CliRunner().invoke(
        halite, ["support-bundle", "--to", str(to), "--data-dir", str(data.path)]
    )
    assert again.exit_code == 1  # an archive that is there is not overwritten


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete(shell: str) -> None:
    shown = CliRunner().invoke(halite, ["completion", shell])
    assert shown.exit_code == 0 and "_HALITE_COMPLETE" in shown.output
