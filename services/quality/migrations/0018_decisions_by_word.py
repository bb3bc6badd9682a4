"""Finds the newest decisions of one kind, however rare it is, without reading all decisions."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("CREATE INDEX disposition_word ON disposition (disposition, id)")
