"""The web app has a word in each language for what the services name in its lists."""

import re

import pytest
import yaml

from services.trace.audit import ACTS
from tests.plant import ROOT

LANGUAGES = ROOT / "services/gateway/web/src/i18n"


def words_of(language: str) -> set[str]:
    texts = (file.read_text() for file in (LANGUAGES / language).glob("*.ts"))
    return {
        key for text in texts for key in re.findall(r"^  '([a-z_]+\.[A-Za-z0-9_]+)':", text, re.M)
    }


def gates() -> set[str]:
    data = yaml.safe_load((ROOT / "examples/master-data.yaml").read_text())
    return {item["gate"] for item in data["quality"]["test_specifications"]}


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_acts_and_gates_have_a_word(language: str) -> None:
    known = words_of(language)
    acts = {f"act.{act}" for act in ACTS if act != "operator_acted"}  # it says itself which act
    assert acts <= known, sorted(acts - known)
    named = {f"gate_name.{gate}" for gate in gates()}
    assert named <= known, sorted(named - known)
