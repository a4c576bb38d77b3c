"""Find the limiting factor of a run: parameters, data, steps, or balanced.

These four operational regimes show what to spend on. They differ from the four of Bahri et al. 2021, which describe why
a curve falls (``diagnosing.slope_regimes``).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import Forecaster
from scalelaw.core.nouns.tabular import Columns, Tabular, one_row
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.core.types import Array
from scalelaw.fitting.published import Published
from scalelaw.fitting.result import FitResult
from scalelaw.planning.penalty import compute_penalty

REGIMES = ("parameter-limited", "data-limited", "step-limited", "compute-limited")
REPEAT_DECAY = 15.387756
"""Epochs after which repeated tokens have lost most of their value (Muennighoff et al. 2023, R*_D)."""

_SHARE = 0.75
_EPOCHS = 4
_REPEATED = 0.02


@dataclass(frozen=True)
class Regime(Renderable, Tabular):
    """The limiting factor of a run.

    Attributes:
        label: one of ``REGIMES``; ``compute-limited`` means balanced.
        agreement: share of the draws with the same label; None without draws.
        by_params: loss from finite params, nats per token.
        by_tokens: loss from finite tokens, nats per token.
        share: params' share of the elasticity of the reducible loss, s_N in [0, 1]; one half at the optimum.
        repeated: loss added by repeating tokens, compared with the same number of fresh ones.
        stepped: loss added by too few steps at a large batch; None without a critical batch.
        epochs: passes over the distinct tokens.
        batch_ratio: batch over critical batch, or None.
        penalty: compute spent over the least compute that reaches this loss.
    """

    label: str
    agreement: float | None
    by_params: float
    by_tokens: float
    share: float
    repeated: float
    stepped: float | None
    epochs: float
    batch_ratio: float | None
    penalty: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"schema": "scalelaw.regime/1", **{name: getattr(self, name) for name in self.__dataclass_fields__}}

    def to_columns(self) -> Columns:
        """Return one row."""
        return one_row(self.to_dict())

    def report(self) -> Report:
        """Return the report: the label and its scores."""
        agreed = "" if self.agreement is None else f" ({self.agreement:.0%} of the draws agree)"
        lines = [
            ("regime", self.label + agreed),
            ("params", f"{self.by_params:.4f} nats/token, {self.share:.1%} of what more compute would gain"),
            ("tokens", f"{self.by_tokens:.4f} nats/token, {1 - self.share:.1%}"),
            ("epochs", f"{format_number(self.epochs)}; repeating adds {self.repeated:.4f} nats/token"),
        ]
        if self.stepped is not None:
            lines.append(("batch", f"{self.batch_ratio:.3g} of critical; it adds {self.stepped:.4f} nats/token"))
        lines.append(("penalty", f"{self.penalty:.4g} times the least compute for this loss"))
        return Report("", [Lines(lines)])


@dataclass(frozen=True, eq=False)
class _Scores:
    """The scores of b surfaces, each (b,)."""

    by_params: Array
    by_tokens: Array
    share: Array
    repeated: Array
    stepped: Array | None


def regime(
    forecaster: Forecaster,
    *,
    params: float | str,
    tokens: float | str,
    unique_tokens: float | str | None = None,
    batch_ratio: float | None = None,
    seed_noise: float = 0.0,
) -> Regime:
    """Find the limiting factor of a run: a label and its scores.

    A run is step-limited if the batch is above critical; data-limited after four epochs, if repeating adds 2 % of the
    reducible loss (or the difference between seeds), or if s_N < 0.25; parameter-limited if s_N > 0.75; else
    compute-limited, that is balanced. s_N = u / (u + v), u = alpha A / N^alpha, v = beta B / D'^beta.

    Args:
        forecaster: a fit or published constants of ``chinchilla``.
        params: N, a number or text such as ``8B``.
        tokens: D, all tokens seen.
        unique_tokens: U, the distinct tokens; all tokens by default.
        batch_ratio: batch over critical batch; None skips this check.
        seed_noise: difference of loss between seeds, nats per token.

    Raises:
        BadInput: another law, or a number out of range.

    Example:
        >>> import scalelaw as sl
        >>> llama = regime(sl.published(sl.laws.get("chinchilla"), "besiroglu2024"), params="8B", tokens="15T")
        >>> llama.label, round(llama.share, 3)
        ('parameter-limited', 0.839)

    Source:
        The thresholds were chosen here; effective tokens by Muennighoff et al. 2023, steps by McCandlish et al. 2018.
    """
    coef, draws = _surfaces(forecaster)
    n, d = parse_number(params, "params"), parse_number(tokens, "tokens")
    unique = d if unique_tokens is None else parse_number(unique_tokens, "tokens")
    if not (n > 0 and d > 0 and 0 < unique <= d and (batch_ratio is None or batch_ratio > 0)):
        raise BadInput(
            f"params, tokens and batch_ratio must be positive and unique_tokens at most tokens; got params {n:g}, "
            f"tokens {d:g}, unique_tokens {unique:g}, batch_ratio {batch_ratio}"
        )
    scores = _scores(coef[None], n, d, unique, batch_ratio)
    label, agreement = _labels(scores, d / unique, batch_ratio, seed_noise)[0], None
    if draws is not None:
        drawn = _labels(_scores(draws, n, d, unique, batch_ratio), d / unique, batch_ratio, seed_noise)
        agreement = float(np.mean([each == label for each in drawn]))
    return Regime(
        label=label,
        agreement=agreement,
        by_params=float(scores.by_params[0]),
        by_tokens=float(scores.by_tokens[0]),
        share=float(scores.share[0]),
        repeated=float(scores.repeated[0]),
        stepped=None if scores.stepped is None else float(scores.stepped[0]),
        epochs=d / unique,
        batch_ratio=batch_ratio,
        penalty=compute_penalty(forecaster, n, d).value,
    )


def _surfaces(forecaster: Forecaster) -> tuple[Array, Array | None]:
    """Return E, A, B, alpha, beta (5,) and their draws (b, 5)."""
    if not isinstance(forecaster, FitResult | Published) or forecaster.law.name != "chinchilla":
        raise BadInput(f"regimes need the terms of chinchilla, but this is {forecaster.label}; fit chinchilla")
    return forecaster.coef, forecaster.draws


def _scores(coef: Array, n: float, d: float, unique: float, batch_ratio: float | None) -> _Scores:
    _, a, b, alpha, beta = np.moveaxis(coef, -1, 0)
    effective = unique * (1 + REPEAT_DECAY * -np.expm1(-(d / unique - 1) / REPEAT_DECAY))
    by_params, by_tokens = a * n**-alpha, b * effective**-beta
    u, v = alpha * by_params, beta * by_tokens
    stepped = None if batch_ratio is None else b * (d / (1 + batch_ratio)) ** -beta - b * d**-beta
    return _Scores(by_params, by_tokens, u / (u + v), by_tokens - b * d**-beta, stepped)


def _labels(scores: _Scores, epochs: float, batch_ratio: float | None, seed_noise: float) -> list[str]:
    """Return the regime of each surface."""
    reducible = scores.by_params + scores.by_tokens
    worn = scores.repeated > np.maximum(_REPEATED * reducible, seed_noise)
    by_data = worn | (scores.share < 1 - _SHARE) | (epochs > _EPOCHS)
    stepped = batch_ratio is not None and batch_ratio > 1
    parameter, data, step, compute = REGIMES
    chosen = np.where(by_data, data, np.where(scores.share > _SHARE, parameter, compute))
    return [step] * len(chosen) if stepped else chosen.tolist()
