"""What stations would have measured, put into quality's database as its events would do."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from deploy.data_folder import DataFolder
from deploy.postgres import PostgresServer
from tests.plant import Plant

START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
DENSE_G_PER_CM3, SMOOTH_UM = 3.15, 0.05
GAUGE = "pilot/furnaces/gauge/gauge-1"


@dataclass(frozen=True, kw_only=True)
class Gauged:
    """One ended job order of the gauge: thickness of each pellet, µm; None: not known.

    Each weighs what a dense one does, and is smooth.
    """

    job_order_id: str
    lot_id: str
    thickness_um: dict[str, float | None]


def keep(plant: Plant, *found: Gauged, product_id: str = "nfm-pouch-1ah") -> None:
    """Keep them; the service's own gates and charts take it from there."""
    data = DataFolder(plant.data_dir)
    url = PostgresServer(data.postgres, data.logs).url("halite_quality").replace("+psycopg", "")
    with psycopg.connect(url) as database:
        for number, one in enumerate(found):
            at = START + timedelta(minutes=number)
            database.cursor().executemany(
                "INSERT INTO measurement (job_order_id, lot_id, characteristic, value, unit,"
                " protocol, measured_at) VALUES (%s, %s, %s, %s, %s, 'g@1', %s)",
                [
                    (one.job_order_id, lot, name, value, unit, at)
                    for lot, thickness_um in one.thickness_um.items()
                    for name, value, unit in (
                        ("thickness_um", thickness_um, "µm"),
                        ("density_g_per_cm3", DENSE_G_PER_CM3, "g/cm³"),
                        ("roughness_um", SMOOTH_UM, "µm"),
                    )
                ],
            )
            database.execute(
                "INSERT INTO passage (job_order_id, lot_id, work_request_id, product_id,"
                " operation, equipment_id, parts, started_at, ended_at)"
                " VALUES (%s, %s, 'WR-T', %s, 'gauge', %s, %s, %s, %s)",
                (
                    one.job_order_id,
                    one.lot_id,
                    product_id,
                    GAUGE,
                    list(one.thickness_um),
                    at,
                    at,
                ),
            )
