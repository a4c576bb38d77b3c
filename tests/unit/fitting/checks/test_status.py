"""Status: what is certified, and every reason for not being so, made to happen."""

import importlib
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scalelaw.fitting.checks.status import FitStatus, assess
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.coordinates import Coordinates
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.solver.solve import Problem, Solution, solve
from scalelaw.fitting.solver.starts import projected_starts
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import parse

GOOD = FitStatus(starts=64, agreeing=60, decrement=1e-9, condition=1e3)


def _solved(observed: Any, noise: Noise | None = None, starts: int = 8) -> tuple[Problem, Solution]:
    noise = noise or Noise()
    law, _ = parse("chinchilla")
    x = observed.inputs(law.inputs)
    problem = Problem(Coordinates(law, x, FitSpec().restrictions), x, noise.scaled(observed.y), noise)
    return problem, solve(problem, projected_starts(problem.coordinates, x, observed.y, starts), observed.weight)


@pytest.mark.parametrize(
    ("status", "doubt"),
    [
        (replace(GOOD, agreeing=2), "only 2 of 64 starts reached it; try starts=256"),
        (replace(GOOD, decrement=1e-3), "not stationary"),
        (replace(GOOD, decrement=math.nan), "not stationary"),
        (replace(GOOD, condition=1e12), "do not determine every coefficient"),
        (replace(GOOD, condition=math.inf), "do not determine every coefficient"),
        (replace(GOOD, condition=math.nan), "do not determine every coefficient"),
        (replace(GOOD, at_bounds=("alpha",)), "alpha is at a bound"),
        (replace(GOOD, at_bounds=("alpha", "E")), "alpha, E are at a bound"),
    ],
)
def test_every_doubt_uncertifies_and_says_why(status: FitStatus, doubt: str) -> None:
    assert not status.certified and len(status.doubts) == 1 and doubt in status.doubts[0]
    assert doubt in str(status) and status.to_dict()["doubts"] == list(status.doubts)
    assert status.to_dict()["certified"] is False


def test_a_search_that_converged_says_no_more() -> None:
    """Neither a bound nor coefficients left open speak against the search, and each is named behind it."""
    assert str(GOOD) == "search converged: 60 of 64 starts agree"
    left_open = replace(GOOD, condition=1e12, undetermined=("A", "alpha"), at_bounds=("E",))
    assert left_open.converged and not left_open.certified
    assert str(left_open).startswith("search converged: 60 of 64 starts agree; the rows do not determine A, alpha")
    assert "E is at a bound" in str(left_open) and left_open.to_dict()["undetermined"] == ["A", "alpha"]
    lost = replace(GOOD, agreeing=1)
    assert not lost.converged and str(lost).startswith("search not converged: 1 of 64")
    assert lost.caveats[0].startswith("the search for the optimum did not converge")


def test_without_doubt_it_is_certified() -> None:
    assert GOOD.certified
    assert replace(GOOD, agreeing=3).certified
    assert not replace(GOOD, starts=1, agreeing=1).certified
    assert not replace(GOOD, spare=0).certified


@pytest.mark.parametrize("kind", ["huber", "squared", "absolute"])
def test_agreeing_counts_objectives_within_a_millionth(table: Any, kind: Any) -> None:
    observed = table(noise=0.01)
    problem, solution = _solved(observed, Noise(kind))
    best = int(np.argmin(solution.objective))
    lowest = solution.objective[best]
    objective = lowest * (1 + np.array([0.0, 5e-7, 9.9e-7, 1.1e-6, 1e-5, 1e-3, 1.0, np.inf]))
    u = np.tile(solution.u[best], (8, 1))
    status = assess(problem, Solution(u, objective, np.ones(8, int)), 0, observed.weight)
    assert (status.starts, status.agreeing) == (8, 3)


def test_a_point_beside_the_optimum_is_not_stationary(table: Any) -> None:
    observed = table(noise=0.01)
    problem, solution = _solved(observed)
    best = int(np.argmin(solution.objective))
    at = assess(problem, solution, best, observed.weight)
    assert at.decrement < 1e-6
    u = solution.u[[best]] * (1 + 0.002)
    off = Solution(u, problem.evaluate(u).objective(observed.weight[None], 1e-3), np.ones(1, int))
    assert assess(problem, off, 0, observed.weight).decrement > 1e-3


def test_the_decrement_is_that_of_the_weighted_objective(table: Any) -> None:
    observed = table(noise=0.01)
    weight = np.random.default_rng(0).uniform(0.01, 5, len(observed))
    problem, solution = _solved(replace(observed, weight=weight))
    best = int(np.argmin(solution.objective))
    assert assess(problem, solution, best, weight).decrement < 1e-6
    assert assess(problem, solution, best, observed.weight).decrement > 1e-4


def test_starts_that_all_end_elsewhere_are_not_certified(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("scalelaw.fitting.optimum")

    def scattered(problem: Problem, start: Any, weight: Any) -> Solution:
        solution = solve(problem, start, weight)
        lift = np.arange(len(start)) * 1e-3
        return replace(solution, objective=solution.objective.min() * (1 + lift))

    monkeypatch.setattr(module, "solve", scattered)
    fitted = fit_observations(parse("chinchilla")[0], table(noise=0.01), FitSpec(draws=0, starts=16))
    assert fitted.status.agreeing == 1 and not fitted.status.certified
    found = [finding for finding in fitted.findings if finding.code == "FIT_NOT_CERTIFIED"]
    assert any("only 1 of 16 starts" in str(finding) for finding in found)


def test_a_redundant_coefficient_is_flagged_and_not_certified(table: Any) -> None:
    """A and F stand in one product: nothing can tell them apart."""
    law, _ = parse("E + A*F/params**alpha + B/tokens**beta")
    fitted = fit_observations(law, table(noise=0.005), FitSpec(draws=0, starts=16))
    assert not fitted.status.certified and fitted.status.condition > 1e10
    assert any("do not determine A, F" in str(finding) for finding in fitted.findings)
    assert {"A", "F"} <= set(fitted.undetermined)


def test_a_term_without_data_is_not_certified(rows: Any) -> None:
    """Where loss is flat nothing is said of the exponent."""
    flops = np.geomspace(1e18, 1e22, 12)
    fitted = fit_observations(parse("power")[0], rows({"flops": flops}, np.full(12, 3.0)), FitSpec(draws=0))
    assert not fitted.status.certified


def test_noise_free_runs_are_certified_under_every_loss(table: Any) -> None:
    for kind in ("huber", "squared", "absolute"):
        spec = FitSpec(noise=Noise(kind), draws=0, starts=16)  # type: ignore[arg-type]
        status = fit_observations(parse("chinchilla")[0], table(noise=0.0), spec).status
        assert status.certified, status
        assert status.agreeing >= 12


def test_a_fixed_coefficient_is_not_a_bound(table: Any) -> None:
    fitted = fit_observations(parse("chinchilla")[0], table(), FitSpec(draws=0, starts=8, fixed={"E": 1.8172}))
    assert fitted.status.at_bounds == () and fitted.status.certified


def test_a_floor_that_data_push_to_zero_rests_on_its_bound(rows: Any) -> None:
    flops = np.geomspace(1e18, 1e22, 15)
    y = 40 * flops**-0.05 - 0.3
    fitted = fit_observations(parse("power")[0], rows({"flops": flops}, y), FitSpec(draws=0, starts=16))
    assert fitted.coef[0] == 0.0 and fitted.status.at_bounds == ("E",) and not fitted.status.certified
