"""Tries in an image what its packages are for: `python -m deploy.imagetrial`; a failure raises.

It loads every program of the plant too, which leaves their compiled code in the image: a container
cannot write it, and would compile for seconds at each start.
"""

import asyncio
import importlib
import tempfile
from pathlib import Path

import duckdb
import numba
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from highspy import Highs
from ortools.sat.python import cp_model
from scipy.optimize import least_squares

from deploy.postgres import programs
from deploy.processes import run_tool
from shared.settings import SERVICES

PROGRAMS = (
    *(f"services.{name}.main" for name in SERVICES),
    "services.historian.sealer",
    "simulators.run",
    "simulators.tester",
    "deploy.container",
)


def main() -> None:
    """Load and use everything once."""
    for name in PROGRAMS:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        rows_agree(Path(folder) / "rows.parquet")
    solvers_agree()
    uvloop.run(asyncio.sleep(0))
    Ed25519PrivateKey.generate().sign(b"record")
    run_tool((str(programs() / "postgres"), "--version"), what="PostgreSQL", within_s=60.0)


def rows_agree(file: Path) -> None:
    """Write rows by one library and sum them by the two others."""
    pq.write_table(pa.table({"voltage_v": [3.0, 3.4]}), file, compression="zstd")
    by_polars = pl.scan_parquet(file).sum().collect().item()
    by_duckdb = duckdb.execute(f"SELECT sum(voltage_v) FROM '{file}'").fetchone()
    _expect(by_duckdb is not None and abs(by_polars - 6.4) + abs(by_duckdb[0] - 6.4) < 1e-9)


def solvers_agree() -> None:
    """Solve a small problem by each solver, and compile a function."""
    model, solver = cp_model.CpModel(), cp_model.CpSolver()
    loads = model.new_int_var(0, 9, "loads")
    model.maximize(2 * loads)
    _expect(solver.solve(model) == cp_model.OPTIMAL and solver.value(loads) == 9)
    Highs().run()  # type: ignore[no-untyped-call]
    _expect(abs(least_squares(lambda x: x - 2.0, np.zeros(1)).x[0] - 2.0) < 1e-6)
    _expect(numba.njit(lambda x: x + 1)(1) == 2)


def _expect(is_so: bool) -> None:
    if not is_so:
        raise ArithmeticError("a library of the image computes a wrong result")


if __name__ == "__main__":
    main()
