"""A plant put back into the volume of its containers: what is refused, and what keeps it whole."""

from pathlib import Path

import pytest

from deploy.containerrestore import check_whole, move_into, put_back
from deploy.data_folder import DataFolder
from shared.errors import InvalidInputError, PersonNeededError


@pytest.fixture
def volume(tmp_path: Path) -> DataFolder:
    """A new volume, with the folders that it gets from the image."""
    data = DataFolder(tmp_path / "data")
    for folder in (
        data.broker,
        data.secrets / "tokens" / "execution",
        data.path / "postgres.socket",
    ):
        folder.mkdir(parents=True)
    return data


def test_a_volume_with_a_plant_is_not_written_over(volume: DataFolder, tmp_path: Path) -> None:
    volume.plant_file.write_text("")

    with pytest.raises(PersonNeededError, match=r"without a plant, this one holds .*plant\.toml"):
        put_back(tmp_path / "backup", volume)


def test_a_folder_that_is_no_backup_leaves_the_volume_empty(
    volume: DataFolder, tmp_path: Path
) -> None:
    (tmp_path / "backup").mkdir()

    with pytest.raises(InvalidInputError, match="no finished backup"):
        put_back(tmp_path / "backup", volume)

    check_whole(volume)


def test_a_plant_moves_between_the_folders_that_are_there(
    volume: DataFolder, tmp_path: Path
) -> None:
    restored = volume.path / "restored"
    for name in ("secrets/seal.key", "postgres/PG_VERSION", "tls/spray/key.pem"):
        (restored / name).parent.mkdir(parents=True, exist_ok=True)
        (restored / name).write_text(name)

    move_into(restored, volume.path)

    assert (volume.secrets / "seal.key").read_text() == "secrets/seal.key"
    assert (volume.postgres / "PG_VERSION").exists()
    assert (volume.tls / "spray" / "key.pem").exists()
    assert (volume.secrets / "tokens" / "execution").is_dir()
    assert not restored.exists()


@pytest.mark.parametrize("left", ["restored", "restored.restoring"])
def test_the_database_does_not_start_beside_a_restore_that_was_broken_off(
    volume: DataFolder, left: str
) -> None:
    (volume.path / left).mkdir()

    with pytest.raises(PersonNeededError, match="did not end well"):
        check_whole(volume)
