"""Normal prior on the logarithms of coefficients, and the rows it adds to a least-squares problem."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array

_LEAST = 1e-9


@dataclass(frozen=True, eq=False)
class Prior(Brief):
    """Normal spread of the logarithms of a law's exponents over published studies.

    Attributes:
        names: the exponents, (m,).
        index: their indices among the coefficients, (m,).
        mean: mean logarithm, (m,).
        root: L, where L L' is the covariance for one more study, (m, m).
        studies: the studies; empty if the user gave the prior.
    """

    names: tuple[str, ...]
    index: tuple[int, ...]
    mean: Array
    root: Array
    studies: tuple[str, ...]

    @property
    def sd(self) -> Array:
        """Standard deviation of each logarithm, (m,)."""
        return np.asarray(np.sqrt(np.sum(self.root**2, axis=1)))

    @property
    def spare(self) -> float:
        """Degrees of freedom of the spread: number of studies minus one; infinite if the user gave the prior."""
        return len(self.studies) - 1 if self.studies else math.inf

    @property
    def note(self) -> str:
        """The prior in words."""
        spread = zip(self.names, self.mean, self.sd, strict=True)
        each = ", ".join(f"{name} {math.exp(mean):.3g} (times or over {math.exp(sd):.3g})" for name, mean, sd in spread)
        return (
            f"prior from the literature: {each}, from {', '.join(self.studies)}"
            if self.studies
            else f"prior as given: {each}"
        )


@dataclass(frozen=True, eq=False)
class Penalty:
    """The prior as extra rows after the measured rows, scaled so that Huber's loss treats them as squares.

    Attributes:
        prior: the prior.
        unit: size of the residual at one standard deviation.
        weight: weight of each row.
    """

    prior: Prior
    unit: float
    weight: float

    @cached_property
    def centre(self) -> Array:
        """Values of the appended rows at the mean of the prior, (m,)."""
        return np.asarray(self.unit * np.linalg.solve(self.prior.root, self.prior.mean), float)

    def rows(self, coef: Array) -> tuple[Array, Array]:
        """Return values (p, m) and their derivatives by coefficient (p, k, m) at coefficients (p, k)."""
        index, whitened = list(self.prior.index), self._whitened
        theta = np.maximum(coef[:, index], _LEAST)
        jacobian = np.zeros((len(coef), coef.shape[1], len(index)))
        jacobian[:, index, :] = whitened.T[None] / theta[:, :, None]
        return np.log(theta) @ whitened.T, jacobian

    @cached_property
    def _whitened(self) -> Array:
        """Matrix that turns logarithms into independent residuals, (m, m)."""
        return np.asarray(self.unit * np.linalg.inv(self.prior.root))
