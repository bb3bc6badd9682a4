"""Count the exposure budgets of lots down while they are open."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE open_exposure (
            lot_id text NOT NULL,
            open_state text NOT NULL,
            work_request_id text NOT NULL,
            product_id text NOT NULL,
            version integer NOT NULL,
            room_equipment_id text NOT NULL,
            from_at timestamptz NOT NULL,
            known_to timestamptz NOT NULL,
            dose_ppm_h double precision NOT NULL,
            rate_ppm double precision,
            unknown_at timestamptz NOT NULL,
            reason text NOT NULL,
            state text NOT NULL,
            read_to timestamptz NOT NULL,
            due_at timestamptz,
            correlation_id text,
            causation_id text,
            PRIMARY KEY (lot_id, open_state)
        )""")
    op.execute("CREATE INDEX open_exposure_due ON open_exposure (due_at) WHERE state <> 'over'")
    op.execute("CREATE INDEX dew_point_newest ON dew_point (equipment_id, source_at)")
