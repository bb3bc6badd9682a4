"""Sign-in, sessions, roles and persons at the gateway's real port."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from deploy.broker import Broker
from deploy.contracts import service_named
from services.gateway.identity import MOST_WAITING, Identity
from services.gateway.persons import (
    FAILURES_BEFORE_LOCK,
    FIRST_LOGIN,
    LONGEST_IDLE,
    LONGEST_LOCK,
    LONGEST_SESSION,
    Caller,
    NewPerson,
)
from services.gateway.roles import MAY
from services.gateway.throttle import MOST_FAILURES
from services.quality.nonconformance import Closing
from services.quality.signatures import SignatureGiven
from shared.db import Database, migrate
from shared.errors import NotSignedInError, ServiceUnreachableError
from tests.station.gateway_floor import (
    FIRST_PASSWORD,
    PASSWORD,
    ROOT,
    Plant,
    open_gateway,
    sign_in,
)

MOST_SESSIONS = 3
FREE = {  # who one is, and the ways in
    ("GET", "/api/session"),
    ("POST", "/api/session"),
    ("POST", "/api/session/badge"),
    ("GET", "/api/session/oidc"),
    ("GET", "/api/session/oidc/callback"),
}


@pytest.fixture
async def plant(fresh_database: str, broker: Broker, tmp_path: Path) -> AsyncIterator[Plant]:
    async with open_gateway(fresh_database, broker, tmp_path) as running:
        yield running


@pytest.fixture
async def stranger(plant: Plant) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=plant.url, trust_env=False, timeout=60) as client:
        yield client


def key(number: int) -> dict[str, str]:
    return {"idempotency-key": f"person-{number:04}"}


async def test_no_route_of_the_api_answers_a_stranger(
    plant: Plant, stranger: httpx.AsyncClient
) -> None:
    document = (await stranger.get("/openapi.json")).json()
    tried = 0
    for path, kinds in document["paths"].items():
        for method in kinds:
            if path.startswith("/api") and (method.upper(), path) not in FREE:
                asked = path.replace("{service}", "execution").replace("{path}", "cells")
                answer = await stranger.request(method, asked.format_map(AnyPart()))
                assert (answer.status_code, answer.json()["code"]) == (401, "NotSignedInError")
                tried += 1
    assert tried > 20
    for forged in ({"authorization": "Bearer x"}, {"cookie": "halite_session=x"}):
        assert (await stranger.get("/api/overview", headers=forged)).status_code == 401
    with pytest.raises(InvalidStatus, match="403"):
        async with plant.live(Authorization="Bearer x"):
            pass
    assert plant.peers.given == []


class AnyPart(dict[str, str]):
    """Gives a part of a path for any name."""

    def __missing__(self, name: str) -> str:
        return "X"


async def test_the_first_administrator_must_choose_a_password_and_the_first_one_is_gone(
    plant: Plant, stranger: httpx.AsyncClient, tmp_path: Path
) -> None:
    file = tmp_path / "secrets/gateway/first-password"
    first = file.read_text()
    come = await sign_in(stranger, FIRST_LOGIN, first)
    assert come.status_code == 201 and come.json()["must_change"]
    cookie = come.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/api"))
    waits = await stranger.get("/api/overview")
    assert (waits.status_code, waits.json()["detail"].split(":")[0]) == (
        403,
        "choose a new password first",
    )
    for wrong, why in (("short", "at least 12"), ("x" * 20, "different"), (first, "one before")):
        change = {"password": first, "new_password": wrong}
        refused = await stranger.post("/api/session/password", json=change)
        assert refused.status_code == 422 and why in refused.json()["detail"]
    signed_in = len(await plant.said("sign_in"))
    change = {"password": first, "new_password": PASSWORD}
    before = dict(stranger.cookies)
    assert (await stranger.post("/api/session/password", json=change)).status_code == 200
    assert (await over(plant, before)) and dict(stranger.cookies) != before
    assert len(await plant.said("sign_in")) == signed_in, "who changes a password did not come in"
    assert (await stranger.get("/api/overview")).status_code == 200
    assert not file.exists()
    assert (await sign_in(stranger, FIRST_LOGIN, first)).status_code == 401
    assert [event["person"] for event in await plant.said("change_password")] == [
        f"First administrator ({FIRST_LOGIN})"
    ]


async def over(plant: Plant, cookies: dict[str, str]) -> bool:
    """Whether the session of these cookies counts no more."""
    async with httpx.AsyncClient(base_url=plant.url, trust_env=False, cookies=cookies) as other:
        return (await other.get("/api/overview")).status_code == 401


async def test_a_sign_in_ends_the_session_that_the_browser_had(
    plant: Plant, stranger: httpx.AsyncClient
) -> None:
    async with plant.person("ada", "Ada", "operator"), plant.person("bo", "Bo", "operator"):
        assert (await sign_in(stranger, "ada", PASSWORD)).status_code == 201
        before = dict(stranger.cookies)
        assert (await sign_in(stranger, "bo", "wrong")).status_code == 401
        assert not await over(plant, before), "a sign-in that failed ends nothing"
        assert (await sign_in(stranger, "bo", PASSWORD)).status_code == 201
        assert await over(plant, before)
        assert (await stranger.get("/api/session")).json()["caller"]["login"] == "bo"
        assert "Ada (ada)" in [event["person"] for event in await plant.said("sign_out")]


async def test_a_role_may_what_its_row_says_and_a_command_without_a_row_is_refused(
    plant: Plant,
) -> None:
    async with plant.person("ada", "Ada Lovelace", "operator") as ada:
        shown = (await ada.get("/api/session")).json()["caller"]
        assert shown["permissions"] == sorted(MAY["operator"])
        assert (await ada.get("/api/overview")).status_code == 200
        held = await ada.post("/api/execution/lots/L1/holds", json={}, headers=key(1))
        assert held.status_code == 201
        for path, need in (
            ("/api/work-schedules", "plan"),
            ("/api/master-data", "engineer"),
            ("/api/execution/lots/L1/holds/person/end", "decide"),
            ("/api/plc/trust/abc/accept", "maintain"),
            ("/api/persons", "administer"),
        ):
            refused = await ada.post(path, json={}, headers=key(2))
            assert refused.status_code == 403, path
            assert (
                f"needs the permission {need}; ada has the roles operator"
                in (refused.json()["detail"])
            )
        assert (await ada.get("/api/persons")).status_code == 403
    for path in ("/api/execution/nothing", "/api/execution//master-data", "/api/x/y/z"):
        unknown = await plant.http.post(path, json={}, headers=key(3))
        assert (unknown.status_code, unknown.json()["code"]) == (403, "NotAllowedError"), path
    assert [seen["path"] for seen in plant.peers.given] == ["execution/lots/L1/holds"]
    assert plant.peers.given[0]["person"] == "Ada%20Lovelace%20%28ada%29"


async def test_a_person_who_may_less_is_out_at_once_and_the_live_link_ends(plant: Plant) -> None:
    async with plant.person("ada", "Ada", "operator", "quality") as ada:
        cookie = f"halite_session={ada.cookies['halite_session']}"
        async with plant.live(Authorization="", Cookie=cookie) as link:
            path = "/api/persons/ada"
            less = {"roles": ["operator"]}
            first = await plant.http.post(path, json=less, headers=key(1))
            again = await plant.http.post(path, json=less, headers=key(1))
            assert first.status_code == again.status_code == 200
            assert first.json() == again.json()
            other = await plant.http.post(path, json={"disabled": True}, headers=key(1))
            assert other.status_code == 409
            with pytest.raises(ConnectionClosed) as closed:
                async with asyncio.timeout(60):
                    while True:
                        await link.recv()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401
        assert (await ada.get("/api/session")).json() == {"caller": None, "oidc": None}
    [event] = await plant.said("change_person")
    assert event["reason"] == "Ada: operator, quality → Ada: operator"


async def test_a_disabled_person_cannot_come_and_the_last_administrator_stays(
    plant: Plant, stranger: httpx.AsyncClient
) -> None:
    async with plant.person("ada", "Ada", "operator"):
        pass
    taken = {"login": "ada", "name": "B", "roles": ["viewer"], "password": FIRST_PASSWORD}
    assert (await plant.http.post("/api/persons", json=taken)).status_code == 409
    off = {"disabled": True}
    assert (await plant.http.post("/api/persons/ada", json=off, headers=key(1))).is_success
    wrong = await sign_in(stranger, "ada", PASSWORD)
    nobody = await sign_in(stranger, "nobody", PASSWORD)
    assert (wrong.status_code, wrong.json()) == (nobody.status_code, nobody.json())
    last = await plant.http.post(f"/api/persons/{FIRST_LOGIN}", json=off, headers=key(2))
    assert last.status_code == 409 and "last one" in last.json()["detail"]
    none = await plant.http.post("/api/persons/none", json=off, headers=key(3))
    assert none.status_code == 404
    empty = await plant.http.post("/api/persons/ada", json={}, headers=key(4))
    assert empty.status_code == 422


async def test_a_reset_password_serves_for_one_sign_in(
    plant: Plant, stranger: httpx.AsyncClient
) -> None:
    async with plant.person("ada", "Ada", "operator") as ada:
        reset = await plant.http.post(
            "/api/persons/ada/password", json={"password": "given-by-another"}
        )
        assert reset.status_code == 200
        assert (await ada.get("/api/overview")).status_code == 401
    assert (await sign_in(stranger, "ada", PASSWORD)).status_code == 401
    come = await sign_in(stranger, "ada", "given-by-another")
    assert come.status_code == 201 and come.json()["must_change"]


class Wall:
    """The wall's time, as a test says."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
