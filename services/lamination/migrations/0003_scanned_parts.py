"""Keep the scans of parts, and the windows, glue and holds that bear on them."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE stack_scan (
            job_order_id text NOT NULL REFERENCES job_order,
            position integer NOT NULL,
            lot_id text NOT NULL,
            face_up text,
            person text NOT NULL,
            scanned_at timestamptz NOT NULL,
            PRIMARY KEY (job_order_id, position),
            UNIQUE (job_order_id, lot_id)
        )""")
    op.execute("CREATE INDEX stack_scan_lot ON stack_scan (lot_id)")
    op.execute("CREATE INDEX stack_layers ON stack USING gin (layers jsonb_path_ops)")
    op.execute("""
        CREATE TABLE stack_window (
            time_limit_id text PRIMARY KEY,
            lot_id text NOT NULL,
            name text NOT NULL,
            limit_kind text NOT NULL,
            to_event text NOT NULL,
            limit_at timestamptz NOT NULL,
            state text NOT NULL
        )""")
    op.execute("CREATE INDEX stack_window_lot ON stack_window (lot_id)")
    op.execute("""
        CREATE TABLE glued_part (
            lot_id text NOT NULL,
            mix_lot_id text NOT NULL,
            glued_at timestamptz NOT NULL,
            PRIMARY KEY (lot_id, mix_lot_id)
        )""")
    op.execute("""
        CREATE TABLE mix_end (
            mix_lot_id text PRIMARY KEY,
            ended_at timestamptz NOT NULL
        )""")
