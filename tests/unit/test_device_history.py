"""Device history: every fact stands on its event, and what is open is said, never passed over."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto.x509 import Certificate
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from deploy.cli import halite
from services.trace.certificate import PdfSigner, pdf_signer_at
from services.trace.devicehistory import FORMAT, device_history
from services.trace.historypdf import history_pdf, marked
from services.trace.signeddocument import signed_text, verified_document
from services.trace.signing import Signer
from services.trace.told import SealShown, Told
from shared.errors import InvalidInputError, PersonNeededError

AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


class Teller:
    """Tells events in order, all under one seal but those told after `seal_ends`."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.is_sealed = True

    def __call__(self, kind: str, at_h: float, **data: Any) -> Told:
        position = len(self.told) + 1
        one = Told(
            position=position,
            event_id=f"e{position}",
            source="execution",
            sequence=position,
            type=f"org.halite.{kind}.v1",
            subject=data.get("lot_id", data.get("job_order_id", "-")),
            time=AT + timedelta(hours=at_h),
            data=data,
            caused_by=None,
            seal_position=100 if self.is_sealed else None,
        )
        self.told.append(one)
        return one


def hour(at_h: float) -> str:
    return (AT + timedelta(hours=at_h)).isoformat()


def material(lot_id: str, use: str, quantity: float = 1.0, unit: str = "count") -> dict[str, Any]:
    return {
        "lot_id": lot_id,
        "material_definition_id": f"kind of {lot_id}",
        "quantity": quantity,
        "unit": unit,
        "use": use,
    }


def job(operation: str, lot_id: str, number: int = 1) -> dict[str, Any]:
    return {
        "job_order_id": f"{lot_id}-{operation}-{number}",
        "lot_id": lot_id,
        "work_request_id": "WR-1",
        "product_id": "nvp-coin",
        "operation": operation,
    }


def worked(
    tell: Teller,
    operation: str,
    lot_id: str,
    at_h: float,
    materials: list[dict[str, Any]],
    results: list[dict[str, Any]] | None = None,
    number: int = 1,
    machine: str = "pilot/a/b/m-1",
) -> None:
    """Tell a whole job order of one hour."""
    named = job(operation, lot_id, number)
    ran = {"equipment_id": machine, "recipe_id": f"r-{operation}", "recipe_version": 3}
    times = {"started_at": hour(at_h), "ended_at": hour(at_h + 1)}
    tell("job_order_released", at_h, **named, materials=materials, released_at=hour(at_h))
    tell("job_order_started", at_h, **named, **ran, started_at=hour(at_h), lot_ids=[lot_id])
    ended = {"state": "ended", "results": results or [], "fixture_id": "JIG-1"}
    tell("job_order_ended", at_h + 1, **named, **ran, **times, materials=materials, **ended)
    tell("genealogy_recorded", at_h + 1, **named, **ran, **times, materials=materials)


def registered(tell: Teller, lot_id: str, at_h: float, origin: str, **more: Any) -> None:
    named = {"material_definition_id": f"kind of {lot_id}", "quantity": 5.0, "unit": "g"}
    tell(
        "material_lot_registered",
        at_h,
        lot_id=lot_id,
        work_request_id=None,
        origin=origin,
        **named,
        **more,
    )


def gate(tell: Teller, name: str, lot_id: str, at_h: float, disposition: str, **more: Any) -> None:
    said = {"characteristic": "x_um", "value": 1.0, "unit": "µm", "low": None, "high": 2.0}
    told = said | {"reason": f"x_um of {lot_id}", "specification_version": 4} | more
    tell(
        "disposition_decided",
        at_h,
        lot_id=lot_id,
        gate=name,
        disposition=disposition,
        evaluated_at=hour(at_h),
        **told,
    )


LOTS = ("CELL", "GLUE", "PELLET", "POWDER", "RAW-A", "RAW-B")