async def wall_and_identity(
    new_database: Callable[[], str], tmp_path: Path
) -> AsyncIterator[tuple[Wall, Identity]]:
    """Persons of a gateway that is not running; `ada` has signed in before."""
    url = new_database()
    migrate(url, ROOT / "services/gateway/migrations")
    service, wall = service_named("gateway", url), Wall()
    identity = Identity(
        service.database, service.outbox, tmp_path, wall.now, most_sessions=MOST_SESSIONS
    )
    new = NewPerson(login="ada", name="Ada", roles=["operator"], password=PASSWORD)
    await identity.begin()
    await identity.add(new, Caller(login="root", name="Root", roles=frozenset({"administrator"})))
    yield wall, identity
    await service.http.aclose()
    await service.database.close()


async def test_wrong_passwords_lock_an_account_for_longer_and_longer_and_never_for_good(
    wall_and_identity: tuple[Wall, Identity],
) -> None:
    wall, identity = wall_and_identity
    for _ in range(FAILURES_BEFORE_LOCK):
        with pytest.raises(NotSignedInError, match="is wrong"):
            await identity.sign_in("ada", "wrong")
    with pytest.raises(NotSignedInError, match="try again in 60 s"):
        await identity.sign_in("ada", PASSWORD)
    wall.at += timedelta(seconds=61)
    with pytest.raises(NotSignedInError, match="is wrong"):
        await identity.sign_in("ada", "wrong")
    with pytest.raises(NotSignedInError, match="try again in 120 s"):
        await identity.sign_in("ada", PASSWORD)
    wall.at += LONGEST_LOCK
    _, ada = await identity.sign_in("ada", PASSWORD)
    assert ada.must_change
    with pytest.raises(NotSignedInError, match="is wrong"):
        await identity.sign_in("ada", "wrong")
    await identity.sign_in("ada", PASSWORD)  # the count began anew


