"""Expected half-width of a forecast from a ladder, before training.

J holds the derivatives of log loss with respect to the log coefficients at the ladder's runs, g those at the target,
and V the covariance of the runs' noise (branches of one trunk are correlated). Least squares then gives

    var_coef = g' (J'J)^-1 J' V J (J'J)^-1 g
    half^2   = t^2 (var_coef + noise^2) + z^2 form^2 decades

t and z are quantiles of Student's distribution (runs minus coefficients degrees of freedom) and of the normal one. The
last term comes from earlier backtests: no functional form is exact, and its error grows with the reach.

code                grade   when
REACH_UNMEASURED    warn    the form error was measured only for shorter reaches
RUNS_UNLIKE         warn    most runs lie outside the fitted range of the assumed law
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.forecaster import check_level, outside
from scalelaw.core.nouns.tabular import Columns, Tabular, one_row
from scalelaw.core.numbers import format_number
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.core.types import AnyArray, Array
from scalelaw.designing.assumed import CPU_TEXT, MEASURED_REACH, SMALL, Assumed, Assumption, assumed
from scalelaw.ladder import Ladder, Rung
from scalelaw.planning.loss_surfaces import counting_of
from scalelaw.planning.solve import plan

BEYOND = 10.0
"""Default compute of the target over that of the largest run."""
_SINGULAR = 1e-13


@dataclass(frozen=True, eq=False)
class HalfWidth(Renderable, Tabular):
    """Expected half-width of the forecast, as a share of the loss, with its parts.

    Attributes:
        params: N of the target, in the kind the law takes.
        tokens: D of the target.
        flops: C of the target, FLOP.
        loss: loss of the assumed law at the target.
        level: probability of the interval.
        reach: C of the target divided by the C of the largest fitted run.
        coefs: part from the coefficients; None if the ladder does not determine them.
        run: part from the noise of the target run.
        form: part from the error of the law's form at this reach.
        runs: number of fitted runs.
        outside: number of fitted runs outside the fitted range of the assumed law.
        assumption: the assumed law and noise.
    """

    params: float
    tokens: float
    flops: float
    loss: float
    level: float
    reach: float
    coefs: float | None
    run: float
    form: float
    runs: int
    outside: int
    assumption: Assumed

    @property
    def total(self) -> float | None:
        """Total half-width, as a share of the loss; None if the ladder does not determine the coefficients."""
        return None if self.coefs is None else float(np.sqrt(self.coefs**2 + self.run**2 + self.form**2))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Warnings about the half-width."""
        found = []
        if self.reach > MEASURED_REACH:
            reach = f"{self.reach:.3g} x the largest run"
            message = f"the reach is {reach}; the form error was measured only up to {MEASURED_REACH:g} x"
            found.append(Finding("REACH_UNMEASURED", Grade.WARN, message, 0, "treat the half-width as a lower bound"))
        if self.outside > self.runs / 2:
            message = f"{self.outside} of {self.runs} runs lie outside the fitted range of the assumed law"
            fix = "assume a law fitted to similar runs (--assume)"
            found.append(Finding("RUNS_UNLIKE", Grade.WARN, message, self.outside, fix))
        return tuple(found)

    def lines(self) -> list[tuple[str, str]]:
        """Return label and text of each line."""
        at = f"N {format_number(self.params)}, D {format_number(self.tokens)}, C {self.flops:.3g} FLOP"
        if self.total is None:
            width = f"unknown: {self.runs} fitted runs do not determine the {len(self.assumption.coef)} coefficients"
        else:
            parts = f"coefficients {self.coefs:.2%}, the run itself {self.run:.2%}, the law's form {self.form:.2%}"
            width = f"±{self.total:.2%} of the loss at {100 * self.level:g} % ({parts})"
        return [
            ("target", f"{at}; {self.reach:.3g} x the largest fitted run"),
            ("half-width", width),
            ("loss", f"{self.loss:.4g} by the assumed law"),
            ("assumes", self.assumption.source),
            *(("warn", f"{each} [{each.code}]") for each in self.findings),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": "scalelaw.half_width/1",
            "target": {"params": self.params, "tokens": self.tokens, "flops": self.flops, "loss": self.loss},
            "level": self.level,
            "reach": self.reach,
            "half_width": self.total,
            "coefs": self.coefs,
            "run": self.run,
            "form": self.form,
            "runs": self.runs,
            "outside": self.outside,
            "assumption": self.assumption.to_dict(),
            "findings": [each.to_dict() for each in self.findings],
        }

    def to_columns(self) -> Columns:
        """Return one row: the half-width and its parts."""
        return one_row(self.to_dict(), "assumption")

    def report(self) -> Report:
        """Return the target and the half-width with its parts."""
        return Report("Expected half-width of the forecast", [Lines(self.lines())])


