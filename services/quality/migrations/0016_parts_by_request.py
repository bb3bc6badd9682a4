"""Finds which pellets of a work request went through an operation."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("CREATE INDEX passage_request ON passage (work_request_id, operation)")
