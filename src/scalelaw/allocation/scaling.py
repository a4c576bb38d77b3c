"""Fit a power of compute, X* = G C^a, to the optima of several budgets and to their draws."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.forecaster import check_level, holding
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.rendering import Table
from scalelaw.core.types import AnyArray, Array, frozen


@dataclass(frozen=True, eq=False)
class Scaling(Brief):
    """X* = G C^a.

    Attributes:
        quantity: the growing quantity, a kind of ``params`` or ``tokens``.
        line: ln X* at the reference, and the exponent a, (2,).
        draws: ``line`` of each resample, (b, 2), or None.
        reference: C in FLOP at which the line has height ``line[0]``.
        scatter: root mean square distance of the optima from the line, each divided by its standard error; None if
            unknown.
    """

    quantity: str
    line: Array
    draws: Array | None
    reference: float
    scatter: float | None

    @property
    def exponent(self) -> float:
        """The exponent a."""
        return float(self.line[1])

    @property
    def coefficient(self) -> float:
        """G: X* at one FLOP."""
        return float(np.exp(self.line[0] - self.line[1] * np.log(self.reference)))

    def exponent_interval(self, level: float = 0.9) -> tuple[float, float] | None:
        """Return the ends of the interval of the exponent, or None without draws."""
        check_level(level)
        if self.draws is None:
            return None
        lo, hi = holding(self.exponent, self.draws[:, 1], level)
        return float(lo), float(hi)

    def at(self, flops: AnyArray | float) -> Array:
        """Return X* at each budget; the result has the shape of ``flops``."""
        return np.asarray(np.exp(self.line[0] + self.line[1] * np.log(np.asarray(flops, float) / self.reference)))

    def draws_at(self, flops: AnyArray | float) -> Array | None:
        """Return X* of each draw, (b, *shape of flops), or None."""
        if self.draws is None:
            return None
        far = np.log(np.asarray(flops, float) / self.reference)
        steps = (slice(None),) + (None,) * far.ndim
        return np.asarray(np.exp(self.draws[:, 0][steps] + self.draws[:, 1][steps] * far))

    def interval_at(self, flops: AnyArray | float, level: float = 0.9) -> tuple[Array, Array] | None:
        """Return the ends of the interval of X* at these budgets, or None without draws."""
        drawn = self.draws_at(flops)
        return None if drawn is None else holding(self.at(flops), drawn, level)

    def to_dict(self, level: float) -> dict[str, Any]:
        """Return plain values for JSON."""
        ends = self.exponent_interval(level)
        return {
            "quantity": self.quantity,
            "exponent": self.exponent,
            "exponent_interval": None if ends is None else list(ends),
            "coefficient": self.coefficient,
            "scatter": self.scatter,
        }


def scaling(quantity: str, flops: Array, optima: Array, drawn: Array | None, error: Array | None) -> Scaling:
    """Fit ln X* = ln G + a ln C by least squares weighted by 1 / error^2, to the optima and to every resample.

    Args:
        quantity: the growing quantity.
        flops: budgets (m,).
        optima: ln X* (m,).
        drawn: ln X* of resamples (b, m), NaN without an optimum; or None.
        error: standard error of each optimum in ln X* (m,); None gives equal weights.
    """
    c = np.log(flops)
    weight = np.ones_like(c) if error is None else 1 / np.maximum(error, 1e-12 + 1e-6 * error.max()) ** 2
    reference = float((weight * c).sum() / weight.sum())
    line = _line(c - reference, optima[None], weight)[0]
    draws = None
    if drawn is not None:
        draws = _line(c - reference, drawn, weight)
        draws = frozen(draws[np.isfinite(draws).all(axis=1)])
    scatter = None
    if error is not None and len(c) > 2 and np.all(error > 0):
        misses = (optima - line[0] - line[1] * (c - reference)) / error
        scatter = float(np.sqrt((misses**2).sum() / (len(c) - 2)))
    return Scaling(quantity, frozen(line), draws, float(np.exp(reference)), scatter)


def _line(c: Array, values: Array, weight: Array) -> Array:
    """Fit a weighted line to each row of values (b, m), ignoring NaN; return height at zero and slope (b, 2)."""
    there = np.isfinite(values)
    w = np.where(there, weight, 0.0)
    y = np.where(there, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = w.sum(1)
        middle_c, middle_y = (w * c).sum(1) / total, (w * y).sum(1) / total
        off = c - middle_c[:, None]
        slope = (w * off * y).sum(1) / (w * off**2).sum(1)
        slope = np.where(there.sum(1) > 1, slope, np.nan)
    return np.stack([middle_y - slope * middle_c, slope], axis=1)


def power_laws(params: Scaling, tokens: Scaling, level: float) -> Table:
    """Return N* and D* as powers of compute, with the intervals of their exponents, as rows to print."""
    rows = [["", "", f"{100 * level:g} % interval of the exponent" if params.draws is not None else ""]]
    for letter, each in (("N", params), ("D", tokens)):
        ends = each.exponent_interval(level)
        sure = f"{ends[0]:.4f} to {ends[1]:.4f}" if ends else ""
        rows.append([f"{letter}*", f"{each.coefficient:.4g} C^{each.exponent:.4f}", sure])
    return Table(rows)
