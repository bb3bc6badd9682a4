"""The sentences that services write for people, collected from their code.

A screen says such a sentence in the reader's language when the catalogue of the web app knows its
template. What a module in `TOLD` writes must all be there; what the other modules write is shown as
recorded, in English.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from deploy.inputrefusals import templates as refusals_of_input

ROOT = Path(__file__).parent.parent
CATALOGUES = ROOT / "services/gateway/web/src/sentences"
LANGUAGES = ("de", "zh")

TOLD = (
    *(f"shared/{name}.py" for name in (
        "air", "answers", "commands", "connections", "door", "inbox", "intake", "jobcontrol",
        "joborders", "masterdata", "nesting", "opcua", "opcua_call", "opcua_data", "opcua_link",
        "operators", "permissions", "pulse", "reader", "recipes", "stationcontrol", "stationfacts",
        "stationoffer", "stations", "stationwork", "trainings",
    )),
    *(f"services/execution/{name}.py" for name in (
        "closing", "domain", "ending", "extraorders", "finish", "holds", "limits", "release",
        "requests", "routing", "schedule_file", "sodium", "sodiumdesk", "sodiumstore", "stock",
        "store", "views", "withdrawal", "workflow", "workmasters",
    )),
    *(f"services/quality/{name}.py" for name in (
        "arrhenius", "attributesplan", "capability", "ccd", "chartfactors", "chartmaster",
        "chartviews", "chartwatch", "circuit", "comparison", "consequences", "controlchart",
        "correctiveactions", "countdown", "cyclefigures", "domain", "earlyfailure",
        "evidence", "exposure", "exposureroutes", "figures", "fitter", "fitting", "fixture", "gas",
        "gates", "gateviews",
        "gaugerecords", "gaugestudy", "gradedcells", "grammar", "halfsteps", "impedance", "judge",
        "modelfit", "nonconformance", "nonconformancestore", "nonconformanceviews", "opened",
        "reevaluation", "releasedesk", "releases", "reviewboard", "rework", "roomlots", "runrules",
        "sampler", "samples", "samplingroutes", "siblings", "signatures", "signing", "specsigning",
        "spectra", "spectrumdoubts", "staircase", "survival", "upload", "variablesplan", "views",
        "waivers", "waiverwork", "whereabouts", "witnesses", "workflow",
    )),
    *(f"services/gateway/{name}.py" for name in (
        "alarmdesk", "alarmstates", "alarmtable", "api", "cellpage", "domain", "grants", "guard",
        "handover", "handoverdesk", "handoverroutes", "identity", "keys", "maintenance",
        "masterdata", "oeedesk", "oidc", "oidcpersons", "ownmasterdata", "peers", "persons",
        "quota", "rights", "roles", "samesite", "sessionroutes", "setaside", "signing", "throttle",
    )),
    *(f"services/spray/{name}.py" for name in (
        "cure", "curestore", "domain", "faces", "facetraces", "guard", "interlock", "jobstore",
        "mix", "mixing", "mixstore", "respray", "setup", "sprayband", "tracejudge", "tracelimits",
        "tracestore",
    )),
    *(f"services/lamination/{name}.py" for name in (
        "design", "domain", "fixture", "partmeasures", "presstrace", "reseal", "scandesk",
        "scanning", "scanstore", "stackplan", "workflow",
    )),
    *(f"services/formation/{name}.py" for name in (
        "answers", "api", "arbin", "bts_line", "channels", "channelstore", "cti", "curves",
        "cycles", "domain", "eclab", "evidence", "fileroutes", "filestore", "grades", "gradestore",
        "lotstatistics", "neware", "numerals", "outcome", "packs", "plan", "plans", "proof",
        "protocol", "racks", "rackstore", "ran", "readers", "safety", "sending", "stepfile",
        "store", "tables", "testfiles", "testing", "testrecord", "watching", "whatran", "workflow",
    )),
    *(f"services/sintering/{name}.py" for name in (
        "calendar", "domain", "gas", "load", "marks", "pins", "planbasis", "planner", "planning",
        "planrecord", "planstore", "powder", "profile", "qualification", "replan", "runs",
        "schedule", "store", "workflow",
    )),
    "services/plc/domain.py",
    "services/plc/hearing.py",
    "services/plc/server.py",
    *(f"services/historian/{name}.py" for name in ("api", "retention", "testdata", "workflow")),
    *(f"services/trace/{name}.py" for name in ("analysis", "documents", "recalls", "workflow")),
)  # fmt: skip
"""The modules whose sentences screens say in each language."""

NEVER_SHOWN = frozenset({
    # names of tasks, trainings and log lines
    "connect {}", "drive {}", "telemetry {}", "training {} {}", "station order {}",
    "station order started", "cure {}", "stack started",
    # titles of pictures
    "{}, letter {}, {}: {} of {}", "{} measured, accepted with up to {} nonconforming",
    # descriptions of an API
    "The record is in another state or version than the caller assumed.",
    "What is there now: the state, version or first answer; missing where there is no such thing.",
    "Why a request was not done: the kind of failure, and a sentence with values and limits.",
    # names of programs and threads, and what goes with a request
    "inquire {}", "inquiredf {}", "download {}", "downloadStepLayer {}", "downloadlog {}",
    "read {}", "call {}", "{} {} part {} face {}", "device history of {}", "the caller went away",
    "air {}", "fastnda {}", "halite 1", "Bearer {}", "attachment; filename*=UTF-8''{}",
    # pieces of a sentence that are too short to be known again by themselves
    " of {}", " at {}", " until {}", " from {}", " version {}", "by {}", "{} until {}",
    # what a tester speaks, and states of its channels
    "idle from mcu", "go stop", "step transfer", "external charge", "internal resistance",
    "ac impedance", "aci cell", "test settings", "volt meter", "waiting for acs", "go next step",
    "go pause", "online update", "daq memory unsafe",
    # for who installs the plant, not for who works in it
    "The secret {} cannot be read: {}",
    # what stands in files of instruments
    "EC-Lab ASCII FILE", "BT-Lab ASCII FILE", "Nb header lines\\s*:\\s*(\\d+)", "Nb header lines",
    "End Comments", "cycle number", "half cycle", "Test Time / s", "Voltage / V", "Current / A",
    "Step Count / 1", "Step Index / 1", "Cycle Count / 1", "Charging Capacity / Ah",
    "Discharging Capacity / Ah", "Ambient Temperature / degC",
    # patterns and types of the code
    "Step File", "step (\\d+)", "_Node | None", "Spectrum | None",
    # what pydantic writes before our words, which is taken away
    "Value error, ",
    # SQL
    "CAST({} AS text) {} :{}", "{} LIMIT :row_limit", "SET LOCAL statement_timeout = '{}s'",
    "-c tcp_keepalives_idle={} -c tcp_keepalives_interval={} -c tcp_keepalives_count={}"
    " -c tcp_user_timeout={}",
    "{} -c statement_timeout={} -c idle_in_transaction_session_timeout={}",
    "(CASE WHEN state = 'open' AND limit_kind = 'max' THEN warn_at ELSE limit_at END)",
    "('cell', 'witness', 'life_cell')",
})  # fmt: skip
"""What stands in modules of `TOLD` and is no sentence on a screen."""

SPEAKS_SQL = re.compile(
    r"NOT \w+$|\w+ = ANY\(|\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|LOCK|COPY)\b"
    r"|.*(\b(coalesce|greatest)\(|->>| = :| IS NULL|ORDER BY| ILIKE )"
    r"|.*(\bSELECT \w+ FROM\b|\bFROM \w+ (WHERE|JOIN)\b|\b\w\.\w+ = ')",
    re.S,
)
MARKUP = re.compile(r"^\s*<|=\"")
FORMATTED_IN_SQL = re.compile(r"\bformat\(\s*'([^']*)',([^()]*)\)")
JOINED_IN_SQL = re.compile(
    r"'([^']*[a-z]{2}[^']*\s[^']*)'\s*\|\||\|\|\s*'([^']*\s[^']*[a-z]{2}[^']*)'"
)
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
UNSAID_KEYWORDS = {"description", "summary", "title", "name", "example", "tags"}


def template_of(node: ast.Constant | ast.JoinedStr) -> str:
    """Return the words of a string, each value in it as `{its last name}`."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "".join(
        template_of(part) if isinstance(part, ast.Constant) else f"{{{_name_of(part)}}}"
        for part in node.values
    )


