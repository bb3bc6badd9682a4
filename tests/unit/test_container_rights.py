"""What a container that was taken over could read: nothing that is another one's secret."""

import os
import re
import stat
from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from deploy import certificates, recordkeys
from deploy.accounts import hand_over
from deploy.authority import BROKER
from deploy.containerrights import (
    EXAMPLES,
    PLANT,
    REPORTS,
    SIMULATORS,
    STATIONS,
    USERS,
    check_kept,
    deal_out,
    make_ready,
    right_of,
)
from deploy.data_folder import DataFolder
from deploy.pki import ensure_gateway_keys, ensure_passwords
from deploy.processes import PROJECT_DIR
from shared.errors import PersonNeededError
from shared.secretfiles import write
from shared.settings import SERVICES, PlantSettings, read_plant
from shared.tokenkeys import PRIVATE, ensure_key, public_keys, signing_key

PLANT_FILE = read_plant(PROJECT_DIR / "deploy/plant.toml")
OF_OTHERS = {"database": PLANT, "setup": PLANT, "grafana": REPORTS}
OF_SIMULATORS = ("simulator-hot", "simulator-dry", "simulator-tester")
SIMULATED_OF = {station.name: station.service for station in PLANT_FILE.station}
Container = dict[str, Any]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes other users")


@pytest.fixture(scope="module")
def containers() -> dict[str, Container]:
    found: dict[str, Container] = yaml.safe_load((PROJECT_DIR / "docker-compose.yml").read_text())[
        "services"
    ]
    return found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """The folder as `setup` leaves it, but for the database."""
    data = DataFolder(tmp_path_factory.mktemp("shared") / "data")
    data.prepare(smallest_free_bytes=0, shared=True)
    certificates.make(data, PLANT_FILE)
    ensure_passwords(data.secrets / "opcua", PLANT_FILE)
    ensure_gateway_keys(data.gateway_keys)
    data.database_passwords.mkdir()
    for name in SERVICES:
        write(data.database_passwords / name, b"*:*:*:*:secret", 0o600)
    recordkeys.make(data, PLANT_FILE.site)
    make_ready(data, PLANT_FILE)
    deal_out(data, PLANT_FILE)
    return data


def secrets(data: DataFolder) -> list[PurePosixPath]:
    """Return every file of the folder that not everybody may read."""
    files = [path for path in data.path.rglob("*") if path.is_file()]
    return sorted(
        PurePosixPath(path.relative_to(data.path))
        for path in files
        if not path.stat().st_mode & 0o004
    )


def groups_of(container: Container) -> set[int]:
    """Return the groups in which a container of the compose file is."""
    user, group = container["user"].split(":")
    assert user == group
    return {int(group), *map(int, container.get("group_add", ()))}


def readable(data: DataFolder, container: Container) -> set[str]:
    """Return the secrets that a container may read."""
    if container["user"].startswith(f"{USERS[PLANT]}:"):
        return {str(path) for path in secrets(data)}
    groups = groups_of(container)
    return {
        str(path) for path in secrets(data) if _has(right_of(path, PLANT_FILE).file, path, groups)
    }


def _has(mode: int, path: PurePosixPath, groups: Collection[int]) -> bool:
    return bool(mode & 0o040) and USERS[right_of(path, PLANT_FILE).group] in groups


def own(name: str) -> set[str]:
    """Return the secrets that a service needs."""
    needed = {f"tls/{name}/key.pem", f"pki/{name}/key.pem", f"secrets/database/{name}"}
    simulated = {f"secrets/opcua/{station}" for station in SIMULATED_OF}
    needed |= simulated if name in {*SIMULATED_OF.values(), "plc"} else set()
    further = {
        "plc": {"secrets/opcua/plc-demo-client"},
        "trace": {"secrets/seal.key", "secrets/documents.pem"},
        "gateway": {
            "secrets/gateway/setup-key",
            "secrets/gateway/first-password",
            "tls/probe/key.pem",
        },
    }
    return needed | further.get(name, set())


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_reads_its_own_secrets_and_no_others(
    data: DataFolder, containers: dict[str, Container], name: str
) -> None:
    assert readable(data, containers[name]) == own(name)


def test_who_is_no_service_reads_what_it_needs_and_no_more(
    data: DataFolder, containers: dict[str, Container]
) -> None:
    assert readable(data, containers["broker"]) == {"tls/broker/key.pem"}
    assert readable(data, containers["grafana"]) == set()
    assert readable(data, containers["examples"]) == {
        "secrets/gateway/setup-key",
        "tls/probe/key.pem",
    }
    machines = {f"pki/{name}/key.pem" for name in SIMULATED_OF}
    machines |= {f"secrets/opcua/{name}" for name in SIMULATED_OF}
    for name in OF_SIMULATORS:
        assert readable(data, containers[name]) == machines