async def test_a_session_ends_when_it_is_idle_and_after_a_shift_however_busy(
    wall_and_identity: tuple[Wall, Identity],
) -> None:
    wall, identity = wall_and_identity
    idle, _ = await identity.sign_in("ada", PASSWORD)
    busy, _ = await identity.sign_in("ada", PASSWORD)
    end = wall.at + LONGEST_SESSION
    while wall.at < end:
        assert await identity.sessions.caller(busy) is not None
        wall.at += LONGEST_IDLE * 0.9
        assert (await identity.sessions.caller(idle) is not None) == await identity.sessions.holds(
            idle
        )
    assert not await identity.sessions.holds(busy)
    assert await identity.sessions.caller(busy) is None


async def test_of_too_many_sessions_of_a_person_the_longest_unused_ends(
    wall_and_identity: tuple[Wall, Identity],
) -> None:
    wall, identity = wall_and_identity
    tokens = []
    for _ in range(MOST_SESSIONS):
        tokens.append((await identity.sign_in("ada", PASSWORD))[0])
        wall.at += timedelta(minutes=2)
    assert await identity.sessions.caller(tokens[0]) is not None  # used again
    tokens.append((await identity.sign_in("ada", PASSWORD))[0])
    in_force = [await identity.sessions.holds(token) for token in tokens]
    assert in_force == [True, False] + [True] * (MOST_SESSIONS - 1)


