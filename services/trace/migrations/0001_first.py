"""The record with its seals, both for adding only; genealogy; lots; what each event names."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    """
    CREATE TABLE record (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id uuid NOT NULL UNIQUE,
        source text NOT NULL,
        sequence bigint NOT NULL,
        type text NOT NULL,
        subject text NOT NULL,
        time timestamptz NOT NULL,
        body text NOT NULL,
        UNIQUE (source, sequence)
    )""",
    """
    CREATE TABLE seal (
        position bigint PRIMARY KEY,
        count bigint NOT NULL,
        root bytea NOT NULL,
        previous_root bytea NOT NULL,
        positions bigint[] NOT NULL,
        leaves bytea NOT NULL,
        frontier bytea NOT NULL,
        sealed_at timestamptz NOT NULL
    )""",
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is for adding only, % refused', TG_TABLE_NAME, TG_OP;
    END $$""",
    """
    CREATE TRIGGER record_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """
    CREATE TRIGGER seal_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON seal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    # Who adds holds this lock until its commit, taken before the position is drawn. The sealer
    # takes it alone for a moment: after that no position at or below the highest can still appear.
    """
    CREATE FUNCTION wait_for_sealer() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(727002);
        RETURN NULL;
    END $$""",
    """
    CREATE TRIGGER record_in_order BEFORE INSERT ON record
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_sealer()""",
    """
    CREATE TABLE record_lot (
        lot_id text NOT NULL,
        position bigint NOT NULL REFERENCES record,
        PRIMARY KEY (lot_id, position)
    )""",
    "CREATE INDEX record_lot_position ON record_lot (position)",
    """
    CREATE TABLE record_job_order (
        job_order_id text NOT NULL,
        position bigint NOT NULL REFERENCES record,
        PRIMARY KEY (job_order_id, position)
    )""",
    "CREATE INDEX record_job_order_position ON record_job_order (position)",
    """
    CREATE TABLE lot (
        lot_id text PRIMARY KEY,
        material_definition_id text NOT NULL,
        quantity double precision,
        unit text NOT NULL,
        work_request_id text,
        origin text,
        registered_at timestamptz
    )""",
    "CREATE INDEX lot_registered ON lot (registered_at DESC NULLS LAST, lot_id)",
    """
    CREATE TABLE genealogy_edge (
        event_id uuid NOT NULL,
        parent_lot_id text NOT NULL,
        child_lot_id text NOT NULL,
        quantity double precision NOT NULL,
        unit text NOT NULL,
        job_order_id text NOT NULL,
        operation text NOT NULL,
        equipment_id text NOT NULL,
        recipe_id text NOT NULL,
        recipe_version integer NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL,
        PRIMARY KEY (event_id, parent_lot_id, child_lot_id, unit)
    )""",
    "CREATE INDEX genealogy_edge_parent ON genealogy_edge (parent_lot_id)",
    "CREATE INDEX genealogy_edge_child ON genealogy_edge (child_lot_id)",
    """
    CREATE TABLE genealogy_step (
        event_id uuid NOT NULL,
        lot_id text NOT NULL,
        use text NOT NULL CHECK (use IN ('produced', 'processed')),
        job_order_id text NOT NULL,
        operation text NOT NULL,
        equipment_id text NOT NULL,
        recipe_id text NOT NULL,
        recipe_version integer NOT NULL,
        fixture_id text,
        started_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL,
        PRIMARY KEY (event_id, lot_id, use)
    )""",
    "CREATE INDEX genealogy_step_lot ON genealogy_step (lot_id, ended_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