def shape_of(template: str) -> str:
    """Return a template without the names of its values; values that touch each other are one."""
    return re.sub(r"(\{\w+\})+", "{}", template)


def templates_in(module: Path) -> dict[str, int]:
    """Return what a module may say, by template with the line where it does.

    Every string of two words or more counts, wherever it stands: a sentence is often built far
    from where it is raised. Of SQL only what it puts together with `format` does. Docstrings, log
    lines, markup and the descriptions of an API are no sentences for a screen.
    """
    found: dict[str, int] = {}
    for node in _strings(ast.parse(module.read_text(encoding="utf-8"))):
        whole = template_of(node)
        for template in _formatted_in(whole) if SPEAKS_SQL.match(whole) else (whole,):
            words = re.sub(r"\{\w+\}", " ", template)
            if (
                re.search(r"[a-z]{2}", words)
                and re.search(r"\S\s+\S", template.strip())
                and not MARKUP.search(template)
            ):
                found.setdefault(template, node.lineno)
    return found


def joined_in_sql(module: Path) -> list[str]:
    """Return the words that statements of a module join to values; nothing could say them."""
    whole = [template_of(node) for node in _strings(ast.parse(module.read_text(encoding="utf-8")))]
    joined = (JOINED_IN_SQL.findall(text) for text in whole if SPEAKS_SQL.match(text))
    return [one or other for found in joined for one, other in found]


