"""Laws that are sums of powers of their inputs, written as a list of terms."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Law


@dataclass(frozen=True)
class Term:
    """One term ``coef / x1^e1 / x2^e2 ...``: a scale and the exponent each input falls with."""

    scale: str
    powers: Mapping[str, str] = field(default_factory=dict)


class SumOfPowers(Law):
    """A law whose ``terms`` say all: value and derivatives follow from them."""

    @property
    @abstractmethod
    def terms(self) -> tuple[Term, ...]:
        """The terms of the sum."""

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the sum; see ``Law.predict``."""
        return sum((scale * falloff for scale, falloff, _ in self._evaluated(coef, x)), np.zeros(()))

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values (..., n) and derivatives (..., k, n); see ``Law.value_and_jacobian``."""
        index = {c.name: i for i, c in enumerate(self.coefs)}
        points = np.broadcast_shapes(*(np.shape(values) for values in x.values()))
        shape = np.broadcast_shapes((*coef.shape[:-1], 1), points)
        value, jacobian = np.zeros(shape), np.zeros((*shape[:-1], len(index), shape[-1]))
        for term, (scale, falloff, logs) in zip(self.terms, self._evaluated(coef, x), strict=True):
            size = scale * falloff
            value += size
            jacobian[..., index[term.scale], :] += falloff
            for name, exponent in term.powers.items():
                jacobian[..., index[exponent], :] -= size * logs[name]
        return value, jacobian

    def _evaluated(self, coef: AnyArray, x: Inputs) -> list[tuple[AnyArray, AnyArray, dict[str, AnyArray]]]:
        """Return, for each term, its scale (..., 1), its fall-off (..., n) and the logs of its inputs."""
        value = dict(zip((c.name for c in self.coefs), self.columns(coef), strict=True))
        parts = []
        for term in self.terms:
            logs = {name: np.log(x[name]) for name in term.powers}
            decline = sum((value[e] * logs[name] for name, e in term.powers.items()), np.zeros(1))
            parts.append((value[term.scale], np.exp(-decline), logs))
        return parts
