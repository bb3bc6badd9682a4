"""`halite doctor`, `status`, `support-bundle` and `completion` at a plant that does not run."""

import json
import socket
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import halite
from deploy.data_folder import DataFolder
from deploy.pki import ensure_gateway_keys, ensure_passwords, ensure_pki
from deploy.ports import Ports
from deploy.processes import PROJECT_DIR
from deploy.supportbundle import LARGEST_LOG_BYTES, write_bundle
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


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "plant")
    folder.prepare(smallest_free_bytes=0)
    ensure_pki(folder.pki, ONE_STATION)
    ensure_passwords(folder.secrets / "opcua", ONE_STATION)
    ensure_gateway_keys(folder.gateway_keys)
    return folder


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


def test_a_damaged_certificate_is_trouble(data: DataFolder) -> None:
    (data.pki / "plc" / "cert.der").write_bytes(b"rubbish")
    words = ["doctor", "--data-dir", str(data.path), "--port", str(free_first()), "--json"]
    found = json.loads(CliRunner().invoke(halite, words).output)
    [broken] = [item for item in found if item["about"] == "certificates"]
    assert broken["level"] == "trouble" and "damaged" in broken["text"]


def test_the_status_of_a_plant_that_is_down_ends_with_1() -> None:
    words = ["status", "--port", str(free_first())]
    shown = CliRunner().invoke(halite, words)
    assert shown.exit_code == 1 and shown.output.count("no answer") == len(SERVICES)
    as_json = CliRunner().invoke(halite, [*words, "--json"])
    assert json.loads(as_json.output) == dict.fromkeys(SERVICES)


def test_a_support_bundle_has_no_secret_of_the_plant(data: DataFolder, tmp_path: Path) -> None:
    secrets = [path.read_bytes().strip() for path in data.secrets.rglob("*") if path.is_file()]
    keys = [path.read_bytes() for path in data.pki.glob("*/key.pem")]
    assert len(secrets) >= 4 and keys
    leaks = b"\n".join([b"starting", *secrets, *keys, b"postgresql://halite:s3cret-pw@db/x", b""])
    (data.logs / "gateway.log").write_bytes(leaks + b"hk_" + b"k" * 43 + b"\nend")
    long = b"x" * LARGEST_LOG_BYTES + secrets[0] + b"\nlast line"
    (data.logs / "plc.log").write_bytes(secrets[0] * 10 + b"\n" + long)
    to = tmp_path / "bundle.tar.gz"
    names = write_bundle(data, Ports(first=free_first()), to)
    assert {"about.json", "doctor.json", "readyz.json", "files.txt"} <= set(names)
    with tarfile.open(to) as archive:
        contents = {item.name: archive.extractfile(item).read() for item in archive}  # type: ignore[union-attr]
    everything = b"\n".join(contents.values())
    for secret in (*secrets, b"s3cret-pw", b"k" * 43):
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
