"""How far confirmations were delivered to the ERP system, and what software ran when."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE erp_delivery (
            url text PRIMARY KEY,
            position bigint NOT NULL DEFAULT 0,
            delivered_count bigint NOT NULL DEFAULT 0,
            failing_since timestamptz,
            failure text
        )""")
    op.execute("""
        CREATE INDEX record_work_request ON record (subject) WHERE type IN (
            'org.halite.work_request_accepted.v1', 'org.halite.work_request_ended.v1')""")
    op.execute("""
        CREATE INDEX record_node_software
        ON record_node (node_id text_pattern_ops, from_at, position) WHERE kind = 'software'""")
