"""Finds the newest furnace loads without reading all."""

from alembic import op

from shared import joborders

revision = "0012"
down_revision = "0011"

STATEMENTS = (
    *joborders.INDEXES,
    """
    CREATE INDEX furnace_load_newest
    ON furnace_load (planned_start_at DESC, furnace_load_id DESC)""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
