"""Persons and their sessions in the gateway's database."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.gateway.grants import Limit
from services.gateway.persons import Caller, Way
from services.gateway.roles import Role
from shared.db import sql
from shared.transaction import Transaction


async def any_person(tx: Transaction) -> bool:
    """Say whether there is a person yet."""
    return bool(await tx.scalar(sql("SELECT EXISTS (SELECT FROM person)")))


async def add(
    tx: Transaction, person: Caller, password_hash: str, at: datetime, added_by: str
) -> bool:
    """Add a person who must choose another password; False when the login is taken."""
    statement = """
        INSERT INTO person (login, name, roles, limits, password_hash, must_change, added_at,
            added_by)
        VALUES (:login, :name, :roles, CAST(:limits AS jsonb), :password_hash, true, :at,
            :added_by)
        ON CONFLICT (login) DO NOTHING RETURNING login"""
    values = {
        "login": person.login,
        "name": person.name,
        "roles": sorted(person.roles),
        "limits": as_json(person.limits),
        "password_hash": password_hash,
        "at": at,
        "added_by": added_by,
    }
    return await tx.scalar(sql(statement), values) is not None


async def person(tx: Transaction, login: str, *, lock: bool = False) -> RowMapping | None:
    """Return a person; `lock` keeps others from changing it until the end."""
    statement = f"SELECT * FROM person WHERE login = :login{' FOR UPDATE' if lock else ''}"
    return (await tx.execute(sql(statement), {"login": login})).mappings().one_or_none()


async def persons(tx: Transaction) -> list[dict[str, Any]]:
    """Return all persons without what is secret, by login."""
    statement = """
        SELECT login, name, roles, limits, must_change, disabled, failure_count, locked_until,
            added_at, added_by, issuer, password_hash IS NOT NULL AS has_password,
            EXISTS (SELECT FROM badge WHERE badge.login = person.login) AS has_badge,
            (SELECT max(seen_at) FROM session WHERE session.login = person.login) AS seen_at
        FROM person ORDER BY login"""
    return [dict(row) for row in (await tx.execute(sql(statement))).mappings()]


async def change(
    tx: Transaction,
    login: str,
    name: str,
    roles: Sequence[str],
    limits: Mapping[Role, Limit],
    disabled: bool,
) -> None:
    """Change what a person is called and may do."""
    statement = """
        UPDATE person SET name = :name, roles = :roles, limits = CAST(:limits AS jsonb),
            disabled = :disabled
        WHERE login = :login"""
    values = {
        "login": login,
        "name": name,
        "roles": sorted(roles),
        "limits": as_json(limits),
        "disabled": disabled,
    }
    await tx.execute(sql(statement), values)


async def set_password(
    tx: Transaction, login: str, password_hash: str, *, must_change: bool
) -> None:
    """Keep a new password's hash, and open the lock."""
    statement = """
        UPDATE person SET password_hash = :password_hash, must_change = :must_change,
            failure_count = 0, locked_until = NULL
        WHERE login = :login"""
    values = {"login": login, "password_hash": password_hash, "must_change": must_change}
    await tx.execute(sql(statement), values)


async def count_failure(
    tx: Transaction, login: str, failure_count: int, locked_until: datetime | None
) -> None:
    """Keep how many wrong passwords there were in a row."""
    statement = """
        UPDATE person SET failure_count = :count, locked_until = :until WHERE login = :login"""
    await tx.execute(
        sql(statement), {"login": login, "count": failure_count, "until": locked_until}
    )


async def other_administrators(tx: Transaction, login: str) -> int:
    """Return how many others administer persons; locks them."""
    statement = """
        SELECT login FROM person
        WHERE 'administrator' = ANY (roles) AND NOT disabled AND login <> :login FOR UPDATE"""
    return len((await tx.execute(sql(statement), {"login": login})).all())


