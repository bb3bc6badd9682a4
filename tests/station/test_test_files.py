"""Test files over HTTP: kept raw, every reading kept, flagged, joined, given out as BDF."""

import httpx
from sqlalchemy import text

from shared.app import Service
from tests.unit.test_readers import BDF, mpt


async def post(http: httpx.AsyncClient, name: str, content: bytes) -> httpx.Response:
    headers = {"idempotency-key": f"key of {name}"}
    return await http.post(f"/test-files?name={name}&lot_id=C1", content=content, headers=headers)


async def test_unreadable_file_is_refused_kept_flagged_and_gates_nothing(
    http: httpx.AsyncClient,
) -> None:
    contents = {"a.ndax": b"PK half", "b.mpt": b"", "c.csv": b"\x00\xff"}
    for name, content in contents.items():
        first, again = await post(http, name, content), await post(http, name, content)
        assert (first.status_code, again.status_code) == (422, 422)
        assert name in first.json()["detail"]
        assert again.json() == first.json()
    listed = (await http.get("/test-files?lot_id=C1")).json()["items"]
    assert {item["name"] for item in listed} == set(contents)
    for item in listed:
        assert (item["may_gate"], item["parser"]) == (False, "none")
        assert item["name"] in item["warnings"][0]
        [reading] = (await http.get(f"/test-files/{item['sha256']}/readings")).json()["items"]
        assert reading["figures"] is None
        kept = await http.get(f"/test-files/{item['sha256']}")
        assert kept.content == contents[item["name"]]
    assert (await post(http, "a.docx", b"x")).status_code == 422


async def test_reading_again_adds_a_reading_only_where_it_says_another_thing(
    http: httpx.AsyncClient, formation: Service
) -> None:
    sha256 = (await post(http, "a.mpt", mpt())).json()["sha256"]
    path = f"/test-files/{sha256}/readings"
    same = await http.post(path, headers={"idempotency-key": "again-01"})
    assert same.json()["changed"] is False
    older = "UPDATE test_file_reading SET body = jsonb_set(body, '{parser}', '\"halite 0\"')"
    async with formation.database.begin() as tx:
        await tx.execute(text(older))
    changed = await http.post(path, headers={"idempotency-key": "again-02"})
    assert changed.json()["changed"] is True
    kept = (await http.get(path)).json()["items"]
    assert [item["parser"] for item in kept] == ["halite 0", "halite 1"]
    [listed] = (await http.get("/test-files?lot_id=C1")).json()["items"]
    assert (listed["parser"], listed["may_gate"]) == ("halite 1", True)


async def test_files_are_joined_and_given_out_as_bdf(http: httpx.AsyncClient) -> None:
    first = (await post(http, "a.mpt", mpt())).json()["sha256"]
    second = (await post(http, "b.csv", BDF.encode())).json()["sha256"]
    whole = (await http.get(f"/joined-test-files?sha256={first}&sha256={second}")).json()
    assert (whole["row_count"], len(whole["cycles"]), whole["may_gate"]) == (13, 2, True)
    table = await http.get(f"/test-files/{first}/bdf")
    assert table.text.startswith("test_time_second,voltage_volt,current_ampere")
    few = (await http.get(f"/test-files/{first}/derivatives?cycle=1")).json()
    assert "rows" in few["dq_dv_mah_per_v"]["reason"]
    assert (await http.get(f"/test-files/{first}/derivatives?cycle=9")).status_code == 404
    assert (await http.get("/joined-test-files?sha256=none")).status_code == 404
