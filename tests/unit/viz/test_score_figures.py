"""The figure of a score: what it shows is what the forecaster gives."""

import numpy as np
import pytest

from scalelaw.core.errors import BadInput
from scalelaw.datasets.simulate import RunGrid, SimulatedTask, simulate, simulate_scores
from scalelaw.forecasting.score_ensemble import ScoreEnsemble
from scalelaw.forecasting.score_forecast import forecast_score
from scalelaw.laws import get
from scalelaw.viz import score_vs_compute

LAW = get("chinchilla")


def made(*columns: str) -> ScoreEnsemble:
    coef = LAW.vector(LAW.published["besiroglu2024"].coef)
    runs = simulate(LAW, coef, RunGrid([3e7, 6e7, 1.2e8, 2.5e8, 5e8], [20.0, 60.0]), noise=0.003, seed=0)
    scores = simulate_scores(runs["loss"], {"mmlu": SimulatedTask(2.9, 2.5, 14042)}, seed=0)
    return forecast_score({**{name: runs[name] for name in columns}, **scores}, target="score@mmlu", draws=20)


def test_the_figure_shows_the_forecast_each_form_and_both_errors_of_the_chain() -> None:
    found = made("params", "tokens", "loss")
    info = score_vs_compute.score_vs_compute_info(found, level=0.8)
    assert info.chance == 0.25 and len(info.forms) == len(found.members) and info.runs.shape == (2, 10)
    assert np.all((info.band[0] < info.line[1]) & (info.line[1] < info.band[1]))
    assert info.line[0, -1] == pytest.approx(30 * found.largest)
    through = info.through
    assert through is not None and through.source == "loss"
    loss, low, high, score, worst, best = through.forecast
    assert low < loss < high and worst < score < best
    left, right = score_vs_compute.draw(info).axes
    assert left.get_ylabel() == "score@mmlu" and right.get_xlabel() == "loss"
    assert any("chance" in text.get_text() for text in left.get_legend().get_texts())


def test_without_a_loss_there_is_one_panel_and_plot_draws_it() -> None:
    found = made("flops")
    info = score_vs_compute.score_vs_compute_info(found)
    assert info.through is None and len(score_vs_compute.draw(info).axes) == 1
    assert found.plot().get_ylabel() == "score@mmlu"


def test_runs_without_compute_have_no_such_figure() -> None:
    with pytest.raises(BadInput, match="needs runs with compute"):
        score_vs_compute.score_vs_compute_info(made("tokens", "loss"))
