"""The reference of what stations offer over OPC UA, from the code that asks and that answers."""

import math
from collections.abc import Iterable, Iterator

from deploy.stationcheck import SIGNALS
from shared.stationoffer import (
    IDENTIFICATION,
    METHODS,
    ORDER_LIST,
    RESPONSE,
    RESPONSE_LIST,
    STATE,
    TRACE,
    WITHOUT,
)
from shared.units import display_unit
from simulators.machine import Parameter
from simulators.run import KINDS

Row = tuple[str, ...]


def sections() -> Iterator[tuple[str, Row, Iterable[Row]]]:
    """Yield heading, head of the table and its rows."""
    yield (
        "Below `JobManagement` of each machine that takes jobs",
        ("node", "when missing"),
        _job_nodes(),
    )
    yield "Elsewhere below the machine", ("node", "what"), _other_nodes()
    yield "Process values", ("kind of station", "node", "unit"), _values()
    yield (
        "Job parameters",
        ("kind of station", "`ID`", "unit", "type", "what the simulated machine takes"),
        _parameters(),
    )


def _job_nodes() -> Iterator[Row]:
    for name in METHODS:
        yield f"`JobOrderControl/{name}`", WITHOUT.get(name, "no job can be given, or not safely")
    yield f"`JobOrderControl/{ORDER_LIST}`", "no job is given: nothing could be read back"
    yield f"`JobOrderResults/{RESPONSE}`", f"`{RESPONSE_LIST}` is read instead"


def _other_nodes() -> Iterator[Row]:
    for name in IDENTIFICATION:
        yield f"`Identification/{name}`", "who it is"
    yield f"`MachineryBuildingBlocks/{STATE}/CurrentState`", "the state of the machine"
    yield f"`Traces/{TRACE}`", "the trace of one sprayed face (EAP stations)"


def _values() -> Iterator[Row]:
    for kind, names in SIGNALS.items():
        for name in names:
            yield kind, f"`ProcessValues/{name}`", display_unit(name)


def _parameters() -> Iterator[Row]:
    for kind, machine in KINDS.items():
        for name, known in machine.parameters.items():
            yield kind, f"`{name}`", display_unit(name), _type(known), _range(known)


def _type(known: Parameter) -> str:
    word = "`String`" if known.words else "`Double`"
    need = "" if known.required else ", optional"
    return f"{'array of ' if known.array else ''}{word}{need}"


def _range(known: Parameter) -> str:
    if known.words:
        return ", ".join(f"`{word}`" for word in known.words)
    ends = [("at least", known.lowest), ("at most", known.highest)]
    return ", ".join(f"{words} {end:g}" for words, end in ends if math.isfinite(end)) or "any"
