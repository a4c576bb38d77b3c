"""How a residual is scored: Huber, least absolute or least squares, on the logarithm of the target or on the target."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.types import Array

_KINDS = ("huber", "absolute", "squared")
_SCALES = ("log", "raw")
_ABSOLUTE_STAGES = (1e-3, 1e-5, 1e-7)


@dataclass(frozen=True)
class Noise:
    """The objective is the weighted **sum** over rows of the loss of residuals predicted - measured.

    A mean instead of the sum shrinks gradients below usual tolerances and stops optimisers early, which is how
    the constants first published for Chinchilla came about (Besiroglu et al. 2024).

    Attributes:
        kind: ``huber``: r^2/2 up to delta, then delta (|r| - delta/2); ``absolute``: |r|; ``squared``: r^2/2.
        delta: where Huber's loss turns linear, in units of the residual.
        on: residuals of the logarithm (``log``, relative errors) or of the target itself (``raw``).
    """

    kind: Literal["huber", "absolute", "squared"] = "huber"
    delta: float = 1e-3
    on: Literal["log", "raw"] = "log"

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise UnknownName.among("loss function", self.kind, _KINDS)
        if self.on not in _SCALES:
            raise UnknownName.among("residual scale", self.on, _SCALES)
        if not self.delta > 0:
            raise BadInput(f"delta must be positive, got {self.delta}; 1e-3 is usual on log loss")

    def __str__(self) -> str:
        name = {"huber": f"Huber, delta {self.delta:g}", "absolute": "least absolute", "squared": "least squares"}
        return f"{name[self.kind]}, on {'log loss' if self.on == 'log' else 'the loss itself'}"

    @property
    def stages(self) -> tuple[float, ...]:
        """Thresholds the solver passes through: least squares first, from anywhere, then the loss asked for."""
        last = {"huber": (self.delta,), "absolute": _ABSOLUTE_STAGES, "squared": ()}[self.kind]
        return (np.inf, *last)

    def scaled(self, values: Array) -> Array:
        """Return values on the scale residuals are taken on."""
        return np.log(values) if self.on == "log" else values

    def unscaled(self, values: Array) -> Array:
        """Return values back on the scale of the target."""
        return np.exp(values) if self.on == "log" else values

    def loss(self, residual: Array) -> Array:
        """Return the loss of each residual."""
        if self.kind == "absolute":
            return np.abs(residual)
        return huber(residual, self.stages[-1])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"kind": self.kind, "delta": self.delta, "on": self.on}


def huber(residual: Array, delta: float) -> Array:
    """Return Huber's loss; an infinite delta gives r^2 / 2."""
    size = np.abs(residual)
    inner = np.minimum(size, delta)
    return inner * (size - 0.5 * inner)
