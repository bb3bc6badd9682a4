"""Reckons the exposure of every lot of a room again from the samples, and says which differ.

Samples that arrived after a decision, or that were deleted since, would otherwise go unseen.
"""

import math
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from services.quality.airrecord import AirRecord, SensorRecord, air_record
from services.quality.domain import gas_of
from services.quality.gas import GASES, WATER_GAS, Gas
from services.quality.store import all_rows
from shared.transaction import Transaction

SAME_PPM_H = 0.01


async def record_of(
    tx: Transaction,
    equipment_id: str,
    from_at: datetime,
    to_at: datetime,
    longest_gap_s: float,
    gas: Gas = WATER_GAS,
) -> AirRecord:
    """Return a gas in a room's air between two instants; seconds count from the first of them."""
    rows = await all_rows(
        tx,
        """
        SELECT signal, array_agg(extract(epoch FROM source_at - :from_at)::float8
                                 ORDER BY source_at) AS time_s,
               array_agg(coalesce(value, 'NaN') ORDER BY source_at) AS shown
        FROM air_sample
        WHERE equipment_id = :equipment_id AND signal = ANY(:signals)
          AND source_at BETWEEN :first_at AND :last_at
        GROUP BY signal ORDER BY signal""",
        equipment_id=equipment_id,
        signals=list(gas.signals),
        from_at=from_at,
        first_at=from_at - timedelta(seconds=longest_gap_s),
        last_at=to_at + timedelta(seconds=longest_gap_s),
    )
    sensors = [
        SensorRecord(time_s=np.array(row["time_s"]), shown=np.array(row["shown"])) for row in rows
    ]
    return air_record(sensors, longest_gap_s, gas)


async def recomputed(
    tx: Transaction, equipment_id: str, from_at: datetime, to_at: datetime, longest_gap_s: float
) -> dict[str, Any]:
    """Return how many intervals of a room were reckoned again, and those that came out otherwise.

    An interval counts when it began and ended between the two instants.
    """
    rows = await all_rows(
        tx,
        """
        SELECT e.lot_id, e.open_state, e.from_at, e.to_at, e.state, e.dose_ppm_h, e.evaluated_at
        FROM exposure e JOIN exposure_budget b
          ON b.state = e.open_state AND b.version = e.version
         AND b.body ->> 'room_equipment_id' = :equipment_id
        JOIN passage p ON p.job_order_id = e.job_order_id AND p.product_id = b.product_id
        WHERE e.from_at >= :from_at AND e.to_at <= :to_at ORDER BY e.id""",
        equipment_id=equipment_id,
        from_at=from_at,
        to_at=to_at,
    )
    differing: list[dict[str, Any]] = []
    for gas in GASES.values():
        own = [row for row in rows if gas_of(row["open_state"]) == gas.name]
        if not own:
            continue
        record = await record_of(tx, equipment_id, from_at, to_at, longest_gap_s, gas)
        ends = [
            np.array([(row[name] - from_at).total_seconds() for row in own])
            for name in ("from_at", "to_at")
        ]
        differing += [
            {**row, "recomputed_dose_ppm_h": None if math.isnan(dose) else dose}
            for row, dose in zip(own, record.doses_ppm_h(*ends).tolist(), strict=True)
            if not _same(row["dose_ppm_h"], dose)
        ]
    return {"room_equipment_id": equipment_id, "count": len(rows), "differing": differing}


def _same(kept: float | None, dose_ppm_h: float) -> bool:
    if kept is None or math.isnan(dose_ppm_h):
        return kept is None and math.isnan(dose_ppm_h)
    return abs(kept - dose_ppm_h) <= SAME_PPM_H
