"""Which versions of test specifications act: those that are signed, or need not be."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("ALTER TABLE test_specification ADD COLUMN acts boolean NOT NULL DEFAULT true")
