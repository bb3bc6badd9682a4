"""Nonconformances on a real database: exactly what is concerned is held, decided and closed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.events import (
    DispositionDecided,
    LotHeld,
    LotHoldReleased,
    LotsScrapped,
    NonconformanceChanged,
    NonconformanceRaised,
    ReworkOrdered,
)
from tests.station.quality_desk import (
    Desk,
    built_of,
    ended,
    pellets_of,
    quality_desk,
    result,
    signature,
    specification,
)

THICKNESS = {"characteristic": "thickness_um", "unit": "um", "low": 120, "high": 130}


@pytest.fixture
async def desk(fresh_database: str) -> AsyncIterator[Desk]:
    async with quality_desk(fresh_database) as found:
        await found.taught(specification("thickness", "gauge", THICKNESS, decides="parts"))
        yield found


def gauged(desk: Desk, job_order_id: str = "J-1", **values: float) -> Any:
    """A gauge measured these pellets now, µm."""
    now = desk.service.clock.now()
    lots = {name.replace("_", "-"): value for name, value in values.items()}
    return ended(
        "PEL",
        "gauge",
        *(result(lot, "thickness_um", "µm", value) for lot, value in lots.items()),
        parts=tuple(lots),
        job_order_id=job_order_id,
        started_at=now,
        ended_at=now + timedelta(seconds=1),
    )


def report(nonconformance_id: str, *lot_ids: str, **more: Any) -> dict[str, Any]:
    values = {
        "nonconformance_id": nonconformance_id,
        "description": "iron in the powder",
        "category": "contamination",
        "lot_ids": list(lot_ids),
        "person": "Li Na",
    }
    return values | more


def decision(name: str, word: str, person: str, *lot_ids: str, **more: Any) -> dict[str, Any]:
    values = {
        "disposition_id": name,
        "lot_ids": list(lot_ids),
        "disposition": word,
        "reason": "measured again",
        "signature": signature(person),
    }
    return values | more


async def held(desk: Desk) -> set[str]:
    """The lots that nonconformances hold now, by what was said."""
    on = [item.lot_id for item in await desk.said(LotHeld)]
    off = [item.lot_id for item in await desk.said(LotHoldReleased)]
    for lot_id in off:
        on.remove(lot_id)
    assert len(on) == len(set(on)), "held twice"
    return set(on)


async def test_all_that_was_made_of_a_lot_is_held_until_two_persons_let_it_go(desk: Desk) -> None:
    pressed = ended("PEL", "press", parts=("POW",)).materials
    await desk.hear(
        pellets_of("PEL", "P-1", "P-2"),
        built_of("PEL", "POW"),
        built_of("C-1", "P-1", "foil-1"),
        built_of("C-9", "foil-1"),
        source="execution",
    )
    assert pressed[0].lot_id == "POW"
    raised = await desk.does("/nonconformances", report("NC-1", "POW"))
    assert set(raised["lot_ids"]) == {"POW", "PEL", "P-1", "P-2", "C-1"}
    assert await held(desk) == {"POW", "PEL", "P-1", "P-2", "C-1"}
    await desk.does("/nonconformances", report("NC-2", "C-1"))
    path = "/nonconformances/NC-1/dispositions"
    why = await desk.refused(path, decision("D-0", "released", "Ada", "C-9"), 422)
    assert "C-9 is not concerned by NC-1" in why
    first = await desk.does(path, decision("D-1", "released", "Ada", "C-1", "P-1"))
    assert (first["state"], await held(desk)) == ("proposed", {"POW", "PEL", "P-1", "P-2", "C-1"})
    again = f"{path}/D-1/signatures"
    assert "has signed" in await desk.refused(again, signature("ADA"), 409)
    assert (await desk.does(again, signature("Bo")))["state"] == "in_force"
    assert await held(desk) == {"POW", "PEL", "P-2", "C-1"}, "NC-2 holds C-1 still"
    await desk.does(path, decision("D-2", "scrap", "Ada", "P-2"))
    [scrapped] = await desk.said(LotsScrapped)
    assert (scrapped.lot_ids, scrapped.person) == (("P-2",), "Ada")
    assert not await desk.said(DispositionDecided), "no gate had raised it"
    why = await desk.refused(path, decision("D-3", "released", "Bo", "P-2"), 409)
    assert "P-2 is scrapped; that is for good" in why
    placed = {"person": "Bo", "reason": "set apart", "places": [{"lot_id": "PEL", "place": "cage"}]}
    await desk.does("/nonconformances/NC-1/containments", placed)
    assert await held(desk) == {"POW", "PEL", "P-2", "C-1"}, "what was let go stays free"
    shown = await desk.get("/nonconformances/NC-1")
    assert shown["entries"][0]["body"]["places"] == [{"lot_id": "PEL", "place": "cage"}]
    assert {item["lot_id"]: item["disposition"] for item in shown["lots"]} == {
        "POW": None,
        "PEL": None,
        "P-1": "released",
        "P-2": "scrap",
        "C-1": "released",
    }


async def test_a_blocked_part_is_used_as_it_is_or_reworked_and_judged_anew(desk: Desk) -> None:
    route = {
        "rework_route_id": "polish",
        "version": 1,
        "product_id": "nvp-coin",
        "operations": ["polish", "gauge"],
        "source": "test",
    }
    await desk.does("/master-data", {"rework_routes": [route]})
    await desk.hear(gauged(desk, P_1=125, P_2=135, P_3=136))
    [raised] = await desk.said(NonconformanceRaised)
    path = f"/nonconformances/{raised.nonconformance_id}/dispositions"
    await desk.does(path, decision("D-1", "released", "Ada", "P-2"))
    await desk.does(f"{path}/D-1/signatures", signature("Bo"))
    last = (await desk.said(DispositionDecided))[-1]
    assert [(part.lot_id, part.disposition) for part in last.parts] == [("P-2", "released")]
    assert last.gate == "thickness"
    rework = decision("D-2", "rework", "Ada", "P-3", rework_route_id="polish")
    await desk.does(path, rework)
    assert await held(desk) == {"P-3"}
    [ordered] = await desk.said(ReworkOrdered)
    assert (ordered.lot_ids, ordered.operations) == (("P-3",), ("polish", "gauge"))
    assert ordered.gates == ("nonconformance", "thickness")
    await desk.hear(gauged(desk, "J-2", P_3=126))
    assert await held(desk) == {"P-3"}, "not polished yet"
    now = desk.service.clock.now()
    polished = ended("PEL", "polish", parts=("P-3",), started_at=now, ended_at=now)
    await desk.hear(polished, gauged(desk, "J-3", P_3=126))
    assert await held(desk) == set()
    last = (await desk.said(DispositionDecided))[-1]
    assert [(part.lot_id, part.disposition) for part in last.parts] == [("P-3", "released")]
    why = await desk.refused(path, rework | {"disposition_id": "D-3"}, 409)
    assert "P-3 has been through rework route polish 1 times; it allows 1" in why
    await desk.does("/master-data", {"rework_routes": [route | {"version": 2, "most_times": 2}]})
    await desk.does(path, rework | {"disposition_id": "D-3"})
    why = await desk.refused(path, rework | {"disposition_id": "D-4"}, 409)
    assert "P-3 has been through rework route polish 2 times; it allows 2" in why


async def test_a_nonconformance_is_closed_when_an_action_was_shown_to_work(desk: Desk) -> None:
    await desk.hear(gauged(desk, P_1=135))
    [raised] = await desk.said(NonconformanceRaised)
    one = f"/nonconformances/{raised.nonconformance_id}"
    closing = {"conclusion": "press force was low", "signature": signature("Ada")}
    why = await desk.refused(f"{one}/closings", closing, 409)
    assert "needs: a disposition of P-1 (1 lots); a cause; an effective action" in why
    await desk.does(f"{one}/dispositions", decision("D-1", "scrap", "Ada", "P-1"))
    cause = {"person": "Bo", "cause_of": "machine", "cause": "worn die", "method": "five whys"}
    await desk.does(f"{one}/causes", cause)
    planned = {
        "action_id": "A-1",
        "kind": "corrective",
        "what": "new die",
        "owner": "Bo",
        "due_at": desk.service.clock.now().isoformat(),
        "after_count": 2,
        "person": "Ada",
    }
    await desk.does(f"{one}/actions", planned)
    check = "/actions/A-1/effectiveness"
    judge = {"signature": signature("Ada")}
    assert "is planned, not done" in await desk.refused(check, judge, 409)
    await desk.does("/actions/A-1/done", {"person": "Bo", "evidence": "photo 12"})
    await desk.hear(gauged(desk, "J-2", P_2=125))
    assert "1 have ended since it was done" in await desk.refused(check, judge, 409)
    await desk.hear(gauged(desk, "J-3", P_3=125))
    assert (await desk.does(check, judge))["state"] == "effective"
    assert (await desk.does(f"{one}/closings", closing))["state"] == "closed"
    assert "is closed" in await desk.refused(f"{one}/causes", cause, 409)
    states = [item.state for item in await desk.said(NonconformanceChanged)]
    assert states == ["decided", "closed"]


async def test_a_recurrence_makes_an_action_ineffective_and_pareto_counts_it(desk: Desk) -> None:
    await desk.hear(gauged(desk, P_1=135))
    [raised] = await desk.said(NonconformanceRaised)
    planned = {
        "action_id": "A-1",
        "kind": "preventive",
        "what": "check the die daily",
        "owner": "Bo",
        "due_at": desk.service.clock.now().isoformat(),
        "after_count": 50,
        "person": "Ada",
    }
    await desk.does(f"/nonconformances/{raised.nonconformance_id}/actions", planned)
    await desk.does("/actions/A-1/done", {"person": "Bo", "evidence": "list 3"})
    await desk.hear(gauged(desk, "J-2", P_2=140, P_3=141))
    found = await desk.does("/actions/A-1/effectiveness", {"signature": signature("Ada")})
    assert (found["state"], found["recurrence_count"]) == ("ineffective", 1)
    drifted = NonconformanceRaised(
        lot_id="P-7",
        nonconformance_id="NC-cure-P-7",
        equipment_id="pilot/dryroom/spray/eap-1",
        description="cure drifts",
        lot_ids=("P-7", "P-8"),
    )
    await desk.hear(drifted, drifted, source="spray")
    assert len(await desk.said(NonconformanceRaised)) == 2, "what spray said is not said again"
    items = (await desk.get("/nonconformance-pareto"))["items"]
    assert [(item["word"], item["count"], item["lot_count"]) for item in items] == [
        ("thickness", 2, 3),
        ("spray", 1, 2),
    ]
    assert [item["cumulative_ratio"] for item in items] == [pytest.approx(2 / 3), 1.0]
