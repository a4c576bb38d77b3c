"""A number with its interval, and intervals from draws that may be unbounded."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.forecaster import check_level, ordered_quantile
from scalelaw.core.numbers import format_number
from scalelaw.core.types import Array


@dataclass(frozen=True)
class Estimate:
    """A number and its interval.

    Attributes:
        value: the point estimate.
        lo: lower end of the interval, or None without an interval.
        hi: upper end, or None without an interval; infinite if enough draws are infinite.
        level: nominal probability of the interval, in (0, 1).
        unit: unit of all three.
    """

    value: float
    lo: float | None
    hi: float | None
    level: float
    unit: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; an infinite end becomes None, since JSON has no infinity."""
        return {
            "value": _plain(self.value),
            "lo": _plain(self.lo),
            "hi": _plain(self.hi),
            "level": self.level,
            "unit": self.unit,
        }

    def holds(self, value: float) -> bool:
        """Return whether a value lies in the interval; True without an interval."""
        return self.lo is None or self.hi is None or self.lo <= value <= self.hi

    def texts(self, digits: int = 4) -> tuple[str, str]:
        """Return value and interval as text; the second is empty without an interval."""
        value = format_number(self.value, digits)
        if self.lo is None or self.hi is None:
            return value, ""
        return value, f"{format_number(self.lo, digits)} to {format_number(self.hi, digits)}"

    def __str__(self) -> str:
        text = "  ".join(part for part in self.texts() if part)
        return f"{text} {self.unit}" if self.unit != "1" else text


def given(value: float, level: float, unit: str) -> Estimate:
    """Return a number without an interval: it was given, or its spread is unknown."""
    return Estimate(value, None, None, level, unit)


def estimated(value: float, draws: Array | None, level: float, unit: str) -> Estimate:
    """Return a number with the central interval of its draws, or without one if all draws are equal.

    If the number lies outside the interval, the nearer end moves to the number.

    Args:
        value: the point estimate.
        draws: draws of the number, (b,), or None; NaN is dropped, infinity is kept.
        level: probability of the interval, in (0, 1).
        unit: unit of value and draws.

    Raises:
        BadInput: ``level`` is not strictly between 0 and 1.

    Example:
        >>> estimated(2.0, np.array([1.0, 2.0, 3.0]), 0.5, "1")
        Estimate(value=2.0, lo=1.5, hi=2.5, level=0.5, unit='1')
    """
    check_level(level)
    usable = np.sort(draws[~np.isnan(draws)]) if draws is not None else np.empty(0)
    if usable.size < 2 or usable[0] == usable[-1]:
        return given(value, level, unit)
    tail = (1 - level) / 2
    lo, hi = float(ordered_quantile(usable, tail)), float(ordered_quantile(usable, 1 - tail))
    return Estimate(value, min(lo, value), max(hi, value), level, unit)


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
