"""Names to search by, views for analysts with a role that may only read them, saved queries."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    """
    CREATE TABLE known_name (
        kind text NOT NULL,
        name text NOT NULL,
        first_position bigint NOT NULL,
        PRIMARY KEY (kind, name)
    )""",
    # What the extension pg_trgm does too, which not every installation has.
    """
    CREATE FUNCTION trigrams(words text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(DISTINCT substr(lower(words), n, 3)), '{}')
        FROM generate_series(1, length(words) - 2) AS n
    $$""",
    "CREATE INDEX known_name_trigrams ON known_name USING gin (trigrams(name))",
    'CREATE INDEX known_name_start ON known_name (lower(name) COLLATE "C")',
    """
    INSERT INTO known_name
    SELECT kind, name, min(position) FROM (
        SELECT 'lot' AS kind, lot_id AS name, position FROM record_lot
        UNION ALL SELECT 'job_order', job_order_id, position FROM record_job_order
        UNION ALL SELECT kind, node_id, position FROM record_node
    ) AS named
    WHERE position <= (SELECT coalesce(max(position), 0) FROM seal)
    GROUP BY kind, name""",
    """
    CREATE TABLE saved_query (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        question jsonb NOT NULL,
        person text NOT NULL,
        saved_at timestamptz NOT NULL,
        ended_at timestamptz,
        ended_by text
    )""",
    "CREATE UNIQUE INDEX saved_query_name ON saved_query (name) WHERE ended_at IS NULL",
    """
    CREATE VIEW analyst_event AS
    SELECT position, event_id, source, sequence, type, subject, time,
           CAST(body AS jsonb) -> 'data' AS data
    FROM record""",
    """
    CREATE VIEW analyst_lot AS
    SELECT lot_id, material_definition_id, quantity, unit, work_request_id, origin, registered_at,
           grade, discharge_capacity_mah, completed_at,
           (SELECT string_agg(gate, ', ' ORDER BY gate) FROM lot_hold h
            WHERE h.lot_id = lot.lot_id) AS held_by
    FROM lot LEFT JOIN lot_grade USING (lot_id)""",
    """
    CREATE VIEW analyst_genealogy AS
    SELECT parent_lot_id, child_lot_id, quantity, unit, job_order_id, operation, equipment_id,
           recipe_id, recipe_version, started_at, ended_at
    FROM genealogy_edge""",
    """
    CREATE VIEW analyst_step AS
    SELECT lot_id, use, job_order_id, operation, equipment_id, recipe_id, recipe_version,
           fixture_id, started_at, ended_at,
           (extract(epoch FROM ended_at - started_at) / 60)::float8 AS minutes
    FROM genealogy_step""",
    """
    CREATE VIEW analyst_hold AS
    SELECT lot_id, gate, reason, held_at FROM lot_hold""",
    """
    CREATE VIEW analyst_gate_decision AS
    SELECT position, subject AS lot_id, time AS decided_at, data ->> 'gate' AS gate,
           data ->> 'characteristic' AS characteristic,
           CASE jsonb_typeof(data -> 'value') WHEN 'number' THEN (data ->> 'value')::float8 END
               AS value,
           data ->> 'unit' AS unit, (data ->> 'low')::float8 AS low,
           (data ->> 'high')::float8 AS high, data ->> 'disposition' AS disposition,
           data ->> 'reason' AS reason, data ->> 'product_id' AS product_id,
           (data ->> 'specification_version')::integer AS specification_version
    FROM (
        SELECT position, subject, time, CAST(body AS jsonb) -> 'data' AS data FROM record
        WHERE type = 'org.halite.disposition_decided.v1'
    ) AS decided""",
    """
    CREATE VIEW analyst_nonconformance AS
    SELECT data ->> 'nonconformance_id' AS nonconformance_id, subject AS lot_id,
           time AS raised_at, data ->> 'equipment_id' AS equipment_id,
           data ->> 'description' AS description
    FROM (
        SELECT subject, time, CAST(body AS jsonb) -> 'data' AS data FROM record
        WHERE type = 'org.halite.nonconformance_raised.v1'
    ) AS raised""",
    "CREATE INDEX record_of_type ON record (type, position)",
    # A role belongs to the whole server, where another plant may have made it; where this service
    # may make none, whoever runs the server makes it and grants the same.
    """
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'halite_analyst') THEN
            CREATE ROLE halite_analyst NOLOGIN;
        END IF;
    EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN NULL;
    END $$""",
    """
    DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'halite_analyst') THEN
            GRANT SELECT ON analyst_event, analyst_lot, analyst_genealogy, analyst_step,
                analyst_hold, analyst_gate_decision, analyst_nonconformance TO halite_analyst;
        END IF;
    END $$""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
