"""A gate whose releases are signed: what it finds good stays blocked until somebody says so."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events import NonconformanceRaised, RecordSigned
from tests.station.quality_desk import (
    Desk,
    accepted,
    built_of,
    ended,
    pellets_of,
    quality_desk,
    result,
    signature,
    specification,
)

CCD = {"characteristic": "ccd_survived_ma_per_cm2", "unit": "ma_per_cm2", "low": 4.0}
SIGN = "/release-signatures"


@pytest.fixture
async def desk(fresh_database: str) -> AsyncIterator[Desk]:
    async with quality_desk(fresh_database) as found:
        rule = {"decides": "pellet_lot", "release": "signed", "may_release": ["quality"]}
        await found.taught(specification("witness", "ccd", CCD, **rule))
        await found.hear(
            accepted(1),
            pellets_of("PEL", "P-1", "P-2"),
            built_of("W-1", "P-1"),
            built_of("C-1", "P-2"),
            source="execution",
        )
        yield found


async def witness(desk: Desk, survived: float, job_order_id: str = "W-1-ccd") -> None:
    measured = result("W-1", "ccd_survived_ma_per_cm2", "mA/cm²", survived)
    await desk.hear(ended("W-1", "ccd", measured, job_order_id=job_order_id))


def signed(person: str, role: str = "quality", **more: Any) -> dict[str, Any]:
    about = {"job_order_id": "W-1-ccd", "gate": "witness", "lot_id": "PEL"}
    return about | {"signature": signature(person, role, **more)}


async def test_a_good_witness_releases_its_siblings_when_somebody_signs(desk: Desk) -> None:
    await witness(desk, 6.0)
    assert await desk.decided("witness") == [("PEL", "blocked")]
    assert await desk.said(NonconformanceRaised) == [], "nothing is amiss"
    page = await desk.get("/job-orders/W-1-ccd/gates")
    [waits] = page["releases"]
    assert (waits["gate"], waits["lot_id"], waits["signatures"]) == ("witness", "PEL", [])
    answer = await desk.does(SIGN, signed("Li Na", record_sha256=waits["record_sha256"]))
    assert answer["is_released"] is True
    assert (await desk.decided("witness"))[-1] == ("PEL", "released")
    [said] = await desk.said(RecordSigned)
    assert (said.purpose, said.record_kind) == ("gate_release", "release")
    assert (await desk.get("/job-orders/W-1-ccd/gates"))["releases"] == []
    assert "waits for a signature" in await desk.refused(SIGN, signed("Mei"), 404)


async def test_a_role_that_may_not_release_and_another_record_release_nothing(desk: Desk) -> None:
    await witness(desk, 6.0)
    assert "signs as operator" in await desk.refused(SIGN, signed("Bo", "operator"), 403)
    assert "has changed" in await desk.refused(SIGN, signed("Bo", record_sha256="0" * 64), 409)
    assert await desk.decided("witness") == [("PEL", "blocked")]


async def test_a_failure_after_it_leaves_nothing_to_sign(desk: Desk) -> None:
    await witness(desk, 6.0)
    await witness(desk, 1.0, "W-1-again")
    assert (await desk.decided("witness"))[-1] == ("PEL", "blocked")
    assert len(await desk.said(NonconformanceRaised)) == 1
    await desk.refused(SIGN, signed("Li Na"), 404)
