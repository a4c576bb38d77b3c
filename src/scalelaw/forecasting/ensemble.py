"""The ensemble: several fitted laws as one forecaster, with an interval calibrated on larger runs of other studies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from scalelaw.accounting.flops import Counting
from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_result import IsoFlop
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.core.digest import digest
from scalelaw.core.errors import ScalelawError
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.forecaster import Domain, Kind, Predicting, Prediction, Provenance, half_width, outside
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.plottable import Plottable
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import Array, Inputs
from scalelaw.core.version import __version__
from scalelaw.fitting.result import FitResult
from scalelaw.forecasting.calibration import Calibration, WidthTerms
from scalelaw.forecasting.members import named
from scalelaw.laws import HasOptimum
from scalelaw.registry.freezing import freeze
from scalelaw.registry.frozen import FrozenForecast
from scalelaw.runs.observations import Observations
from scalelaw.runs.reducing.thinned import THINNED

_TINY = 1e-9
_CLOSE = 0.005
"""Relative residual of the best-fitting law below which better-fitting laws weigh more in the width."""
_PROFILE_DRAWS = 200


@dataclass(frozen=True, eq=False)
class MemberPredictions(Brief):
    """Predictions of m members at n points, before they are combined.

    Attributes:
        names: the laws, (m,).
        logs: log of each forecast, (m, n).
        spreads: half the width of each member's central 68 % of draws, on the log, (m, n).
        residuals: weighted relative residual of each member, (m,).
    """

    names: tuple[str, ...]
    logs: Array
    spreads: Array
    residuals: Array

    @property
    def weights(self) -> Array:
        """Weight of each member, (m,), proportional to 1 / residual^2; the sum is one."""
        return _weights(self.residuals)

    @property
    def centre(self) -> Array:
        """Weighted geometric mean of the forecasts, (n,)."""
        return np.asarray(np.exp(self.weights @ self.logs))

    @property
    def doubt(self) -> WidthTerms:
        """Terms of the width of the forecast."""
        apart, share = np.abs(self.logs - self.weights @ self.logs), self._width_shares
        return WidthTerms(
            residual=np.full(self.logs.shape[1], self.residuals.min()),
            draws=np.sqrt(share @ self.spreads**2),
            forms=(share @ np.sqrt(apart)) ** 2,
        )

    @property
    def _width_shares(self) -> Array:
        """Share of each law in the width, (m,).

        If even the best law misses the runs by several percent, residuals do not show which law extrapolates best,
        and all shares are equal; if it fits closely, shares are inverse to the residuals.
        """
        closest = self.residuals.min()
        shares = (closest / self.residuals) ** (_CLOSE**2 / (_CLOSE**2 + closest**2))
        return np.asarray(shares / shares.sum())


@dataclass(frozen=True, eq=False)
class Ensemble(Renderable, Tabular, Plottable, Predicting):
    """Laws fitted to one table, weighted by how well they fit it.

    Attributes:
        members: the fitted laws.
        calibration: sets the width of intervals.
        left_out: law -> why it is not in the ensemble.
        observed: the rows, for IsoFLOP profiles.
        seed: seed of ``predict``.
        version: scalelaw's version.
    """

    members: tuple[FitResult, ...]
    calibration: Calibration
    left_out: Mapping[str, str] = field(default_factory=dict)
    observed: Observations | None = None
    seed: int = 0
    version: str = __version__

    @cached_property
    def counting(self) -> Counting | None:
        """Convention that gives C from N and D; None if the members do not take N."""
        found = (member.counting for member in self.members)
        return next((counting for counting in found if counting is not None), None)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Quantities ``predict`` needs; compute follows from params and tokens unless given."""
        if self.counting is not None and any("tokens" in member.inputs for member in self.members):
            return (self.counting.params, "tokens")
        return self.members[0].inputs

    @property
    def target(self) -> str:
        """The predicted metric."""
        return self.members[0].target

    @property
    def domain(self) -> Domain:
        """Fitted range of each quantity."""
        return self.members[0].domain

    @cached_property
    def digest(self) -> str:
        """Digest of the members and the calibration."""
        parts = {"members": [member.digest for member in self.members], "calibration": self.calibration.digest}
        return digest({**parts, "seed": self.seed})

    @property
    def origin(self) -> Provenance:
        """Members, weights, calibration and rows, for the record of a frozen forecast."""
        shares = [f"{weight:.3f} {fit.label}" for fit, weight in zip(self.members, self.weights, strict=True)]
        spec = {
            "members": [{"law": fit.label, "weight": float(weight), **fit.origin.spec}
                        for fit, weight in zip(self.members, self.weights, strict=True)],
            "calibration": self.calibration.digest,
            "seed": self.seed,
        }  # fmt: skip
        whole = next((fit for fit in self.members if set(self.inputs) <= set(fit.rows.x)), self.members[0])
        return Provenance(" + ".join(shares), spec, whole.rows.x, whole.rows.y, whole.conditions)

    def freeze(
        self, /, *, run: str = "", conditions: Mapping[str, float | str] | None = None, **point: float | str
    ) -> FrozenForecast:
        """Return a tamper-evident forecast of one future run; see ``FitResult.freeze``."""
        return freeze(self, run=run, conditions=conditions, **point)

    @property
    def label(self) -> str:
        """A short name."""
        return f"ensemble of {counted(len(self.members), 'law')}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings about the rows, each once; those about the fit of a single member are omitted."""
        found = {(each.code, each.message): each for member in self.members for each in member.findings}
        return tuple(each for each in found.values() if not each.code.startswith("FIT_"))

    @property
    def caveats(self) -> tuple[str, ...]:
        """Warnings and omitted laws."""
        warned = [finding.message for finding in self.findings if finding.grade is Grade.WARN]
        lacking = [f"without {law}: {why}" for law, why in self.left_out.items()]
        return (*warned, *lacking)

    @property
    def deciding(self) -> tuple[tuple[FitResult, float], ...]:
        """Members with a compute-optimal split, each with its residual; plans use these."""
        each = zip(self.members, self.residuals, strict=True)
        return tuple((fit, float(residual)) for fit, residual in each if isinstance(fit.law, HasOptimum))

    @cached_property
    def profiles(self) -> IsoFlop | None:
        """Best size at each budget of the table; None with fewer than two IsoFLOP profiles."""
        if self.observed is None or self.counting is None:
            return None
        try:
            return isoflop_observations(self.observed, IsoFlopSpec(n=self.counting.params, draws=_PROFILE_DRAWS))
        except ScalelawError:
            return None

    @property
    def largest(self) -> float:
        """C in FLOP of the largest run."""
        return float(self.domain["flops"][1])

    @cached_property
    def residuals(self) -> Array:
        """Weighted relative residual of each member, (m,)."""
        return np.array([_residual(member) for member in self.members])

    @property
    def weights(self) -> Array:
        """Weight of each member, (m,), summing to one."""
        return _weights(self.residuals)

    @np.errstate(all="ignore")
    def parts(self, x: Inputs) -> MemberPredictions:
        """Return the prediction of each member at n points."""
        full = self._completed(x)
        logs = self._logs(full)
        spreads = np.array([_spread(member, full) for member in self.members])
        return MemberPredictions(
            tuple(named(member.law, member.spec.fixed) for member in self.members), logs, spreads, self.residuals
        )

    @np.errstate(all="ignore")
    def centre(self, params: Array, tokens: Array) -> Array:
        """Return the loss, without an interval, at points of any shape."""
        assert self.counting is not None
        flat = {self.counting.params: np.ravel(params), "tokens": np.ravel(tokens)}
        return np.asarray(np.exp(self.weights @ self._logs(self._completed(flat)))).reshape(np.shape(params))

    def width(self, params: Array, tokens: Array) -> Array:
        """Return the interval width of the mean log loss at n points, (n,)."""
        assert self.counting is not None
        return self.calibration.width(self.parts({self.counting.params: params, "tokens": tokens}).doubt, of_run=False)

    def quantile(self, rank: Array) -> Array:
        """Return the quantile at a rank in (0, 1), as a number of widths from the centre."""
        return self.calibration.quantile(rank)

    def predict_at(self, x: Inputs, level: float, kind: Kind) -> Prediction:
        """Predict at n points; the interval covered a share ``level`` of larger runs of other studies."""
        parts = self.parts(x)
        centre, width = parts.centre, self.calibration.width(parts.doubt, of_run=kind == "new_run")
        half = self.calibration.factor(level) * width
        beyond = outside({name: x[name] for name in self.inputs}, self.domain)
        return Prediction(
            centre, centre * np.exp(-half), centre * np.exp(half), level, np.broadcast_to(beyond, centre.shape)
        )

    @np.errstate(all="ignore")
    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        """Draw predictions (draws, n): calibrated quantiles at each point, at the ranks of the members' draws."""
        full, rng = self._completed(x), np.random.default_rng(seed)
        fewest = min(len(member.draws) for member in self.members if member.draws is not None)
        chosen = rng.choice(len(self.members), size=fewest, p=self.weights)
        rows = []
        for i in np.unique(chosen):
            draws = self.members[i].draws
            assert draws is not None
            taken = rng.permutation(len(draws))[: np.sum(chosen == i)]
            rows.append(_log_loss(self.members[i], draws[taken], full))
        logs = rng.permutation(np.vstack(rows))
        parts = self.parts(x)
        if kind == "new_run":
            logs = logs + parts.doubt.residual * rng.standard_normal(logs.shape)
        width = self.calibration.width(parts.doubt, of_run=kind == "new_run")
        return np.asarray(parts.centre * np.exp(width * self.calibration.by_rank(logs)))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the ensemble in ``scalelaw forecast --json``."""
        return {
            "members": [
                {"law": fit.law.spelling, "fixed": dict(fit.spec.fixed), "weight": float(weight),
                 "residual": float(residual), "digest": fit.digest,
                 "coefficients": {name: each["value"] for name, each in fit.coefficients().items()}}
                for fit, weight, residual in zip(self.members, self.weights, self.residuals, strict=True)
            ],
            "left_out": dict(self.left_out),
            "target": self.target,
            "domain": {name: list(ends) for name, ends in self.domain.items()},
            "calibration": self.calibration.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
            "digest": self.digest,
            "version": self.version,
        }  # fmt: skip

    def to_columns(self) -> Columns:
        """Return one row per law."""
        return columns_of(self.to_dict()["members"])

    def report(self) -> Report:
        """Return the members and the sources of the interval."""
        rows = [["law", "weight", "residual", "coefficients"]]
        for fit, weight, residual in zip(self.members, self.weights, self.residuals, strict=True):
            values = ", ".join(f"{name} {each['value']:.4g}" for name, each in fit.coefficients().items())
            rows.append([named(fit.law, fit.spec.fixed), f"{weight:.0%}", f"{residual:.2%}", values])
        known = self.calibration
        lines = [
            ("interval", f"calibrated on {known.cases} forecasts of larger runs by {len(known.sources)} sources"),
            *(("rows", each.reason) for each in self.members[0].rows.set_aside if each.reason.startswith(THINNED)),
            *(("note", finding.message) for finding in self.findings),
            *(("left out", f"{law}: {why}") for law, why in self.left_out.items()),
        ]
        n = len(self.members[0].rows.y)
        return Report(
            f"{self.label}, fitted to {self.target} of {format_number(n)} runs",
            [Table(rows, right=range(1, 3)), Lines(lines, width=0)],
        )

    def _logs(self, full: Inputs) -> Array:
        """Return the log of each member's forecast, (m, n)."""
        return np.array(np.broadcast_arrays(*(_log_loss(member, member.coef, full) for member in self.members)))

    def _completed(self, x: Inputs) -> Inputs:
        """Return the inputs with compute added, which some members take."""
        if "flops" in x or self.counting is None or "tokens" not in x:
            return x
        params, tokens = np.asarray(x[self.counting.params], float), np.asarray(x["tokens"], float)
        return {**x, "flops": self.counting.flops(params, tokens)}


@np.errstate(all="ignore")
def _residual(fit: FitResult) -> float:
    """Return the weighted relative residual of a fit, corrected for the number of coefficients."""
    n, weight = len(fit.rows.y), fit.rows.weight
    spare = n / max(n - fit.fitted, 2)
    predicted = np.maximum(np.asarray(fit.law.predict(fit.coef, fit.rows.x)), _TINY)
    squares = np.log(predicted / fit.rows.y) ** 2
    return max(float(np.sqrt(spare * np.average(squares, weights=weight))), 1e-5)


def _log_loss(member: FitResult, coef: Array, x: Inputs) -> Array:
    """Return the log of a law's loss at coefficients (..., k), (..., n)."""
    return np.asarray(np.log(np.maximum(np.asarray(member.law.predict(coef, x)), _TINY)))


def _weights(residuals: Array) -> Array:
    shares = (residuals.min() / residuals) ** 2
    return np.asarray(shares / shares.sum())


@np.errstate(all="ignore")
def _spread(member: FitResult, x: Inputs) -> Array:
    """Return half the width of the central 68 % of a member's draws, on the log, (n,)."""
    assert member.draws is not None
    logs = _log_loss(member, member.draws, x)
    return half_width(logs[np.isfinite(logs).all(axis=1)])
