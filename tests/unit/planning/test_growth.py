"""How N* grows: what laws, profiles and published studies each say, and how they count together."""

from dataclasses import dataclass

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.accounting.flops import COUNTINGS
from scalelaw.allocation.isoflop_result import IsoFlop
from scalelaw.core.types import Array
from scalelaw.laws import Law, get
from scalelaw.planning import lines
from scalelaw.planning.growth import FLOOR, Growth, growths
from scalelaw.planning.lines import EfficientLines, MedianLine, draw_lines
from scalelaw.planning.published import STUDY_GROUPS, log_params

COUNTING = COUNTINGS["params"]
LARGEST = 1e20


@dataclass(frozen=True)
class One:
    """A law at draws of its coefficients."""

    law: Law
    coef: Array
    draws: Array | None


@dataclass(frozen=True)
class Several:
    """Laws with residuals, of a flat loss whose width is one in a hundred."""

    deciding: tuple[tuple[One, float], ...]
    profiles: IsoFlop | None = None
    largest: float = LARGEST

    def centre(self, params: Array, tokens: Array) -> Array:
        return np.asarray(10 * (6 * params * tokens) ** -0.05)

    def width(self, params: Array, tokens: Array) -> Array:
        return np.full(np.shape(params), 0.01)

    def quantile(self, rank: Array) -> Array:
        return np.asarray(4 * (rank - 0.5))


def law(rng: np.random.Generator, exponent: float, spread: float = 1e-3) -> One:
    """Chinchilla with beta / (alpha + beta) = exponent, its draws in a bundle."""
    coef = np.array([1.7, 400.0, 400.0, 0.7 * (1 - exponent), 0.7 * exponent])
    chinchilla = get("chinchilla")
    vector = chinchilla.vector(dict(zip(("E", "A", "B", "alpha", "beta"), coef, strict=True)))
    return One(chinchilla, vector, vector * np.exp(spread * rng.standard_normal((200, len(vector)))))


def optimum(one: One, flops: float) -> float:
    return float(np.log(one.law.optimum(one.coef, np.array(flops), 6.0)[0]))  # type: ignore[attr-defined]


def test_a_law_says_its_own_optimum_and_exponent(rng: np.random.Generator) -> None:
    for exponent in (0.35, 0.5, 0.65):
        one = law(rng, exponent)
        (found,) = growths(Several(((one, 0.01),)), COUNTING, studies=False)
        assert found.mean[0] == pytest.approx(optimum(one, LARGEST), abs=0.02)
        assert found.mean[1] == pytest.approx(exponent, abs=1e-3)
        assert (np.diag(found.cov) >= np.diag(FLOOR)).all(), "no form is quite true"


def test_the_closest_law_counts_most(rng: np.random.Generator) -> None:
    near, far = law(rng, 0.5), law(rng, 0.6)
    found = growths(Several(((near, 0.01), (far, 0.02))), COUNTING, studies=False)
    assert np.exp(found[1].weight - found[0].weight) == pytest.approx(2.0**-6)


def test_a_law_without_optimum_says_nothing(rng: np.random.Generator) -> None:
    one = law(rng, 0.5)
    stuck = One(one.law, one.coef, one.draws * np.array([1, 1, 0, 1, 1]))  # type: ignore[operator]
    assert growths(Several(((stuck, 0.01),)), COUNTING, studies=False) == ()


def test_profiles_count_and_judge_the_laws(rng: np.random.Generator) -> None:
    sizes = np.geomspace(1e7, 1e11, 25)
    truth = law(rng, 0.5)
    c = np.repeat([1e18, 1e19, LARGEST], len(sizes))
    n = np.tile(sizes, 3)
    loss = truth.law.predict(truth.coef, {"params": n, "tokens": c / 6 / n}) * (1 + 1e-3 * rng.standard_normal(len(n)))
    profiles = sl.isoflop({"params": n, "tokens": c / 6 / n, "flops": c, "loss": loss}, draws=100)
    wrong = law(rng, 0.35)
    found = growths(Several(((truth, 0.01), (wrong, 0.01)), profiles), COUNTING, studies=False)
    right, off, seen = found
    assert seen.mean[0] == pytest.approx(optimum(truth, LARGEST), abs=0.15)
    assert off.weight < right.weight - 3, "far from what the profiles show"
    assert seen.weight == pytest.approx(np.logaddexp(right.weight, off.weight) + np.log(2))


