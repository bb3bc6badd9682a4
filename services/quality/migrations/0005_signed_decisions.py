"""Guard bands, protocols, waivers and signatures; lineage; what is judged again."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    "ALTER TABLE measurement ADD COLUMN protocol text",
    """
    ALTER TABLE result ADD COLUMN guard double precision, ADD COLUMN protocol text,
        ADD COLUMN waiver_id text""",
    "ALTER TABLE chart_series ADD COLUMN protocol text",
    "CREATE SEQUENCE verdict_number",
    "ALTER TABLE verdict ADD COLUMN number bigint NOT NULL DEFAULT nextval('verdict_number')",
    """
    CREATE TABLE lineage (
        lot_id text NOT NULL,
        part_lot_id text NOT NULL,
        PRIMARY KEY (part_lot_id, lot_id)
    )""",
    "CREATE INDEX member_pellet_lot ON member (pellet_lot_id)",
    "CREATE INDEX component_part ON component (part_lot_id)",
    """
    CREATE TABLE signature_rule (
        purpose text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (purpose, version)
    )""",
    """
    CREATE TABLE signature (
        signature_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        record_kind text NOT NULL,
        record_id text NOT NULL,
        record_sha256 text NOT NULL,
        record text NOT NULL,
        purpose text NOT NULL,
        person text NOT NULL,
        person_key text NOT NULL,
        printed_name text NOT NULL,
        role text NOT NULL,
        meaning text NOT NULL,
        signed_at timestamptz NOT NULL,
        authentication text,
        UNIQUE (record_kind, record_id, person_key)
    )""",
    """
    CREATE TABLE waiver (
        waiver_id text PRIMARY KEY,
        product_id text NOT NULL,
        operation text NOT NULL,
        gate text NOT NULL,
        lot_ids text[] NOT NULL,
        body jsonb NOT NULL,
        state text NOT NULL CHECK (state IN ('proposed', 'in_force', 'revoked')),
        expires_at timestamptz NOT NULL,
        proposed_at timestamptz NOT NULL,
        moved_at timestamptz
    )""",
    "CREATE INDEX waiver_in_force ON waiver (product_id, operation, gate)",
    """
    CREATE TABLE reevaluation (
        reevaluation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        job_order_id text NOT NULL,
        person text NOT NULL,
        reason text NOT NULL,
        asked_at timestamptz NOT NULL
    )""",
)
RECORDS = ("signature", "reevaluation")


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in RECORDS:
        op.execute(f"""
            CREATE TRIGGER {table}_is_a_record BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change()""")
