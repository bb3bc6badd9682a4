"""Gates, control charts and nonconformances as people work with them, in a real browser."""

import json
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.plant import Plant
from tests.web.quality_records import Gauged, keep

FIRST_PASSWORD, PASSWORD = "first-one-of-two", "chosen-at-sign-in"
CHART = "nfm-thickness"
PERSONS = {
    "quinn": ("Quinn Hale", ["quality", "engineer"]),
    "rosa": ("Rosa Diaz", ["quality"]),
    "olaf": ("Olaf Berg", ["operator"]),
}


@pytest.fixture(scope="module")
def persons(plant: Plant) -> None:
    """Two persons who may decide and one who may not; all have chosen a password."""
    for login, (name, roles) in PERSONS.items():
        given = {"login": login, "name": name, "roles": roles, "password": FIRST_PASSWORD}
        assert plant.http.post(f"{plant.url}/api/persons", json=given).status_code == 201
        with httpx.Client(base_url=plant.url, timeout=30.0, trust_env=False) as client:
            come = {"login": login, "password": FIRST_PASSWORD}
            assert client.post("/api/session", json=come).status_code == 201
            change = {"password": FIRST_PASSWORD, "new_password": PASSWORD}
            assert client.post("/api/session/password", json=change).status_code == 200


@pytest.fixture
def page(context: BrowserContext, persons: None) -> Iterator[Page]:
    """A tab of Quinn, who decides over quality; nothing in it may fail aloud."""
    errors: list[str] = []
    opened = signed_in(context, "quinn")
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    assert errors == []


def signed_in(context: BrowserContext, login: str) -> Page:
    come = {"login": login, "password": PASSWORD}
    assert context.request.post("/api/session", data=come).status == 201
    return context.new_page()


def sign(form: Locator, login: str, password: str = PASSWORD, meaning: str = "I agree") -> None:
    """Fill in a signature and give it."""
    form.get_by_label("Login of the signer").fill(login)
    form.get_by_label("Password of the signer").fill(password)
    form.get_by_label("Meaning").fill(meaning)
    form.get_by_role("button").last.click()


def test_a_refused_pellet_is_seen_with_its_evidence_and_waived_by_two_who_sign(
    page: Page, plant: Plant
) -> None:
    pellets = {"PG-1": 80.0, "PG-2": 86.5, "PG-3": None}
    keep(plant, Gauged(job_order_id="J-GATE", lot_id="PG", thickness_um=pellets))
    page.goto("/gates")
    blocked = page.get_by_role("region", name="Blocked now")
    expect(blocked.get_by_role("row").filter(has_text="PG-3")).to_contain_text("unknown")
    blocked.get_by_role("link", name="PG-2").click()
    values = page.get_by_role("region", name="Values of Thickness")
    refused = values.get_by_role("row").filter(has_text="PG-2")
    expect(refused).to_contain_text("86.5")
    expect(refused).to_contain_text("75 – 85")
    expect(refused).to_contain_text("g@1")
    expect(values.get_by_role("row").filter(has_text="PG-3")).to_contain_text("unknown")
    form = page.get_by_role("form", name="Waive Thickness: Thickness")
    expect(form.get_by_label("PG-3")).to_have_count(0)  # what is not known is never waived
    form.get_by_label("PG-2").check()
    form.get_by_label("Upper limit instead").fill("87")
    form.get_by_label("For how many days").fill("80")  # plant time runs fast in a test
    form.get_by_label("Reason", exact=True).fill("goes into a witness")
    sign(form, "quinn", "not-the-password")
    expect(form.get_by_role("alert")).to_contain_text("wrong")
    sign(form, "quinn")
    waiver = page.get_by_role("region", name="Waiver W-")
    expect(waiver).to_contain_text("waits for a signature")
    expect(waiver.get_by_role("row").nth(1)).to_contain_text("Quinn Hale")
    waiver.get_by_role("button", name="Sign it too").click()
    second = page.get_by_role("form", name="Sign it too")
    sign(second, "quinn")
    expect(second.get_by_role("alert")).to_contain_text("has signed")
    sign(second, "rosa")
    expect(waiver).to_contain_text("in force")
    expect(refused).to_contain_text("Released")
    expect(values.get_by_role("row").filter(has_text="PG-3")).to_contain_text("Blocked")


