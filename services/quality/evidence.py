"""Spectra and the raw files they came from in quality's database."""

import json
from datetime import datetime
from typing import Any

from services.quality.store import all_rows
from shared.db import sql
from shared.errors import NotFoundError
from shared.events import SpectrumMeasured
from shared.transaction import Transaction


async def keep_spectrum(tx: Transaction, event: SpectrumMeasured) -> None:
    """Keep the arrays of a measured spectrum."""
    columns = {
        "spectrum_id",
        "lot_id",
        "job_order_id",
        "mode",
        "temperature_degc",
        "fixture_id",
        "measured_at",
    }
    await tx.execute(
        sql("""
            INSERT INTO spectrum (spectrum_id, lot_id, job_order_id, name, mode, frequency_hz,
                z_real_ohm, z_imag_ohm, temperature_degc, fixture_id, measured_at)
            VALUES (:spectrum_id, :lot_id, :job_order_id, :spectrum_id, :mode, :frequency_hz,
                :z_real_ohm, :z_imag_ohm, :temperature_degc, :fixture_id, :measured_at)
            ON CONFLICT DO NOTHING"""),
        {
            **event.model_dump(include=columns),
            "frequency_hz": list(event.frequency_hz),
            "z_real_ohm": list(event.z_real_ohm),
            "z_imag_ohm": list(event.z_imag_ohm),
        },
    )


async def set_figures(
    tx: Transaction, spectrum_id: str, figures_record: dict[str, Any] | None, version: str
) -> None:
    """Keep what a spectrum's evaluation found, with the version of the model that found it."""
    await tx.execute(
        sql("""
            UPDATE spectrum SET figures = CAST(:figures AS jsonb), model_version = :version
            WHERE spectrum_id = :id"""),
        {"id": spectrum_id, "figures": json.dumps(figures_record), "version": version},
    )


async def keep_file(tx: Transaction, sha256: str, content: bytes, at: datetime) -> None:
    """Keep the bytes of a file under their SHA-256; the same bytes are kept once."""
    await tx.execute(
        sql("""
            INSERT INTO evidence (sha256, content, stored_at) VALUES (:sha256, :content, :at)
            ON CONFLICT DO NOTHING"""),
        {"sha256": sha256, "content": content, "at": at},
    )


async def file(tx: Transaction, sha256: str) -> bytes:
    """Return the bytes of a file.

    Raises:
        NotFoundError: no such file.
    """
    content: bytes | None = await tx.scalar(
        sql("SELECT content FROM evidence WHERE sha256 = :sha256"), {"sha256": sha256}
    )
    if content is None:
        raise NotFoundError(f"evidence {sha256} does not exist")
    return bytes(content)


async def keep_uploaded(tx: Transaction, row: dict[str, Any]) -> None:
    """Keep the arrays and figures of a spectrum that came as a file."""
    await tx.execute(
        sql("""
            INSERT INTO spectrum (spectrum_id, lot_id, name, sha256, mode, frequency_hz,
                z_real_ohm, z_imag_ohm, temperature_degc, measured_at, figures, parser_version,
                model_version)
            VALUES (:spectrum_id, :lot_id, :name, :sha256, :mode, :frequency_hz, :z_real_ohm,
                :z_imag_ohm, :temperature_degc, :at, CAST(:figures AS jsonb), :parser_version,
                :model_version)"""),
        {**row, "figures": json.dumps(row["figures"])},
    )


async def of_lot(tx: Transaction, lot_id: str, limit: int) -> list[dict[str, Any]]:
    """Return the newest spectra of a lot with their arrays and figures, newest first."""
    rows = await all_rows(
        tx,
        """
        SELECT spectrum_id, job_order_id, name, sha256, mode, frequency_hz, z_real_ohm, z_imag_ohm,
               temperature_degc, fixture_id, measured_at, figures, parser_version, model_version
        FROM spectrum WHERE lot_id = :lot_id ORDER BY measured_at DESC, spectrum_id LIMIT :limit""",
        lot_id=lot_id,
        limit=limit,
    )
    return [dict(row) for row in rows]


async def arrays_of(tx: Transaction, spectrum_id: str) -> dict[str, Any]:
    """Return name and arrays of one spectrum.

    Raises:
        NotFoundError: no such spectrum.
    """
    rows = await all_rows(
        tx,
        """
        SELECT name, frequency_hz, z_real_ohm, z_imag_ohm FROM spectrum
        WHERE spectrum_id = :spectrum_id""",
        spectrum_id=spectrum_id,
    )
    if not rows:
        raise NotFoundError(f"spectrum {spectrum_id} does not exist")
    return dict(rows[0])


async def temperature_series(tx: Transaction, lot_id: str, version: str) -> list[dict[str, Any]]:
    """Return the ionic resistances of a lot at known temperatures, by one version of the model."""
    rows = await all_rows(
        tx,
        """
        SELECT spectrum_id, temperature_degc, measured_at, model_version,
               CAST(figures->'fit'->>'ionic_ohm' AS double precision) AS ionic_ohm,
               CAST(figures->'fit'->>'ionic_error_ohm' AS double precision) AS ionic_error_ohm
        FROM spectrum
        WHERE lot_id = :lot_id AND temperature_degc IS NOT NULL
          AND figures->'fit'->>'ionic_ohm' IS NOT NULL AND model_version = :version
        ORDER BY temperature_degc, measured_at""",
        lot_id=lot_id,
        version=version,
    )
    return [dict(row) for row in rows]
