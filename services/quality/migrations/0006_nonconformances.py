"""Nonconformances have states, lots, entries, signed dispositions, rework and actions."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    """
    ALTER TABLE nonconformance
        ADD COLUMN state text NOT NULL DEFAULT 'open',
        ADD COLUMN severity text NOT NULL DEFAULT 'major',
        ADD COLUMN category text,
        ADD COLUMN product_id text,
        ADD COLUMN operation text,
        ADD COLUMN cause_of text,
        ADD COLUMN closed_at timestamptz""",
    "UPDATE nonconformance SET category = gate",
    "ALTER TABLE nonconformance ALTER COLUMN category SET NOT NULL",
    "CREATE INDEX nonconformance_category ON nonconformance (category, raised_at)",
    """
    CREATE TABLE nonconformance_lot (
        nonconformance_id text NOT NULL REFERENCES nonconformance,
        lot_id text NOT NULL,
        is_held boolean NOT NULL DEFAULT false,
        disposition text,
        disposition_id text,
        PRIMARY KEY (nonconformance_id, lot_id)
    )""",
    "CREATE INDEX nonconformance_lot_lot ON nonconformance_lot (lot_id)",
    """
    INSERT INTO nonconformance_lot (nonconformance_id, lot_id)
    SELECT nonconformance_id, unnest(lot_ids) FROM nonconformance ON CONFLICT DO NOTHING""",
    """
    CREATE TABLE nonconformance_entry (
        entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        nonconformance_id text NOT NULL REFERENCES nonconformance,
        kind text NOT NULL,
        person text NOT NULL,
        body jsonb NOT NULL,
        entered_at timestamptz NOT NULL
    )""",
    "CREATE INDEX nonconformance_entry_of ON nonconformance_entry (nonconformance_id, entry_id)",
    """
    CREATE TABLE lot_decision (
        disposition_id text PRIMARY KEY,
        nonconformance_id text NOT NULL REFERENCES nonconformance,
        record jsonb NOT NULL,
        state text NOT NULL CHECK (state IN ('proposed', 'in_force')),
        proposed_at timestamptz NOT NULL,
        in_force_at timestamptz
    )""",
    "CREATE INDEX lot_decision_of ON lot_decision (nonconformance_id)",
    """
    CREATE TABLE rework_route (
        rework_route_id text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (rework_route_id, version)
    )""",
    """
    CREATE TABLE rework (
        nonconformance_id text NOT NULL REFERENCES nonconformance,
        lot_id text NOT NULL,
        rework_route_id text NOT NULL,
        version integer NOT NULL,
        operations_left text[] NOT NULL,
        ordered_at timestamptz NOT NULL,
        PRIMARY KEY (nonconformance_id, lot_id)
    )""",
    "CREATE INDEX rework_lot ON rework (lot_id) WHERE cardinality(operations_left) > 0",
    """
    CREATE TABLE corrective_action (
        action_id text PRIMARY KEY,
        nonconformance_id text NOT NULL REFERENCES nonconformance,
        body jsonb NOT NULL,
        state text NOT NULL CHECK (state IN ('planned', 'done', 'effective', 'ineffective')),
        done_at timestamptz
    )""",
    "CREATE INDEX corrective_action_of ON corrective_action (nonconformance_id)",
    """
    CREATE TRIGGER nonconformance_entry_is_a_record
    BEFORE UPDATE OR DELETE ON nonconformance_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
