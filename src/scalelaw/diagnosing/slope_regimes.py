"""Why a curve falls as it does: the four regimes of Bahri et al. 2021, {variance, resolution} x {data, parameters}."""

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
    """The exponent of a sweep over its own asymptote.

    Attributes:
        along: the quantity swept.
        slope: -d ln(L - L_inf) / d ln X.
        se: its standard error.
        label: ``variance-limited`` where the universal exponent one is within two standard errors, else
            ``resolution-limited`` below it; ``steeper than either`` above.
        scores: two-sided p-value of the exponent one; its distance in standard errors.
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

    def sheet(self) -> Report:
        """Return slope and regime."""
        side = _SIDES.get(self.along, "parameters")
        lines = [
            ("regime", f"{self.label} in {side}"),
            ("slope", f"{self.slope:.4g} (se {self.se:.2g}) along {self.along}"),
            ("p", f"{self.scores['p']:.3g} of the universal exponent one"),
        ]
        return Report("", [Lines(lines)])


def local_slope(along: str, x: AnyArray, loss: AnyArray, floor: float) -> LocalSlope:
    """Return the local exponent of a sweep and the regime it speaks for.

    With one of data and parameters held and the other growing past it, loss approaches the asymptote of the held one
    as 1/X: variance-limited. With the other in abundance it falls with an exponent of the data's geometry, well below
    one: resolution-limited.

    Args:
        along: the quantity swept, ``tokens`` or a kind of ``params``.
        x: its values, (n,).
        loss: losses of finished runs, nats/token, (n,).
        floor: L_inf, the asymptote of this very sweep; not the irreducible loss unless all else is in abundance.

    Raises:
        BadInput: fewer than three points above the floor, or all at one place.

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
