"""Glue mixes with their pot life, what was used of them, who and what stands at a station, cure."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for table, name in (
        ("mix_formula", "formula_id"),
        ("spray_setup", "station"),
        ("cure_model", "cure_model_id"),
    ):
        op.execute(f"""
            CREATE TABLE {table} (
                {name} text NOT NULL,
                version integer NOT NULL,
                body jsonb NOT NULL,
                PRIMARY KEY ({name}, version)
            )""")
    op.execute("""
        CREATE TABLE glue_mix (
            lot_id text PRIMARY KEY,
            formula_id text NOT NULL,
            formula_version integer NOT NULL,
            state text NOT NULL
                CHECK (state IN ('weighed', 'usable', 'blocked', 'expired', 'disposed')),
            reason text,
            weighings jsonb NOT NULL,
            weighed_by text NOT NULL,
            verified_by text,
            checks jsonb NOT NULL DEFAULT '{}',
            made_ul double precision NOT NULL,
            left_ul double precision NOT NULL CHECK (left_ul >= 0),
            mixed_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            disposed_ul double precision,
            disposed_by text,
            disposed_at timestamptz
        )""")
    op.execute("""
        CREATE INDEX glue_mix_expires ON glue_mix (expires_at)
        WHERE state IN ('weighed', 'usable', 'blocked')""")
    op.execute("""
        CREATE TABLE glue_use (
            lot_id text NOT NULL,
            job_order_id text NOT NULL,
            used_for text NOT NULL,
            used_ul double precision NOT NULL,
            used_at timestamptz NOT NULL,
            PRIMARY KEY (lot_id, job_order_id)
        )""")
    op.execute("""
        ALTER TABLE coated_face
            ADD COLUMN nozzle_id text,
            ADD COLUMN equipment_id text,
            ADD COLUMN deviation text,
            ADD COLUMN cure_model_id text,
            ADD COLUMN cure_model_version integer,
            ADD COLUMN cure_rate_per_min double precision""")
    op.execute("""
        CREATE TABLE cure_result (
            lot_id text NOT NULL,
            face text NOT NULL CHECK (face IN ('a', 'b')),
            method text NOT NULL CHECK (method IN ('ft_ir', 'tga')),
            measured_at timestamptz NOT NULL,
            station_order_id text NOT NULL,
            equipment_id text NOT NULL,
            predicted_ratio double precision NOT NULL,
            measured_ratio double precision NOT NULL,
            entered_by text NOT NULL,
            drift_raised boolean NOT NULL DEFAULT false,
            PRIMARY KEY (lot_id, face, method, measured_at)
        )""")
    op.execute("CREATE INDEX cure_result_newest ON cure_result (equipment_id, measured_at)")
