"""What is known against the packages: nothing is good that could not be looked up."""

import json
import re
from typing import Any

import pytest

from deploy.supply import FOUND, LOCK, NOT_AUDITED, Audit, python_audit, tell, web_audit
from deploy.web import FOLDER

LOOKED_UP = {"name": "numpy", "version": "2.4.0", "vulns": []}
SKIPPED = {"name": "scipy", "skip_reason": "Dependency not found and could not be audited"}
BAD = {"name": "pillow", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": []}]}


def test_each_package_is_locked_to_one_version_with_its_hash() -> None:
    entries = re.split(r"\n(?=\S)", LOCK.read_text().strip())
    web = json.loads((FOLDER / "package-lock.json").read_text())["packages"]

    assert len(entries) > 100
    for entry in entries:
        assert re.match(r"[\w.\[\]-]+==[\w.+!]+", entry), entry[:100]
        assert "--hash=sha256:" in entry, entry[:100]
    assert [name for name, item in web.items() if name and "integrity" not in item] == []


@pytest.mark.parametrize(
    ("packages", "code"),
    [
        ([LOOKED_UP], 0),
        ([LOOKED_UP, SKIPPED], NOT_AUDITED),
        ([SKIPPED], NOT_AUDITED),
        ([], NOT_AUDITED),
        ([BAD, SKIPPED], FOUND),
    ],
)
def test_python_packages_are_good_only_when_each_was_looked_up(
    packages: list[dict[str, Any]], code: int
) -> None:
    assert python_audit({"dependencies": packages}).exit_code == code


@pytest.mark.parametrize(
    ("report", "code"),
    [
        ({"vulnerabilities": {}, "metadata": {"dependencies": {"total": 30}}}, 0),
        ({"vulnerabilities": {}, "metadata": {"dependencies": {"total": 0}}}, NOT_AUDITED),
        ({"message": "405 Method Not Allowed", "error": {}}, NOT_AUDITED),
        ({}, NOT_AUDITED),
        (
            {
                "vulnerabilities": {"vite": {"severity": "high", "range": "<9"}},
                "metadata": {"dependencies": {"total": 30}},
            },
            FOUND,
        ),
    ],
)
def test_web_packages_are_good_only_when_the_register_answered(
    report: dict[str, Any], code: int
) -> None:
    assert web_audit(report).exit_code == code


def test_one_known_vulnerability_weighs_more_than_what_could_not_be_looked_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    unknown = Audit(kind="web", audited_count=0, unaudited=("405",), known=())

    code = tell([python_audit({"dependencies": [BAD]}), unknown])

    assert code == FOUND
    assert "pillow 1.0: PYSEC-1" in capsys.readouterr().out
