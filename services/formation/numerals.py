"""Owns how numbers are written in text files: decimal sign by evidence, never by locale."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from shared.errors import InvalidInputError

NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\Z")
GROUPED = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+[.,]\d+\Z")


@dataclass(frozen=True)
class Numerals:
    """The decimal sign that the numbers of one file proved; a file of whole numbers needs none."""

    name: str
    sign: Literal[",", "."]

    def column(
        self, title: str, texts: Sequence[str]
    ) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return a column of numbers, shape (n,).

        Raises:
            InvalidInputError: a cell that is no finite number.
        """
        try:
            values = np.array([float(text.strip().replace(self.sign, ".")) for text in texts])
        except ValueError as error:
            raise InvalidInputError(f"{self.name}: column {title}: {error}") from error
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
            raise InvalidInputError(f"{self.name}: column {title}: row {row} is not finite")
        return values


def numerals_of(name: str, cells: Iterable[str]) -> Numerals:
    """Return the decimal sign that the cells prove.

    Raises:
        InvalidInputError: some numbers have a comma and others a point, or one number has both.
    """
    seen: dict[str, str] = {}
    for cell in cells:
        text = cell.strip()
        if GROUPED.match(text) and "," in text and "." in text:
            raise InvalidInputError(
                f"{name}: {text!r} groups its digits; export without thousands separators"
            )
        if NUMBER.match(text):
            for sign in (",", "."):
                if sign in text:
                    seen.setdefault(sign, text)
    if len(seen) == 2:
        raise InvalidInputError(
            f"{name}: {seen[',']!r} has a decimal comma and {seen['.']!r} a point; export it anew"
        )
    return Numerals(name, "," if "," in seen else ".")
