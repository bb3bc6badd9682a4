"""Every reading of a test file by itself, and what a test showed early."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    """
    CREATE TABLE test_file_reading (
        reading_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        sha256 text NOT NULL REFERENCES test_file,
        parser text NOT NULL,
        may_gate boolean NOT NULL,
        body jsonb NOT NULL,
        read_at timestamptz NOT NULL
    )""",
    "CREATE INDEX test_file_reading_file ON test_file_reading (sha256, reading_id)",
    """
    INSERT INTO test_file_reading (sha256, parser, may_gate, body, read_at)
    SELECT sha256, parser, may_gate,
           jsonb_build_object('sha256', sha256, 'name', name, 'parser', parser,
                              'may_gate', may_gate, 'warnings', warnings, 'figures', figures,
                              'proof', NULL),
           received_at
    FROM test_file""",
    """
    ALTER TABLE test_file
        DROP COLUMN parser, DROP COLUMN may_gate, DROP COLUMN warnings, DROP COLUMN figures""",
    "ALTER TABLE test_run ADD COLUMN features jsonb NOT NULL DEFAULT '[]'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
