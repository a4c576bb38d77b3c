"""The fit against the usual way, in one run: certified optimum, bootstrap, random starts, and a formula law.

Work: Chinchilla's law on the 240 digitised points (Besiroglu et al. 2024), sum of Huber delta 1e-3 on log loss.
The usual way is SciPy: L-BFGS-B with numeric gradients from the 4500 starts of the published notebook's grid, and
one BFGS with an analytic gradient for each resample. Needs SCALELAW_DATA.
"""

import itertools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.coordinates import Coordinates
from scalelaw.fitting.solver.noise import Noise, huber
from scalelaw.fitting.solver.solve import Problem, solve
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.bootstrap import resampled_weights
from scalelaw.laws import FormulaLaw, get
from scalelaw.runs.observations import Observations
from scalelaw.runs.reading.load import load_runs

OPTIMUM = 0.0010182741
DELTA = 1e-3
GRID = (range(0, 30, 5), range(0, 30, 5), (-1, -0.5, 0, 0.5, 1), (0, 0.5, 1, 1.5, 2), (0, 0.5, 1, 1.5, 2))
BOX = np.array([(-1, 1), (0, 25), (0, 25), (0, 2), (0, 2)])
RANDOM_STARTS = 500
DRAWS = 4000
USUAL_RESAMPLES = 100


def points() -> Observations:
    """Return the 240 points."""
    file = Path(os.environ["SCALELAW_DATA"]) / "chinchilla_epoch" / "svg_extracted_data.csv"
    return load_runs(file).exclude_top(loss=5, reason="as published").endpoints()


def timed(work: Callable[[], Any], repeats: int = 1) -> tuple[Any, float]:
    """Return the result and the least CPU seconds of a few runs."""
    seconds = []
    for _ in range(repeats):
        before = time.process_time()
        result = work()
        seconds.append(time.process_time() - before)
    return result, min(seconds)


class Usual:
    """The objective as notebooks write it: e, a, b are logarithms, summed by log-sum-exp."""

    def __init__(self, observed: Observations) -> None:
        self.n, self.d = (np.log(observed.columns[name].astype(float)) for name in ("params", "tokens"))
        self.y = np.log(observed.y)
        self.weight = np.ones(len(self.y))

    def terms(self, theta: Array) -> Array:
        """Return the logarithms of the three terms, (3, n)."""
        a, b, e, alpha, beta = theta
        return np.stack([a - alpha * self.n, b - beta * self.d, np.full_like(self.n, e)])

    def objective(self, theta: Array) -> float:
        """Return the summed loss."""
        return float(self.weight @ huber(np.logaddexp.reduce(self.terms(theta)) - self.y, DELTA))

    def gradient(self, theta: Array) -> Array:
        """Return its gradient."""
        terms = self.terms(theta)
        total = np.logaddexp.reduce(terms)
        pull = self.weight * np.clip(total - self.y, -DELTA, DELTA)
        a, b, e = np.exp(terms - total) * pull
        return np.array([a.sum(), b.sum(), e.sum(), -(a @ self.n), -(b @ self.d)])


def usual_grid(observed: Observations) -> tuple[float, float]:
    """Return the best objective and the share of starts within 1e-4 of the optimum, the usual way."""
    usual = Usual(observed)
    found = np.array(
        [minimize(usual.objective, np.array(start, float), method="L-BFGS-B").fun for start in itertools.product(*GRID)]
    )
    return float(found.min()), float(np.mean(found < OPTIMUM * (1 + 1e-4)))


def usual_bootstrap(observed: Observations, start: Array) -> None:
    """Refit some resamples the usual way."""
    usual = Usual(observed)
    for weight in resampled_weights(observed.cluster, observed.weight, USUAL_RESAMPLES, seed=0):
        usual.weight = weight
        minimize(usual.objective, start, jac=usual.gradient, method="BFGS")


def random_starts(observed: Observations) -> tuple[float, float]:
    """Return the share of uniform starts that reach the optimum to 1e-6, and the lowest objective of all."""
    x, noise = observed.inputs(("params", "tokens")), Noise()
    coordinates = Coordinates(get("chinchilla"), x, FitSpec().restrictions)
    theta = np.random.default_rng(0).uniform(*BOX.T, size=(RANDOM_STARTS, 5))
    coef = np.column_stack([np.exp(theta[:, :3]), theta[:, 3:]])
    problem = Problem(coordinates, x, noise.scaled(observed.y), noise)
    objective = solve(problem, coordinates.coordinates(coef), observed.weight).objective
    return float(np.mean(objective <= objective.min() * (1 + 1e-6))), float(objective.min())


def measure(quick: bool = False) -> dict[str, float]:
    """Return every figure; ``quick`` leaves out the 4500 starts of the usual way."""
    observed, law = points(), get("chinchilla")
    formula = FormulaLaw("E + A/params**alpha + B/tokens**beta")
    fitted, fit_s = timed(lambda: fit_observations(law, observed, FitSpec(draws=0)), 3)
    drawn, both_s = timed(lambda: fit_observations(law, observed, FitSpec(draws=DRAWS)), 2)
    _, formula_s = timed(lambda: fit_observations(formula, observed, FitSpec(draws=DRAWS)), 2)
    share, lowest = random_starts(observed)
    e, a, b, alpha, beta = fitted.coef
    start = np.array([np.log(a), np.log(b), np.log(e), alpha, beta])
    _, resamples_s = timed(lambda: usual_bootstrap(observed, start))
    usual_draws_s = resamples_s * DRAWS / USUAL_RESAMPLES
    draws_s = both_s - fit_s
    figures = {
        "objective": fitted.objective,
        "starts that agree": fitted.status.agreeing,
        "fit, CPU s": fit_s,
        f"{DRAWS} draws, CPU s": draws_s,
        "SE(alpha)": float(drawn.draws[:, 3].std(ddof=1)),
        "SE(beta)": float(drawn.draws[:, 4].std(ddof=1)),
        "share of 500 uniform starts at the optimum": share,
        "lowest objective of the 500": lowest,
        "formula law over built-in, CPU ratio": formula_s / both_s,
        f"usual way, {DRAWS} BFGS refits, CPU s (from {USUAL_RESAMPLES})": usual_draws_s,
        "draws, times faster": usual_draws_s / draws_s,
    }
    if not quick:
        (best, reached), grid_s = timed(lambda: usual_grid(observed))
        figures |= {
            "usual way, 4500 L-BFGS-B starts, CPU s": grid_s,
            "usual way, best objective": best,
            "usual way, share of starts at the optimum": reached,
            "fit, times faster": grid_s / fit_s,
        }
    return figures


if __name__ == "__main__":
    if "SCALELAW_DATA" not in os.environ:
        sys.exit("bench_fit needs SCALELAW_DATA, the folder that holds chinchilla_epoch/")
    for name, value in measure(quick="--quick" in sys.argv).items():
        print(f"{name:<55} {value:.10g}", flush=True)
