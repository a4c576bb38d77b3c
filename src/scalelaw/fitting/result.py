"""The result of a fit: coefficients, draws, status and provenance; a forecaster."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.accounting.cost import StatedCost
from scalelaw.accounting.flops import COUNTINGS, Counting, counting_for
from scalelaw.core.components import check_mixtures, codes, kind_of
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
    holding,
    outside,
    robust_sd,
)
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.coefficients import Coefficients
from scalelaw.core.nouns.plottable import Plottable
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.core.version import __version__
from scalelaw.fitting.checks.outliers import RATE
from scalelaw.fitting.checks.status import FitStatus
from scalelaw.fitting.solver.coordinates import Coordinates
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.solver.solve import Problem
from scalelaw.fitting.spec import FitSpec, prior_in_words
from scalelaw.fitting.uncertainty.fitted_problem import FittedProblem, numbered
from scalelaw.fitting.uncertainty.intervals import described, units
from scalelaw.fitting.uncertainty.profile_likelihood import LikelihoodProfile, profile_coefficient, profile_prediction
from scalelaw.fitting.uncertainty.residual_model import ResidualModel, errors, log_size
from scalelaw.fitting.uncertainty.seed_noise import SeedFloor, seed_floor
from scalelaw.fitting.uncertainty.variance import VarianceFunction
from scalelaw.laws import Law
from scalelaw.runs.checking.missing import with_names
from scalelaw.runs.observations import SetAside

ENOUGH = 0.5
"""Least share of the requested draws; fewer would be a biased selection, so intervals need at least this."""
_WIDE = 10
"""A coefficient whose interval extends more than this factor from its value is undetermined."""

if TYPE_CHECKING:
    from scalelaw.fitting.checks.influence import Influence
    from scalelaw.fitting.held import HeldAt
    from scalelaw.registry.frozen import FrozenForecast


@dataclass(frozen=True, eq=False)
class FittedRows(Brief):
    """The rows a law was fitted to, and the excluded rows.

    Attributes:
        x: inputs, each (n,).
        y: measured values (n,).
        weight: weights (n,).
        cluster: the run of each row (n,).
        read: number of rows in the source.
        set_aside: excluded rows with reasons.
        digest: digest of the rows, independent of their order.
        levels: names of the components of a vector, or of the codes of a category.
        names: name of the run of each row, (n,); None without names.
        setting: number of the setting of each row's run, ignoring its seed, (n,); None if unknown.
    """

    x: Mapping[str, Array]
    y: Array
    weight: Array
    cluster: AnyArray
    read: int
    set_aside: tuple[SetAside, ...]
    digest: str
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: AnyArray | None = None
    setting: AnyArray | None = None

    def run_names(self) -> AnyArray:
        """Return the name of the run of each row, (n,), or its number without names."""
        return np.asarray(self.cluster).astype(str).astype(object) if self.names is None else self.names

    def arrays(self, x: Inputs) -> Inputs:
        """Return inputs as the law takes them, with categories as codes.

        Raises:
            BadInput: a level that was not fitted, or shares that do not sum to one.
        """
        check_mixtures(x)
        return {
            name: codes(name, values, self.levels.get(name, ())) if kind_of(name) == "text" else values
            for name, values in x.items()
        }


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
        open_ = set(self.status.undetermined)
        known = {*self.spec.fixed, *self.spec.ties, *self.status.at_bounds}
        if self.draws is not None and self.trusted is None:
            open_ |= {coef.name for coef in self.law.coefs} - known
        for coef, values in zip(self.law.coefs, self.coefficients().values(), strict=True):
            if coef.name in known or coef.low < 0 or values["lo"] is None:
                continue
            if values["lo"] < values["value"] / _WIDE or values["hi"] > values["value"] * _WIDE:
                open_.add(coef.name)
        return tuple(coef.name for coef in self.law.coefs if coef.name in open_)

    @property
    def trusted(self) -> Array | None:
        """The draws (b, k) used for intervals; None if too many were lost."""
        return None if self.draws is None or len(self.draws) < ENOUGH * self.spec.draws else self.draws

    @property
    def inputs(self) -> tuple[str, ...]:
        """Quantities the law takes."""
        return self.law.inputs

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

    @np.errstate(all="ignore")
    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        """Draw (draws, n) predictions; ``new_run`` adds the noise of one run, at least that between seeds."""
        from scalelaw.fitting.uncertainty.prior_draws import leans, new_run_errors

        if self.trusted is None:
            return None
        x = self.rows.arrays(x)
        mean = np.asarray(self.law.predict(self.trusted, x))
        if kind == "mean":
            return mean
        noise, rng = self.scoring, np.random.default_rng(seed)
        if leans(self):
            return noise.unscaled(noise.scaled(mean) - new_run_errors(self, mean.shape, rng))
        relative = 1.0 if self.spread is None else self.spread.at(x, noise)
        if noise.kind == "binomial":
            items = np.round(1 / np.broadcast_to(relative, mean.shape[-1:]) ** 2).astype(int)
            share = np.clip(mean, 0, 1)
            noisy = share + self.errors.sd * (rng.binomial(items, share) / items - share)
            return np.asarray(np.clip(noisy, 0.0, 1.0))
        named = noise.scale if self.spread is not None and self.spread.gamma is not None else None
        size = np.broadcast_to(log_size(x, named), mean.shape[-1:])
        floor = self.seed_floor.sd / self.errors.sd if self.seed_floor and self.errors.sd > 0 else 0.0
        error = self.errors.draw(size, len(mean), rng) * relative * max(1.0, floor)
        return np.asarray(noise.unscaled(noise.scaled(mean) - error))

    @np.errstate(all="ignore")
    def predict_at(self, x: Inputs, level: float, kind: Kind) -> Prediction:
        """Predict at n points, given as arrays, with the interval of the mean or of a new run; see ``predict``."""
        x = self.rows.arrays(x)
        mean = np.asarray(self.law.predict(self.coef, x))
        draws = self.sample(x, kind, self.spec.seed)
        lo, hi = (None, None) if draws is None else holding(mean, draws, level)
        return Prediction(mean, lo, hi, level, np.broadcast_to(outside(x, self.domain), mean.shape))

    def at(self, **values: float | str) -> "HeldAt":
        """Return the fit at fixed values of some of its inputs, such as a column that its formula names.

        Args:
            **values: input -> value; if params and tokens are left, the result can be planned with.

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
        level = level or self.spec.level
        k = len(self.law.coefs)
        unknown: list[float | None] = [None] * k
        se, lo, hi = unknown, unknown, unknown
        if self.trusted is not None:
            se = robust_sd(self.trusted).tolist()
            lo, hi = (ends.tolist() for ends in holding(self.coef, self.trusted, level))
            for i in self._pressed():
                se[i] = lo[i] = hi[i] = None
        return {
            c.name: {
                "value": float(self.coef[i]),
                "se": se[i],
                "lo": lo[i],
                "hi": hi[i],
                "level": level,
                "unit": c.unit,
            }
            for i, c in enumerate(self.law.coefs)
        }

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
        from scalelaw.registry.frozen import freeze

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
            raise BadInput("a profile uses the runs alone, but this fit has a prior; refit without prior=")
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
        return {
            "schema": "scalelaw.fit-summary/1",
            "law": self.law.spelling,
            "target": self.target,
            "coefficients": self.coefficients(),
            "objective": self.objective,
            "status": {**self.status.to_dict(), "undetermined": list(self.undetermined)},
            "starts": {"n": self.status.starts, "agreeing": self.status.agreeing},
            "rows": {
                "read": self.rows.read,
                "set_aside": [part.to_dict() for part in self.rows.set_aside],
                "fitted": len(self.rows.y),
            },
            "domain": {name: list(ends) for name, ends in self.domain.items()},
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": list(self.notes),
            "compute": self._counted,
            "noise": {
                **self.scoring.to_dict(),
                "spread": self.spread.to_dict() if self.spread else None,
                "seed_floor": self.seed_floor.to_dict() if self.seed_floor else None,
            },
            "spec": self.spec.to_dict(),
            "digest": self.digest,
            "version": self.version,
        }

    def to_columns(self) -> Columns:
        """Return one row a coefficient."""
        return columns_of({"name": name, **values} for name, values in self.coefficients().items())

    def in_brief(self) -> str:
        """Return law, target and coefficients, which ``repr`` shows."""
        values = ", ".join(f"{name} {value:.4g}" for name, value in self.coef.items())
        return f"{self.label} fitted to {self.target} of {counted(len(self.rows.y), 'row')}: {values}"

    def sheet(self) -> Report:
        """Return the report: coefficients, optimum, intervals, rows and warnings."""
        return Report(f"{self.law.spelling} fitted to {self.target}", [self._table(), Lines(self._lines())])

    @property
    def _counted(self) -> str | None:
        """How C follows from N and D, in words; None unless the law takes both."""
        return self.counting.words if self.counting and "tokens" in self.inputs else None

    def _why(self, part: SetAside) -> str:
        return with_names(part.reason, part.n, self.findings)

    def _table(self) -> Table:
        """Return the table of coefficients."""
        percent = f"{100 * self.spec.level:g} % interval"
        rows = [["", "value", "se", percent, "", "meaning"]]
        for c, values in zip(self.law.coefs, self.coefficients().values(), strict=True):
            known = values["se"] is not None
            rows.append(
                [
                    c.name,
                    f"{values['value']:.5g}",
                    f"{values['se']:.2g}" if known else "unknown",
                    _end(values["lo"], values["value"]) if known else "unknown",
                    _end(values["hi"], values["value"]) if known else "",
                    c.meaning,
                ]
            )
        return Table(rows, right=[1, 2, 3, 4])

    def _lines(self) -> list[tuple[str, str]]:
        """Return the lines below the table of coefficients."""
        draws = 0 if self.trusted is None else len(self.trusted)
        lines = [
            ("objective", f"{self.objective:.4g} (sum of losses; {self.scoring})"),
            ("optimum", self._found()),
            ("intervals", self._drawn(draws) if draws else self._undrawn()),
            *self._noise_lines(),
            ("rows", f"{self.rows.read} read, {len(self.rows.y)} fitted"),
            *(("", f"{part.n} excluded: {self._why(part)}") for part in self.rows.set_aside),
            ("fitted on", ", ".join(self._ranges())),
            *(() if self._counted is None else (("compute", self._counted),)),
            *(("note", note) for note in self.notes),
            *self._doubts(),
        ]
        return lines

    def _found(self) -> str:
        """Return whether the search converged, and the undetermined coefficients."""
        wide = [name for name in self.undetermined if name not in self.status.undetermined]
        return f"{self.status}; these runs do not determine {', '.join(wide)}" if wide else str(self.status)

    def _ranges(self) -> list[str]:
        """Return what was fitted of each input: the range of a number or share, the levels of a category."""
        ranges = []
        for name in dict.fromkeys((*self.inputs, "flops")):
            levels = self.rows.levels.get(name, ())
            if kind_of(name) == "text":
                ranges.append(f"{name} {', '.join(levels)}")
            ends = [(key, self.domain[key]) for key in self.domain if key.partition("[")[0] == name]
            for i, (_, (low, high)) in enumerate(ends):
                of = f" of {levels[i]}" if kind_of(name) == "vector" and i < len(levels) else ""
                ranges.append(f"{name}{of} {format_number(low)} to {format_number(high)}")
        return ranges

    def _pressed(self) -> list[int]:
        """Return indices of the fitted coefficients whose draws are all at a bound, so that their spread is unknown."""
        held = {*self.spec.fixed, *self.spec.ties}
        still = np.ptp(self.draws, axis=0) == 0 if self.draws is not None else np.zeros(len(self.coef), bool)
        return [i for i, coef in enumerate(self.law.coefs) if still[i] and coef.name not in held]

    def _undrawn(self) -> str:
        """Return why there are no draws."""
        if not self.spec.draws:
            return "none: no draws requested"
        if self.draws is not None:
            lost = self.spec.draws - len(self.draws)
            return f"none: {lost} of {self.spec.draws} draws failed, and the rest would be a biased selection"
        spare = len(self.rows.y) > self.fitted
        return "none: no draw has finite values" if spare else "none: too few rows to estimate the noise"

    def _drawn(self, draws: int) -> str:
        """Describe how the draws were made."""
        from scalelaw.fitting.uncertainty.prior_draws import leans

        runs, rows = len(np.unique(self.rows.cluster)), len(self.rows.y)
        if self.spec.prior is None:
            return described(self.spec, draws, runs, rows)
        moved = "rows perturbed by their noise" if leans(self) else f"resampled {units(runs, rows)}"
        return f"{draws} refits with exponents drawn from the {prior_in_words(self.spec.prior)}, {moved}"

    def _noise_lines(self) -> list[tuple[str, str]]:
        """Return the lines about the noise."""
        spread, lines = self.spread, []
        if spread is not None and spread.gamma is not None:
            size, se = f"({self.scoring.scale} / {np.exp(spread.log_reference):.3g})", spread.gamma_se
            lines.append(("noise", f"sd grows as {size}^{spread.gamma:.3g} (se {se:.2g})"))
        if spread is not None and spread.excess is not None:
            lines.append(("noise", f"sd {spread.excess:.3g} beyond the standard errors of the values"))
        if self.scoring.kind == "binomial" and len(self.rows.y) > self.fitted:
            lines.append(("noise", f"{self.errors.sd:.3g} times the binomial sd of n_items"))
        if self.seed_floor is not None:
            lines.append(("seed floor", str(self.seed_floor)))
        return lines

    def _doubts(self) -> list[tuple[str, str]]:
        """Return the findings that no line above shows, with a shared fix given once."""
        shown = [
            finding
            for finding in self.findings
            if finding.code != "FIT_NOT_CERTIFIED"
            and (finding.grade is not Grade.SET_ASIDE or finding.code == "RUNS_UNREADABLE")
        ]
        lines = []
        for finding, following in zip(shown, [*shown, None][1:], strict=True):
            lines.append((str(finding.grade), f"{finding.message} [{finding.code}]"))
            if finding.fix and (following is None or following.fix != finding.fix):
                lines.append(("", finding.fix))
        return lines


def _end(end: float, value: float) -> str:
    """Format an end of an interval, one digit shorter than the value unless equal to it."""
    return f"{end:.5g}" if end == value else f"{end:.4g}"
