"""Least squares from many starts at once: Levenberg and Marquardt's steps as one numpy batch.

Source: H. B. Nielsen, Damping parameter in Marquardt's method, IMM-REP-1999-05; bounds by
projection, as in Kanzow, Yamashita, Fukushima, J. Comput. Appl. Math. 172 (2004) 375-397.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.quality.spectra import FloatArray

MOST_STEPS = 150
SAME_COST_RATIO = 1e-10
SAME_STEP = 1e-9
MOST_DAMPING = 1e12
LEFT_BEHIND_AFTER = 30  # steps; by then what is not near the best is at another optimum
LEFT_BEHIND_RATIO = 30.0

BoolArray = npt.NDArray[np.bool_]
# Of unknowns (s, p): residuals (s, m) and Jacobian (s, p, m).
Residuals = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ends:
    """Where the starts ended: `unknowns` (s, p), half the sum of squares `cost` (s,).

    `jacobian` (p, m) is of the best one, whose place is `best`.
    """

    unknowns: FloatArray
    cost: FloatArray
    best: int
    jacobian: FloatArray

    @property
    def lowest(self) -> float:
        """Return the cost of the best one."""
        return float(self.cost[self.best])


class _Batch:
    """The starts that still move, with residuals, Jacobian and damping of each."""

    def __init__(self, residuals: Residuals, starts: FloatArray) -> None:
        self.at = np.arange(starts.shape[0])
        self.x = starts
        self.residual, self.jacobian = residuals(starts)
        self.cost = _cost(self.residual)
        self.damping = np.full(starts.shape[0], 1e-3)
        self.growth = np.full(starts.shape[0], 2.0)

    def keep(self, moving: BoolArray) -> None:
        self.at, self.x, self.cost = self.at[moving], self.x[moving], self.cost[moving]
        self.residual, self.jacobian = self.residual[moving], self.jacobian[moving]
        self.damping, self.growth = self.damping[moving], self.growth[moving]


def descend(residuals: Residuals, starts: FloatArray, low: FloatArray, high: FloatArray) -> Ends:
    """Return the local optima next to `starts` (s, p) within `low` and `high` (p,).

    A start that is far from the best one after some steps is left where it is.
    """
    batch = _Batch(residuals, np.clip(starts, low, high))
    unknowns, cost = batch.x.copy(), batch.cost.copy()
    for step_number in range(MOST_STEPS):
        moving = _step(batch, residuals, low, high)
        unknowns[batch.at], cost[batch.at] = batch.x, batch.cost
        if step_number >= LEFT_BEHIND_AFTER:
            moving &= batch.cost <= LEFT_BEHIND_RATIO * cost.min()
        if not moving.all():
            batch.keep(moving)
        if not batch.at.size:
            break
    best = int(np.argmin(cost))
    jacobian = residuals(unknowns[best : best + 1])[1][0]
    return Ends(unknowns=unknowns, cost=cost, best=best, jacobian=jacobian)


def _step(batch: _Batch, residuals: Residuals, low: FloatArray, high: FloatArray) -> BoolArray:
    """Try one step of each; return which of them go on."""
    normal = batch.jacobian @ batch.jacobian.transpose(0, 2, 1)
    gradient = (batch.jacobian @ batch.residual[..., np.newaxis])[..., 0]
    held = ((batch.x <= low) & (gradient > 0.0)) | ((batch.x >= high) & (gradient < 0.0))
    free = (~held).astype(np.float64)
    diagonal = np.einsum("spp->sp", normal)
    scale = np.maximum(diagonal, 1e-12 * diagonal.max(axis=1, keepdims=True)) + 1e-300
    matrix = normal * free[:, :, np.newaxis] * free[:, np.newaxis, :]
    places = np.arange(normal.shape[1])
    matrix[:, places, places] += np.where(held, 1.0, batch.damping[:, np.newaxis] * scale)
    wanted = -np.linalg.solve(matrix, (gradient * free)[..., np.newaxis])[..., 0]
    tried = np.clip(batch.x + wanted, low, high)
    moved = tried - batch.x
    residual, jacobian = residuals(tried)
    cost = _cost(residual)
    linear = batch.residual + (moved[:, np.newaxis, :] @ batch.jacobian)[:, 0]
    promised = batch.cost - _cost(linear)
    gained = batch.cost - cost
    better = np.isfinite(cost) & (gained > 0.0)
    gain = np.where(better, gained / np.maximum(promised, 1e-30), 0.0)
    small = np.abs(moved).max(axis=1) <= SAME_STEP
    settled = small | (better & (gained <= SAME_COST_RATIO * batch.cost) & (gain > 0.2))
    batch.x = np.where(better[:, np.newaxis], tried, batch.x)
    batch.residual = np.where(better[:, np.newaxis], residual, batch.residual)
    batch.jacobian = np.where(better[:, np.newaxis, np.newaxis], jacobian, batch.jacobian)
    batch.cost = np.where(better, cost, batch.cost)
    eased = np.maximum(1.0 / 3.0, 1.0 - (2.0 * np.minimum(gain, 1.0) - 1.0) ** 3)
    batch.damping = np.maximum(batch.damping * np.where(better, eased, batch.growth), 1e-12)
    batch.growth = np.where(better, 2.0, 2.0 * batch.growth)
    return np.asarray(~(settled | (batch.damping > MOST_DAMPING)))


def _cost(residual: FloatArray) -> FloatArray:
    return np.asarray(0.5 * np.einsum("sm,sm->s", residual, residual))
