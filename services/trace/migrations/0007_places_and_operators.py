"""Places in furnaces are of one lot each; operators are known until they change; signed recalls."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE record_node ADD COLUMN lot_id text NOT NULL DEFAULT ''")
    op.execute("""
        CREATE INDEX record_node_operator
        ON record_node (node_id text_pattern_ops, from_at, position) WHERE kind = 'operator'""")
    op.execute("""
        ALTER TABLE recall
            ADD COLUMN printed_name text,
            ADD COLUMN role text,
            ADD COLUMN meaning text,
            ADD COLUMN authentication text""")
