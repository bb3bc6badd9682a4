"""The device history as pages to print: the same facts as the JSON, many alike in one line."""

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from services.trace.told import Fact
from shared.errors import PersonNeededError

CHINESE = "STSong-Light"  # Adobe's name; a reader brings or finds a font for it
_HIGHEST_UCS2 = 0xFFFF
_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=7, leading=9, wordWrap="CJK")
_HEAD = ParagraphStyle("head", parent=_TEXT, fontName="Helvetica-Bold")
_TITLE = ParagraphStyle("title", parent=_TEXT, fontName="Helvetica-Bold", fontSize=15, leading=20)
_SECTION = ParagraphStyle("section", parent=_HEAD, fontSize=10, leading=13, spaceBefore=7)
_LINES = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.grey),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 1.5),
        ("RIGHTPADDING", (0, 0), (-1, -1), 1.5),
        ("TOPPADDING", (0, 0), (-1, -1), 0.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
)
_WIDTH = landscape(A4)[0] - 24 * mm
Column = tuple[str, float]
Rows = Iterable[Sequence[Any]]


def history_pdf(document: Fact, font: Path | None = None) -> bytes:
    """Return the unsigned pages of a device history.

    font: TrueType file whose glyphs are put into the pages for what Helvetica lacks; without one
    the reader's own Chinese font shows it.

    Raises:
        PersonNeededError: the font cannot be read or is not TrueType.
    """
    other = _other_font(font)
    file = BytesIO()
    title = f"Device history of {document['lot_id']}"
    pages = SimpleDocTemplate(
        file,
        pagesize=landscape(A4),
        title=title,
        author=f"Halite, {document['site']}",
        leftMargin=12 * mm,
        rightMargin=12 * mm,
        topMargin=12 * mm,
        bottomMargin=14 * mm,
    )
    story: list[Any] = [Paragraph(marked(title, other), _TITLE)]
    for name, columns, rows in sections(document):
        story.append(Paragraph(marked(name, other), _SECTION))
        story.append(_table(columns, list(rows), other))
        story.append(Spacer(1, 2 * mm))

    def foot(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.setFont("Helvetica", 7)
        left = f"{document['site']}   asked at {document['asked_at']} (plant time)"
        canvas.drawString(12 * mm, 7 * mm, left)
        canvas.drawRightString(landscape(A4)[0] - 12 * mm, 7 * mm, f"page {canvas.getPageNumber()}")

    pages.build(story, onFirstPage=foot, onLaterPages=foot)
    return file.getvalue()


def _other_font(font: Path | None) -> str:
    if font is None:
        pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
        return CHINESE
    try:
        pdfmetrics.registerFont(TTFont(font.stem, font))
    except (OSError, TTFError) as error:
        raise PersonNeededError(
            f"font {font} for documents: {error}; give a TrueType file, or none"
        ) from error
    return font.stem


def _table(
    columns: Sequence[Column], rows: list[Sequence[Any]], font: str
) -> LongTable | Paragraph:
    if not rows:
        return Paragraph("None.", _TEXT)
    total = sum(share for _, share in columns)
    cells = [[Paragraph(marked(name, font), _HEAD) for name, _ in columns]]
    cells += [[Paragraph(marked(_shown(value), font), _TEXT) for value in row] for row in rows]
    widths = [_WIDTH * share / total for _, share in columns]
    return LongTable(cells, colWidths=widths, repeatRows=1, style=_LINES)


def marked(text: str, font: str = CHINESE) -> str:
    """Return a text as markup in which what Helvetica cannot show stands in another font."""
    parts: list[str] = []
    for character in text:
        if ord(character) > _HIGHEST_UCS2:
            character = f"[U+{ord(character):X}]"
        elif ord(character) < ord(" "):
            character = " "
        is_plain = _is_latin(character)
        shown = escape(character)
        parts.append(shown if is_plain else f'<font name="{font}">{shown}</font>')
    return "".join(parts).replace(f'</font><font name="{font}">', "")


def _is_latin(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def sections(document: Fact) -> Iterator[tuple[str, Sequence[Column], Rows]]:
    """Yield title, columns with their share of the width, and rows of each section."""
    yield "Cell", (("What", 2), ("Value", 5), ("Evidence", 3)), _cell(document)
    yield (
        f"Open points: {len(document['open_points'])}",
        (("Kind", 1), ("About", 3), ("What is open", 8), ("Evidence", 3)),
        (
            [one["kind"], one["about"], one["text"], _evidence(one)]
            for one in document["open_points"]
        ),
    )
    yield from _made(document)
    yield from _tested(document)
    yield from _decided(document)
    yield (
        "Seals over these events",
        (("Position", 1), ("Root (SHA-256)", 5), ("Sealed at", 3), ("Key", 5)),
        (
            [one["position"], one["root_sha256"], one["sealed_at"], one["key_id"] or "unsigned"]
            for one in document["record"]["seals"]
        ),
    )


def _cell(document: Fact) -> Rows:
    identity, record = document["identity"], document["record"]
    names = ("product_id", "material_definition_id", "work_request_id", "order_number")
    for name in (*names, "due_at", "registered_at"):
        yield name.replace("_", " "), identity[name], _evidence(identity)
    for one in document["grades"]:
        shown = f"{_shown(one['grade'])} {'' if one['in_force'] else '(replaced)'}"
        capacity = f"{_shown(one['discharge_capacity_mah'])} mAh; {'; '.join(one['reasons'])}"
        yield "grade", f"{shown} {capacity}", _evidence(one)
    done = document["completed"]
    yield "completed at", done and done["completed_at"], _evidence(done) if done else ""
    sealed = f"{record['event_count']} events, {record['unsealed_count']} of them without a seal"
    yield "stands on", sealed, f"up to position {record['last_position']}"


def _made(document: Fact) -> Iterator[tuple[str, Sequence[Column], Rows]]:
    yield (
        "Lots",
        (("Material", 2), ("Lots", 7), ("Quantity", 2), ("Origin", 2), ("Evidence", 3)),
        _lots(document["lots"]),
    )
    yield (
        "Steps",
        (
            ("Operation", 2),
            ("Lot, job order", 3),
            ("Equipment, software, fixture", 4),
            ("Recipe", 2),
            ("From, to", 4),
            ("State", 2),
            ("Used of these lots", 5),
            ("Evidence", 3),
        ),
        ([*_step(one), _evidence(one)] for one in document["steps"]),
    )
    yield (
        "Age of glue at spraying",
        (("Glue", 2), ("Job order", 3), ("Age", 3), ("Evidence", 3)),
        (
            [
                one["lot_id"],
                one["job_order_id"],
                one["reason"] or f"{one['age_s']:.0f} s",
                _evidence(one),
            ]
            for one in document["glue_ages"]
        ),
    )
    yield (
        "Rework",
        (("Operation", 2), ("Lot", 2), ("Job order", 3), ("Attempt", 1), ("Evidence", 3)),
        (
            [one["operation"], one["lot_id"], one["job_order_id"], one["attempt"], _evidence(one)]
            for one in document["rework"]
        ),
    )


def _lots(lots: Sequence[Fact]) -> Rows:
    alike: dict[tuple[Any, ...], list[Fact]] = {}
    for one in lots:
        key = (one["material_definition_id"], one["unit"], one["origin"])
        alike.setdefault(key, []).append(one)
    for (material, unit, origin), ones in alike.items():
        amounts = [_amount(one["quantity"], unit) for one in ones]
        quantity = amounts[0] if len(set(amounts)) == 1 else ", ".join(amounts)
        names = ", ".join(one["lot_id"] for one in ones)
        yield material, names, quantity, origin or "made or issued in a step", _evidence(*ones)


def _step(one: Fact) -> list[Any]:
    machine = [one["equipment_id"], one["software_version"], one["fixture_id"], one["channel"]]
    loads = one["furnace_load_ids"] + one["persons"]
    operators = [
        f"operator {held['operator'] or 'nobody'} since {held['since_at']}"
        for held in one["operators"]
    ]
    used = one["consumed"] + one["produced"]
    return [
        one["operation"] + (f", attempt {one['attempt']}" if one["attempt"] > 1 else ""),
        f"{one['lot_id']}, {one['job_order_id']}",
        ", ".join(str(value) for value in (*machine, *loads, *operators) if value),
        f"{_shown(one['recipe_id'])} version {_shown(one['recipe_version'])}",
        f"{_shown(one['started_at'])} to {_shown(one['ended_at'])}",
        "; ".join([one["state"], *one["deviations"], *([one["reason"]] if one["reason"] else [])]),
        ", ".join(f"{item['lot_id']} {_amount(item['quantity'], item['unit'])}" for item in used),
    ]


def _tested(document: Fact) -> Iterator[tuple[str, Sequence[Column], Rows]]:
    yield (
        "Measurements",
        (("Operation", 2), ("Characteristic", 4), ("Of", 3), ("Value", 4), ("Evidence", 3)),
        _measurements(document["measurements"]),
    )
    yield (
        "Spectra and cycling",
        (("Lot", 2), ("What", 8), ("Evidence", 3)),
        [*_spectra(document["spectra"]), *_cyclings(document["cyclings"])],
    )
    yield (
        "Witness cells",
        (("Witness", 2), ("Made of", 4), ("Decided", 6), ("Evidence", 3)),
        (
            [
                one["lot_id"],
                ", ".join(one["made_of"]),
                "; ".join(gate["reason"] for gate in one["gates"] if gate["in_force"]),
                _evidence(one),
            ]
            for one in document["witnesses"]
        ),
    )


def _measurements(measurements: Sequence[Fact]) -> Rows:
    alike: dict[tuple[Any, ...], list[Fact]] = {}
    for one in measurements:
        key = (one["operation"], one["characteristic"], one["unit"])
        alike.setdefault(key, []).append(one)
    for (operation, characteristic, unit), ones in alike.items():
        numbers = [one["value"] for one in ones if isinstance(one["value"], int | float)]
        if len(ones) == 1 or len(numbers) < len(ones):
            value = "; ".join(_amount(one["value"], unit, one["reason"]) for one in ones)
        else:
            low, high = _amount(min(numbers), unit), _amount(max(numbers), unit)
            value = low if low == high else f"{low} to {high}"
        of = ones[0]["lot_id"] if len(ones) == 1 else f"{len(ones)} lots"
        yield operation, characteristic, of, value, _evidence(*ones)


def _spectra(spectra: Sequence[Fact]) -> Rows:
    for one in spectra:
        low, high = one["lowest_frequency_hz"], one["highest_frequency_hz"]
        text = (
            f"{one['operation']}: {one['point_count']} points, {_shown(low)} to {_shown(high)} Hz"
        )
        text += f", {_amount(one['temperature_degc'], '°C')}, fixture {_shown(one['fixture_id'])}"
        yield one["lot_id"], text, _evidence(one)


def _cyclings(runs: Sequence[Fact]) -> Rows:
    for one in runs:
        same = "as ordered" if one["protocol_matches"] else "NOT as ordered"
        text = (
            f"{one['operation']}: {one['protocol_id']} version {one['protocol_version']}, {same}, "
        )
        text += f"channel {one['channel']}, {one['row_count']} rows"
        for cycle in one["cycles"]:
            efficiency = _shown(cycle["coulombic_efficiency_ratio"])
            capacity = _amount(cycle["discharge_capacity_mah"], "mAh", cycle.get("flag"))
            text += f"; cycle {cycle['cycle']}: {capacity}, efficiency {efficiency}"
        yield one["lot_id"], text, _evidence(one)


def _decided(document: Fact) -> Iterator[tuple[str, Sequence[Column], Rows]]:
    yield (
        "Gates",
        (("Gate", 2), ("Of", 3), ("Disposition", 2), ("Reason", 8), ("Evidence", 3)),
        _gates(document["gates"]),
    )
    said: tuple[Column, ...] = (("What", 3), ("Of", 3), ("Says", 9), ("Evidence", 3))
    yield "Time limits, exposure, holds", said, _watched(document)
    yield "Nonconformances, waivers, recalls, signals", said, _deviations(document)
    yield "Signatures", said, (_signature(one) for one in document["signatures"])
    yield (
        "Other events that name these lots",
        (("Type", 4), ("Subject", 4), ("Said at", 4), ("Evidence", 3)),
        (
            [one["type"], one["subject"], one["said_at"], _evidence(one)]
            for one in document["others"]
        ),
    )


def _gates(gates: Sequence[Fact]) -> Rows:
    alike: dict[tuple[Any, ...], list[Fact]] = {}
    for one in gates:
        alike.setdefault((one["gate"], one["disposition"], one["in_force"]), []).append(one)
    for (gate, disposition, in_force), ones in alike.items():
        of = ones[0]["lot_id"] if len(ones) == 1 else f"{len(ones)} lots"
        reasons = list(dict.fromkeys(one["reason"] for one in ones))
        more = f"; and {len(reasons) - 3} more like these" if len(reasons) > 3 else ""
        word = disposition if in_force else f"{disposition} (replaced)"
        yield gate, of, word, "; ".join(reasons[:3]) + more, _evidence(*ones)


def _watched(document: Fact) -> Rows:
    for one in document["time_limits"]:
        text = f"{one['state']}: {one['from_event']} to {one['to_event']}, limit {one['limit_at']}"
        yield f"time limit {one['name']}", one["lot_id"], text, _evidence(one)
    for one in document["exposures"]:
        text = f"{one['state']}{'' if one['in_force'] else ' (replaced)'}: {_shown(one['reason'])}"
        yield "exposure", one["lot_id"], text, _evidence(one)
    for one in document["holds"]:
        text = f"{one['held_at']} to {one['released_at'] or 'now'}: {one['reason']}"
        yield f"hold of gate {one['gate']}", one["lot_id"], text, _evidence(one)


def _deviations(document: Fact) -> Rows:
    for one in document["nonconformances"]:
        of = ", ".join(one["lot_ids"]) or "only siblings"
        way = "; ".join(f"{step['state']} by {step['person']}" for step in one["way"])
        text = f"{one['state']}: {_shown(one['description'])} {way}"
        yield one["nonconformance_id"], of, text, _evidence(one)
    for one in document["waivers"]:
        text = f"{one['state']} by {one['person']} until {one['expires_at']}: {one['reason']}"
        yield f"waiver {one['waiver_id']}", ", ".join(one["lot_ids"]), text, _evidence(one)
    for one in document["recalls"]:
        until = f"ended {one['ended_at']}" if one["ended_at"] else "lasts"
        text = f"{one['node_kind']} {one['node_id']} by {one['person']}, {until}: {one['reason']}"
        yield one["recall_id"], ", ".join(one["lot_ids"]), text, _evidence(one)
    for one in document["signals"]:
        yield one["kind"], _shown(one["says"].get("lot_id")), one["said_at"], _evidence(one)


def _signature(one: Fact) -> Sequence[Any]:
    text = f"{one['meaning']}, by {one['printed_name']} ({one['role']}) at {one['signed_at']}, "
    text += f"over {one['record_sha256']}, {one['authentication'] or 'not authenticated'}"
    return f"{one['record_kind']} {one['record_id']}", one["lot_id"], text, _evidence(one)


def _evidence(*facts: Fact) -> str:
    """Return source, sequence and seal of what facts stand on, the first few of them."""
    found = [one for fact in facts for one in fact["evidence"]]
    shown = list(
        dict.fromkeys(
            f"{one['source']} {one['sequence']} (seal {_shown(one['seal_position'])})"
            for one in found
        )
    )
    more = f" and {len(shown) - 4} more" if len(shown) > 4 else ""
    return ", ".join(shown[:4]) + more


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _amount(value: Any, unit: str, reason: str | None = None) -> str:
    if value is None:
        return f"unknown: {reason}" if reason else "unknown"
    return _shown(value) if unit in ("1", "") else f"{_shown(value)} {unit}"