def test_what_is_measured_apart_counts_by_its_variance() -> None:
    plain = Growth(0.0, np.array([20.0, 0.6]), np.diag([0.04, 0.01]))
    shared = plain.measured(1, 0.5, 0.1)
    assert shared.mean == pytest.approx([20.0, 0.55])
    assert np.diag(shared.cov) == pytest.approx([0.04, 0.005])
    tied = Growth(0.0, np.array([20.0, 0.6]), np.array([[0.04, 0.01], [0.01, 0.01]]))
    assert tied.measured(1, 0.5, 0.1).mean[0] < 20.0, "the size follows where the two go together"


def test_studies_hold_where_the_runs_say_little(rng: np.random.Generator) -> None:
    vague = law(rng, 0.3, spread=2.0)
    lines = draw_lines(several := Several(((vague, 0.01),)), COUNTING, growths(several, COUNTING, studies=True))
    size, sd = log_params(LARGEST, COUNTING)
    assert np.median(lines.pairs[:, 0]) == pytest.approx(size, abs=2 * sd)
    assert STUDY_GROUPS[0].exponent - 0.1 < np.median(lines.pairs[:, 1]) < STUDY_GROUPS[1].exponent
    assert sum(group.share for group in STUDY_GROUPS) == 1.0


def test_lines_have_the_moments_of_what_they_are_drawn_from() -> None:
    cov = np.array([[0.04, 0.006], [0.006, 0.01]])
    both = (Growth(np.log(3.0), np.array([20.0, 0.5]), cov), Growth(0.0, np.array([22.0, 0.5]), cov))
    lines = draw_lines(Several(()), COUNTING, both)
    assert lines.pairs.mean(axis=0) == pytest.approx([20.5, 0.5], abs=0.01)
    one = draw_lines(Several(()), COUNTING, both[:1])
    np.testing.assert_allclose(np.cov(one.pairs.T), cov, rtol=0.05)
    assert np.quantile(one.pairs[:, 0], [0.05, 0.95]) == pytest.approx(20 + 0.2 * 1.645 * np.array([-1, 1]), abs=0.01)
    np.testing.assert_array_equal(one.pairs, draw_lines(Several(()), COUNTING, both[:1]).pairs)


def test_the_middle_is_the_median_line_at_every_budget() -> None:
    lines = draw_lines(Several(()), COUNTING, (Growth(0.0, np.array([20.0, 0.5]), np.diag([0.04, 0.01])),))
    budgets = np.array([1e19, 1e20, 1e23])
    params, loss = MedianLine(lines).optimum(budgets)
    np.testing.assert_allclose(params[0], np.median(lines.optimum(budgets)[0], axis=0), rtol=1e-4)
    np.testing.assert_allclose(loss[0], 10 * budgets**-0.05)
    assert MedianLine(lines).at_loss(loss[:, 2]).flops == pytest.approx(1e23, rel=1e-5)


def test_what_a_loss_takes_hears_the_width_of_the_forecast() -> None:
    lines = draw_lines(Several(()), COUNTING, (Growth(0.0, np.array([20.0, 0.5]), np.diag([0.04, 0.01])),))
    assert isinstance(lines, EfficientLines)
    flops = lines.at_loss(np.full(1, 10 * 1e21**-0.05), around=1e21).flops
    expected = np.log(1e21) + lines.forecaster.quantile(np.array([0.05, 0.95])) * 0.01 / 0.05
    assert np.log(np.quantile(flops, [0.05, 0.95])) == pytest.approx(expected, abs=0.02)


def test_steps_of_the_sequence_are_powers_of_the_root() -> None:
    root = next(float(each.real) for each in np.roots([1, 0, 0, -1, -1]) if each.real > 1 and abs(each.imag) < 1e-12)
    np.testing.assert_allclose(lines._ROOTS, 1 / root ** np.arange(1, 4), rtol=1e-12)
