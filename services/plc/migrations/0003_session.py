"""Sessions of PLCs with what they watch, so that they go on after a restart."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENT = """
    CREATE TABLE plc_session (
        token bytea PRIMARY KEY,
        session_id uuid NOT NULL,
        user_name text NOT NULL,
        certificate bytea NOT NULL,
        nonce bytea NOT NULL,
        timeout_s double precision NOT NULL,
        subscriptions text NOT NULL,
        kept_at timestamptz NOT NULL
    )"""


def upgrade() -> None:
    op.execute(STATEMENT)
