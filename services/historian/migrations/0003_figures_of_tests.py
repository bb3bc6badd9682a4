"""Which tests a batch holds rows of, and the kept figures of each test as they are answered."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    # A batch of before says no tests: it is looked into for every one.
    "ALTER TABLE test_batch ADD COLUMN series_ids text[] NOT NULL DEFAULT '{}'",
    """
    CREATE TABLE test_figures (
        series_id text PRIMARY KEY,
        body text NOT NULL
    )""",
    """
    INSERT INTO test_figures
    SELECT series_id, json_build_object(
        'cycle', json_agg(cycle ORDER BY cycle),
        'charge_mah', json_agg(charge_mah ORDER BY cycle),
        'discharge_mah', json_agg(discharge_mah ORDER BY cycle))
    FROM test_cycle GROUP BY series_id""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
