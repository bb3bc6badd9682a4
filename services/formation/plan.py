"""Owns test plans over two instruments: what the tester runs, what the analyser, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from services.formation.protocol import Loop, Spectrum, Step, TestProtocol
from shared.errors import InvalidInputError

Instrument = Literal["tester", "analyser"]
MOST_STEPS = 1000


@dataclass(frozen=True, kw_only=True)
class PlanPart:
    """One part of a plan, a protocol of its own; the parts run one after the other, from 1."""

    number: int
    instrument: Instrument
    protocol: TestProtocol


@dataclass(eq=False)
class _Node:
    """A step, and for a loop the node it goes back to."""

    step: Step
    back_to: "_Node | None" = None


def parts_of(protocol: TestProtocol) -> tuple[PlanPart, ...]:
    """Return the parts of a protocol: spectra for the analyser, all else for the tester.

    A loop over a spectrum is written out; one within a part stays a loop. Limits, recording and
    status of the protocol hold in each part.

    Raises:
        InvalidInputError: more than 1000 steps when the loops over spectra are written out.
    """
    nodes = _written_out(_linked(protocol.steps), protocol.protocol_id)
    parts = []
    groups = groupby(nodes, key=lambda node: isinstance(node.step, Spectrum))
    for number, (spectra, group) in enumerate(groups, start=1):
        steps = _numbered(list(group))
        changed = {"protocol_id": f"{protocol.protocol_id[:52]}-part-{number}", "steps": steps}
        parts.append(
            PlanPart(
                number=number,
                instrument="analyser" if spectra else "tester",
                protocol=TestProtocol.model_validate({**dict(protocol), **changed}),
            )
        )
    return tuple(parts)


def orders_of(protocol: TestProtocol) -> tuple[PlanPart, ...]:
    """Return the parts as instruments are given them, numbered from 1: each spectrum by itself.

    A plan without spectra is one part.

    Raises:
        InvalidInputError: as `parts_of`; a plan of spectra alone, which needs no tester.
    """
    found: list[tuple[Instrument, TestProtocol]] = []
    for part in parts_of(protocol):
        if part.instrument == "tester":
            found.append((part.instrument, part.protocol))
            continue
        for step in part.protocol.steps:
            found.append((part.instrument, part.protocol.model_copy(update={"steps": (step,)})))
    if not any(instrument == "tester" for instrument, _ in found):
        raise InvalidInputError(
            f"{protocol.protocol_id}: it has spectra alone; order them of an analyser"
        )
    return tuple(
        PlanPart(number=number, instrument=instrument, protocol=one)
        for number, (instrument, one) in enumerate(found, start=1)
    )


def is_divided(protocol: TestProtocol) -> bool:
    """Say whether a protocol needs an analyser beside the tester."""
    return any(isinstance(step, Spectrum) for step in protocol.steps)


def _linked(steps: Sequence[Step]) -> list[_Node]:
    nodes = [_Node(step) for step in steps]
    for node in nodes:
        if isinstance(node.step, Loop):
            node.back_to = nodes[node.step.first_step - 1]
    return nodes


def _written_out(nodes: list[_Node], name: str) -> list[_Node]:
    """Return the nodes without loops over spectra; inner loops come first in a file."""
    done: list[_Node] = []
    for node in nodes:
        if not isinstance(node.step, Loop) or node.back_to is None:
            done.append(node)
            continue
        start = done.index(node.back_to)
        body = done[start:]
        if not any(isinstance(item.step, Spectrum) for item in body):
            done.append(node)
            continue
        if start + len(body) * node.step.cycle_count > MOST_STEPS:
            raise InvalidInputError(
                f"{name}: {len(body)} steps {node.step.cycle_count} times are over {MOST_STEPS};"
                " order fewer cycles at once"
            )
        for _ in range(node.step.cycle_count - 1):
            done += _copied(body)
    return done


def _copied(body: Sequence[_Node]) -> list[_Node]:
    copies = {id(node): _Node(node.step) for node in body}
    for node in body:
        if node.back_to is not None:
            copies[id(node)].back_to = copies[id(node.back_to)]
    return [copies[id(node)] for node in body]


def _numbered(nodes: Sequence[_Node]) -> tuple[Step, ...]:
    """Return the steps of a part, its loops going back to the part's own numbers."""
    place = {id(node): number for number, node in enumerate(nodes, start=1)}
    return tuple(
        node.step.model_copy(update={"first_step": place[id(node.back_to)]})
        if isinstance(node.step, Loop)
        else node.step
        for node in nodes
    )