def untold() -> list[str]:
    """Return the modules of services and `shared` whose sentences are shown as recorded."""
    modules = sorted([*ROOT.glob("services/**/*.py"), *ROOT.glob("shared/*.py")])
    paths = [path for path in modules if not {"migrations", "web"} & set(path.parts)]
    names = [path.relative_to(ROOT).as_posix() for path in paths if templates_in(path)]
    return [name for name in names if name not in TOLD]


def told() -> dict[str, str]:
    """Return each shape that a catalogue must have, with the module and line that says it.

    What is said of refused input, before any code of ours sees it, is among them.
    """
    found: dict[str, str] = {}
    for name in TOLD:
        for template, line in templates_in(ROOT / name).items():
            shape = shape_of(template)
            if shape not in NEVER_SHOWN:
                found.setdefault(shape, f"{name}:{line}: {template}")
    for template in refusals_of_input():
        found.setdefault(shape_of(template), f"refused input: {template}")
    return found


def catalogue(language: str) -> dict[str, str]:
    """Return what the web app says for each template in a language."""
    content: dict[str, str] = json.loads(
        (CATALOGUES / f"{language}.json").read_text(encoding="utf-8")
    )
    return content


def words_in(module: Path) -> set[str]:
    """Return the single words in the code of a module; some of them are put into its sentences."""
    strings = _strings(ast.parse(module.read_text(encoding="utf-8")))
    return {
        node.value
        for node in strings
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _formatted_in(statement: str) -> Iterator[str]:
    """Yield what a statement puts together with `format`, each value as in `template_of`."""
    for template, values in FORMATTED_IN_SQL.findall(statement):
        first, *pieces = template.split("%s")
        names = [re.findall(r"\w+", value)[-1] for value in values.split(",")]
        filled = (f"{{{name}}}{piece}" for name, piece in zip(names, pieces, strict=True))
        yield "".join([first, *filled])


def _strings(node: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Call) and _logs(node.func):
        return
    if isinstance(node, ast.keyword) and node.arg in UNSAID_KEYWORDS:
        return
    if isinstance(node, ast.JoinedStr):
        yield node
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from _strings(part.value)
        return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from _strings(child)


def _logs(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute) or called.attr not in LOG_METHODS:
        return False
    return "log" in ast.unparse(called.value).lower()


def _name_of(part: ast.expr) -> str:
    value = part.value if isinstance(part, ast.FormattedValue) else part
    names = re.findall(r"[A-Za-z_]\w*", ast.unparse(value))
    return names[-1].lower() if names else "value"