async def begin_session(
    tx: Transaction, token_hash: bytes, login: str, way: Way, at: datetime
) -> None:
    """Keep a session, and how its person came in."""
    statement = """
        INSERT INTO session (token_hash, login, way, begun_at, seen_at)
        VALUES (:token_hash, :login, :way, :at, :at)"""
    values = {"token_hash": token_hash, "login": login, "way": way, "at": at}
    await tx.execute(sql(statement), values)


async def session(tx: Transaction, token_hash: bytes) -> RowMapping | None:
    """Return a session with its person."""
    statement = """
        SELECT session.begun_at, session.seen_at, session.way, person.login, person.name,
            person.roles, person.limits, person.must_change, person.disabled
        FROM session JOIN person USING (login) WHERE token_hash = :token_hash"""
    rows = await tx.execute(sql(statement), {"token_hash": token_hash})
    return rows.mappings().one_or_none()


async def seen(tx: Transaction, token_hash: bytes, at: datetime) -> None:
    """Keep when a session was last used."""
    statement = "UPDATE session SET seen_at = :at WHERE token_hash = :token_hash"
    await tx.execute(sql(statement), {"token_hash": token_hash, "at": at})


async def end_session(tx: Transaction, token_hash: bytes) -> None:
    """Forget a session."""
    await tx.execute(
        sql("DELETE FROM session WHERE token_hash = :token_hash"), {"token_hash": token_hash}
    )


async def end_sessions_of(tx: Transaction, login: str, way: Way | None = None) -> None:
    """Forget a person's sessions; way: only those that began so."""
    statement = """
        DELETE FROM session WHERE login = :login AND way = coalesce(CAST(:way AS text), way)"""
    await tx.execute(sql(statement), {"login": login, "way": way})


async def keep_newest_sessions(tx: Transaction, login: str, most: int) -> None:
    """Forget those sessions of a person that were not used for longest, but for so many."""
    statement = """
        DELETE FROM session WHERE token_hash IN (
            SELECT token_hash FROM session WHERE login = :login
            ORDER BY seen_at DESC, begun_at DESC OFFSET :most)"""
    await tx.execute(sql(statement), {"login": login, "most": most})


async def forget_old_sessions(
    tx: Transaction, begun_before: datetime, seen_before: datetime
) -> None:
    """Forget the sessions that are over."""
    statement = "DELETE FROM session WHERE begun_at < :begun OR seen_at < :seen"
    await tx.execute(sql(statement), {"begun": begun_before, "seen": seen_before})


async def set_badge(
    tx: Transaction, login: str, badge_hash: bytes, pin_hash: str, at: datetime, added_by: str
) -> bool:
    """Give a person a badge in place of an earlier one; False when another person has it."""
    await end_badge(tx, login)
    statement = """
        INSERT INTO badge (badge_hash, login, pin_hash, added_at, added_by)
        VALUES (:badge_hash, :login, :pin_hash, :at, :added_by)
        ON CONFLICT (badge_hash) DO NOTHING RETURNING login"""
    values = {
        "badge_hash": badge_hash,
        "login": login,
        "pin_hash": pin_hash,
        "at": at,
        "added_by": added_by,
    }
    return await tx.scalar(sql(statement), values) is not None


async def end_badge(tx: Transaction, login: str) -> bool:
    """Forget a person's badge; False when there is none."""
    statement = "DELETE FROM badge WHERE login = :login RETURNING login"
    return await tx.scalar(sql(statement), {"login": login}) is not None


async def badge(tx: Transaction, badge_hash: bytes) -> RowMapping | None:
    """Return whose badge it is and the PIN's hash."""
    statement = "SELECT login, pin_hash FROM badge WHERE badge_hash = :badge_hash"
    rows = await tx.execute(sql(statement), {"badge_hash": badge_hash})
    return rows.mappings().one_or_none()


def as_json(limits: Mapping[Role, Limit]) -> str:
    """Return limits as they are kept."""
    return json.dumps({role: limit.model_dump(mode="json") for role, limit in limits.items()})
