"""Equivalent circuits as words: `L-R-p(R,Q)-p(R-Wo,C)`, series by `-`, parallel by `p( , )`.

Elements, each with its impedance: R resistor, L inductor (j w L), C capacitor 1/(j w C), Q constant
phase 1/(Q (j w)^n), W half infinite diffusion s (1 - j)/sqrt(w), Wo and Ws finite diffusion that
ends in a wall (coth) or in a sink (tanh), G Gerischer's 1/sqrt(1 + j w tau). Digits behind an
element are names for people and mean nothing.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from shared.errors import InvalidInputError

Kind = Literal["R", "L", "C", "Q", "W", "Wo", "Ws", "G", "arc", "semicircle"]
SPELT = tuple(kind for kind in get_args(Kind) if kind not in ("arc", "semicircle"))
MOST_ELEMENTS = 12  # more unknowns than that no spectrum determines
MOST_CHARACTERS = 200
_TOKEN = re.compile(r"\s*(p\(|[-,)]|[A-Z][a-z]?\d*)")


@dataclass(frozen=True)
class Element:
    """One element. `arc` is R beside Q, `semicircle` R beside C: told by R, tau (and n)."""

    kind: Kind

    @property
    def has_tau(self) -> bool:
        """Whether it has a time constant."""
        return self.kind in ("Wo", "Ws", "G", "arc", "semicircle")

    @property
    def has_exponent(self) -> bool:
        """Whether it has an exponent."""
        return self.kind in ("Q", "arc")

    @property
    def parameter_count(self) -> int:
        """Return how many unknowns it has: its magnitude, then time constant and exponent."""
        return 1 + int(self.has_tau) + int(self.has_exponent)


@dataclass(frozen=True)
class Series:
    """Members one behind the other."""

    members: tuple["Node", ...]

    @property
    def parameter_count(self) -> int:
        """Return how many unknowns its members have."""
        return sum(member.parameter_count for member in self.members)


@dataclass(frozen=True)
class Parallel:
    """Members side by side."""

    members: tuple["Node", ...]

    @property
    def parameter_count(self) -> int:
        """Return how many unknowns its members have."""
        return sum(member.parameter_count for member in self.members)


Node = Element | Series | Parallel


def parse_circuit(words: str) -> Series:
    """Return a circuit from its words.

    Raises:
        InvalidInputError: too long, an unknown element, brackets that do not match; names the place
            in the words, counted from 1.
    """
    if len(words) > MOST_CHARACTERS:
        raise InvalidInputError(
            f"the circuit has {len(words)} characters; at most {MOST_CHARACTERS} are read"
        )
    reader = _Reader(words)
    found = reader.series()
    reader.require_end()
    circuit = found if isinstance(found, Series) else Series((found,))
    count = sum(1 for _ in elements_of(circuit))
    if count > MOST_ELEMENTS:
        raise InvalidInputError(
            f"circuit '{words}' has {count} elements; at most {MOST_ELEMENTS} can be fitted"
        )
    return circuit


def elements_of(node: Node) -> tuple[Element, ...]:
    """Return the elements from left to right, as their unknowns stand."""
    if isinstance(node, Element):
        return (node,)
    return tuple(element for member in node.members for element in elements_of(member))


class _Reader:
    def __init__(self, words: str) -> None:
        self._words, self._at = words, 0

    def series(self) -> Node:
        members: list[Node] = [self._member()]
        while self._next_is("-"):
            members.append(self._member())
        flat = [one for node in members for one in _unfolded(node)]
        return flat[0] if len(flat) == 1 else Series(tuple(flat))

    def require_end(self) -> None:
        if self._words[self._at :].strip():
            raise self._refused("the end")

    def _member(self) -> Node:
        token = self._token()
        if token == "p(":
            return self._parallel()
        kind = token.rstrip("0123456789")
        for known in SPELT:
            if kind == known:
                return Element(known)
        self._at -= len(token)
        raise self._refused(f"one of {', '.join(SPELT)} or p(")

    def _parallel(self) -> Node:
        members = [self.series()]
        while self._next_is(","):
            members.append(self.series())
        if not self._next_is(")"):
            raise self._refused("',' or ')'")
        if len(members) < 2:
            raise self._refused("a second member of p( , )")
        kinds = {member.kind for member in members if isinstance(member, Element)}
        if len(members) == 2 and kinds == {"R", "Q"}:
            return Element("arc")
        if len(members) == 2 and kinds == {"R", "C"}:
            return Element("semicircle")
        return Parallel(tuple(members))

    def _next_is(self, mark: str) -> bool:
        match = _TOKEN.match(self._words, self._at)
        if match is None or match[1] != mark:
            return False
        self._at = match.end()
        return True

    def _token(self) -> str:
        match = _TOKEN.match(self._words, self._at)
        if match is None:
            raise self._refused(f"one of {', '.join(SPELT)} or p(")
        self._at = match.end()
        return match[1]

    def _refused(self, wanted: str) -> InvalidInputError:
        return InvalidInputError(
            f"circuit '{self._words}': at character {self._at + 1} stands "
            f"'{self._words[self._at : self._at + 8]}'; wanted is {wanted}"
        )


def _unfolded(node: Node) -> tuple[Node, ...]:
    return node.members if isinstance(node, Series) else (node,)
