"""The Forecaster protocol, which planners, figures and reports accept."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from scalelaw.core.components import components, kind_of
from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.points import Points, inputs_of
from scalelaw.core.nouns.tabular import Columns, Tabular
from scalelaw.core.quantities import QUANTITIES, TOO_SMALL
from scalelaw.core.types import AnyArray, Array, Inputs

Kind = Literal["mean", "new_run"]
"""``mean``: the value of the law. ``new_run``: the value of one new run, with its noise."""

Domain = Mapping[str, tuple[float, float]]
"""Quantity -> smallest and largest fitted value."""


_SHOWN = 3
"""Predictions that a ``repr`` shows."""


@dataclass(frozen=True, eq=False)
class Prediction(Brief, Tabular):
    """Predictions with their interval; without one, ``lo`` and ``hi`` equal None.

    Attributes:
        mean: point predictions, shape (n,).
        lo: lower end of the interval at ``level``, shape (n,), or None.
        hi: upper end, shape (n,), or None.
        level: nominal probability of the interval, in (0, 1).
        outside_domain: True where an input lies outside the fitted range, shape (n,).
    """

    mean: Array
    lo: Array | None
    hi: Array | None
    level: float
    outside_domain: AnyArray

    def in_brief(self) -> str:
        """Return the first predictions with their intervals, which ``repr`` shows."""
        means = np.ravel(self.mean)
        texts = [f"{mean:.4g}" for mean in means[:_SHOWN]]
        if self.lo is not None and self.hi is not None:
            ends = zip(np.ravel(self.lo), np.ravel(self.hi), strict=True)
            texts = [f"{text} ({lo:.4g} to {hi:.4g})" for text, (lo, hi) in zip(texts, ends, strict=False)]
        known = "" if self.lo is None else f"; {100 * self.level:g} % interval"
        more = f", ... ({len(means)} points)" if len(means) > _SHOWN else ""
        return f"{', '.join(texts)}{more}{known}"

    def to_columns(self) -> Columns:
        """Return one row per point."""
        n = len(self.mean)
        lo, hi = ([None] * n if ends is None else ends for ends in (self.lo, self.hi))
        return {"mean": self.mean, "lo": lo, "hi": hi, "level": [self.level] * n, "outside_domain": self.outside_domain}


@runtime_checkable
class Forecaster(Protocol):
    """Anything that predicts: a fit, a published law, an ensemble."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Quantities ``predict`` needs."""

    @property
    def target(self) -> str:
        """The predicted quantity, ``metric@eval_set``."""

    @property
    def domain(self) -> Domain:
        """Fitted range by quantity; empty if unknown."""

    @property
    def digest(self) -> str:
        """Digest of the inputs of the forecaster."""

    @property
    def label(self) -> str:
        """A short name for legends and tables."""

    @property
    def caveats(self) -> tuple[str, ...]:
        """Warnings for users; empty without a known problem."""

    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        """Draw (draws, n) predictions at n points, or return None if the spread is unknown."""

    def predict(self, x: Points | None = None, level: float = 0.9, kind: Kind = "new_run", **point: Any) -> Prediction:
        """Predict at n points: a mapping of quantities, a dataframe, or keywords."""


class _AtArrays(Protocol):
    """The attributes that ``Predicting`` needs."""

    @property
    def label(self) -> str: ...
    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def domain(self) -> Domain: ...
    @property
    def component_names(self) -> Mapping[str, tuple[str, ...]]: ...
    def predict_at(self, x: Inputs, level: float, kind: Kind) -> Prediction: ...


