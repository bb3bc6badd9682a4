"""Specifications, budgets, what is of what, measurements, results, dispositions and evidence."""

from alembic import op

revision = "0001"
down_revision = None

MASTER_DATA = (
    """
    CREATE TABLE test_specification (
        gate text NOT NULL,
        product_id text NOT NULL,
        operation text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (product_id, operation, gate, version)
    )""",
    """
    CREATE TABLE exposure_budget (
        state text NOT NULL,
        product_id text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (product_id, state, version)
    )""",
)
KNOWN_OF_OTHERS = (
    """
    CREATE TABLE work_request (
        work_request_id text PRIMARY KEY,
        witness_quantity integer NOT NULL
    )""",
    """
    CREATE TABLE member (
        lot_id text PRIMARY KEY,
        pellet_lot_id text NOT NULL
    )""",
    """
    CREATE TABLE component (
        lot_id text NOT NULL,
        part_lot_id text NOT NULL,
        PRIMARY KEY (lot_id, part_lot_id)
    )""",
    """
    CREATE TABLE passage (
        lot_id text NOT NULL,
        operation text NOT NULL,
        job_order_id text NOT NULL,
        work_request_id text NOT NULL,
        product_id text NOT NULL,
        equipment_id text,
        parts text[] NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL,
        correlation_id text,
        causation_id text,
        decided boolean NOT NULL DEFAULT false,
        waits text,
        PRIMARY KEY (job_order_id)
    )""",
    "CREATE INDEX passage_lot ON passage (lot_id, operation)",
    "CREATE INDEX passage_open ON passage (ended_at) WHERE NOT decided",
)
MEASURED = (
    """
    CREATE TABLE measurement (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        job_order_id text NOT NULL,
        lot_id text NOT NULL,
        characteristic text NOT NULL,
        value double precision,
        words text,
        unit text NOT NULL,
        reason text,
        measured_at timestamptz NOT NULL
    )""",
    "CREATE INDEX measurement_job_order ON measurement (job_order_id)",
    "CREATE INDEX measurement_lot ON measurement (lot_id, characteristic, id)",
    """
    CREATE TABLE pending_evaluation (
        evaluation_id text PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('spectrum_measured', 'cycling_ended')),
        job_order_id text NOT NULL,
        body jsonb NOT NULL,
        kept_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )""",
    "CREATE INDEX pending_evaluation_job_order ON pending_evaluation (job_order_id)",
    """
    CREATE TABLE evidence (
        sha256 text PRIMARY KEY,
        content bytea NOT NULL,
        stored_at timestamptz NOT NULL
    )""",
    """
    CREATE TABLE spectrum (
        spectrum_id text PRIMARY KEY,
        lot_id text NOT NULL,
        job_order_id text,
        name text NOT NULL,
        sha256 text REFERENCES evidence,
        mode text NOT NULL,
        frequency_hz double precision[] NOT NULL,
        z_real_ohm double precision[] NOT NULL,
        z_imag_ohm double precision[] NOT NULL,
        temperature_degc double precision,
        fixture_id text,
        measured_at timestamptz NOT NULL,
        figures jsonb,
        parser_version text,
        model_version text
    )""",
    "CREATE INDEX spectrum_lot ON spectrum (lot_id, measured_at)",
)
DECIDED = (
    """
    CREATE TABLE result (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        job_order_id text NOT NULL,
        lot_id text NOT NULL,
        gate text NOT NULL,
        characteristic text NOT NULL,
        value double precision,
        words text,
        unit text NOT NULL,
        low double precision,
        high double precision,
        disposition text,
        reason text NOT NULL,
        specification_version integer NOT NULL,
        evaluated_at timestamptz NOT NULL
    )""",
    "CREATE INDEX result_lot ON result (lot_id, id)",
    """
    CREATE TABLE verdict (
        gate text NOT NULL,
        pellet_lot_id text NOT NULL,
        lot_id text NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (gate, pellet_lot_id, lot_id)
    )""",
    """
    CREATE TABLE disposition (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        job_order_id text NOT NULL,
        lot_id text NOT NULL,
        gate text NOT NULL,
        disposition text NOT NULL,
        body jsonb NOT NULL,
        evaluated_at timestamptz NOT NULL
    )""",
    "CREATE INDEX disposition_lot ON disposition (lot_id, gate, id)",
    """
    CREATE TABLE nonconformance (
        nonconformance_id text PRIMARY KEY,
        gate text NOT NULL,
        job_order_id text NOT NULL,
        lot_id text NOT NULL,
        lot_ids text[] NOT NULL,
        equipment_id text,
        description text NOT NULL,
        raised_at timestamptz NOT NULL
    )""",
)
EXPOSURE = (
    """
    CREATE TABLE dew_point (
        equipment_id text NOT NULL,
        signal text NOT NULL,
        source_at timestamptz NOT NULL,
        dew_point_degc double precision,
        PRIMARY KEY (equipment_id, signal, source_at)
    )""",
    "CREATE INDEX dew_point_age ON dew_point (source_at)",
    """
    CREATE TABLE pending_exposure (
        lot_id text NOT NULL,
        product_id text NOT NULL,
        state text NOT NULL,
        version integer NOT NULL,
        give_up_at timestamptz NOT NULL,
        PRIMARY KEY (lot_id, state)
    )""",
    """
    CREATE TABLE exposure (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        lot_id text NOT NULL,
        open_state text NOT NULL,
        version integer NOT NULL,
        job_order_id text NOT NULL,
        from_at timestamptz,
        to_at timestamptz NOT NULL,
        state text NOT NULL,
        minutes double precision,
        budget_minutes double precision NOT NULL,
        dose_ppm_h double precision,
        budget_dose_ppm_h double precision NOT NULL,
        reason text NOT NULL,
        evaluated_at timestamptz NOT NULL
    )""",
    "CREATE INDEX exposure_lot ON exposure (lot_id, open_state, id)",
)
REFUSE = """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'table % is a record and is never changed', TG_TABLE_NAME;
    END $$"""
RECORDS = ("result", "disposition", "exposure", "evidence", "measurement")


def upgrade() -> None:
    for statement in (*MASTER_DATA, *KNOWN_OF_OTHERS, *MEASURED, *DECIDED, *EXPOSURE, REFUSE):
        op.execute(statement)
    for table in RECORDS:
        op.execute(f"""
            CREATE TRIGGER {table}_is_a_record BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change()""")
