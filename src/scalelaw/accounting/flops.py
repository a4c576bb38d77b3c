"""Training compute from parameters and tokens, by named counting conventions; the only home of the constant 6."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from scalelaw.core.errors import UnknownName
from scalelaw.core.types import Array

FLOPS_PER_PARAM_TOKEN = 6.0
"""FLOP for one parameter and one trained token: 2 forward, 4 backward (Kaplan et al. 2020, section 2.1)."""


@dataclass(frozen=True)
class Counting:
    """A convention by which C is counted: C = 6 N D with N counted as ``params`` says.

    Attributes:
        name: the convention's name, printed with every result that used it.
        params: the quantity that N stands for.
    """

    name: str
    params: str

    def flops(self, params: Array | float, tokens: Array | float) -> Array:
        """Return C in FLOP. Computed in float64: 6 N D overflows 64-bit integers above 9.2e18."""
        with np.errstate(over="ignore"):
            return np.asarray(FLOPS_PER_PARAM_TOKEN * np.asarray(params, float) * np.asarray(tokens, float))

    def tokens(self, params: Array | float, flops: Array | float) -> Array:
        """Return the D that the compute pays for at this N."""
        return np.asarray(flops, float) / (FLOPS_PER_PARAM_TOKEN * np.asarray(params, float))

    def params_for(self, tokens: Array | float, flops: Array | float) -> Array:
        """Return the N that the compute pays for at this D."""
        return np.asarray(flops, float) / (FLOPS_PER_PARAM_TOKEN * np.asarray(tokens, float))


COUNTINGS = MappingProxyType(
    {
        counting.params: counting
        for counting in (
            Counting("6N_total", "params"),
            Counting("6N_nonemb", "params_non_embedding"),
            Counting("6N_active", "params_active"),
        )
    }
)
"""Which N -> the convention that counts with it."""


def counting_for(params: str) -> Counting:
    """Return the convention that counts with this kind of N.

    Raises:
        UnknownName: ``params`` is none of the kinds of N.
    """
    if params not in COUNTINGS:
        raise UnknownName.among("kind of params", params, COUNTINGS)
    return COUNTINGS[params]
