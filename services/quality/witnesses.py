"""What the witness cells of one pellet lot say together, read from their kept figures."""

from dataclasses import asdict
from typing import Any

from services.quality.domain import CCD_SURVIVED
from services.quality.store import all_rows
from services.quality.survival import Outcome, surviving, surviving_at, weibull
from shared.errors import InvalidInputError, NotFoundError
from shared.transaction import Transaction

CCD_FAILED = "ccd_failed_ma_per_cm2"


async def statistics(tx: Transaction, pellet_lot_id: str, level: float) -> dict[str, Any]:
    """Return shares that survive and, where the outcomes determine one, a Weibull distribution.

    level: mA/cm² at which the share is stated with its lower bound.

    Raises:
        NotFoundError: no witness of the lot has a known critical current density.
    """
    outcomes = await _outcomes(tx, pellet_lot_id)
    if not outcomes:
        raise NotFoundError(f"critical current densities of witnesses of {pellet_lot_id}")
    listed = list(outcomes.values())
    passed, known, low = surviving_at(listed, level)
    answer: dict[str, Any] = {
        "pellet_lot_id": pellet_lot_id,
        "level_ma_per_cm2": level,
        "passed_count": passed,
        "known_count": known,
        "surviving_ratio_low": low,
        "witnesses": [{"lot_id": lot_id, **asdict(item)} for lot_id, item in outcomes.items()],
        "steps": [asdict(step) for step in surviving(listed)],
        "weibull": None,
        "weibull_reason": None,
    }
    try:
        answer["weibull"] = asdict(weibull(listed))
    except InvalidInputError as error:
        answer["weibull_reason"] = str(error)
    return answer


async def _outcomes(tx: Transaction, pellet_lot_id: str) -> dict[str, Outcome]:
    """Return the newest outcome of each witness; one that survived nothing counts from 0."""
    rows = await all_rows(
        tx,
        """
        SELECT DISTINCT ON (m.lot_id, m.characteristic) m.lot_id, m.characteristic, m.value,
               m.reason
        FROM measurement m
        WHERE m.characteristic IN (:survived, :failed) AND m.lot_id IN (
            SELECT c.lot_id FROM component c JOIN member b ON b.lot_id = c.part_lot_id
            WHERE b.pellet_lot_id = :pellet_lot_id)
        ORDER BY m.lot_id, m.characteristic, m.id DESC""",
        survived=CCD_SURVIVED,
        failed=CCD_FAILED,
        pellet_lot_id=pellet_lot_id,
    )
    found: dict[str, dict[str, float | None]] = {}
    for row in rows:
        found.setdefault(row["lot_id"], {})[row["characteristic"]] = row["value"]
    return {
        lot_id: Outcome(survived=values.get(CCD_SURVIVED) or 0.0, failed=values.get(CCD_FAILED))
        for lot_id, values in found.items()
        if values.get(CCD_SURVIVED) is not None or values.get(CCD_FAILED) is not None
    }
