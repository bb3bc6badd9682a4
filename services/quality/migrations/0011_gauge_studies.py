"""Gauge studies with their values, as records."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE gauge_study (
            study_id text PRIMARY KEY,
            kind text NOT NULL CHECK (kind IN ('crossed', 'bias')),
            characteristic text NOT NULL,
            equipment_id text NOT NULL,
            person text NOT NULL,
            body jsonb NOT NULL,
            result jsonb NOT NULL,
            method_version text NOT NULL,
            kept_at timestamptz NOT NULL
        )""")
    op.execute("CREATE INDEX gauge_study_of ON gauge_study (characteristic, kept_at)")
    op.execute("""
        CREATE TRIGGER gauge_study_is_a_record BEFORE UPDATE OR DELETE ON gauge_study
        FOR EACH ROW EXECUTE FUNCTION refuse_change()""")
