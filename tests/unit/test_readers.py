"""Files of other testers: EC-Lab text, BDF and CSV, .mpr by a separate program, linked files."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from services.formation.cycles import cycle_figures, steps_from_rows
from services.formation.numerals import numerals_of
from services.formation.proof import prove
from services.formation.protocol import CellOrder, formation_protocol
from services.formation.readers import read_any
from services.formation.stepfile import step_file
from services.formation.tables import bdf_table, joined, read_table
from services.formation.testfiles import TestFile
from shared.errors import InvalidInputError

PEERS = Path(os.environ.get("HALITE_PEER_DATA", "../shared/data")).resolve()
peers = pytest.mark.skipif(not PEERS.is_dir(), reason=f"peer data not at {PEERS}")
MPR_PROGRAM = tuple(os.environ.get("HALITE_TEST_MPR_PROGRAM", "").split())
COLUMNS = ("mode", "Ns", "time/s", "dq/mA.h", "Ewe/V", "<I>/mA", "half cycle")
ROWS = [
    (3, 0, 0.0, 0.0, 2.5, 0.0, 0),
    (3, 0, 10.0, 0.0, 2.5, 0.0, 0),
    (1, 1, 10.0, 0.0, 3.0, 36.0, 0),
    (1, 1, 110.0, 1.0, 3.2, 36.0, 0),
    (2, 1, 210.0, 0.5, 3.2, 18.0, 0),
    (1, 2, 210.0, 0.0, 3.1, -36.0, 1),
    (1, 2, 345.0, -1.35, 2.0, -36.0, 1),
]


def mpt(decimal: str = ".", rows: list[tuple[float, ...]] = ROWS) -> bytes:
    head = ["EC-Lab ASCII FILE", "Nb header lines : 4", "", "\t".join(COLUMNS) + "\t"]
    body = ["\t".join(f"{v}".replace(".", decimal) for v in row) for row in rows]
    return "\r\n".join([*head, *body, ""]).encode("cp1252")


@pytest.mark.parametrize("decimal", [".", ","])
def test_mpt_reads_alike_with_points_and_with_commas(decimal: str) -> None:
    found = read_any("a.mpt", mpt(decimal))
    assert (found.damaged, found.warnings, found.may_gate) == (False, (), True)
    assert found.rows["kind"].to_list() == [
        "rest", "rest", "cc_charge", "cc_charge", "cv_charge", "cc_discharge", "cc_discharge",
    ]  # fmt: skip
    [cycle] = cycle_figures(steps_from_rows(found.rows))
    assert (cycle.charge_mah, cycle.discharge_mah) == pytest.approx((1.5, 1.35))
    assert cycle.constant_voltage_mah == pytest.approx(0.5)
    assert cycle.coulombic_efficiency.value_ratio == pytest.approx(0.9)


def test_mpt_of_mixed_signs_is_refused_with_both_numbers() -> None:
    mixed = mpt().replace(b"3.2", b"3,2")
    with pytest.raises(InvalidInputError, match=r"'3,2' has a decimal comma and '0\.0' a point"):
        read_any("a.mpt", mixed)


def test_thousands_separators_are_refused_not_guessed() -> None:
    with pytest.raises(InvalidInputError, match="groups its digits"):
        numerals_of("a", ["1.234,5"])
    assert numerals_of("a", ["12", "text", "1e5"]).sign == "."
    assert numerals_of("a", ["12", "1,5E+003"]).sign == ","


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "1 to"),
        (b"rubbish", "does not begin"),
        (b"EC-Lab ASCII FILE\nNb header lines : 90\n", "not whole"),
        (mpt(rows=[]), "no rows"),
        (mpt().replace(b"time/s", b"zeit/s"), "time/s is missing"),
        (mpt().replace(b"3.2", b"nan"), "not finite"),
        (mpt().replace(b"\t3.2\t", b"\t"), "columns"),
    ],
)
def test_broken_mpt_is_refused_with_what_is_wrong(content: bytes, word: str) -> None:
    with pytest.raises(InvalidInputError, match=word):
        read_any("a.mpt", content)


def test_mpt_cut_off_in_a_row_is_read_up_to_it_and_gates_nothing() -> None:
    found = read_any("a.mpt", mpt()[:-20])
    assert found.rows.height == len(ROWS) - 1
    assert "cut off" in found.warnings[0]
    assert not found.may_gate


def test_mpt_whose_clock_runs_backwards_gates_nothing() -> None:
    found = read_any("a.mpt", mpt(rows=[*ROWS, (1, 2, 5.0, -0.1, 2.0, -36.0, 1)]))
    assert found.damaged and not found.may_gate
    assert any("backwards" in warning for warning in found.warnings)


@peers
def test_spectrum_of_a_peer_is_no_cycling_test() -> None:
    content = (PEERS / "eis/impy_exampleDataBioLogic_MissingFreq.mpt").read_bytes()
    with pytest.raises(InvalidInputError):
        read_any("a.mpt", content[: len(content) // 3])


# BDF and CSV

BDF = (
    "test_time_second,voltage_volt,current_ampere,charging_capacity_ah,discharging_capacity_ah\n"
    "0,2.5,0,0,0\n10,2.5,0,0,0\n20,3.0,0.036,0,0\n120,3.2,0.036,0.001,0\n"
    "130,3.1,-0.036,0.001,0\n220,2.0,-0.036,0.001,0.0009\n"
)


def test_bdf_reads_by_names_for_machines_and_for_people() -> None:
    people = BDF.replace("test_time_second", "Test Time / s").replace("voltage_volt", "Voltage / V")
    for text in (BDF, people, "\ufeff" + BDF, BDF.replace(",", ";").replace(".", ",")):
        found = read_any("a.bdf.csv", text.encode())
        [cycle] = cycle_figures(steps_from_rows(found.rows))
        assert (cycle.charge_mah, cycle.discharge_mah) == pytest.approx((1.0, 0.9))
        assert found.may_gate


def test_counters_that_reset_count_on() -> None:
    reset = BDF.replace("-0.036,0.001,0\n", "-0.036,0,0\n").replace("0.001,0.0009", "0,0.0009")
    [cycle] = cycle_figures(steps_from_rows(read_table("a.csv", reset.encode())[0]))
    assert (cycle.charge_mah, cycle.discharge_mah) == pytest.approx((1.0, 0.9))


def test_table_without_capacity_is_integrated_and_gates_nothing() -> None:
    lines = [",".join(line.split(",")[:3]) for line in BDF.splitlines()]
    found = read_any("a.csv", "\n".join(lines).encode())
    assert "our own integral" in found.warnings[0]
    assert not found.may_gate


def test_bdf_out_and_in_again_has_the_same_figures() -> None:
    rows = read_any("a.mpt", mpt()).rows
    again, notes = read_table("b.csv", bdf_table(rows))
    before, after = (cycle_figures(steps_from_rows(r))[0] for r in (rows, again))
    assert notes == ()
    assert (after.charge_mah, after.discharge_mah) == pytest.approx(
        (before.charge_mah, before.discharge_mah)
    )


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"a,b\n", "no rows"),
        (b"a,b\n1,2\n", "test_time_second, voltage_volt, current_ampere are missing"),
        (BDF.replace("10,2.5,0,0,0", "10,2.5").encode(), "line 3"),
        (BDF.replace("3.2", "x").encode(), "column voltage_volt"),
    ],
)
def test_broken_table_is_refused(content: bytes, word: str) -> None:
    with pytest.raises(InvalidInputError, match=word):
        read_any("a.csv", content)


@peers
def test_bdf_of_a_peer_is_read_whole() -> None:
    [path] = PEERS.glob("bdf/*.csv")
    content = path.read_bytes()
    found = read_any(path.name, content)
    assert found.rows.height == len(content.splitlines()) - 1
    assert not found.damaged
    # It was saved in the middle of a discharge, at 0.11 V where the one before went to 0.01 V.
    steps = steps_from_rows(found.rows)
    last = cycle_figures(steps, last_step_ended=found.ended)[-1]
    assert "incomplete" in last.flags
    assert last.coulombic_efficiency.value_ratio is None


# .mpr by a separate program


def test_mpr_needs_a_program_and_says_how_to_set_one() -> None:
    with pytest.raises(InvalidInputError, match="HALITE_MPR_PROGRAM"):
        read_any("a.mpr", b"x")
    with pytest.raises(InvalidInputError, match="No such file"):
        read_any("a.mpr", b"x", mpr_program=("/no/such/program",))


def test_mpr_is_what_the_program_writes(tmp_path: Path) -> None:
    program = tmp_path / "convert.py"
    program.write_text(f"import sys; open(sys.argv[1]).read(); print({BDF!r})")
    found = read_any("a.mpr", b"bytes", mpr_program=(sys.executable, str(program)))
    assert found.rows.height == 6
    assert found.may_gate
    program.write_text("import sys; sys.exit('cannot read this')")
    with pytest.raises(InvalidInputError, match="cannot read this"):
        read_any("a.mpr", b"bytes", mpr_program=(sys.executable, str(program)))


@peers
@pytest.mark.skipif(not MPR_PROGRAM, reason="HALITE_TEST_MPR_PROGRAM names no program")
def test_linked_mpr_files_of_a_peer_are_one_test() -> None:
    paths = sorted(PEERS.glob("biologic/acm_*_GCPL_*.mpr"))
    files = [read_any(p.name, p.read_bytes(), mpr_program=MPR_PROGRAM) for p in paths]
    whole = joined([file.rows for file in files])
    cycles = cycle_figures(steps_from_rows(whole))
    assert len(cycles) == 3
    assert whole["voltage_v"].max() == pytest.approx(4.9, abs=0.001)
    # the peer integrates the current itself: 76.112 %; the tester's own charge says 76.141 %
    assert cycles[0].coulombic_efficiency.value_ratio == pytest.approx(0.76112, abs=0.0005)


# Linked files


def test_linked_files_go_on_in_time_steps_and_cycles() -> None:
    rows = read_any("a.mpt", mpt()).rows
    whole = joined([rows, rows])
    assert whole.height == 2 * rows.height
    assert (whole["time_s"].diff().drop_nulls() >= 0.0).all()
    assert [item.cycle for item in cycle_figures(steps_from_rows(whole))] == [1, 2]


def test_charge_that_is_split_over_two_files_is_one_charge() -> None:
    rows = read_any("a.mpt", mpt()).rows
    for place in range(1, rows.height):
        whole = joined([rows.head(place), rows.tail(rows.height - place)])
        [cycle] = cycle_figures(steps_from_rows(whole))
        assert cycle.discharge_mah == pytest.approx(1.35)


def test_nothing_to_join_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="nothing to join"):
        joined([])


# What ran is what was ordered

CELL = CellOrder(lot_id="CELL-1", capacity_mah=1000.0)
PROTOCOL = formation_protocol()
ORDERED = step_file(
    PROTOCOL, CELL, range_ma=200.0, range_v=5.0, written_at=datetime(2026, 11, 23, tzinfo=UTC)
).content


def file(current_ma: float = 100.0, barcode: str | None = "CELL-1", xml: bytes = ORDERED):
    rows = pl.DataFrame({"step_index": [1, 2, 2, 2], "current_ma": [0.0] + [current_ma] * 3})
    return TestFile(
        name="a", rows=rows, barcode=barcode, channel=None, step_xml=xml.decode() or None,
        ended=True, warnings=(), damaged=False, sha256="", parser="",
    )  # fmt: skip


def test_file_of_the_right_cell_and_protocol_proves_it() -> None:
    found = prove(file(), ORDERED, "CELL-1", PROTOCOL, CELL)
    assert (found.matches, found.findings) == (True, ())


def test_other_cell_edited_protocol_and_clipped_range_are_found_together() -> None:
    edited = ORDERED.replace(b"40000.000000", b"41000.000000")
    assert edited != ORDERED
    found = prove(file(90.0, "CELL-2", edited), ORDERED, "CELL-1", PROTOCOL, CELL)
    told = " / ".join(found.findings)
    assert found.matches is False
    assert "barcode 'CELL-2'" in told
    assert "40000" in told and "41000" in told
    assert "step 2: 90 mA, ordered 100 mA, limit 1%" in told


def test_file_that_names_no_cell_proves_nothing() -> None:
    found = prove(file(barcode=None), ORDERED, "CELL-1", PROTOCOL, CELL)
    assert (found.matches, found.findings) == (None, ("the file names no barcode",))
    silent = prove(file(xml=b""), ORDERED, "CELL-1", PROTOCOL, CELL)
    assert silent.matches is None
    assert prove(file(xml=b"<x/>"), ORDERED, "CELL-1", PROTOCOL, CELL).matches is False
