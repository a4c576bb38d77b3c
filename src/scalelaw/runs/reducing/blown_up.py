"""Runs that blew up without a mark: finished, and far above what runs of their size and tokens reach.

The table is described by E + A / N^a + B / D^b (or one power, of what there is), fitted to the three quarters of the
runs it describes best (least trimmed squares, Rousseeuw 1984) over a grid of exponents, so that a run that blew up
does not pull the description towards itself. A run is named where it lies above it by 8 % and by many robust standard
deviations, its leverage counted, and above its neighbours as much (a form that is wrong somewhere is wrong for
neighbours alike), and where a smaller run is better than it, or it lies 30 % above. Where several runs would be named,
an eighth of all or more, the description does not hold, and none is.

code             grade  when
RUNS_BLOWN_UP    warn   a run that ended far above its neighbours, without a mark of divergence
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from scalelaw.core.types import AnyArray, Array

LEAST = 0.08
"""Relative distance above the description from which a run is named."""
_AT_THE_EDGE = 0.3
"""The same for a run that no smaller one beats: at the small end the form itself may be wrong by less."""
_FAR_TOO = 1
"""A run with more such neighbours is one of many that the form does not describe."""
_SIGMAS = 8.0
_MOST_SHARE = 1 / 8
_EXPONENTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
_TRIMMED = 0.75
_STARTS, _STEPS = 12, 8
_FEWEST = {1: 7, 2: 10}
_SCALE_FLOOR = 0.003
_NEIGHBOURS = 4
_MOST_ROWS = 400
_RIDGE = 1e-9
_CONSTANT = 0.05
_SAME = 1e-3


@dataclass(frozen=True, eq=False)
class Blown:
    """One run far above its neighbours.

    Attributes:
        row: its place among the rows judged.
        above: relative distance above what the others suggest for it.
        low: lowest loss among its neighbours.
        high: highest.
    """

    row: int
    above: float
    low: float
    high: float


def blown_up(axes: Mapping[str, Array], y: Array, setting: AnyArray) -> list[Blown]:
    """Return the runs that lie far above the others, the farthest first.

    Args:
        axes: size, tokens or compute, each (n,); at most two, NaN where a run has none.
        y: losses, positive, (n,).
        setting: what else was chosen, a number for each distinct setting, (n,). Of runs that share their axes only
            those of the setting of the best are judged: the others are a sweep.
    """
    usable = np.isfinite(y) & (y > 0)
    for values in axes.values():
        usable &= np.isfinite(values) & (values > 0)
    logs = [np.log(np.where(usable, values, 1.0)) for values in axes.values()]
    logs = [each for each in logs if usable.any() and np.ptp(each[usable]) > _CONSTANT]
    if not logs:
        return []
    x = np.column_stack(logs)
    judged = np.flatnonzero(usable)
    judged = judged[_of_the_best(x[judged], y[judged], setting[judged])]
    if len(judged) < _FEWEST[x.shape[1]]:
        return []
    x, y = x[judged], y[judged]
    over, far = _beyond(x, y)
    if not far.any() or (far.sum() > 1 and far.sum() >= _MOST_SHARE * len(y)):
        return []
    found = []
    for at in np.flatnonzero(far).tolist():
        near = _nearest(x, at)
        if far[near].sum() > _FAR_TOO or over[at] - np.nanmedian(over[near]) < LEAST:
            continue
        near = near[~far[near]]
        if y[at] > max((1 + LEAST) * np.median(y[near]), y[near].max()) and (
            _beaten(x, y, at) or over[at] > _AT_THE_EDGE
        ):
            found.append(Blown(int(judged[at]), float(over[at]), float(y[near].min()), float(y[near].max())))
    return sorted(found, key=lambda each: -each.above)


def _of_the_best(x: Array, y: Array, setting: AnyArray) -> AnyArray:
    """Return the rows of the setting that is best at their place, a mask (n,)."""
    place = np.unique(np.round(x / _SAME).astype(np.int64), axis=0, return_inverse=True)[1].ravel()
    order = np.lexsort((y, place))
    first = order[np.append(True, place[order][1:] != place[order][:-1])]
    best = np.empty(place.max() + 1, dtype=setting.dtype)
    best[place[first]] = setting[first]
    return np.asarray(setting == best[place])


def _beyond(x: Array, y: Array) -> tuple[Array, AnyArray]:
    """Return how far each row lies above the description, relative to it, and where that is too far, each (n,)."""
    x = x - x.mean(axis=0)
    chosen = _sample(x, y)
    exponents, coef, core = _trimmed(x[chosen], y[chosen])
    design = _design(x, exponents)
    with np.errstate(divide="ignore", invalid="ignore"):
        predicted = design @ coef
        over = np.where(predicted > 0, y / predicted - 1, np.nan)
    kept = design[chosen][core] / y[chosen][core][:, None]
    inverse = np.linalg.pinv(kept.T @ kept, rcond=_RIDGE, hermitian=True)
    leverage = np.einsum("ij,jk,ik->i", design / y[:, None], inverse, design / y[:, None])
    size = np.sort(np.abs(over[np.isfinite(over)]))[x.shape[1] * 2 + 1 :]
    scale = max(1.4826 * float(np.median(size)) if len(size) else np.inf, _SCALE_FLOOR)
    with np.errstate(invalid="ignore"):
        far = over > np.maximum(LEAST, _SIGMAS * scale * np.sqrt(1 + np.maximum(leverage, 0)))
    return over, np.asarray(far & np.isfinite(over))


def _sample(x: Array, y: Array) -> AnyArray:
    """Return the rows to fit, all or some of them, whatever their order in the table."""
    order = np.lexsort((y, *x.T))
    if len(order) <= _MOST_ROWS:
        return order
    return np.asarray(order[np.linspace(0, len(order) - 1, _MOST_ROWS).astype(int)])


def _design(x: Array, exponents: AnyArray) -> Array:
    """Return one, and each power of centred logarithms, (n, 1 + axes)."""
    return np.column_stack([np.ones(len(x)), np.exp(-x * exponents)])


def _trimmed(x: Array, y: Array) -> tuple[AnyArray, Array, AnyArray]:
    """Return exponents, coefficients and the rows kept of the least trimmed sum of squared relative residuals."""
    kept, rng = int(np.ceil(_TRIMMED * len(y))), np.random.default_rng(0)
    best = (np.inf, np.zeros(x.shape[1]), np.zeros(1 + x.shape[1]), np.arange(kept))
    subsets = np.array([rng.permutation(len(y))[: 2 * x.shape[1] + 3] for _ in range(_STARTS)])
    for exponents in product(_EXPONENTS, repeat=x.shape[1]):
        design = _design(x, np.array(exponents)) / y[:, None]
        coef = _least(design[subsets])
        for _ in range(_STEPS):
            squares = (design @ coef.T - 1).T ** 2
            rows = np.argpartition(squares, kept - 1, axis=1)[:, :kept]
            coef = _least(design[rows])
        squares = (design @ coef.T - 1).T ** 2
        rows = np.argpartition(squares, kept - 1, axis=1)[:, :kept]
        total = np.take_along_axis(squares, rows, axis=1).sum(axis=1)
        at = int(np.argmin(total))
        if total[at] < best[0]:
            best = (float(total[at]), np.array(exponents), coef[at], rows[at])
    return best[1:]


def _least(design: Array) -> Array:
    """Return coefficients (s, k) that bring designs (s, m, k) nearest to one."""
    normal = np.swapaxes(design, 1, 2) @ design
    ridge = _RIDGE * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(design.shape[2])
    return np.asarray(np.linalg.solve(normal + ridge, design.sum(axis=1)[..., None])[..., 0])


def _beaten(x: Array, y: Array, at: int) -> bool:
    """Return whether a run that is nowhere larger is better by as much: no law that falls with size has that."""
    return bool(np.any(np.all(x <= x[at] + _SAME, axis=1) & (y * (1 + LEAST) < y[at])))


def _nearest(x: Array, at: int) -> AnyArray:
    """Return the rows nearest to one."""
    others = np.flatnonzero(np.arange(len(x)) != at)
    away = np.sum(((x[others] - x[at]) / np.ptp(x, axis=0)) ** 2, axis=1)
    return np.asarray(others[np.argsort(away, kind="stable")[:_NEIGHBOURS]])
