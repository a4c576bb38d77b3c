"""Look up a logged series by step: the last value, or an interpolated count."""

import bisect
from collections.abc import Mapping
from typing import Self


class Curve:
    """Values by step, sorted once."""

    def __init__(self, steps: list[float], values: list[float]) -> None:
        self._steps = steps
        self._values = values

    @classmethod
    def of(cls, series: Mapping[float, float]) -> Self:
        """Return the curve of a series; NaN counts as a value."""
        items = sorted(series.items())
        return cls([step for step, _ in items], [value for _, value in items])

    def last(self, step: float) -> float | None:
        """Return the last value at or before the step, None before the first.

        Example:
            >>> Curve.of({10: 0.1, 20: 0.2}).last(15)
            0.1
        """
        at = bisect.bisect_right(self._steps, step)
        return self._values[at - 1] if at else None

    def counted(self, step: float) -> float | None:
        """Return a growing count at a step: as logged, else by linear interpolation or extrapolation.

        Example:
            >>> curve = Curve.of({10: 100.0, 20: 200.0})
            >>> curve.counted(15), curve.counted(25)
            (150.0, 250.0)
        """
        if not self._steps or step < 0:
            return None
        at = bisect.bisect_left(self._steps, step)
        if at < len(self._steps) and self._steps[at] == step:
            return self._values[at]
        if at == len(self._steps):
            end = self._steps[-1]
            return self._values[-1] * step / end if end > 0 else None
        start, low = (self._steps[at - 1], self._values[at - 1]) if at else (0.0, 0.0)
        share = (step - start) / (self._steps[at] - start)
        return low + share * (self._values[at] - low)
