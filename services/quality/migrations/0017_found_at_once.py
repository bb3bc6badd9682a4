"""Finds parts, decisions and the newest of each list without reading all that ever was."""

from alembic import op

revision = "0017"
down_revision = "0016"

STATEMENTS = (
    "CREATE INDEX lineage_of ON lineage (lot_id)",
    "CREATE INDEX passage_parts ON passage USING gin (parts)",
    "CREATE INDEX disposition_job_order ON disposition (job_order_id)",
    "CREATE INDEX spectrum_job_order ON spectrum (job_order_id, measured_at)",
    """
    CREATE INDEX nonconformance_newest
    ON nonconformance (raised_at DESC, nonconformance_id)""",
    "CREATE INDEX chart_signal_newest ON chart_signal (raised_at DESC, signal_id DESC)",
    "CREATE INDEX sampled_lot_newest ON sampled_lot (judged_at DESC, job_order_id, gate)",
    "CREATE INDEX waiver_newest ON waiver (proposed_at DESC, waiver_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
