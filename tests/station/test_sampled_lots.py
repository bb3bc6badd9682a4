"""Lots judged by a drawn sample on a real database, with switching from lot to lot."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events import DispositionDecided
from tests.station.quality_desk import (
    Desk,
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
        yield found


def rule(**sampling: Any) -> dict[str, Any]:
    return specification("thickness", "gauge", THICKNESS, decides="sample", sampling=sampling)


async def drawn(desk: Desk, lot_id: str) -> list[str]:
    query = "product_id=nvp-coin&operation=gauge&gate=thickness"
    found: list[str] = (await desk.get(f"/lots/{lot_id}/sample?{query}"))["lot_ids"]
    return found


async def lot_of(desk: Desk, lot_id: str, count: int) -> list[str]:
    """A pellet lot of so many pellets; return those that are to be measured."""
    members = [f"{lot_id}-{number:03d}" for number in range(count)]
    await desk.hear(pellets_of(lot_id, *members), source="execution")
    return await drawn(desk, lot_id)


def gauged(lot_id: str, job: str = "gauge", **values: float) -> Any:
    measured = {name.replace("_", "-"): value for name, value in values.items()}
    results = [result(lot, "thickness_um", "µm", value) for lot, value in measured.items()]
    return ended(lot_id, "gauge", *results, parts=tuple(measured), job_order_id=f"{lot_id}-{job}")


async def measure(desk: Desk, lot_id: str, values: dict[str, float]) -> DispositionDecided:
    results = [result(lot, "thickness_um", "µm", value) for lot, value in values.items()]
    await desk.hear(ended(lot_id, "gauge", *results, parts=tuple(values)))
    return (await desk.said(DispositionDecided))[-1]


async def test_a_sample_releases_the_whole_lot_but_not_what_failed_in_it(desk: Desk) -> None:
    await desk.taught(rule(method="fixed", sample_count=3, accept_count=1))
    sample = await lot_of(desk, "PEL", 10)
    values = dict.fromkeys(sample, 125.0) | {sample[0]: 140.0}
    decided = await measure(desk, "PEL", values)
    assert decided.disposition == "released"
    words = {part.lot_id: part.disposition for part in decided.parts}
    assert (len(words), [lot for lot, word in words.items() if word == "blocked"]) == (
        10,
        [sample[0]],
    )
    assert decided.reason == "1 of 3 drawn parts nonconforming (3 of 10, Ac 1)"


async def test_a_sample_that_is_not_the_drawn_one_leaves_the_lot_unknown(desk: Desk) -> None:
    await desk.taught(rule(method="fixed", sample_count=3, accept_count=1))
    sample = await lot_of(desk, "PEL", 10)
    chosen = [f"PEL-{number:03d}" for number in range(10) if f"PEL-{number:03d}" not in sample]
    decided = await measure(desk, "PEL", dict.fromkeys(chosen[:3], 125.0))
    assert decided.disposition == "blocked"
    assert decided.reason.startswith("unknown: 3 of the 3 drawn parts are not measured")


async def test_refused_lots_tighten_and_stop_inspection_until_a_person_resumes_it(
    desk: Desk,
) -> None:
    await desk.taught(rule(method="iso_2859_1", level="II", aql_percent=10.0))
    severities = []
    for number in range(8):
        sample = await lot_of(desk, f"L{number}", 20)
        decided = await measure(desk, f"L{number}", dict.fromkeys(sample, 150.0))
        assert decided.disposition == "blocked"
        [series] = (await desk.get("/sampling-series"))["series"]
        severities.append(series["severity"])
    assert severities == ["normal", *["tightened"] * 5, "discontinued", "discontinued"]
    sample = await lot_of(desk, "L9", 20)
    assert len(sample) == 20
    decided = await measure(desk, "L9", dict.fromkeys(sample, 125.0))
    assert "have inspection resumed" in decided.reason
    again = {
        "product_id": "nvp-coin",
        "operation": "gauge",
        "gate": "thickness",
        "reason": "new die",
        "signature": signature("Ada"),
    }
    assert (await desk.does("/sampling-resumptions", again))["severity"] == "tightened"
    assert "is tightened, not" in await desk.refused("/sampling-resumptions", again, 409)
    sample = await lot_of(desk, "L10", 20)
    decided = await measure(desk, "L10", dict.fromkeys(sample, 125.0))
    assert decided.disposition == "released"


async def test_a_double_plan_asks_for_its_second_sample_and_judges_both_together(
    desk: Desk,
) -> None:
    rule_of_two = {"method": "iso_2859_1", "level": "II", "aql_percent": 10.0, "stages": "double"}
    await desk.taught(rule(**rule_of_two))  # letter D: 5 and 5, (0, 3) and (3, 4)
    await lot_of(desk, "PEL", 40)
    query = "product_id=nvp-coin&operation=gauge&gate=thickness"
    shown = await desk.get(f"/lots/PEL/sample?{query}")
    first, second = shown["stages"]
    assert (len(first), len(second), shown["lot_ids"]) == (5, 5, first)
    good = dict.fromkeys(first, 125.0)
    await desk.hear(gauged("PEL", job="early", **{first[0].replace("-", "_"): 140.0}))
    assert (await desk.said(DispositionDecided))[-1].reason.startswith("unknown: 4 drawn parts")
    decided = await measure(desk, "PEL", good | {first[0]: 140.0, first[1]: 110.0})
    assert decided.disposition == "blocked"
    assert "2 nonconforming after stage 1; 5 drawn parts of stage 2 are not" in decided.reason
    assert (await desk.get("/sampling-series"))["items"] == [], "an open sample moves nothing"
    values = dict.fromkeys(second, 125.0) | {second[0]: 150.0}
    names = {lot.replace("-", "_"): value for lot, value in values.items()}
    await desk.hear(gauged("PEL", job="gauge-2", **names))
    decided = (await desk.said(DispositionDecided))[-1]
    assert (decided.disposition, decided.reason[:34]) == (
        "released",
        "3 of 10 drawn parts nonconforming,",
    )
    words = {part.lot_id: part.disposition for part in decided.parts}
    bad = {first[0], first[1], second[0]}
    assert {lot for lot, word in words.items() if word == "blocked"} == bad
    [kept] = (await desk.get("/sampling-series"))["items"]
    assert (kept["accepted"], kept["nonconforming_count"]) == (True, 3)


async def test_variables_refuse_a_lot_whose_spread_is_too_wide_though_all_measured_pass(
    desk: Desk,
) -> None:
    risks = {"producer_risk_ratio": 0.05, "consumer_risk_ratio": 0.1}
    await desk.taught(rule(method="variables", good_ratio=0.01, bad_ratio=0.1, **risks))
    sample = await lot_of(desk, "A", 60)
    assert 10 < len(sample) < 40
    narrow = {lot: 125.0 + 0.5 * (-1) ** n for n, lot in enumerate(sample)}
    assert (await measure(desk, "A", narrow)).disposition == "released"
    sample = await lot_of(desk, "B", 60)
    wide = {lot: 125.0 + 4.9 * (-1) ** n for n, lot in enumerate(sample)}
    decided = await measure(desk, "B", wide)
    assert decided.disposition == "blocked"
    assert "of them inside" in decided.reason


async def test_plans_are_shown_with_what_they_let_pass(desk: Desk) -> None:
    plan = await desk.get("/sampling-plans/iso-2859-1?lot_size=800&aql_percent=1.0")
    assert (plan["sample_count"], plan["refuse_count"]) == (80, 3)
    assert plan["accepted_10_percent_at_ratio"] == pytest.approx(0.0652, abs=2e-4)
    assert (plan["kind"], len(plan["stages"])) == ("single", 1)
    ask = "lot_size=800&aql_percent=1.0&stages=multiple"
    staged = await desk.get(f"/sampling-plans/iso-2859-1?{ask}")
    assert [one["sample_count"] for one in staged["stages"]] == [20 * n for n in range(1, 8)]
    assert staged["mean_sample_count"][0] < 80
    drawing = await desk.http.get(f"/sampling-plans/iso-2859-1/drawing?{ask}")
    assert "multiple, letter J, normal" in drawing.text
    small = await desk.get("/sampling-plans/fixed?sample_count=3&lot_size=20")
    assert small["accepted_ratio"][0] == 1.0
    both = await desk.get(
        "/sampling-plans/for-risks?good_ratio=0.05&bad_ratio=0.15&consumer_risk_ratio=0.075"
    )
    assert both["attributes"] == {"sample_count": 80, "accept_count": 7}
    drawn = await desk.http.get("/sampling-plans/fixed/drawing?sample_count=3")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert (
        await desk.http.get("/sampling-plans/iso-2859-1?lot_size=9&aql_percent=3")
    ).status_code == 422
