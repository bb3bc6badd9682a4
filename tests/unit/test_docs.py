"""The documentation: links lead somewhere, and commands, addresses and files in it are there."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from deploy.cli import halite
from shared.settings import SERVICES
from tests.station.speaker import ROOT

PAGES = sorted(
    {
        ROOT / "README.md",
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("services/*/README.md"),
        *ROOT.glob("benchmarks/*.md"),
    }
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
IN_LINE = re.compile(r"`([^`\n]+)`")
REQUEST = re.compile(r"\b(GET|POST|PUT|DELETE) (/api/[^\s`,;?)]+)")
ROUTE = re.compile(r"\b(GET|POST|PUT|DELETE) (/(?!api/)[^\s`,;?)|\"']*)")
VARIABLE = re.compile(r"HALITE_[A-Z_]+")
FILE = re.compile(
    r"^(?:services|shared|deploy|simulators|tests|docs|examples|benchmarks)/[\w./-]+$"
)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
each_page = pytest.mark.parametrize(
    "page", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in PAGES]
)


def anchors(page: Path) -> set[str]:
    """Return what a link may name behind `#`: headings as code hosts write them."""
    words = [re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(page.read_text())]
    return {title.strip().replace(" ", "-") for title in words}


def code(page: Path) -> Iterator[str]:
    """Yield each line of a block of code, and each piece of code in a line."""
    text = page.read_text()
    for _, block in FENCE.findall(text):
        yield from block.replace("\\\n", " ").splitlines()
    yield from IN_LINE.findall(FENCE.sub("", text))


def unknown(words: list[str]) -> str | None:
    """Return what `halite` does not know of a command line, None when it knows all."""
    command: click.Command = halite
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-"):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return f"command {word}"
            command = found
        elif word.startswith("--"):
            known = {name for option in command.params for name in option.opts}
            if word.split("=")[0] not in {*known, "--help"}:
                return f"option {word} of {command.name}"
    return None


@each_page
def test_a_link_within_the_project_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@each_page
def test_a_command_of_halite_or_make_is_one(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in code(page):
        command = line.split(" #")[0].strip().removeprefix(".venv/bin/")
        if command.startswith("halite "):
            assert unknown(shlex.split(command)[1:]) is None, line
        elif command.startswith("make ") and "=" not in command.split()[1]:
            assert command.split()[1] in targets, line


@each_page
def test_a_module_that_is_to_be_run_is_there(page: Path) -> None:
    for module in re.findall(r"python -m ([\w.]*\w)(?![\w.])", page.read_text()):
        path = ROOT / module.replace(".", "/")
        if module.split(".")[0] in {"services", "deploy", "tests", "simulators", "benchmarks"}:
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


@each_page
def test_an_address_of_the_api_is_served(page: Path) -> None:
    for method, path in REQUEST.findall(page.read_text()):
        service, asked = path.split("/")[2], "/" + "/".join(path.split("/")[3:])
        known = _served("gateway", method, path)
        if service in SERVICES:
            known = known or _served(service, method, asked)
        assert known or service[0] in "<{", f"{method} {path}"


@each_page
def test_a_route_of_a_service_is_served(page: Path) -> None:
    for method, path in ROUTE.findall(page.read_text()):
        asked = path.rstrip(".")
        assert any(_served(name, method, asked) for name in SERVICES), f"{method} {path}"


@pytest.fixture(scope="module")
def variables() -> set[str]:
    """Every variable of the environment that code, compose file or settings know."""
    files = [
        ROOT / name for name in ("docker-compose.yml", "Makefile", "docs/reference/settings.md")
    ]
    for folder in ("services", "shared", "deploy", "simulators", "tests", "benchmarks"):
        files += (ROOT / folder).glob("*.py")
        files += (ROOT / folder).glob("*/*.py")
    return {name for file in files for name in VARIABLE.findall(file.read_text())}


@each_page
def test_a_variable_of_the_environment_is_known(page: Path, variables: set[str]) -> None:
    assert set(VARIABLE.findall(page.read_text())) <= variables


def _served(service: str, method: str, asked: str) -> bool:
    contract = json.loads((ROOT / f"docs/reference/contracts/openapi/{service}.json").read_text())
    return any(
        method.lower() in methods and _fits(template, asked)
        for template, methods in contract["paths"].items()
        if not template.startswith("/api/{service}")
    )


def _fits(template: str, asked: str) -> bool:
    parts, words = template.split("/"), asked.rstrip("…").split("/")
    return len(parts) == len(words) and all(
        part.startswith("{") or word[:1] in "{<" or part == word
        for part, word in zip(parts, words, strict=True)
    )


@each_page
def test_a_file_that_is_named_is_there(page: Path) -> None:
    for piece in IN_LINE.findall(FENCE.sub("", page.read_text())):
        if FILE.match(piece):
            assert (ROOT / piece).exists() or (page.parent / piece).exists(), piece


@each_page
def test_a_block_of_json_or_yaml_can_be_read(page: Path) -> None:
    for language, block in FENCE.findall(page.read_text()):
        if language == "json":
            json.loads(block)
        elif language == "yaml":
            list(yaml.safe_load_all(block))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as a site, built as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    words = (sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet")
    built = subprocess.run(
        (*words, "--site-dir", str(folder)),
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_the_site_has_each_page_and_fetches_nothing_from_elsewhere(site: Path) -> None:
    wanted = {page.relative_to(ROOT / "docs") for page in ROOT.glob("docs/**/*.md")}
    built = {page.relative_to(site) for page in site.rglob("*.html")}
    names = {Path("README.md"): "index.html"}
    missing = [
        page
        for page in wanted
        if page.with_name(names.get(Path(page.name), page.with_suffix(".html").name)) not in built
    ]
    assert missing == []
    fetched = re.compile(
        r"<(?:script|img|iframe)[^>]*src=.https?:|<link[^>]*stylesheet[^>]*https?:"
    )
    for page in built:
        assert not fetched.search((site / page).read_text()), page


def test_a_link_of_the_site_that_leaves_it_is_told_as_a_path(site: Path) -> None:
    shown = (site / "explanation/events.html").read_text()
    assert "<code>benchmarks/README.md</code>" in shown


def test_each_page_stands_in_the_navigation_and_each_how_to_in_the_readme() -> None:
    navigation = re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text())
    pages = {str(page.relative_to(ROOT / "docs")) for page in ROOT.glob("docs/**/*.md")}
    told = set(LINK.findall((ROOT / "README.md").read_text()))

    assert sorted(navigation) == sorted(pages)
    assert {f"docs/{page}" for page in pages if page.startswith("how-to/")} <= told


def test_each_picture_is_shown_somewhere() -> None:
    shown = {name for page in PAGES for name in re.findall(r"images/([\w.-]+)", page.read_text())}
    assert shown == {path.name for path in (ROOT / "docs/images").iterdir()}


def test_decisions_are_numbered_one_after_the_other() -> None:
    text = (ROOT / "docs/decisions/README.md").read_text()

    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]

    assert numbers == list(range(1, len(numbers) + 1))


def test_no_change_is_told_twice() -> None:
    lines = [
        line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("- ")
    ]

    assert len(lines) == len(set(lines))
