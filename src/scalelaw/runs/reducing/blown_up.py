"""Find runs that blew up without a mark: finished, but far above runs of similar size and tokens.

A smooth form, E + A / N^a + B / D^b (or one power, with one axis), is fitted over a grid of exponents to the three
quarters of the runs that it describes best (least trimmed squares, Rousseeuw 1984), so that a blown-up run does not
bias it. A run is named if all four conditions hold:

- its loss is above the form by at least 8 % and by 8 robust standard deviations, leverage included;
- its excess over the form is at least 8 points larger than the median excess of its neighbours, and at most one of them
  lies far above the form too (if more did, the form would be wrong there);
- its loss is above that of every other neighbour, and at least 8 % above their median;
- a run that is larger on no axis has a loss at least 8 % lower, or this run lies more than 30 % above the form.

If several runs, an eighth or more, would be named, the form does not hold and no run is named.

code             grade  when
RUNS_BLOWN_UP    warn   a run that ended far above its neighbours, without a mark of divergence
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from scalelaw.core.types import AnyArray, Array

LEAST = 0.08
"""Least relative distance above the form at which a run is named."""
_AT_THE_EDGE = 0.3
"""Least distance above the form for a run that no smaller run beats: the form may be wrong at the small end."""
_FAR_TOO = 1
"""Most neighbours that may lie far above the form too; with more, the form is wrong there."""
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
_MOST_APART = 1e6
"""Largest ratio of a loss to the median that is computed with; squares of larger ones overflow."""


@dataclass(frozen=True, eq=False)
class Blown:
    """One run far above its neighbours.

    Attributes:
        row: its index among the rows judged.
        above: relative distance above the value fitted to the other runs.
        low: lowest loss among its neighbours.
        high: highest loss among them.
    """

    row: int
    above: float
    low: float
    high: float


def blown_up(axes: Mapping[str, Array], y: Array, setting: AnyArray) -> list[Blown]:
    """Return the runs that lie far above similar runs, the farthest first.

    Args:
        axes: size, tokens or compute, at most two, each (n,); NaN where missing.
        y: losses, positive, (n,).
        setting: a number for each distinct combination of other settings, (n,). Of runs with equal axes, only
            those with the setting of the best run are judged; the other runs belong to a sweep.
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
    with np.errstate(over="ignore"):
        relative = np.clip(y / np.median(y), 1 / _MOST_APART, _MOST_APART)
    over, far = _beyond(x, relative)
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
    """Return a mask (n,) of the rows whose setting is the best at their axes."""
    place = np.unique(np.round(x / _SAME).astype(np.int64), axis=0, return_inverse=True)[1].ravel()
    order = np.lexsort((y, place))
    first = order[np.append(True, place[order][1:] != place[order][:-1])]
    best = np.empty(place.max() + 1, dtype=setting.dtype)
    best[place[first]] = setting[first]
    return np.asarray(setting == best[place])


def _beyond(x: Array, y: Array) -> tuple[Array, AnyArray]:
    """Return the relative distance of each row above the form, and a mask where it is too far, each (n,)."""
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
    """Return the rows to fit, all or a sample that does not depend on row order."""
    order = np.lexsort((y, *x.T))
    if len(order) <= _MOST_ROWS:
        return order
    return np.asarray(order[np.linspace(0, len(order) - 1, _MOST_ROWS).astype(int)])


def _design(x: Array, exponents: AnyArray) -> Array:
    """Return the design, a constant and one power per axis of centred logarithms, (n, 1 + axes)."""
    return np.column_stack([np.ones(len(x)), np.exp(-x * exponents)])


def _trimmed(x: Array, y: Array) -> tuple[AnyArray, Array, AnyArray]:
    """Return exponents, coefficients and kept rows with the least trimmed sum of squared relative residuals."""
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
    """Return coefficients (s, k) for which designs (s, m, k) come nearest to one, by least squares."""
    normal = np.swapaxes(design, 1, 2) @ design
    ridge = _RIDGE * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(design.shape[2])
    return np.asarray(np.linalg.solve(normal + ridge, design.sum(axis=1)[..., None])[..., 0])


def _beaten(x: Array, y: Array, at: int) -> bool:
    """Return whether a run that is larger on no axis is much better, which no falling law allows."""
    return bool(np.any(np.all(x <= x[at] + _SAME, axis=1) & (y * (1 + LEAST) < y[at])))


def _nearest(x: Array, at: int) -> AnyArray:
    """Return the neighbours of a row, the nearest rows."""
    others = np.flatnonzero(np.arange(len(x)) != at)
    away = np.sum(((x[others] - x[at]) / np.ptp(x, axis=0)) ** 2, axis=1)
    return np.asarray(others[np.argsort(away, kind="stable")[:_NEIGHBOURS]])
