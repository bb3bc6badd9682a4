"""Which cells may fail at grading, told from what was measured before: advice, never a gate.

Logistic regression with a ridge (one standard deviation of each figure, lambda 1) by Newton's
steps; figures that few cells have are left out, a missing one counts as the middle of the others.
It is judged only on cells of lots that it was not fitted to (one lot left out after the other),
beside the baseline that knows nothing but how many fail. Where it is not better than that, by more
than two standard errors, there is no advice. Its probabilities are calibrated on left-out cells of
other lots, Platt (1999).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidInputError

METHOD_VERSION = "1"
RIDGE = 1.0
LEAST_CELLS, LEAST_FAILURES, LEAST_LOTS = 30, 5, 3
LEAST_KNOWN_RATIO = 0.8
NEWTON_STEPS = 50
SURE_ERRORS = 2.0  # standard errors that it must be better by
LEAST_GAIN = 1e-3  # nat per cell; less is nothing to act on
BINS = 5
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is known of one cell. lot: cells of it are alike; failed: None before it is graded."""

    cell_id: str
    lot: str
    figures: dict[str, float]
    failed: bool | None


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Left-out cells whose probability lies in one range: what was told, what came."""

    count: int
    mean_probability: float
    failed_ratio: float


@dataclass(frozen=True, kw_only=True)
class Skill:
    """How good the left-out predictions are; log losses in nat per cell, less is better."""

    cell_count: int
    failure_count: int
    lot_count: int
    log_loss: float
    baseline_log_loss: float
    gain: float
    gain_error: float
    brier_ratio: float
    baseline_brier_ratio: float
    is_better: bool
    calibration: tuple[Bin, ...]


@dataclass(frozen=True, kw_only=True)
class Advice:
    """The probability that a cell which is not graded yet will fail, and what speaks for it."""

    cell_id: str
    probability: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Skill, weights per standard deviation, and advice; none where there is no skill."""

    skill: Skill
    weights: dict[str, float]
    advice: tuple[Advice, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Model:
    middle: Floats
    spread: Floats
    weights: Floats  # the first is the constant

    def scores(self, figures: Floats) -> Floats:
        return np.asarray(self.weights[0] + self._scaled(figures) @ self.weights[1:])

    def pulls(self, figures: Floats) -> Floats:
        return np.asarray(self._scaled(figures) * self.weights[1:])

    def _scaled(self, figures: Floats) -> Floats:
        known = np.where(np.isnan(figures), self.middle, figures)
        return np.asarray((known - self.middle) / self.spread)


def predicted(cells: Sequence[Seen]) -> Prediction:
    """Return what graded cells teach, and the advice for those that are not graded.

    Raises:
        InvalidInputError: too few graded cells, failures or lots, or no figure that most have.
    """
    graded = [cell for cell in cells if cell.failed is not None]
    failed = np.array([float(bool(cell.failed)) for cell in graded])
    lots = np.array([cell.lot for cell in graded])
    _require_enough(failed, lots)
    names = _names(graded)
    figures = _table(graded, names)
    left_out, baseline = np.empty(failed.size), np.empty(failed.size)
    for lot in np.unique(lots):
        out = lots == lot
        left_out[out] = _fitted(figures[~out], failed[~out]).scores(figures[out])
        baseline[out] = (failed[~out].sum() + 0.5) / ((~out).sum() + 1.0)
    told = np.empty(failed.size)
    for lot in np.unique(lots):  # a lot's own outcomes calibrate what is told of others only
        out = lots == lot
        told[out] = _probability(_calibrated(left_out[~out], failed[~out]), left_out[out])
    skill = _skill(told, baseline, failed, lots)
    platt = _calibrated(left_out, failed)
    model = _fitted(figures, failed)
    open_cells = [cell for cell in cells if cell.failed is None]
    advice = _advice(model, platt, open_cells, names) if skill.is_better else ()
    weights = dict(zip(names, model.weights[1:].tolist(), strict=True))
    return Prediction(skill=skill, weights=weights, advice=advice)


def _require_enough(failed: Floats, lots: npt.NDArray[np.str_]) -> None:
    lot_count = np.unique(lots).size
    failures = int(failed.sum())
    fewer = min(failures, failed.size - failures)
    if failed.size < LEAST_CELLS or fewer < LEAST_FAILURES or lot_count < LEAST_LOTS:
        raise InvalidInputError(
            f"{failed.size} graded cells of {lot_count} lots, {failures} of them failed; at least "
            f"{LEAST_CELLS} cells of {LEAST_LOTS} lots are needed, {LEAST_FAILURES} failed and as "
            "many not"
        )


def _names(graded: Sequence[Seen]) -> list[str]:
    counts: dict[str, int] = {}
    for cell in graded:
        for name in cell.figures:
            counts[name] = counts.get(name, 0) + 1
    names = sorted(
        name for name, count in counts.items() if count >= LEAST_KNOWN_RATIO * len(graded)
    )
    if not names:
        raise InvalidInputError(
            f"no figure is known of {LEAST_KNOWN_RATIO:.0%} of the graded cells before grading"
        )
    return names


def _table(cells: Sequence[Seen], names: Sequence[str]) -> Floats:
    rows = [[cell.figures.get(name, np.nan) for name in names] for cell in cells]
    return np.array(rows, dtype=np.float64).reshape(len(cells), len(names))


def _fitted(figures: Floats, failed: Floats) -> _Model:
    middle = np.nanmedian(figures, axis=0)
    spread = np.nanstd(figures, axis=0)
    spread = np.where(spread > 0.0, spread, 1.0)
    scaled = (np.where(np.isnan(figures), middle, figures) - middle) / spread
    design = np.column_stack([np.ones(failed.size), scaled])
    ridge = np.full(design.shape[1], RIDGE)
    ridge[0] = 0.0
    return _Model(middle=middle, spread=spread, weights=_newton(design, failed, ridge))


def _newton(design: Floats, failed: Floats, ridge: Floats) -> Floats:
    """Return the weights of most likelihood less the ridge; steps are halved where they miss."""
    weights = np.zeros(design.shape[1])
    ridge = ridge + 1e-6  # where failures and the others part fully there is no end otherwise

    def cost(at: Floats) -> float:
        score = design @ at
        return float(np.sum(np.logaddexp(0.0, score) - failed * score) + 0.5 * ridge @ at**2)

    for _ in range(NEWTON_STEPS):
        probability = _sigmoid(design @ weights)
        slope = design.T @ (probability - failed) + ridge * weights
        bend = (design.T * (probability * (1.0 - probability))) @ design + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        size, now = 1.0, cost(weights)
        while size > 1e-6 and cost(weights - size * step) > now:
            size *= 0.5
        weights = weights - size * step
        if float(np.abs(step).max()) < 1e-8:
            break
    return weights


def _sigmoid(score: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * score)))


