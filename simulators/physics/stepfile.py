"""Neware step files (BTS 8, XML) as a tester reads them: steps, limits, records, protection."""

import re
from dataclasses import dataclass, field
from typing import Literal
from xml.etree import ElementTree

from simulators.physics.markup import parse_markup

StepKind = Literal["current", "voltage", "rest", "loop", "end"]

# Step_Type -> (kind, sign of the current, word of the BTS in its answers).
STEP_TYPES: dict[int, tuple[StepKind, int, str]] = {
    1: ("current", 1, "cc"),
    2: ("current", -1, "dc"),
    3: ("voltage", 1, "cv"),
    4: ("rest", 0, "rest"),
    5: ("loop", 0, "loop"),
    6: ("end", 0, "end"),
    7: ("voltage", 1, "cccv"),
    19: ("voltage", -1, "dcv"),
    20: ("voltage", -1, "dcccv"),
}

VOLTAGE_PER_V = 10_000.0
TIME_PER_S = 1000.0
CAPACITY_PER_MAH = 3600.0


class StepFileError(ValueError):
    """The tester cannot run this file."""


@dataclass(frozen=True, kw_only=True)
class Protection:
    """Limits whose violation for longer than `delay_s` ends the whole test; None = not watched."""

    highest_v: float | None = None
    lowest_v: float | None = None
    highest_ma: float | None = None
    lowest_ma: float | None = None
    highest_mah: float | None = None
    delay_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step as the tester runs it; current_ma carries its sign, limits are None when absent."""

    step_id: int
    step_type: int
    kind: StepKind
    word: str
    sign: int = 0
    current_ma: float | None = None
    voltage_v: float | None = None
    until_v: float | None = None
    until_s: float | None = None
    until_ma: float | None = None
    until_mah: float | None = None
    interval_s: float = 1.0
    loop_to: int = 0
    loop_count: int = 0
    protection: Protection = field(default_factory=Protection)


@dataclass(frozen=True, kw_only=True)
class StepFile:
    """A whole test: steps in the order of the file, first step to run, protection of all."""

    steps: tuple[Step, ...]
    start_step: int
    protection: Protection
    remark: str

    @property
    def highest_ma(self) -> float:
        """The largest current that any step asks for."""
        return max((abs(step.current_ma or 0.0) for step in self.steps), default=0.0)


def _number(parent: ElementTree.Element | None, path: str, scale: float) -> float | None:
    """Return an element's `Value` in our unit, or None when the element or its value is absent."""
    found = parent.find(path) if parent is not None else None
    text = found.get("Value") if found is not None else None
    if text is None or not text.strip():
        return None
    try:
        return float(text) / scale
    except ValueError as error:
        raise StepFileError(f"{path}: {text!r} is not a number") from error


def _protection(parent: ElementTree.Element) -> Protection:
    main = parent.find("Protect/Main")
    return Protection(
        highest_v=_number(main, "Volt/Upper", VOLTAGE_PER_V),
        lowest_v=_number(main, "Volt/Lower", VOLTAGE_PER_V),
        highest_ma=_number(main, "Curr/Upper", 1.0),
        lowest_ma=_number(main, "Curr/Lower", 1.0),
        highest_mah=_number(main, "Cap/Upper", CAPACITY_PER_MAH),
        delay_s=_number(main, "Delay_Time", TIME_PER_S) or 0.0,
    )


def _step(element: ElementTree.Element, default_interval_s: float) -> Step:
    """Read one `StepN` element."""
    step_id, step_type = int(element.get("Step_ID", "0")), int(element.get("Step_Type", "0"))
    if step_type not in STEP_TYPES:
        raise StepFileError(f"step {step_id}: type {step_type} is not supported")
    kind, sign, word = STEP_TYPES[step_type]
    main = element.find("Limit/Main")
    current_ma = _number(main, "Curr", 1.0)
    step = Step(
        step_id=step_id,
        step_type=step_type,
        kind=kind,
        word=word,
        sign=sign,
        current_ma=sign * abs(current_ma) if current_ma is not None else None,
        voltage_v=_number(main, "Volt", VOLTAGE_PER_V),
        until_v=_number(main, "Stop_Volt", VOLTAGE_PER_V),
        until_s=_number(main, "Time", TIME_PER_S),
        until_ma=_number(main, "Stop_Curr", 1.0),
        until_mah=_number(main, "Cap", CAPACITY_PER_MAH),
        interval_s=_number(element, "Record/Main/Time", TIME_PER_S) or default_interval_s,
        loop_to=int(_number(element, "Limit/Other/Start_Step", 1.0) or 0),
        loop_count=int(_number(element, "Limit/Other/Cycle_Count", 1.0) or 0),
        protection=_protection(element),
    )
    if kind == "current" and not current_ma:
        raise StepFileError(f"step {step_id}: a current step without a current")
    if kind == "voltage" and step.voltage_v is None:
        raise StepFileError(f"step {step_id}: a voltage step without a voltage")
    if kind == "loop" and not 1 <= step.loop_to < step_id:
        raise StepFileError(f"step {step_id}: loops to step {step.loop_to}, which is not before it")
    return step


def read_step_file(content: bytes) -> StepFile:
    """Read a step file in UTF-8 or GB2312.

    Raises:
        StepFileError: not XML, not a step file, or it asks for what this tester cannot do.
    """
    try:
        config = parse_markup(content).find("config")
        if config is None or config.get("type") != "Step File":
            raise StepFileError("no <config type='Step File'>")
        step_info = config.find("Step_Info")
        whole = config.find("Whole_Prt")
        elements = [] if step_info is None else list(step_info)
        interval_s = _number(whole, "Record/Main/Time", TIME_PER_S) or 1.0
        steps = tuple(_step(e, interval_s) for e in elements if re.match(r"Step\d", e.tag))
        start_step = int(_number(config, "Head_Info/Start_Step", 1.0) or 1)
    except (ElementTree.ParseError, UnicodeError, ValueError, LookupError) as error:
        raise StepFileError(str(error)) from error
    if [step.step_id for step in steps] != list(range(1, len(steps) + 1)):
        raise StepFileError("steps are absent or not numbered 1, 2, 3, …")
    if not 1 <= start_step <= len(steps):
        raise StepFileError(f"start step {start_step} does not exist")
    remark = config.find("Head_Info/Remark")
    return StepFile(
        steps=steps,
        start_step=start_step,
        protection=_protection(whole) if whole is not None else Protection(),
        remark=remark.get("Value", "") if remark is not None else "",
    )
