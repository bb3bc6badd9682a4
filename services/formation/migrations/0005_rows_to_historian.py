"""Rows of tests wait for the historian in batches; those kept with a test go there too."""

from io import BytesIO
from typing import Any

import numpy as np
from alembic import op
from sqlalchemy import text

from shared import testrows

revision = "0005"
down_revision = "0004"

BEFORE = "formation-before-0005"
IDLE_RATIO = 1e-4  # of the highest current; below it the cell rests
TABLES = (
    """
    CREATE TABLE row_source (
        source text PRIMARY KEY,
        sequence bigint NOT NULL
    )""",
    """
    CREATE TABLE row_batch (
        source text NOT NULL,
        sequence bigint NOT NULL,
        body bytea NOT NULL,
        PRIMARY KEY (source, sequence)
    )""",
    "ALTER TABLE row_batch ALTER COLUMN body SET STORAGE EXTERNAL",
    "ALTER TABLE test_run ADD COLUMN batched_row integer NOT NULL DEFAULT 0",
    "ALTER TABLE test_run ADD COLUMN told_started_at timestamptz",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    _move_rows()
    op.execute("ALTER TABLE test_run DROP COLUMN rows")


def _move_rows() -> None:
    """Make a batch of the rows that were kept with each ended test."""
    bind = op.get_bind()
    found = bind.execute(
        text("SELECT job_order_id, rows FROM test_run WHERE rows IS NOT NULL ORDER BY job_order_id")
    ).all()
    batches = []
    for job_order_id, content in found:
        with np.load(BytesIO(content), allow_pickle=False) as columns:
            kept = {name: columns[name] for name in columns.files}
        if len(kept["time_s"]):
            batches.append(testrows.encode(testrows.table(_columns(job_order_id, kept))))
    for sequence, body in enumerate(batches, start=1):
        bind.execute(
            text("INSERT INTO row_batch VALUES (:source, :sequence, :body)"),
            {"source": BEFORE, "sequence": sequence, "body": body},
        )


def _columns(job_order_id: str, kept: dict[str, Any]) -> dict[str, Any]:
    """Return all columns of a test; charge and energy, which were not kept, by our own integral."""
    time_s, volts, current_ma = kept["time_s"], kept["voltage_v"], kept["current_ma"]
    change = np.zeros(len(time_s), dtype=bool)
    for name in ("step_id", "cycle"):
        change[1:] |= np.diff(kept[name]) != 0
    step = 1 + np.cumsum(change)
    passed_h = np.diff(time_s, prepend=time_s[0]) / 3600.0
    moved_mah = np.abs(current_ma) * np.where(change, 0.0, passed_h)
    limit_ma = IDLE_RATIO * float(np.abs(current_ma).max() or 1.0)
    kind = np.where(current_ma > limit_ma, "cc_charge", "cc_discharge")
    return {
        "series_id": [job_order_id] * len(time_s),
        "kind": np.where(np.abs(current_ma) > limit_ma, kind, "rest").tolist(),
        "row": np.arange(1, len(time_s) + 1),
        "cycle": kept["cycle"],
        "step": step,
        "time_s": time_s,
        "voltage_v": volts,
        "current_ma": current_ma,
        "capacity_mah": _since_step(moved_mah, change),
        "energy_mwh": _since_step(moved_mah * np.abs(volts), change),
    }


def _since_step(moved: Any, change: Any) -> Any:
    """Return the sum of what moved since the step began."""
    total = np.cumsum(moved)
    begun = np.maximum.accumulate(np.where(change, np.arange(len(total)), 0))
    return total - total[begun]
