"""How sure a forecast from a ladder will be, before any of it is trained.

With J the derivatives of log loss by the logarithms of the coefficients at the ladder's runs, g those at the target,
and V the covariance of the runs' noise (branches of one trunk are correlated), least squares has

    var_coef = g' (J'J)^-1 J' V J (J'J)^-1 g
    half^2   = t^2 (var_coef + noise^2) + z^2 form^2 decades

t and z are the quantiles of Student (runs less coefficients) and Gauss. The second part is what calibration on earlier
backtests adds: no form of a law is right, and the further the target lies beyond the largest run the more it misses.

code                grade   when
REACH_UNMEASURED    warn    the target lies further beyond the largest run than the form's error was measured
RUNS_UNLIKE         warn    most runs lie outside what the assumed law was fitted to
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
"""Compute of the target over the largest run where no target is said."""
_SINGULAR = 1e-13


@dataclass(frozen=True, eq=False)
class HalfWidth(Renderable, Tabular):
    """Half the interval that a forecast is to be given, as a share of the loss, and what it is made of.

    Attributes:
        params: N of the target, of the kind the law takes.
        tokens: D of the target.
        flops: C of the target.
        loss: what the assumed law says there.
        level: of the interval.
        reach: C of the target over that of the largest fitted run.
        coefs: share that comes from the coefficients; None where the ladder does not determine them.
        run: share that comes from the noise of the one run at the target.
        form: share that comes from the form of the law, at this reach.
        runs: fitted runs.
        outside: of them, those outside what the assumed law was fitted to.
        assumption: what was assumed.
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
        """All of it, as a share of the loss; None where the ladder does not determine the coefficients."""
        return None if self.coefs is None else float(np.sqrt(self.coefs**2 + self.run**2 + self.form**2))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is doubtful about it."""
        found = []
        if self.reach > MEASURED_REACH:
            message = (
                f"the form's error was measured up to {MEASURED_REACH:g} x the largest run; this is {self.reach:.3g} x"
            )
            found.append(Finding("REACH_UNMEASURED", Grade.WARN, message, 0, "take the half-width for a lower bound"))
        if self.outside > self.runs / 2:
            message = f"{self.outside} of {self.runs} runs lie outside what the assumed law was fitted to"
            fix = "assume a law that was fitted to runs like these"
            found.append(Finding("RUNS_UNLIKE", Grade.WARN, message, self.outside, fix))
        return tuple(found)

    def lines(self) -> list[tuple[str, str]]:
        """Return it in words."""
        at = f"N {format_number(self.params)}, D {format_number(self.tokens)}, C {self.flops:.3g} FLOP"
        if self.total is None:
            width = f"unknown: {self.runs} fitted runs do not determine the {len(self.assumption.coef)} coefficients"
        else:
            parts = f"coefficients {self.coefs:.2%}, the run itself {self.run:.2%}, the law's form {self.form:.2%}"
            width = f"±{self.total:.2%} of the loss at {100 * self.level:g} % ({parts})"
        return [
            ("target", f"{at}; {self.reach:.3g} x the largest fitted run"),
            ("half-width", width),
            ("loss", f"{self.loss:.4g} by what is assumed"),
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

    def sheet(self) -> Report:
        """Return the target and the half-width with its parts."""
        return Report("Expected half-width of the forecast", [Lines(self.lines())])


def expected_half_width(
    ladder: Ladder, *, target: float | None = None, assume: Assumption | None = None, level: float = 0.9
) -> HalfWidth:
    """Return the half-width that the forecast of a ladder is to be given.

    Args:
        ladder: the ladder; its held-out rungs are not fitted.
        target: C in FLOP to forecast at its best split; unsaid it is the ladder's own, the largest held-out run, or ten
            times the largest fitted one.
        assume: the law and noise to assume: a fit of earlier runs, a published law by name, or ``cpu-text``; by the
            size of the target where unsaid.
        level: of the interval.

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
    held_out = max(ladder.held_out, key=lambda rung: rung.dearest) if ladder.held_out and goal is None else None
    largest = BEYOND * max(rung.dearest for rung in ladder.fitted) if goal is None else goal
    known = assumed(assume if assume is not None else default_assumption(largest))
    if held_out is not None:
        point = (float(held_out.counts.count(known.n)), float(held_out.horizons[-1]))
    else:
        point = target_point(known, largest)
    x, member = inputs(ladder.fitted, known.n)
    return half_width(known, x, member, point, level)