class Predicting(ABC):
    """A forecaster whose ``predict`` takes points in every form; it states ``predict_at`` for arrays."""

    @property
    def component_names(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the components of each vector input; a dataframe has a column for each."""
        return {}

    def predict(
        self: _AtArrays, x: Points | None = None, level: float = 0.9, kind: Kind = "new_run", **point: Any
    ) -> Prediction:
        """Predict at n points.

        Args:
            x: quantity -> value or values, or a dataframe with a column for each (pandas, polars, pyarrow).
            level: probability of the interval, in (0, 1).
            kind: ``new_run`` for one new run with its noise, ``mean`` for the value of the law.
            **point: quantity -> value or values, in place of ``x``: ``predict(params="7B", tokens="1T")``.

        Raises:
            BadInput: a level that is not a probability; an input that is missing, of another kind of N, or in
                another unit.
        """
        check_level(level)
        points = inputs_of(self.label, self.inputs, x, point, self.component_names)
        check_inputs(self.label, self.inputs, points, self.domain)
        return self.predict_at(points, level, kind)

    @abstractmethod
    def predict_at(self, x: Inputs, level: float, kind: Kind) -> Prediction:
        """Predict at n points, given as arrays that hold every input."""


@dataclass(frozen=True, eq=False)
class Provenance(Brief):
    """Law, options and rows behind a forecaster, for registered forecasts.

    Attributes:
        spelling: the law, or the laws of an ensemble with their weights.
        spec: options of the fit, as plain values.
        x: inputs of the fitted rows, each (n,); empty without rows.
        y: measured values of the fitted rows, (n,).
        conditions: values that all these rows share and a comparable run must share: dataset, tokenizer and the like.
    """

    spelling: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    x: Inputs = field(default_factory=dict)
    y: Array = field(default_factory=lambda: np.zeros(0))
    conditions: Mapping[str, float | str] = field(default_factory=dict)


@runtime_checkable
class Traceable(Protocol):
    """A forecaster with provenance; for other forecasters, only label and digest are known."""

    @property
    def origin(self) -> Provenance:
        """Law, options and rows behind the forecaster."""


ONE_SD = 0.68269
"""Level of the interval of one standard deviation to either side of a normal mean."""


_FENCE = 5.0


def interval(draws: Array, level: float) -> tuple[Array, Array]:
    """Return the central interval of draws along their first axis; an end is infinite if enough draws are.

    Raises:
        BadInput: ``level`` is not strictly between 0 and 1.
    """
    check_level(level)
    tail = (1 - level) / 2
    if np.all(np.isfinite(draws)):
        lo, hi = np.quantile(draws, [tail, 1 - tail], axis=0)
        return lo, hi
    ordered = np.sort(draws, axis=0)
    return ordered_quantile(ordered, tail), ordered_quantile(ordered, 1 - tail)


def holding(value: AnyArray | float, draws: Array, level: float) -> tuple[Array, Array]:
    """Return the central interval of draws, extended to contain the value.

    The interval of skewed draws may leave out the point that they were drawn around.
    """
    lo, hi = interval(draws, level)
    return np.minimum(lo, value), np.maximum(hi, value)


def half_width(draws: Array) -> Array:
    """Return half the width of the central 68 % of draws along their first axis.

    For Gaussian draws this equals the standard deviation. It also exists for heavy tails.
    """
    lo, hi = interval(draws, ONE_SD)
    with np.errstate(invalid="ignore"):
        return np.asarray((hi - lo) / 2)


def robust_sd(draws: Array) -> Array:
    """Return the standard deviation of draws along their first axis, clipped at five half widths from the median.

    A half width is half the width of the central 68 %. Gaussian draws are never clipped; heavy tails are, since their
    moments may grow with the number of draws or not exist.
    """
    half, middle = half_width(draws), interval(draws, 1e-9)[0]
    with np.errstate(all="ignore"):
        near = np.clip((draws - middle) / half, -_FENCE, _FENCE).std(axis=0, ddof=1) * half
        return np.asarray(np.where(half > 0, near, draws.std(axis=0, ddof=1)))


def ordered_quantile(ordered: Array, share: float) -> Array:
    """Return NumPy's linear quantile of sorted draws, but infinity where NumPy interpolates two infinities to NaN.

    Args:
        ordered: draws, ascending along their first axis, (b, ...).
        share: probability of the quantile, in [0, 1].
    """
    place = share * (len(ordered) - 1)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.where(below == above, below, below + (above - below) * (place % 1)))


def check_level(level: float) -> None:
    """Check that a level is a probability.

    Raises:
        BadInput: ``level`` is not strictly between 0 and 1.
    """
    if not 0 < level < 1:
        raise BadInput(f"level must lie strictly between 0 and 1, got {level}; 0.9 gives a 90 % interval")


def check_inputs(label: str, needed: Iterable[str], x: Inputs, domain: Domain) -> None:
    """Check that no input is missing, of another kind of N, or far too small for a count.

    Args:
        label: name of the forecaster, for the message.
        needed: quantities the law takes.
        x: the given inputs.
        domain: fitted range; values in it are never too small.

    Raises:
        BadInput: a check fails.
    """
    for name in needed:
        if name not in x:
            kinds = [given for given in x if given.startswith("params") and name.startswith("params")]
            instead = f" {kinds[0]} count other parameters, so the constants do not apply to them;" if kinds else ""
            raise BadInput(
                f"missing {name}: {label} takes {', '.join(needed)}, got {', '.join(x) or 'nothing'};{instead} give "
                f"{name}"
            )
        if kind_of(name) != "number" or name not in QUANTITIES:
            continue
        smallest = min(TOO_SMALL.get(name, 0.0), domain.get(name, (np.inf, np.inf))[0])
        values = np.asarray(x[name], float)
        if values.size and values.max() < smallest:
            raise BadInput(
                f"{name} of {values.max():g} is far too small to be {QUANTITIES[name].unit}: {label} takes plain "
                f"counts, so write out what is in millions or billions, e.g. {values.max():g}e9"
            )


def outside(x: Inputs, domain: Domain) -> AnyArray:
    """Return True at each point with an input outside the fitted range, shape (n,)."""
    flat = components(x)
    beyond = np.zeros(np.broadcast_shapes(*(np.shape(values) for values in flat.values())), dtype=bool)
    for name, (low, high) in domain.items():
        if name in flat:
            beyond |= ~((flat[name] >= low * (1 - 1e-9)) & (flat[name] <= high * (1 + 1e-9)))
    return beyond


def reach(x: Mapping[str, float], domain: Domain) -> dict[str, float]:
    """Return planned value / largest fitted value, for each quantity of plan and fit."""
    return {name: value / domain[name][1] for name, value in x.items() if name in domain}
