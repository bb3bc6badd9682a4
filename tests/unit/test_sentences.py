"""What services say on screens has an entry in each language, and each entry is still said."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from deploy.node import find_node
from deploy.sentences import (
    CATALOGUES,
    LANGUAGES,
    NEVER_SHOWN,
    ROOT,
    TOLD,
    catalogue,
    joined_in_sql,
    shape_of,
    templates_in,
    told,
    words_in,
)
from services.quality.views import EVALUATED

WEB = ROOT / "services/gateway/web"
PLACE = re.compile(r"\{\w+\}")
SAY = """
import { readFileSync } from 'node:fs';
import { runnerImport } from 'vite';
const { language, sentences } = JSON.parse(readFileSync(0, 'utf8'));
const catalogue = JSON.parse(readFileSync(`src/sentences/${language}.json`, 'utf8'));
const { module } = await runnerImport('/src/sentences/interpreter.ts', { configFile: false });
const { wordsOf } = (await runnerImport('/src/sentences/words.ts', { configFile: false })).module;
const words = wordsOf({
  'characteristic.thickness': 'Dicke', 'disposition.blocked': 'blocked',
  'gate_name.thickness': 'Dicke', 'job_state.running': 'Läuft', 'job_state.ended': 'Beendet',
  'operation.debind': 'Entbindern', 'station.pause': 'pause',
});
const interpreter = new module.Interpreter(catalogue, words);
console.log(JSON.stringify(sentences.map((sentence) => interpreter.say(sentence))));
"""


def interpreted(language: str, *sentences: str) -> list[str | None]:
    """Return what the web app says for some sentences; the words know a gate and a state."""
    asked = json.dumps({"language": language, "sentences": sentences})
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", SAY],
        cwd=WEB,
        input=asked,
        env=find_node().environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: list[str | None] = json.loads(done.stdout.splitlines()[-1])
    return said


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_sentence_of_a_told_module_has_an_entry(language: str) -> None:
    known = {shape_of(template) for template in catalogue(language)}
    missing = [where for shape, where in told().items() if shape not in known]
    assert not missing, f"write them into {CATALOGUES / language}.json:\n" + "\n".join(missing)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_entry_is_still_said_by_a_told_module_and_once_only(language: str) -> None:
    words = {word for name in TOLD for word in words_in(ROOT / name)}
    shapes = [shape_of(template) for template in catalogue(language)]
    said = told().keys() | words | {"{}, {} ({})"}  # values alone: a measured one and its limits
    assert [shape for shape in shapes if shape not in said] == []
    assert len(set(shapes)) == len(shapes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_entry_keeps_every_value_once(language: str) -> None:
    for template, said in catalogue(language).items():
        places = PLACE.findall(template)
        assert len(set(places)) == len(places), template
        assert sorted(PLACE.findall(said)) == sorted(places), template
        assert said.strip() != "", template


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_entry_stands_before_another_one(language: str) -> None:
    entries = catalogue(language)
    written = [filled(template) for template in entries]
    wanted = [filled(said).replace("running", "Läuft") for said in entries.values()]
    said = interpreted(language, *written)
    assert [pair for pair in zip(wanted, said, strict=True) if pair[0] != pair[1]] == []


def filled(template: str) -> str:
    """Return a template with a value in each place, the same for the same name."""
    known = {
        "command": "pause", "disposition": "blocked", "job_state": "running", "number": "7",
    }  # fmt: skip
    return PLACE.sub(lambda place: known.get(place[0].strip("{}"), f"<{place[0][1:-1]}>"), template)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_evaluated_is_named_in_words(language: str) -> None:
    sentences = [f"{what} is being evaluated" for what in EVALUATED.values()]
    wanted = {
        "de": ["Spektrum wird ausgewertet", "Zyklenlauf wird ausgewertet"],
        "zh": ["正在评估阻抗谱", "正在评估充放电循环"],
    }
    assert interpreted(language, *sentences) == wanted[language]


def test_what_is_never_shown_still_stands_in_a_told_module() -> None:
    shapes = {shape_of(template) for name in TOLD for template in templates_in(ROOT / name)}
    assert sorted(NEVER_SHOWN - shapes) == []


def test_the_collector_finds_sentences_wherever_they_stand(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        '"""A module that says something."""\n'
        "def f(lot, log, query):\n"
        '    """Say it."""\n'
        '    log.warning("a log line", lot=lot)\n'
        '    query("SELECT lot FROM lots")\n'
        '    late = f"{lot.lot_id} came after {lot.at:%H:%M}"\n'
        '    return late if lot else {"x": (f"{late}" "; nobody knows",)}\n',
        encoding="utf-8",
    )
    assert list(templates_in(module)) == ["{lot_id} came after {at}", "{late}; nobody knows"]


def test_sql_says_what_it_formats_and_joins_no_words(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        "HELD = \"SELECT format('lot %s held by %s', l.lot_id, gate) FROM hold\"\n"
        "WAITS = \"SELECT 'waits for ' || operation FROM job_order\"\n",
        encoding="utf-8",
    )
    assert list(templates_in(module)) == ["lot {lot_id} held by {gate}"]
    assert joined_in_sql(module) == ["waits for "]


def test_no_statement_joins_words_of_its_own_to_a_sentence() -> None:
    modules = [*ROOT.glob("services/*/*.py"), *ROOT.glob("shared/*.py")]
    joined = {path.relative_to(ROOT).as_posix(): joined_in_sql(path) for path in modules}
    names_of_figures = {"services/quality/gradedcells.py": ["part "]}
    assert {name: words for name, words in joined.items() if words} == names_of_figures


def test_reasons_are_said_whole_in_parts_and_within_each_other() -> None:
    held = (
        "lot PEL-1 held by thickness: thickness_um of PEL-1 was not measured "
        "(specification version 2)"
    )
    said = interpreted(
        "de",
        held,
        f"{held}; lot PEL-2 held by own_gate: no reason given",
        "JO-1: not started",
        "job order JO-7 is ended; it can pause no more",
        "job order JO-7 is running and not held",
        "job order JO-7 is jammed and not held",
        "the press was oiled by Ada",
        "lot A B held by thickness: no reason given",
        "mass_g of P-1 is 88 g, at most 90 g (specification version 2)",
        "mass_g of P-1 is not known yet",
    )
    german = (
        "Los PEL-1 gesperrt durch Dicke: Dicke von PEL-1 wurde nicht gemessen "
        "(Prüfvorschrift Version 2)"
    )
    assert said == [
        german,
        f"{german}; Los PEL-2 gesperrt durch own_gate: kein Grund genannt",
        "JO-1: nicht begonnen",
        "Auftrag JO-7 ist: Beendet; „pause“ ist nicht mehr möglich",
        "Auftrag JO-7 ist nicht gesperrt, sondern: Läuft",
        None,
        None,
        "lot A B held by thickness: kein Grund genannt",
        "mass_g von P-1 ist 88 g, höchstens 90 g (Prüfvorschrift Version 2)",
        None,
    ]


def test_a_measured_name_reads_as_screens_name_it_where_it_carries_its_unit() -> None:
    said = interpreted(
        "de",
        "no specification of thickness_um",
        "no specification of gap_um",
        "thickness of P-1 is 3",
    )
    assert said == [
        "keine Prüfvorschrift für Dicke",
        "keine Prüfvorschrift für gap_um",
        "thickness von P-1 ist 3",
    ]


def test_what_a_command_lacks_and_what_input_was_refused_for_is_said_with_its_values() -> None:
    said = interpreted(
        "de",
        "nonconformance NC-1 cannot be closed; it needs: a disposition of P-1, P-2 (2 lots); "
        "a cause; an effective action, as its severity is major",
        "nonconformance NC-1 is open; it cannot become closed",
        "body: low of gap is 9 mm; it must not be above high 8 mm (given: {'low': 9})",
        "no press holds 9 lots from P-1 to P-9: press-1: 9 parts are more than its 4; "
        "split the job order",
        "rule limit: cabinet would hold 512 g of sodium, limit 500 g; move some out first, or "
        "use another place",
    )
    assert said == [
        "Abweichung NC-1 kann nicht geschlossen werden; es fehlt: eine Entscheidung über P-1, P-2 "
        "(2 Lose); eine Ursache; eine wirksame Maßnahme, da die Schwere erheblich ist",
        "Abweichung NC-1 ist offen; sie kann nicht geschlossen werden",
        "body: untere Grenze von gap ist 9 mm; sie darf nicht über der oberen 8 mm liegen "
        "(angegeben: {'low': 9})",
        "keine Station (press) fasst 9 Lose von P-1 bis P-9: press-1: 9 Teile sind mehr als seine "
        "4; den Auftrag teilen",
        "Regel Grenze: an cabinet lägen 512 g Natrium, Grenze 500 g; erst etwas wegbringen oder "
        "einen anderen Ort nehmen",
    ]


def test_what_a_cell_is_held_by_or_waits_for_is_said_with_the_words_of_screens() -> None:
    said = interpreted(
        "de",
        "held by thickness: JO-1: not started",
        "waits for debind of WR1-PEL",
        "waits for debind of WR1-PEL: JO-1: not started",
    )
    assert said == [
        "gesperrt durch Dicke: JO-1: nicht begonnen",
        "wartet auf Entbindern von WR1-PEL",
        "wartet auf Entbindern von WR1-PEL: JO-1: nicht begonnen",
    ]


def test_chinese_may_turn_the_order_of_values_round() -> None:
    said = interpreted("zh", "density of P-1 is 4.1 g/cm³ and its guard band of 0.1 g/cm³")
    assert said == ["P-1 的density为 4.1 g/cm³ 及保护带 0.1 g/cm³"]
