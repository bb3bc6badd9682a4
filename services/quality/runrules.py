"""Rules that find what is no chance in a row of points of a control chart.

Nelson, Journal of Quality Technology 16 (1984) 237; Western Electric, Statistical Quality Control
Handbook (1956). A point is given as its distance from the centre line in units of sigma.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from shared.errors import InvalidInputError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. span: how many points it looks at, the judged one last.

    holds: tells for windows of `span` points, shape (m, span), which of them break it, shape (m,).
    """

    name: str
    says: str
    span: int
    holds: Callable[[Floats], Flags]


def _same_side(windows: Floats) -> Flags:
    return np.asarray((windows > 0.0).all(axis=1) | (windows < 0.0).all(axis=1))


def _trend(windows: Floats) -> Flags:
    steps = np.diff(windows, axis=1)
    return np.asarray((steps > 0.0).all(axis=1) | (steps < 0.0).all(axis=1))


def _alternating(windows: Floats) -> Flags:
    steps = np.diff(windows, axis=1)
    return np.asarray((steps[:, 1:] * steps[:, :-1] < 0.0).all(axis=1))


def _beyond(count: int, sigma: float) -> Callable[[Floats], Flags]:
    """So many of the window beyond so many sigma on one side, the judged point among them."""

    def holds(windows: Floats) -> Flags:
        above, below = windows > sigma, windows < -sigma
        high = (above.sum(axis=1) >= count) & above[:, -1]
        low = (below.sum(axis=1) >= count) & below[:, -1]
        return np.asarray(high | low)

    return holds


RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(name="nelson_1", says="beyond 3 sigma", span=1, holds=_beyond(1, 3.0)),
        Rule(name="nelson_2", says="nine in a row on one side", span=9, holds=_same_side),
        Rule(name="nelson_3", says="six in a row rising or falling", span=6, holds=_trend),
        Rule(name="nelson_4", says="fourteen in a row up and down", span=14, holds=_alternating),
        Rule(name="nelson_5", says="two of three beyond 2 sigma", span=3, holds=_beyond(2, 2.0)),
        Rule(name="nelson_6", says="four of five beyond 1 sigma", span=5, holds=_beyond(4, 1.0)),
        Rule(
            name="nelson_7",
            says="fifteen in a row within 1 sigma",
            span=15,
            holds=lambda windows: np.asarray((np.abs(windows) < 1.0).all(axis=1)),
        ),
        Rule(
            name="nelson_8",
            says="eight in a row beyond 1 sigma, on either side",
            span=8,
            holds=lambda windows: np.asarray((np.abs(windows) > 1.0).all(axis=1)),
        ),
        Rule(name="western_electric_1", says="beyond 3 sigma", span=1, holds=_beyond(1, 3.0)),
        Rule(
            name="western_electric_2",
            says="two of three beyond 2 sigma",
            span=3,
            holds=_beyond(2, 2.0),
        ),
        Rule(
            name="western_electric_3",
            says="four of five beyond 1 sigma",
            span=5,
            holds=_beyond(4, 1.0),
        ),
        Rule(name="western_electric_4", says="eight on one side", span=8, holds=_same_side),
    )
}
LONGEST_SPAN = max(rule.span for rule in RULES.values())


def broken(z: Sequence[float] | Floats, names: Sequence[str]) -> dict[str, Flags]:
    """Return which points break each rule.

    z: distances from the centre in sigma, shape (n,), in the order of time.

    Returns:
        By name of the rule an array of shape (n,).

    Raises:
        InvalidInputError: no such rule.
    """
    values = np.asarray(z, dtype=np.float64)
    return {name: _of_rule(_rule(name), values) for name in names}


def broken_by_last(z: Sequence[float] | Floats, names: Sequence[str]) -> tuple[str, ...]:
    """Return the rules that the last point breaks; it costs the same for any history.

    Raises:
        InvalidInputError: no such rule.
    """
    last = np.asarray(z[-LONGEST_SPAN:], dtype=np.float64)
    return tuple(name for name, flags in broken(last, names).items() if flags[-1])


def _of_rule(rule: Rule, values: Floats) -> Flags:
    flags = np.zeros(len(values), dtype=np.bool_)
    if len(values) >= rule.span:
        flags[rule.span - 1 :] = rule.holds(sliding_window_view(values, rule.span))
    return flags


def _rule(name: str) -> Rule:
    if name not in RULES:
        raise InvalidInputError(f"rule is {name}; there are {', '.join(RULES)}")
    return RULES[name]
