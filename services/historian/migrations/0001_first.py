"""Fresh batches, the catalogue of sealed files, and the sources of telemetry."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE fresh_batch (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            row_count integer NOT NULL,
            from_at timestamptz NOT NULL,
            to_at timestamptz NOT NULL,
            body bytea NOT NULL,
            committed_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )""")
    op.execute("ALTER TABLE fresh_batch ALTER COLUMN body SET STORAGE EXTERNAL")
    op.execute("""
        CREATE TABLE sealed_file (
            path text PRIMARY KEY,
            row_count bigint NOT NULL,
            byte_count bigint NOT NULL,
            from_at timestamptz NOT NULL,
            to_at timestamptz NOT NULL,
            sha256 text NOT NULL,
            sealed_at timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX sealed_file_time ON sealed_file (from_at, to_at)")
    op.execute("""
        CREATE TABLE source (
            equipment_id text PRIMARY KEY,
            data_quality text NOT NULL,
            last_sample_at timestamptz,
            changed_at timestamptz NOT NULL
        )""")