async def test_a_known_session_counts_without_the_database_until_it_would_be_over(
    wall_and_identity: tuple[Wall, Identity],
) -> None:
    wall, identity = wall_and_identity
    idle, _ = await identity.sign_in("ada", PASSWORD)
    busy, _ = await identity.sign_in("ada", PASSWORD)
    unseen, _ = await identity.sign_in("ada", PASSWORD)
    end = wall.at + LONGEST_SESSION
    for token in (idle, busy):
        assert await identity.sessions.caller(token) is not None
    identity.sessions._database = Database("postgresql:///gone?host=/nonexistent")
    with pytest.raises(ServiceUnreachableError):
        await identity.sessions.caller(unseen)
    while wall.at < end:
        wall.at += LONGEST_IDLE * 0.9
        assert (await identity.sessions.caller(busy) is not None) == (wall.at <= end)
    assert await identity.sessions.caller(idle) is None


async def test_no_account_is_opened_by_an_empty_key(
    wall_and_identity: tuple[Wall, Identity],
) -> None:
    _, identity = wall_and_identity
    assert await identity.caller_of_key("") is None
    assert await identity.sessions.caller("") is None


async def test_too_many_sign_ins_at_once_are_told_to_come_again(
    wall_and_identity: tuple[Wall, Identity],
) -> None:
    _, identity = wall_and_identity
    tries = [identity.sign_in("ada", PASSWORD) for _ in range(4 * MOST_WAITING)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    refused = [item for item in done if isinstance(item, ServiceUnreachableError)]
    came = [item for item in done if isinstance(item, tuple)]
    assert refused and len(came) >= MOST_WAITING
    assert len(refused) + len(came) == len(done)


async def test_a_command_names_who_is_signed_in_and_a_second_person_by_password(
    plant: Plant,
) -> None:
    path = "/api/spray/glue-mixes/IMG-1/checks"

    def given(**second: str) -> dict[str, Any]:
        return {"person": "Somebody Else", "viscosity_mpas": 9.9, "second": second}

    async with (
        plant.person("ada", "Ada Lovelace", "operator") as ada,
        plant.person("bo", "Bo Ek", "operator"),
        plant.person("vera", "Vera Rubin", "viewer"),
    ):
        right = given(login="bo", password=PASSWORD)
        assert (await ada.post(path, json=right, headers=key(1))).status_code == 201
        assert json.loads(plant.peers.given[-1]["body"]) == {
            "person": "Ada Lovelace (ada)",
            "viscosity_mpas": 9.9,
            "second": {"person": "Bo Ek (bo)"},
        }
        alone = {"person": "Bo Ek (bo)", "second": None}
        assert (await ada.post(path, json=alone, headers=key(2))).status_code == 201
        assert json.loads(plant.peers.given[-1]["body"])["person"] == "Ada Lovelace (ada)"
        reached = len(plant.peers.given)
        for second, status, why in (
            (given(login="bo", password="x" * 12), 401, "wrong"),
            (given(login="nobody", password=PASSWORD), 401, "wrong"),
            (given(login="ada", password=PASSWORD), 403, "a second person must sign"),
            (given(login="vera", password=PASSWORD), 403, "may not operate"),
            (given(person="Bo Ek (bo)"), 422, "login and password are needed"),
        ):
            refused = await ada.post(path, json=second, headers=key(3))
            assert (refused.status_code, why in refused.json()["detail"]) == (status, True)
            assert PASSWORD not in refused.text
        assert (await ada.post(path, content=b"[]", headers=key(4))).status_code == 422
        assert len(plant.peers.given) == reached
        signed = await plant.said("sign")
        assert {event["person"] for event in signed} >= {"Bo Ek (bo)"}
        assert (await sign_in(ada, "bo", PASSWORD)).status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/quality/waivers/W-1/signatures", lambda given: given | {"role": "quality"}),
        ("/api/execution/lots/L-1/holds/G/end", lambda given: {"second": given}),
        ("/api/handovers/H-1/take-over", lambda given: given | {"record_sha256": "0" * 64}),
    ],
)
async def test_who_tries_passwords_of_others_beside_a_session_is_slowed_down(
    plant: Plant, path: str, body: Callable[[dict[str, str]], dict[str, Any]]
) -> None:
    async with plant.person("eve", "Eve", "quality") as eve, plant.person("bo", "Bo", "quality"):
        for number in range(MOST_FAILURES):
            guess = {"login": f"nobody{number}", "password": "x" * 12}
            tried = await eve.post(path, json=body(guess), headers=key(number))
            assert tried.status_code == 401, tried.text
        right = {"login": "bo", "password": PASSWORD}
        slowed = await eve.post(path, json=body(right), headers=key(99))
        assert (slowed.status_code, slowed.json()["code"]) == (429, "TooManyTriesError")


