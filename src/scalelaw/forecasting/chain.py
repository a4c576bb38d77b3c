"""The chain: a forecast of the loss, and a law that gives the score of a loss; draws pass through both stages."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import Domain, Forecaster, Kind, Predicting, Prediction, Provenance, holding, outside
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.quantities import label_of
from scalelaw.core.rendering import Renderable, Report, Table
from scalelaw.core.types import Array, Inputs
from scalelaw.fitting.result import FitResult

_STEP = 1e-4


@dataclass(frozen=True, eq=False)
class Stages(Renderable, Tabular):
    """The error of each stage of a chain at n points, and of both together.

    Attributes:
        chain: the chain.
        loss: forecast of the loss with its interval; stage 1.
        score: score at the forecast loss, with the interval of the link alone; stage 2.
        compound: score with the interval of both stages.
        slope: change of the score per unit of loss at the forecast, (n,).
    """

    chain: "Chain"
    loss: Prediction
    score: Prediction
    compound: Prediction
    slope: Array

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        named = {"loss": self.loss, "score": self.score, "compound": self.compound}
        parts = {
            name: {"mean": part.mean.tolist(), "lo": _listed(part.lo), "hi": _listed(part.hi)}
            for name, part in named.items()
        }
        return {"schema": "scalelaw.stages/1", "target": self.chain.target, "level": self.loss.level, **parts,
                "slope": self.slope.tolist()}  # fmt: skip

    def to_columns(self) -> Columns:
        """Return one row per point."""
        plain = self.to_dict()
        rows = ("loss", "score", "compound")
        return columns_of(
            {f"{name}_{part}": values and values[i] for name in rows for part, values in plain[name].items()}
            | {"slope": plain["slope"][i]}
            for i in range(len(self.slope))
        )

    def report(self) -> Report:
        """Return the error of each stage, one row per point."""
        head = [self.chain.source, "stage 1", "score", "stage 2", "both", "score per unit"]
        rows = [head]
        for i in range(len(self.slope)):
            cells = [f"{self.loss.mean[i]:.4g}", _half(self.loss, i), f"{self.score.mean[i]:.3f}"]
            rows.append([*cells, _half(self.score, i), _half(self.compound, i), f"{self.slope[i]:+.3g}"])
        return Report(f"{self.chain.label}: {100 * self.loss.level:g} % errors", [Table(rows, right=range(6))])


@dataclass(frozen=True, eq=False)
class Chain(Brief, Predicting):
    """A forecaster of a score in two stages: the loss of a run, and the score that a loss gives.

    Attributes:
        loss: forecaster of the loss, from what is known before training.
        link: fit of a law whose only input is that loss.
    """

    loss: Forecaster
    link: FitResult

    def __post_init__(self) -> None:
        metric = self.loss.target.partition("@")[0]
        if self.link.law.inputs != (metric,):
            raise BadInput(
                f"{self.link.label} takes {', '.join(self.link.law.inputs)}, but the first stage forecasts {metric}; "
                f"fit a law of {metric} alone, such as accuracy_logistic[input={metric}]"
            )

    @property
    def source(self) -> str:
        """What the first stage forecasts, ``loss`` or ``bpb``."""
        return self.link.law.inputs[0]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs of the first stage."""
        return self.loss.inputs

    @property
    def target(self) -> str:
        """The score."""
        return self.link.target

    @property
    def domain(self) -> Domain:
        """The fitted range of the first stage."""
        return self.loss.domain

    @property
    def digest(self) -> str:
        """Digest of both stages."""
        return digest({"chain": [self.loss.digest, self.link.digest]})

    @property
    def label(self) -> str:
        """The link, and what it follows."""
        return f"{self.link.label} of the forecast {self.loss.target}"

    @property
    def caveats(self) -> tuple[str, ...]:
        """The warnings of both stages, each once."""
        return tuple(dict.fromkeys((*self.loss.caveats, *self.link.caveats)))

    @property
    def origin(self) -> Provenance:
        """Laws, options and rows of the link."""
        return Provenance(self.label, {**self.link.origin.spec, "loss": self.loss.digest}, self.link.rows.x,
                          self.link.rows.y, self.link.conditions)  # fmt: skip

    @np.errstate(all="ignore")
    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        """Draw scores (draws, n): a draw of the link at a draw of the loss; None if a stage has no draws."""
        losses, links = self.loss.sample(x, kind, seed), self.link.trusted
        if losses is None or links is None:
            return None
        rng, b = np.random.default_rng(seed), min(len(losses), len(links))
        losses = losses[rng.permutation(len(losses))[:b]]
        scores = self._linked(links[rng.permutation(len(links))[:b]], losses)
        if kind == "new_run":
            scores = scores + scatter(self.link) * rng.standard_normal(scores.shape)
        return np.asarray(np.clip(scores, 0.0, 1.0))

    def predict_at(self, x: Inputs, level: float, kind: Kind) -> Prediction:
        """Predict at n points: the score of the forecast loss, with the interval of both stages."""
        mean, draws = self.centre(x), self.sample(x, kind)
        lo, hi = (None, None) if draws is None else holding(mean, draws, level)
        beyond = outside({name: x[name] for name in self.inputs}, self.domain)
        return Prediction(mean, lo, hi, level, np.broadcast_to(beyond, mean.shape))

    def centre(self, x: Inputs) -> Array:
        """Return the score of the forecast loss, (n,)."""
        return self._linked(self.link.coef, self.loss.predict(x, kind="mean").mean)

    def stages(self, x: Inputs, level: float = 0.9) -> Stages:
        """Return the error of each stage at n points, and of both, for the mean of runs."""
        loss = self.loss.predict(x, level, "mean")
        score = self.link.predict({self.source: loss.mean}, level, "mean")
        step = _STEP * loss.mean
        above, below = (self._linked(self.link.coef, loss.mean + side * step) for side in (1, -1))
        return Stages(self, loss, score, self.predict(x, level, "mean"), np.asarray((above - below) / step / 2))

    def in_brief(self) -> str:
        """Return both stages, which ``repr`` shows."""
        return f"{self.loss.label} of {label_of(self.source)} -> {self.link.label}"

    def _linked(self, coef: Any, losses: Array) -> Array:
        """Return scores at coefficients (..., k) and losses (..., n)."""
        return np.asarray(self.link.law.predict(np.asarray(coef), {self.source: losses}))


def scatter(fit: FitResult) -> float:
    """Return the root mean square residual of a fit to scores, weighted as the fit."""
    return float(np.sqrt(np.average(fit.residuals**2, weights=fit.rows.weight)))


def _listed(values: Array | None) -> list[float] | None:
    return None if values is None else values.tolist()


def _half(part: Prediction, i: int) -> str:
    """Return half the width of an interval at a point."""
    return "-" if part.lo is None or part.hi is None else f"+-{(part.hi[i] - part.lo[i]) / 2:.3g}"
