"""Control charts and run rules beside the package shewhart, on the same series.

`python -m benchmarks.spc_charts --peer FOLDER --series 20`

shewhart is installed into an environment in `--peer`, unless it is there; it is no dependency. It
joins overlapping patterns of rules 5 and 6 to one, so that points between two may not be agreed.
"""

import argparse
import json
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.quality.controlchart import ChartKind, Design, limits_of, points
from services.quality.runrules import LONGEST_SPAN, broken_by_last

PEER = Path(__file__).with_name("spc_peer.py")
KINDS: tuple[ChartKind, ...] = ("i_mr", "xbar_r", "xbar_s", "p", "np", "c", "u", "ewma", "cusum")
NELSON = tuple(f"nelson_{number}" for number in range(1, 9))
POINTS, OF_EACH = 60, 5
# Of each kind: where shewhart has our point's value, low and high, and our spread.
COLUMNS = {
    "i_mr": ("value", "i_lcl", "i_ucl", "moving_range"),
    "xbar_r": ("mean", "xbar_lcl", "xbar_ucl", "range"),
    "xbar_s": ("mean", "xbar_lcl", "xbar_ucl", "stdev"),
    "p": ("proportion", "lcl", "ucl", None),
    "np": ("defectives", "lcl", "ucl", None),
    "c": ("defects", "lcl", "ucl", None),
    "u": ("per_unit", "lcl", "ucl", None),
    "ewma": ("ewma", "lcl", "ucl", None),
    "cusum": ("cusum_pos", None, "cusum_limit", None),
}


def installed(folder: Path) -> Path:
    """Return the interpreter that has shewhart."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "shewhart"], check=True)
    return python


def series(kind: ChartKind, random: np.random.Generator) -> dict[str, Any]:
    """Return a series with a shift in its last third."""
    n = OF_EACH if kind in ("xbar_r", "xbar_s") else 1
    count, shift = POINTS * n, np.repeat(np.arange(POINTS) >= 2 * POINTS // 3, n)
    sizes = np.ones(count, int)
    if kind in ("p", "np", "c", "u"):
        drawn = random.integers(50, 200, count) if kind in ("p", "u") else np.full(count, 100)
        values = random.binomial(drawn, 0.06 + 0.05 * shift).astype(float)
        sizes = sizes if kind == "c" else drawn
    else:
        values = random.normal(80.0, 1.0, count) + 0.8 * shift
    return {
        "kind": kind,
        "values": values.tolist(),
        "sizes": np.asarray(sizes, dtype=float).tolist(),
        "subgroup_size": n,
    }


def compared(question: dict[str, Any], peer: dict[str, Any]) -> tuple[float, int, int]:
    """Return the largest relative difference, points that break rules, and of them disagreed."""
    kind: ChartKind = question["kind"]
    design = Design(kind=kind, subgroup_size=question["subgroup_size"])
    values = np.array(question["values"])
    sizes = np.array(question["sizes"]) if kind in ("p", "np", "c", "u") else None
    ours = points(design, limits_of(design, values, sizes), values, sizes)
    value, low, high, spread = COLUMNS[kind]
    pairs = [([one.value for one in ours], peer["table"][value])]
    for name, found in ((low, [one.low for one in ours]), (high, [one.high for one in ours])):
        if name is not None:
            pairs.append((found, _column(peer, name, len(ours))))
    if spread is not None:
        start = 1 if kind == "i_mr" else 0
        pairs.append(([one.spread or 0.0 for one in ours[start:]], peer["table"][spread][start:]))
    scale = max(abs(one.high) for one in ours)
    worst = max(float(np.abs(np.subtract(*pair)).max()) for pair in pairs) / scale
    if kind not in ("i_mr", "xbar_r", "xbar_s"):
        return worst, 0, 0
    mine, theirs = _broken([one.z for one in ours]), _told(peer, kind)
    return worst, len(mine), len(mine ^ theirs)


def _column(peer: dict[str, Any], name: str, count: int) -> Sequence[float]:
    found: Sequence[float] = peer["table"].get(name) or [peer["stats"][name]] * count
    return found


def _broken(z: Sequence[float]) -> set[tuple[str, int]]:
    """Return (rule, point) that end a pattern, as our charts say them."""
    row: NDArray[np.float64] = np.asarray(z)
    return {
        (rule, place)
        for place in range(row.size)
        for rule in broken_by_last(row[max(0, place + 1 - LONGEST_SPAN) : place + 1], NELSON)
    }


def _told(peer: dict[str, Any], kind: ChartKind) -> set[tuple[str, int]]:
    """Return (rule, point) of shewhart's patterns, from where each is one.

    It tells a pattern as all its points; ours is told at each point that ends one.
    """
    spans = {"nelson_1": 1, "nelson_2": 9, "nelson_3": 6, "nelson_4": 14, "nelson_5": 2}
    spans |= {"nelson_6": 4, "nelson_7": 15, "nelson_8": 8}
    chart = "i" if kind == "i_mr" else "xbar"
    return {
        (rule, place)
        for rule, where, found in peer["signals"]
        if where == chart and rule in spans
        for place in found[spans[rule] - 1 :]
    }


def main() -> None:
    """Compare some series of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, required=True)
    parser.add_argument("--series", type=int, default=20)
    given = parser.parse_args()
    random = np.random.default_rng(1)
    questions = [series(kind, random) for kind in KINDS for _ in range(given.series)]
    done = subprocess.run(
        [installed(given.peer), PEER],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = json.loads(done.stdout)
    print(f"{given.series} series of {POINTS} points each, the last third shifted")
    print(f"{'chart':8} {'largest difference':>19} {'rules broken':>13} {'not agreed':>11}")
    for kind in KINDS:
        found = [
            compared(question, answer)
            for question, answer in zip(questions, answers, strict=True)
            if question["kind"] == kind
        ]
        worst, broken, disagreed = (max(one[0] for one in found), *_sums(found))
        print(f"{kind:8} {worst:19.1e} {broken:13d} {disagreed:11d}")


def _sums(found: Sequence[tuple[float, int, int]]) -> tuple[int, int]:
    return sum(one[1] for one in found), sum(one[2] for one in found)


if __name__ == "__main__":
    main()
