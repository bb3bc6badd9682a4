import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import container
from deploy.data_folder import DataFolder
from deploy.databases import OutsideServer
from deploy.plant import PlantFiles, service_specs
from deploy.processes import PROJECT_DIR
from shared.clock import load_clock
from shared.errors import InvalidInputError
from shared.settings import SERVICES, read_plant

PLANT_FILE = PROJECT_DIR / "deploy" / "plant.toml"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((PROJECT_DIR / "docker-compose.yml").read_text())[
        "services"
    ]
    return services


def test_every_service_runs_in_a_container_of_its_name(compose: dict[str, Any]) -> None:
    commands = {name: compose[name]["command"] for name in SERVICES}

    assert commands == {name: ["service", name] for name in SERVICES}


def test_health_is_asked_at_the_port_on_which_a_service_listens(compose: dict[str, Any]) -> None:
    asked = {name: compose[name]["healthcheck"]["test"][-3:] for name in SERVICES}

    assert asked == {
        name: ["https", str(container.PORTS.inside(name)), f"/data/tls/{name}/ca.pem"]
        for name in SERVICES
    }


def test_a_service_in_a_container_is_reached_by_its_name_and_listens_to_all(
    tmp_path: Path,
) -> None:
    files = PlantFiles(
        data=DataFolder(tmp_path),
        plant_file=PLANT_FILE,
        clock_file=tmp_path / "clock.json",
        nodesets=tmp_path,
    )
    databases = dict.fromkeys(SERVICES, "postgresql+psycopg:///")

    specs = service_specs(files, container.PORTS, databases, container.MQTT_URL)

    environment = {spec.name: spec.environment for spec in specs}["plc"]
    assert environment["HALITE_HOST"] == environment["HALITE_OPCUA_HOST"] == "0.0.0.0"
    assert '"execution": "https://execution:8081"' in environment["HALITE_SERVICE_URLS"]


def test_no_container_may_write_its_files_or_gain_rights(compose: dict[str, Any]) -> None:
    for name, part in compose.items():
        assert part["read_only"], name
        assert part["cap_drop"] == ["ALL"], name
        assert part["security_opt"] == ["no-new-privileges:true"], name
        assert part["mem_limit"] and part["pids_limit"], name


def test_who_speaks_with_the_site_has_a_way_out_and_nobody_else(compose: dict[str, Any]) -> None:
    plant = read_plant(PLANT_FILE)
    drivers = {one.service for one in (*plant.station, *plant.tester)}

    out = {name for name in SERVICES if "shop" in compose[name]["networks"]}

    # PLCs and persons come in there; trace tells an ERP system
    assert out == drivers | {"plc", "gateway", "trace"}


def test_each_simulated_station_is_reached_at_a_host_of_the_compose_file(
    compose: dict[str, Any],
) -> None:
    hosts = container.host_of_endpoint(PLANT_FILE)

    text = container.named_endpoints(PLANT_FILE.read_text(), hosts)

    assert set(hosts.values()) <= set(compose)
    assert 'endpoint = "opc.tcp://simulator-hot:8101"' in text
    assert 'endpoint = "tcp://simulator-tester:' in text
    assert "127.0.0.1" not in text


def test_a_real_station_keeps_its_endpoint() -> None:
    text = 'endpoint = "opc.tcp://10.0.0.7:4840"\n'

    assert container.named_endpoints(text, {"opc.tcp://10.0.0.7:4840": "simulator-hot"}) == text


def test_plant_time_goes_on_when_containers_are_prepared_again(tmp_path: Path) -> None:
    clock_file = tmp_path / "clock.json"
    container.begin_time(clock_file, 60.0, time.time())
    before = clock_file.read_text()

    container.begin_time(clock_file, 60.0, time.time() + 100.0)

    assert clock_file.read_text() == before


def test_a_new_speed_does_not_turn_plant_time_back(tmp_path: Path) -> None:
    clock_file = tmp_path / "clock.json"
    container.begin_time(clock_file, 60.0, 1_000_000.0)

    container.begin_time(clock_file, 1.0, 1_000_100.0)

    assert load_clock(clock_file).plant_start == datetime.fromtimestamp(1_006_000.0, UTC)


@pytest.mark.parametrize(("text", "reason"), [("fast", "a number"), ("0.5", "from 1 to 100000")])
def test_a_wrong_speed_is_refused_with_its_limit(text: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        container.speed_of(text)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql+psycopg://halite@db/halite", "names the database 'halite'"),
        ("sqlite:///{service}", "must be postgresql"),
        ("db.example", "Could not parse"),
        ("postgresql+psycopg://u@db/halite_{service}", "must be verify-full, it is None"),
        ("postgresql+psycopg://u@db/halite_{service}?sslmode=require", "it is 'require'"),
    ],
)
def test_a_url_that_does_not_name_a_database_for_each_service_is_refused(
    url: str, reason: str
) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        OutsideServer(url)


def test_a_server_of_others_has_a_database_for_each_service() -> None:
    server = OutsideServer(
        "postgresql+psycopg://halite@db:5433/halite_{service}?sslmode=verify-full"
    )

    url = server.url("trace")

    assert url == "postgresql+psycopg://halite@db:5433/halite_trace?sslmode=verify-full"


def test_a_password_file_that_a_group_may_read_is_copied_for_its_owner_alone(
    tmp_path: Path,
) -> None:
    given = tmp_path / "given"
    given.write_text("db:5432:*:halite:secret\n")
    given.chmod(0o440)

    copy = container.private_copy(given)

    assert (copy.read_text(), copy.stat().st_mode & 0o777) == (given.read_text(), 0o600)
    copy.unlink()


def test_a_password_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="absent: No such file"):
        container.private_copy(tmp_path / "absent")


def test_a_service_is_told_where_its_own_certificate_and_keys_lie(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = "/run/secrets/tls/{service}"
    certificate = f"sslcert={folder}/cert.pem"
    monkeypatch.setenv("HALITE_TLS_DIR", folder)
    monkeypatch.setenv("HALITE_KEYS_DIR", "/run/secrets/keys/{service}")
    monkeypatch.setenv(
        "HALITE_DATABASE_URL",
        f"postgresql+psycopg://halite_{{service}}@db/halite_{{service}}?sslmode=verify-full&{certificate}",
    )

    environment = container.service_spec("spray").environment

    assert environment["HALITE_TLS_DIR"] == "/run/secrets/tls/spray"
    assert environment["HALITE_KEYS_DIR"] == "/run/secrets/keys/spray"
    assert "sslcert=/run/secrets/tls/spray/cert.pem" in environment["HALITE_DATABASE_URL"]
