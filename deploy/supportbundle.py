"""Everything that helps others to find a fault, in one archive, and no secret of the plant."""

import io
import json
import platform
import re
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path

from deploy.data_folder import DataFolder
from deploy.doctor import asked, look, readiness
from deploy.ports import Ports

LARGEST_LOG_BYTES = 2_000_000  # of the end of each log
SHORTEST_SECRET = 6
_URL_PASSWORD = re.compile(rb"(://[^/\s:@]+:)[^@\s/]+@")
_PRIVATE_KEY = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_PROGRAM_KEY = re.compile(rb"hk_[A-Za-z0-9_-]{20,}")
_TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+")  # RFC 7519


def write_bundle(data: DataFolder, ports: Ports, to: Path) -> list[str]:
    """Write the archive; return the names of what is in it.

    Certificates, keys, passwords and the database stay where they are. Where the text of a secret
    stands in something else, such as a log, it is blotted out.
    """
    secrets = _secrets(data)
    names = []
    with to.open("xb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in _parts(data, ports):
            clean = without_secrets(content, secrets)
            member = tarfile.TarInfo(f"halite-support/{name}")
            member.size, member.mode = len(clean), 0o600
            archive.addfile(member, io.BytesIO(clean))
            names.append(name)
    return names


def without_secrets(content: bytes, secrets: dict[str, bytes]) -> bytes:
    """Return text in which each secret is replaced by its name."""
    clean = _PRIVATE_KEY.sub(b"[private key]", content)
    for name, secret in secrets.items():
        clean = clean.replace(secret, f"[secret {name}]".encode())
    clean = _PROGRAM_KEY.sub(b"[key of a program]", clean)
    clean = _TOKEN.sub(b"[token]", clean)
    return _URL_PASSWORD.sub(rb"\1[password]@", clean)


def _secrets(data: DataFolder) -> dict[str, bytes]:
    """Return the plant's secrets by file, the longest first: one may hold another."""
    found: dict[str, bytes] = {}
    for path in sorted(data.secrets.rglob("*")):
        if path.is_file():
            name = str(path.relative_to(data.secrets))
            for line in {path.read_bytes().strip(), *path.read_bytes().splitlines()}:
                if len(line) >= SHORTEST_SECRET and not line.startswith(b"-----"):
                    found[f"{name}{len(found)}"] = line
    return dict(sorted(found.items(), key=lambda one: -len(one[1])))


def _parts(data: DataFolder, ports: Ports) -> Iterator[tuple[str, bytes]]:
    yield "about.json", _json(_about())
    yield "doctor.json", _json([finding.as_json() for finding in look(data, ports)])
    yield "readyz.json", _json(readiness(data, ports))
    yield from _metrics(data, ports)
    if data.plant_file.is_file():
        yield "plant.toml", data.plant_file.read_bytes()
    yield "files.txt", "".join(_files(data)).encode()
    for path in sorted(data.logs.glob("*")):
        if path.is_file():
            yield f"log/{path.name}", _end_of(path)


def _about() -> dict[str, object]:
    packages = {item.metadata["Name"]: item.version for item in distributions()}
    return {
        "made_at": datetime.now(UTC).isoformat(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": dict(sorted(packages.items())),
    }


def _metrics(data: DataFolder, ports: Ports) -> Iterator[tuple[str, bytes]]:
    for name, answer in asked(data, ports, "/metrics").items():
        if not isinstance(answer, str):
            yield f"metrics/{name}.txt", answer.content


def _files(data: DataFolder) -> Iterator[str]:
    """Name what the plant keeps, with sizes; of the database only how much it is."""
    database_bytes = 0
    for path in sorted(data.path.rglob("*")):
        if path.is_file():
            size = path.stat().st_size
            if data.postgres in path.parents:
                database_bytes += size
            else:
                yield f"{size:>14}  {path.relative_to(data.path)}\n"
    yield f"{database_bytes:>14}  {data.postgres.name}/ (all)\n"


def _end_of(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(0, io.SEEK_END)
        begin = max(0, file.tell() - LARGEST_LOG_BYTES)
        file.seek(begin)
        content = file.read()
    return content if begin == 0 else content.partition(b"\n")[2]  # no half of a secret


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, default=str).encode()
