"""What our watch saw when it stopped a test, and how long the test had gone on by then."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("ALTER TABLE test_run ADD COLUMN seen_s double precision")
    op.execute("ALTER TABLE test_run ADD COLUMN sound jsonb")
    op.execute("ALTER TABLE test_run ADD COLUMN stop_latency jsonb")
