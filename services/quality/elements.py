"""The impedance of circuits and its derivatives, for many sets of unknowns in one numpy batch.

Each element is a magnitude in ohm times a shape: of frequency, of its time constant and of its
exponent. So a circuit's series members enter linearly by their magnitudes, whatever stands in them.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from services.quality.grammar import Element, Kind, Node, Series
from services.quality.spectra import ComplexArray, FloatArray

HALF_TURN = 0.5j * np.pi
Shape = tuple[ComplexArray, list[ComplexArray]]


class Frequencies:
    """The frequencies of one spectrum, and what all elements need of them.

    `omega` (n,) in rad/s; `middle` and `highest` scale magnitudes: those of L, C, Q, W are their
    moduli at the highest, else at the middle frequency.
    """

    def __init__(self, frequency_hz: FloatArray) -> None:
        self.omega = 2.0 * np.pi * frequency_hz
        self.highest = float(self.omega.max())
        self.middle = float(np.sqrt(self.omega.min() * self.omega.max()))
        self.ln_omega = np.log(self.omega)
        self.ln_relative = self.ln_omega - np.log(self.middle)


def impedance(
    node: Node, frequencies: Frequencies, unknowns: FloatArray
) -> tuple[ComplexArray, ComplexArray]:
    """Return Z (s, n) in ohm and its derivatives (s, p, n) by the unknowns (s, p).

    Unknowns stand as `elements_of` gives the elements: ln of the magnitude in ohm, ln of tau in s,
    exponent.
    """
    if isinstance(node, Element):
        return _element(node, frequencies, unknowns)
    parts, at = [], 0
    for member in node.members:
        parts.append(impedance(member, frequencies, unknowns[:, at : at + member.parameter_count]))
        at += member.parameter_count
    if isinstance(node, Series):
        total = parts[0][0].copy()
        for z, _ in parts[1:]:
            total += z
        return total, np.concatenate([slope for _, slope in parts], axis=1)
    return _beside(parts)


def _beside(parts: list[tuple[ComplexArray, ComplexArray]]) -> tuple[ComplexArray, ComplexArray]:
    admittance = sum((1.0 / z for z, _ in parts), np.zeros((), dtype=np.complex128))
    z = 1.0 / np.asarray(admittance)
    slopes = [slope * ((z / own) ** 2)[:, np.newaxis] for own, slope in parts]
    return z, np.concatenate(slopes, axis=1)


def _element(
    element: Element, frequencies: Frequencies, unknowns: FloatArray
) -> tuple[ComplexArray, ComplexArray]:
    shape, slopes = _SHAPES[element.kind](frequencies, unknowns[:, 1:])
    magnitude = np.exp(unknowns[:, :1])
    z = magnitude * shape
    derivative = np.empty((unknowns.shape[0], unknowns.shape[1], z.shape[1]), dtype=np.complex128)
    derivative[:, 0] = z
    for place, slope in enumerate(slopes, start=1):
        derivative[:, place] = magnitude * slope
    return z, derivative


def _resistor(frequencies: Frequencies, unknowns: FloatArray) -> Shape:
    return _same(np.ones(frequencies.omega.size), unknowns)


def _inductor(frequencies: Frequencies, unknowns: FloatArray) -> Shape:
    return _same(1j * frequencies.omega / frequencies.highest, unknowns)


def _capacitor(frequencies: Frequencies, unknowns: FloatArray) -> Shape:
    return _same(-1j * frequencies.middle / frequencies.omega, unknowns)


def _warburg(frequencies: Frequencies, unknowns: FloatArray) -> Shape:
    return _same(np.exp(-0.5 * (frequencies.ln_relative + HALF_TURN)), unknowns)


def _same(shape: npt.NDArray[np.generic], unknowns: FloatArray) -> Shape:
    whole = np.broadcast_to(shape.astype(np.complex128), (unknowns.shape[0], shape.size))
    return whole, []


def _constant_phase(frequencies: Frequencies, unknowns: FloatArray) -> Shape:
    exponent = unknowns[:, :1]
    shape = np.exp(-exponent * frequencies.ln_relative) * np.exp(-exponent * HALF_TURN)
    return shape, [-(frequencies.ln_relative + HALF_TURN) * shape]


def _arc(frequencies: Frequencies, unknowns: FloatArray) -> Shape:
    exponent = unknowns[:, 1:]
    ln_modulus = frequencies.ln_omega + unknowns[:, :1]
    power = np.exp(exponent * ln_modulus) * np.exp(exponent * HALF_TURN)
    shape = 1.0 / (1.0 + power)
    slope = shape * (shape - 1.0)  # of ln power: -power / (1 + power)^2
    return shape, [exponent * slope, (ln_modulus + HALF_TURN) * slope]


def _semicircle(frequencies: Frequencies, unknowns: FloatArray) -> Shape:
    shape = 1.0 / (1.0 + 1j * np.exp(frequencies.ln_omega + unknowns[:, :1]))
    return shape, [shape * (shape - 1.0)]


def _wall(frequencies: Frequencies, unknowns: FloatArray) -> Shape:
    root, fall = _root(frequencies, unknowns)
    coth = (1.0 + fall) / (1.0 - fall) / root
    return coth, [-0.5 * (4.0 * fall / (1.0 - fall) ** 2 + coth)]


def _sink(frequencies: Frequencies, unknowns: FloatArray) -> Shape:
    root, fall = _root(frequencies, unknowns)
    tanh = (1.0 - fall) / (1.0 + fall) / root
    return tanh, [0.5 * (4.0 * fall / (1.0 + fall) ** 2 - tanh)]


def _root(frequencies: Frequencies, unknowns: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """Return s = sqrt(j w tau) and exp(-2 s), which does not overflow as sinh and cosh do."""
    root = np.exp(0.5 * (frequencies.ln_omega + unknowns[:, :1] + HALF_TURN))
    return root, np.exp(-2.0 * root)


def _gerischer(frequencies: Frequencies, unknowns: FloatArray) -> Shape:
    inside = 1.0 + 1j * np.exp(frequencies.ln_omega + unknowns[:, :1])
    shape = inside**-0.5
    return shape, [-0.5 * (inside - 1.0) * shape / inside]


_SHAPES: dict[Kind, Callable[[Frequencies, FloatArray], Shape]] = {
    "R": _resistor,
    "L": _inductor,
    "C": _capacitor,
    "Q": _constant_phase,
    "W": _warburg,
    "Wo": _wall,
    "Ws": _sink,
    "G": _gerischer,
    "arc": _arc,
    "semicircle": _semicircle,
}
