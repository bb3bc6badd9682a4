"""Handovers of shifts and who took them over: for adding only."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    """
    CREATE TABLE handover (
        handover_id text PRIMARY KEY,
        begun_at timestamptz NOT NULL,
        written_at timestamptz NOT NULL,
        person text NOT NULL,
        supersedes text UNIQUE REFERENCES handover,
        record text NOT NULL,
        record_sha256 text NOT NULL
    )""",
    "CREATE INDEX handover_newest ON handover (written_at DESC)",
    """
    CREATE TABLE handover_taken (
        handover_id text PRIMARY KEY REFERENCES handover,
        person text NOT NULL,
        printed_name text NOT NULL,
        remark text,
        record_sha256 text NOT NULL,
        taken_at timestamptz NOT NULL
    )""",
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is for adding only, % refused', TG_TABLE_NAME, TG_OP;
    END $$""",
    """
    CREATE TRIGGER handover_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON handover
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """
    CREATE TRIGGER handover_taken_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON handover_taken
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
