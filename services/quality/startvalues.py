"""Starts for the fit of a circuit: shapes drawn over the whole measured band, magnitudes solved.

Whatever a series member holds, its magnitude enters linearly. So only time constants, exponents
and ratios inside a member are drawn (a Latin hypercube: each stratum once), the rest is solved
exactly under the condition that no magnitude is negative, and the best of them are refined.
"""

import numpy as np

from services.quality.elements import Frequencies, impedance
from services.quality.grammar import Element, Node, Series, elements_of
from services.quality.spectra import ComplexArray, FloatArray

SMALLEST_SHARE = 1e-9  # of the largest modulus; keeps logarithms of vanished elements finite
DRAWN_ARC_EXPONENT = (0.6, 1.0)
DRAWN_TAIL_EXPONENT = (0.3, 1.0)
DRAWN_LN_RATIO = (-7.0, 7.0)  # of two magnitudes inside one member
RIDGE = 1e-10


def starts(
    circuit: Series,
    frequencies: Frequencies,
    z_ohm: ComplexArray,
    weight: FloatArray,
    ln_tau_range: tuple[float, float],
    drawn: int,
    kept: int,
    random: np.random.Generator,
) -> FloatArray:
    """Return the best `kept` of `drawn` starts (s, p), best first, ln magnitudes in ohm."""
    shapes, columns = [], []
    for member in circuit.members:
        unknowns = _drawn(member, ln_tau_range, drawn, random)
        shapes.append(unknowns)
        columns.append(impedance(member, frequencies, unknowns)[0] * weight)
    design = np.stack(columns, axis=1)
    stacked = np.concatenate([design.real, design.imag], axis=2)
    target = np.concatenate([(z_ohm * weight).real, (z_ohm * weight).imag])
    magnitudes, cost = _not_negative(stacked, target)
    best = np.argsort(cost, kind="stable")[:kept]
    floor = SMALLEST_SHARE * float(np.abs(z_ohm).max())
    for place, (member, unknowns) in enumerate(zip(circuit.members, shapes, strict=True)):
        ln_magnitude = np.log(np.maximum(magnitudes[:, place], floor))
        unknowns[:, _magnitude_places(member)] += ln_magnitude[:, np.newaxis]
    return np.concatenate(shapes, axis=1)[best]


def _drawn(
    member: Node, ln_tau_range: tuple[float, float], drawn: int, random: np.random.Generator
) -> FloatArray:
    ranges: list[tuple[float, float]] = []
    for element in elements_of(member):
        ranges.append(DRAWN_LN_RATIO if ranges else (0.0, 0.0))
        if element.has_tau:
            ranges.append(ln_tau_range)
        if element.has_exponent:
            is_tail = isinstance(member, Element) and member.kind == "Q"
            ranges.append(DRAWN_TAIL_EXPONENT if is_tail else DRAWN_ARC_EXPONENT)
    low, high = np.array(ranges).T
    strata = random.permuted(np.tile(np.arange(drawn), (len(ranges), 1)), axis=1).T
    return np.asarray(low + (high - low) * (strata + random.random(strata.shape)) / drawn)


def _magnitude_places(member: Node) -> list[int]:
    places, at = [], 0
    for element in elements_of(member):
        places.append(at)
        at += element.parameter_count
    return places


def _not_negative(stacked: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return magnitudes (s, q) without a negative one, and sums of squares (s,).

    Negative ones are left out one after the other, which is nearly the optimum and enough here.
    """
    norm = np.linalg.norm(stacked, axis=2)
    scaled = stacked / norm[..., np.newaxis]
    normal = scaled @ scaled.transpose(0, 2, 1)
    wanted = scaled @ target
    places = np.arange(normal.shape[1])
    free = np.ones(wanted.shape)
    found = np.zeros_like(wanted)
    for _ in places:
        matrix = normal * free[:, :, np.newaxis] * free[:, np.newaxis, :]
        matrix[:, places, places] += RIDGE + (1.0 - free)
        found = np.linalg.solve(matrix, (wanted * free)[..., np.newaxis])[..., 0]
        if not (found < 0.0).any():
            break
        worst = np.argmin(found, axis=1)
        rows = np.flatnonzero(found[np.arange(found.shape[0]), worst] < 0.0)
        free[rows, worst[rows]] = 0.0
    found = np.maximum(found, 0.0)
    quadratic = np.einsum("sq,sqr,sr->s", found, normal, found)
    cost = target @ target - 2.0 * np.einsum("sq,sq->s", found, wanted) + quadratic
    return found / norm, cost
