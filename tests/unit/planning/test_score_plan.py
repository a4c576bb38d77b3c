"""Budgets for a score."""

from typing import Any

import numpy as np
import pytest

from scalelaw.core.errors import BadInput
from scalelaw.datasets.simulate import RunGrid, SimulatedTask, simulate, simulate_scores
from scalelaw.forecasting.score_ensemble import ScoreEnsemble
from scalelaw.forecasting.score_forecast import forecast_score
from scalelaw.laws import get
from scalelaw.planning.score_outlook import score_outlook
from scalelaw.planning.score_plan import FARTHEST, plan_score, points_of, prune

LAW = get("chinchilla")
COEF = LAW.vector(LAW.published["besiroglu2024"].coef)
TASK = SimulatedTask(2.9, 2.5, 10042)


def made(columns: Any = ("params", "tokens", "loss"), seed: int = 0) -> ScoreEnsemble:
    runs = simulate(LAW, COEF, RunGrid([3e7, 6e7, 1.2e8, 2.5e8, 5e8], [20.0, 60.0]), noise=0.003, seed=seed)
    kept = {name: runs[name] for name in columns}
    return forecast_score({**kept, **simulate_scores(runs["loss"], {"mmlu": TASK}, seed=seed)}, target="score@mmlu",
                          draws=40)  # fmt: skip


@pytest.fixture(scope="module")
def found() -> ScoreEnsemble:
    return made()


def test_the_smallest_budget_reaches_the_score_and_less_does_not(found: ScoreEnsemble) -> None:
    for score in (0.6, 0.7, 0.75):
        planned = plan_score(found, score, probability=0.8)
        assert planned.best is not None and planned.best.probability is not None
        assert planned.best.probability >= 0.8
        below = points_of(found, [0.9 * planned.best.point["flops"]])
        assert found.probability(below, score)[0] < 0.8
        assert planned.best.lo < planned.best.score < planned.best.hi


def test_surer_and_higher_cost_more(found: ScoreEnsemble) -> None:
    def cost(score: float, probability: float) -> float:
        best = plan_score(found, score, probability=probability).best
        assert best is not None
        return best.point["flops"]

    assert cost(0.6, 0.9) < cost(0.7, 0.9) < cost(0.7, 0.99)
    assert cost(0.7, 0.5) < cost(0.7, 0.9)


def test_the_budget_for_even_odds_is_about_the_true_one(found: ScoreEnsemble) -> None:
    planned = plan_score(found, 0.75, probability=0.5)
    assert planned.best is not None
    point = {name: np.array([planned.best.point[name]]) for name in ("params", "tokens")}
    assert TASK.score(LAW.predict(COEF, point))[0] == pytest.approx(0.75, abs=0.03)


def test_a_score_out_of_reach_is_refused_in_words(found: ScoreEnsemble) -> None:
    planned = plan_score(found, 0.995)
    assert planned.best is None and planned.most < 0.9
    assert f"no budget up to {FARTHEST:g} times the largest run reaches it" in str(planned)


@pytest.mark.parametrize(("score", "probability"), [(0.25, 0.9), (0.1, 0.9), (1.0, 0.9), (0.6, 0.0), (0.6, 1.0)])
def test_goals_that_mean_nothing_are_refused(found: ScoreEnsemble, score: float, probability: float) -> None:
    with pytest.raises(BadInput, match=r"above chance, 0\.25|strictly between 0 and 1"):
        plan_score(found, score, probability=probability)


def test_configurations_without_a_chance_are_pruned(found: ScoreEnsemble) -> None:
    grid = {"params": np.array([1e8, 1e9, 1e10]), "tokens": np.array([2e9, 2e10, 2e11])}
    assert prune(found, grid, 0.85).tolist() == (found.probability(grid, 0.85) >= 0.05).tolist()
    assert prune(found, grid, 0.85).tolist() == [False, False, True]


def test_budgets_are_split_by_the_loss_or_at_the_ratio_of_the_largest_run(found: ScoreEnsemble) -> None:
    split = points_of(found, [1e22])
    assert 6 * split["params"][0] * split["tokens"][0] == pytest.approx(1e22, rel=1e-3)
    bare = made(("params", "tokens", "flops"))
    assert bare.loss is None
    at = points_of(bare, [1e22])
    assert at["tokens"][0] / at["params"][0] == pytest.approx(60.0)
    assert points_of(made(("flops",)), [1e22]) == {"flops": np.array([1e22])}


def test_the_outlook_names_reach_and_the_next_command(found: ScoreEnsemble) -> None:
    seen = score_outlook(found, flops=[1e22, 1e24])
    text = str(seen)
    assert "SCORE_REACH" in {doubt.code for doubt in seen.doubts} and "scalelaw plan FILE --score mmlu=" in text
    assert list(seen.rows) == ["score@mmlu"] and len(seen.rows["score@mmlu"]) == 2
    near = score_outlook(found)
    assert not near.doubts and near.reach == pytest.approx((3, 10, 30))
    point = score_outlook(found, at={"params": "2B", "tokens": "40B"})
    assert point.points[0]["flops"] == pytest.approx(4.8e20)
    with pytest.raises(BadInput, match="not both"):
        score_outlook(found, at={"params": 1e9, "tokens": 2e10}, flops=1e22)