def _probability(platt: Floats, score: Floats) -> Floats:
    return np.clip(_sigmoid(platt[0] + platt[1] * score), 1e-6, 1.0 - 1e-6)


def _calibrated(score: Floats, failed: Floats) -> Floats:
    """Return constant and slope of Platt's line; a slope below 0 is chance and counts as none."""
    line = _newton(np.column_stack([np.ones(failed.size), score]), failed, np.zeros(2))
    if line[1] > 0.0:
        return line
    rate = (failed.sum() + 0.5) / (failed.size + 1.0)
    return np.array([np.log(rate / (1.0 - rate)), 0.0])


def _skill(told: Floats, baseline: Floats, failed: Floats, lots: npt.NDArray[np.str_]) -> Skill:
    gains = _losses(baseline, failed) - _losses(told, failed)
    # Cells of one lot are alike: the error comes from the lots' sums, not from single cells.
    sums = np.array([gains[lots == lot].sum() for lot in np.unique(lots)])
    error = float(sums.std(ddof=1) * np.sqrt(sums.size) / failed.size)
    gain = float(gains.mean())
    return Skill(
        cell_count=failed.size,
        failure_count=int(failed.sum()),
        lot_count=sums.size,
        log_loss=float(_losses(told, failed).mean()),
        baseline_log_loss=float(_losses(baseline, failed).mean()),
        gain=gain,
        gain_error=error,
        brier_ratio=float(np.mean((told - failed) ** 2)),
        baseline_brier_ratio=float(np.mean((baseline - failed) ** 2)),
        is_better=gain > max(SURE_ERRORS * error, LEAST_GAIN),
        calibration=_calibration(told, failed),
    )


def _losses(told: Floats, failed: Floats) -> Floats:
    return np.asarray(-(failed * np.log(told) + (1.0 - failed) * np.log(1.0 - told)))


def _calibration(told: Floats, failed: Floats) -> tuple[Bin, ...]:
    order = np.argsort(told, kind="stable")
    return tuple(
        Bin(
            count=part.size,
            mean_probability=float(told[part].mean()),
            failed_ratio=float(failed[part].mean()),
        )
        for part in np.array_split(order, BINS)
    )


def _advice(
    model: _Model, platt: Floats, cells: Sequence[Seen], names: Sequence[str]
) -> tuple[Advice, ...]:
    if not cells:
        return ()
    figures = _table(cells, names)
    probability = _probability(platt, model.scores(figures))
    pulls = model.pulls(figures)
    found = []
    for row in np.argsort(-probability, kind="stable"):
        strongest = [place for place in np.argsort(-pulls[row])[:3] if pulls[row, place] > 0.0]
        found.append(
            Advice(
                cell_id=cells[row].cell_id,
                probability=float(probability[row]),
                reasons=tuple(f"{names[place]} {figures[row, place]:.6g}" for place in strongest),
            )
        )
    return tuple(found)
