"""Gauge studies that count: kept with their values, so that anybody can compute them again."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from services.quality.domain import Identifier, Input, Name
from services.quality.gaugestudy import bias_study, gauge_study
from services.quality.signatures import Words
from services.quality.store import all_rows
from shared.db import sql
from shared.errors import ConflictError, InvalidInputError
from shared.transaction import Transaction
from shared.units import display_unit

METHOD_VERSION = "1"  # of gaugestudy.py; kept with every study


class GaugeRecord(Input):
    """A study of one gauge, as it was carried out.

    crossed: `values` by part, by operator or channel, by repeat, and perhaps `tolerance` (high
    less low). bias: repeated `readings` of one reference, its value, and what certifies it.
    """

    study_id: Identifier
    kind: Literal["crossed", "bias"]
    characteristic: Name
    equipment_id: Annotated[str, Field(min_length=1, max_length=200)]
    person: Words
    values: list[list[list[float]]] = Field(default=[], max_length=1000)
    tolerance: float | None = Field(default=None, gt=0)
    readings: list[float] = Field(default=[], max_length=10_000)
    reference: float | None = None
    certificate: Words | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        of_bias = bool(self.readings), self.reference is not None, self.certificate is not None
        wanted = self.kind == "bias"
        if any(given != wanted for given in of_bias) or bool(self.values) == wanted:
            raise ValueError(
                "a crossed study has values; a bias study has readings, reference and certificate"
            )
        return self

    def result(self) -> dict[str, Any]:
        """Return what the study says, in the unit of the characteristic.

        Raises:
            InvalidInputError: too few values, unequal numbers of them, or nothing varies.
        """
        if self.kind == "bias" and self.reference is not None:
            return asdict(bias_study(self.readings, self.reference))
        sizes = {(len(part), *sorted({len(row) for row in part})) for part in self.values}
        if len(sizes) != 1 or len(next(iter(sizes))) != 2:
            raise InvalidInputError(
                "values must have as many operators for each part and repeats for each operator"
            )
        return asdict(gauge_study(np.array(self.values), self.tolerance))


async def keep(tx: Transaction, record: GaugeRecord, at: datetime) -> dict[str, Any]:
    """Keep a study with its values and what they say.

    Raises:
        ConflictError: the id is taken.
        InvalidInputError: the values make no study.
    """
    found = record.result()
    added = await tx.execute(
        sql("""
            INSERT INTO gauge_study (study_id, kind, characteristic, equipment_id, person, body,
                result, method_version, kept_at)
            VALUES (:study_id, :kind, :characteristic, :equipment_id, :person,
                CAST(:body AS jsonb), CAST(:result AS jsonb), :version, :at)
            ON CONFLICT DO NOTHING"""),
        {
            **record.model_dump(
                include={"study_id", "kind", "characteristic", "equipment_id", "person"}
            ),
            "body": record.model_dump_json(),
            "result": json.dumps(found),
            "version": METHOD_VERSION,
            "at": at,
        },
    )
    if not added.rowcount:
        raise ConflictError(f"gauge study {record.study_id} exists; choose another id")
    unit = display_unit(record.characteristic)
    return {"study_id": record.study_id, "unit": unit, "result": found}


async def listed(
    tx: Transaction, characteristic: str | None, equipment_id: str | None, limit: int
) -> Sequence[dict[str, Any]]:
    """Return studies with their values, the newest first."""
    rows = await all_rows(
        tx,
        """
        SELECT study_id, kind, characteristic, equipment_id, person, body, result, method_version,
               kept_at
        FROM gauge_study
        WHERE (CAST(:characteristic AS text) IS NULL OR characteristic = :characteristic)
          AND (CAST(:equipment_id AS text) IS NULL OR equipment_id = :equipment_id)
        ORDER BY kept_at DESC, study_id LIMIT :limit""",
        characteristic=characteristic,
        equipment_id=equipment_id,
        limit=limit,
    )
    return [dict(row) for row in rows]
