"""Find the next time limit without reading all open ones."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        CREATE INDEX time_limit_due ON time_limit (
            (CASE WHEN state = 'open' AND limit_kind = 'max' THEN warn_at ELSE limit_at END))
        WHERE state IN ('open', 'near')""")
    op.execute("DROP INDEX time_limit_open")
