"""Estimate the noise between runs that differ only in their seed; no forecast can be more precise."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scalelaw.core.components import components, kind_of
from scalelaw.core.numbers import counted
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.fitting.uncertainty.distributions import f_tail

_SAME = 12


@dataclass(frozen=True)
class SeedFloor:
    """Noise between replicate runs, and a test for lack of fit beyond it.

    Attributes:
        sd: standard deviation of replicate runs, on the scale of standardised residuals.
        runs: number of runs with at least one replicate.
        groups: number of groups of replicates.
        lack_of_fit: p-value of the group means under the fitted law and Gaussian noise; None without a degree of
            freedom left.
    """

    sd: float
    runs: int
    groups: int
    lack_of_fit: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        text = f"sd {self.sd:.3g} between {self.runs} replicate runs in {counted(self.groups, 'group')}"
        return text if self.lack_of_fit is None else f"{text}; lack of fit p = {self.lack_of_fit:.2g}"


def seed_floor(
    x: Inputs, residual: Array, member: AnyArray, coefs: int, setting: AnyArray | None = None
) -> SeedFloor | None:
    """Return the noise between runs with equal inputs and settings, or None if no two runs share them.

    Several rows of one run at the same inputs count as their mean. Lack of fit is the F test of pure error
    (Draper & Smith 1998, sec. 2.1).

    Args:
        x: inputs, each (n,).
        residual: standardised residuals, (n,).
        member: number of the run of each row, (n,).
        coefs: number of fitted coefficients.
        setting: number of the setting of each row's run, (n,), or None if unknown; runs with different learning
            rates, or of different sizes under a law of compute, are not replicates.
    """
    with np.errstate(divide="ignore"):
        points = np.stack(
            [
                np.round(np.log(values) if kind_of(name) == "number" and "[" not in name else values, _SAME)
                for name, values in components(x).items()
            ]
        )
    chosen = np.zeros(len(member)) if setting is None else setting
    cells, rows = np.unique(np.vstack([points, chosen, member]), axis=1, return_inverse=True)
    mean = np.bincount(rows.ravel(), residual) / np.bincount(rows.ravel())
    group = np.unique(cells[:-1], axis=1, return_inverse=True)[1].ravel()
    count = np.bincount(group)
    pure = int(np.sum(count - 1))
    if not pure:
        return None
    centre = np.bincount(group, mean) / count
    within = float(np.sum((mean - centre[group]) ** 2))
    spare = len(count) - coefs
    p = None
    if spare > 0 and within > 0:
        ratio = float(np.sum(count * centre**2)) / spare / (within / pure)
        p = f_tail(spare, pure, ratio)
    return SeedFloor(float(np.sqrt(within / pure)), int(count[count > 1].sum()), int(np.sum(count > 1)), p)
