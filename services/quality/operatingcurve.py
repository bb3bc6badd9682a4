"""The operating characteristic of a sampling plan: what share of lots it accepts, as a picture."""

from collections.abc import Callable, Sequence
from html import escape

POINTS = 100
_WIDTH, _HEIGHT, _EDGE = 640, 400, 56


def curve(accepts: Callable[[float], float], most_ratio: float) -> tuple[list[float], list[float]]:
    """Return nonconforming ratios and the share of lots accepted at each, 0 to `most_ratio`."""
    ratios = [most_ratio * step / POINTS for step in range(POINTS + 1)]
    return ratios, [accepts(ratio) for ratio in ratios]


def quality_accepted(accepts: Callable[[float], float], probability_ratio: float) -> float | None:
    """Return the nonconforming ratio at which this share of lots is accepted, None above 0.999."""
    low, high = 0.0, 0.999
    if accepts(high) > probability_ratio:
        return None
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if accepts(middle) > probability_ratio else (low, middle)
    return high


def drawing(title: str, ratios: Sequence[float], accepted: Sequence[float]) -> str:
    """Return the curve as SVG, percent on both axes."""
    most = ratios[-1]
    inner_w, inner_h = _WIDTH - 2 * _EDGE, _HEIGHT - 2 * _EDGE

    def at(ratio: float, share: float) -> tuple[float, float]:
        return _EDGE + inner_w * ratio / most, _EDGE + inner_h * (1.0 - share)

    line = " ".join(
        f"{x:.1f},{y:.1f}" for x, y in (at(r, a) for r, a in zip(ratios, accepted, strict=True))
    )
    marks = []
    for step in range(6):
        share, ratio = step / 5.0, most * step / 5.0
        x, y = at(ratio, share)
        marks.append(
            f'<text x="{_EDGE - 8}" y="{y + 4:.1f}" text-anchor="end">{100 * share:.0f}</text>'
            f'<line x1="{_EDGE}" x2="{_WIDTH - _EDGE}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{x:.1f}" y="{_HEIGHT - _EDGE + 18}" text-anchor="middle">'
            f"{100 * ratio:.3g}</text>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">'
        f'<text x="{_EDGE}" y="24" font-size="14">{escape(title)}</text>{"".join(marks)}'
        f'<polyline points="{line}" fill="none" stroke="#0b6" stroke-width="2"/>'
        f'<text x="{_WIDTH / 2:.0f}" y="{_HEIGHT - 12}" text-anchor="middle">'
        "nonconforming, %</text>"
        f'<text x="14" y="{_HEIGHT / 2:.0f}" transform="rotate(-90 14 {_HEIGHT / 2:.0f})" '
        'text-anchor="middle">lots accepted, %</text></svg>'
    )
