"""The batched solver against SciPy's own optimisers, finite differences, and itself from other starts."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from scalelaw.core.types import Array
from scalelaw.fitting.solver.coordinates import Coordinates
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.solver.solve import Problem, solve
from scalelaw.fitting.solver.starts import projected_starts
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.bootstrap import resampled_weights
from scalelaw.laws import parse
from scalelaw.runs.observations import Observations

NOISES = [Noise(), Noise("squared"), Noise("absolute"), Noise(delta=0.02, on="raw"), Noise("squared", on="raw")]


def _problem(observed: Observations, noise: Noise, spelling: str = "chinchilla", **said: Any) -> Problem:
    law, _ = parse(spelling)
    x = observed.inputs(law.inputs)
    return Problem(Coordinates(law, x, FitSpec(**said).restrictions), x, noise.scaled(observed.y), noise)


def _starts(problem: Problem, observed: Observations, n: int = 16) -> Array:
    return projected_starts(problem.coordinates, problem.x, observed.y, n)


def _loss(residual: Array, noise: Noise) -> Array:
    """Return the loss written out anew, the absolute value smoothed as little as SciPy needs."""
    if noise.kind == "squared":
        return residual**2 / 2
    if noise.kind == "absolute":
        return np.abs(residual)
    return np.where(
        np.abs(residual) <= noise.delta, residual**2 / 2, noise.delta * (np.abs(residual) - noise.delta / 2)
    )


@pytest.mark.parametrize("noise", NOISES, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_no_optimiser_of_scipy_goes_lower(table: Any, noise: Noise, seed: int) -> None:
    rng = np.random.default_rng(seed)
    observed = table(noise=0.01, seed=seed, sizes=5)
    weight = rng.uniform(0.3, 3, len(observed))
    problem = _problem(observed, noise)
    ours = solve(problem, _starts(problem, observed), weight).objective.min()
    n, d = np.log(observed.columns["params"]), np.log(observed.columns["tokens"])

    def objective(theta: Array) -> float:
        predicted = np.exp(theta[0]) + np.exp(theta[1] - theta[3] * n) + np.exp(theta[2] - theta[4] * d)
        return float(weight @ _loss(noise.scaled(predicted) - noise.scaled(observed.y), noise))

    best = np.inf
    for _ in range(2):
        start = np.array([np.log(1.8), np.log(480), np.log(2000), 0.348, 0.366]) + rng.normal(0, 0.02, 5)
        for method in ("Nelder-Mead", "Powell", "Nelder-Mead"):
            found = minimize(objective, start, method=method, options={"maxiter": 1500, "xatol": 1e-10, "fatol": 1e-15}
                             if method == "Nelder-Mead" else {"xtol": 1e-10, "ftol": 1e-14})  # fmt: skip
            start, best = found.x, min(best, found.fun)
    assert ours <= best * (1 + 1e-6)
    assert ours >= best * (1 - 0.05), "an objective far below SciPy's is another objective"


@pytest.mark.parametrize("noise", NOISES, ids=str)
@pytest.mark.parametrize(
    ("spelling", "said"),
    [
        ("chinchilla", {}),
        ("chinchilla", {"ties": {"beta": "alpha"}}),
        ("chinchilla", {"fixed": {"E": 1.7}}),
        ("kaplan_joint[n=params]", {}),
        ("E + (A/params**a + B/tokens**b)**c", {}),
    ],
)
def test_the_gradient_is_that_of_the_objective(table: Any, noise: Noise, spelling: str, said: dict[str, Any]) -> None:
    observed = table(noise=0.01)
    problem = _problem(observed, noise, spelling, **said)
    u = _starts(problem, observed, 64)
    u = u[np.isfinite(problem.coordinates.coef(u)).all(1)][:3] * 1.003 + 1e-4
    weight = np.random.default_rng(1).uniform(0.3, 3, (len(u), len(observed)))
    delta = 5e-3 if noise.kind == "absolute" else noise.stages[-1]
    gradient, curvature = problem.evaluate(u).normal_equations(weight, delta)
    assert np.allclose(curvature, curvature.transpose(0, 2, 1), rtol=1e-8)
    for j in range(u.shape[1]):
        step = 1e-6 * np.maximum(np.abs(u[:, j]), 1e-3)
        ends = []
        for sign in (1, -1):
            moved = u.copy()
            moved[:, j] += sign * step
            ends.append(problem.evaluate(moved).objective(weight, delta))
        numeric = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(gradient[:, j], numeric, rtol=2e-4, atol=1e-6 * np.abs(gradient).max())


def test_the_curvature_of_least_squares_is_that_of_gauss_and_newton(table: Any) -> None:
    observed = table(noise=0.0)
    problem = _problem(observed, Noise("squared"))
    u = solve(problem, _starts(problem, observed), observed.weight).u[:1]
    weight = np.linspace(0.5, 2, len(observed))[None]
    _, curvature = problem.evaluate(u).normal_equations(weight, np.inf)
    steps = 1e-5 * np.abs(u[0])
    numeric = np.empty_like(curvature[0])
    for j, step in enumerate(steps):
        ends = [problem.evaluate(u + sign * step * np.eye(len(steps))[j]).normal_equations(weight, np.inf)[0][0]
                for sign in (1, -1)]  # fmt: skip
        numeric[:, j] = (ends[0] - ends[1]) / (2 * step)
    np.testing.assert_allclose(curvature[0], numeric, rtol=1e-4, atol=1e-6 * np.abs(numeric).max())


@pytest.mark.parametrize("noise", NOISES[:3], ids=str)
def test_a_warm_start_ends_where_a_cold_one_does(table: Any, noise: Noise) -> None:
    observed = table(noise=0.01)
    problem = _problem(observed, noise)
    first = solve(problem, _starts(problem, observed), observed.weight)
    u = first.u[np.argmin(first.objective)]
    count = 8 if noise.kind == "absolute" else 30
    weights = resampled_weights(observed.cluster, observed.weight, count, seed=4)
    warm = solve(problem, np.tile(u, (count, 1)), weights, warm=True)
    starts = _starts(problem, observed, 4)
    cold = [solve(problem, starts, weight).objective.min() for weight in weights]
    gap = warm.objective / np.array(cold) - 1
    assert np.all(gap > -1e-4), "a cold start missed the optimum"
    assert np.median(gap) < 1e-5 and np.quantile(gap, 0.9) < 5e-3 and gap.max() < 0.02


def test_many_problems_at_once_are_the_problems_one_by_one(table: Any) -> None:
    observed = table(noise=0.01)
    problem = _problem(observed, Noise())
    starts = _starts(problem, observed, 5)
    weights = np.random.default_rng(0).uniform(0.2, 2, (5, len(observed)))
    together = solve(problem, starts, weights)
    for i in range(5):
        alone = solve(problem, starts[[i]], weights[i])
        assert alone.objective[0] == pytest.approx(together.objective[i], rel=1e-9)


def test_rows_of_no_weight_do_not_count(table: Any) -> None:
    observed = table(noise=0.01)
    weight = np.ones(len(observed))
    weight[:4] = 0.0
    kept = observed.rows(np.arange(4, len(observed)))
    whole, part = _problem(observed, Noise()), _problem(kept, Noise())
    one = solve(whole, _starts(whole, observed), weight).objective.min()
    two = solve(part, _starts(part, kept), kept.weight).objective.min()
    assert one == pytest.approx(two, rel=1e-8)