def test_a_specification_and_a_release_act_when_they_are_signed(page: Page, plant: Plant) -> None:
    thickness = {"characteristic": "thickness_um", "unit": "um", "low": 75, "high": 85}
    spec = {
        "gate": "diameter",
        "product_id": "signed-coin",
        "operation": "gauge",
        "version": 1,
        "decides": "parts",
        "release": "signed",
        "characteristics": [{**thickness, "source": "test"}],
    }
    rule = {"purpose": "specification", "version": 1, "needed_count": 1}
    tell(plant, "signed-1", signature_rules=[rule])
    tell(plant, "signed-2", test_specifications=[spec])
    page.goto("/gates")
    waits = page.get_by_role("region", name="diameter signed-coin v1")
    expect(waits).to_contain_text("75 – 85")
    waits.get_by_role("button", name="Sign the specification").click()
    sign(waits.get_by_role("form"), "quinn")
    expect(waits).to_have_count(0)
    gauged = Gauged(job_order_id="J-SIGN", lot_id="PZ", thickness_um={"PZ-1": 80.0})
    keep(plant, gauged, product_id="signed-coin")
    page.goto("/gates")
    page.get_by_role("region", name="Blocked now").get_by_role("link", name="PZ-1").click()
    release = page.get_by_role("region", name="Release of PZ")
    release.get_by_role("button", name="Sign the release").click()
    sign(release.get_by_role("form"), "rosa")
    expect(release).to_have_count(0)
    values = page.get_by_role("region", name="Diameter", exact=True)
    expect(values).to_contain_text("release signed by Rosa Diaz (rosa)")


def tell(plant: Plant, key: str, **section: list[dict[str, object]]) -> None:
    """Give quality its section of the master data."""
    content = json.dumps({"quality": section}).encode()
    reply = plant.post("/api/master-data", content, f"{key}-key", "application/json")
    assert reply.status_code in (200, 201), reply.text


def test_limits_are_frozen_on_the_chart_and_a_point_outside_them_asks_for_its_plan(
    page: Page, plant: Plant
) -> None:
    def lot(number: int, mean_um: float) -> Gauged:
        steps = enumerate((-0.4, 0.1, 0.3, -0.2, 0.2), 1)
        values = {f"SP-{number}-{part}": mean_um + step for part, step in steps}
        return Gauged(job_order_id=f"J-SPC-{number}", lot_id=f"SP-{number}", thickness_um=values)

    keep(plant, *(lot(number, 80.0 + 0.2 * (number % 5)) for number in range(30)))
    page.goto("/charts")
    row = page.get_by_role("row").filter(has_text=CHART)
    expect(row).to_contain_text("no limits yet")
    row.get_by_role("link").click()
    plot = page.get_by_role("img", name="Control chart").locator("canvas")
    expect(plot).to_be_visible()
    expect(page.get_by_text("No limits yet: nothing is judged")).to_be_visible()
    newest = page.get_by_role("region", name="Newest points").last
    expect(newest.get_by_role("row").filter(has_text="SP-29")).to_be_visible()
    page.reload()  # the form proposes all points that there are now
    form = page.get_by_role("form", name="Freeze limits from some points")
    form.get_by_label("Reason").fill("a calm month")
    form.get_by_label("Last point").fill("9")
    form.get_by_role("button", name="Freeze").click()
    expect(form.get_by_role("alert")).to_contain_text("at least 20")
    form.get_by_label("Last point").fill("29")
    form.get_by_role("button", name="Freeze").click()
    frozen = page.get_by_role("region", name="Frozen limits").last
    expect(frozen.get_by_role("row").nth(1)).to_contain_text("Quinn Hale (quinn)")
    keep(plant, lot(99, 83.0))
    signal = page.get_by_role("region", name=f"{CHART}, point")
    expect(signal).to_contain_text("outside its limits")
    expect(signal).to_contain_text("Measure the reference disc")
    signal.get_by_role("button", name="Answer with cause and action").click()
    signal.get_by_label("Cause found").fill("wrong zero of the gauge")
    signal.get_by_label("What was done").fill("zeroed, measured again")
    signal.get_by_role("button", name="Close the signal").click()
    expect(signal).to_contain_text("Quinn Hale (quinn): wrong zero of the gauge")


