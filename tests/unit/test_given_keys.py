"""Secrets that a plant is given, such as those of a cluster, and `halite keys`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner

from deploy.cli import halite
from deploy.processes import PROJECT_DIR
from services.trace.signing import signer_at
from services.trace.workflow import KEY_FILE
from shared.app import Service
from shared.errors import PersonNeededError
from shared.intake import access_to
from shared.settings import ServiceSettings, read_plant

PLANT_FILE = PROJECT_DIR / "deploy/plant.toml"


def settings(**given: Any) -> ServiceSettings:
    return ServiceSettings(
        service="spray", port=1, database_url="", data_dir=Path("/data"), **given
    )


def test_a_given_secret_lies_by_its_name_in_the_folder_of_the_service() -> None:
    given = settings(keys_dir=Path("/run/secrets/keys/spray"))

    assert given.given_key("eap-1", "opcua") == Path("/run/secrets/keys/spray/eap-1")
    assert given.secrets_dir == Path("/data/secrets")


@dataclass(frozen=True)
class Driver:
    """As much of a service as decides how it enters a station."""

    settings: ServiceSettings
    name: str = "spray"


def test_a_station_is_entered_with_the_password_that_its_service_was_given() -> None:
    [station, *_] = [one for one in read_plant(PLANT_FILE).station if one.service == "spray"]
    driver = Driver(settings(keys_dir=Path("/run/secrets/keys/spray")))

    access = access_to(cast(Service, driver), station)

    assert access.password_file == Path("/run/secrets/keys/spray") / station.name
    assert access.private_key == Path("/data/pki/spray/key.pem")


def test_without_such_a_folder_all_secrets_lie_in_the_data_folder() -> None:
    assert settings().given_key("eap-1", "opcua") == Path("/data/secrets/opcua/eap-1")
    assert settings().given_key(KEY_FILE) == Path("/data/secrets/seal.key")


def test_the_keys_of_the_record_are_made_once_and_their_files_printed(tmp_path: Path) -> None:
    where = ["keys", "make", "--data-dir", str(tmp_path), "--plant", str(PLANT_FILE)]

    made = CliRunner().invoke(halite, where)
    before = [Path(line).read_bytes() for line in made.output.splitlines()]
    again = CliRunner().invoke(halite, where)

    assert made.exit_code == 0, made.output
    files = [Path(line) for line in again.output.splitlines()]
    assert [file.name for file in files] == ["seal.key", "documents.pem"]
    assert [file.read_bytes() for file in files] == before
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_a_key_of_the_record_that_was_not_given_is_not_made_anew(tmp_path: Path) -> None:
    """A mounted secret takes no file; a plant that is given its keys must not seal with others."""
    mounted = tmp_path / "keys"
    mounted.write_text("a folder in which nobody writes")

    with pytest.raises(PersonNeededError, match="put it back from a backup"):
        signer_at(mounted / KEY_FILE)
