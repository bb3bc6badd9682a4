"""Programs that come from Debian's packages: found, installed as root, or unpacked without root."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from deploy.processes import PROJECT_DIR, run_tool
from shared.errors import PersonNeededError

CACHE_DIR = PROJECT_DIR / ".cache"
_SYSTEM_PLACES = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin")
_INSTALL_WITHIN_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program that can be run; libraries is where it finds its own when it was only unpacked."""

    path: Path
    libraries: tuple[Path, ...] = ()

    def environment(self) -> dict[str, str]:
        """The environment to run it with."""
        values = dict(os.environ)
        if self.libraries:
            values["LD_LIBRARY_PATH"] = os.pathsep.join(str(folder) for folder in self.libraries)
        return values


def find(name: str) -> Program | None:
    """Find a program on PATH or in the system's folders, which PATH of a normal user may lack."""
    search = os.pathsep.join((os.environ.get("PATH", ""), *_SYSTEM_PLACES))
    found = shutil.which(name, path=search)
    return None if found is None else Program(path=Path(found))


def provide(name: str, package: str) -> Program:
    """Find a program, else install its package as root, else unpack it into `.cache` without root.

    Raises:
        PersonNeededError: none of the three works.
    """
    program = find(name)
    if program is None and shutil.which("apt-get") is None:
        raise PersonNeededError(
            f"The program {name} is missing and this machine has no apt-get; "
            "install it and start again."
        )
    if program is None and os.geteuid() == 0:
        install(package)
        program = find(name)
    return program or unpack(name, package, CACHE_DIR / package)


def install(package: str) -> None:
    """Install a Debian package as root.

    Raises:
        PersonNeededError: apt-get failed.
    """
    what = f"The Debian package {package} could not be installed"
    values = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (("update", "-q"), ("install", "-q", "-y", "--no-install-recommends", package)):
        run_tool(("apt-get", *words), what=what, within_s=_INSTALL_WITHIN_S, environment=values)


def unpack(name: str, package: str, folder: Path) -> Program:
    """Download a Debian package with the libraries this machine lacks, and unpack it into `folder`.

    Raises:
        PersonNeededError: a download failed, or the program is not in the package.
    """
    unpacked = _in_folder(name, folder)
    if unpacked is not None:
        return unpacked
    what = f"The program {name} is missing and its Debian package {package} could not be unpacked"
    unfinished = folder.with_name(folder.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    downloads = unfinished / "downloads"
    downloads.mkdir(parents=True)
    apt = _own_lists(what)
    names = _missing_packages(package, apt, what)
    run_tool(
        ("apt-get", *apt, "download", "-q", *names),
        what=what,
        within_s=_INSTALL_WITHIN_S,
        folder=downloads,
    )
    for file in sorted(downloads.glob("*.deb")):
        run_tool(("dpkg", "-x", str(file), str(unfinished)), what=what, within_s=60.0)
    shutil.rmtree(downloads)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    program = _in_folder(name, folder)
    if program is None:
        raise PersonNeededError(f"{what}: it does not hold the program.")
    return program


def _in_folder(name: str, folder: Path) -> Program | None:
    for place in ("usr/sbin", "usr/bin", "usr/games"):
        path = folder / place / name
        if path.exists():
            libraries = (*folder.glob("usr/lib/*-linux-*"), *folder.glob("lib/*-linux-*"))
            return Program(path=path, libraries=libraries)
    return None


def _own_lists(what: str) -> tuple[str, ...]:
    """Package lists of our own, since a normal user cannot refresh the system's."""
    apt_dir = CACHE_DIR / "apt"
    for part in ("lists/partial", "archives/partial"):
        (apt_dir / part).mkdir(parents=True, exist_ok=True)
    options = (
        "-o",
        f"Dir::State::Lists={apt_dir / 'lists'}",
        "-o",
        f"Dir::Cache={apt_dir}",
        "-o",
        "Debug::NoLocking=1",
        "-o",
        "APT::Sandbox::User=",
    )
    run_tool(("apt-get", *options, "update", "-q"), what=what, within_s=_INSTALL_WITHIN_S)
    return options


def _missing_packages(package: str, apt: tuple[str, ...], what: str) -> list[str]:
    """The package and the libraries it needs, without those installed here."""
    listing = run_tool(
        ("apt-cache", *apt, "depends", "--recurse", "--important", package),
        what=what,
        within_s=60.0,
    )
    status = run_tool(
        ("dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"), what=what, within_s=60.0
    )
    present = {line.split()[1] for line in status.splitlines() if line.startswith("installed ")}
    return sorted({package} | (needed_libraries(listing, package) - present))


def needed_libraries(listing: str, package: str) -> set[str]:
    """Return the libraries a package needs at last, from what `apt-cache depends` printed.

    An alternative (`|Depends:`) is left out: its line names what another line names better.
    """
    direct: dict[str, set[str]] = {}
    reader = ""
    for line in listing.splitlines():
        if not line.startswith(" "):
            reader = line.strip()
        elif found := re.match(r"  (?:Pre)?Depends: (lib\S+)", line):
            direct.setdefault(reader, set()).add(found[1])
    needed: set[str] = set()
    waiting = {package}
    while waiting:
        new = direct.get(waiting.pop(), set()) - needed
        needed |= new
        waiting |= new
    return needed
