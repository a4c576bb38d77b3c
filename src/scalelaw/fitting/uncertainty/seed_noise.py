"""What runs that differ in nothing recorded but their seed say of the noise: a floor no forecast can beat."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scalelaw.core.components import components, kind_of
from scalelaw.core.numbers import counted
from scalelaw.core.types import AnyArray, Array, Inputs

_SAME = 12


@dataclass(frozen=True)
class SeedFloor:
    """Pure error, and what the law misses beyond it.

    Attributes:
        sd: standard deviation of replicate runs, on the scale of standardised residuals.
        runs: runs that have such a partner.
        groups: sets of them.
        lack_of_fit: probability of means as far off the law as these, were the law right and noise Gaussian; None
            where no degree of freedom is left to tell.
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
    """Return the noise between runs with equal inputs and setting, or None where no two runs share them.

    Several rows of one run at the same inputs count as their mean. Lack of fit is the F test of pure error
    (Draper & Smith 1998, sec. 2.1).

    Args:
        x: inputs, each (n,).
        residual: standardised residuals, (n,).
        member: number of the run of each row, (n,).
        coefs: coefficients fitted.
        setting: number of what else was chosen for the run of each row, (n,); runs of different learning rates, or of
            different sizes under a law of compute, are no replicates. None where nothing else is known.
    """
    from scipy.special import fdtrc

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
        p = float(fdtrc(spare, pure, ratio))
    return SeedFloor(float(np.sqrt(within / pure)), int(count[count > 1].sum()), int(np.sum(count > 1)), p)
