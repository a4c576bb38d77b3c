"""The result of a fit: coefficients, draws, status and provenance; a forecaster."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.accounting.cost import StatedCost
from scalelaw.accounting.flops import COUNTINGS, Counting, counting_for
from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.forecaster import (
    Domain,
    Kind,
    Predicting,
    Prediction,
    Provenance,
    check_level,
)
from scalelaw.core.nouns.coefficients import Coefficients
from scalelaw.core.nouns.plottable import Plottable
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted
from scalelaw.core.rendering import Renderable, Report
from scalelaw.core.types import Array, Inputs
from scalelaw.core.version import __version__
from scalelaw.fitting.checks.outliers import RATE
from scalelaw.fitting.checks.status import FitStatus
from scalelaw.fitting.fitted_rows import FittedRows
from scalelaw.fitting.show import report, to_dict
from scalelaw.fitting.solver.coordinates import Coordinates
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.solver.solve import Problem
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.coefficient_intervals import coefficients, undetermined
from scalelaw.fitting.uncertainty.fitted_problem import FittedProblem, numbered
from scalelaw.fitting.uncertainty.predictions import predict, sample
from scalelaw.fitting.uncertainty.profile_likelihood import LikelihoodProfile, profile_coefficient, profile_prediction
from scalelaw.fitting.uncertainty.residual_model import ResidualModel, errors, log_size
from scalelaw.fitting.uncertainty.seed_noise import SeedFloor, seed_floor
from scalelaw.fitting.uncertainty.variance import VarianceFunction
from scalelaw.laws import Law

ENOUGH = 0.5
"""Least share of the requested draws; fewer would be a biased selection, so intervals need at least this."""

if TYPE_CHECKING:
    from scalelaw.fitting.checks.influence import Influence
    from scalelaw.fitting.held import HeldAt
    from scalelaw.registry.frozen import FrozenForecast


@dataclass(frozen=True, eq=False)
class FitResult(Renderable, Tabular, Plottable, Predicting):
    """One law fitted to one target.

    Attributes:
        law: the law.
        coef: coefficients at the optimum, (k,); for example ``coef["alpha"]``.
        draws: draws of the coefficients (b, k), or None without draws.
        objective: weighted sum of losses at the optimum.
        status: convergence and conditioning of the optimum.
        spec: options of the fit.
        rows: the fitted rows.
        target: the fitted quantity, ``metric@eval_set``.
        domain: quantity -> fitted range.
        findings: warnings and other findings.
        notes: assumptions and derivations in words.
        noise: how residuals were scored, with a numeric threshold; None means that of the spec.
        spread: relative size of the noise of each row, if estimated or given.
        version: scalelaw's version.
        conditions: values that all fitted rows share and a comparable run must share: dataset, tokenizer and the like.
        cost: C over 6 N D by size, if the rows state their own compute.
    """

    law: Law
    coef: Coefficients
    draws: Array | None
    objective: float
    status: FitStatus
    spec: FitSpec
    rows: FittedRows
    target: str
    domain: Domain
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    noise: Noise | None = None
    spread: VarianceFunction | None = None
    version: str = __version__
    conditions: Mapping[str, float | str] = field(default_factory=dict)
    cost: StatedCost | None = None

    @property
    def counting(self) -> Counting | None:
        """How C follows from N and D: as the rows state it, else 6 N D; None unless the law takes one kind of N."""
        kinds = [name for name in self.law.inputs if name in COUNTINGS]
        return counting_for(kinds[0], self.cost) if len(kinds) == 1 else None

    @cached_property
    def undetermined(self) -> tuple[str, ...]:
        """Coefficients with a singular direction, an interval beyond a factor of 10, or too few draws."""
        return undetermined(self)

    @property
    def trusted(self) -> Array | None:
        """The draws (b, k) used for intervals; None if too many were lost."""
        return None if self.draws is None or len(self.draws) < ENOUGH * self.spec.draws else self.draws

    @property
    def inputs(self) -> tuple[str, ...]:
        """Quantities the law takes."""
        return self.law.inputs

    @property
    def component_names(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the components of each vector input, and of the levels of each category."""
        return self.rows.levels

    @property
    def label(self) -> str:
        """The law's spelling."""
        return self.law.spelling

    @property
    def caveats(self) -> tuple[str, ...]:
        """The warnings of the fit."""
        return tuple(finding.message for finding in self.findings if finding.grade is Grade.WARN)

    @cached_property
    def digest(self) -> str:
        """Digest of rows, law and spec: equal inputs, equal digest."""
        law = {"law": self.law.spelling, "revision": self.law.revision}
        return digest({"rows": self.rows.digest, "target": self.target, **law, "spec": self.spec.to_dict()})

    @property
    def origin(self) -> Provenance:
        """Law, options and rows behind the fit, for the forecast registry."""
        law = {"law": self.law.spelling, "revision": self.law.revision}
        spec = {**law, **self.spec.to_dict()}
        return Provenance(self.law.spelling, spec, self.rows.x, self.rows.y, self.conditions)

    @property
    def scoring(self) -> Noise:
        """How residuals were scored, with a numeric threshold."""
        return self.noise or self.spec.noise

    @property
    def fitted(self) -> int:
        """Number of fitted coefficients."""
        return len(self.coef) - len(self.spec.fixed) - len(self.spec.ties)

    @cached_property
    @np.errstate(all="ignore")
    def residuals(self) -> Array:
        """Predicted minus measured, on the scale of the noise, (n,)."""
        value = np.asarray(self.law.predict(self.coef, self.rows.x))
        return self.scoring.residual(value, self.scoring.scaled(self.rows.y))[0]

    @cached_property
    def sample_of_rows(self) -> FittedProblem:
        """The problem at its optimum, used for draws and errors."""
        coordinates = Coordinates(self.law, self.rows.x, self.spec.restrictions)
        y, spread = self.scoring.scaled(self.rows.y), None if self.spread is None else self.spread.relative
        problem = Problem(coordinates, self.rows.x, y, self.scoring, spread)
        named = self.scoring.scale if self.spread is not None and self.spread.gamma is not None else None
        u = coordinates.coordinates(self.coef[None])[0]
        return FittedProblem(problem, u, self.rows.weight, numbered(self.rows.cluster), log_size(self.rows.x, named))

    @cached_property
    def errors(self) -> ResidualModel:
        """The distribution of the noise of a run."""
        return errors(self.sample_of_rows)

    @cached_property
    def seed_floor(self) -> SeedFloor | None:
        """The noise between replicate runs, which differ only in their seed; None without replicates."""
        sample = self.sample_of_rows
        standardised = self.residuals if self.spread is None else self.residuals / self.spread.relative
        return seed_floor(self.rows.x, standardised, sample.member, self.fitted, self.rows.setting)

    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        """Draw (draws, n) predictions; ``new_run`` adds the noise of one run, at least that between seeds."""
        return sample(self, x, kind, seed)

    def predict_at(self, x: Inputs, level: float, kind: Kind) -> Prediction:
        """Predict at n points, given as arrays, with the interval of the mean or of a new run; see ``predict``."""
        return predict(self, x, level, kind)

    def at(self, **values: float | str) -> "HeldAt":
        """Return the fit at fixed values of some of its inputs, such as a column that its formula names.

        Args:
            **values: input -> value; if only params and tokens remain, the result can plan.

        Raises:
            UnknownName: an input that the law does not take.
        """
        from scalelaw.fitting.held import held_at

        return held_at(self, values)

    def coefficients(self, level: float | None = None) -> dict[str, dict[str, Any]]:
        """Return value, standard error and interval of each coefficient, by name.

        The standard error is ``robust_sd`` of the draws, which heavy tails do not inflate. Standard error and interval
        equal None without draws or if too many were lost; an interval always contains its value.
        """
        return coefficients(self, level)

    def influence(
        self,
        quantity: str = "tokens_per_param",
        *,
        flops: float | str | None = None,
        rate: float = RATE,
        at: Mapping[str, float | str] | None = None,
    ) -> "Influence":
        """Measure how much a decision depends on each run, and on outlying runs together.

        See ``scalelaw.fitting.checks.influence.influence`` for the arguments.
        """
        from scalelaw.fitting.checks.influence import influence

        return influence(self, quantity, flops=flops, rate=rate, at=at)

    def freeze(
        self, /, *, run: str = "", conditions: Mapping[str, float | str] | None = None, **point: float | str
    ) -> "FrozenForecast":
        """Freeze a forecast of one future run in a tamper-evident form; ``save`` writes it.

        See ``scalelaw.registry.frozen.freeze`` for the arguments.

        Example:
            >>> import scalelaw as sl
            >>> fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=50)
            >>> fit.freeze(params="7B", tokens="140B", conditions={"tokenizer": "gpt2"}).point
            {'params': 7000000000.0, 'tokens': 140000000000.0}
        """
        from scalelaw.registry.freezing import freeze

        return freeze(self, run=run, conditions=conditions, **point)

    def profile(
        self, name: str | None = None, *, at: Mapping[str, float] | None = None, level: float | None = None
    ) -> LikelihoodProfile:
        """Return the profile likelihood of one coefficient, or of the mean ``at`` one point, with its interval.

        The rows must be independent with equal noise.

        Example:
            >>> import scalelaw as sl
            >>> fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), noise=sl.Noise("squared"), draws=0)
            >>> print(fit.profile("alpha"))  # doctest: +ELLIPSIS
            alpha 0.34..., 90 % profile interval 0.3... to 0.3...

        Raises:
            BadInput: not exactly one of ``name`` and ``at``, no such free coefficient, or rows that share a run.
        """
        if self.spec.prior is not None:
            raise BadInput("a profile uses only the runs, but this fit has a prior; refit without prior=")
        if (name is None) == (at is None):
            raise BadInput("profile takes either the name of a coefficient or at={...}")
        level = level or self.spec.level
        check_level(level)
        if name is not None:
            return profile_coefficient(self.sample_of_rows, name, self.spec.restrictions, level)
        return profile_prediction(self.sample_of_rows, at or {}, level)

    def methods(self) -> str:
        """Describe how the fit was made in a paragraph for a paper."""
        from scalelaw.fitting.methods import methods

        return methods(self)

    def bibtex(self) -> str:
        """Return BibTeX entries for the law's papers, the data (by digest) and scalelaw."""
        from scalelaw.fitting.methods import bibtex

        return bibtex(self)

    def save(self, path: str) -> None:
        """Write the fit as JSON, draws included; ``load_fit`` reads it back bit for bit."""
        from scalelaw.fitting.saving import save_fit

        save_fit(self, path)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for ``scalelaw fit --json``."""
        return to_dict(self)

    def to_columns(self) -> Columns:
        """Return one row per coefficient."""
        return columns_of({"name": name, **values} for name, values in self.coefficients().items())

    def in_brief(self) -> str:
        """Return law, target and coefficients, which ``repr`` shows."""
        values = ", ".join(f"{name} {value:.4g}" for name, value in self.coef.items())
        return f"{self.label} fitted to {self.target} of {counted(len(self.rows.y), 'row')}: {values}"

    def report(self) -> Report:
        """Return the report: coefficients, optimum, intervals, rows and warnings."""
        return report(self)
