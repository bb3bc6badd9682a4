"""What Halite is made of and what is known against it: `python -m deploy.supply sbom` and `audit`.

`sbom` writes CycloneDX documents of all Python and web packages with version and hash. `audit`
asks for known vulnerabilities; exit code 0 only when each package was looked up and none is known,
1 when one is, 2 when some could not be looked up.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.node import find_node
from deploy.processes import PROJECT_DIR
from deploy.web import FOLDER as WEB_FOLDER
from shared.errors import PersonNeededError

UV = PROJECT_DIR / ".cache" / "uv" / "bin" / "uv"
LOCK = PROJECT_DIR / "requirements.lock"
CYCLONEDX = "cyclonedx-bom==7.5.0"
PIP_AUDIT = "pip-audit==2.10.1"
WITHIN_S = 300.0
FOUND, NOT_AUDITED = 1, 2


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What was learned of one kind of packages. known: a line for each vulnerability."""

    kind: str
    audited_count: int
    unaudited: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 when all were looked up and nothing is known against them."""
        if self.known:
            return FOUND
        return NOT_AUDITED if self.unaudited or not self.audited_count else 0


def python_audit(report: dict[str, Any]) -> Audit:
    """Judge the JSON of pip-audit, which takes a package it could not look up for a good one."""
    packages = report.get("dependencies", [])
    skipped = tuple(item["name"] for item in packages if "skip_reason" in item)
    known = tuple(
        f"{item['name']} {item['version']}: {found['id']}"
        for item in packages
        for found in item.get("vulns", [])
    )
    return Audit(
        kind="Python",
        audited_count=len(packages) - len(skipped),
        unaudited=skipped,
        known=known,
    )


def web_audit(report: dict[str, Any]) -> Audit:
    """Judge the JSON of npm audit; a report without counts says that nothing was looked up."""
    if "metadata" not in report:
        reason = str(report.get("message") or "no answer")
        return Audit(kind="web", audited_count=0, unaudited=(reason,), known=())
    known = tuple(
        f"{name} {item.get('range', '')}: {item['severity']}"
        for name, item in sorted(report.get("vulnerabilities", {}).items())
    )
    total = report["metadata"]["dependencies"]["total"]
    return Audit(kind="web", audited_count=total, unaudited=(), known=known)


def audits() -> list[Audit]:
    """Look up all packages.

    Raises:
        PersonNeededError: a tool cannot be fetched or says nothing that can be read.
    """
    words = ("--requirement", str(LOCK), "--disable-pip", "--require-hashes", "--format", "json")
    python = _printed((str(UV), "tool", "run", PIP_AUDIT, *words), "Python packages")
    node = find_node()
    web = _printed(
        (node.npm, "audit", "--package-lock-only", "--json"),
        "Web packages",
        folder=WEB_FOLDER,
        environment=node.environment(),
    )
    return [python_audit(_json(python, PIP_AUDIT)), web_audit(_json(web, "npm audit"))]


def write_sboms(to: Path) -> list[Path]:
    """Write one document for the Python and one for the web packages.

    Raises:
        PersonNeededError: a tool cannot be fetched, or gives no document.
    """
    words = ("cyclonedx-py", "requirements", str(LOCK), "--of", "JSON", "--sv", "1.6")
    python = (str(UV), "tool", "run", "--from", CYCLONEDX, *words, "--output-reproducible")
    node = find_node()
    web = (node.npm, "sbom", "--package-lock-only", "--sbom-format", "cyclonedx")
    to.mkdir(parents=True, exist_ok=True)
    documents = {
        "halite-python.cdx.json": _printed(python, "The Python packages"),
        "halite-web.cdx.json": _printed(
            web, "The web packages", folder=WEB_FOLDER, environment=node.environment()
        ),
    }
    for name, text in documents.items():
        if not _json(text, name).get("components"):
            raise PersonNeededError(f"{name} would list no package; the tool printed: {text[:200]}")
        (to / name).write_text(text)
    return [to / name for name in documents]


def _printed(
    words: tuple[str, ...],
    what: str,
    folder: Path = PROJECT_DIR,
    environment: dict[str, str] | None = None,
) -> str:
    """Run a tool whose exit code says what it found, not whether it ran."""
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PersonNeededError(f"{what} could not be listed: {error}") from error
    if not done.stdout.strip():
        raise PersonNeededError(f"{what} could not be listed: {done.stderr.strip()[-400:]}")
    return done.stdout


def _json(text: str, source: str) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError as error:
        raise PersonNeededError(f"{source} printed no JSON: {text.strip()[:200]}") from error
    return report


def tell(found: list[Audit]) -> int:
    """Print what was learned; return the exit code."""
    for audit in found:
        print(
            f"{audit.kind}: {audit.audited_count} looked up, {len(audit.unaudited)} not, "
            f"{len(audit.known)} known vulnerabilities"
        )
        for line in audit.known:
            print(f"  {line}")
        if audit.unaudited:
            print(f"  not looked up: {', '.join(audit.unaudited[:5])} ...")
    codes = [audit.exit_code for audit in found]
    return FOUND if FOUND in codes else max(codes)


def main(words: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.supply", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    parts.add_parser("audit")
    parts.add_parser("sbom").add_argument("--to", type=Path, required=True)
    asked = parser.parse_args(words)
    try:
        if asked.part == "audit":
            return tell(audits())
        for path in write_sboms(asked.to):
            print(path)
    except PersonNeededError as error:
        print(error, file=sys.stderr)
        return NOT_AUDITED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
