"""One term for one thing: texts and sentences of a language name it as the glossary's word asks.

Work requests and job orders are named as IEC 62264 (DIN EN 62264, GB/T 20720) does.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sentences import LANGUAGES, catalogue

TEXTS = Path(__file__).resolve().parents[2] / "services/gateway/web/src/i18n"
TEXT = re.compile(r"^  '([^']+)':\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")", re.M)
# An English term, as a pattern, and what must stand for it in German and in Chinese.
TERMS = {
    r"\bwork requests?\b": {"de": "arbeitsanforderung", "zh": "工作请求"},
    r"\bjob orders?\b": {"de": "auftr", "zh": "工单"},
    r"\b(?:furnace )?loads?\b": {"de": "ladung", "zh": "炉次"},
    r"\bgates?\b": {"de": "prüfpunkt", "zh": "关卡"},
    r"\bwitness(?:es)?\b": {"de": "zeugenzelle", "zh": "陪片"},
    r"\bnonconformances?\b": {"de": "abweichung", "zh": "不合格"},
    r"\bheld by\b": {"de": "sperr", "zh": "扣留"},
    r"\brecipes?\b": {"de": "rezept", "zh": "配方"},
    r"\bchannels?\b": {"de": "kan", "zh": "通道"},
    r"\bpellets?\b": {"de": "pellet", "zh": "片"},
}
# What a term must not be called besides; no compound has them in it.
DOUBLES = {"de": ["Ofencharge", "Prüfstelle", "Prüfschritt"], "zh": ["装炉", "检验关卡", "见证"]}
# The word is used as a verb, or the sentence goes without it.
APART = {
    "error.reload",
    "gates.raised_note",
    "the channel loads another schedule",
    "{}; it is kept as {} and gates nothing",
}


def texts(language: str) -> dict[str, str]:
    """Return the texts of a language by key."""
    files = sorted((TEXTS / language).glob("*.ts"))
    found = (match for each in files for match in TEXT.findall(each.read_text(encoding="utf-8")))
    return {key: one or other for key, one, other in found}


def said(language: str) -> Iterator[tuple[str, str, str]]:
    """Yield each text and sentence: its name, the English words and those of a language."""
    english, other = texts("en"), texts(language)
    for key, words in english.items():
        yield key, re.sub(r"\{\w+\}", "", words), other[key]
    for template, words in catalogue(language).items():
        yield re.sub(r"\{\w+\}", "{}", template), re.sub(r"\{\w+\}", "", template), words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("term", TERMS)
def test_a_thing_has_one_name(term: str, language: str) -> None:
    named = [
        (name, words)
        for name, english, words in said(language)
        if re.search(term, english, re.I) and name not in APART
    ]
    assert named
    assert [one for one in named if TERMS[term][language] not in one[1].lower()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_thing_has_a_second_name(language: str) -> None:
    doubled = [
        (name, double)
        for name, _, words in said(language)
        for double in DOUBLES[language]
        if double in words
    ]
    assert doubled == []
