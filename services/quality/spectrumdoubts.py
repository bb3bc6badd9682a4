"""What makes a spectrum no evidence though its numbers can be read: gaps, saturation, a wrong sign.

A doubt refuses the spectrum with its reason, so that no figure comes of it and its gates block.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from services.quality.linkk import LinKkResult
from services.quality.spectra import Spectrum
from shared.errors import InvalidInputError

WIDEST_GAP_DECADES = 1.0  # three elements a decade cannot be told apart without a point between
FROZEN_POINTS = 3  # equal to the last digit, one after the other
SOUND_RESIDUAL_RATIO = 0.01  # as the gate has it (process.md: under 1 % in band)
BETTER_RATIO = 0.3  # the conjugate's residual over the spectrum's own


def require_sound(spectrum: Spectrum) -> None:
    """Refuse a sweep with a decade left out, or whose values stand still.

    Raises:
        InvalidInputError: names the frequencies, the value and the limit.
    """
    order = np.argsort(spectrum.frequency_hz, kind="stable")
    frequency_hz, z_ohm = spectrum.frequency_hz[order], spectrum.z_ohm[order]
    gaps = np.diff(np.log10(frequency_hz))
    widest = int(np.argmax(gaps))
    if gaps[widest] > WIDEST_GAP_DECADES * (1.0 + 1e-9):
        raise InvalidInputError(
            f"{spectrum.name}: no point between {frequency_hz[widest]:g} and "
            f"{frequency_hz[widest + 1]:g} Hz, {gaps[widest]:.1f} decades; at most "
            f"{WIDEST_GAP_DECADES:g} may be left out"
        )
    still = np.diff(z_ohm) == 0.0
    runs = np.convolve(still, np.ones(FROZEN_POINTS - 1), mode="valid") == FROZEN_POINTS - 1
    if runs.any():
        first = int(np.flatnonzero(runs)[0])
        raise InvalidInputError(
            f"{spectrum.name}: z_ohm is {z_ohm[first]:g} at {FROZEN_POINTS} frequencies in a row "
            f"from {frequency_hz[first]:g} Hz on: the instrument was saturated or stood still"
        )


def require_sign(
    spectrum: Spectrum, found: LinKkResult, test: Callable[[Spectrum], LinKkResult]
) -> None:
    """Refuse a spectrum whose imaginary part has the other sign: only its conjugate is causal.

    found: its own Kramers-Kronig test; `test` runs the same one over the conjugate.

    Raises:
        InvalidInputError: both residuals, and what to send instead.
    """
    if found.rms_residual_ratio <= SOUND_RESIDUAL_RATIO:
        return
    other = test(replace(spectrum, z_ohm=np.conj(spectrum.z_ohm)))
    if other.rms_residual_ratio < BETTER_RATIO * found.rms_residual_ratio:
        raise InvalidInputError(
            f"{spectrum.name}: Kramers-Kronig residual {found.rms_residual_ratio:.2g}, with the "
            f"sign of the imaginary part turned {other.rms_residual_ratio:.2g}: send +Im(Z), which "
            "is negative where a cell is capacitive"
        )
