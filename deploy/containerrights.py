"""Who may read and change what in the folder that the containers of a plant share.

Each container runs as a user of its own, so that a service that was taken over reads no other one's
key or password, and is not the administrator of the database. `setup` owns what is shared and is in
the groups of all others: it gives a file to a group without being root. Pods on Kubernetes are the
same users; there one volume holds too what containers have in the volumes `tokens` and `broker`.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from deploy.authority import BROKER, PROBE
from deploy.data_folder import DataFolder
from deploy.pki import SETUP_KEY
from deploy.ports import is_loopback
from shared.errors import PersonNeededError
from shared.identity import KEY
from shared.settings import SERVICES, PlantSettings
from shared.tokenkeys import PUBLIC

PLANT, SIMULATORS, EXAMPLES, REPORTS, STATIONS = (
    "plant",  # database and setup
    "simulators",
    "examples",
    "reports",
    "stations",  # a group alone: who drives a station, judges its certificate or stands in for it
)
# The number of each user and of its group, the same in docker-compose.yml and the image.
USERS: Mapping[str, int] = {
    PLANT: 10001,
    BROKER: 10002,
    SIMULATORS: 10003,
    EXAMPLES: 10004,
    REPORTS: 10005,
    STATIONS: 10006,
    **{name: 10011 + place for place, name in enumerate(SERVICES)},
}
_OF_TRACE = ("seal.key", "documents.pem")
_MADE_READY = ("broker", "timeseries", "testrows", "share", "simulators", "cache")
_DEALT_OUT = ("tls", "secrets", "pki", *_MADE_READY)


@dataclass(frozen=True, kw_only=True)
class Right:
    """Which group has a file or a folder beside `setup`, its owner; modes as of chmod."""

    group: str
    folder: int = 0o755
    file: int = 0o644


def right_of(path: PurePosixPath, plant: PlantSettings) -> Right:
    """Return the right of what has this path below the shared folder."""
    match path.parts:
        case ("tls", *rest):
            return _tls(rest)
        case ("pki", *rest):
            return _pki(rest, plant)
        case ("secrets", *rest):
            return _secrets(rest, plant)
        case ("broker", *_):
            return Right(group=BROKER, folder=0o770, file=0o660)
        case ("timeseries" | "testrows", *_):
            return _kept_by("historian")
        case ("share", *_):
            return _kept_by("formation")
        case ("simulators", *_):
            return _kept_by(SIMULATORS)
        case ("cache", *_):  # of compiled code, which who uses it runs
            return _kept_by("sintering")
    return Right(group=PLANT)


def _tls(rest: list[str]) -> Right:
    match rest:
        case [name, file] if file == KEY:
            group = EXAMPLES if name == PROBE else name if name in USERS else PLANT
            return Right(group=group, file=0o600 if group == PLANT else 0o640)
    return Right(group=PLANT)


def _pki(rest: list[str], plant: PlantSettings) -> Right:
    stations = {station.name for station in plant.station}
    match rest:
        case [name, "key.pem"]:
            group = SIMULATORS if name in stations else name if name in SERVICES else PLANT
            return Right(group=group, file=0o600 if group == PLANT else 0o640)
        case ["plc", *_]:
            return Right(group="plc", folder=0o775)
        case [name] if name in stations:  # where the plc service puts a certificate it was told
            return Right(group="plc", folder=0o775)
        case [name, "quarantine", *_] if name in stations:
            return Right(group=STATIONS, folder=0o775)
    return Right(group=PLANT)


def _secrets(rest: list[str], plant: PlantSettings) -> Right:
    match rest:
        case [] | ["database"] | ["opcua"]:
            return Right(group=PLANT, folder=0o711)
        case ["database", name] if name in SERVICES:
            return Right(group=name, file=0o640)
        case ["opcua", name]:
            return Right(group=_station_group(name, plant), file=0o640)
        case ["gateway"]:  # which removes the first password; examples walk through
            return Right(group="gateway", folder=0o771)
        case ["gateway", name]:
            return Right(group=EXAMPLES if name == SETUP_KEY else "gateway", file=0o640)
        case ["tokens"]:
            return Right(group=PLANT, folder=0o711)
        case ["tokens", name, *file] if (
            name in SERVICES
        ):  # others read what its tokens are known by
            return Right(group=name, folder=0o775, file=0o664 if file == [PUBLIC] else 0o660)
        case [name] if name in _OF_TRACE:
            return Right(group="trace", file=0o640)
    return Right(group=PLANT, folder=0o700, file=0o600)


def _station_group(name: str, plant: PlantSettings) -> str:
    """Return who has the password of a station or a PLC; a simulated one's machine has it too."""
    for station in plant.station:
        if station.name == name:
            return STATIONS if is_loopback(station.endpoint) else station.service
    return "plc"


def _kept_by(group: str) -> Right:
    return Right(group=group, folder=0o775, file=0o664)


def make_ready(data: DataFolder, plant: PlantSettings) -> None:
    """Make the folders that a part may fill or read but not make itself."""
    for name in _MADE_READY:
        (data.path / name).mkdir(exist_ok=True)
    for name in SERVICES:
        (data.secrets / "tokens" / name).mkdir(parents=True, exist_ok=True)
    for station in plant.station:
        (data.pki / station.name / "quarantine").mkdir(parents=True, exist_ok=True)


def deal_out(data: DataFolder, plant: PlantSettings) -> None:
    """Give every file to the group that needs it; what a part made itself stays its own.

    plant: as written for one machine, where a loopback endpoint says that a station is simulated.

    Raises:
        PersonNeededError: a file cannot be given away, or what holds the folder keeps no groups.
    """
    ours, groups = os.geteuid(), {os.getegid(), *os.getgroups()}
    try:
        for path in _owned(data.path, ours):
            right = right_of(PurePosixPath(path.relative_to(data.path)), plant)
            number = USERS[right.group]
            if number in groups or ours == 0:
                os.chown(path, -1, number)
                check_kept(path, number)
            path.chmod(right.folder if path.is_dir() else right.file)
    except OSError as error:
        raise PersonNeededError(
            f"The rights of {error.filename} cannot be set: {error.strerror}."
        ) from error


def check_kept(path: Path, group: int) -> None:
    """Look whether the group was kept; network file systems that know one user take and forget it.

    Raises:
        PersonNeededError: it was not.
    """
    if (found := path.stat().st_gid) != group:
        raise PersonNeededError(
            f"The storage below {path} keeps no groups: it was given to {group} and is {found}'s. "
            "Use one that keeps users and groups as told, or each part could read all secrets."
        )


def _owned(folder: Path, owner: int) -> Iterator[Path]:
    for name in _DEALT_OUT:
        top = folder / name
        for path in (top, *top.rglob("*")):
            with suppress(FileNotFoundError):  # a running part has just removed it
                if path.lstat().st_uid == owner and not path.is_symlink():
                    yield path
