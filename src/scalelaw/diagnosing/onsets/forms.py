"""Smooth curves, sigmoids and kinks of a score along a scale, fitted by binomial likelihood, many at once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array

_EDGE = 1e-9
_STEPS = 40
_BREAKS = 33
_FAR = 30.0
_LEAST_BELOW = 2
Predict = Callable[[Array, Array], tuple[Array, Array]]
"""Parameters (b, p) and places (rows,) -> share above chance (b, rows) and its derivatives (b, rows, p)."""


@dataclass(frozen=True, eq=False)
class Counts(Brief):
    """Scores as counts along one scale.

    Attributes:
        u: place of each score, scaled to -1 ... 1, (rows,).
        y: share of right items, (rows,), or (b, rows) for several tables at once.
        n: items behind each, (rows,).
        g: chance of each, (rows,).
    """

    u: Array
    y: Array
    n: Array
    g: Array

    def rows(self, kept: AnyArray) -> "Counts":
        """Return some rows."""
        return Counts(self.u[kept], self.y[..., kept], self.n[kept], self.g[kept])

    def deviance(self, share: Array) -> Array:
        """Return twice the log-likelihood short of a perfect fit, (b,), of shares above chance (b, rows)."""
        q = np.clip(self.g + (1 - self.g) * share, _EDGE, 1 - _EDGE)
        with np.errstate(divide="ignore", invalid="ignore"):
            hit = np.where(self.y > 0, self.y * np.log(self.y / q), 0.0)
            missed = np.where(self.y < 1, (1 - self.y) * np.log((1 - self.y) / (1 - q)), 0.0)
        return np.asarray(2 * np.sum(self.n * (hit + missed), axis=-1))


@dataclass(frozen=True, eq=False)
class Curve(Brief):
    """A fitted curve.

    Attributes:
        form: ``power``, ``logistic``, ``sigmoid``, ``kink`` or ``saturating kink``.
        coef: its parameters, (p,) or (b, p).
        deviance: of each table, scalar or (b,).
        at: place of the kink, -1 ... 1; NaN for smooth curves.
    """

    form: str
    coef: Array
    deviance: Array
    at: Array

    @property
    def sized(self) -> int:
        """Number of free parameters, the place of a kink included."""
        return int(self.coef.shape[-1]) + (self.form in KINKS)

    def share(self, u: Array) -> Array:
        """Return the share above chance at places (m,), of shape (b, m) or (m,)."""
        coef = np.atleast_2d(self.coef)
        value = _PREDICT[self.form](np.column_stack([coef, np.atleast_1d(self.at)]), u)[0]
        return value if self.coef.ndim > 1 else value[0]


def _power(coef: Array, u: Array) -> tuple[Array, Array]:
    eta = np.clip(coef[:, :1] + coef[:, 1:2] * u, -_FAR, _FAR)
    share = np.exp(-np.exp(-eta))
    return share, _along(share * np.exp(-eta), u)


def _logistic(coef: Array, u: Array) -> tuple[Array, Array]:
    share = 1 / (1 + np.exp(-np.clip(coef[:, :1] + coef[:, 1:2] * u, -_FAR, _FAR)))
    return share, _along(share * (1 - share), u)


def _sigmoid(coef: Array, u: Array) -> tuple[Array, Array]:
    share, slope = _logistic(coef, u)
    top = 1 / (1 + np.exp(-np.clip(coef[:, 2:3], -_FAR, _FAR)))
    return top * share, np.concatenate([top[..., None] * slope, (top * (1 - top) * share)[..., None]], axis=-1)


def _kink(coef: Array, u: Array) -> tuple[Array, Array]:
    """Parameters are ln slope and the place of the kink."""
    rise = np.exp(np.clip(coef[:, :1], -_FAR, _FAR)) * np.maximum(u - coef[:, 1:2], 0)
    return np.minimum(rise, 1.0), np.where(rise < 1, rise, 0.0)[..., None]


def _saturating(coef: Array, u: Array) -> tuple[Array, Array]:
    rise = np.minimum(np.exp(np.clip(coef[:, :1], -_FAR, _FAR)) * np.maximum(u - coef[:, 1:2], 0), _FAR)
    return -np.expm1(-rise), (np.exp(-rise) * rise)[..., None]


def _along(slope: Array, u: Array) -> Array:
    return np.stack([slope, slope * u], axis=-1)


_PREDICT: dict[str, Predict] = {
    "power": _power, "logistic": _logistic, "sigmoid": _sigmoid, "kink": _kink, "saturating kink": _saturating,
}  # fmt: skip
SMOOTH = ("power", "logistic", "sigmoid")
KINKS = ("kink", "saturating kink")
_STARTS = {
    "power": [[a, b] for a in (-2.0, 0.0) for b in (0.5, 2.0, 6.0)],
    "logistic": [[a, b] for a in (-3.0, -1.0, 1.0) for b in (1.0, 4.0, 15.0)],
    "sigmoid": [[a, b, c] for a in (-3.0, 0.0) for b in (2.0, 8.0, 25.0) for c in (-1.5, 1.0)],
    "kink": [[-1.0], [1.0]],
    "saturating kink": [[-1.0], [1.0]],
}


def breaks(u: Array) -> Array:
    """Return the places where a kink may lie: two different places at least below it, and two at or above it."""
    places = np.unique(u)
    if len(places) < 2 * _LEAST_BELOW:
        return np.empty(0)
    return np.linspace(places[_LEAST_BELOW - 1], places[-_LEAST_BELOW], _BREAKS)


def fit_curve(form: str, counts: Counts) -> Curve | None:
    """Fit a form to one table or to several at once; None if the places are too few for a kink.

    Args:
        form: one of ``SMOOTH`` or ``KINKS``.
        counts: scores, (rows,) or (b, rows).
    """
    many = np.atleast_2d(counts.y)
    starts = np.asarray(_STARTS[form], float)
    if form in KINKS:
        at = breaks(counts.u)
        if not len(at):
            return None
        starts = np.array([[*start, place] for start in starts for place in at])
    tables, tries = len(many), len(starts)
    coef = np.tile(starts, (tables, 1))
    table = Counts(counts.u, np.repeat(many, tries, axis=0), counts.n, counts.g)
    free = starts.shape[1] - (form in KINKS)
    coef, deviance = _climbed(_PREDICT[form], coef, free, table)
    best = np.argmin(deviance.reshape(tables, tries), axis=1) + np.arange(tables) * tries
    found, at = coef[best], coef[best, free] if form in KINKS else np.full(tables, np.nan)
    if counts.y.ndim > 1:
        return Curve(form, found[:, :free], deviance[best], at)
    return Curve(form, found[0, :free], deviance[best][0], at[0])


def _climbed(predict: Predict, coef: Array, free: int, counts: Counts) -> tuple[Array, Array]:
    """Return parameters of least deviance by damped Fisher scoring, each start on its own; the last may be held."""
    share, slope = predict(coef, counts.u)
    deviance, damping = counts.deviance(share), np.full(len(coef), 1e-2)
    diagonal = np.arange(free)
    for _ in range(_STEPS):
        q = np.clip(counts.g + (1 - counts.g) * share, _EDGE, 1 - _EDGE)
        jacobian = (1 - counts.g)[:, None] * slope
        weighed = jacobian * (counts.n / (q * (1 - q)))[..., None]
        normal = np.swapaxes(weighed, -1, -2) @ jacobian
        score = np.einsum("brp,br->bp", weighed, counts.y - q)
        normal[:, diagonal, diagonal] *= 1 + damping[:, None]
        normal[:, diagonal, diagonal] += 1e-9
        step = np.clip(np.linalg.solve(normal, score[..., None])[..., 0], -3, 3)
        tried = coef.copy()
        tried[:, :free] += step
        new_share, new_slope = predict(tried, counts.u)
        new = counts.deviance(new_share)
        better = new <= deviance
        coef = np.where(better[:, None], tried, coef)
        share, slope = np.where(better[:, None], new_share, share), np.where(better[:, None, None], new_slope, slope)
        gained = np.where(better, deviance - new, 0.0)
        deviance = np.where(better, new, deviance)
        damping = np.clip(np.where(better, damping / 5, damping * 5), 1e-9, 1e9)
        if np.all((gained < 1e-6) & (~better | (np.abs(step).max(axis=1) < 1e-4) | (gained < 1e-9))) and _ > 8:
            break
    return coef, deviance
