"""The faces of one job without reading all."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("CREATE INDEX coated_face_order ON coated_face (station_order_id)")
