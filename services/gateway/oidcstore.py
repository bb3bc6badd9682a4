"""Persons of an OpenID provider, and sign-ins under way, in the gateway's database."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import RowMapping

from services.gateway.persons import Caller
from shared.db import sql
from shared.transaction import Transaction


async def add_try(
    tx: Transaction,
    state_hash: bytes,
    browser_hash: bytes,
    nonce: str,
    verifier: str,
    at: datetime,
) -> None:
    """Keep a sign-in under way."""
    statement = """
        INSERT INTO oidc_try (state_hash, browser_hash, nonce, verifier, begun_at)
        VALUES (:state_hash, :browser_hash, :nonce, :verifier, :at)"""
    values = {
        "state_hash": state_hash,
        "browser_hash": browser_hash,
        "nonce": nonce,
        "verifier": verifier,
        "at": at,
    }
    await tx.execute(sql(statement), values)


async def take_try(tx: Transaction, state_hash: bytes) -> RowMapping | None:
    """Return a sign-in under way and forget it: it serves once."""
    statement = "DELETE FROM oidc_try WHERE state_hash = :state_hash RETURNING *"
    rows = await tx.execute(sql(statement), {"state_hash": state_hash})
    return rows.mappings().one_or_none()


async def forget_tries(tx: Transaction, begun_before: datetime, most: int) -> None:
    """Forget old sign-ins under way, and the oldest where there are too many."""
    statement = """
        DELETE FROM oidc_try WHERE begun_at < :before OR state_hash IN (
            SELECT state_hash FROM oidc_try ORDER BY begun_at DESC OFFSET :most)"""
    await tx.execute(sql(statement), {"before": begun_before, "most": most})


async def person_of(tx: Transaction, issuer: str, subject: str) -> RowMapping | None:
    """Return the person whom a provider names so."""
    statement = """
        SELECT * FROM person WHERE issuer = :issuer AND subject = :subject FOR UPDATE"""
    rows = await tx.execute(sql(statement), {"issuer": issuer, "subject": subject})
    return rows.mappings().one_or_none()


async def add_person(
    tx: Transaction, person: Caller, issuer: str, subject: str, at: datetime
) -> bool:
    """Add a person without a password; False when the login is taken."""
    statement = """
        INSERT INTO person (login, name, roles, must_change, added_at, added_by, issuer, subject)
        VALUES (:login, :name, :roles, false, :at, :issuer, :issuer, :subject)
        ON CONFLICT (login) DO NOTHING RETURNING login"""
    values = {
        "login": person.login,
        "name": person.name,
        "roles": sorted(person.roles),
        "at": at,
        "issuer": issuer,
        "subject": subject,
    }
    return await tx.scalar(sql(statement), values) is not None


async def set_person(tx: Transaction, login: str, name: str, roles: Collection[str]) -> None:
    """Keep what the provider says of a person now."""
    statement = "UPDATE person SET name = :name, roles = :roles WHERE login = :login"
    await tx.execute(sql(statement), {"login": login, "name": name, "roles": sorted(roles)})