def life() -> Teller:
    """Tell a whole clean life: two raw lots, powder, a pellet, glue, a cell, its grade."""
    tell = Teller()
    tell(
        "work_request_accepted",
        0,
        work_request_id="WR-1",
        work_schedule_id="S-1",
        due_at=hour(200),
        order_number="4500001234",
    )
    tell(
        "equipment_state_changed",
        0,
        equipment_id="pilot/a/b/m-1",
        changed_at=hour(0),
        software_version="1.2.0",
    )
    for raw in ("RAW-A", "RAW-B"):
        registered(tell, raw, 0, "received")
    raws = [material("RAW-A", "consumed", 3.0, "g"), material("RAW-B", "consumed", 2.0, "g")]
    worked(tell, "mill", "POWDER", 1, [*raws, material("POWDER", "produced", 5.0, "g")])
    registered(tell, "POWDER", 2, "produced")
    pressed = [material("POWDER", "consumed", 5.0, "g"), material("PELLET", "produced")]
    worked(tell, "press", "PELLET", 3, pressed)
    registered(tell, "PELLET", 4, "produced")
    worked(tell, "mix", "GLUE", 5, [material("RAW-B", "consumed"), material("GLUE", "produced")])
    registered(tell, "GLUE", 6, "produced")
    tell(
        "equipment_state_changed",
        7,
        equipment_id="pilot/a/b/m-1",
        changed_at=hour(7),
        software_version="1.3.0",
    )
    sprayed = [material("GLUE", "consumed", 4.0, "ul"), material("PELLET", "processed")]
    film = {"lot_id": "PELLET", "characteristic": "film_um", "value": 13.4, "unit": "µm"}
    worked(tell, "spray", "CELL", 8, sprayed, [film | {"reason": None}])
    gate(tell, "spray", "CELL", 9.1, "released")
    worked(
        tell, "stack", "CELL", 10, [material("PELLET", "consumed"), material("CELL", "produced")]
    )
    registered(tell, "CELL", 11, "produced")
    tell(
        "cell_graded",
        12,
        lot_id="CELL",
        work_request_id="WR-1",
        product_id="nvp-coin",
        grade="A",
        discharge_capacity_mah=0.9,
        coulombic_efficiency_ratio=0.999,
        reasons=["capacity"],
    )
    tell("cell_completed", 13, lot_id="CELL", work_request_id="WR-1", product_id="nvp-coin")
    return tell


SEAL = SealShown(position=100, root_sha256="ab" * 32, sealed_at=AT, key_id="k", signature="cd")


def history(tell: Teller, lot_id: str = "CELL", witnesses: tuple[Told, ...] = ()) -> dict[str, Any]:
    now = AT + timedelta(hours=100)
    return device_history(lot_id, "pilot", now, LOTS, tell.told, witnesses, [SEAL])