def test_a_nonconformance_is_raised_contained_released_by_two_and_counted(page: Page) -> None:
    page.goto("/nonconformances")
    report = page.get_by_role("region", name="Raise a nonconformance").get_by_role("form")
    report.get_by_label("What is wrong").fill("iron in the powder")
    report.get_by_label("Category").fill("Iron speck")
    report.get_by_label("Lots, with spaces between").fill("POW-7 POW-8")
    report.get_by_role("button", name="Raise and hold").click()
    lots = page.get_by_role("region", name="Lots concerned").last
    expect(lots.get_by_role("row").filter(has_text="POW-8")).to_contain_text("held")
    expect(lots.get_by_role("row").filter(has_text="POW-8")).to_contain_text("not entered")
    contain = page.get_by_role("form", name="Contain")
    contain.get_by_label("POW-8").check()
    contain.get_by_label("Where it stands").fill("cage 2")
    contain.get_by_label("Reason").fill("searched the powder room")
    contain.get_by_role("button").click()
    expect(lots.get_by_role("row").filter(has_text="POW-8")).to_contain_text("cage 2")
    decide = page.get_by_role("form", name="Decide over some lots")
    decide.get_by_label("POW-7").check()
    decide.get_by_label("Reason").fill("sieved, no iron found")
    sign(decide, "quinn")
    decided = page.get_by_role("region", name="Disposition D-")
    expect(decided).to_contain_text("waits for another signature")
    expect(lots.get_by_role("row").filter(has_text="POW-7")).to_contain_text("held")
    decided.get_by_role("button", name="Sign as another person").click()
    second = decided.get_by_role("form")
    sign(second, "olaf")
    expect(second.get_by_role("alert")).to_contain_text("may not decide")
    sign(second, "rosa")
    expect(decided).to_contain_text("in force")
    expect(lots.get_by_role("row").filter(has_text="POW-7")).to_contain_text("Released")
    close = page.get_by_role("form", name="Close it")
    close.get_by_label("Conclusion").fill("done")
    sign(close, "quinn")
    expect(close.get_by_role("alert")).to_contain_text("needs: a disposition of POW-8")
    page.goto("/nonconformances")
    pareto = page.get_by_role("region", name="What it is about most often").last
    expect(pareto.get_by_role("row").filter(has_text="Iron speck")).to_contain_text("1")


def test_gauge_studies_are_shown_with_their_meaning_and_a_plan_is_drawn(
    page: Page, plant: Plant
) -> None:
    study = {"characteristic": "thickness_um", "equipment_id": "gauge-1", "person": "Bo"}
    parts = [
        [[80.0 + part + 0.01 * (op + rep) for rep in range(2)] for op in range(2)]
        for part in range(5)
    ]
    crossed = {**study, "study_id": "GRR-1", "kind": "crossed", "values": parts, "tolerance": 10.0}
    readings = [100.5 + 0.01 * (number % 3) for number in range(12)]
    biased = {**study, "study_id": "BIAS-1", "kind": "bias", "readings": readings}
    biased |= {"reference": 100.0, "certificate": "CAL-7"}
    for body in (crossed, biased):
        said = page.request.post(
            "/api/quality/gauge-records",
            headers={"idempotency-key": f"{body['study_id']}-key"},
            data=body,
        )
        assert said.status == 201, said.text()
    page.goto("/gauges")
    studies = page.get_by_role("region", name="Gauge studies").last
    expect(studies.get_by_role("row").filter(has_text="GRR-1")).to_contain_text("fit")
    expect(studies.get_by_role("row").filter(has_text="BIAS-1")).to_contain_text("biased")
    plan = page.get_by_role("region", name="Sampling plan of ISO 2859-1").last
    curve = page.get_by_role("img", name="Share of lots accepted")
    expect(curve).to_be_visible()
    assert curve.evaluate("(image) => image.complete && image.naturalWidth > 0")
    expect(plan.get_by_role("row").nth(1)).to_contain_text("50")


def test_who_may_not_decide_sees_all_and_is_told_who_may(
    context: BrowserContext, persons: None, plant: Plant
) -> None:
    keep(plant, Gauged(job_order_id="J-SEEN", lot_id="PS", thickness_um={"PS-1": 99.0}))
    page = signed_in(context, "olaf")
    page.goto("/gates/J-SEEN")
    expect(page.get_by_role("region", name="Values of Thickness")).to_contain_text("PS-1")
    expect(page.get_by_text("somebody with the role Quality").first).to_be_visible()
    expect(page.get_by_role("form")).to_have_count(0)
    page.goto("/gates/J-NEVER")
    expect(page.get_by_role("main").get_by_role("alert")).to_contain_text("nothing with this id")
    said = context.request.post(
        "/api/quality/job-orders/J-SEEN/evaluations",
        headers={"idempotency-key": "olaf-may-not", "content-type": "application/json"},
        data=json.dumps({"person": "-", "reason": "let it go"}),
    )
    assert said.status == 403
