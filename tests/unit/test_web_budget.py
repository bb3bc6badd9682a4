"""The size of the web app is held against its budget."""

import json
from pathlib import Path

import pytest

from deploy.webbudget import FIRST_SCREEN, LANGUAGE, Budget, check, measure
from shared.errors import OutOfLimitsError, PersonNeededError

LOSSES = "src/screens/losses/LossesScreen.tsx"
MANIFEST = {
    "index.html": {"file": "a.js", "css": ["a.css"], "imports": ["_shared.js"]},
    "_shared.js": {"file": "s.js", "imports": ["index.html"]},
    FIRST_SCREEN: {"file": "o.js", "imports": ["_shared.js"], "isDynamicEntry": True},
    LANGUAGE: {"file": "en.js", "isDynamicEntry": True},
    LOSSES: {"file": "l.js", "imports": ["_shared.js", "_chart.js"], "isDynamicEntry": True},
    "_chart.js": {"file": "c.js"},
}
SIZES = {"a.js": 5, "a.css": 1, "s.js": 2, "o.js": 3, "en.js": 4, "l.js": 1, "c.js": 7}


def build(dist: Path) -> Path:
    (dist / ".vite").mkdir()
    (dist / ".vite/manifest.json").write_text(json.dumps(MANIFEST))
    for name, size in {**SIZES, "index.html": 1}.items():
        (dist / f"{name}.gz").write_bytes(b"x" * size * 1000)
    return dist


def test_what_the_first_screen_needs_counts_once_and_a_part_what_it_adds(tmp_path: Path) -> None:
    found = measure(build(tmp_path))
    assert found.start_kb == 16.0
    assert found.parts_kb == {FIRST_SCREEN: 0.0, LANGUAGE: 0.0, LOSSES: 8.0}
    assert check(found) == (
        "web app: 16 kB to start (limit 260), largest part +8 kB (LossesScreen, limit 230)"
    )


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (Budget(start_kb=260.4, parts_kb={"s": 1.0}), "260 kB to start, 260 kB are allowed"),
        (Budget(start_kb=1.0, parts_kb={"s": 261.0, "t": 2.0}), "s loads 261 kB more"),
    ],
)
def test_more_than_the_budget_is_refused_with_its_size(budget: Budget, message: str) -> None:
    with pytest.raises(OutOfLimitsError, match=message):
        check(budget)


def test_a_build_without_what_is_drawn_first_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PersonNeededError, match="run make web"):
        measure(tmp_path)
    (tmp_path / ".vite").mkdir()
    (tmp_path / ".vite/manifest.json").write_text('{"index.html": {"file": "a.js"}}')
    with pytest.raises(PersonNeededError, match="OverviewScreen"):
        measure(tmp_path)
