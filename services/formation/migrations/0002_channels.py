"""History of channels, why a test was stopped, and the fields that test protocols gained."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """
    CREATE TABLE channel_entry (
        entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        equipment_id text NOT NULL,
        channel text NOT NULL,
        body jsonb NOT NULL,
        written_at timestamptz NOT NULL
    )""",
    "CREATE INDEX channel_entry_tester ON channel_entry (equipment_id, entry_id)",
    "ALTER TABLE test_run ADD COLUMN stop_reason text",
    """
    UPDATE test_protocol
    SET body = jsonb_set(
        '{"chamber_temperature_degc": null, "chamber_tolerance_degc": 2.0}' || body,
        '{limits}', '{"highest_fall_v_per_s": null}' || (body -> 'limits'))""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
