"""Takes a fixture's own impedance out of a spectrum by its open and short measurement.

Z = (Zm - Zs) / (1 - (Zm - Zs) / (Zo - Zs)) (Keysight, Impedance Measurement Handbook, 6th ed.,
section 4: open and short compensation).
"""

import numpy as np

from services.quality.spectra import Spectrum, spectrum_from_arrays
from shared.errors import InvalidInputError

SAME_FREQUENCY_RATIO = 1e-3
MOST_CORRECTION = 10.0  # of the corrected modulus: beyond it noise of the fixture is all there is


def corrected(measured: Spectrum, opened: Spectrum | None, shorted: Spectrum | None) -> Spectrum:
    """Return the spectrum behind the fixture; without `opened` or `shorted` that part is nothing.

    Raises:
        InvalidInputError: a frequency that the fixture was not measured at, an open that is not
            above the short, or a correction of more than ten times what is left.
    """
    if opened is None and shorted is None:
        return measured
    zeros = np.zeros(measured.z_ohm.size, dtype=np.complex128)
    short = zeros if shorted is None else _at(measured, shorted)
    inner = measured.z_ohm - short
    z = inner
    if opened is not None:
        between = _at(measured, opened) - short
        if not (np.abs(between) > np.abs(inner)).all():
            raise InvalidInputError(
                f"{opened.name}: the open fixture has less impedance than {measured.name} has; "
                "it is no open measurement of its fixture"
            )
        z = inner / (1.0 - inner / between)
    taken = np.abs(measured.z_ohm - z) / np.maximum(np.abs(z), np.finfo(np.float64).tiny)
    if taken.max() > MOST_CORRECTION:
        at = int(np.argmax(taken))
        raise InvalidInputError(
            f"{measured.name}: at {measured.frequency_hz[at]:.4g} Hz the fixture's part is "
            f"{taken[at]:.3g} times what is left; at most {MOST_CORRECTION:g} can be corrected"
        )
    return spectrum_from_arrays(measured.name, measured.frequency_hz, z, measured.metadata)


def _at(measured: Spectrum, fixture: Spectrum) -> np.ndarray[tuple[int], np.dtype[np.complex128]]:
    """Return the fixture's impedance at each measured frequency."""
    order = np.argsort(fixture.frequency_hz)
    known = fixture.frequency_hz[order]
    after = np.clip(np.searchsorted(known, measured.frequency_hz), 1, known.size - 1)
    nearer = measured.frequency_hz - known[after - 1] < known[after] - measured.frequency_hz
    nearest = np.where(nearer, after - 1, after)
    off = np.abs(known[nearest] / measured.frequency_hz - 1.0)
    if off.max() > SAME_FREQUENCY_RATIO:
        at = int(np.argmax(off))
        raise InvalidInputError(
            f"{fixture.name}: measured at {known[nearest[at]]:.6g} Hz, not at "
            f"{measured.frequency_hz[at]:.6g} Hz as {measured.name}; sweep the fixture at the same "
            "frequencies"
        )
    return np.asarray(fixture.z_ohm[order][nearest])
