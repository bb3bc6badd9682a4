"""Rows of tests keep their numbers to scale; a reduced curve loses no spike; wrong batches fail."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.historian.testcurves import Rows, curve, cycles, export, fresh_rows
from services.historian.testfiles import write_sealed
from services.historian.teststeps import sorted_rows, steps_of
from shared import testrows
from shared.errors import InvalidInputError

AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)


def columns(
    count: int = 8, series_id: str = "job-1", first: int = 1, **more: Any
) -> dict[str, Any]:
    """Return columns of a test whose steps have four rows: charge and discharge in turn."""
    row = np.arange(first, first + count)
    step = (row - 1) // 4 + 1
    charging = step % 2 == 1
    return {
        "series_id": [series_id] * count,
        "kind": np.where(charging, "cc_charge", "cc_discharge").tolist(),
        "row": row,
        "cycle": (step + 1) // 2,
        "step": step,
        "time_s": row * 10.0,
        "voltage_v": 3.0 + row / 1000.0,
        "current_ma": np.where(charging, 100.0, -100.0),
        "capacity_mah": (row - 1) % 4 * 0.25,
        "energy_mwh": (row - 1) % 4 * 0.75,
    } | more


def ask(tables: list[pa.Table], files: list[Path] | None = None) -> Rows:
    return Rows(files=files or [], fresh=testrows.joined(tables))


def test_batch_gives_back_its_numbers_to_the_last_digit() -> None:
    given_v = [2.12345, -9999.99999, 0.0]
    table = testrows.table(
        columns(3, voltage_v=given_v, temperature_degc=[25.31, float("nan"), -40.0])
    )
    back = testrows.decode(testrows.encode(table)).to_pylist()
    assert [float(row["voltage_v"]) for row in back] == given_v
    assert [row["temperature_degc"] and float(row["temperature_degc"]) for row in back] == [
        25.31,
        None,
        -40.0,
    ]
    assert [row["row"] for row in back] == [1, 2, 3]


def test_rows_of_many_tests_are_one_piece_of_a_batch() -> None:
    tables = [testrows.table(columns(3, f"job-{number}")) for number in range(50)]
    whole = testrows.joined(tables)

    body = testrows.encode(whole)

    with pa.ipc.open_stream(body) as reader:
        assert [piece.num_rows for piece in reader] == [150]
    assert testrows.decode(body).to_pylist() == whole.to_pylist()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"voltage_v": [1.0, float("nan"), 1.0]}, "voltage_v of row 2 is not finite"),
        ({"current_ma": [float("inf")] * 3}, "current_ma of row 1 is not finite"),
        ({"voltage_v": [1.0, 1e4, 1.0]}, "voltage_v reaches 10000; the column ends at 10000"),
    ],
)
def test_number_that_a_column_cannot_hold_is_refused_by_name(
    wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        testrows.table(columns(3, **wrong))


def without_kind() -> bytes:
    return testrows.encode(testrows.table(columns()).drop_columns(["kind"]))


def row_zero() -> bytes:
    return testrows.encode(testrows.table(columns(3, first=0)))


def unknown_voltage() -> bytes:
    table = testrows.table(columns(3))
    field = table.schema.field("voltage_v")
    return testrows.encode(table.set_column(5, field, pa.nulls(3, field.type)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"rubbish",
        testrows.encode(testrows.table(columns()))[:-200],
        testrows.encode(testrows.schema().empty_table()),
        without_kind(),
        row_zero(),
    ],
)
def test_body_that_is_no_batch_of_rows_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError):
        testrows.decode(body)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damaged_batch_is_refused_or_read_and_never_breaks_the_reader(data: Any) -> None:
    body = bytearray(testrows.encode(testrows.table(columns(40))))
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        rows = testrows.decode(bytes(body))
    except InvalidInputError:
        return
    assert rows.num_rows > 0


def test_sealed_file_is_sorted_by_test_and_row_and_holds_integers(tmp_path: Path) -> None:
    parts = [("b", 5), ("a", 1), ("b", 1), ("a", 5)]
    bodies = [testrows.encode(testrows.table(columns(4, name, first))) for name, first in parts]
    sealed = write_sealed(tmp_path, bodies, AT, AT)
    assert sealed.series_ids == ["a", "b"]
    path = tmp_path / sealed.file.path
    found = pq.read_table(path)
    keys = list(zip(found["series_id"].to_pylist(), found["row"].to_pylist(), strict=True))
    assert keys == [(name, row) for name in "ab" for row in range(1, 9)]
    group = pq.ParquetFile(path).metadata.row_group(0)
    kinds = {
        group.column(n).path_in_schema: group.column(n).physical_type
        for n in range(group.num_columns)
    }
    assert {kinds[name] for name in (*testrows.COUNTS, *testrows.DIGITS)} == {"INT32", "INT64"}
    assert [path.name for path in tmp_path.rglob("*.tmp")] == []


def test_steps_of_a_file_are_counted_once_each_with_their_highest_charge(tmp_path: Path) -> None:
    bodies = [testrows.encode(testrows.table(columns(8)))]
    steps = write_sealed(tmp_path, bodies, AT, AT).steps
    assert steps == {
        "series_id": ["job-1", "job-1"],
        "step": [1, 2],
        "cycle": [1, 1],
        "kind": ["cc_charge", "cc_discharge"],
        "row_count": [4, 4],
        "capacity_mah": [0.75, 0.75],
        "energy_mwh": [2.25, 2.25],
    }


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-5, 5), st.floats(-200, 200), st.floats(0.001, 50)),
        min_size=1,
        max_size=300,
    ),
    st.integers(8, 60),
)
def test_reduced_curve_has_the_extremes_of_each_bucket_as_real_rows(
    rows: list[tuple[float, float, float]], points: int
) -> None:
    voltage_v, current_ma, passed_s = (np.array(column) for column in zip(*rows, strict=True))
    table = testrows.table(
        columns(len(rows), voltage_v=voltage_v, current_ma=current_ma, time_s=np.cumsum(passed_s))
    )
    asked = ask([table])
    count, found = curve(asked, "job-1", 0.0, 1e9, points)
    _, whole = curve(asked, "job-1", 0.0, 1e9, len(rows))
    assert count == len(rows)
    assert len(found["row"]) <= points
    real = list(zip(*whole.values(), strict=True))
    shown = list(zip(*found.values(), strict=True))
    assert set(shown) <= set(real)
    assert found["row"] == sorted(found["row"])
    assert [min(found[n]) for n in ("voltage_v", "current_ma")] == [
        min(whole[n]) for n in ("voltage_v", "current_ma")
    ]
    buckets = max(1, points // 4) if count > points else count
    width_s = max((whole["time_s"][-1] - whole["time_s"][0]) / buckets * (1 + 1e-9), 1e-3)
    edges = whole["time_s"][0] + width_s * np.arange(1, buckets)
    number = np.searchsorted(edges, whole["time_s"], side="right").tolist()
    drawn = np.searchsorted(edges, found["time_s"], side="right").tolist()
    for name in ("voltage_v", "current_ma"):
        for bucket in set(number):
            before = [v for v, b in zip(whole[name], number, strict=True) if b == bucket]
            after = [v for v, b in zip(found[name], drawn, strict=True) if b == bucket]
            assert (min(before), max(before)) == (min(after), max(after))


def test_rows_of_files_and_of_batches_answer_together(tmp_path: Path) -> None:
    old = [testrows.encode(testrows.table(columns(8, name))) for name in ("job-1", "job-2")]
    sealed = write_sealed(tmp_path, old, AT, AT)
    bodies = [
        testrows.encode(testrows.table(columns(4, name, first=9))) for name in ("job-1", "job-3")
    ]
    fresh = fresh_rows(bodies, ["job-1"])
    assert fresh.num_rows == 4
    asked = ask([fresh], [tmp_path / sealed.file.path])
    count, found = curve(asked, "job-1", 0.0, 1e9, 100)
    sums = cycles(asked, ["job-1"])
    assert (count, found["row"]) == (12, list(range(1, 13)))
    assert sums == {
        "series_id": ["job-1", "job-1"],
        "cycle": [1, 2],
        "charge_mah": [0.75, 0.75],
        "discharge_mah": [0.75, None],
    }


def test_cycle_figures_sum_a_step_once_though_it_spans_batches() -> None:
    parts = [testrows.table(columns(3, first=first)) for first in (1, 4, 7)]
    asked = ask([sorted_rows(parts)])
    assert cycles(asked)["charge_mah"] == [0.75, 0.0]


@pytest.mark.parametrize("form", ["parquet", "csv", "bdf"])
def test_exported_rows_are_the_rows(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"it's.{form}"
    asked = ask([testrows.table(columns(8)), testrows.table(columns(8, "it's"))])
    export(asked, ["it's"], form, path)
    reader = "read_parquet" if form == "parquet" else "read_csv"
    found = duckdb.execute(f"SELECT * FROM {reader}(?)", [str(path)]).fetchnumpy()
    volts = found["voltage_volt" if form == "bdf" else "voltage_v"]
    assert volts.tolist() == [3.001, 3.002, 3.003, 3.004, 3.005, 3.006, 3.007, 3.008]


def test_exported_bdf_has_current_in_ampere_and_capacity_by_direction(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    asked = ask([testrows.table(columns(8))])
    export(asked, ["job-1"], "bdf", path)
    found = duckdb.execute("SELECT * FROM read_csv(?)", [str(path)]).fetchnumpy()
    assert found["current_ampere"].tolist() == [0.1] * 4 + [-0.1] * 4
    assert found["charging_capacity_ah"].tolist() == [0, 0.00025, 0.0005, 0.00075, 0, 0, 0, 0]
    assert found["discharging_capacity_ah"].tolist() == [0, 0, 0, 0, 0, 0.00025, 0.0005, 0.00075]


def test_a_step_that_a_sender_numbers_in_two_pieces_is_one_step() -> None:
    again = testrows.table(columns(8, step=np.array([1, 1, 2, 2, 1, 1, 2, 2]), cycle=np.ones(8)))
    found = steps_of(sorted_rows([again])).to_pydict()
    assert found["step"] == [1, 2]
    assert found["row_count"] == [4, 4]
    assert found["capacity_mah"] == [0.25, 0.75]


def test_a_test_whose_clock_was_set_back_keeps_the_order_of_its_rows() -> None:
    time_s = np.where(np.arange(400) < 200, np.arange(400), np.arange(400) - 150.0)
    count, found = curve(ask([testrows.table(columns(400, time_s=time_s))]), "job-1", 0, 1e9, 40)
    assert count == 400
    assert len(found["row"]) <= 40
    assert found["row"] == sorted(found["row"])


def test_arrow_file_has_the_decimals_as_they_are_kept(tmp_path: Path) -> None:
    table, path = testrows.table(columns(8)), tmp_path / "x.arrow"
    export(ask([table]), ["job-1"], "arrow", path)
    with pa.ipc.open_file(path) as reader:
        found = reader.read_all()
    assert found.schema == testrows.schema()
    assert found.to_pylist() == table.to_pylist()
