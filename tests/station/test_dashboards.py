"""The dashboards for Grafana: each question of each panel, asked by the user that Grafana has."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
import pytest
import yaml
from psycopg.rows import dict_row

from deploy.postgres import PostgresServer
from shared.db import migrate
from tests.station.speaker import ROOT

FOLDER = ROOT / "deploy/grafana"
BOARDS = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("dashboards/*.json"))]
PANELS = [
    pytest.param(panel, id=f"{board['uid']}: {panel['title']}")
    for board in BOARDS
    for panel in board["panels"]
]
VARIABLES = [
    pytest.param(variable["query"], id=variable["name"])
    for board in BOARDS
    for variable in board["templating"]["list"]
    if variable["type"] == "query"
]
CHOSEN = {"characteristic": "'leak_rate'", "lot": "'CELL-1'"}
AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
SAID = {
    "disposition_decided": {
        "gate": "leak",
        "characteristic": "leak_rate",
        "value": 0.4,
        "unit": "Pa·L/s",
        "low": 0.0,
        "high": 1.0,
        "disposition": "hold",
        "reason": "too near",
    },
    "nonconformance_raised": {
        "nonconformance_id": "NC-1",
        "equipment_id": "pilot/dryroom/assembly/sealer-1",
        "description": "leak",
    },
}


def in_sql(words: str) -> str:
    """Put into a question what Grafana puts there: the chosen time and values."""
    words = re.sub(
        r"\$__timeFilter\((\w+)\)",
        r"\1 BETWEEN '2026-01-01T00:00:00Z' AND '2026-02-01T00:00:00Z'",
        words,
    )
    words = re.sub(r"\$\{(\w+):sqlstring\}", lambda found: CHOSEN[found[1]], words)
    assert "$" not in words, words
    return words


@pytest.fixture(scope="module")
def reports(postgres_server: PostgresServer) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection as Grafana opens it, to a record with something for each panel."""
    name = "test_dashboards"
    postgres_server.ensure_database(name)
    postgres_server.ensure_reports()
    url = postgres_server.url(name)
    migrate(url, ROOT / "services/trace/migrations")
    with psycopg.connect(url.replace("+psycopg", "")) as owner:
        fill(owner)
    [source] = yaml.safe_load((FOLDER / "provisioning/datasources/halite.yaml").read_text())[
        "datasources"
    ]
    with psycopg.connect(
        host=str(postgres_server.socket_dir),
        user=source["user"],
        dbname=name,
        row_factory=dict_row,
    ) as connection:
        yield connection
    postgres_server.drop_database(name)


def fill(owner: psycopg.Connection[Any]) -> None:
    """Write one cell with its mix, step, grade and hold, a decision and a nonconformance."""
    ran = {"job": "J-1", "station": "pilot/dryroom/assembly/sealer-1", "at": AT}
    owner.execute(
        """INSERT INTO lot VALUES ('CELL-1', 'nvp-coin', 1, '1', 'W-1', 'made', %(at)s)""", ran
    )
    owner.execute("INSERT INTO lot_grade VALUES ('CELL-1', 'A', 3.1, %(at)s)", ran)
    owner.execute("INSERT INTO lot_hold VALUES ('CELL-1', 'leak', 'too near', %(at)s)", ran)
    owner.execute(
        """INSERT INTO genealogy_edge VALUES (gen_random_uuid(), 'MIX-1', 'CELL-1', 1, 'g',
           %(job)s, 'seal', %(station)s, 'seal', 2, %(at)s, %(at)s)""",
        ran,
    )
    owner.execute(
        """INSERT INTO genealogy_step VALUES (gen_random_uuid(), 'CELL-1', 'produced',
           %(job)s, 'seal', %(station)s, 'seal', 2, NULL, %(at)s, %(at)s)""",
        ran,
    )
    for number, (kind, data) in enumerate(SAID.items(), start=1):
        owner.execute(
            """INSERT INTO record (event_id, source, sequence, type, subject, time, body)
               VALUES (gen_random_uuid(), 'quality', %s, %s, 'CELL-1', %s, %s)""",
            (number, f"org.halite.{kind}.v1", AT, json.dumps({"data": data})),
        )


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_shows_what_the_record_holds(
    panel: dict[str, Any], reports: psycopg.Connection[dict[str, Any]]
) -> None:
    for target in panel["targets"]:
        rows = reports.execute(in_sql(target["rawSql"]).encode()).fetchall()

        assert rows, "a panel that shows nothing of a full record"
        if panel["type"] == "timeseries":
            assert isinstance(rows[0]["time"], datetime)
        if target["format"] == "time_series":
            assert set(rows[0]) == {"time", "metric", "value"}


@pytest.mark.parametrize("question", VARIABLES)
def test_a_variable_offers_what_the_record_holds(
    question: str, reports: psycopg.Connection[dict[str, Any]]
) -> None:
    assert reports.execute(in_sql(question).encode()).fetchall() == [
        {"characteristic": "leak_rate"}
    ]


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("SELECT * FROM record", "permission denied"),
        ("SELECT lo_create(0)", "read-only transaction"),
    ],
)
def test_the_user_of_reports_can_neither_read_tables_nor_write(
    words: LiteralString, refusal: str, reports: psycopg.Connection[dict[str, Any]]
) -> None:
    with pytest.raises(psycopg.Error, match=refusal), reports.transaction():
        reports.execute(words)


def test_a_question_of_a_report_ends_after_ten_seconds(
    reports: psycopg.Connection[dict[str, Any]],
) -> None:
    [row] = reports.execute("SHOW statement_timeout").fetchall()

    assert row == {"statement_timeout": "10s"}


def test_dashboards_are_told_apart_and_read_the_source_that_is_there() -> None:
    [source] = yaml.safe_load((FOLDER / "provisioning/datasources/halite.yaml").read_text())[
        "datasources"
    ]

    used = {panel["datasource"]["uid"] for board in BOARDS for panel in board["panels"]}
    assert used == {source["uid"]}
    assert len({board["uid"] for board in BOARDS}) == len({board["title"] for board in BOARDS}) == 3
    assert not any(board["editable"] for board in BOARDS)
