"""The operators' web app in a real browser, served by the whole plant."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg
import pytest
from playwright.sync_api import (
    BrowserContext,
    Locator,
    Page,
    WebSocket,
    expect,
)

from deploy.data_folder import DataFolder
from deploy.postgres import PostgresServer
from tests.plant import Plant

CELL, PELLETS = "WR-SMALL-01-C01", "WR-SMALL-01-PEL"
FIRST_PASSWORD, PASSWORD = "first-one-of-two", "chosen-at-sign-in"
STATION_COUNT = 18
FIRST_MS, BACK_MS = 90_000.0, 90_000.0
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
BROKEN = {
    "specversion": "1.0",
    "id": "0197a1de-0000-7000-8000-000000000001",
    "source": "/halite/quality",
    "type": "org.halite.lot_held.v1",
    "subject": "LOT-X",
    "time": "2026-01-05T06:00:00Z",
    "data": {},
    "sequence": 1,
}
# Whether something is drawn at a share of the width and height of a chart's axes.
INK = """([at, x, y]) => {
    const canvas = at.querySelector("canvas");
    if (canvas === null) return false;
    const scale = canvas.width / canvas.clientWidth;
    const left = 64 + x * (canvas.clientWidth - 84) - 3;
    const top = 16 + (1 - y) * (canvas.clientHeight - 64) - 3;
    const found = canvas.getContext("2d").getImageData(left * scale, top * scale, 6, 6);
    return found.data.some((value, index) => index % 4 === 3 && value > 0);
}"""
pytestmark = pytest.mark.usefixtures("begun_order")


@pytest.fixture(scope="module")
def ada(plant: Plant) -> dict[str, str]:
    """A person of the shift, who has chosen a password."""
    roles = ["operator", "planner", "maintenance"]
    given = {"login": "ada", "name": "Ada Lovelace", "roles": roles, "password": FIRST_PASSWORD}
    assert plant.http.post(f"{plant.url}/api/persons", json=given).status_code in (201, 409)
    with httpx.Client(base_url=plant.url, timeout=30.0, trust_env=False) as client:
        come = client.post("/api/session", json={"login": "ada", "password": FIRST_PASSWORD})
        assert come.status_code == 201, come.text
        change = {"password": FIRST_PASSWORD, "new_password": PASSWORD}
        assert client.post("/api/session/password", json=change).status_code == 200
    return {"login": "ada", "password": PASSWORD}


@pytest.fixture
def page(context: BrowserContext, ada: dict[str, str]) -> Page:
    """A tab of somebody who has signed in."""
    assert context.request.post("/api/session", data=ada).status == 201
    return context.new_page()


@contextmanager
def frozen(plant: Plant, word: str) -> Iterator[None]:
    """Hold the process with a word in its command: it answers nothing and closes nothing."""
    children = psutil.Process(plant.pid).children(recursive=True)
    (process,) = (child for child in children if word in command_of(child))
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # the database ends one with each connection
        return ""


def pill(page: Page) -> Locator:
    return page.locator(".live-pill")


def open_overview(page: Page) -> None:
    page.goto("/")
    expect(pill(page)).to_have_text("Live", timeout=FIRST_MS)


def test_the_overview_shows_all_stations_live_and_asks_no_other_host(
    page: Page, plant: Plant
) -> None:
    errors: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.on("websocket", lambda socket: hosts.add(urlsplit(socket.url).netloc))
    open_overview(page)
    stations = page.get_by_role("article")
    expect(stations).to_have_count(STATION_COUNT)
    expect(page.locator("article:not(.is-stale)")).to_have_count(STATION_COUNT, timeout=FIRST_MS)
    expect(stations.filter(has_text="Unknown")).to_have_count(0)
    assert errors == []
    assert hosts == {urlsplit(plant.url).netloc}


def test_a_new_person_signs_in_chooses_a_password_and_is_out_when_an_administrator_says_so(
    context: BrowserContext, plant: Plant
) -> None:
    given = {"login": "eve", "name": "Eve", "roles": ["viewer"], "password": FIRST_PASSWORD}
    assert plant.http.post(f"{plant.url}/api/persons", json=given).status_code == 201
    page = context.new_page()
    page.goto("/furnaces")
    page.get_by_label("Login").fill("eve")
    page.get_by_label("Password").fill("no idea")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("login or password is wrong")
    page.get_by_label("Password").fill(FIRST_PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.get_by_label("Password you came with").fill(FIRST_PASSWORD)
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password again").fill("another")
    page.get_by_role("button", name="Choose a password").click()
    expect(page.get_by_role("alert")).to_contain_text("differ")
    page.get_by_label("New password again").fill(PASSWORD)
    page.get_by_role("button", name="Choose a password").click()
    expect(pill(page)).to_have_text("Live", timeout=FIRST_MS)
    expect(page.get_by_role("banner")).to_contain_text("Eve")
    expect(page.get_by_role("link", name="Persons")).to_have_count(0)
    off = plant.http.post(
        f"{plant.url}/api/persons/eve",
        json={"disabled": True},
        headers={"idempotency-key": "eve-is-out"},
    )
    assert off.status_code == 200
    expect(page.get_by_label("Login")).to_be_visible()


def test_an_administrator_adds_a_person_and_takes_a_role_away(
    context: BrowserContext, plant: Plant
) -> None:
    context.set_extra_http_headers({"authorization": f"Bearer {plant.key}"})
    page = context.new_page()
    page.goto("/persons")
    form = page.get_by_role("region", name="Add a person")
    form.get_by_label("Login").fill("bob")
    form.get_by_label("Name").fill("Bob")
    form.get_by_label("Password for the next sign-in").fill("short")
    form.get_by_role("button", name="Add a person").click()
    expect(form.get_by_role("alert")).to_contain_text("at least 12 are needed")
    form.get_by_label("Password for the next sign-in").fill(FIRST_PASSWORD)
    form.get_by_role("button", name="Add a person").click()
    row = page.get_by_role("row").filter(has_text="Bob")
    expect(row).to_contain_text("Must choose a password")
    row.get_by_label("Viewer").click()
    expect(row.get_by_label("Viewer")).to_be_checked()
    row.get_by_label("Operator").click()
    expect(row.get_by_label("Operator")).not_to_be_checked()
    row.get_by_role("button", name="Disable").click()
    expect(row).to_contain_text("Disabled")


def test_a_cell_of_the_list_leads_to_its_whole_life(page: Page) -> None:
    page.goto("/cells")
    page.get_by_role("link", name=CELL, exact=True).click()
    expect(page.get_by_role("heading", name=f"Cell {CELL}")).to_be_visible()
    for part in ("Operations", "Exposure", "Gate results", "Formation", "Genealogy"):
        expect(page.get_by_role("heading", name=part, exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name="Sinter", exact=True)).to_be_visible()


def test_measured_cure_is_charted_beside_the_predicted_and_a_cell_shows_its_spray_traces(
    page: Page, plant: Plant
) -> None:
    job = plant.wait_for(lambda: sprayed(plant), 240)
    face, ended_at = job["faces"][0], datetime.fromisoformat(job["ended_at"])
    for minutes, method, value in ((16, "ft_ir", 0.008), (40, "tga", 0.0001)):
        given = {
            "face": face["face"],
            "method": method,
            "value_ratio": value,
            "measured_at": (ended_at + timedelta(minutes=minutes)).isoformat(),
            "person": "-",
        }
        path = f"/api/spray/lots/{face['lot_id']}/cure-results"
        reply = plant.post(path, json.dumps(given).encode(), f"cure-{method}", "application/json")
        assert reply.status_code == 201, reply.text
    page.goto("/spray")
    chart = page.get_by_role("img", name="Measured over predicted")
    chart.scroll_into_view_if_needed()
    # Where measured and predicted agree there is a line, and beyond the limit there is none.
    handle = chart.element_handle()
    page.wait_for_function(INK, arg=[handle, 0.5, 0.5])
    assert not page.evaluate(INK, [handle, 0.5, 0.3])
    for method in ("FT-IR", "TGA"):
        row = page.get_by_role("row").filter(has_text=face["lot_id"]).filter(has_text=method)
        expect(row).to_be_visible()
    page.goto(f"/cells/{job['station_order_id'].removesuffix('-spray')}")
    spray = page.locator("section", has=page.get_by_role("heading", name="Spray traces"))
    expect(spray.get_by_role("img", name="Needle / V")).to_be_visible()
    spray.get_by_role("link", name=f"Spray job {job['station_order_id']}").click()
    expect(page.get_by_role("heading", name="Faces")).to_be_visible()


def sprayed(plant: Plant) -> dict[str, Any] | None:
    """Return the first spray job that has ended, with its faces."""
    jobs = plant.get("/api/spray/spray-jobs")["items"]
    ended = [job["station_order_id"] for job in jobs if job["ended_at"] and job["faces_count"]]
    found: dict[str, Any] = plant.get(f"/api/spray/spray-jobs/{ended[-1]}") if ended else {}
    return found or None


def test_cells_picked_in_the_list_are_compared_and_one_is_taken_out_again(page: Page) -> None:
    page.goto("/cells?search=small")
    boxes = page.get_by_role("checkbox")
    expect(boxes.nth(2)).to_be_visible()
    for number in range(3):
        boxes.nth(number).check()
    page.get_by_role("link", name="Compare 3 cells").click()
    figures = page.get_by_role("region", name="Figures").get_by_role("row")
    expect(figures.first.get_by_role("columnheader")).to_have_count(4)
    expect(figures.filter(has_text="Product")).to_contain_text("coin")
    page.get_by_role("button", name=re.compile("^Take .* out$")).first.click()
    expect(figures.first.get_by_role("columnheader")).to_have_count(3)
    page.reload()  # the address holds what is compared
    expect(figures.first.get_by_role("columnheader")).to_have_count(3)


def test_a_part_of_an_id_finds_what_has_it_and_a_saved_query_gives_its_rows(page: Page) -> None:
    page.goto("/search")
    page.get_by_label("Any id or code").fill("small-01")
    expect(page.get_by_role("cell", name="WR-SMALL-01", exact=True)).to_be_visible()
    page.get_by_role("link", name="Queries").click()
    page.get_by_role("combobox", name="Table").select_option("step")
    page.get_by_role("combobox", name="Column").select_option("operation")
    page.get_by_label("Value").fill("mill")
    page.get_by_role("button", name="Add the condition").click()
    steps = page.get_by_role("region", name="step")
    expect(steps.get_by_role("cell", name="mill", exact=True).first).to_be_visible()
    page.get_by_label("Name of the query").fill("What was milled")
    page.get_by_role("button", name="Save the query").click()
    saved = page.get_by_text("What was milled")
    expect(saved).to_be_visible()
    page.reload()
    saved.click()
    expect(steps.get_by_role("cell", name="mill", exact=True).first).to_be_visible()


def test_a_history_is_shown_with_its_events_and_its_signed_files(page: Page) -> None:
    page.goto(f"/cells/{CELL}")
    page.get_by_role("link", name="Device history").click()
    expect(page.get_by_role("heading", name=f"Device history of {CELL}")).to_be_visible()
    page.goto(f"/cells/{PELLETS}/history")  # whatever the cell waits for, its pellets have begun
    steps = page.get_by_role("region", name="Steps", exact=True)
    expect(steps.get_by_role("row").nth(1)).to_contain_text("pilot/")
    expect(page.get_by_role("region", name="Open points").first).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Signed PDF").click()
    assert saved.value.path().read_bytes().startswith(b"%PDF")


def test_the_furnace_plan_leads_to_a_load_with_its_profile_and_places(page: Page) -> None:
    page.goto("/furnaces")
    expect(page.get_by_role("group", name="Plan and runs")).to_contain_text("furnace-1")
    page.get_by_role("combobox", name="Furnace away").select_option("furnace-1")
    expect(page.get_by_text("Nothing would move.")).to_be_visible()
    page.get_by_label("Span").select_option("30")
    hours = page.get_by_role("region", name="Furnace hours").get_by_role("row")
    expect(hours.filter(has_text="furnace-1")).to_contain_text("%")
    row = page.get_by_role("row").filter(has_text="calcine-nzzspo").filter(has_text="in its band")
    row.get_by_role("link").click()
    profile = page.get_by_role("img", name="Measured profile with setpoint and band")
    expect(profile.locator("canvas")).to_be_visible()
    places = page.get_by_role("region", name="Places")
    expect(places.get_by_role("cell", name="in its band")).to_be_visible()


def test_the_navigation_speaks_german_and_chinese(page: Page) -> None:
    page.goto("/")
    links = page.get_by_role("navigation").get_by_role("link")
    expect(links).to_contain_text(["Overview", "Cells, lots"])
    page.get_by_label("Language").select_option("de")
    expect(links).to_contain_text(["Übersicht", "Zellen, Lose"])
    page.get_by_label("Sprache").select_option("zh")
    expect(links).to_contain_text(["总览", "电芯与批次"])
    page.reload()
    expect(links).to_contain_text(["总览", "电芯与批次"])


def test_a_silent_gateway_makes_the_page_stale_until_it_speaks_again(
    page: Page, plant: Plant
) -> None:
    open_overview(page)
    with frozen(plant, "services.gateway.main"):
        expect(pill(page)).to_contain_text("Stale")
    expect(pill(page)).to_have_text("Live", timeout=BACK_MS)


def test_a_silent_service_leaves_a_page_that_names_what_is_missing(
    page: Page, plant: Plant
) -> None:
    notice = page.get_by_role("status").filter(has_text="Not all of this page could be read")
    genealogy = page.get_by_role("region", name="Genealogy").first
    with frozen(plant, "services.trace.main"):
        page.goto(f"/cells/{CELL}")
        expect(notice).to_contain_text("Genealogy – trace does not answer", timeout=FIRST_MS)
        expect(genealogy).to_contain_text("could not be read")
        expect(page.get_by_role("region", name="Operations").first).to_contain_text("Sinter")
    expect(notice).to_have_count(0, timeout=BACK_MS)
    expect(genealogy).not_to_contain_text("could not be read")


def test_one_press_acknowledges_the_alarm_of_the_banner(page: Page, plant: Plant) -> None:
    open_overview(page)
    with frozen(plant, "analyser-1"):
        press = page.get_by_role("button", name="Acknowledge", exact=True)
        expect(press).to_be_visible(timeout=FIRST_MS)
        with page.expect_request("**/api/alarms/*/acknowledge") as sent:
            press.click()
        assert UUID.fullmatch(sent.value.headers["idempotency-key"])
        alarm_id = sent.value.url.split("/")[-2]
        plant.wait_for(lambda: acknowledged_by(plant, alarm_id) == "Ada Lovelace (ada)", 90)


def acknowledged_by(plant: Plant, alarm_id: str) -> str | None:
    alarms = plant.get("/api/alarms", limit=500)["items"]
    persons = {item["alarm_id"]: item["acknowledged_by"] for item in alarms}
    person: str | None = persons[alarm_id]
    return person


def sockets_of(tab: Page) -> list[WebSocket]:
    """A list that grows with each WebSocket that the tab opens from now on."""
    opened: list[WebSocket] = []
    tab.on("websocket", lambda socket: opened.append(socket))
    return opened


def test_each_tab_keeps_one_web_socket(page: Page) -> None:
    second = page.context.new_page()
    for tab in (page, second):
        sockets = sockets_of(tab)
        open_overview(tab)
        tab.get_by_role("link", name="Cells, lots").click()
        tab.get_by_role("link", name=CELL, exact=True).click()
        expect(tab.get_by_role("heading", name="Genealogy", exact=True)).to_be_visible()
        tab.get_by_role("link", name="Overview").click()
        expect(tab.get_by_role("article")).to_have_count(STATION_COUNT)
        expect(pill(tab)).to_have_text("Live")
        assert [socket.is_closed() for socket in sockets].count(False) == 1


def test_a_set_aside_event_is_announced_and_leaves_after_a_retry_that_helps(
    page: Page, plant: Plant
) -> None:
    with psycopg.connect(database_of(plant, "halite_lamination"), autocommit=True) as database:
        database.execute(
            "INSERT INTO set_aside (event_id, source, sequence, subject, partition_key, body,"
            " error) VALUES (%s, 'quality', 1, 'LOT-X', 'LOT-X', %s, 'KeyError()')",
            (BROKEN["id"], json.dumps(BROKEN)),
        )
        open_overview(page)
        page.get_by_role("link", name="Look at them").click()
        page.wait_for_url("**/aside-events")
        page.reload()  # the address is the app's own, not a route of the gateway
        row = page.get_by_role("row").filter(has_text="LOT-X")
        expect(row).to_contain_text("KeyError()")
        row.get_by_text("Retry").click()
        expect(row.get_by_role("alert")).to_contain_text("lot_id: Field required")
        expect(row.get_by_role("cell").nth(5)).to_have_text("2")
        mended = json.dumps(BROKEN | {"type": "org.halite.of_another_version.v9"})
        database.execute("UPDATE set_aside SET body = %s", (mended,))
        row.get_by_text("Retry").click()
        expect(row).to_have_count(0)


def database_of(plant: Plant, name: str) -> str:
    """Return the address of a service's database for psycopg."""
    data = DataFolder(plant.data_dir)
    return PostgresServer(data.postgres, data.logs).url(name).replace("+psycopg", "")
