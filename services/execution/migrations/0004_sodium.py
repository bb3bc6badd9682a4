"""Keep what holds sodium, where it may lie and lies, and who scrapped it with whom."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for table, key in (
        ("hazard_material", "material_definition_id"),
        ("storage_place", "place_id"),
    ):
        op.execute(f"""
            CREATE TABLE {table} (
                {key} text NOT NULL,
                version integer NOT NULL,
                body jsonb NOT NULL,
                PRIMARY KEY ({key}, version)
            )""")
    op.execute("""
        CREATE TABLE lot_place (
            lot_id text PRIMARY KEY REFERENCES lot,
            place_id text NOT NULL,
            person text NOT NULL,
            moved_at timestamptz NOT NULL
        )""")
    op.execute("""
        CREATE TABLE sodium_scrap (
            scrap_id text PRIMARY KEY,
            lot_id text NOT NULL REFERENCES lot,
            quantity double precision NOT NULL,
            person text NOT NULL,
            reason text NOT NULL,
            proposed_at timestamptz NOT NULL,
            confirmed_by text,
            confirmed_at timestamptz
        )""")
