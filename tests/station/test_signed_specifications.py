"""A test specification that must be signed does not act before, and never silently."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.station.quality_desk import Desk, ended, quality_desk, result, signature, specification

VACUUM = {"characteristic": "vacuum_mbar", "unit": "mbar", "high": 20}
RULE = {"purpose": "specification", "version": 1, "needed_count": 2, "roles": ["quality"]}
SIGN = "/specification-signatures"


@pytest.fixture
async def desk(fresh_database: str) -> AsyncIterator[Desk]:
    async with quality_desk(fresh_database) as found:
        await found.taught(specification("seal", "seal", VACUUM))
        await found.taught(signature_rules=[RULE])
        yield found


def signed(person: str, version: int = 2, role: str = "quality", **more: Any) -> dict[str, Any]:
    given = {"product_id": "nvp-coin", "operation": "seal", "gate": "seal", "version": version}
    return given | {"signature": signature(person, role, **more)}


async def sealed(desk: Desk, job_order_id: str, vacuum_mbar: float) -> str:
    """Return what the gate says of a cell's seal."""
    lot_id = f"C-{job_order_id}"
    measured = result(lot_id, "vacuum_mbar", "mbar", vacuum_mbar)
    await desk.hear(ended(lot_id, "seal", measured, job_order_id=job_order_id))
    return (await desk.decided("seal"))[-1][1]


async def test_the_version_that_acted_goes_on_until_two_have_signed_the_next(desk: Desk) -> None:
    await desk.taught(specification("seal", "seal", VACUUM | {"high": 10}, version=2))
    assert await sealed(desk, "J-1", 15.0) == "released"
    [waits] = (await desk.get("/unsigned-specifications"))["items"]
    assert (waits["version"], waits["signatures"]) == (2, [])
    first = await desk.does(SIGN, signed("Li Na"))
    assert (first["signed_count"], first["acts"]) == (1, False)
    assert await sealed(desk, "J-2", 15.0) == "released"
    second = await desk.does(SIGN, signed("Mei", record_sha256=waits["record_sha256"]))
    assert second["acts"] is True
    assert await sealed(desk, "J-3", 15.0) == "blocked"
    assert (await desk.get("/unsigned-specifications"))["items"] == []


async def test_one_person_a_wrong_role_and_another_content_sign_nothing(desk: Desk) -> None:
    await desk.taught(specification("seal", "seal", VACUUM | {"high": 10}, version=2))
    await desk.does(SIGN, signed("Li Na"))
    assert "signed" in await desk.refused(SIGN, signed("li na"), 409)
    assert "signs as viewer" in await desk.refused(SIGN, signed("Bo", role="viewer"), 403)
    changed = signed("Mei", record_sha256="0" * 64)
    assert "has changed" in await desk.refused(SIGN, changed, 409)
    assert "does not exist" in await desk.refused(SIGN, signed("Mei", version=9), 404)
    assert await sealed(desk, "J-1", 15.0) == "released"


async def test_a_version_that_acts_is_not_signed_again_and_no_older_one_comes_back(
    desk: Desk,
) -> None:
    assert "acts already" in await desk.refused(SIGN, signed("Li Na", version=1), 409)
    for version, high in ((2, 10), (3, 5)):
        await desk.taught(specification("seal", "seal", VACUUM | {"high": high}, version=version))
    for person in ("Li Na", "Mei"):
        await desk.does(SIGN, signed(person, version=3))
    assert "older than one that acts" in await desk.refused(SIGN, signed("Li Na"), 409)
    assert await sealed(desk, "J-1", 7.0) == "blocked"


async def test_the_same_master_data_again_change_nothing(desk: Desk) -> None:
    again = specification("seal", "seal", VACUUM)
    await desk.taught(again)
    assert (await desk.get("/unsigned-specifications"))["items"] == []
    assert await sealed(desk, "J-1", 15.0) == "released"