def default_assumption(flops: float) -> str:
    """Return the name of what is assumed for a target of this size."""
    return CPU_TEXT if flops < SMALL else "chinchilla@besiroglu2024"


def target_point(known: Assumed, flops: float) -> tuple[float, float]:
    """Return N and D of the best split of a budget, by what is assumed."""
    found = plan(known.forecaster, flops=flops)
    return float(found.params.value), float(found.tokens.value)


def inputs(rungs: tuple[Rung, ...], n: str) -> tuple[dict[str, Array], AnyArray]:
    """Return N and D of every run (m,), and the number of its trunk (m,)."""
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
    """Return the half-width at a point of a law fitted to runs at these inputs.

    Args:
        known: law and noise.
        x: N and D of the runs, each (m,).
        member: number of the trunk of each, (m,).
        point: N and D to forecast.
        level: of the interval.
    """
    at = {known.n: np.array([point[0]]), "tokens": np.array([point[1]])}
    dearest = int(np.argmax(x[known.n] * x["tokens"]))
    reach = beyond(known, (x[known.n][dearest], x["tokens"][dearest]), point)
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


def beyond(known: Assumed, dearest: tuple[float, float], point: tuple[float, float]) -> float:
    """Return C of the target over that of the largest run."""
    flops = counting_of(known.forecaster).flops
    return float(flops(*point) / flops(*dearest))


def form_sd(known: Assumed, reach: float) -> float:
    """Return the error of the law's form at this reach, one standard deviation, as a share of the loss."""
    return known.form * float(np.sqrt(max(0.0, np.log10(reach))))


@lru_cache
def quantiles(level: float, spare: int) -> tuple[float, float]:
    """Return Student's quantile for the spare runs, and Gauss's."""
    from scipy.special import ndtri, stdtrit

    upper = (1 + level) / 2
    return float(stdtrit(max(1, spare), upper)), float(ndtri(upper))


def _outside(known: Assumed, x: Mapping[str, Array]) -> int:
    """Return how many runs lie outside what the assumed law was fitted to."""
    domain = known.forecaster.domain
    return int(outside(x, {name: domain[name] for name in x if name in domain}).sum())


def coefficient_sd(known: Assumed, slopes: Array, member: AnyArray, goal: Array) -> float | None:
    """Return the standard deviation of the forecast log loss that comes from the coefficients.

    None where the runs do not determine them.

    Args:
        known: law and noise.
        slopes: ``log_slopes`` at the runs, (m, k).
        member: number of the trunk of each, (m,).
        goal: the same at the target, (k,).
    """
    if len(slopes) < slopes.shape[1]:
        return None
    unit = np.linalg.norm(slopes, axis=0)
    slopes, goal = slopes / unit, goal / unit
    values, vectors = np.linalg.eigh(slopes.T @ slopes)
    if values[0] < _SINGULAR * values[-1]:
        return None
    weight = slopes @ (vectors @ (vectors.T @ goal / values))  # how much each run moves the forecast
    of_trunk = np.bincount(member, weight)
    return float(known.noise * np.sqrt((1 - known.shared) * weight @ weight + known.shared * of_trunk @ of_trunk))


@np.errstate(all="ignore")
def log_slopes(known: Assumed, x: Mapping[str, Array]) -> Array:
    """Return derivatives of log loss by the logarithms of the coefficients, (m, k)."""
    value, jacobian = known.law.value_and_jacobian(known.coef, x)
    return np.asarray((jacobian * known.coef[:, None] / value).T)