def expected_half_width(
    ladder: Ladder, *, target: float | None = None, assume: Assumption | None = None, level: float = 0.9
) -> HalfWidth:
    """Return the expected half-width of a ladder's forecast.

    Args:
        ladder: the ladder; its held-out rungs are not fitted.
        target: C in FLOP to forecast at its best split; by default the ladder's target, its largest held-out run, or
            ten times its largest fitted run.
        assume: the law and noise to assume: a fit of earlier runs, a published law by name, or ``cpu-text``; the
            default depends on the size of the target.
        level: probability of the interval.

    Raises:
        BadInput: a bad target, level or assumption.

    Example:
        >>> from scalelaw.ladder import Grid
        >>> widths, ratios = (256, 384, 512, 768, 1024), (10, 20, 40, 80)
        >>> from scalelaw.ladder import Shapes, recipe
        >>> ladder = Ladder("mid", (Grid(widths, tokens_per_param=ratios),), Shapes(12, 64, 32768), recipe("muon-cpu"))
        >>> wide = expected_half_width(ladder, target=1e21)
        >>> wide.total > expected_half_width(ladder, target=1e20).total
        True
    """
    check_level(level)
    goal = target if target is not None else ladder.target
    if goal is not None and not goal > 0:
        raise BadInput(f"target={goal!r}: give C in FLOP, e.g. 1e22")
    held_out = max(ladder.held_out, key=lambda rung: rung.largest_flops) if ladder.held_out and goal is None else None
    largest = BEYOND * max(rung.largest_flops for rung in ladder.fitted) if goal is None else goal
    known = assumed(assume if assume is not None else default_assumption(largest))
    if held_out is not None:
        point = (float(held_out.counts.count(known.n)), float(held_out.horizons[-1]))
    else:
        point = target_point(known, largest)
    x, member = inputs(ladder.fitted, known.n)
    return half_width(known, x, member, point, level)


def default_assumption(flops: float) -> str:
    """Return the name of the default assumption for a target of this size."""
    return CPU_TEXT if flops < SMALL else "chinchilla@besiroglu2024"


def target_point(known: Assumed, flops: float) -> tuple[float, float]:
    """Return N and D of the best split of a budget under the assumed law."""
    found = plan(known.forecaster, flops=flops)
    return float(found.params.value), float(found.tokens.value)


def inputs(rungs: tuple[Rung, ...], n: str) -> tuple[dict[str, Array], AnyArray]:
    """Return N and D of every run, and the index of its trunk, each (m,)."""
    rows = [
        (rung.counts.count(n), tokens, 1000 * at + seed)
        for at, rung in enumerate(rungs)
        for seed in rung.seeds
        for tokens in rung.horizons
    ]
    params, tokens, member = np.array(rows, float).T
    return {n: params, "tokens": tokens}, np.unique(member, return_inverse=True)[1]


def half_width(
    known: Assumed, x: Mapping[str, Array], member: AnyArray, point: tuple[float, float], level: float
) -> HalfWidth:
    """Return the half-width at a point for a law fitted to runs at these inputs.

    Args:
        known: the assumed law and noise.
        x: N and D of the runs, each (m,).
        member: index of the trunk of each run, (m,).
        point: N and D to forecast.
        level: probability of the interval.
    """
    at = {known.n: np.array([point[0]]), "tokens": np.array([point[1]])}
    largest = int(np.argmax(x[known.n] * x["tokens"]))
    reach = beyond(known, (x[known.n][largest], x["tokens"][largest]), point)
    student, normal = quantiles(level, len(member) - len(known.coef))
    sd = coefficient_sd(known, log_slopes(known, x), member, log_slopes(known, at)[0])
    return HalfWidth(
        params=point[0],
        tokens=point[1],
        flops=float(counting_of(known.forecaster).flops(*point)),
        loss=float(known.law.predict(known.coef, at)[0]),
        level=level,
        reach=reach,
        coefs=None if sd is None else student * sd,
        run=student * known.noise,
        form=normal * form_sd(known, reach),
        runs=len(member),
        outside=_outside(known, x),
        assumption=known,
    )


def beyond(known: Assumed, largest: tuple[float, float], point: tuple[float, float]) -> float:
    """Return C of the target divided by the C of the largest run."""
    flops = counting_of(known.forecaster).flops
    return float(flops(*point) / flops(*largest))


def form_sd(known: Assumed, reach: float) -> float:
    """Return the form error at this reach: one standard deviation, as a share of the loss."""
    return known.form * float(np.sqrt(max(0.0, np.log10(reach))))


@lru_cache
def quantiles(level: float, spare: int) -> tuple[float, float]:
    """Return the upper quantiles of Student's distribution (``spare`` degrees of freedom) and of the normal one."""
    from scipy.special import ndtri, stdtrit

    upper = (1 + level) / 2
    return float(stdtrit(max(1, spare), upper)), float(ndtri(upper))


def _outside(known: Assumed, x: Mapping[str, Array]) -> int:
    """Return the number of runs outside the fitted range of the assumed law."""
    domain = known.forecaster.domain
    return int(outside(x, {name: domain[name] for name in x if name in domain}).sum())


def coefficient_sd(known: Assumed, slopes: Array, member: AnyArray, goal: Array) -> float | None:
    """Return the standard deviation of the forecast log loss due to the coefficients.

    None if the runs do not determine them.

    Args:
        known: the assumed law and noise.
        slopes: ``log_slopes`` at the runs, (m, k).
        member: index of the trunk of each run, (m,).
        goal: ``log_slopes`` at the target, (k,).
    """
    if len(slopes) < slopes.shape[1]:
        return None
    unit = np.linalg.norm(slopes, axis=0)
    slopes, goal = slopes / unit, goal / unit
    values, vectors = np.linalg.eigh(slopes.T @ slopes)
    if values[0] < _SINGULAR * values[-1]:
        return None
    weight = slopes @ (vectors @ (vectors.T @ goal / values))  # effect of each run on the forecast
    of_trunk = np.bincount(member, weight)
    return float(known.noise * np.sqrt((1 - known.shared) * weight @ weight + known.shared * of_trunk @ of_trunk))


@np.errstate(all="ignore")
def log_slopes(known: Assumed, x: Mapping[str, Array]) -> Array:
    """Return the derivatives of log loss with respect to the log coefficients, (m, k)."""
    value, jacobian = known.law.value_and_jacobian(known.coef, x)
    return np.asarray((jacobian * known.coef[:, None] / value).T)
