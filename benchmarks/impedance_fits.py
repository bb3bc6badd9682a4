"""Fits and Kramers-Kronig tests beside impedance.py, on the same spectra.

`OPENBLAS_NUM_THREADS=1 python -m benchmarks.impedance_fits --files FOLDER --peer FOLDER`

impedance.py is installed into an environment in `--peer`, unless it is there; it is no dependency.
It gets one start, ours are automatic. Known of it: one start seldom meets the optimum of a real
pellet, arcs come out in any order, a fit that missed is returned like any other, and its
Kramers-Kronig test fails with numpy 2 unless numbers are printed as before.
Times are of the CPU, which a busy machine spares; both sides run with one thread for linear
algebra, as the service's fit process does.
"""

import argparse
import json
import subprocess
import time
import venv
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from services.quality.circuit import Circuit, fit_circuit
from services.quality.impedance import CELL, TWO_ARC_PELLET
from services.quality.linkk import kramers_kronig_test
from services.quality.spectra import Spectrum, read_spectrum, spectrum_from_arrays
from shared.errors import InvalidInputError

PACKAGES = ("impedance", "pandas")  # which it needs and does not declare
PEER = Path(__file__).with_name("impedance_peer.py")
PELLET_WORDS, CELL_WORDS = "p(R1,CPE1)-p(R2,CPE2)-CPE3", "L1-R0-p(R1,CPE1)-p(R2,CPE2)"
PELLET_GUESS = [1e5, 1e-10, 0.9, 1e6, 1e-8, 0.8, 1e-6, 0.6]
CELL_GUESS = [1e-7, 5.0, 10.0, 1e-8, 0.9, 50.0, 1e-5, 0.8]
SAME_RATIO = 1.01  # of the best sum of squares: the same optimum


def installed(folder: Path) -> Path:
    """Return the interpreter that has impedance.py."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def asked(python: Path, questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what impedance.py answers; its own start is not counted in its times."""
    done = subprocess.run(
        [python, PEER], input=json.dumps(questions), capture_output=True, text=True, check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def arrays(spectrum: Spectrum) -> dict[str, Any]:
    """Return a spectrum as JSON has it."""
    return {
        "frequency_hz": spectrum.frequency_hz.tolist(),
        "real_ohm": spectrum.z_ohm.real.tolist(),
        "imag_ohm": spectrum.z_ohm.imag.tolist(),
    }


def cell(seed: int) -> Spectrum:
    """A cell with solid electrolyte: 0.2 uH, 6, 14 and 60 ohm, 0.3 % noise."""
    frequency = np.geomspace(7e6, 1.0, 70)
    jw = 2j * np.pi * frequency
    z = 0.2e-6 * jw + 6.0 + 14.0 / (1 + (jw * 1e-7) ** 0.9) + 60.0 / (1 + (jw * 1e-3) ** 0.85)
    noise = np.random.default_rng(seed).normal(size=(2, frequency.size))
    noisy = z * (1 + 0.003 * (noise[0] + 1j * noise[1]))
    return spectrum_from_arrays(f"cell {seed}", frequency, noisy)


def timed_ms(act: Callable[[], Any], rounds: int) -> float:
    """Return the median milliseconds of CPU of a call."""
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        act()
        taken.append(1e3 * (time.process_time() - begun))
    return median(taken)


def fits(spectra: Sequence[tuple[Spectrum, Circuit]], python: Path, rounds: int) -> None:
    """Print by spectrum the time of a fit and whether each side met the best optimum."""
    questions = [
        {
            "act": "fit",
            "circuit": CELL_WORDS if circuit is CELL else PELLET_WORDS,
            "guess": CELL_GUESS if circuit is CELL else PELLET_GUESS,
            **arrays(spectrum),
        }
        for spectrum, circuit in spectra
    ]
    answers = asked(python, questions)
    print(
        f"{'spectrum':44} {'ours ms':>8} {'peer ms':>8} {'ratio':>6} {'ours':>5} {'peer':>5} "
        f"{'sum of R, ohm: ours':>20} {'peer':>12}"
    )
    for (spectrum, circuit), peer in zip(spectra, answers, strict=True):
        ours_ms = timed_ms(partial(fit_circuit, spectrum, circuit), rounds)
        fit = fit_circuit(spectrum, circuit, chi2_limit_ratio=1.0).fit
        if fit is None:
            print(f"{spectrum.name[:44]:44} no result")
            continue
        freedom = 2 * spectrum.frequency_hz.size - circuit.parameter_count
        ours = fit.chi2_ratio * freedom
        theirs = peer.get("chi2", float("inf"))
        best = min(ours, theirs)
        resistance = fit.resistance_sum(len(fit.arcs))[0]
        shown = "-" if peer["parameters"] is None else f"{_sum(circuit, peer['parameters']):.6g}"
        print(
            f"{spectrum.name[:44]:44} {ours_ms:8.1f} {peer['ms']:8.1f} {peer['ms'] / ours_ms:6.1f} "
            f"{_met(ours, best):>5} {_met(theirs, best):>5} {resistance:20.6g} {shown:>12}"
        )


def _met(found: float, best: float) -> str:
    return "met" if found <= SAME_RATIO * best else f"{found / best:.0f}x"


def _sum(circuit: Circuit, parameters: Sequence[float]) -> float:
    """Return all resistances of impedance.py's parameters together."""
    return sum(parameters[index] for index in ((1, 2, 5) if circuit is CELL else (0, 3)))


def kramers_kronig(spectra: Sequence[Spectrum], python: Path, rounds: int) -> None:
    """Print by spectrum the time of a Kramers-Kronig test with the order rule of its source."""
    answers = asked(python, [{"act": "kk", **arrays(spectrum)} for spectrum in spectra])
    print(
        f"{'spectrum':44} {'ours ms':>8} {'peer ms':>8} {'M':>4} {'peer':>4} {'mu differs by':>14}"
    )
    for spectrum, peer in zip(spectra, answers, strict=True):
        found = kramers_kronig_test(spectrum, elements_per_decade=0.0)
        tested = partial(kramers_kronig_test, spectrum, elements_per_decade=0.0)
        ours_ms = timed_ms(tested, rounds)
        print(
            f"{spectrum.name[:44]:44} {ours_ms:8.2f} {peer['ms']:8.2f} {found.order:4d} "
            f"{peer['order']:4d} {abs(found.mu_ratio - peer['mu']):14.2e}"
        )


def main() -> None:
    """Measure all spectra of a folder and some made ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--peer", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cells", type=int, default=4)
    given = parser.parse_args()
    python = installed(given.peer)
    files: list[Spectrum] = []
    pellets: list[Spectrum] = []
    for path in sorted([*given.files.glob("eis/impy_*"), *given.files.glob("eis_solid/*.txt")]):
        try:
            spectrum = read_spectrum(path.name, path.read_bytes())
        except InvalidInputError as error:
            print(f"refused: {error}")
            continue
        (pellets if path.parent.name == "eis_solid" else files).append(spectrum)
    cells = [cell(seed) for seed in range(given.cells)]
    kramers_kronig([*files, *pellets, *cells], python, given.rounds)
    chosen = [(item, TWO_ARC_PELLET) for item in pellets] + [(item, CELL) for item in cells]
    fits(chosen, python, given.rounds)


if __name__ == "__main__":
    main()
