"""Loss function of residuals (Huber, absolute, squared or binomial deviance) and scale of the noise."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.quantities import quantity
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.solver.residual_scale import SCALES, ResidualScale

_COUNTS = ("binomial", "beta_binomial")
_KINDS = ("huber", "absolute", "squared", *_COUNTS)
_ABSOLUTE_STAGES = (1e-3, 1e-5, 1e-7)
_TUNING = 1.345
_EDGE = 1e-6
_FAR = 1e-2
_TOUCHING = 1e-4
STANDARD_ERROR = "se"
"""Scale of noise given by the standard error of each value plus a variance common to all runs."""
ITEMS = "n_items"
"""Scale of noise of a score: p (1 - p) / n_items of the fitted score p, plus a variance common to all runs."""


@dataclass(frozen=True)
class Noise:
    """The objective is the weighted **sum** over rows of the loss of residuals predicted - measured.

    A mean instead of the sum shrinks gradients below usual tolerances and stops optimisers early; this distorted the
    constants first published for Chinchilla (Besiroglu et al. 2024).

    Attributes:
        kind: ``huber``: r^2/2 up to delta, then delta (|r| - delta/2); ``absolute``: |r|; ``squared``: r^2/2;
            ``binomial``: r^2/2 of the deviance residual of a score over ``n_items`` items, minus its log-likelihood;
            ``beta_binomial``: the same, where a fitted score p has the variance p (1 - p) (1/n_items + rho), where rho
            is estimated with the fit; so beyond some number, more items add no weight.
        delta: residual at which Huber's loss turns linear; ``auto`` is 1.345 standard deviations of the bulk of the
            residuals, which costs 5 % of efficiency under Gaussian noise (Huber 1964).
        on: residuals of the logarithm (``log``, relative errors), of the target itself (``raw``), or of a score between
            chance and one: its ``logit`` or ln(-ln) (``loglog``) above chance. Binomial kinds use the score itself.
        scale: the standard deviation of the noise is a power of this quantity, estimated with the fit: ``flops``
            (params times tokens if not an input) or any input; ``se``: the standard error of each value plus a
            variance common to all runs; ``n_items``: the variance p (1 - p) / n_items of a fitted score p plus such a
            variance, with ``on="raw"``; None: equal for all rows.
        chance: score of guessing, for ``logit`` and ``loglog``; None takes that of the law, or zero.
    """

    kind: Literal["huber", "absolute", "squared", "binomial", "beta_binomial"] = "huber"
    delta: float | Literal["auto"] = 1e-3
    on: Literal["log", "raw", "logit", "loglog"] = "log"
    scale: str | None = None
    chance: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise UnknownName.among("loss function", self.kind, _KINDS)
        if self.on not in SCALES:
            raise UnknownName.among("residual scale", self.on, SCALES)
        if self.chance is not None and not (0 <= self.chance < 1 and self.of_scores):
            raise BadInput(
                f"chance={self.chance!r} of Noise is a fraction below 1 for on='logit' or 'loglog', got on={self.on!r}"
            )
        if self.delta != "auto" and not (isinstance(self.delta, float | int) and self.delta > 0):
            raise BadInput(f"delta must be positive or 'auto', got {self.delta!r}; 1e-3 is usual on log loss")
        if self.scale not in (None, STANDARD_ERROR):
            quantity(self.scale)
        if self.scale == ITEMS and (self.counts or self.on != "raw"):
            raise BadInput(
                f"scale='n_items' needs residuals of the score itself, got kind={self.kind!r}, on={self.on!r}; write "
                "Noise('squared', on='raw', scale='n_items') (CLI: --loss squared --on raw --scale n_items)"
            )
        if self.counts and self.scale is not None:
            raise BadInput(f"binomial noise has its own scale, n_items; leave out scale={self.scale!r}")

    def __str__(self) -> str:
        if self.counts:
            return f"{self.kind.replace('_', '-')} deviance, on the score"
        huber = f"Huber, delta {self.delta if isinstance(self.delta, str) else format(self.delta, 'g')}"
        name = {"huber": huber, "absolute": "least absolute", "squared": "least squares"}[self.kind]
        return f"{name}, on {self._scale.words}"

    @property
    def _scale(self) -> ResidualScale:
        return SCALES["raw" if self.counts else self.on]

    @property
    def logarithmic(self) -> bool:
        """Whether residuals are of the logarithm."""
        return self.on == "log" and not self.counts

    @property
    def resistant(self) -> "Noise":
        """Huber's loss on the same scale, which outliers pull less; on the score itself for binomial kinds."""
        return Noise(on="raw" if self.counts else self.on, chance=self.chance)

    @property
    def of_scores(self) -> bool:
        """Whether residuals are of the logit or ln(-ln) of a score above chance."""
        return self._scale.of_scores

    @property
    def ends(self) -> tuple[float, float]:
        """Lower and upper limit (exclusive) of target values for which a residual is defined."""
        g = self.chance or 0.0
        return g + (1 - g) * self._scale.low, g + (1 - g) * self._scale.high

    def above(self, chance: float | None) -> "Noise":
        """Return the noise with a law's chance level, if the noise needs a chance level and has none."""
        return replace(self, chance=chance) if self.of_scores and self.chance is None else self

    def measurable(self, values: Array) -> AnyArray:
        """Return whether each value has a residual, (n,)."""
        low, high = self.ends
        return np.asarray((values > low) & (values < high))

    @property
    def counts(self) -> bool:
        """Whether the target is a share of ``n_items`` items, with binomial noise."""
        return self.kind in _COUNTS

    @property
    def of_items(self) -> bool:
        """Whether the noise of a score follows from its ``n_items``."""
        return self.counts or self.scale == ITEMS

    @property
    def estimated(self) -> bool:
        """Whether threshold or relative sizes of the noise are estimated with the fit."""
        return self.scale is not None or self.kind == "beta_binomial" or (self.kind == "huber" and self.delta == "auto")

    @property
    def first(self) -> "Noise":
        """Noise of the first fit, whose residuals give threshold and sizes: least squares, or the deviance itself."""
        return self if self.counts else replace(self, kind="squared")

    @property
    def threshold(self) -> float:
        """Residual at which the loss turns linear; infinite if it never does.

        Raises:
            BadInput: ``delta="auto"`` has not been estimated yet.
        """
        return self.stages[-1]

    @property
    def stages(self) -> tuple[float, ...]:
        """Thresholds the solver passes through: least squares first, then the requested loss."""
        if self.kind != "huber":
            return (np.inf, *(_ABSOLUTE_STAGES if self.kind == "absolute" else ()))
        if isinstance(self.delta, str):
            raise BadInput("delta='auto' needs the residuals of a first fit; set it with tuned(...)")
        return (np.inf, self.delta)

    def tuned(self, sd: float) -> "Noise":
        """Return the noise with ``delta="auto"`` replaced by 1.345 standard deviations of the residuals."""
        return replace(self, delta=_TUNING * sd) if self.delta == "auto" else self

    def scaled(self, values: Array) -> Array:
        """Return values on the scale of residuals."""
        return self._scale.of(self._normalised(values))

    def unscaled(self, values: Array) -> Array:
        """Return values on the scale of the target, infinite where they overflow."""
        with np.errstate(over="ignore"):
            back = self._scale.back(values)
        return self.chance + (1 - self.chance) * back if self.chance else back

    def slope(self, values: Array) -> Array:
        """Return the derivative of the scale of residuals by the target."""
        slope = self._scale.slope(self._normalised(values))
        return slope / (1 - self.chance) if self.chance else slope

    def _normalised(self, values: Array) -> Array:
        return (values - self.chance) / (1 - self.chance) if self.chance else values

    @np.errstate(all="ignore")
    def residual(self, value: Array, y: Array) -> tuple[Array, Array | None]:
        """Return residuals predicted - measured and their derivatives by the prediction; None if all are one.

        Args:
            value: predictions (..., n).
            y: measured values on the scale of residuals, broadcastable to (..., n).
        """
        if self.counts:
            return deviance(value, y)
        return (value - y, None) if self.on == "raw" else (self.scaled(value) - y, self.slope(value))

    def loss(self, residual: Array) -> Array:
        """Return the loss of each residual."""
        if self.kind == "absolute":
            return np.abs(residual)
        return huber(residual, self.threshold)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = {"kind": self.kind, "delta": self.delta, "on": self.on, "scale": self.scale}
        return values if self.chance is None else {**values, "chance": self.chance}


