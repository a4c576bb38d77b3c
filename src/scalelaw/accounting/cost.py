"""Compute per parameter and token as a function of N, fitted to rows that state N, D and C.

    C = 6 f(N) N D        ln f: monotone cubic pieces through the medians of groups of sizes

Head, embeddings and attention change f with N but not with D, at constant sequence length. Beyond the stated sizes the
slope of ln f falls as N^(-1/2), like the shares of head and attention, so f levels off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.types import Array

_FADES = 2.0
"""Distance in ln N beyond the last knot over which the slope of ln f falls e-fold, as N^(-1/2)."""
_STEEPEST = -0.95
"""Slope of ln f below which a larger model would cost no more, so N would not follow from C."""
_BISECTIONS = 56


@dataclass(frozen=True)
class StatedCost:
    """The factor f = C / (6 N D) as a curve of N.

    Attributes:
        log_params: ln N of the knots, ascending.
        log_factor: ln f at the knots.
        slopes: d ln f / d ln N at the knots.
        rows: number of rows that state N, D and C.
        scatter: mean distance of a row from the curve through the others, in ln f.
    """

    log_params: tuple[float, ...]
    log_factor: tuple[float, ...]
    slopes: tuple[float, ...]
    rows: int
    scatter: float

    def factor(self, params: Array | float) -> Array:
        """Return f = C / (6 N D) at each N."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.exp(self._log_factor(np.log(np.asarray(params, float)))))

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and largest f over the stated sizes."""
        return float(np.exp(min(self.log_factor))), float(np.exp(max(self.log_factor)))

    @property
    def increasing(self) -> bool:
        """Whether a larger model costs more at every size, so that N follows from C and D."""
        inside = np.linspace(self.log_params[0], self.log_params[-1], 40 * len(self.log_params))
        steep = np.diff(self._log_factor(inside)) / np.maximum(np.diff(inside), 1e-300)
        return bool(min(self.slopes) > _STEEPEST and (len(self.log_params) < 2 or steep.min() > _STEEPEST))

    def params_at(self, log_product: Array | float) -> Array:
        """Solve f(N) N = C / (6 D) for N, given ln(C / (6 D))."""
        return self._solved(np.asarray(log_product, float), 1.0)

    def params_of_square(self, log_product: Array | float) -> Array:
        """Solve f(N) N^2 = C / (6 D/N) for N, given the logarithm of the right side."""
        return self._solved(np.asarray(log_product, float), 2.0)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, from which ``from_dict`` restores the same curve."""
        return {
            "log_params": list(self.log_params), "log_factor": list(self.log_factor), "slopes": list(self.slopes),
            "rows": self.rows, "scatter": self.scatter,
        }  # fmt: skip

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "StatedCost":
        """Return the curve from the values of ``to_dict``."""
        log_params, log_factor, slopes = (
            tuple(map(float, values[name])) for name in ("log_params", "log_factor", "slopes")
        )
        return StatedCost(log_params, log_factor, slopes, int(values["rows"]), float(values["scatter"]))

    def _log_factor(self, log_params: Array) -> Array:
        x, y, m = (np.asarray(each) for each in (self.log_params, self.log_factor, self.slopes))
        inside = np.clip(log_params, x[0], x[-1])
        value = np.full(np.shape(log_params), y[0]) if len(x) == 1 else _hermite(x, y, m, inside)
        with np.errstate(invalid="ignore"):
            above, below = _faded(log_params - x[-1]), _faded(x[0] - log_params)
        found = value + m[-1] * above - m[0] * below
        return np.asarray(np.where(np.isnan(log_params), np.nan, found))

    def _solved(self, wanted: Array, power: float) -> Array:
        """Return N at which power ln N + ln f has a value, by bisection; zero and infinity stay unchanged."""
        ends = (self.log_factor[0] - _FADES * self.slopes[0], self.log_factor[-1] + _FADES * self.slopes[-1])
        lowest, highest = (pick((*self.log_factor, *ends)) for pick in (min, max))
        known = np.isfinite(wanted)
        aim = np.where(known, wanted, 0.0)
        low, high = (aim - highest) / power - 1e-9, (aim - lowest) / power + 1e-9
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            short = power * middle + self._log_factor(middle) < aim
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(np.where(known, (low + high) / 2, wanted)))


def _faded(beyond: Array) -> Array:
    """Return the rise of ln f beyond the last knot for an end slope of one."""
    return np.asarray(_FADES * -np.expm1(-np.maximum(beyond, 0) / _FADES))


def _hermite(x: Array, y: Array, m: Array, at: Array) -> Array:
    """Return the cubic pieces with these values and slopes at the knots."""
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    h = x[i + 1] - x[i]
    t = (at - x[i]) / h
    return np.asarray(
        (1 + 2 * t) * (1 - t) ** 2 * y[i] + t * (1 - t) ** 2 * h * m[i]
        + t**2 * (3 - 2 * t) * y[i + 1] - t**2 * (1 - t) * h * m[i + 1]
    )  # fmt: skip


def through(
    log_params: Array, log_factor: Array, rows: int, scatter: float, shrink: Callable[[float, float], float]
) -> StatedCost:
    """Return the monotone cubic pieces through knots (after Fritsch and Butland 1984).

    Args:
        log_params: ln N, ascending, (k,).
        log_factor: ln f, (k,).
        rows: number of rows that state N, D and C.
        scatter: mean distance of a row from the curve.
        shrink: returns the slope beyond an end, given the slope and the range of ln N at that end.
    """
    if len(log_params) == 1:
        return StatedCost((float(log_params[0]),), (float(log_factor[0]),), (0.0,), rows, scatter)
    h, secant = np.diff(log_params), np.diff(log_factor) / np.diff(log_params)
    slopes = np.zeros(len(log_params))
    slopes[0], slopes[-1] = secant[0], secant[-1]
    if len(h) > 1:
        same = secant[:-1] * secant[1:] > 0
        one, other = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            harmonic = (one + other) / (one / secant[:-1] + other / secant[1:])
        slopes[1:-1] = np.where(same, harmonic, 0.0)
        slopes[0] = _end(h[0], h[1], secant[0], secant[1])
        slopes[-1] = _end(h[-1], h[-2], secant[-1], secant[-2])
    slopes[0], slopes[-1] = shrink(float(slopes[0]), float(h[0])), shrink(float(slopes[-1]), float(h[-1]))
    return StatedCost(
        tuple(map(float, log_params)), tuple(map(float, log_factor)), tuple(map(float, slopes)), rows, scatter
    )


def _end(h: float, following: float, secant: float, next_secant: float) -> float:
    """Return the slope at an end from three points, limited so that the curve stays monotone."""
    slope = ((2 * h + following) * secant - h * next_secant) / (h + following)
    if slope * secant <= 0:
        return 0.0
    return 3 * secant if secant * next_secant < 0 and abs(slope) > 3 * abs(secant) else slope
