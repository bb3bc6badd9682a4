"""Owns step files of a Neware tester: writes them, and tells whether one is what was ordered."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from services.formation.protocol import (
    RANGE_LIMIT_RATIO,
    CellOrder,
    Current,
    Hold,
    Loop,
    Rest,
    Scan,
    Spectrum,
    Step,
    TestProtocol,
    current_ma,
    expected_duration_s,
    given,
    highest_current_ma,
    range_fits,
)
from shared.errors import InvalidInputError, OutOfLimitsError

NAMESPACE = uuid.UUID("4b1e2f5a-6d0c-4c58-9a86-0e6f5f0b7a51")
CURRENT_MARGIN = 1.1

MAX_FILE_BYTES = 8 * 2**20
DECLARATION = re.compile(rb"^\s*<\?xml[^>]*?\?>")
ENCODING = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
# Parts that decide what the cell sees. Dates, names, ids and display settings are left out: the
# tester writes its own (seen in peer files: PN, SCQ, Guid, client_version, CapRetentionRateCycle).
HEAD_PARTS = ("Start_Step", "Scale", "RateType")
WHOLE_PARTS = ("Protect", "Record")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One value that is not as ordered; None on the side that does not have it."""

    place: str
    ordered: str | None
    found: str | None

    def __str__(self) -> str:
        return f"{self.place}: ordered {self.ordered or 'nothing'}, found {self.found or 'nothing'}"


def parse_step_file(content: bytes) -> Element:
    """Return the root of a step file in UTF-8 or GB2312.

    Raises:
        InvalidInputError: too large, not XML, another encoding, a document type, no step file.
    """
    if len(content) > MAX_FILE_BYTES:
        raise InvalidInputError(f"step file: {len(content)} bytes, limit {MAX_FILE_BYTES}")
    content = content.removeprefix(b"\xef\xbb\xbf")
    declaration = DECLARATION.match(content)
    named = ENCODING.search(declaration.group()) if declaration else None
    word = named.group(1).decode("ascii").lower() if named else "utf-8"
    encoding = "gb18030" if word.startswith("gb") else word
    try:
        text = (content[declaration.end() :] if declaration else content).decode(encoding)
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise InvalidInputError("step file: document types are not accepted")
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise InvalidInputError(f"step file: not readable: {error}") from error
    config = root.find("config")
    if config is None or config.get("type") != "Step File" or config.find("Step_Info") is None:
        raise InvalidInputError("step file: no <config type='Step File'> with steps")
    return root


def canonical(content: bytes) -> Mapping[str, str]:
    """Return everything that decides what the cell sees: place in the file -> value.

    Numbers are written alike (`40000.000000` and `40000`), order of siblings does not count.

    Raises:
        InvalidInputError: not a readable step file.
    """
    config = parse_step_file(content).find("config")
    values: dict[str, str] = {}
    for part in HEAD_PARTS:
        values.update(_values(config, f"Head_Info/{part}", "head"))
    for part in WHOLE_PARTS:
        values.update(_values(config, f"Whole_Prt/{part}", "whole test"))
    steps = config.find("Step_Info") if config is not None else None
    for number, step in enumerate(steps if steps is not None else (), start=1):
        values.update(_walk(step, f"step {number}"))
    return values


def _values(config: Element | None, path: str, place: str) -> Iterator[tuple[str, str]]:
    found = config.find(path) if config is not None else None
    if found is not None:
        yield from _walk(found, f"{place}/{found.tag}")


def _walk(element: Element, place: str) -> Iterator[tuple[str, str]]:
    """Yield place and value of each attribute below an element; empty elements say nothing."""
    for name, text in element.attrib.items():
        yield (place if name == "Value" else f"{place} {name}"), _plain(text)
    seen: dict[str, int] = {}
    for child in element:
        seen[child.tag] = seen.get(child.tag, 0) + 1
        again = f"[{seen[child.tag]}]" if seen[child.tag] > 1 else ""
        yield from _walk(child, f"{place}/{child.tag}{again}")


def _plain(text: str) -> str:
    try:
        return f"{float(text):.12g}"
    except ValueError:
        return text.strip()


