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
from scalelaw.fitting.spec import FitSpec, said_prior
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
"""Share of the draws asked for below which those left are a selection, off which no interval is read."""
_WIDE = 10
"""A coefficient whose interval reaches further than this factor from its value is not determined."""

if TYPE_CHECKING:
    from scalelaw.fitting.checks.influence import Influence
    from scalelaw.fitting.held import HeldAt
    from scalelaw.registry.frozen import FrozenForecast


@dataclass(frozen=True, eq=False)
class FittedRows(Brief):
    """The rows a law was fitted to, and what became of the others.

    Attributes:
        x: inputs, each (n,).
        y: measured values (n,).
        weight: weights (n,).
        cluster: the run of each row (n,).
        read: rows of the source.
        set_aside: what was left out.
        digest: digest of the rows, whatever their order.
        levels: the names behind the components of a vector, or the codes of a category.
        names: name of the run of each row, (n,); None where nobody gave one.
        setting: number of what was chosen for the run of each row, its seed left out, (n,); None where not known.
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
        """Return the name of the run of each row, its number where nobody gave one, (n,)."""
        return np.asarray(self.cluster).astype(str).astype(object) if self.names is None else self.names

    def arrays(self, x: Inputs) -> Inputs:
        """Return inputs as the law takes them: categories by their codes, shares that sum to one.

        Raises:
            BadInput: a level that was not fitted, or shares that make no mixture.
        """
        check_mixtures(x)
        return {
            name: codes(name, values, self.levels.get(name, ())) if kind_of(name) == "text" else values
            for name, values in x.items()
        }


@dataclass(frozen=True, eq=False)
class FitResult(Renderable, Tabular, Predicting):
    """One law fitted to one target.

    Attributes:
        law: the law.
        coef: coefficients at the optimum, (k,); ``coef["alpha"]`` is one of them.
        draws: draws of the coefficients (b, k), or None where none were asked for.
        objective: weighted sum of losses at the optimum.
        status: whether the optimum can be trusted.
        spec: how it was fitted.
        rows: what it was fitted to.
        target: what was predicted, ``metric@eval_set``.
        domain: quantity -> range fitted.
        findings: what was noticed.
        notes: what was assumed or derived, in words.
        noise: how residuals were scored, its threshold a number; None stands for that of the spec.
        spread: relative size of the noise of each row, where it was found or known.
        version: scalelaw's version.
        conditions: what all fitted rows share and a run must to be compared: dataset, tokenizer and the like.
        cost: C over 6 N D by size, where the rows state compute of their own.
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
        """How C follows from N and D: as the rows state it, else 6 N D; None where the law takes no one kind of N."""
        kinds = [name for name in self.law.inputs if name in COUNTINGS]
        return counting_for(kinds[0], self.cost) if len(kinds) == 1 else None

    @cached_property
    def undetermined(self) -> tuple[str, ...]:
        """Coefficients the runs leave open: a singular direction, an interval beyond a factor of 10, lost draws."""
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
        """The draws (b, k) that intervals are read off; None where most of those asked for were lost."""
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
        """What it was made of, for whoever registers a forecast of it."""
        law = {"law": self.law.spelling, "revision": self.law.revision}
        spec = {**law, **self.spec.to_dict()}
        return Provenance(self.law.spelling, spec, self.rows.x, self.rows.y, self.conditions)

    @property
    def scoring(self) -> Noise:
        """How residuals were scored, its threshold a number."""
        return self.noise or self.spec.noise

    @property
    def fitted(self) -> int:
        """How many coefficients were fitted."""
        return len(self.coef) - len(self.spec.fixed) - len(self.spec.ties)

    @cached_property
    @np.errstate(all="ignore")
    def residuals(self) -> Array:
        """Predicted minus measured, on the scale of the noise, (n,)."""
        value = np.asarray(self.law.predict(self.coef, self.rows.x))
        return self.scoring.residual(value, self.scoring.scaled(self.rows.y))[0]

    @cached_property
    def sample_of_rows(self) -> FittedProblem:
        """The problem at its optimum, from which draws and errors are made."""
        coordinates = Coordinates(self.law, self.rows.x, self.spec.restrictions)
        y, spread = self.scoring.scaled(self.rows.y), None if self.spread is None else self.spread.relative
        problem = Problem(coordinates, self.rows.x, y, self.scoring, spread)
        named = self.scoring.scale if self.spread is not None and self.spread.gamma is not None else None
        u = coordinates.coordinates(self.coef[None])[0]
        return FittedProblem(problem, u, self.rows.weight, numbered(self.rows.cluster), log_size(self.rows.x, named))

    @cached_property
    def errors(self) -> ResidualModel:
        """How the noise of a run is distributed."""
        return errors(self.sample_of_rows)

    @cached_property
    def seed_floor(self) -> SeedFloor | None:
        """The noise between replicate runs, which differ in nothing recorded but their seed; None without any."""
        sample = self.sample_of_rows
        standardised = self.residuals if self.spread is None else self.residuals / self.spread.relative
        return seed_floor(self.rows.x, standardised, sample.member, self.fitted, self.rows.setting)

    @np.errstate(all="ignore")
    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        """Draw (draws, n) predictions; ``new_run`` adds the noise of one run, never less than seeds alone make."""
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
            **values: input -> value; a plan may be asked of what is left where that is params and tokens.

        Raises:
            UnknownName: an input that the law does not take.
        """
        from scalelaw.fitting.held import held_at

        return held_at(self, values)

    def coefficients(self, level: float | None = None) -> dict[str, dict[str, Any]]:
        """Return value, standard error and interval of each coefficient, by name.

        The standard error is ``robust_sd`` of the draws, which heavy tails do not inflate. All three are None where
        nothing is known of them, as where most draws were lost; an interval always holds its value.
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
        """Return what a decision owes to each run, and to runs that do not belong with the others.

        See ``scalelaw.fitting.checks.influence.influence`` for the arguments.
        """
        from scalelaw.fitting.checks.influence import influence

        return influence(self, quantity, flops=flops, rate=rate, at=at)

    def freeze(
        self, /, *, run: str = "", conditions: Mapping[str, float | str] | None = None, **point: float | str
    ) -> "FrozenForecast":
        """Return a forecast of one run yet to come that cannot be changed unseen; ``save`` writes it.

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

        Rows are taken as independent and alike.

        Example:
            >>> import scalelaw as sl
            >>> fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), noise=sl.Noise("squared"), draws=0)
            >>> print(fit.profile("alpha"))  # doctest: +ELLIPSIS
            alpha 0.34..., 90 % profile interval 0.3... to 0.3...

        Raises:
            BadInput: not one of both, no such free coefficient, or rows that share a run.
        """
        if self.spec.prior is not None:
            raise BadInput("a profile is of the runs alone, and this fit leans on a prior")
        if (name is None) == (at is None):
            raise BadInput("profile takes the name of a coefficient or at={...}, one of both")
        level = level or self.spec.level
        check_level(level)
        if name is not None:
            return profile_coefficient(self.sample_of_rows, name, self.spec.restrictions, level)
        return profile_prediction(self.sample_of_rows, at or {}, level)

    def methods(self) -> str:
        """Return how the fit was made, as a paragraph for a paper."""
        from scalelaw.fitting.methods import methods

        return methods(self)

    def bibtex(self) -> str:
        """Return the BibTeX of the works the law comes from, of the data by its digest, and of scalelaw."""
        from scalelaw.fitting.methods import bibtex

        return bibtex(self)

    def save(self, path: str) -> None:
        """Write the fit as JSON, draws included; ``load_fit`` reads it back bit for bit."""
        from scalelaw.fitting.saving import save_fit

        save_fit(self, path)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw fit --json``."""
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
        """Return coefficients, optimum, intervals, rows and doubts."""
        return Report(f"{self.law.spelling} fitted to {self.target}", [self._table(), Lines(self._lines())])

    @property
    def _counted(self) -> str | None:
        """How C follows from N and D, in words; None for a law that lacks one of them."""
        return self.counting.words if self.counting and "tokens" in self.inputs else None

    def _why(self, part: SetAside) -> str:
        return with_names(part.reason, part.n, self.findings)

    def _table(self) -> Table:
        """Return the coefficients."""
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
        """Return what stands below the coefficients."""
        draws = 0 if self.trusted is None else len(self.trusted)
        lines = [
            ("objective", f"{self.objective:.8g} (sum of losses; {self.scoring})"),
            ("optimum", self._found()),
            ("intervals", self._drawn(draws) if draws else self._undrawn()),
            *self._noise_lines(),
            ("rows", f"{self.rows.read} read, {len(self.rows.y)} fitted"),
            *(("", f"{part.n} set aside: {self._why(part)}") for part in self.rows.set_aside),
            ("fitted on", ", ".join(self._ranges())),
            *(() if self._counted is None else (("compute", self._counted),)),
            *(("note", note) for note in self.notes),
            *self._doubts(),
        ]
        return lines

    def _found(self) -> str:
        """Return whether the search converged, and the coefficients that these runs leave open."""
        wide = [name for name in self.undetermined if name not in self.status.undetermined]
        return f"{self.status}; these runs do not determine {', '.join(wide)}" if wide else str(self.status)

    def _ranges(self) -> list[str]:
        """Return what was fitted of each input: the range of a number or share, the levels of a category."""
        said = []
        for name in dict.fromkeys((*self.inputs, "flops")):
            levels = self.rows.levels.get(name, ())
            if kind_of(name) == "text":
                said.append(f"{name} {', '.join(levels)}")
            ends = [(key, self.domain[key]) for key in self.domain if key.partition("[")[0] == name]
            for i, (_, (low, high)) in enumerate(ends):
                of = f" of {levels[i]}" if kind_of(name) == "vector" and i < len(levels) else ""
                said.append(f"{name}{of} {format_number(low)} to {format_number(high)}")
        return said

    def _pressed(self) -> list[int]:
        """Return the fitted coefficients whose draws all rest on a bound, so that nothing is known of their spread."""
        held = {*self.spec.fixed, *self.spec.ties}
        still = np.ptp(self.draws, axis=0) == 0 if self.draws is not None else np.zeros(len(self.coef), bool)
        return [i for i, coef in enumerate(self.law.coefs) if still[i] and coef.name not in held]

    def _undrawn(self) -> str:
        """Return why there are no draws."""
        if not self.spec.draws:
            return "none: no draws asked for"
        if self.draws is not None:
            lost = self.spec.draws - len(self.draws)
            return f"none: {lost} of {self.spec.draws} draws were lost, and those left are a selection"
        spare = len(self.rows.y) > self.fitted
        return "none: no draw has finite values" if spare else "none: no row is spare to tell the noise"

    def _drawn(self, draws: int) -> str:
        """Return how the draws were made."""
        from scalelaw.fitting.uncertainty.prior_draws import leans

        runs, rows = len(np.unique(self.rows.cluster)), len(self.rows.y)
        if self.spec.prior is None:
            return described(self.spec, draws, runs, rows)
        moved = "rows moved by their noise" if leans(self) else f"resampled {units(runs, rows)}"
        return f"{draws} refits with exponents drawn from the {said_prior(self.spec.prior)}, {moved}"

    def _noise_lines(self) -> list[tuple[str, str]]:
        """Return what was found of the noise."""
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
        """Return the findings that no line above tells, a way out that several share once."""
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
    """Return an end of the interval beside its value, one digit shorter unless it is the value."""
    return f"{end:.5g}" if end == value else f"{end:.4g}"
