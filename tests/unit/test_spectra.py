"""Spectra are read from every format we meet, and refused with a reason where they are unsound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.quality.spectra import read_spectrum, spectrum_from_arrays
from shared.errors import InvalidInputError

FREQUENCY_HZ = np.array([1e5, 1e4, 1e3, 1e2, 1e1, 1.0])
Z_OHM = np.array([6 + 2j, 8 - 1j, 15 - 5j, 20 - 7j, 40 - 22j, 75 - 4j])
ROWS = list(zip(FREQUENCY_HZ, Z_OHM.real, Z_OHM.imag, strict=True))


def mpt(rows, frequency_word="freq/Hz", decimal="."):
    header = [
        "EC-Lab ASCII FILE",
        "Nb header lines : 5",
        "Device : SP-300",
        "",
        f"{frequency_word}\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\t",
    ]
    lines = [f"{f:.7E}\t{re:.7E}\t{-im:.7E}\t1.0" for f, re, im in rows]
    return "\r\n".join(header + [line.replace(".", decimal) for line in lines]).encode("latin-1")


def dta(rows):
    header = ["EXPLAIN", "TAG\tEISPOT", "VDC\tPOTEN\t-5.0E-002\tT\tDC", "ZCURVE\tTABLE"]
    header += ["\tPt\tTime\tFreq\tZreal\tZimag", "\t#\ts\tHz\tohm\tohm"]
    lines = [f"\t{i}\t1\t{f!r}\t{re!r}\t{im!r}" for i, (f, re, im) in enumerate(rows)]
    return "\n".join(header + lines + ["AFTER\tTABLE"]).encode()


def zplot(rows):
    header = ["ZPLOT2 ASCII", "  Date: 10-12-2018", "  Freq(Hz)\tAmpl\tZ'(a)\tZ''(b)"]
    lines = [f"{f!r}\t0.01\t{re!r}\t{im!r}" for f, re, im in rows]
    return "\n".join([*header, "End Comments", *lines]).encode()


def eisfit(rows):
    header = ["s1-140deg ", "Fixed value(s) :  AC Volt  [Vrms]=3.5000e-02"]
    header += ["   Freq.[Hz]   \tZs'[ohm]  \tZs''[ohm]"]
    return "\n".join(header + [f" {f!r}\t {re!r}\t{im!r}" for f, re, im in rows]).encode()


def csv(rows):
    return "\n".join(f"{f!r},{re!r},{im!r}" for f, re, im in rows).encode()


def headed_csv(rows):
    return (
        b"\xef\xbb\xbfz_real_ohm,z_imag_ohm,frequency_hz\n"
        + "\n".join(f"{re!r},{im!r},{f!r}" for f, re, im in rows).encode()
    )


def plain(rows):
    return [tuple(float(value) for value in row) for row in rows]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.mpt", mpt(ROWS)),
        ("a.mpt", mpt(ROWS, decimal=",")),
        ("a.DTA", dta(plain(ROWS))),
        ("a.z", zplot(plain(ROWS))),
        ("a.txt", eisfit(plain(ROWS))),
        ("a.csv", csv(plain(ROWS))),
        ("a.csv", headed_csv(plain(ROWS))),
    ],
    ids=["biologic", "biologic decimal comma", "gamry", "zplot", "eisfit", "csv", "csv header"],
)
def test_every_format_yields_the_same_spectrum(name, content):
    spectrum = read_spectrum(name, content)
    assert spectrum.frequency_hz == pytest.approx(FREQUENCY_HZ)
    assert spectrum.z_ohm == pytest.approx(Z_OHM)


def test_header_facts_are_kept_as_metadata():
    assert read_spectrum("a.mpt", mpt(ROWS)).metadata["Device"] == "SP-300"
    assert read_spectrum("a.DTA", dta(plain(ROWS))).metadata["VDC"] == "-5.0E-002"
    assert read_spectrum("a.z", zplot(plain(ROWS))).metadata["Date"] == "10-12-2018"


@given(
    st.lists(
        st.tuples(
            st.floats(1e-3, 1e7),
            st.floats(1e-3, 1e7),
            st.floats(-1e7, 1e7),
        ),
        min_size=5,
        max_size=40,
        unique_by=lambda row: row[0],
    )
)
@settings(deadline=None, max_examples=50)
def test_a_csv_gives_back_exactly_what_was_written(rows):
    spectrum = read_spectrum("any.csv", csv(rows))
    assert spectrum.frequency_hz.tolist() == [row[0] for row in rows]
    assert spectrum.z_ohm.tolist() == [complex(row[1], row[2]) for row in rows]


@pytest.mark.parametrize(
    ("frequency", "z", "message"),
    [
        (FREQUENCY_HZ[:4], Z_OHM[:4], "4 points; a spectrum has 5"),
        (np.array([]), np.array([]), "0 points"),
        (FREQUENCY_HZ, Z_OHM[:5], r"shape \(6,\), z_ohm \(5,\)"),
        (np.where(FREQUENCY_HZ == 1e3, -1e3, FREQUENCY_HZ), Z_OHM, "-1000.0 at point 3.*above 0"),
        (np.where(FREQUENCY_HZ == 1e3, 0.0, FREQUENCY_HZ), Z_OHM, "0.0 at point 3"),
        (np.where(FREQUENCY_HZ == 1e3, 1e4, FREQUENCY_HZ), Z_OHM, "10000.0 at point 3.*once"),
        (np.where(FREQUENCY_HZ == 1e3, np.nan, FREQUENCY_HZ), Z_OHM, "frequency_hz is nan"),
        (FREQUENCY_HZ, np.where(FREQUENCY_HZ == 1e3, np.nan, Z_OHM), "z_ohm is .*nan.* at point 3"),
        (FREQUENCY_HZ, np.where(FREQUENCY_HZ == 1e3, np.inf, Z_OHM), "z_ohm is .*inf"),
        (FREQUENCY_HZ, np.where(FREQUENCY_HZ == 1e3, 0.0, Z_OHM), "other than 0 ohm"),
    ],
)
def test_an_unsound_spectrum_is_refused_by_name_value_and_limit(frequency, z, message):
    with pytest.raises(InvalidInputError, match=rf"cell-7.*{message}"):
        spectrum_from_arrays("cell-7", frequency, z)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mpt", mpt(ROWS, frequency_word="f0"), "no frequency column"),
        ("a.mpt", b"EC-Lab ASCII FILE\nNb header lines : 900\n", "is 900, the file has 2 lines"),
        ("a.mpt", b"EC-Lab ASCII FILE\nDevice : SP\n", "no 'Nb header lines'"),
        ("a.csv", b"", "empty"),
        ("a.csv", b" \n\n", "empty"),
        ("a.csv", csv(plain(ROWS)) + b"\n1e9,abc,2", "line 7, column 're' is 'abc'"),
        ("a.csv", csv(plain(ROWS)) + b"\n1e9,2", "line 7, column 'im' is ''"),
        ("a.csv", csv(plain(ROWS)) + b"\n1e9,nan,2", "z_ohm is .*nan.* at point 7"),
        ("a.csv", b"f,re,im", "0 points"),
        ("a.z", b"ZPLOT2 ASCII\n", "no line 'End Comments'"),
        ("a.DTA", b"EXPLAIN\nZCURVE\tTABLE", "no rows"),
        ("a.mpr", b"BIO-LOGIC MODULAR FILE", "format not known"),
    ],
)
def test_a_broken_file_is_refused_by_file_and_field(name, content, message):
    with pytest.raises(InvalidInputError, match=rf"{name}.*{message}"):
        read_spectrum(name, content)


def test_a_spectrum_cannot_be_changed_after_it_was_checked():
    spectrum = spectrum_from_arrays("a", FREQUENCY_HZ, Z_OHM)
    with pytest.raises(ValueError, match="read-only"):
        spectrum.z_ohm[0] = 0.0


@pytest.mark.parametrize(
    ("path", "points", "first_hz", "first_z"),
    [
        ("eis/impy_Circuit3_EIS_1.z", 53, 150000.0, 1493.7 + 10.377j),
        ("eis/impy_exampleDataZPlot.z", 21, 300000.0, 147.77 - 11.335j),
        ("eis/impy_exampleDataBioLogic.mpt", 43, 1000.3201, 65.470886 - 0.38998979j),
        ("eis/impy_exampleDataGamry.DTA", 72, 200015.6, 825.8584 - 1367.239j),
        ("eis/impy_exampleData.csv", 66, 0.0031623, 0.04949989776 - 0.02043869854j),
        ("eis_solid/EIS_Data_Example-3-4_s04147-140deg.txt", 42, 1e6, 22142.3 - 54311.5j),
    ],
)
def test_real_files_are_read(peer_data, path, points, first_hz, first_z):
    spectrum = read_spectrum(path, (peer_data / path).read_bytes())
    assert spectrum.frequency_hz.size == points
    assert spectrum.frequency_hz[0] == pytest.approx(first_hz)
    assert spectrum.z_ohm[0] == pytest.approx(first_z)


def test_a_real_file_without_frequencies_is_refused(peer_data):
    content = (peer_data / "eis/impy_exampleDataBioLogic_MissingFreq.mpt").read_bytes()
    with pytest.raises(InvalidInputError, match="no frequency column"):
        read_spectrum("missing.mpt", content)