def open_texts(document: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    points = document["open_points"]
    return [(one["about"], one["text"]) for one in points if one["kind"] == kind]


def test_clean_life_from_raw_lots_to_grade_has_nothing_open_and_evidence_for_all() -> None:
    tell = life()
    document = history(tell)
    assert document["open_points"] == []
    assert [lot["lot_id"] for lot in document["lots"]] == sorted(LOTS)
    steps = {step["operation"]: step for step in document["steps"]}
    assert list(steps) == ["mill", "press", "mix", "spray", "stack"]
    assert (steps["mill"]["software_version"], steps["spray"]["software_version"]) == (
        "1.2.0",
        "1.3.0",
    )
    assert (steps["stack"]["fixture_id"], steps["stack"]["recipe_version"]) == ("JIG-1", 3)
    [age] = document["glue_ages"]
    assert (age["lot_id"], age["age_s"]) == ("GLUE", 2 * 3600.0)
    edges = {(edge["from"], edge["to"]): edge["quantity"] for edge in document["genealogy"]}
    assert edges["RAW-A", "POWDER"] == 3.0
    assert edges["GLUE", "PELLET"] == 4.0
    assert document["identity"]["order_number"] == "4500001234"
    ids = {one.event_id for one in tell.told}
    for name in ("lots", "steps", "genealogy", "measurements", "gates", "grades", "glue_ages"):
        for one in document[name]:
            assert one["evidence"]
            assert {found["event_id"] for found in one["evidence"]} <= ids
            assert all(found["seal_position"] == 100 for found in one["evidence"])


def test_a_step_names_who_had_the_station_and_who_took_it_over_while_it_ran() -> None:
    tell = life()

    def changed(at_h: float, operator: str | None, machine: str = "pilot/a/b/m-1") -> None:
        named = {"equipment_id": machine, "operator": operator, "by": "Li Na"}
        tell("operator_changed", at_h, **named, changed_at=hour(at_h))

    changed(0.5, "Ada")
    changed(2.5, "Ben")
    changed(3.4, None)
    changed(3.5, "Cleo")
    changed(3.6, "Dora", "pilot/a/b/m-2")
    tell.told.sort(key=lambda one: one.time)
    steps = {step["operation"]: step for step in history(tell)["steps"]}
    had = {name: [one["operator"] for one in step["operators"]] for name, step in steps.items()}
    assert had["mill"] == ["Ada"]
    assert had["press"] == ["Ben", None, "Cleo"]
    assert had["stack"] == ["Cleo"]
    assert steps["press"]["operators"][2]["since_at"] == hour(3.5)
    kinds = {one.event_id: one.kind for one in tell.told}
    evidence = [kinds[one["event_id"]] for one in steps["press"]["evidence"]]
    assert evidence.count("operator_changed") == 3


def test_every_event_of_a_cell_is_evidence_of_some_fact() -> None:
    tell = life()
    tell("some_new_thing_said", 14, lot_id="CELL")
    document = history(tell)

    def ids(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["event_id"]} if "event_id" in value else set()
            return own.union(*map(ids, value.values()))
        return set().union(*map(ids, value)) if isinstance(value, list) else set()

    assert ids(document) == {one.event_id for one in tell.told}
    assert [one["type"] for one in document["others"]] == ["org.halite.some_new_thing_said.v1"]


def test_what_is_held_broken_unknown_open_or_unsealed_stands_among_the_open_points() -> None:
    tell = life()
    tell("lot_held", 14, lot_id="PELLET", gate="thickness", reason="too thick")
    gate(tell, "impedance", "CELL", 14, "blocked", value=None, reason="no fit")
    gate(tell, "leak", "CELL", 14, "scrap", reason="leaks")
    limit = {"lot_id": "CELL", "name": "cure", "limit_at": hour(15), "started_at": hour(14)}
    tell("time_limit_changed", 14, time_limit_id="T1", state="broken", **limit)
    air = {"lot_id": "CELL", "reason": "bare_sodium: no sensor", "is_open": False}
    tell("exposure_evaluated", 14, state="unknown", minutes=None, **air)
    touched = {"lot_id": "CELL", "nonconformance_id": "NC-1", "lot_ids": ["CELL"]}
    tell("nonconformance_raised", 14, description="x", equipment_id=None, **touched)
    siblings = {"lot_id": "PELLET", "nonconformance_id": "NC-2", "lot_ids": ["SIBLING"]}
    tell("nonconformance_raised", 14, description="y", equipment_id=None, **siblings)
    named = {"node_kind": "lot", "node_id": "RAW-A", "person": "ada", "reason": "glass in it"}
    tell("lots_recalled", 14, recall_id="recall-1", lot_ids=["CELL", "POWDER"], **named)
    tell("job_order_released", 14, **job("rest", "CELL"), materials=[], released_at=hour(14))
    tell.is_sealed = False
    tell("control_chart_signalled", 15, lot_id="CELL", signal_id="S")
    document = history(tell)
    assert open_texts(document, "held") == [
        ("PELLET", "gate thickness: too thick"),
        ("CELL, POWDER", "recall-1: glass in it"),
    ]
    assert open_texts(document, "unknown") == [
        ("CELL", "gate impedance says blocked: no fit"),
        ("CELL", "exposure is unknown: bare_sodium: no sensor"),
    ]
    assert open_texts(document, "broken") == [
        ("CELL", "gate leak says scrap: leaks"),
        ("CELL", f"time limit cure is broken, limit {hour(15)}"),
    ]
    assert open_texts(document, "open") == [
        ("CELL-rest-1", "the step rest is allowed_to_start"),
        ("CELL", "nonconformance NC-1 is open"),
    ]
    assert open_texts(document, "unsealed") == [("CELL", "1 of its events are under no seal yet")]


def test_a_later_word_closes_an_open_point() -> None:
    tell = life()
    tell("lot_held", 14, lot_id="CELL", gate="leak", reason="leaks")
    gate(tell, "leak", "CELL", 14, "blocked")
    gate(tell, "leak", "CELL", 15, "released")
    tell("lot_hold_released", 15, lot_id="CELL", gate="leak", reason="measured again")
    touched = {"lot_id": "CELL", "nonconformance_id": "NC-1", "lot_ids": ["CELL"]}
    tell("nonconformance_raised", 14, description="x", equipment_id=None, **touched)
    tell("nonconformance_changed", 15, state="closed", person="ada", reason="done", **touched)
    tell("lots_recalled", 14, recall_id="recall-1", lot_ids=["CELL"], reason="r", person="ada")
    tell("recall_ended", 15, recall_id="recall-1", lot_ids=["CELL"], reason="r", person="bob")
    document = history(tell)
    assert document["open_points"] == []
    assert [one["in_force"] for one in document["gates"] if one["gate"] == "leak"] == [False, True]
    [hold] = document["holds"]
    assert (hold["release_reason"], len(hold["evidence"])) == ("measured again", 2)


def test_a_waiver_in_force_covers_its_gate_until_it_expires() -> None:
    tell = life()
    gate(tell, "leak", "CELL", 14, "blocked")
    waiver = {"waiver_id": "W-1", "gate": "leak", "characteristic": "x_um", "lot_ids": ["CELL"]}
    said = waiver | {"state": "in_force", "reason": "r", "person": "ada", "lot_id": "CELL"}
    tell("waiver_changed", 15, **said, expires_at=hour(1000))
    assert history(tell)["open_points"] == []
    tell("waiver_changed", 16, **said, expires_at=hour(50))
    assert open_texts(history(tell), "broken") == [("CELL", f"waiver W-1 expired at {hour(50)}")]


def test_an_operation_done_again_on_the_same_parts_is_rework() -> None:
    tell = life()
    sprayed = [material("GLUE", "consumed", 4.0, "ul"), material("PELLET", "processed")]
    worked(tell, "spray", "CELL", 9.2, sprayed, number=2)
    [again] = history(tell)["rework"]
    assert (again["operation"], again["attempt"], again["job_order_id"]) == (
        "spray",
        2,
        "CELL-spray-2",
    )


def test_an_unknown_lot_and_a_lot_made_of_nothing_are_missing_and_no_grade_too() -> None:
    tell = Teller()
    registered(tell, "CELL", 0, "produced")
    document = history(tell)
    missing = open_texts(document, "missing")
    assert ("RAW-A", "nothing says what this lot is") in missing
    assert ("CELL", "nothing says what it was made of") in missing
    assert ("CELL", "it has no grade") in missing
    assert ("CELL", "no step of it is known") in missing


def test_signed_history_fails_with_any_changed_byte_and_another_key(tmp_path: Path) -> None:
    text = signed_text(FORMAT, history(life()), SIGNER).encode()
    assert verified_document(text, SIGNER.key_id)["document"]["lot_id"] == "CELL"
    for at in range(0, len(text), 997):
        changed = text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :]
        with pytest.raises(InvalidInputError):
            verified_document(changed)
    with pytest.raises(InvalidInputError, match="not another"):
        verified_document(text, "another")
    file = tmp_path / "history.json"
    file.write_bytes(text)
    shown = CliRunner().invoke(halite, ["verify", str(file), "--lot", "CELL"])
    assert (shown.exit_code, "CELL, genuine" in shown.output) == (0, True)
    assert CliRunner().invoke(halite, ["verify", str(file), "--lot", "X"]).exit_code == 1
    file.write_bytes(text.replace(b'"grade":"A"', b'"grade":"B"', 1))
    assert CliRunner().invoke(halite, ["verify", str(file)]).exit_code == 1


