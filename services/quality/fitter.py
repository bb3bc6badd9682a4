"""The process that tests and fits: a question a line on stdin, an answer a line on stdout.

scipy and numpy live here and not in the service: they cost 50 MB, a fit holds the interpreter for
seconds, and a process that hangs can be ended.
"""

import base64
import json
import sys
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.quality.domain import CcdRecipeRule, Mode
from services.quality.figures import (
    CANNOT_BE_COMPUTED,
    KkOptions,
    chosen_circuit,
    parsed,
    report,
    spectrum_figures,
)
from services.quality.staircase import staircase_figures
from shared.errors import InvalidInputError
from shared.events import CyclingEnded, SpectrumMeasured
from shared.facts import TestResult

if TYPE_CHECKING:
    from services.quality.spectra import Spectrum


class Question(BaseModel):
    """Base of what the service asks."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SpectrumQuestion(Question):
    """Which figures does a measured spectrum have?"""

    what: Literal["spectrum"] = "spectrum"
    event: SpectrumMeasured
    thickness_um: float | None
    interface_tau_min_s: float


class StaircaseQuestion(Question):
    """Which figures does a staircase of currents have?"""

    what: Literal["staircase"] = "staircase"
    event: CyclingEnded
    rule: CcdRecipeRule | None


class FixtureSpectrum(Question):
    """A fixture's own impedance, as it was kept: open or shorted."""

    name: str
    frequency_hz: tuple[float, ...]
    z_real_ohm: tuple[float, ...]
    z_imag_ohm: tuple[float, ...]


class FileQuestion(Question):
    """What is in a file, and is it a spectrum that may be used? `content` is base64.

    The fixture's part is taken out by its `opened` and `shorted` measurement before all else.
    `circuit`: one more to be fitted, as `grammar.py` reads it.
    """

    what: Literal["file"] = "file"
    name: str
    content: str
    mode: Mode
    c_ratio: float
    part: Literal["real", "imag", "complex"]
    elements_per_decade: float
    interface_tau_min_s: float
    circuit: str | None = None
    opened: FixtureSpectrum | None = None
    shorted: FixtureSpectrum | None = None


class Answer(BaseModel):
    """What the process found, or why the input was refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    results: tuple[TestResult, ...] = ()
    record: dict[str, Any] | None = None
    arrays: dict[str, list[float]] | None = None
    refused: str | None = None


AnyQuestion = SpectrumQuestion | StaircaseQuestion | FileQuestion


class Asked(BaseModel):
    """One line on stdin."""

    question: AnyQuestion = Field(discriminator="what")


def answered(question: AnyQuestion) -> Answer:
    """Return the answer to a question; never fails."""
    match question:
        case SpectrumQuestion():
            results, record = spectrum_figures(
                question.event, question.thickness_um, question.interface_tau_min_s
            )
            return Answer(results=tuple(results), record=record)
        case StaircaseQuestion():
            return Answer(results=tuple(staircase_figures(question.event, question.rule)))
        case FileQuestion():
            return _file(question)


def main() -> None:
    """Answer until stdin ends, as it does when the service is gone."""
    for line in sys.stdin:
        question = Asked.model_validate_json(line).question
        sys.stdout.write(json.dumps(answered(question).model_dump(mode="json")) + "\n")
        sys.stdout.flush()


def _file(question: FileQuestion) -> Answer:
    options = KkOptions(
        c_ratio=question.c_ratio,
        part=question.part,
        elements_per_decade=question.elements_per_decade,
    )
    try:
        spectrum = _in_its_fixture(question)
        found = report(spectrum, question.mode, options, question.interface_tau_min_s)
        chosen = None if question.circuit is None else chosen_circuit(spectrum, question.circuit)
    except InvalidInputError as error:
        return Answer(refused=str(error))
    except CANNOT_BE_COMPUTED as error:
        return Answer(refused=f"{question.name}: cannot be evaluated: {error}")
    arrays = {
        "frequency_hz": spectrum.frequency_hz.tolist(),
        "z_real_ohm": spectrum.z_ohm.real.tolist(),
        "z_imag_ohm": spectrum.z_ohm.imag.tolist(),
    }
    record = found.record() if chosen is None else {**found.record(), "chosen": chosen}
    return Answer(record=record, arrays=arrays)


def _in_its_fixture(question: FileQuestion) -> "Spectrum":
    from services.quality.fixture import corrected

    measured = parsed(question.name, base64.b64decode(question.content))
    return corrected(measured, _fixture(question.opened), _fixture(question.shorted))


def _fixture(given: FixtureSpectrum | None) -> "Spectrum | None":
    from services.quality.spectra import spectrum_from_arrays

    if given is None:
        return None
    z_ohm = [complex(*parts) for parts in zip(given.z_real_ohm, given.z_imag_ohm, strict=True)]
    return spectrum_from_arrays(given.name, given.frequency_hz, z_ohm)


if __name__ == "__main__":
    main()
