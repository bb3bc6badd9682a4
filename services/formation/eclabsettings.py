"""Owns settings files of EC-Lab (.mps): a protocol as BioLogic instruments read it."""

import math
from collections.abc import Sequence

from services.formation.protocol import CellOrder, Current, Limits, Loop, Rest, Step, TestProtocol
from services.formation.stepfile import neutral_form
from shared.errors import OutOfLimitsError

COLUMN = 20  # characters of a sequence in the table of a technique
LAST_S = 1.0  # rest in the sequence where a short leads
THIRD = ("type", "comp", "Q", "value", "value_unit", "action", "seq")


def settings_text(protocol: TestProtocol, order: CellOrder) -> bytes:
    """Return a protocol for one cell as EC-Lab text, in cp1252 with its line ends.

    aurora-unicycler writes the techniques, and the protocol's voltages and currents as safety
    limits of the whole test. We add what it lacks: the control range is even about 0 where a
    voltage below 0 may come, because EC-Lab clips at the range; and where a cell has a floor of
    |V| under current, each current step stops the test below it, as limit 3 that goes to the last
    sequence. The first `delay_s` of a step have no floor, since there the voltage changes sign.
    `left_out` tells the limits that the text cannot say.

    Raises:
        InvalidInputError: the order lacks a capacity or an area.
        OutOfLimitsError: a current or voltage that no range of EC-Lab has.
    """
    from aurora_unicycler import CyclingProtocol  # 0.6 s, and only this function needs it

    limits = protocol.limits
    guarded, floors = _with_settling(protocol)
    reach_v = float(math.ceil(max(abs(limits.lowest_v), abs(limits.highest_v))))
    range_v = (-reach_v if limits.lowest_v < 0.0 else 0.0, reach_v)
    cycling = CyclingProtocol.from_dict(neutral_form(guarded, order))
    try:
        text = str(cycling.to_biologic_mps(sample_name=order.lot_id, range_V=range_v))
    except ValueError as error:
        raise OutOfLimitsError(
            f"{protocol.protocol_id}: EC-Lab has no such range: {error}"
        ) from error
    lines = _with_floors(text.splitlines(), floors)
    return "\r\n".join(lines).encode("cp1252", errors="replace") + b"\r\n"


def left_out(limits: Limits) -> tuple[str, ...]:
    """Return the limits of a protocol that EC-Lab text cannot carry; nothing holds them."""
    names = ("highest_capacity_ratio", "highest_temperature_degc", "highest_fall_v_per_s")
    return tuple(name for name in names if getattr(limits, name) is not None)


def _with_settling(protocol: TestProtocol) -> tuple[TestProtocol, dict[int, float]]:
    """Return a protocol whose current steps settle in a step of their own, with a last rest.

    And by sequence, from 0, the voltage that its current must stay beyond; nothing is changed
    where the protocol has no floor.
    """
    limits = protocol.limits
    floor_v, delay_s = limits.short_floor_v, limits.delay_s
    if floor_v is None:
        return protocol, {}
    steps: list[Step] = []
    place: dict[int, int] = {}
    floors: dict[int, float] = {}
    for number, step in enumerate(protocol.steps, start=1):
        place[number] = len(steps) + 1
        if isinstance(step, Loop):
            steps.append(step.model_copy(update={"first_step": place[step.first_step]}))
            continue
        if isinstance(step, Current) and step.until_s > delay_s:
            steps.append(step.model_copy(update={"until_s": delay_s}))
            step = step.model_copy(update={"until_s": step.until_s - delay_s})
            floors[len(steps)] = step.sign * floor_v
        steps.append(step)
    steps.append(Rest(duration_s=LAST_S))
    return TestProtocol.model_validate({**dict(protocol), "steps": tuple(steps)}), floors


def _with_floors(lines: Sequence[str], floors: dict[int, float]) -> list[str]:
    """Return the table with a third limit: beyond its floor a sequence goes to the last one."""
    if not floors:
        return list(lines)
    ns = next(line for line in lines if line.startswith("Ns "))
    count = len(ns.split()) - 1
    found: list[str] = []
    for line in lines:
        if line.startswith("lim_nb "):
            limits = line.split()[1:]
            found.append(_row("lim_nb", ["3" if n in floors else limits[n] for n in range(count)]))
            continue
        found.append(line)
        if line.startswith("lim2_seq "):
            columns = [_third(floors.get(number), count - 1) for number in range(count)]
            found += [_row(f"lim3_{name}", [one[name] for one in columns]) for name in THIRD]
    return found


def _third(floor_v: float | None, last: int) -> dict[str, str]:
    """Return limit 3 of a sequence, an empty one where it has no floor."""
    if floor_v is None:
        return dict.fromkeys(THIRD, "") | {"action": "Next sequence"}
    return {
        "type": "Ewe",
        "comp": "<" if floor_v > 0.0 else ">",
        "Q": "",
        "value": f"{1e3 * floor_v:.3f}",
        "value_unit": "mV",
        "action": "Goto sequence",
        "seq": str(last),
    }


def _row(name: str, values: Sequence[str]) -> str:
    return "".join(f"{word:<{COLUMN}}" for word in (name, *values))
