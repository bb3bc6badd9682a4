"""What gates blocked and what a job order's nonconformances are, found without reading all."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("""
        CREATE INDEX disposition_blocked ON disposition (id)
        WHERE disposition = 'blocked' OR body @> '{"parts": [{"disposition": "blocked"}]}'""")
    op.execute("CREATE INDEX nonconformance_job_order ON nonconformance (job_order_id)")
