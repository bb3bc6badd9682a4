"""Finds the newest spray jobs, mixes and cure results, and the oldest whole traces, at once."""

from alembic import op

from shared import joborders

revision = "0010"
down_revision = "0009"

STATEMENTS = (
    *joborders.INDEXES,
    "CREATE INDEX station_order_newest ON station_order (planned_at DESC, station_order_id)",
    "CREATE INDEX glue_mix_newest ON glue_mix (mixed_at DESC, lot_id)",
    "CREATE INDEX cure_result_of_all ON cure_result (measured_at DESC, lot_id, face, method)",
    """
    CREATE INDEX face_trace_whole ON face_trace (started_at)
    WHERE samples IS NOT NULL AND state = 'within'""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
