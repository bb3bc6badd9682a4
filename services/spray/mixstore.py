"""Glue mixes, what was used of them, formulas and setups in the spray service's database."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.spray.mix import Mix, MixFormula, State, Weighing
from services.spray.setup import SpraySetup
from shared.db import sql
from shared.errors import ConflictError, NotFoundError
from shared.events import MaterialLotRegistered
from shared.transaction import Transaction

_MIX = ("lot_id", "state", "reason", "weighed_by", "verified_by", "checks", "left_ul", "expires_at")


async def formula_of(
    tx: Transaction, material_definition_ids: Sequence[str]
) -> dict[str, MixFormula]:
    """Return the newest formula of each glue that has one, by material definition."""
    statement = """
        SELECT DISTINCT ON (body ->> 'material_definition_id') body FROM mix_formula
        WHERE body ->> 'material_definition_id' = ANY(:names)
        ORDER BY body ->> 'material_definition_id', version DESC"""
    bodies = await tx.scalars(sql(statement), {"names": list(material_definition_ids)})
    formulas = [MixFormula.model_validate(body) for body in bodies]
    return {formula.material_definition_id: formula for formula in formulas}


async def formula(tx: Transaction, formula_id: str, version: int | None = None) -> MixFormula:
    """Return one version of a formula, the newest by default.

    Raises:
        NotFoundError: no such formula or version.
    """
    statement = """
        SELECT body FROM mix_formula
        WHERE formula_id = :formula_id AND version = coalesce(CAST(:version AS integer), version)
        ORDER BY version DESC LIMIT 1"""
    body = await tx.scalar(sql(statement), {"formula_id": formula_id, "version": version})
    if body is None:
        of_version = "" if version is None else f" version {version}"
        raise NotFoundError(f"formula {formula_id}{of_version} does not exist")
    return MixFormula.model_validate(body)


async def formulas(tx: Transaction) -> list[dict[str, Any]]:
    """Return the newest version of each formula, for people."""
    statement = """
        SELECT DISTINCT ON (formula_id) body FROM mix_formula ORDER BY formula_id, version DESC"""
    return list(await tx.scalars(sql(statement)))


async def setup_of(tx: Transaction, station: str) -> SpraySetup | None:
    """Return the newest setup of a station."""
    statement = """
        SELECT body FROM spray_setup WHERE station = :station ORDER BY version DESC LIMIT 1"""
    body = await tx.scalar(sql(statement), {"station": station})
    return None if body is None else SpraySetup.model_validate(body)


async def add_mix(
    tx: Transaction,
    mix: Mix,
    formula: MixFormula,
    weighings: Sequence[Weighing],
    mixed_at: datetime,
) -> None:
    """Keep a new mix.

    Raises:
        ConflictError: a mix of that id exists.
    """
    statement = """
        INSERT INTO glue_mix (lot_id, formula_id, formula_version, state, weighings, weighed_by,
                              made_ul, left_ul, mixed_at, expires_at)
        VALUES (:lot_id, :formula_id, :version, :state, CAST(:weighings AS jsonb), :weighed_by,
                :left_ul, :left_ul, :mixed_at, :expires_at)
        ON CONFLICT DO NOTHING"""
    values = {
        **vars(mix),
        "formula_id": formula.formula_id,
        "version": formula.version,
        "weighings": json.dumps([item.model_dump() for item in weighings]),
        "mixed_at": mixed_at,
    }
    if not (await tx.execute(sql(statement), values)).rowcount:
        raise ConflictError(f"glue mix {mix.lot_id} exists", {"lot_id": mix.lot_id})


async def keep_received(
    tx: Transaction, event: MaterialLotRegistered, received_at: datetime
) -> None:
    """Keep when and how much of a lot was received; the first time counts."""
    statement = """
        INSERT INTO received_lot (lot_id, material_definition_id, quantity, unit, received_at)
        VALUES (:lot_id, :material_definition_id, :quantity, :unit, :received_at)
        ON CONFLICT DO NOTHING"""
    fields = {"lot_id", "material_definition_id", "quantity", "unit"}
    await tx.execute(
        sql(statement), event.model_dump(include=fields) | {"received_at": received_at}
    )


async def received(tx: Transaction, lot_id: str) -> RowMapping | None:
    """Return when and how much of a lot was received, None where that is not known."""
    statement = "SELECT * FROM received_lot WHERE lot_id = :lot_id"
    return (await tx.execute(sql(statement), {"lot_id": lot_id})).mappings().first()


async def mixes(tx: Transaction, lot_ids: Sequence[str]) -> dict[str, Mix]:
    """Return those of some lots that are mixes, locked for the caller."""
    statement = """
        SELECT * FROM glue_mix WHERE lot_id = ANY(:lot_ids) ORDER BY lot_id FOR UPDATE"""
    rows = (await tx.execute(sql(statement), {"lot_ids": list(lot_ids)})).mappings()
    return {row["lot_id"]: Mix(**{name: row[name] for name in _MIX}) for row in rows}


async def locked_mix(tx: Transaction, lot_id: str) -> tuple[Mix, MixFormula]:
    """Return one mix, locked, with the version of its formula it was weighed by.

    Raises:
        NotFoundError: no such mix.
    """
    found = (await mixes(tx, [lot_id])).get(lot_id)
    if found is None:
        raise NotFoundError(f"glue mix {lot_id} does not exist")
    statement = "SELECT formula_id, formula_version FROM glue_mix WHERE lot_id = :lot_id"
    row = (await tx.execute(sql(statement), {"lot_id": lot_id})).mappings().one()
    return found, await formula(tx, row["formula_id"], row["formula_version"])


async def set_mix(
    tx: Transaction,
    lot_id: str,
    state: State,
    reason: str | None,
    *,
    verified_by: str | None = None,
    checks: Mapping[str, float] | None = None,
) -> None:
    """Write the state of a mix; who verified and what was measured where given."""
    statement = """
        UPDATE glue_mix
        SET state = :state, reason = :reason, verified_by = coalesce(:verified_by, verified_by),
            checks = checks || coalesce(CAST(:checks AS jsonb), '{}')
        WHERE lot_id = :lot_id"""
    values = {
        "lot_id": lot_id,
        "state": state,
        "reason": reason,
        "verified_by": verified_by,
        "checks": None if checks is None else json.dumps(dict(checks)),
    }
    await tx.execute(sql(statement), values)


async def dispose(tx: Transaction, lot_id: str, person: str, reason: str, now: datetime) -> float:
    """Take all that is left of a mix out of use; return how much that was, in microlitres."""
    statement = """
        UPDATE glue_mix
        SET state = 'disposed', reason = :reason, disposed_ul = left_ul, left_ul = 0,
            disposed_by = :person, disposed_at = :now
        WHERE lot_id = :lot_id RETURNING disposed_ul"""
    values = {"lot_id": lot_id, "person": person, "reason": reason, "now": now}
    disposed_ul: float = await tx.scalar(sql(statement), values)
    return disposed_ul


async def use(
    tx: Transaction, lot_id: str, job_order_id: str, used_for: str, used_ul: float, now: datetime
) -> None:
    """Keep what one job order used of a glue lot; a mix has that much less."""
    values = {
        "lot_id": lot_id,
        "job_order_id": job_order_id,
        "used_for": used_for,
        "used_ul": used_ul,
        "now": now,
    }
    statement = """
        INSERT INTO glue_use (lot_id, job_order_id, used_for, used_ul, used_at)
        VALUES (:lot_id, :job_order_id, :used_for, :used_ul, :now) ON CONFLICT DO NOTHING"""
    if (await tx.execute(sql(statement), values)).rowcount:
        less = """
            UPDATE glue_mix SET left_ul = greatest(left_ul - :used_ul, 0)
            WHERE lot_id = :lot_id"""
        await tx.execute(sql(less), values)


async def expired(tx: Transaction, now: datetime) -> list[Mix]:
    """Return the mixes whose life is over and that are not yet marked so, locked."""
    statement = """
        SELECT * FROM glue_mix
        WHERE state IN ('weighed', 'usable', 'blocked') AND expires_at <= :now
        ORDER BY expires_at, lot_id FOR UPDATE SKIP LOCKED"""
    rows = (await tx.execute(sql(statement), {"now": now})).mappings()
    return [Mix(**{name: row[name] for name in _MIX}) for row in rows]


async def next_end(tx: Transaction) -> datetime | None:
    """Return when the next life of a mix ends."""
    statement = """
        SELECT min(expires_at) FROM glue_mix WHERE state IN ('weighed', 'usable', 'blocked')"""
    end: datetime | None = await tx.scalar(sql(statement))
    return end


async def listed(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """Return the newest mixes, for people."""
    statement = "SELECT * FROM glue_mix ORDER BY mixed_at DESC, lot_id LIMIT :limit"
    rows = (await tx.execute(sql(statement), {"limit": limit})).mappings()
    return [dict(row) for row in rows]


async def uses(tx: Transaction, lot_id: str) -> list[dict[str, Any]]:
    """Return what each job order used of one glue lot."""
    statement = """
        SELECT job_order_id, used_for, used_ul, used_at FROM glue_use
        WHERE lot_id = :lot_id ORDER BY used_at, job_order_id"""
    return [dict(row) for row in (await tx.execute(sql(statement), {"lot_id": lot_id})).mappings()]
