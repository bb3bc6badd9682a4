"""Functions compiled to machine code, kept between runs in a folder of their own.

Import this, and what uses it, only where a plan is searched for: it loads the compiler.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])
FOLDER = Path(__file__).resolve().parent
PROJECT_CACHE = FOLDER.parents[1] / ".cache"
SOURCES = (
    "compiled.py",
    "arrays.py",
    "batches.py",
    "moves.py",
    "pricing.py",
    "problem.py",
    "timeline.py",
)


def cache_dir() -> Path:
    """Return where machine code is kept: HALITE_CACHE_DIR, the project's .cache, or a temporary.

    A folder for each state of the sources: the compiler itself looks only at the file of the
    function that is called first, not at those of the functions in it.
    """
    digest = hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in SOURCES))
    state = digest.hexdigest()[:16]
    named = os.environ.get("HALITE_CACHE_DIR")
    if named:
        return Path(named) / "numba" / state
    if os.access(PROJECT_CACHE if PROJECT_CACHE.exists() else PROJECT_CACHE.parent, os.W_OK):
        return PROJECT_CACHE / "numba" / state
    return Path(tempfile.gettempdir()) / f"halite-numba-{os.getuid()}" / state


numba.config.CACHE_DIR = str(cache_dir())  # type: ignore[attr-defined]


def compiled(function: Function) -> Function:
    """Compile a function at its first call; it runs without the global lock.

    It may not make arrays: without counting who holds them it is three times as fast.
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    return cast(Function, numba.njit(**options)(function))