def test_a_real_stations_password_is_for_the_service_that_drives_it_alone() -> None:
    [first, *others] = PLANT_FILE.station
    real = first.model_copy(update={"endpoint": "opc.tcp://10.0.0.7:4840"})
    plant: PlantSettings = PLANT_FILE.model_copy(update={"station": (real, *others)})

    right = right_of(PurePosixPath(f"secrets/opcua/{real.name}"), plant)

    assert (right.group, right.file) == (real.service, 0o640)


def test_each_container_is_a_user_of_its_own(containers: dict[str, Container]) -> None:
    expected = {name: name for name in (*SERVICES, "broker", "examples")} | OF_OTHERS
    expected |= dict.fromkeys(OF_SIMULATORS, SIMULATORS)

    assert {name: part["user"] for name, part in containers.items()} == {
        name: f"{USERS[user]}:{USERS[user]}" for name, user in expected.items()
    }
    assert len(set(USERS.values())) == len(USERS)


def test_setup_can_give_a_file_to_every_other_user(containers: dict[str, Container]) -> None:
    assert groups_of(containers["setup"]) == set(USERS.values())
    inside = {name for name, part in containers.items() if USERS[STATIONS] in groups_of(part)}
    assert inside == {*SIMULATED_OF.values(), "plc", "setup", *OF_SIMULATORS}
    assert USERS[EXAMPLES] in groups_of(containers["gateway"])


def test_who_only_reads_the_shared_folder_cannot_write_it(
    containers: dict[str, Container],
) -> None:
    mounts = {
        name: [volume for volume in part["volumes"] if volume.startswith("plant:")]
        for name, part in containers.items()
    }

    read_only = {name for name, found in mounts.items() if found == ["plant:/data:ro"]}
    assert read_only == {"execution", "quality", "trace", "broker", "examples"}
    assert mounts["grafana"] == []


def test_the_image_has_a_folder_for_tokens_that_each_service_owns() -> None:
    text = (PROJECT_DIR / "deploy/docker/Dockerfile").read_text()
    [names] = re.findall(r"for name in ([a-z ]+); do", text)
    [first] = re.findall(r"user=(\d+) ", text)

    assert {name: int(first) + place for place, name in enumerate(names.split())} == {
        name: USERS[name] for name in SERVICES
    }


@needs_root
@pytest.mark.parametrize("name", SERVICES)
def test_the_kernel_lets_a_service_read_exactly_its_own_secrets(
    data: DataFolder, containers: dict[str, Container], name: str
) -> None:
    reachable(data)
    paths = [data.path / path for path in secrets(data)]
    groups = groups_of(containers[name])

    found = as_user(USERS[name], groups, lambda: [path for path in paths if _opens(path)])

    assert {str(path.relative_to(data.path)) for path in found} == own(name)


@needs_root
def test_a_pod_makes_its_key_for_tokens_in_the_shared_folder_and_reads_no_others(
    data: DataFolder,
) -> None:
    reachable(data)
    tokens = data.secrets / "tokens"

    def keys(name: str) -> list[Path]:
        ensure_key(tokens, name, 1.0, 86_400.0)
        for other in SERVICES:
            public_keys(tokens, other)
        return [path for path in (tokens / each / PRIVATE for each in SERVICES) if _opens(path)]

    for name in SERVICES:
        assert as_user(USERS[name], {USERS[name]}, lambda name=name: keys(name)) == [
            tokens / name / PRIVATE
        ]
    assert signing_key(tokens, "trace") is not None


@needs_root
def test_a_pod_of_the_broker_keeps_its_files_in_the_folder_that_setup_made(
    data: DataFolder,
) -> None:
    reachable(data)

    def kept() -> list[Path]:
        hand_over(data.broker, None)
        write(data.broker / "key.pem", b"secret", 0o600)
        return [data.broker / "key.pem"]

    user = USERS[BROKER]
    assert as_user(user, {user}, kept) == [data.broker / "key.pem"]
    assert (data.broker / "key.pem").stat().st_uid == user
    assert not data.broker.stat().st_mode & 0o007


def test_storage_that_keeps_no_groups_is_refused(tmp_path: Path) -> None:
    check_kept(tmp_path, os.getegid())

    with pytest.raises(PersonNeededError, match="keeps no groups: it was given to 10011"):
        check_kept(tmp_path, 10011)


def reachable(data: DataFolder) -> None:
    """Let other users walk to the folder, as they walk to a volume."""
    for parent in (data.path, *data.path.parents[:3]):
        parent.chmod(stat.S_IMODE(parent.stat().st_mode) | 0o011)


def _opens(path: Path) -> bool:
    try:
        return bool(path.read_bytes())
    except OSError:
        return False


def as_user(user: int, groups: Collection[int], act: Callable[[], list[Path]]) -> list[Path]:
    """Return what a child process finds that has become another user."""
    theirs, ours = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups(list(groups))
        os.setgid(user)
        os.setuid(user)
        os.write(ours, "\n".join(map(str, act())).encode())
        os._exit(0)
    os.close(ours)
    with os.fdopen(theirs) as said:
        found = said.read()
    assert os.waitpid(child, 0)[1] == 0
    return [Path(line) for line in found.splitlines()]
