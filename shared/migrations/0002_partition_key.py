"""Set-aside events hold up the later ones of their lot, not of their subject alone."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE set_aside ADD COLUMN partition_key text")
    op.execute("""
        UPDATE set_aside
        SET partition_key = coalesce(body::jsonb -> 'data' ->> 'lot_id', subject)""")
    op.execute("ALTER TABLE set_aside ALTER COLUMN partition_key SET NOT NULL")
    op.execute("DROP INDEX set_aside_subject")
    op.execute("CREATE INDEX set_aside_key ON set_aside (source, partition_key)")
