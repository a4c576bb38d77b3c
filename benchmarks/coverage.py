"""How often intervals hold: simulated tables of known truth, four kinds of noise, three sizes, every way of drawing.

Writes docs/coverage.md. Arguments: how many tables of each kind (500).
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from scalelaw.core.rendering import table
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.solver.solve import Problem, solve
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.fitted_problem import bulk_sd
from scalelaw.fitting.uncertainty.intervals import drawn
from scalelaw.fitting.uncertainty.residual_model import log_size
from scalelaw.fitting.uncertainty.variance import VarianceFunction, next_spread
from scalelaw.laws import get
from scalelaw.runs.observations import Observations

LAW = get("chinchilla")
TRUTH = LAW.vector(LAW.published["besiroglu2024"].coef)
SD = 0.005
"""Standard deviation of the logarithm of the loss, of a run of typical compute."""
GRIDS = {20: (5, 4), 60: (10, 6), 250: (25, 10)}
"""Runs -> sizes and ratios of tokens to params."""
CHECKPOINTS = np.array([0.25, 0.5, 0.75, 1.0])
POINTS = {"params": np.array([5e8, 2.2e10]), "tokens": np.array([2e10, 1.2e12])}
"""Inside the ladder, and ten times beyond its dearest run."""
LEVELS = (0.8, 0.9, 0.95)
NOISES = ("gaussian", "heavy-tailed", "heteroscedastic", "clustered")
TREND = -0.15
NEW_RUNS = 40
DRAWS = 400
REFITS = 100
FEWER = {"laplace": 1.0, "default": 0.5}
"""Share of the tables a way is tried on, by its first word; a fifth for all others."""

PAGE = """\
# How often intervals hold

Written by `make coverage`. Tables are drawn from Chinchilla's law (`chinchilla@besiroglu2024`) on a ladder of 2e7 to
6e9 params and 4 to 400 tokens per param, with noise of 0.5 % of the loss. The noise is one of four kinds:

- *gaussian*;
- *heavy-tailed*: Student's t with three degrees of freedom;
- *heteroscedastic*: Gaussian, falling as compute^-0.15;
- *clustered*: four checkpoints per run, which share 64 % of their variance.

How to read the table:

- *method*: how the intervals are made. The first row of each kind of noise is the recommended method.
- *tables*: the number of simulated tables. With 500 tables the standard errors of 80, 90 and 95 % are 1.8, 1.3 and
  1.0 points.
- Three numbers in a cell: the percentages of tables whose 80, 90 and 95 % intervals contain the truth.
- *coefficients*: the mean over the five coefficients and, after the slash, the coefficient with the worst coverage.
- *mean*: the value of the law inside the ladder; *new run*: the loss of one more run inside the ladder.
- *10x*: the value or run at ten times the compute of the largest run.
- *worst*: how far coverage is from the nominal level, in points. We average coverage over the coefficients, over the
  two *mean* columns and over the two *new run* columns, at each level; *worst* is the largest difference of these
  averages. A single coefficient or column may differ more.
- *ms*: milliseconds for one table.

Two constants of `laplace` were tuned on these tables and seeds. One is the prior of the exponent of the noise. The
other is the number of runs (90) at which the two estimates of the covariance, from per-run gradients and from the
noise model, get equal weight.

