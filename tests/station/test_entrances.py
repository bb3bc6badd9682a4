"""Badges, keys of programs, limited roles and an OpenID provider, at the gateway's real port."""

import asyncio
import json
import re
import socket
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from click.testing import CliRunner

from deploy.broker import Broker
from deploy.cli import halite
from deploy.data_folder import DataFolder
from deploy.postgres import PostgresServer
from services.gateway.persons import FAILURES_BEFORE_LOCK
from services.gateway.throttle import MOST_FAILURES
from shared.events import JobOrderStarted
from tests.station.gateway_floor import (
    NOW,
    PASSWORD,
    Plant,
    open_gateway,
    sign_in,
)

PIN, BADGE = "270581", "04A2B3C4D5"
PUBLIC, SECRET = "http://127.0.0.1:1", "a-secret-of-the-client"
CALLBACK = "/api/session/oidc/callback"
PERSONS = {
    "grace": {"name": "Grace Hopper", "groups": ["mes-operators", "canteen"]},
    "linus": {"name": "Linus Pauling", "groups": ["canteen"]},
    "ada": {"name": "Ada Other", "groups": ["mes-quality"]},
}
INPUT = re.compile(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"')


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[str]:
    """The address of a provider with three persons and one client."""
    port = free_port()
    given = {
        "port": port,
        "redirect_uri": PUBLIC + CALLBACK,
        "secret": SECRET,
        "persons": {
            login: about | {"password": f"{login}-at-the-site"} for login, about in PERSONS.items()
        },
    }
    script = Path(__file__).with_name("openid_provider.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(given).encode())
    process.stdin.close()
    async with asyncio.timeout(120):
        assert await process.stdout.readline() == b"serving\n"
    yield f"http://localhost:{port}"
    process.terminate()
    await process.wait()


@pytest.fixture(scope="module")
async def plant(
    postgres_server: PostgresServer,
    broker: Broker,
    tmp_path_factory: pytest.TempPathFactory,
    issuer: str,
) -> AsyncIterator[Plant]:
    """A gateway that knows the provider; each test has persons of its own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres_server.ensure_database(name)
    folder = tmp_path_factory.mktemp("entrances")
    more = (
        f'[oidc]\nissuer = "{issuer}"\nclient_id = "halite"\npublic_url = "{PUBLIC}"\n'
        'name = "Site"\n[oidc.roles]\nmes-operators = ["operator"]\nmes-quality = ["quality"]\n'
    )
    (folder / "secrets/gateway").mkdir(parents=True)
    (folder / "secrets/gateway/oidc-client-secret").write_text(SECRET)
    async with open_gateway(
        postgres_server.url(name), broker, folder, more=more, within_s=600
    ) as running:
        yield running
    postgres_server.drop_database(name)


async def test_a_program_in_a_loop_is_slowed_down_and_others_are_not(
    fresh_database: str, broker: Broker, tmp_path: Path
) -> None:
    async with open_gateway(fresh_database, broker, tmp_path, quota=(0.01, 5)) as plant:
        wanted = {"account": "erp", "roles": ["viewer"], "valid_days": 1}
        made = (await plant.http.post("/api/keys", json=wanted)).json()
        program = {"authorization": f"Bearer {made['key']}"}

        replies = [await plant.http.get("/api/session", headers=program) for _ in range(7)]
        own = [await plant.http.get("/api/session") for _ in range(7)]
        async with httpx.AsyncClient(base_url=plant.url, trust_env=False) as stranger:
            forged = {"cookie": "halite_session=x"}
            strangers = [
                await stranger.get("/api/overview", headers=forged if number % 2 else {})
                for number in range(7)
            ]
        figures = (await plant.http.get("/metrics")).text

    assert [reply.status_code for reply in replies] == [200] * 5 + [429] * 2
    assert replies[-1].json()["code"] == "TooManyRequestsError"
    assert 90 < int(replies[-1].headers["retry-after"]) <= 100
    assert {reply.status_code for reply in own} == {200}
    assert [reply.status_code for reply in strangers] == [401] * 5 + [429] * 2
    assert "halite_requests_over_quota_total 4.0" in figures


@pytest.fixture
async def stranger(plant: Plant) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=plant.url, trust_env=False, timeout=60) as client:
        yield client


def key() -> dict[str, str]:
    return {"idempotency-key": uuid.uuid4().hex}


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


async def by_badge(client: httpx.AsyncClient, badge: str, pin: str) -> httpx.Response:
    return await client.post("/api/session/badge", json={"badge": badge, "pin": pin})


async def test_a_badge_and_its_pin_open_a_panel_for_what_a_station_needs(
    plant: Plant, stranger: httpx.AsyncClient
) -> None:
    async with plant.person("nina", "Nina", "operator", "engineer"):
        pass
    path = "/api/persons/nina/badge"
    easy = await plant.http.post(path, json={"badge": BADGE, "pin": "123456"})
    assert easy.status_code == 422 and "too easy" in easy.json()["detail"]
    given = await plant.http.post(path, json={"badge": BADGE, "pin": PIN})
    assert given.status_code == 200
    come = await by_badge(stranger, BADGE, PIN)
    assert (come.status_code, come.json()["way"]) == (201, "badge")
    assert "engineer" not in come.json()["permissions"]
    held = await stranger.post("/api/execution/lots/L1/holds", json={}, headers=key())
    assert held.status_code == 201
    refused = await stranger.post("/api/master-data", json={}, headers=key())
    assert refused.status_code == 403 and "came by badge" in refused.json()["detail"]
    async with plant.person("bo", "Bo", "operator"):
        taken = await plant.http.post("/api/persons/bo/badge", json={"badge": BADGE, "pin": PIN})
    assert taken.status_code == 409
    listed = {
        item["login"]: item for item in (await plant.http.get("/api/persons")).json()["items"]
    }
    assert listed["nina"]["has_badge"] and not listed["bo"]["has_badge"]
    assert PIN not in json.dumps(listed) and BADGE not in json.dumps(listed)
    assert (await plant.http.post(f"{path}/end", headers=key())).status_code == 200
    assert (await stranger.get("/api/overview")).status_code == 401
    assert (await by_badge(stranger, BADGE, PIN)).status_code == 401
    assert (await plant.http.post(f"{path}/end", headers=key())).status_code == 404


async def test_wrong_pins_lock_the_person_also_for_the_password(
    plant: Plant, stranger: httpx.AsyncClient
) -> None:
    async with plant.person("olga", "Olga", "operator"):
        pass
    await plant.http.post("/api/persons/olga/badge", json={"badge": BADGE[::-1], "pin": PIN})
    unknown = await by_badge(stranger, "no such badge", PIN)
    for _ in range(FAILURES_BEFORE_LOCK):
        wrong = await by_badge(stranger, BADGE[::-1], "000000")
        assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
    assert "try again in" in (await by_badge(stranger, BADGE[::-1], PIN)).json()["detail"]
    assert "try again in" in (await sign_in(stranger, "olga", PASSWORD)).json()["detail"]
    assert "olga" in {event["target"] for event in await plant.said("lock_account")}


async def test_a_role_counts_at_its_station_and_while_its_training_is_valid(plant: Plant) -> None:
    area = plant.eap.rsplit("/", 2)[0]
    press = f"{plant.peers.site}/powder/pressing/press-1"
    for job, station in (("JO-1", plant.eap), ("JO-2", press)):
        started = JobOrderStarted(
            job_order_id=job,
            lot_id=f"LOT-{job}",
            work_request_id="WR-1",
            product_id="P",
            operation="spray",
            equipment_id=station,
            recipe_id="R",
            recipe_version=1,
            lot_ids=(f"LOT-{job}",),
            started_at=NOW,
        )
        await plant.peers.say("spray", started)
    async with plant.person("rosa", "Rosa", "operator") as ada:
        limited = {"limits": {"operator": {"at": [area]}}}
        changed = await plant.http.post("/api/persons/rosa", json=limited, headers=key())
        assert changed.status_code == 200, changed.text
        paths = [f"/api/spray/job-orders/{job}/abort" for job in ("JO-1", "JO-2")]
        async with asyncio.timeout(60):
            while (await ada.post(paths[0], json={}, headers=key())).status_code != 201:
                await asyncio.sleep(0.05)
        refused = await ada.post(paths[1], json={}, headers=key())
        assert refused.status_code == 403
        assert f"do not count at {press}" in refused.json()["detail"]
        assert (await ada.post("/api/spray/glue-mixes", json={}, headers=key())).status_code == 201
        for path in ("/api/formation/cell-factors", "/api/execution/sodium/moves"):
            assert (await ada.post(path, json={}, headers=key())).status_code == 403, path
        anywhere = await ada.post("/api/execution/lots/L1/holds", json={}, headers=key())
        assert anywhere.status_code == 201
        assert (await ada.get("/api/overview")).status_code == 200

        yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
        over = {"limits": {"operator": {"trained_until": yesterday}}}
        await plant.http.post("/api/persons/rosa", json=over, headers=key())
        ended = await ada.post(paths[0], json={}, headers=key())
        assert ended.status_code == 403
        assert f"training for operator ended on {yesterday}" in ended.json()["detail"]
        lapsed = (await ada.get("/api/session")).json()["caller"]["lapsed"]
        assert lapsed == {"operator": yesterday}
    wrong = {"limits": {"administrator": {"at": [area]}}}
    assert (
        await plant.http.post("/api/persons/rosa", json=wrong, headers=key())
    ).status_code == 422
    told = {event["reason"] for event in await plant.said("change_person")}
    assert f"Rosa: operator → Rosa: operator at {area}" in told


async def test_a_key_of_a_program_does_what_its_roles_may_until_it_ends(
    plant: Plant, stranger: httpx.AsyncClient
) -> None:
    wanted = {"account": "erp", "roles": ["planner"], "valid_days": 30}
    refused = await plant.http.post("/api/keys", json=wanted | {"roles": ["administrator"]})
    assert refused.status_code == 422 and "may not administer" in refused.json()["detail"]
    made = (await plant.http.post("/api/keys", json=wanted)).json()
    headers = bearer(made["key"])
    sent = await stranger.post("/api/work-schedules", content=b"x", headers=headers | key())
    assert sent.status_code == 201
    assert plant.peers.given[-1]["person"] == "erp%20%28key/erp%29"
    for path in ("/api/persons", "/api/keys"):
        assert (await stranger.get(path, headers=headers)).status_code == 403
    held = await stranger.post("/api/execution/lots/L1/holds", json={}, headers=headers | key())
    assert held.status_code == 403 and "key/erp has the roles planner" in held.text
    listed = (await plant.http.get("/api/keys")).text
    assert made["key_id"] in listed and made["key"] not in listed
    again = (await plant.http.post("/api/keys", json=wanted)).json()
    assert (await stranger.get("/api/overview", headers=bearer(again["key"]))).status_code == 200
    path = f"/api/keys/{made['key_id']}/end"
    assert (await plant.http.post(path, headers=key())).status_code == 200
    assert (await stranger.get("/api/overview", headers=headers)).status_code == 401
    assert (await stranger.get("/api/overview", headers=bearer(again["key"]))).status_code == 200
    assert (await plant.http.post(path, headers=key())).status_code == 404
    for forged in ("hk_", "hk_x", made["key"][:-1], made["key_id"]):
        answer = await stranger.get("/api/overview", headers=bearer(forged))
        assert answer.status_code == 401, forged


async def answered(browser: httpx.AsyncClient, url: str, login: str) -> str:
    """Do what a person does at the provider; return where it sends the browser back to."""
    there = httpx.URL(url)
    fields = {"login": login, "password": f"{login}-at-the-site"}
    page = await browser.get(there)
    while page.headers.get("location", "").startswith(
        ("/", str(there.copy_with(path="/", query=None)))
    ):
        page = await browser.get(page.url.join(page.headers["location"]))
        if page.status_code == 200:
            form = {name: unescape(value) for name, value in INPUT.findall(page.text)}
            filled = {name: fields.get(name, value) for name, value in form.items()}
            page = await browser.post(page.url, data=filled)
    back = urlsplit(page.headers["location"])
    assert f"{back.scheme}://{back.netloc}" == PUBLIC
    return f"{back.path}?{back.query}"


async def test_a_person_of_the_site_comes_in_by_the_openid_provider(plant: Plant) -> None:
    async with (
        httpx.AsyncClient(base_url=plant.url, trust_env=False, timeout=60) as grace,
        httpx.AsyncClient(trust_env=False, timeout=60) as browser,
    ):
        assert (await grace.get("/api/session")).json() == {"caller": None, "oidc": "Site"}
        sent = await grace.get("/api/session/oidc")
        cookie = sent.headers["set-cookie"]
        assert sent.status_code == 302 and "HttpOnly" in cookie and "SameSite=lax" in cookie
        asked = parse_qs(urlsplit(sent.headers["location"]).query)
        assert asked["code_challenge_method"] == ["S256"] and asked["nonce"] and asked["state"]
        back = f"{CALLBACK}?{urlencode({'state': asked['state'][0], 'code': 'stolen'})}"
        async with httpx.AsyncClient(base_url=plant.url, trust_env=False, timeout=60) as thief:
            stolen = await thief.get(back)
        assert (stolen.status_code, "another browser" in stolen.text) == (401, True)
        used = await grace.get(back)  # the thief's try has used it up
        assert (used.status_code, "begin again" in used.text) == (401, True)

        sent = await grace.get("/api/session/oidc")
        come = await grace.get(await answered(browser, sent.headers["location"], "grace"))
        assert (come.status_code, come.headers["location"]) == (302, "/"), come.text
        caller = (await grace.get("/api/session")).json()["caller"]
        assert (caller["login"], caller["name"], caller["way"]) == ("grace", "Grace Hopper", "oidc")
        assert caller["roles"] == ["operator"]
        held = await grace.post("/api/execution/lots/L1/holds", json={}, headers=key())
        assert held.status_code == 201
        assert plant.peers.given[-1]["person"] == "Grace%20Hopper%20%28grace%29"
        assert (await sign_in(grace, "grace", "")).status_code == 401
        assert "by Site" in {event["reason"] for event in await plant.said("sign_in")}

        off = {"disabled": True}
        await plant.http.post("/api/persons/grace", json=off, headers=key())
        assert (await grace.get("/api/overview")).status_code == 401
        sent = await grace.get("/api/session/oidc")
        out = await grace.get(await answered(browser, sent.headers["location"], "grace"))
        assert (out.status_code, "disabled" in out.text) == (403, True)


async def test_the_provider_lets_in_neither_strangers_nor_who_has_anothers_login(
    plant: Plant,
) -> None:
    async with (
        plant.person("ada", "Ada Lovelace", "operator"),
        httpx.AsyncClient(base_url=plant.url, trust_env=False, timeout=60) as client,
    ):
        for login, status, why in (
            ("linus", 403, "in no group that has a role"),
            ("ada", 409, "belongs to a person whom the provider does not know"),
        ):
            async with httpx.AsyncClient(trust_env=False, timeout=60) as browser:
                sent = await client.get("/api/session/oidc")
                refused = await client.get(await answered(browser, sent.headers["location"], login))
            assert (refused.status_code, why in refused.json()["detail"]) == (status, True), (
                refused.text
            )
        sent = await client.get("/api/session/oidc")
        state = parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]
        for query in (
            {"state": state, "code": "made-up"},
            {"state": "made-up", "code": "made-up"},
            {"state": state, "error": "access_denied"},
            {},
        ):
            refused = await client.get(f"{CALLBACK}?{urlencode(query)}")
            assert refused.status_code == 401, query
        assert (await client.get("/api/overview")).status_code == 401


async def test_without_a_provider_it_says_so_and_who_tries_many_accounts_is_slowed_down(
    fresh_database: str, broker: Broker, tmp_path: Path
) -> None:
    async with (
        open_gateway(fresh_database, broker, tmp_path) as alone,
        httpx.AsyncClient(base_url=alone.url, trust_env=False, timeout=60) as stranger,
    ):
        for path in ("/api/session/oidc", f"{CALLBACK}?state=x&code=y"):
            answer = await stranger.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "NotFoundError")
        tries = [await sign_in(stranger, f"nobody{number}", "x") for number in range(MOST_FAILURES)]
        assert {answer.status_code for answer in tries} == {401}
        slowed = await sign_in(stranger, "nobody", PASSWORD)
        assert (slowed.status_code, slowed.json()["code"]) == (429, "TooManyTriesError")
        assert (await by_badge(stranger, BADGE, PIN)).status_code == 429


async def test_the_command_line_looks_after_persons_orders_and_master_data(
    plant: Plant, tmp_path: Path
) -> None:
    data = DataFolder(tmp_path)
    data.gateway_keys.mkdir(parents=True)
    (data.gateway_keys / "setup-key").write_text(plant.key)
    schedule, master_data = tmp_path / "s.csv", tmp_path / "m.yaml"
    schedule.write_bytes(b"a schedule")
    master_data.write_text("execution:\n  work_masters: []\n")

    async def halite_says(*words: str, ends: int = 0, **given: str) -> str:
        options = ["--url", plant.url, "--data-dir", str(tmp_path)]
        done = await asyncio.to_thread(CliRunner().invoke, halite, [*words, *options], **given)
        assert done.exit_code == ends, done.output
        return done.output

    password = ["--password", "given-for-once"]
    added = ("users", "add", "kim", "--name", "Kim", "--role", "planner", *password)
    assert "kim may sign in" in await halite_says(*added)
    assert "409: login kim is taken" in await halite_says(*added, ends=1)
    assert "planner" in await halite_says("users", "list")
    await halite_says("users", "disable", "kim")
    listed = json.loads(await halite_says("users", "list", "--json"))
    assert {item["login"]: item["disabled"] for item in listed}["kim"]
    await halite_says("users", "enable", "kim")
    await halite_says("users", "reset", "kim", input="another-for-once\nanother-for-once\n")
    async with httpx.AsyncClient(base_url=plant.url, trust_env=False, timeout=60) as kim:
        assert (await sign_in(kim, "kim", "another-for-once")).status_code == 201
    assert json.loads(await halite_says("order", str(schedule))) == {"taken": len(b"a schedule")}
    assert plant.peers.given[-1]["body"] == b"a schedule"
    closing = "execution/work-requests/WR%207/close"
    counts = {"released": 3, "under_way": 2, "cancelled": 4, "scrapped": 1}
    plant.peers.answers |= {closing: counts, closing.replace("%20", " "): counts}
    closed = await halite_says("order", "close", "WR 7", "--reason", "fewer", "--hold-cells")
    told = "3 cells released, 2 under way, 4 cancelled, 1 scrapped"
    assert told in closed
    given = json.loads(plant.peers.given[-1]["body"])
    assert (given["reason"], given["cells_under_way"]) == ("fewer", "hold")
    await halite_says("import", str(master_data))
    assert plant.peers.given[-1]["path"] == "execution/master-data"
    (data.gateway_keys / "setup-key").unlink()
    assert "name the plant's folder" in await halite_says("users", "list", ends=1)
