"""Series of sampled lots with their severity, and what each sample said."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE sampling_series (
            product_id text NOT NULL,
            operation text NOT NULL,
            gate text NOT NULL,
            body jsonb NOT NULL,
            PRIMARY KEY (product_id, operation, gate)
        )""")
    op.execute("""
        CREATE TABLE sampled_lot (
            job_order_id text NOT NULL,
            gate text NOT NULL,
            lot_id text NOT NULL,
            product_id text NOT NULL,
            operation text NOT NULL,
            severity text NOT NULL,
            lot_size integer NOT NULL,
            sample_count integer NOT NULL,
            nonconforming_count integer NOT NULL,
            accepted boolean NOT NULL,
            reason text NOT NULL,
            judged_at timestamptz NOT NULL,
            PRIMARY KEY (job_order_id, gate)
        )""")
    op.execute("CREATE INDEX sampled_lot_series ON sampled_lot (product_id, operation, gate)")
    op.execute("""
        CREATE TRIGGER sampled_lot_is_a_record BEFORE UPDATE OR DELETE ON sampled_lot
        FOR EACH ROW EXECUTE FUNCTION refuse_change()""")