def protocol_sha256(content: bytes) -> str:
    """Return the hash of what decides what the cell sees; equal files of one order hash equally.

    Raises:
        InvalidInputError: not a readable step file.
    """
    text = json.dumps(sorted(canonical(content).items()), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def compare(ordered: bytes, found: bytes) -> tuple[Difference, ...]:
    """Return what differs between the file ordered and the one on disk or in the record.

    Nothing: what ran is what was ordered.

    Raises:
        InvalidInputError: one of the two is not a readable step file.
    """
    expected, actual = canonical(ordered), canonical(found)
    places = sorted(expected.keys() | actual.keys(), key=_in_order)
    return tuple(
        Difference(place=place, ordered=expected.get(place), found=actual.get(place))
        for place in places
        if expected.get(place) != actual.get(place)
    )


def _in_order(place: str) -> tuple[int, str]:
    """Return the order for people: head, whole test, then steps by number."""
    number = re.match(r"step (\d+)", place)
    return (int(number.group(1)) if number else 0), place


@dataclass(frozen=True, kw_only=True)
class StepFile:
    """A step file ready for the tester's disk.

    sha256: of what the cell sees (compare with `protocol_sha256`); file_sha256: of the bytes.
    """

    content: bytes
    sha256: str
    file_sha256: str
    highest_current_ma: float
    expected_duration_s: float


def step_file(
    protocol: TestProtocol,
    order: CellOrder,
    *,
    range_ma: float,
    range_v: float,
    written_at: datetime,
) -> StepFile:
    """Return the Neware step file of a protocol for one cell; the same order gives the same bytes.

    aurora-unicycler writes the steps, we add protection to each of them.

    Raises:
        InvalidInputError: the order lacks a capacity or an area, or a step is a spectrum.
        OutOfLimitsError: a current or a voltage does not fit the tester's range with margin.
    """
    spectra = [n for n, s in enumerate(protocol.steps, 1) if isinstance(s, Spectrum)]
    if spectra:
        raise InvalidInputError(
            f"{protocol.protocol_id}: step {spectra[0]} is a spectrum, which a Neware channel"
            f" cannot measure; order its parts (GET /test-protocols/{protocol.protocol_id}/plan)"
        )
    highest_ma = highest_current_ma(protocol, order)
    if not range_fits(highest_ma, range_ma):
        raise OutOfLimitsError(
            f"lot {order.lot_id}: {protocol.protocol_id} needs {highest_ma:g} mA, limit is"
            f" {RANGE_LIMIT_RATIO:g} of the range {range_ma:g} mA; take another channel or rate"
        )
    limits = protocol.limits
    if max(abs(limits.highest_v), abs(limits.lowest_v)) > range_v:
        raise OutOfLimitsError(
            f"{protocol.protocol_id}: limits {limits.lowest_v:g} to {limits.highest_v:g} V"
            f" exceed the range {range_v:g} V"
        )
    root = ElementTree.fromstring(_unicycler_xml(protocol, order))
    _protect(root, protocol, order)
    config = root.find("config")
    if config is not None:
        identity = f"{protocol.protocol_id}/{protocol.version}/{order.lot_id}"
        config.set("date", written_at.strftime("%Y%m%d%H%M%S"))
        config.set("Guid", str(uuid.uuid5(NAMESPACE, identity)))
    ElementTree.indent(root)
    content = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return StepFile(
        content=content,
        sha256=protocol_sha256(content),
        file_sha256=hashlib.sha256(content).hexdigest(),
        highest_current_ma=highest_ma,
        expected_duration_s=expected_duration_s(protocol),
    )


def neutral_form(protocol: TestProtocol, order: CellOrder) -> dict[str, Any]:
    """Return the protocol for one cell in aurora-unicycler's neutral form, with currents in mA."""
    highest_ma = highest_current_ma(protocol, order)
    limits, loops = protocol.limits, [s.first_step for s in protocol.steps if isinstance(s, Loop)]
    method: list[dict[str, Any]] = []
    for number, step in enumerate(protocol.steps, start=1):
        if number in loops:
            method.append({"step": "tag", "tag": f"step {number}"})
        method.append(_technique(step, order))
    ratio = limits.highest_capacity_ratio
    most_mah = ratio * given(order.capacity_mah, "capacity_mah", order) if ratio else None
    return {
        "sample": {"name": order.lot_id, "capacity_mAh": order.capacity_mah},
        "record": {"time_s": protocol.record_interval_s, "voltage_V": protocol.record_voltage_v},
        "safety": {
            "max_voltage_V": limits.highest_v,
            "min_voltage_V": limits.lowest_v,
            "max_current_mA": CURRENT_MARGIN * highest_ma or None,
            "min_current_mA": -CURRENT_MARGIN * highest_ma or None,
            "max_capacity_mAh": most_mah,
            "delay_s": limits.delay_s,
        },
        "method": method,
    }


def _technique(step: Step, order: CellOrder) -> dict[str, Any]:
    """Return one step in aurora-unicycler's words."""
    if isinstance(step, Rest):
        return {"step": "open_circuit_voltage", "until_time_s": step.duration_s}
    if isinstance(step, Loop):
        return {
            "step": "loop",
            "loop_to": f"step {step.first_step}",
            "cycle_count": step.cycle_count,
        }
    if isinstance(step, Scan):
        return {
            "step": "voltage_scan",
            "start_voltage_V": step.from_v,
            "end_voltage_V": step.to_v,
            "scan_rate_mV_per_s": step.rate_mv_per_s,
        }
    if isinstance(step, Spectrum):
        return {
            "step": "impedance_spectroscopy",
            "amplitude_V": step.amplitude_mv / 1e3,
            "start_frequency_Hz": step.frequency_max_hz,
            "end_frequency_Hz": step.frequency_min_hz,
            "points_per_decade": step.points_per_decade_count,
        }
    if isinstance(step, Hold):
        capacity_mah = given(order.capacity_mah, "capacity_mah", order)
        return {
            "step": "constant_voltage",
            "voltage_V": step.voltage_v,
            "until_time_s": step.until_s,
            "until_current_mA": step.until_c_rate_per_h * capacity_mah,
        }
    return {
        "step": "constant_current",
        "current_mA": current_ma(step, order),
        "until_time_s": step.until_s,
        "until_voltage_V": step.until_v,
    }


def _unicycler_xml(protocol: TestProtocol, order: CellOrder) -> str:
    from aurora_unicycler import CyclingProtocol  # 0.6 s, and only this function needs it

    cycling = CyclingProtocol.from_dict(neutral_form(protocol, order))
    return str(cycling.to_neware_xml(sample_name=order.lot_id))


def _protect(root: Element, protocol: TestProtocol, order: CellOrder) -> None:
    """Add to each step what aurora-unicycler cannot: its own limits, tighter than those of all.

    Units of the file: 0.1 mV, mA, 0.1 degC (testing-cells.md 2b; temperature from peer files).
    """
    limits = protocol.limits
    for element, step in zip(root.findall("config/Step_Info/*"), protocol.steps, strict=False):
        if isinstance(step, Loop):
            continue
        main = SubElement(SubElement(element, "Protect"), "Main")
        lowest_v, highest_v = limits.lowest_v, limits.highest_v
        if isinstance(step, Current):
            if limits.short_floor_v is not None and step.sign > 0:
                lowest_v = limits.short_floor_v
            elif limits.short_floor_v is not None:
                highest_v = -limits.short_floor_v
            ordered_ma = current_ma(step, order)
            ahead_ma, back_ma = CURRENT_MARGIN * ordered_ma, (1.0 - CURRENT_MARGIN) * ordered_ma
            _bounds(main, "Curr", max(ahead_ma, back_ma), min(ahead_ma, back_ma))
        _bounds(main, "Volt", highest_v * 1e4, lowest_v * 1e4)
        _temperature(element.find("Protect"), limits.highest_temperature_degc)
    _temperature(root.find("config/Whole_Prt/Protect"), limits.highest_temperature_degc)


def _bounds(parent: Element, name: str, upper: float, lower: float) -> None:
    part = SubElement(parent, name)
    SubElement(part, "Upper", Value=f"{upper:f}")
    SubElement(part, "Lower", Value=f"{lower:f}")


def _temperature(protect: Element | None, highest_degc: float | None) -> None:
    if protect is not None and highest_degc is not None:
        part = SubElement(SubElement(protect, "Aux"), "Temp")
        SubElement(part, "Upper", Value=f"{highest_degc * 10.0:f}")
