"""How the plant on one machine is laid out, and what it says when it cannot start."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest
from click.testing import CliRunner
from cryptography import x509

from deploy import example_data, plant_time
from deploy.broker import configuration
from deploy.cli import halite
from deploy.data_folder import DataFolder
from deploy.debian import needed_libraries
from deploy.local import chosen_plant_file
from deploy.nodesets import unpack
from deploy.pki import ensure_gateway_keys, ensure_passwords, ensure_pki, renew, valid_until
from deploy.plant import (
    PlantFiles,
    check_pace,
    real_machines,
    service_specs,
    simulator_specs,
    station_groups,
)
from deploy.ports import Ports, check_free, shifted_plant_file
from deploy.processes import PROJECT_DIR, Child, ChildSpec, run_tool, wait_until
from deploy.screen import ready_screen
from deploy.supervisor import Supervisor, deaths_in_a_row
from deploy.web import digest
from shared.clock import load_clock, read_clock
from shared.errors import ConflictError, InvalidInputError, NotFoundError, PersonNeededError
from shared.settings import SERVICES, PlantSettings, read_plant
from shared.trust import MOST_QUARANTINED, TrustList

PLANT_FILE = PROJECT_DIR / "deploy" / "plant.toml"


@pytest.fixture
def plant() -> PlantSettings:
    return read_plant(PLANT_FILE)


@pytest.fixture
def files(tmp_path: Path) -> PlantFiles:
    return PlantFiles(
        data=DataFolder(tmp_path),
        plant_file=PLANT_FILE,
        clock_file=tmp_path / "clock.json",
        nodesets=tmp_path,
    )


def _start_plant(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "deploy.local", *options),
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# Ports ------------------------------------------------------------------------------------------


def test_all_ports_follow_from_the_first() -> None:
    ports = Ports(first=9000)
    assert ports.service("gateway") == 9000
    assert [ports.service(name) for name in SERVICES[:-1]] == list(range(9001, 9010))
    assert (ports.mqtt, ports.opcua, ports.control(0)) == (9010, 9011, 9050)
    assert (ports.inside("plc"), ports.inside("gateway")) == (ports.service("plc"), 9012)


def test_no_port_is_given_twice(plant: PlantSettings) -> None:
    used = Ports().all_used(plant, simulated=True)
    expected = len(SERVICES) + 3 + len(plant.station) + len(plant.tester) + 3
    assert len(used) == expected


def test_only_loopback_endpoints_move_with_the_port(tmp_path: Path) -> None:
    real = PLANT_FILE.read_text().replace("127.0.0.1:8105", "furnace-1.plant:4840")
    shifted = tmp_path / "plant.toml"
    shifted.write_text(shifted_plant_file(real, 920))
    plant = read_plant(shifted)
    endpoints = {station.name: station.endpoint for station in plant.station}
    assert endpoints["mill-1"] == "opc.tcp://127.0.0.1:9021"
    assert endpoints["furnace-1"] == "opc.tcp://furnace-1.plant:4840"
    assert plant.tester[0].endpoint == "tcp://127.0.0.1:9036"


def test_a_named_plant_file_stays_the_plant_s_own_until_another_is_named(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    data.path.mkdir()
    assert chosen_plant_file(None, data) == PLANT_FILE
    named = tmp_path / "ours.toml"
    named.write_text(PLANT_FILE.read_text().replace("Pilot line", "Line 7"))
    assert read_plant(chosen_plant_file(named, data)).line == "Line 7"
    named.write_text('site = "pilot"')
    with pytest.raises(InvalidInputError, match=r"ours\.toml: .*Field required"):
        chosen_plant_file(named, data)
    named.unlink()
    assert read_plant(chosen_plant_file(None, data)).line == "Line 7"


def test_a_taken_port_is_named_with_who_needs_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PersonNeededError, match=rf"Port {port}, which the broker needs, is in"):
            check_free({port: "the broker"})


# Processes of the plant -------------------------------------------------------------------------


def test_simulated_stations_share_two_processes(plant: PlantSettings) -> None:
    assert list(station_groups(plant).values()) == [
        [
            "mill-1",
            "mill-2",
            "dryer-1",
            "press-1",
            "furnace-1",
            "furnace-2",
            "furnace-3",
            "gauge-1",
        ],
        [
            "eap-1",
            "eap-2",
            "laminator-1",
            "sealer-1",
            "rack-1",
            "analyser-1",
            "dryroom-1",
            "glovebox-1",
            "powderroom-1",
        ],
    ]


def test_a_real_station_gets_no_simulator(tmp_path: Path, files: PlantFiles) -> None:
    text = PLANT_FILE.read_text()
    for port in (*range(8101, 8109), 8110, 8116):
        text = text.replace(f"127.0.0.1:{port}", f"10.0.0.9:{port}")
    changed = tmp_path / "plant.toml"
    changed.write_text(text)
    specs = simulator_specs(files, Ports(), read_plant(changed))
    assert [spec.name for spec in specs] == ["simulator-dry"]
    assert "eap-1," in " ".join(specs[0].command)
    assert "eap-2" not in " ".join(specs[0].command)


def test_a_share_that_the_person_names_is_given_to_formation(
    files: PlantFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HALITE_SHARE_DIR", "/srv/bts")

    specs = service_specs(files, Ports(), dict.fromkeys(SERVICES, "postgresql+psycopg:///"), "mqtt")

    given = {spec.name: spec.environment for spec in specs}["formation"]
    assert given["HALITE_SHARE_DIR"] == "/srv/bts"


@pytest.mark.parametrize(
    ("share", "there"),
    [
        (None, "/srv/bts/backup/JO-1"),
        ("Z:\\halite", "Z:\\halite\\backup\\JO-1"),
        ("\\\\mes\\bts", "\\\\mes\\bts\\backup\\JO-1"),
        ("/mnt/bts", "/mnt/bts/backup/JO-1"),
    ],
)
def test_a_tester_is_told_the_share_as_its_own_machine_names_it(
    plant: PlantSettings, share: str | None, there: str
) -> None:
    tester = plant.tester[0].model_copy(update={"share": share})

    assert str(tester.share_there(Path("/srv/bts")) / "backup" / "JO-1") == there


def test_no_plant_with_a_real_machine_is_hurried(tmp_path: Path) -> None:
    changed = tmp_path / "plant.toml"
    changed.write_text(PLANT_FILE.read_text().replace("127.0.0.1:8110", "10.0.0.9:4840"))
    tester = 'endpoint = "tcp://127.0.0.1:'
    away = tmp_path / "tester.toml"
    away.write_text(PLANT_FILE.read_text().replace(tester, 'endpoint = "tcp://bts.plant:'))

    done = _start_plant("--plant", str(changed), "--data-dir", str(tmp_path / "plant"))

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "is a real machine, whose hours are the wall's: the speed is 1500" in done.stderr
    [equipment_id] = real_machines(read_plant(away))
    assert equipment_id.endswith("/tester-1")
    with pytest.raises(InvalidInputError, match=r"tester-1 at tcp://bts\.plant:.* must be 1"):
        check_pace(real_machines(read_plant(away)), 60.0)
    check_pace(real_machines(read_plant(away)), 1.0)
    check_pace(real_machines(read_plant(PLANT_FILE)), 1500.0)
    with pytest.raises(InvalidInputError, match="must be 1"):
        check_pace(real_machines(read_plant(PLANT_FILE), simulators=False), 1500.0)


def test_a_service_is_told_all_it_needs_by_its_environment(
    files: PlantFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HALITE_HOST", "0.0.0.0")
    monkeypatch.setenv("HALITE_WAIT_LIMIT_S", "30")
    monkeypatch.setenv("HALITE_OTLP_URL", "http://collector:4318/v1/traces")
    databases = {name: f"postgresql+psycopg://halite@/{name}" for name in SERVICES}
    specs = service_specs(files, Ports(), databases, "mqtt://127.0.0.1:8090")
    by_name = {spec.name: spec.environment for spec in specs}
    assert by_name["plc"]["HALITE_OPCUA_PORT"] == "8091"
    assert by_name["formation"]["HALITE_SHARE_DIR"] == str(files.data.share)
    assert json.loads(by_name["trace"]["HALITE_SERVICE_URLS"]) == Ports().service_urls()
    assert by_name["trace"]["HALITE_HOST"] == "127.0.0.1"
    assert by_name["gateway"]["HALITE_WAIT_LIMIT_S"] == "30"
    assert {told["HALITE_OTLP_URL"] for told in by_name.values()} == {
        "http://collector:4318/v1/traces"
    }


def test_the_screen_says_where_everything_is_and_how_to_stop_it(tmp_path: Path) -> None:
    screen = ready_screen(Ports(first=9000), DataFolder(tmp_path), 1800.0, 12.3)
    for part in ("http://127.0.0.1:9000", "after 12 s", str(tmp_path), "1800 x", "Ctrl-C"):
        assert part in screen


def test_the_first_password_is_made_once_with_the_setup_key_and_shown_while_it_is_there(
    tmp_path: Path,
) -> None:
    data = DataFolder(tmp_path)
    ensure_gateway_keys(data.gateway_keys)
    first, key = data.gateway_keys / "first-password", data.gateway_keys / "setup-key"
    assert stat.S_IMODE(key.stat().st_mode) == stat.S_IMODE(first.stat().st_mode) == 0o600
    assert len(key.read_text()) == 43 and len(first.read_text()) == 16
    assert str(first) in ready_screen(Ports(), data, 1.0, 1.0)
    kept = key.read_text()
    first.unlink()  # as the gateway does when another password was chosen
    ensure_gateway_keys(data.gateway_keys)
    assert key.read_text() == kept and not first.exists()
    assert "first sign-in" not in ready_screen(Ports(), data, 1.0, 1.0)


def test_the_broker_listens_on_loopback_and_drops_no_queued_message() -> None:
    lines = configuration(Path("/data/broker"), 8090).splitlines()
    for line in (
        "listener 8090 127.0.0.1",
        "set_tcp_nodelay true",
        "max_queued_messages 10000000",
        "max_queued_bytes 1073741824",
        "persistence true",
        "persistence_location /data/broker/",
    ):
        assert line in lines


# Plant time -------------------------------------------------------------------------------------

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


def test_the_first_run_begins_at_wall_time(tmp_path: Path) -> None:
    run = plant_time.next_run(tmp_path, 60.0, START.timestamp())
    run.begin()
    clock = read_clock(run.clock_file)
    assert (clock.plant_start, clock.speed) == (START, 60.0)


def test_plant_time_stands_still_while_the_plant_is_stopped(tmp_path: Path) -> None:
    first = plant_time.next_run(tmp_path, 60.0, datetime.now(UTC).timestamp())
    first.begin()
    first.end()
    stopped_at = load_clock(tmp_path / "clock.latest.json").plant_start
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).timestamp()
    plant_time.next_run(tmp_path, 10.0, tomorrow).begin()
    again = read_clock(tmp_path / "clock.json")
    assert (again.plant_start, again.speed) == (stopped_at, 10.0)
    assert again.at(tomorrow) == stopped_at


def test_real_time_goes_on_while_the_plant_is_stopped(tmp_path: Path) -> None:
    first = plant_time.next_run(tmp_path, 1.0, START.timestamp())
    first.begin()
    first.end()
    tomorrow = START + timedelta(days=1)
    plant_time.next_run(tmp_path, 1.0, tomorrow.timestamp()).begin()
    assert load_clock(tmp_path / "clock.json").plant_start == tomorrow
    plant_time.next_run(tmp_path, 1.0, START.timestamp()).begin()  # the wall clock was set back
    assert load_clock(tmp_path / "clock.json").plant_start > tomorrow


def test_plant_time_does_not_go_back_after_a_crash(tmp_path: Path) -> None:
    run = plant_time.next_run(tmp_path, 1800.0, datetime.now(UTC).timestamp())
    run.begin()
    reached = read_clock(run.clock_file).now()
    after_crash = plant_time.next_run(tmp_path, 1800.0, datetime.now(UTC).timestamp())
    after_crash.begin()
    assert read_clock(after_crash.clock_file).plant_start > reached


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"plant_start": "x"}'])
def test_a_damaged_clock_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "clock.latest.json").write_text(content)
    with pytest.raises(InvalidInputError, match=r"clock file .* is damaged"):
        plant_time.next_run(tmp_path, 1.0, 0.0)


# Certificates and passwords ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def pki_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    ensure_pki(folder, read_plant(PLANT_FILE))
    return folder


def test_a_station_trusts_only_the_service_that_drives_it(pki_dir: Path) -> None:
    for station, service in (("furnace-1", "sintering"), ("dryroom-1", "historian")):
        trusted = list((pki_dir / station / "trusted").iterdir())
        assert [path.name for path in trusted] == [f"{service}.der"]
        assert trusted[0].read_bytes() == (pki_dir / service / "cert.der").read_bytes()


def test_a_service_trusts_its_stations(pki_dir: Path) -> None:
    names = {path.name for path in (pki_dir / "lamination" / "trusted").iterdir()}
    assert names == {"laminator-1.der", "sealer-1.der"}
    assert [path.name for path in (pki_dir / "plc" / "trusted").iterdir()] == [
        "plc-demo-client.der"
    ]


def test_a_certificate_names_its_application(pki_dir: Path) -> None:
    content = (pki_dir / "eap-1" / "cert.der").read_bytes()
    names = x509.load_der_x509_certificate(content).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.UniformResourceIdentifier) == [
        "urn:halite:station:eap-1"
    ]
    assert names.value.get_values_for_type(x509.DNSName) == ["localhost"]


def test_a_private_key_is_readable_by_its_owner_alone(pki_dir: Path) -> None:
    assert stat.S_IMODE((pki_dir / "gateway" / "key.pem").stat().st_mode) == 0o600


def test_certificates_are_made_once(pki_dir: Path, plant: PlantSettings) -> None:
    before = {path: path.read_bytes() for path in pki_dir.glob("*/cert.der")}
    ensure_pki(pki_dir, plant)
    assert {path: path.read_bytes() for path in pki_dir.glob("*/cert.der")} == before


def test_a_renewed_certificate_keeps_its_key_and_reaches_all_who_trust_it(
    pki_dir: Path, plant: PlantSettings
) -> None:
    before = (pki_dir / "lamination" / "cert.der").read_bytes()
    key = (pki_dir / "lamination" / "key.pem").read_bytes()
    ends = renew(pki_dir, plant, ["lamination"])
    after = (pki_dir / "lamination" / "cert.der").read_bytes()
    assert after != before
    assert (pki_dir / "lamination" / "key.pem").read_bytes() == key
    for station in ("laminator-1", "sealer-1"):
        assert (pki_dir / station / "trusted" / "lamination.der").read_bytes() == after
    assert ends == {"lamination": valid_until(pki_dir)["lamination"]}
    with pytest.raises(NotFoundError, match="no-such"):
        renew(pki_dir, plant, ["no-such"])


def test_a_certificate_is_accepted_and_rejected_on_the_command_line(
    pki_dir: Path, tmp_path: Path
) -> None:
    trust = TrustList(tmp_path / "pki" / "plc")
    trust.prepare()
    certificate = (pki_dir / "gateway" / "cert.der").read_bytes()
    fingerprint = trust.quarantine(certificate)
    assert fingerprint is not None
    assert trust.quarantine(certificate) is None
    words = ["--data-dir", str(tmp_path)]
    run = partial(CliRunner().invoke, halite, catch_exceptions=False)
    assert f"quarantined {fingerprint[:16]}" in run(["trust", "list", *words]).output
    for _ in range(2):
        accepted = run(["trust", "accept", fingerprint[:12], "--as", "plc-7", *words])
        assert f"trusted     {fingerprint[:16]} plc-7" in accepted.output
    assert trust.belongs_to(certificate, "plc-7")
    assert not trust.belongs_to(certificate, "plc-8")
    assert run(["trust", "accept", fingerprint, "--as", "../x", *words]).exit_code == 1
    assert run(["trust", "reject", fingerprint, *words]).exit_code == 0
    assert run(["trust", "list", *words]).output == ""


def test_strangers_cannot_fill_the_quarantine(tmp_path: Path) -> None:
    trust = TrustList(tmp_path)
    trust.prepare()
    for number in range(MOST_QUARANTINED + 5):
        assert trust.quarantine(b"%d" % number) is not None
    assert len(list(trust.quarantined.iterdir())) == MOST_QUARANTINED


def test_a_real_machine_is_not_represented_by_the_simulators_key(
    pki_dir: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "plant.toml"
    changed.write_text(PLANT_FILE.read_text().replace("127.0.0.1:8104", "10.0.0.9:4840"))
    ensure_pki(pki_dir, read_plant(changed))
    assert not (pki_dir / "sintering" / "trusted" / "press-1.der").exists()
    ensure_pki(pki_dir, read_plant(PLANT_FILE))


def test_passwords_differ_and_are_kept(tmp_path: Path, plant: PlantSettings) -> None:
    ensure_passwords(tmp_path, plant)
    first = {path.name: path.read_text() for path in tmp_path.iterdir()}
    ensure_passwords(tmp_path, plant)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == first
    assert len(set(first.values())) == len(plant.station) + 1
    assert stat.S_IMODE((tmp_path / "mill-1").stat().st_mode) == 0o600


# Children ---------------------------------------------------------------------------------------


def _sleeper(name: str, code: str = "import time; time.sleep(600)") -> ChildSpec:
    return ChildSpec(name=name, command=(sys.executable, "-c", code), stop_within_s=0.5)


def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    child = Child(_sleeper("trace"), tmp_path)
    supervisor.watch("services", child)
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)

    def is_back() -> bool:
        supervisor.look()
        return child.pid not in (None, first)

    assert wait_until(is_back, 60.0)
    assert said == [
        f"trace ended with code -9 and starts again in 0.5 s; see {tmp_path / 'trace.log'}"
    ]
    supervisor.stop(hurry=lambda: False)
    assert not child.is_running()


@pytest.mark.parametrize(
    ("exit_code", "ran_s", "deaths"),
    [(-signal.SIGKILL, 6.0, 1), (-signal.SIGKILL, 1.0, 4), (1, 6.0, 4), (1, 61.0, 1)],
)
def test_restarts_wait_longer_only_for_a_child_that_fails_by_itself(
    exit_code: int, ran_s: float, deaths: int
) -> None:
    assert deaths_in_a_row(3, exit_code, ran_s) == deaths


def test_a_child_that_ignores_the_stop_signal_is_killed_with_its_own_children(
    tmp_path: Path,
) -> None:
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, "
        "flush=True)\n"
        "time.sleep(600)\n"
    )
    child = Child(_sleeper("deaf", code), tmp_path)
    child.start()
    assert wait_until(lambda: bool(child.last_lines()), 60.0)
    grandchild = int(child.last_lines()[0])
    child.stop()
    assert child.exit_code == -signal.SIGKILL
    assert wait_until(lambda: not _lives(grandchild), 60.0)


def test_a_child_does_not_outlive_the_one_who_started_it(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from deploy.processes import Child, ChildSpec\n"
        "words = (sys.executable, '-c', 'import time; time.sleep(600)')\n"
        "spec = ChildSpec(name='c', command=words)\n"
        f"child = Child(spec, Path({str(tmp_path)!r}))\n"
        "child.start()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    starter = Child(_sleeper("starter", code), tmp_path)
    starter.start()
    assert wait_until(lambda: bool(starter.last_lines()), 60.0)
    grandchild = int(starter.last_lines()[0])
    starter.kill()
    assert wait_until(lambda: not _lives(grandchild), 60.0)


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    child = Child(ChildSpec(name="broker", command=("/nowhere/mosquitto",)), tmp_path)
    with pytest.raises(PersonNeededError, match=r"broker cannot be started: /nowhere/mosquitto"):
        child.start()


def test_a_failing_tool_says_what_and_why() -> None:
    code = "import sys; print('no network'); sys.exit(3)"
    with pytest.raises(PersonNeededError, match=r"Not built: python\S* ended with 3: no network"):
        run_tool((sys.executable, "-c", code), what="Not built", within_s=60.0)


def test_a_tool_that_hangs_is_ended() -> None:
    code = "import time; time.sleep(600)"
    with pytest.raises(PersonNeededError, match=r"Not built: python\S* was not done within 0 s"):
        run_tool((sys.executable, "-c", code), what="Not built", within_s=0.3)


# The data folder and the first seconds ----------------------------------------------------------


def test_a_nearly_full_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PersonNeededError, match=r"MB free, the plant needs 1000000000000 MB"):
        DataFolder(tmp_path).prepare(smallest_free_bytes=10**18)


def test_a_data_folder_belongs_to_one_plant_at_a_time(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    with data.held(), pytest.raises(ConflictError, match=rf"already runs .*process {os.getpid()}"):
        data.held().__enter__()
    with data.held():
        assert data.lock_file.exists()


def test_a_file_in_place_of_the_data_folder_is_one_sentence(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_text("not a folder")
    done = _start_plant("--data-dir", str(place))
    assert done.returncode == 1
    assert done.stderr == (
        f"The data folder {place} cannot be used: {place} is a file, not a folder.\n"
    )


def test_a_damaged_clock_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "clock.json").write_text("rubbish")
    done = _start_plant("--data-dir", str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "is damaged; restore it from a backup or choose another data folder." in done.stderr


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--speed", "0"), "'0' is not a number above 0"),
        (("--speed", "fast"), "'fast' is not a number above 0"),
        (("--port", "70000"), "'70000' is not a whole number from 1 to 65400"),
        (("--sped", "3"), "unrecognized arguments: --sped 3"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(options: tuple[str, ...], part: str) -> None:
    done = _start_plant(*options)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert part in done.stderr


# Fetched and built parts ------------------------------------------------------------------------


def test_another_node_set_package_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "nodesets.tgz"
    archive.write_bytes(b"something else")
    with pytest.raises(PersonNeededError, match=r"arrived with another content than expected"):
        unpack(archive, tmp_path / "nodesets")


def test_the_web_app_is_built_again_when_a_source_changes(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "dist").mkdir()
    source = tmp_path / "src" / "app.tsx"
    source.write_text("one")
    first = digest(tmp_path)
    (tmp_path / "dist" / "app.js").write_text("built")
    assert digest(tmp_path) == first
    source.write_text("two")
    assert digest(tmp_path) != first


def test_libraries_of_a_package_are_followed_without_alternatives() -> None:
    listing = (
        "mosquitto\n  Depends: adduser\n  Depends: libcjson1\n |Depends: libother\n"
        "libcjson1\n  Depends: libc6\n"
        "adduser\n  Depends: libperl\n"
        "libc6\n  PreDepends: libgcc-s1\n"
    )
    assert needed_libraries(listing, "mosquitto") == {"libcjson1", "libc6", "libgcc-s1"}


def test_example_files_are_given_with_a_key_of_their_content(tmp_path: Path) -> None:
    for name, _ in example_data.FILES:
        (tmp_path / name).write_text(name)
    seen: list[httpx.Request] = []

    def gateway(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202, json={})

    with httpx.Client(
        transport=httpx.MockTransport(gateway), base_url="http://127.0.0.1:8080"
    ) as client:
        example_data.load(client, tmp_path, lambda: False)
        example_data.load(client, tmp_path, lambda: False)
    assert [request.url.path for request in seen[:2]] == ["/api/master-data", "/api/work-schedules"]
    assert seen[0].headers["content-type"] == "application/yaml"
    keys = [request.headers["idempotency-key"] for request in seen]
    assert keys[:2] == keys[2:]


def test_a_refused_example_says_why(tmp_path: Path) -> None:
    (tmp_path / "master-data.yaml").write_text("a: 1")
    transport = httpx.MockTransport(lambda _: httpx.Response(422, text="route unknown"))
    with (
        httpx.Client(transport=transport, base_url="http://127.0.0.1:8080") as client,
        pytest.raises(PersonNeededError, match=r"refused POST /api/master-data with 422: route"),
    ):
        example_data.load(client, tmp_path, lambda: False)
