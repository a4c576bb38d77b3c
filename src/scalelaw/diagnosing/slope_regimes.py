"""Classify a loss curve by the four regimes of Bahri et al. 2021, {variance, resolution} x {data, parameters}."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.tabular import Columns, Tabular, one_row
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.core.types import AnyArray

_UNIVERSAL = 1.0
_FAR = 2.0
_FEWEST = 3
_SIDES = {"tokens": "data", "examples": "data", "flops": "compute"}


@dataclass(frozen=True)
class LocalSlope(Renderable, Tabular):
    """The exponent of a sweep above its asymptote.

    Attributes:
        along: the swept quantity.
        slope: -d ln(L - L_inf) / d ln X.
        se: its standard error.
        label: ``variance-limited`` if the slope is within two standard errors of the universal exponent one,
            ``resolution-limited`` below that, ``steeper than either`` above.
        scores: two-sided p-value of the exponent one, and its distance in standard errors.
    """

    along: str
    slope: float
    se: float
    label: str
    scores: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"schema": "scalelaw.local-slope/1", **{name: getattr(self, name) for name in self.__dataclass_fields__}}

    def to_columns(self) -> Columns:
        """Return one row."""
        return one_row(self.to_dict())

    def report(self) -> Report:
        """Return slope and regime."""
        side = _SIDES.get(self.along, "parameters")
        lines = [
            ("regime", f"{self.label} in {side}"),
            ("slope", f"{self.slope:.4g} (se {self.se:.2g}) along {self.along}"),
            ("p", f"{self.scores['p']:.3g} of the universal exponent one"),
        ]
        return Report("", [Lines(lines)])


def local_slope(along: str, x: AnyArray, loss: AnyArray, floor: float) -> LocalSlope:
    """Estimate the local exponent of a sweep and its regime.

    If one of data and parameters is fixed and the other grows far beyond it, the loss approaches the asymptote of the
    fixed one as 1/X: variance-limited. If the other is abundant, the loss falls with an exponent given by the geometry
    of the data, well below one: resolution-limited.

    Args:
        along: the swept quantity, ``tokens`` or a kind of ``params``.
        x: its values, (n,).
        loss: losses of finished runs, nats/token, (n,).
        floor: L_inf, the asymptote of this sweep; equals the irreducible loss only if all else is abundant.

    Raises:
        BadInput: fewer than three different points above the floor.

    Example:
        >>> import numpy as np
        >>> x = np.array([1e8, 1e9, 1e10, 1e11])
        >>> local_slope("tokens", x, 2.0 + 1e7 / x, floor=2.0).label
        'variance-limited'

    Source:
        Bahri et al. 2021, arXiv 2102.06701.
    """
    values, losses = np.asarray(x, float), np.asarray(loss, float)
    above = (losses > floor) & (values > 0)
    logs = np.log(values[above])
    if above.sum() < _FEWEST or np.ptp(logs) == 0:
        raise BadInput(f"a slope needs {_FEWEST} points above floor={floor:g} at different {along}, got {above.sum()}")
    design = np.column_stack([np.ones(len(logs)), logs])
    excess = np.log(losses[above] - floor)
    coef, *_ = np.linalg.lstsq(design, excess, rcond=None)
    spare = len(logs) - 2
    variance = float(np.sum((excess - design @ coef) ** 2)) / spare
    se = float(np.sqrt(variance / np.sum((logs - logs.mean()) ** 2)))
    slope = -float(coef[1])
    return LocalSlope(along, slope, se, *_judged(slope, se, spare))


def _judged(slope: float, se: float, spare: int) -> tuple[str, dict[str, float]]:
    from scipy.special import stdtr

    distance = (slope - _UNIVERSAL) / max(se, 1e-12)
    p = float(2 * stdtr(spare, -abs(distance))) if abs(slope - _UNIVERSAL) > 1e-9 else 1.0
    if abs(distance) <= _FAR or abs(slope - _UNIVERSAL) <= 1e-9:
        label = "variance-limited"
    else:
        label = "resolution-limited" if slope < _UNIVERSAL else "steeper than either"
    return label, {"p": p, "distance": distance}