{table}
"""


@dataclass(frozen=True)
class Way:
    """One way to make intervals.

    Attributes:
        name: what stands in the table.
        spec: how to fit.
        noises: the kinds of noise it is tried on.
        sizes: the numbers of runs it is tried on.
        drawn: what makes draws of a fit that has none; None where the spec does.
        refits: whether draws are refits, which are dear.
    """

    name: str
    spec: FitSpec
    noises: tuple[str, ...] = NOISES
    sizes: tuple[int, ...] = tuple(GRIDS)
    drawn: Callable[[FitResult, np.random.Generator], FitResult] | None = None
    refits: bool = False


def textbook(fit: FitResult, rng: np.random.Generator) -> FitResult:
    """Return the fit with draws of the normal law of s^2 (J'J)^-1: rows independent and alike, no Student's t."""
    at = fit.sample_of_rows.linear
    covariance = np.linalg.inv(at.slopes.T @ at.slopes) * np.mean(at.residual**2)
    return _with_draws(fit, covariance, rng)


def hessian(fit: FitResult, rng: np.random.Generator) -> FitResult:
    """Return the fit with draws of the inverse Hessian of the objective, as an optimiser hands it out."""
    at = fit.sample_of_rows.linear
    inside = np.abs(at.residual) < fit.scoring.threshold
    curvature = (at.slopes * inside[:, None]).T @ at.slopes
    return _with_draws(fit, np.linalg.pinv(curvature, hermitian=True), rng)


def _with_draws(fit: FitResult, covariance: Array, rng: np.random.Generator) -> FitResult:
    sample = fit.sample_of_rows
    values, vectors = np.linalg.eigh(covariance)
    steps = rng.standard_normal((DRAWS, len(values))) @ (vectors * np.sqrt(np.maximum(values, 0))).T
    low, high = sample.problem.coordinates.low, sample.problem.coordinates.high
    return replace(fit, draws=sample.problem.coordinates.coef(np.clip(sample.u + steps, low, high)))


ROBUST = FitSpec(noise=Noise(delta="auto"), intervals="laplace", starts=3, draws=DRAWS)
DEFAULT = FitSpec(starts=3, draws=DRAWS)
ALIKE, TRENDED = ("gaussian", "heavy-tailed", "clustered"), ("heteroscedastic",)
WAYS = (
    Way("laplace, least squares", replace(ROBUST, noise=Noise("squared")), ("gaussian",)),
    Way("laplace, delta=auto", ROBUST, ALIKE),
    Way("laplace, delta=auto, scale=flops", replace(ROBUST, noise=Noise(delta="auto", scale="flops")), TRENDED),
    Way("laplace, delta=auto", ROBUST, TRENDED),
    Way("default (auto, delta=1e-3)", DEFAULT, sizes=(20, 60)),
    Way("default (auto, delta=1e-3)", DEFAULT, sizes=(250,), refits=True),
    Way("sandwich, delta=auto", replace(ROBUST, intervals="sandwich"), sizes=(20, 60)),
    Way("wild, delta=auto", replace(ROBUST, intervals="wild"), sizes=(20, 60), refits=True),
    Way("naive: pairs of rows, delta=1e-3", replace(DEFAULT, intervals="pairs"), refits=True, sizes=(20, 60)),
    Way("naive: s^2 (J'J)^-1, normal", FitSpec(noise=Noise("squared"), starts=3, draws=0), drawn=textbook),
    Way("naive: inverse Hessian of Huber", FitSpec(starts=3, draws=0), sizes=(60,), drawn=hessian),
)


@dataclass(frozen=True, eq=False)
class Coverage:
    """Share of tables whose intervals held, at each level: (levels, 5), (levels, 2), (levels, 2)."""

    way: str
    noise: str
    runs: int
    tables: int
    coef: Array
    mean: Array
    new_run: Array
    seconds: float

    @property
    def worst(self) -> float:
        """Largest distance from nominal, in points, of coefficients together, of means and of new runs together."""
        nominal = np.array(LEVELS)
        parts = (self.coef.mean(axis=1), self.mean.mean(axis=1), self.new_run.mean(axis=1))
        return float(100 * max(np.abs(part - nominal).max() for part in parts))

    @property
    def worst_single(self) -> float:
        """The same for the single coefficient or point that is furthest off."""
        nominal = np.array(LEVELS)[:, None]
        return float(100 * max(np.abs(part - nominal).max() for part in (self.coef, self.mean, self.new_run)))

    def cells(self) -> list[str]:
        """Return the row of the table."""

        def each(values: Array) -> str:
            return " ".join(f"{100 * value:.0f}" for value in values)

        off = np.argmax(np.abs(self.coef - np.array(LEVELS)[:, None]).max(axis=0))
        return [self.noise, str(self.runs), self.way, str(self.tables), f"{each(self.coef.mean(axis=1))} / "
                f"{each(self.coef[:, off])}", each(self.mean[:, 0]), each(self.mean[:, 1]), each(self.new_run[:, 0]),
                each(self.new_run[:, 1]), f"{self.worst:.1f}", f"{1e3 * self.seconds:.0f}"]  # fmt: skip


HEAD = ["noise", "runs", "method", "tables", "coefficients", "mean", "mean, 10x", "new run", "new run, 10x",
        "worst", "ms"]  # fmt: skip


def tables(noise: str, runs: int, count: int) -> tuple[Observations, Array, Array]:
    """Return the rows, the logarithms measured in each table (count, n), and errors of new runs (count, 40, 2)."""
    sizes, ratios = GRIDS[runs]
    axes = np.meshgrid(np.geomspace(2e7, 6e9, sizes), np.geomspace(4, 400, ratios), indexing="ij")
    params, tokens, cluster = axes[0].ravel(), (axes[0] * axes[1]).ravel(), np.arange(runs)
    if noise == "clustered":
        params, cluster = np.repeat(params, 4), np.repeat(cluster, 4)
        tokens = np.repeat(tokens, 4) * np.tile(CHECKPOINTS, runs)
    order = np.lexsort((tokens, params))
    params, tokens, cluster = params[order], tokens[order], cluster[order]
    columns = {"params": params, "tokens": tokens, "flops": 6 * params * tokens}
    rng = np.random.default_rng([runs, NOISES.index(noise)])
    error, new = _errors(noise, columns, cluster, count, rng)
    rows = Observations("loss", columns, np.ones(len(params)), cluster, np.ones(len(params)), len(params),
                        reduction="curves" if noise == "clustered" else "endpoints")  # fmt: skip
    return rows, np.log(LAW.predict(TRUTH, columns)) + error, new


def _errors(
    noise: str, columns: dict[str, Array], cluster: AnyArray, count: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    n, points = len(cluster), (count, NEW_RUNS, 2)
    if noise == "heavy-tailed":
        return SD * rng.standard_t(3, (count, n)) / np.sqrt(3), SD * rng.standard_t(3, points) / np.sqrt(3)
    error, new = rng.standard_normal((count, n)), rng.standard_normal(points)
    if noise == "clustered":
        error = 0.8 * rng.standard_normal((count, cluster.max() + 1))[:, cluster] + 0.6 * error
    if noise == "heteroscedastic":
        typical = np.exp(np.log(columns["flops"]).mean())
        error = error * (columns["flops"] / typical) ** TREND
        new = new * (6 * POINTS["params"] * POINTS["tokens"] / typical) ** TREND
    return SD * error, SD * new


def fits(way: Way, rows: Observations, logs: Array) -> Iterator[FitResult]:
    """Yield the fit of every table, as ``sl.fit`` makes it but all solved together from the truth.

    Thresholds are rounded to a tenth of themselves and exponents of the scale to 0.02, so that tables share them.
    """
    base = fit_observations(LAW, replace(rows, y=np.exp(logs[0])), replace(way.spec, draws=0, starts=2))
    problem, noise, x = base.sample_of_rows.problem, way.spec.noise, base.rows.x
    start = np.tile(problem.coordinates.coordinates(TRUTH[None]), (len(logs), 1))
    least = replace(problem, noise=Noise("squared"), spread=None)
    u, keys = solve(least, start, rows.weight, y=logs).u, np.zeros((len(logs), 2))
    for _ in range(2 if noise.scale else 1):
        for i, log in enumerate(logs):
            spread = np.exp(keys[i, 0] * _axis(x)) if noise.scale else np.ones(len(log))
            sample = replace(base.sample_of_rows, problem=replace(least, y=log, spread=spread), u=u[i])
            if noise.scale:
                found = next_spread(noise, VarianceFunction(spread), sample.efficient, rows, x)
                keys[i, 0] = np.round(found.gamma / 0.02) * 0.02
            keys[i, 1] = np.round(np.log(1.345 * bulk_sd(sample.linear)) / 0.1) * 0.1 if noise.delta == "auto" else 0.0
        for key in np.unique(keys, axis=0):
            group = np.all(keys == key, axis=1)
            shared = _shared(problem, noise, key, x)
            u[group] = solve(shared, u[group], rows.weight, y=logs[group]).u
    for i, log in enumerate(logs):
        shared = _shared(problem, noise, keys[i], x)
        spread = (
            VarianceFunction(shared.spread, keys[i, 0], 0.0, float(log_size(x, "flops").mean()))
            if noise.scale
            else None
        )
        made = replace(base, coef=problem.coordinates.coef(u[[i]])[0], rows=replace(base.rows, y=np.exp(log)),
                       noise=shared.noise, spread=spread, spec=replace(way.spec, seed=i))  # fmt: skip
        if way.drawn is None:
            yield replace(made, draws=drawn(made.sample_of_rows, made.spec))
        else:
            yield way.drawn(made, np.random.default_rng(i))


def _axis(x: Inputs) -> Array:
    size = log_size(x, "flops")
    return size - size.mean()


def _shared(problem: Problem, noise: Noise, key: Array, x: Inputs) -> Problem:
    """Return the problem of tables that share threshold and scale."""
    spread = np.exp(key[0] * _axis(x)) if noise.scale else None
    return replace(problem, noise=replace(noise, delta=float(np.exp(key[1]))) if key[1] else noise, spread=spread)


def covered(way: Way, noise: str, runs: int, count: int) -> Coverage:
    """Return the coverage of one way on tables of one kind."""
    count = max(2, int(count * FEWER.get(way.name.split()[0].rstrip(","), 0.2)))
    rows, logs, new = tables(noise, runs, count)
    truth = np.log(LAW.predict(TRUTH, POINTS))
    coef, mean, new_run = (np.zeros((len(LEVELS), width)) for width in (5, 2, 2))
    if way.refits and runs > 60:
        way = replace(way, spec=replace(way.spec, draws=REFITS))
    before = time.process_time()
    for i, fit in enumerate(fits(way, rows, logs)):
        means, news = np.log(fit.sample(POINTS, "mean")), np.log(fit.sample(POINTS, "new_run", i))
        if way.name.startswith("naive"):
            news = means - np.random.default_rng(i).choice(fit.residuals, means.shape)
        for j, level in enumerate(LEVELS):
            coef[j] += _inside(fit.draws, TRUTH, level)
            mean[j] += _inside(means, truth, level)
            new_run[j] += _inside(news, truth + new[i], level).mean(axis=0)
    seconds = (time.process_time() - before) / count
    return Coverage(way.name, noise, runs, count, coef / count, mean / count, new_run / count, seconds)


def _inside(draws: Array, truth: Array, level: float) -> AnyArray:
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (low <= truth) & (truth <= high)


def measured(count: int) -> Iterator[Coverage]:
    """Yield the coverage of every way on every kind of table."""
    for noise in NOISES:
        for runs in GRIDS:
            for way in WAYS:
                if noise in way.noises and runs in way.sizes:
                    yield covered(way, noise, runs, count)


def page(found: list[Coverage]) -> str:
    """Return the page of the documentation."""
    rows = [HEAD, *(each.cells() for each in found)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return PAGE.format(table="\n".join([lines[0], "|" + " --- |" * len(HEAD), *lines[1:]]))


def main(count: int) -> None:
    """Print the table and write the page."""
    found = []
    for each in measured(count):
        print(table([each.cells()], right=[], indent=""), flush=True)
        found.append(each)
    (Path(__file__).parent.parent / "docs" / "coverage.md").write_text(page(found))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
