"""How much of the web app a browser loads before it shows the first screen, against a budget."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import OutOfLimitsError, PersonNeededError

START_LIMIT_KB = 260.0
PART_LIMIT_KB = 230.0
# What is drawn first: the app, one language, the screen at the address `/`.
FIRST_SCREEN = "src/screens/overview/OverviewScreen.tsx"
LANGUAGE = "src/i18n/en/index.ts"
_FONT_ENDINGS = (".woff", ".woff2")


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Compressed sizes in kB: to the first screen, and what each screen or chart adds to it."""

    start_kb: float
    parts_kb: Mapping[str, float]


def measure(dist: Path) -> Budget:
    """Return the sizes of a build, of the gzip beside each file (brotli is smaller).

    Raises:
        PersonNeededError: the build has no manifest, or not what is drawn first.
    """
    manifest = _manifest(dist / ".vite" / "manifest.json")
    for name in ("index.html", FIRST_SCREEN, LANGUAGE):
        if name not in manifest:
            raise PersonNeededError(f"The web app's manifest has no {name}; was it renamed?")
    start = frozenset().union(
        *(_files(manifest, name) for name in ("index.html", FIRST_SCREEN, LANGUAGE))
    )
    parts = {
        name: _kb(dist, _files(manifest, name) - start)
        for name, chunk in manifest.items()
        if chunk.get("isDynamicEntry") and name.startswith("src/")
    }
    return Budget(start_kb=_kb(dist, start | {"index.html"}), parts_kb=parts)


def check(budget: Budget) -> str:
    """Return one line on the sizes.

    Raises:
        OutOfLimitsError: more is loaded than the budget allows.
    """
    if budget.start_kb > START_LIMIT_KB:
        raise OutOfLimitsError(
            f"The web app loads {budget.start_kb:.0f} kB to start, {START_LIMIT_KB:.0f} kB are "
            "allowed; load what the first screen does not need with the screen that needs it"
        )
    name, largest_kb = max(budget.parts_kb.items(), key=lambda item: item[1])
    if largest_kb > PART_LIMIT_KB:
        raise OutOfLimitsError(
            f"{name} loads {largest_kb:.0f} kB more, {PART_LIMIT_KB:.0f} kB are allowed"
        )
    return (
        f"web app: {budget.start_kb:.0f} kB to start (limit {START_LIMIT_KB:.0f}), "
        f"largest part +{largest_kb:.0f} kB ({Path(name).stem}, limit {PART_LIMIT_KB:.0f})"
    )


def _manifest(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found: dict[str, dict[str, Any]] = json.loads(path.read_text())
    except OSError as error:
        raise PersonNeededError(f"{path} is missing: run make web.") from error
    return found


def _files(manifest: Mapping[str, dict[str, Any]], name: str) -> frozenset[str]:
    """Return the scripts and styles that a chunk needs at once, without fonts and pictures."""
    waiting, seen, files = [name], set[str](), set[str]()
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        chunk = manifest[key]
        files |= {chunk["file"], *chunk.get("css", ())}
        waiting += chunk.get("imports", ())
    return frozenset(item for item in files if not item.endswith(_FONT_ENDINGS))


def _kb(dist: Path, files: frozenset[str]) -> float:
    return sum((dist / f"{name}.gz").stat().st_size for name in files) / 1000
