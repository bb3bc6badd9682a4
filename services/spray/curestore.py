"""Cure models, predicted conversion of faces and measured results."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import RowMapping

from services.spray import cure
from services.spray.cure import CureModel
from shared.app import Service
from shared.db import sql
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.events import CureMeasured, NonconformanceRaised
from shared.instants import Instant
from shared.transaction import Transaction


class CureResult(BaseModel):
    """What an instrument shows of one face; `value_ratio` see `cure.measured_ratio`."""

    model_config = ConfigDict(extra="forbid")

    face: Literal["a", "b"]
    method: Literal["ft_ir", "tga"]
    value_ratio: float = Field(allow_inf_nan=False)
    measured_at: Instant
    person: str = Field(min_length=1, max_length=200)


async def newest_model(tx: Transaction) -> CureModel | None:
    """Return the newest version of the cure model, None while there is none."""
    statement = "SELECT body FROM cure_model ORDER BY version DESC, cure_model_id LIMIT 1"
    body = await tx.scalar(sql(statement))
    return None if body is None else CureModel.model_validate(body)


async def confirm(
    tx: Transaction, service: Service, lot_id: str, given: CureResult
) -> dict[str, Any]:
    """Keep a result beside its prediction; a drift of the station's results is a nonconformance.

    Raises:
        NotFoundError: no such sprayed face.
        InvalidInputError: before the spraying or in the future, or no ratio.
        ConflictError: that result was entered before.
    """
    face, model = await _face_at(tx, lot_id, given)
    if given.measured_at > service.clock.now():
        raise InvalidInputError(f"measured_at {given.measured_at.isoformat()} is after now")
    elapsed_s = (given.measured_at - face["sprayed_at"]).total_seconds()
    row = {
        **given.model_dump(include={"face", "method", "measured_at"}),
        "lot_id": lot_id,
        "station_order_id": face["station_order_id"],
        "equipment_id": face["equipment_id"],
        "predicted_ratio": cure.conversion_ratio(face["cure_rate_per_min"], elapsed_s),
        "measured_ratio": cure.measured_ratio(model, given.method, given.value_ratio),
        "entered_by": given.person,
    }
    statement = """
        INSERT INTO cure_result (lot_id, face, method, measured_at, station_order_id, equipment_id,
                                 predicted_ratio, measured_ratio, entered_by)
        VALUES (:lot_id, :face, :method, :measured_at, :station_order_id, :equipment_id,
                :predicted_ratio, :measured_ratio, :entered_by)
        ON CONFLICT DO NOTHING"""
    if not (await tx.execute(sql(statement), row)).rowcount:
        raise ConflictError(f"{given.method} of {lot_id} face {given.face} was entered before")
    drift = await _drift(tx, service, model, row)
    await service.outbox.record(tx, await _measured(tx, model, row))
    return {
        "lot_id": lot_id,
        "face": given.face,
        "predicted_ratio": row["predicted_ratio"],
        "measured_ratio": row["measured_ratio"],
        "drift_ratio": drift,
    }


async def _face_at(tx: Transaction, lot_id: str, given: CureResult) -> tuple[RowMapping, CureModel]:
    statement = """
        SELECT f.*, m.body AS model FROM coated_face f
        JOIN cure_model m ON (m.cure_model_id, m.version)
            = (f.cure_model_id, f.cure_model_version)
        WHERE f.lot_id = :lot_id AND f.face = :face AND f.sprayed_at <= :measured_at
          AND f.cure_rate_per_min IS NOT NULL
        ORDER BY f.sprayed_at DESC LIMIT 1"""
    values = {"lot_id": lot_id, "face": given.face, "measured_at": given.measured_at}
    row = (await tx.execute(sql(statement), values)).mappings().first()
    if row is None:
        raise NotFoundError(
            f"no face {given.face} of {lot_id} with a predicted cure was sprayed before "
            f"{given.measured_at.isoformat()}"
        )
    return row, CureModel.model_validate(row["model"])


async def _measured(tx: Transaction, model: CureModel, row: dict[str, Any]) -> CureMeasured:
    """Return what a result says of its pellet: the worse of the newest results of its faces."""
    statement = """
        SELECT min(measured_ratio) FROM (
            SELECT DISTINCT ON (face) measured_ratio FROM cure_result
            WHERE lot_id = :lot_id AND method = :method
            ORDER BY face, measured_at DESC) AS newest"""
    worst = await tx.scalar(sql(statement), {"lot_id": row["lot_id"], "method": row["method"]})
    conversion = row["measured_ratio"] if worst is None else float(worst)
    residual = (1.0 - conversion) * model.residual_at_zero_ratio
    return CureMeasured(
        lot_id=row["lot_id"],
        face=row["face"],
        method=row["method"],
        equipment_id=row["equipment_id"],
        measured_at=row["measured_at"],
        predicted_ratio=row["predicted_ratio"],
        conversion_ratio=conversion,
        residual_liquid_ratio=residual if row["method"] == "tga" else None,
        person=row["entered_by"],
    )


async def _drift(
    tx: Transaction, service: Service, model: CureModel, row: dict[str, Any]
) -> float | None:
    """Raise a nonconformance when the newest results drift, with the lots they were taken from.

    Results that led to one are not counted again.
    """
    equipment_id = row["equipment_id"]
    lock = "SELECT pg_advisory_xact_lock(hashtext(:equipment_id))"
    await tx.execute(sql(lock), {"equipment_id": f"cure {equipment_id}"})
    statement = """
        SELECT lot_id, measured_ratio - predicted_ratio AS difference FROM cure_result
        WHERE equipment_id = :equipment_id AND NOT drift_raised
        ORDER BY measured_at DESC, lot_id, face, method LIMIT :count"""
    values = {"equipment_id": equipment_id, "count": model.drift_count}
    newest = (await tx.execute(sql(statement), values)).mappings().all()
    drift = cure.drift_ratio(model, [item["difference"] for item in newest])
    if drift is None:
        return None
    raised = "UPDATE cure_result SET drift_raised = true WHERE equipment_id = :equipment_id"
    await tx.execute(sql(raised), values)
    lots = tuple(sorted({item["lot_id"] for item in newest}))
    event = NonconformanceRaised(
        lot_id=row["lot_id"],
        nonconformance_id=f"NC-cure-{row['lot_id']}-{row['face']}-{row['method']}"
        f"-{row['measured_at']:%Y%m%dT%H%M%S}",
        equipment_id=equipment_id,
        description=(
            f"cure drifts: the mean of the last {model.drift_count} results is {drift:+.3f} from "
            f"the prediction of {model.cure_model_id} version {model.version}, its limit is "
            f"{model.drift_limit_ratio:.3f}; check glue, field and dew point, then fit the model"
        ),
        lot_ids=lots,
    )
    await service.outbox.record(tx, event)
    return drift


async def cure_of(tx: Transaction, lot_id: str, now: datetime) -> dict[str, Any]:
    """Return the predicted conversion of each face at an instant, and the results of the pellet.

    Conversion is None where it cannot be predicted.
    """
    statement = """
        SELECT DISTINCT ON (face) face, sprayed_at, cure_rate_per_min, cure_model_id,
               cure_model_version, cure_water_ppm, cure_temperature_degc
        FROM coated_face WHERE lot_id = :lot_id ORDER BY face, sprayed_at DESC"""
    faces = (await tx.execute(sql(statement), {"lot_id": lot_id})).mappings().all()
    results = """
        SELECT face, method, measured_at, predicted_ratio, measured_ratio, entered_by
        FROM cure_result WHERE lot_id = :lot_id ORDER BY measured_at, face, method"""
    measured = (await tx.execute(sql(results), {"lot_id": lot_id})).mappings()
    return {
        "faces": [
            dict(face)
            | {
                "predicted_ratio": None
                if face["cure_rate_per_min"] is None
                else cure.conversion_ratio(
                    face["cure_rate_per_min"], (now - face["sprayed_at"]).total_seconds()
                )
            }
            for face in faces
        ],
        "results": [dict(row) for row in measured],
    }


async def results(tx: Transaction, limit: int, equipment_id: str | None) -> list[dict[str, Any]]:
    """Return the newest results, measured beside predicted conversion; those of one station."""
    statement = """
        SELECT lot_id, face, method, measured_at, equipment_id, predicted_ratio, measured_ratio,
               measured_ratio - predicted_ratio AS difference_ratio, entered_by, drift_raised
        FROM cure_result
        WHERE equipment_id = coalesce(CAST(:equipment_id AS text), equipment_id)
        ORDER BY measured_at DESC, lot_id, face, method LIMIT :limit"""
    values = {"limit": limit, "equipment_id": equipment_id}
    return [dict(row) for row in (await tx.execute(sql(statement), values)).mappings()]
