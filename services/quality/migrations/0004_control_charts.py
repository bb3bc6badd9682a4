"""Control charts: versions, frozen limits, series, points, signals; values still to plot."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    """
    CREATE TABLE control_chart (
        chart_id text NOT NULL,
        version integer NOT NULL,
        body jsonb NOT NULL,
        PRIMARY KEY (chart_id, version)
    )""",
    """
    CREATE TABLE chart_limits (
        chart_id text NOT NULL,
        chart_version integer NOT NULL,
        series text NOT NULL,
        limits_version integer NOT NULL,
        body jsonb NOT NULL,
        first_number bigint NOT NULL,
        last_number bigint NOT NULL,
        person text NOT NULL,
        reason text NOT NULL,
        frozen_at timestamptz NOT NULL,
        PRIMARY KEY (chart_id, chart_version, series, limits_version)
    )""",
    """
    CREATE TABLE chart_series (
        chart_id text NOT NULL,
        chart_version integer NOT NULL,
        series text NOT NULL,
        point_count bigint NOT NULL DEFAULT 0,
        waiting double precision[] NOT NULL DEFAULT '{}',
        state jsonb NOT NULL DEFAULT '{}',
        recent_z double precision[] NOT NULL DEFAULT '{}',
        limits_version integer NOT NULL DEFAULT 0,
        limits jsonb,
        PRIMARY KEY (chart_id, chart_version, series)
    )""",
    """
    CREATE TABLE chart_point (
        chart_id text NOT NULL,
        chart_version integer NOT NULL,
        series text NOT NULL,
        number bigint NOT NULL,
        lot_id text NOT NULL,
        job_order_id text NOT NULL,
        measured_at timestamptz NOT NULL,
        values double precision[] NOT NULL,
        limits_version integer NOT NULL,
        body jsonb,
        rules text[] NOT NULL,
        PRIMARY KEY (chart_id, chart_version, series, number)
    )""",
    """
    CREATE TABLE chart_signal (
        signal_id text PRIMARY KEY,
        body jsonb NOT NULL,
        raised_at timestamptz NOT NULL,
        closed_at timestamptz,
        person text,
        cause text,
        action text
    )""",
    "CREATE INDEX chart_signal_open ON chart_signal (raised_at) WHERE closed_at IS NULL",
    "CREATE TABLE chart_pending (measurement_id bigint PRIMARY KEY)",
    """
    CREATE FUNCTION keep_for_charts() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO chart_pending (measurement_id) VALUES (NEW.id);
        RETURN NULL;
    END $$""",
    """
    CREATE TRIGGER measurement_for_charts AFTER INSERT ON measurement
    FOR EACH ROW WHEN (NEW.value IS NOT NULL) EXECUTE FUNCTION keep_for_charts()""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