def huber(residual: Array, delta: float) -> Array:
    """Return Huber's loss; an infinite delta gives r^2 / 2."""
    size = np.abs(residual)
    inner = np.minimum(size, delta)
    return inner * (size - 0.5 * inner)


def deviance(value: Array, y: Array) -> tuple[Array, Array]:
    """Return deviance residuals of a share for one item, and their derivatives by the prediction.

    r = sign(p - y) sqrt(2 (y log(y/p) + (1-y) log((1-y)/(1-p)))); over n items it is sqrt(n) times as large. Where p is
    below a hundredth of y or a millionth, and where 1 - p is equally small, r continues along its tangent. A law may
    predict a score below zero, and the tangent lets the search return from there.

    Args:
        value: predicted shares (..., n).
        y: measured shares in [0, 1], broadcastable to (..., n).
    """
    p = np.clip(value, np.maximum(_FAR * y, _EDGE), 1 - np.maximum(_FAR * (1 - y), _EDGE))
    with np.errstate(divide="ignore", invalid="ignore"):
        hit = np.where(y > 0, y * np.log(y / p), 0.0)
        missed = np.where(y < 1, (1 - y) * np.log((1 - y) / (1 - p)), 0.0)
        residual = np.sign(p - y) * np.sqrt(np.maximum(2 * (hit + missed), 0.0))
        slope = (p - y) / (p * (1 - p)) / residual
        touching = np.abs(p - y) < _TOUCHING * p * (1 - p)
        bend = 1 + (p - y) * (1 - 2 * p) / (6 * p * (1 - p))
        flat = 1 / np.sqrt(p * (1 - p))
        slope = np.where(touching, flat / bend, slope)
    return np.where(touching, (p - y) * flat * bend, residual) + slope * (value - p), slope
