"""Real spectra with the other sign are told from the sound ones; none that is sound is refused."""

from dataclasses import replace

import numpy as np
import pytest

from services.quality.linkk import kramers_kronig_test
from services.quality.spectra import read_spectrum, spectrum_from_arrays
from services.quality.spectrumdoubts import require_sign, require_sound
from shared.errors import InvalidInputError

REAL = (
    "eis/impy_Circuit3_EIS_1.z",
    "eis/impy_exampleDataZPlot.z",
    "eis/impy_exampleDataBioLogic.mpt",
    "eis/impy_exampleDataGamry.DTA",
    "eis/impy_exampleData.csv",
    "eis_solid/EIS_Data_Example-3-4_s04147-140deg.txt",
    "eis_solid/EIS_Data_Example-3-4_s04147-200deg.txt",
)


@pytest.mark.parametrize("with_capacitance", [False, True])
@pytest.mark.parametrize("path", REAL)
def test_a_real_spectrum_is_sound_and_its_conjugate_is_refused(peer_data, path, with_capacitance):
    def tested(spectrum):
        return kramers_kronig_test(spectrum, with_capacitance=with_capacitance)

    spectrum = read_spectrum(path, (peer_data / path).read_bytes())
    require_sound(spectrum)
    require_sign(spectrum, tested(spectrum), tested)
    turned = replace(spectrum, z_ohm=np.conj(spectrum.z_ohm))
    with pytest.raises(InvalidInputError, match="with the sign of the imaginary part turned"):
        require_sign(turned, tested(turned), tested)


def test_a_fixture_that_is_only_inductive_has_no_wrong_sign():
    frequency_hz = np.geomspace(1.0, 1e6, 40)
    shorted = spectrum_from_arrays("short", frequency_hz, 0.4 + 2j * np.pi * frequency_hz * 1e-7)
    require_sound(shorted)
    require_sign(shorted, kramers_kronig_test(shorted), kramers_kronig_test)


@pytest.mark.parametrize(
    "header",
    ["freq/kHz,Re(Z)/Ohm,-Im(Z)/Ohm", "freq/Hz,Re(Z)/kOhm,-Im(Z)/kOhm", "freq/Hz,|Z|/Ohm,Phase"],
)
def test_columns_in_another_unit_are_refused_by_their_header(header):
    rows = "".join(f"{10**n},{100 - n},{n}\n" for n in range(7))
    with pytest.raises(InvalidInputError, match=r"mixed.csv: no (frequency|real part) column"):
        read_spectrum("mixed.csv", f"{header}\n{rows}".encode())
