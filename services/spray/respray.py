"""When a face that was sprayed before may be sprayed again: how often, how soon, after what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.spray.domain import pellets
from shared.db import sql
from shared.errors import BlockedError
from shared.events import JobOrderReleased
from shared.transaction import Transaction


class ResprayRule(BaseModel):
    """For one recipe; the newest version that is no draft counts, a retired one allows nothing.

    after: the codes of verdicts that another spraying can mend; a face with any other, or none,
    is not sprayed again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    status: Literal["draft", "released", "retired"] = "released"
    most_count: int = Field(ge=1, le=10)
    within_s: float = Field(gt=0)
    after: tuple[str, ...] = Field(min_length=1)
    source: str = Field(min_length=3)


@dataclass(frozen=True, kw_only=True)
class Sprayed:
    """How a pellet was sprayed before: how often, when last, and the last verdict's codes."""

    lot_id: str
    count: int
    last_at: datetime
    codes: tuple[str, ...]


def check_again(rule: ResprayRule | None, recipe_id: str, before: Sprayed, now: datetime) -> None:
    """Refuse to spray a pellet again where the rule does not allow it.

    Raises:
        BlockedError: names the pellet, the rule and the remedy.
    """
    what = f"{before.lot_id} was sprayed {before.count} times, last at {before.last_at.isoformat()}"
    if rule is None or rule.status != "released":
        raise BlockedError(
            f"{what}; recipe {recipe_id} has no released re-spray rule: scrap it or enter a rule"
        )
    if before.count > rule.most_count:
        raise BlockedError(f"{what}; it may be sprayed again {rule.most_count} times: scrap it")
    age_s = (now - before.last_at).total_seconds()
    if age_s > rule.within_s:
        raise BlockedError(
            f"{what}, {age_s:.0f} s ago; it may be sprayed again within {rule.within_s:.0f} s: "
            "scrap it"
        )
    if not before.codes:
        raise BlockedError(f"{what}, and both faces were good; take it off the job order")
    other = [code for code in before.codes if code not in rule.after]
    if other:
        raise BlockedError(
            f"{what}; after {', '.join(other)} it is not sprayed again, only after "
            f"{', '.join(rule.after)}: scrap it"
        )


async def check(tx: Transaction, job_order: JobOrderReleased, now: datetime) -> None:
    """Refuse a job order with a pellet that was sprayed and may not be again.

    Raises:
        BlockedError: see `check_again`.
    """
    before = await _sprayed(tx, [item.lot_id for item in pellets(job_order)])
    if not before:
        return
    rule = await _rule(tx, job_order.recipe_id)
    for lot_id in sorted(before):
        check_again(rule, job_order.recipe_id, before[lot_id], now)


async def _rule(tx: Transaction, recipe_id: str) -> ResprayRule | None:
    statement = """
        SELECT body FROM respray_rule
        WHERE recipe_id = :id AND body ->> 'status' <> 'draft' ORDER BY version DESC LIMIT 1"""
    body = await tx.scalar(sql(statement), {"id": recipe_id})
    return None if body is None else ResprayRule.model_validate(body)


async def _sprayed(tx: Transaction, lot_ids: Sequence[str]) -> Mapping[str, Sprayed]:
    statement = """
        SELECT lot_id, station_order_id, max(sprayed_at) AS sprayed_at,
               array_agg(DISTINCT code) FILTER (WHERE code IS NOT NULL) AS codes
        FROM coated_face LEFT JOIN LATERAL unnest(codes) AS code ON true
        WHERE lot_id = ANY(:lot_ids)
        GROUP BY lot_id, station_order_id ORDER BY lot_id, sprayed_at"""
    rows = (await tx.execute(sql(statement), {"lot_ids": list(lot_ids)})).mappings().all()
    found: dict[str, Sprayed] = {}
    for row in rows:
        known = found.get(row["lot_id"])
        found[row["lot_id"]] = Sprayed(
            lot_id=row["lot_id"],
            count=1 if known is None else known.count + 1,
            last_at=row["sprayed_at"],
            codes=tuple(row["codes"] or ()),
        )
    return found
