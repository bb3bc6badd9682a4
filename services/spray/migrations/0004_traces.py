"""Traces of faces with their limits and verdicts, re-spray rules, and lots that were received."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for table in ("trace_limits", "respray_rule"):
        op.execute(f"""
            CREATE TABLE {table} (
                recipe_id text NOT NULL,
                version integer NOT NULL,
                body jsonb NOT NULL,
                PRIMARY KEY (recipe_id, version)
            )""")
    op.execute("""
        CREATE TABLE face_trace (
            station_order_id text NOT NULL REFERENCES station_order,
            lot_id text NOT NULL,
            face text NOT NULL CHECK (face IN ('a', 'b')),
            started_at timestamptz,
            interval_s double precision,
            signals text[],
            scale double precision[],
            zero double precision[],
            samples bytea,
            sha256 bytea,
            limits_version integer,
            state text NOT NULL CHECK (state IN ('within', 'outside', 'unknown')),
            codes text[] NOT NULL,
            reason text,
            arc_count integer,
            figures jsonb NOT NULL,
            PRIMARY KEY (station_order_id, lot_id, face)
        )""")
    # It is compressed already; trying again would cost time for nothing.
    op.execute("ALTER TABLE face_trace ALTER COLUMN samples SET STORAGE EXTERNAL")
    op.execute("CREATE INDEX face_trace_lot ON face_trace (lot_id)")
    op.execute("""
        ALTER TABLE coated_face
            ADD COLUMN trace_state text,
            ADD COLUMN trace_arc_count integer,
            ADD COLUMN codes text[] NOT NULL DEFAULT '{}'""")
    op.execute("""
        CREATE TABLE received_lot (
            lot_id text PRIMARY KEY,
            material_definition_id text NOT NULL,
            quantity double precision NOT NULL,
            unit text NOT NULL,
            received_at timestamptz NOT NULL
        )""")
