"""Estimate the critical batch size from gradients or from steps to a target loss (McCandlish et al. 2018)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput, FitFailed
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of, one_row
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import AnyArray, Array

_DECAY = 0.95
_FEWEST = 3


@dataclass(frozen=True)
class TradeOff(Renderable, Tabular):
    """Trade-off of steps S against tokens E to a target loss, (S / S_min - 1) (E / E_min - 1) = 1.

    Attributes:
        min_steps: S_min, steps with a batch far above critical.
        min_tokens: E_min, tokens with a batch far below critical.
        rmse: root mean square of the residuals of ln S.
        interval: 90 % interval of the critical batch, by resampling the pairs; None with too few pairs.
    """

    min_steps: float
    min_tokens: float
    rmse: float
    interval: tuple[float, float] | None

    @property
    def critical_batch(self) -> float:
        """B_crit = E_min / S_min, tokens."""
        return self.min_tokens / self.min_steps

    def steps(self, batch_tokens: float) -> float:
        """Return S = S_min (1 + B_crit / B)."""
        return self.min_steps * (1 + self.critical_batch / batch_tokens)

    def tokens(self, batch_tokens: float) -> float:
        """Return E = E_min (1 + B / B_crit)."""
        return self.min_tokens * (1 + batch_tokens / self.critical_batch)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {"schema": "scalelaw.trade-off/1", "critical_batch": self.critical_batch, **values}

    def to_columns(self) -> Columns:
        """Return one row."""
        return one_row(self.to_dict())

    def report(self) -> Report:
        """Return the report: critical batch, least steps and least tokens."""
        ends = "" if self.interval is None else f", 90 % interval {self.interval[0]:.4g} to {self.interval[1]:.4g}"
        lines = [
            ("critical", f"{self.critical_batch:.4g} tokens in a batch{ends}"),
            ("steps", f"{self.min_steps:.4g} at least"),
            ("tokens", f"{self.min_tokens:.4g} at least"),
            ("fit", f"ln steps to {self.rmse:.2g}"),
        ]
        return Report("", [Lines(lines)])


def trade_off(batch_tokens: AnyArray, steps: AnyArray, *, draws: int = 200, seed: int = 0) -> TradeOff:
    """Fit the trade-off of steps against tokens to several batch sizes, in logarithms.

    Args:
        batch_tokens: tokens per batch, (n,), at least three different ones, with the learning rate tuned for each.
        steps: steps to the same target loss, (n,).
        draws: number of resamples for the interval of the critical batch.
        seed: seed of the resampling.

    Raises:
        BadInput: fewer than three batches, or a number that is not positive.
        FitFailed: steps do not first fall and then level off as the batch grows.

    Example:
        >>> found = trade_off([1e3, 1e4, 1e5], [1.1e5, 2e4, 1.1e4])
        >>> round(found.min_steps), round(found.critical_batch)
        (10000, 10000)

    Source:
        McCandlish et al. 2018, arXiv 1812.06162, eq. 2.11.
    """
    batch, taken = np.asarray(batch_tokens, float), np.asarray(steps, float)
    if len(np.unique(batch)) < _FEWEST or not (np.all(batch > 0) and np.all(taken > 0)):
        raise BadInput(f"a trade-off needs positive steps at {_FEWEST} batches or more, got {len(np.unique(batch))}")
    least = _least(np.log(batch), np.log(taken))
    if least is None:
        raise FitFailed(
            "with growing batches, steps must fall and then level off; these steps do not; add other batch sizes"
        )
    rng, found = np.random.default_rng(seed), []
    for _ in range(draws if len(batch) > _FEWEST else 0):
        at = rng.integers(len(batch), size=len(batch))
        if len(np.unique(batch[at])) >= _FEWEST and (drawn := _least(np.log(batch[at]), np.log(taken[at]))) is not None:
            found.append(drawn[1])
    log_steps, log_critical = least
    predicted = log_steps + np.logaddexp(0, log_critical - np.log(batch))
    lo, hi = np.exp(np.quantile(found, [0.05, 0.95])) if len(found) > draws // 2 > 0 else (None, None)
    critical = np.exp(log_critical)
    return TradeOff(
        min_steps=float(np.exp(log_steps)),
        min_tokens=float(np.exp(log_steps + log_critical)),
        rmse=float(np.sqrt(np.mean((predicted - np.log(taken)) ** 2))),
        interval=None if lo is None or hi is None else (float(min(lo, critical)), float(max(hi, critical))),
    )


def _least(log_batch: Array, log_steps: Array) -> tuple[float, float] | None:
    """Return ln S_min and ln B_crit by least squares in ln S; None if the best is beyond every batch."""
    from scipy.optimize import minimize_scalar

    def spread(log_critical: float) -> float:
        return float(np.var(log_steps - np.logaddexp(0, log_critical - log_batch)))

    low, high = log_batch.min() - 10, log_batch.max() + 10
    grid = np.linspace(low, high, 201)
    best = int(np.argmin(np.var(log_steps - np.logaddexp(0, grid[:, None] - log_batch), axis=1)))
    if best in (0, len(grid) - 1):
        return None
    at = float(minimize_scalar(spread, bounds=(grid[best - 1], grid[best + 1]), method="bounded").x)
    return float(np.mean(log_steps - np.logaddexp(0, at - log_batch))), at


@dataclass(frozen=True, eq=False)
class NoiseScales(Renderable, Tabular):
    """Gradient-noise scales recorded by runs, which estimate B_crit, with the batch size of each run.

    Attributes:
        runs: one mapping per run: ``run``, ``loss``, ``batch_tokens``, ``noise_scale`` and ``noise_scale_se``, in
            tokens.
    """

    runs: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"schema": "scalelaw.noise-scales/1", "runs": [dict(run) for run in self.runs]}

    def to_columns(self) -> Columns:
        """Return one row per run."""
        return columns_of(self.runs)

    def report(self) -> Report:
        """Return the report: the runs, with the token cost of their batch B, 1 + B / B_noise."""
        head = ["run", "loss", "batch", "noise scale", "se", "tokens spent by the batch"]
        rows = [
            [
                str(run["run"]), f"{run['loss']:.4f}", f"{run['batch_tokens']:,.0f}", f"{run['noise_scale']:,.0f}",
                f"{run['noise_scale_se']:,.0f}", f"{run['batch_tokens'] / run['noise_scale']:+.0%}",
            ]
            for run in self.runs
        ]  # fmt: skip
        return Report("gradient-noise scale where runs branched off", [Table([head, *rows], right=range(1, 6))])


def noise_scale(
    small: AnyArray, big: AnyArray, batch_small: float, batch_big: float, *, decay: float = _DECAY
) -> Array:
    """Return the simple noise scale tr(S) / |G|^2 after each step, in the unit of the batches, (n,).

    It uses unbiased |G|^2 and tr(S) from squared gradient norms of two batch sizes, each smoothed separately, since the
    ratio of single steps is too noisy. It is NaN where the smoothed |G|^2 is not positive.

    Args:
        small: squared gradient norm at each step over ``batch_small``, the share of one device, (n,).
        big: squared gradient norm at each step over ``batch_big``, the whole batch, (n,).
        batch_small: the smaller batch, in tokens or examples.
        batch_big: the larger batch, in the same unit.
        decay: decay of the moving averages; 1 weighs all steps equally.

    Raises:
        BadInput: the larger batch is not larger, the series differ in length, or decay is outside (0, 1].

    Example:
        >>> import numpy as np
        >>> round(float(noise_scale(np.full(5, 1 + 50 / 10), np.full(5, 1 + 50 / 100), 10, 100)[-1]))
        50

    Source:
        McCandlish et al. 2018, arXiv 1812.06162, appendix A.1.
    """
    norms = np.stack([np.asarray(small, float), np.asarray(big, float)])
    if not 0 < batch_small < batch_big or not 0 < decay <= 1 or norms.ndim != 2:
        raise BadInput(
            f"noise_scale needs 0 < batch_small < batch_big and decay in (0, 1]; got {batch_small}, {batch_big} "
            f"and {decay}"
        )
    signal = (batch_big * norms[1] - batch_small * norms[0]) / (batch_big - batch_small)
    noise = (norms[0] - norms[1]) / (1 / batch_small - 1 / batch_big)
    steps = np.arange(norms.shape[1])
    weight = np.tril(np.ones((len(steps), len(steps)))) * decay ** np.maximum(steps[:, None] - steps, 0)
    smooth_signal, smooth_noise = weight @ signal, weight @ noise
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(smooth_signal > 0, smooth_noise / smooth_signal, np.nan)