def checked(pdf: bytes, signer: PdfSigner) -> PdfSignatureStatus:
    root = Certificate.load(signer.certificate.public_bytes(Encoding.DER))
    [signature] = PdfFileReader(BytesIO(pdf)).embedded_signatures
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    return validate_pdf_signature(signature, context)


def test_signed_pdf_holds_the_history_in_any_script_and_breaks_with_one_byte(
    tmp_path: Path,
) -> None:
    tell = life()
    tell("lot_held", 14, lot_id="CELL", gate="leak", reason="张伟：漏率 ≥ 1e-7 Ω")
    document = history(tell)
    signer = pdf_signer_at(tmp_path / "documents.pem", "pilot")
    pdf = pdf_signer_at(tmp_path / "documents.pem", "pilot").signed(
        history_pdf(document), "device history of CELL", "pilot"
    )
    status = checked(pdf, signer)
    assert status.bottom_line
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    text = text.replace("\n", "")
    for expected in ("张伟：漏率 ≥ 1e-7 Ω", *LOTS, "4500001234", "r-mill", "1.3.0", "film_um"):
        assert expected in text
    changed = bytearray(pdf)
    changed[pdf.index(b"stream") + 20] ^= 1
    assert not checked(bytes(changed), signer).bottom_line
    other = pdf_signer_at(tmp_path / "other.pem", "pilot")
    assert not checked(pdf, other).bottom_line


def test_a_key_that_does_not_fit_its_certificate_is_refused(tmp_path: Path) -> None:
    path, other = tmp_path / "documents.pem", tmp_path / "other.pem"
    pdf_signer_at(path, "pilot")
    pdf_signer_at(other, "pilot")
    assert path.stat().st_mode & 0o077 == 0
    key, mark, _ = path.read_text().partition("-----BEGIN CERTIFICATE")
    path.write_text(key + mark + other.read_text().partition(mark)[2])
    with pytest.raises(PersonNeededError, match="put the plant's file back"):
        pdf_signer_at(path, "pilot")
    path.write_text("nothing")
    with pytest.raises(PersonNeededError):
        pdf_signer_at(path, "pilot")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain µm °C", "plain µm °C"),
        ("a<b & c", "a&lt;b &amp; c"),
        ("电芯 A", '<font name="F">电芯</font> A'),
        ("\x00𠮷", " [U+20BB7]"),
    ],
)
def test_markup_escapes_and_gives_each_script_its_font(text: str, expected: str) -> None:
    assert marked(text, "F") == expected


def test_a_font_that_is_none_is_told() -> None:
    with pytest.raises(PersonNeededError, match="TrueType"):
        history_pdf(history(life()), Path("/nowhere.ttf"))
