"""Limits of roles, badges with PINs, keys of programs, and sign-in by an OpenID provider."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = (
    """
    ALTER TABLE person
        ADD COLUMN limits jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN issuer text,
        ADD COLUMN subject text,
        ALTER COLUMN password_hash DROP NOT NULL""",
    "CREATE UNIQUE INDEX person_subject ON person (issuer, subject)",
    "ALTER TABLE session ADD COLUMN way text NOT NULL DEFAULT 'password'",
    """
    CREATE TABLE badge (
        badge_hash bytea PRIMARY KEY,
        login text NOT NULL UNIQUE REFERENCES person (login),
        pin_hash text NOT NULL,
        added_at timestamptz NOT NULL,
        added_by text NOT NULL
    )""",
    """
    CREATE TABLE api_key (
        key_id text PRIMARY KEY,
        key_hash bytea NOT NULL UNIQUE,
        account text NOT NULL,
        roles text[] NOT NULL,
        limits jsonb NOT NULL,
        valid_until timestamptz NOT NULL,
        added_at timestamptz NOT NULL,
        added_by text NOT NULL,
        seen_at timestamptz,
        ended_at timestamptz,
        ended_by text
    )""",
    """
    CREATE TABLE oidc_try (
        state_hash bytea PRIMARY KEY,
        browser_hash bytea NOT NULL,
        nonce text NOT NULL,
        verifier text NOT NULL,
        begun_at timestamptz NOT NULL
    )""",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
