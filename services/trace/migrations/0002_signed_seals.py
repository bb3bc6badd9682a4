"""Seals are signed; what may only be added to also lacks the right to be changed."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "ALTER TABLE seal ADD COLUMN key_id text, ADD COLUMN signature bytea",
    "CREATE TABLE seal_key (key_id text PRIMARY KEY, public_key bytea NOT NULL)",
    """
    CREATE TRIGGER seal_key_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON seal_key
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    # What refers to a record came with it in one statement, and records stay: the check of the
    # reference would need the right to change the record.
    "ALTER TABLE record_lot DROP CONSTRAINT record_lot_position_fkey",
    "ALTER TABLE record_job_order DROP CONSTRAINT record_job_order_position_fkey",
    "REVOKE UPDATE, DELETE, TRUNCATE ON record, seal, seal_key FROM CURRENT_USER",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
