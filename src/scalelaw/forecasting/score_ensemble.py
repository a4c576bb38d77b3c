"""The score ensemble: fitted forms of one score as one forecaster, with an interval calibrated on other studies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from scalelaw.accounting.flops import Counting, counting_for
from scalelaw.core.digest import digest
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.forecaster import Domain, Kind, Predicting, Prediction, Provenance, half_width, outside
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.plottable import Plottable
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import Array, Inputs
from scalelaw.core.version import __version__
from scalelaw.fitting.solver.residual_scale import expit, logit
from scalelaw.forecasting.calibration import Calibration, WidthTerms
from scalelaw.forecasting.chain import Chain
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.forecasting.score_members import ScoreMember, items_of
from scalelaw.registry.freezing import freeze
from scalelaw.registry.frozen import FrozenForecast
from scalelaw.runs.currency import currency
from scalelaw.runs.observations import Observations

_LEAST_ERROR = 0.01
"""Inner errors well below this do not distinguish forms."""
_RUN, _RUN_WORTH = 0.015, 3.0
"""Assumed scatter of a score between runs, and the number of runs that it counts for."""
_EDGE = 1e-4
_MOST_LOGITS = 12.0


@dataclass(frozen=True, eq=False)
class ScoreParts(Brief):
    """Forecasts of m forms at n points, before they are combined.

    Attributes:
        names: the forms, (m,).
        scores: score of each form, (m, n).
        spreads: half the width of the central 68 % of each form's draws, (m, n).
        scatters: scatter of runs about each form, shrunk to what is usual, (m,).
        weights: weight of each form, (m,).
        chance: score of guessing.
        items: items behind the score of a new run; None if unknown.
    """

    names: tuple[str, ...]
    scores: Array
    spreads: Array
    scatters: Array
    weights: Array
    chance: float
    items: float | None

    @cached_property
    def centre(self) -> Array:
        """Weighted mean of the forecasts on the logit of the score above chance, (n,)."""
        above = np.clip((self.scores - self.chance) / (1 - self.chance), _EDGE, 1 - _EDGE)
        return self.chance + (1 - self.chance) * expit(self.weights @ logit(above))

    @property
    def doubt(self) -> WidthTerms:
        """Terms of the width of the forecast, on the score."""
        centre = self.centre
        noise = np.zeros_like(centre) if self.items is None else np.sqrt(centre * (1 - centre) / self.items)
        return WidthTerms(
            residual=np.full(len(centre), np.sqrt(self.weights @ self.scatters**2)),
            draws=np.sqrt(self.weights @ self.spreads**2),
            forms=(self.weights @ np.sqrt(np.abs(self.scores - centre))) ** 2,
            items=noise,
        )


@dataclass(frozen=True, eq=False)
class ScoreEnsemble(Renderable, Tabular, Plottable, Predicting):
    """Forms fitted to one score, weighted by how well each forecast larger runs among those fitted.

    Attributes:
        members: the fitted forms.
        calibration: sets the width of intervals.
        observed: the rows.
        chance: score of guessing.
        loss: forecaster of the loss that the chains share, or None.
        left_out: form -> why it is not in the ensemble.
        findings: doubts about the score itself, such as runs that cannot be distinguished from chance.
        seed: seed of ``predict``.
        version: scalelaw's version.
    """

    members: tuple[ScoreMember, ...]
    calibration: Calibration
    observed: Observations
    chance: float
    loss: Ensemble | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    seed: int = 0
    version: str = __version__

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Quantities ``predict`` needs; compute follows from params and tokens unless given."""
        needed = list(dict.fromkeys(name for each in self.members for name in each.forecaster.inputs))
        kinds = [name for name in needed if name.startswith("params")]
        if kinds and "tokens" in needed:
            return (kinds[0], "tokens")
        return tuple(needed)

    @cached_property
    def counting(self) -> Counting | None:
        """Convention that gives C from N and D; None if the forms do not take N and D."""
        if len(self.inputs) != 2:
            return None
        return counting_for(self.inputs[0], currency(self.observed, self.inputs))

    @property
    def target(self) -> str:
        """The forecast score."""
        return self.observed.target

    @cached_property
    def domain(self) -> Domain:
        """Fitted range of each quantity."""
        measured = ("loss", "bpb", "n_items", "chance")
        return {name: ends for name, ends in self.observed.domain().items() if name not in measured}

    @cached_property
    def items(self) -> float | None:
        """Items behind the score of a run, the median of the rows; None if unknown."""
        counts = items_of(self.observed)
        return float(np.median(counts[np.isfinite(counts)])) if np.isfinite(counts).any() else None

    @property
    def largest(self) -> float:
        """C in FLOP of the largest run; NaN if unknown."""
        return float(self.domain["flops"][1]) if "flops" in self.domain else float("nan")

    @cached_property
    def largest_row(self) -> int:
        """Row of the run with most compute; the last row without compute."""
        rows = self.observed
        return int(np.nanargmax(np.asarray(rows.columns.get("flops", np.arange(len(rows))), float)))

    @property
    def largest_score(self) -> float:
        """Score of the run with most compute."""
        return float(self.observed.y[self.largest_row])

    @cached_property
    def digest(self) -> str:
        """Digest of the members and the calibration."""
        members = [each.forecaster.digest for each in self.members]
        return digest({"members": members, "calibration": self.calibration.digest, "seed": self.seed})

    @property
    def label(self) -> str:
        """A short name."""
        return f"ensemble of {counted(len(self.members), 'form')}"

    @property
    def caveats(self) -> tuple[str, ...]:
        """Warnings and omitted forms."""
        warned = [finding.message for finding in self.findings if finding.grade is Grade.WARN]
        return (*warned, *(f"without {form}: {why}" for form, why in self.left_out.items()))

    @property
    def origin(self) -> Provenance:
        """Members, weights, calibration and rows, for the record of a frozen forecast."""
        shares = [
            f"{weight:.3f} {each.forecaster.label}" for each, weight in zip(self.members, self.weights, strict=True)
        ]
        spec = {
            "members": [{"law": each.forecaster.label, "weight": float(weight), **each.fit.origin.spec}
                        for each, weight in zip(self.members, self.weights, strict=True)],
            "calibration": self.calibration.digest,
            "seed": self.seed,
        }  # fmt: skip
        x = self.observed.inputs([name for name in self.inputs if name in self.observed.columns])
        return Provenance(" + ".join(shares), spec, x, self.observed.y, self.members[0].fit.conditions)

    def freeze(
        self, /, *, run: str = "", conditions: Mapping[str, float | str] | None = None, **point: float | str
    ) -> FrozenForecast:
        """Return a tamper-evident forecast of one future run; see ``FitResult.freeze``."""
        return freeze(self, run=run, conditions=conditions, **point)

    @cached_property
    def errors(self) -> Array:
        """Mean absolute error of each form on held-back larger runs, (m,); their mean where a form has none."""
        errors = np.array([each.error for each in self.members])
        known = errors[np.isfinite(errors)]
        return np.where(np.isfinite(errors), errors, known.mean() if len(known) else _LEAST_ERROR)

    @cached_property
    def weights(self) -> Array:
        """Weight of each form, (m,), by 1 / (error^2 + 0.01^2); the sum is one."""
        shares = 1 / (self.errors**2 + _LEAST_ERROR**2)
        return np.asarray(shares / shares.sum())

    @property
    def error(self) -> float:
        """Mean absolute error of the forms on held-back larger runs, by their weights."""
        return float(self.weights @ self.errors)

    @np.errstate(all="ignore")
    def parts(self, x: Inputs) -> ScoreParts:
        """Return the forecast of each form at n points."""
        full = self._completed(x)
        scores = np.array(np.broadcast_arrays(*(each.centre(full) for each in self.members)))
        spreads = np.array([self._spread(each, full, scores.shape[1]) for each in self.members])
        return ScoreParts(
            tuple(each.forecaster.label for each in self.members),
            scores,
            spreads,
            np.array([_scatter(each, self.items) for each in self.members]),
            self.weights,
            self.chance,
            self.items,
        )

    def predict_at(self, x: Inputs, level: float, kind: Kind) -> Prediction:
        """Predict at n points; the interval covered a share ``level`` of larger runs of other studies."""
        parts = self.parts(x)
        centre = parts.centre
        lo, hi = around(centre, self.calibration.factor(level) * self._width(parts, kind))
        beyond = outside({name: x[name] for name in self.inputs}, self.domain)
        return Prediction(centre, lo, hi, level, np.broadcast_to(beyond, centre.shape))

    def probability(self, x: Inputs, score: float, kind: Kind = "new_run") -> Array:
        """Return the probability that runs at n points reach a score, (n,)."""
        parts = self.parts(x)
        off = logit(_inside(np.array(score))) - logit(_inside(parts.centre))
        return np.asarray(1 - self.calibration.share(off / _on_logit(parts.centre, self._width(parts, kind))))

    @np.errstate(all="ignore")
    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        """Draw scores (draws, n): the forms' draws, mapped at each point to the calibrated quantiles by rank."""
        full, rng = self._completed(x), np.random.default_rng(seed)
        own = [each.forecaster.sample(self.inputs_of(each, full), "mean", seed) for each in self.members]
        drawn = [(each, weight) for each, weight in zip(own, self.weights, strict=True) if each is not None]
        if not drawn:
            return None
        fewest = min(len(each) for each, _ in drawn)
        share = np.array([weight for _, weight in drawn])
        chosen = rng.choice(len(drawn), size=fewest, p=share / share.sum())
        rows = [drawn[i][0][rng.permutation(len(drawn[i][0]))[: np.sum(chosen == i)]] for i in np.unique(chosen)]
        scores, parts = rng.permutation(np.vstack(rows)), self.parts(x)
        if kind == "new_run":
            noise = np.hypot(parts.doubt.residual, parts.doubt.items)
            scores = scores + noise * rng.standard_normal(scores.shape)
        moved = _on_logit(parts.centre, self._width(parts, kind)) * self.calibration.by_rank(scores)
        return expit(logit(_inside(parts.centre)) + moved)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the ensemble in ``scalelaw forecast --json``."""
        return {
            "members": [
                {"form": each.forecaster.label, "weight": float(weight),
                 "error": None if np.isnan(each.error) else each.error, "digest": each.forecaster.digest,
                 "coefficients": {name: value["value"] for name, value in each.fit.coefficients().items()}}
                for each, weight in zip(self.members, self.weights, strict=True)
            ],
            "left_out": dict(self.left_out),
            "target": self.target,
            "chance": self.chance,
            "n_items": self.items,
            "domain": {name: list(ends) for name, ends in self.domain.items()},
            "loss": None if self.loss is None else self.loss.to_dict(),
            "calibration": self.calibration.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
            "digest": self.digest,
            "version": self.version,
        }  # fmt: skip

    def to_columns(self) -> Columns:
        """Return one row per form."""
        return columns_of(self.to_dict()["members"])

    def report(self) -> Report:
        """Return the forms, their weights, and what the interval rests on."""
        rows = [["form", "weight", "error on larger runs", "coefficients"]]
        for each, weight in zip(self.members, self.weights, strict=True):
            values = ", ".join(f"{name} {value['value']:.4g}" for name, value in each.fit.coefficients().items())
            error = "-" if np.isnan(each.error) else f"{each.error:.3f}"
            rows.append([each.forecaster.label, f"{weight:.0%}", error, values])
        known = self.calibration
        items = "unknown, so its noise is not in the interval" if self.items is None else format_number(self.items)
        lines = [
            ("score", f"chance {self.chance:.4g}, items {items}"),
            ("interval", f"calibrated on {known.cases} forecasts of larger runs by {len(known.sources)} sources"),
            *(("doubt", finding.message) for finding in self.findings),
            *(("left out", f"{form}: {why}") for form, why in self.left_out.items()),
        ]
        title = f"{self.label}, fitted to {self.target} of {format_number(len(self.observed))} runs"
        return Report(title, [Table(rows, right=range(1, 3)), Lines(lines, width=0)])

    def _width(self, parts: ScoreParts, kind: Kind) -> Array:
        """Return the width of the interval, (n,)."""
        return self.calibration.width(parts.doubt, of_run=kind == "new_run")

    def _spread(self, member: ScoreMember, full: Inputs, n: int) -> Array:
        draws = member.forecaster.sample(self.inputs_of(member, full), "mean", self.seed)
        return np.zeros(n) if draws is None else np.broadcast_to(half_width(draws), n)

    def inputs_of(self, member: ScoreMember, full: Inputs) -> Inputs:
        """Return the inputs of one form; a chain also takes the compute that some laws of the loss want."""
        if isinstance(member.forecaster, Chain):
            return full
        return {name: full[name] for name in member.forecaster.inputs}

    def _completed(self, x: Inputs) -> Inputs:
        """Return the inputs with compute added, which some forms take."""
        if "flops" in x or self.counting is None:
            return x
        params, tokens = (np.asarray(x[name], float) for name in self.inputs)
        return {**x, "flops": self.counting.flops(params, tokens)}


def around(centre: Array, half: Array) -> tuple[Array, Array]:
    """Return the ends of intervals of this half width, (n,) each, on the logit so that they stay within (0, 1)."""
    middle, moved = logit(_inside(centre)), _on_logit(centre, half)
    return np.minimum(expit(middle - moved), centre), np.maximum(expit(middle + moved), centre)


def _on_logit(centre: Array, width: Array) -> Array:
    """Return a width of a score on the logit of the score, (n,)."""
    inside = _inside(centre)
    return np.asarray(np.minimum(width / (inside * (1 - inside)), _MOST_LOGITS))


def _scatter(member: ScoreMember, items: float | None) -> float:
    """Return the scatter of runs about a form beyond their items, for its coefficients, shrunk to what is usual."""
    rows = member.fit.rows
    share = np.clip(rows.y, _EDGE, 1 - _EDGE)
    known = 0.0 if items is None else np.average(share * (1 - share), weights=rows.weight) / items
    n, spare = len(rows.y), max(len(rows.y) - member.fit.fitted, 0)
    own = max(member.scatter**2 - known, 0.0) * n / max(spare, 1)
    return float(np.sqrt((own * spare + _RUN**2 * _RUN_WORTH) / (spare + _RUN_WORTH)))


def _inside(score: Array) -> Array:
    return np.clip(score, 1e-3, 1 - 1e-3)
