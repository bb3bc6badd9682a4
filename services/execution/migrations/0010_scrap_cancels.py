"""What waited for scrapped lots and in ended orders is cancelled; sodium is found in few rows."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("""
        UPDATE job_order j SET state = 'cancelled', not_before = NULL, waits_for = NULL,
            needs_quantity = NULL,
            reason = CASE WHEN l.state = 'scrapped' THEN 'its lot is scrapped'
                          ELSE 'its order has ended' END
        FROM lot l, work_request r
        WHERE j.state = 'not_allowed_to_start' AND l.lot_id = j.lot_id
          AND r.work_request_id = j.work_request_id
          AND (l.state = 'scrapped'
               OR r.state = 'ended' AND l.kind IN ('powder', 'pellet_lot', 'cell')
                  AND l.state <> 'released')""")
    op.execute("""
        CREATE INDEX job_order_consumed ON job_order (lot_id)
        WHERE state = 'ended' AND materials @> '[{"use": "consumed"}]'""")
    op.execute("CREATE STATISTICS lot_kind_state ON kind, state FROM lot")
    op.execute("ANALYZE lot")
    op.execute("ANALYZE job_order")