async def test_a_signature_is_of_the_person_whose_password_comes_with_it(plant: Plant) -> None:
    path = "/api/quality/waivers/W-1/signatures"

    def given(login: str, password: str = PASSWORD, role: str = "quality") -> dict[str, Any]:
        return {
            "login": login,
            "password": password,
            "role": role,
            "meaning": "agreed",
            "person": "Somebody Else",
            "printed_name": "Somebody Else",
            "authentication": "believe me",
        }

    async with (
        plant.person("ada", "Ada Lovelace", "quality") as ada,
        plant.person("bo", "Bo Ek", "quality", "engineer"),
        plant.person("vera", "Vera Rubin", "viewer"),
    ):
        reply = await ada.post(path, json=given("bo"), headers=key(1))
        assert reply.status_code == 201
        signature = SignatureGiven.model_validate_json(plant.peers.given[-1]["body"])
        assert signature == SignatureGiven(
            person="Bo Ek (bo)",
            printed_name="Bo Ek",
            role="quality",
            meaning="agreed",
            authentication="password, given with the signature",
        )
        inside = {"conclusion": "as it was", "signature": given("ada")}
        closings = "/api/quality/nonconformances/NC-1/closings"
        assert (await ada.post(closings, json=inside, headers=key(2))).status_code == 201
        closing = Closing.model_validate_json(plant.peers.given[-1]["body"])
        assert (closing.conclusion, closing.signature.person) == (
            "as it was",
            "Ada Lovelace (ada)",
        )
        reached = len(plant.peers.given)
        for body, status, why in (
            (given("ada", "x" * 12), 401, "wrong"),
            (given("vera", role="viewer"), 403, "may not decide"),
            (given("ada", role="engineer"), 403, "has the roles quality"),
            ({"person": "Ada Lovelace (ada)", "role": "quality"}, 422, "login and password"),
            ({}, 422, "login and password"),
        ):
            refused = await ada.post(path, json=body, headers=key(3))
            assert (refused.status_code, why in refused.json()["detail"]) == (status, True)
            assert PASSWORD not in refused.text
        bare = await ada.post(closings, json={"conclusion": "none"}, headers=key(4))
        assert (bare.status_code, "a signature is needed" in bare.text) == (422, True)
        assert len(plant.peers.given) == reached
        assert (await ada.post("/api/session/end", headers=key(5))).status_code == 200
        stale = await ada.post(path, json=given("ada"), headers=key(6))
        assert stale.status_code == 401, "a session that has ended signs nothing, whatever comes"
        assert len(plant.peers.given) == reached
