"""Forecasts of scores: what they hit, what they refuse, and what they are told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, BadTable, NeedsAnswer, UnknownName
from scalelaw.datasets.simulate import SimulatedTask
from scalelaw.forecasting.chain import Chain
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.forecasting.score_ensemble import ScoreEnsemble
from scalelaw.forecasting.score_forecast import forecast_score, score_limits
from scalelaw.laws import get

Made = Callable[..., dict[str, Any]]
LARGE = {"params": np.array([2e9, 5e9]), "tokens": np.array([4e10, 1e11])}
TASK = SimulatedTask(2.9, 2.5, 10042)
_TASK = {"hellaswag": TASK}


def truth(task: SimulatedTask = TASK) -> Any:
    law = get("chinchilla")
    return task.score(law.predict(law.vector(law.published["besiroglu2024"].coef), LARGE))


@pytest.fixture(scope="module")
def found(ladder: Made) -> ScoreEnsemble:
    return forecast_score(ladder(), target="score@hellaswag", draws=60)


def test_the_interval_holds_the_score_of_larger_runs(found: ScoreEnsemble) -> None:
    seen = found.predict(LARGE)
    assert seen.lo is not None and seen.hi is not None
    assert np.all((seen.lo < truth()) & (truth() < seen.hi))
    assert np.all(np.abs(seen.mean - truth()) < 0.03) and np.all(seen.hi - seen.lo < 0.2)
    assert np.all(seen.outside_domain)


def test_forecast_sends_scores_to_their_own_ensemble_and_losses_to_theirs(ladder: Made) -> None:
    assert isinstance(sl.forecast(ladder(), target="score@piqa", draws=10), ScoreEnsemble)
    assert isinstance(sl.forecast(ladder(), target="loss", draws=10), Ensemble)
    with pytest.raises(BadInput, match=r"loss= applies to the forecast of a score"):
        sl.forecast(ladder(), target="loss", loss="loss", draws=10)
    with pytest.raises(UnknownName, match="los"):
        sl.forecast(ladder(), target="score@piqa", los="loss")  # type: ignore[call-arg]


def test_chains_follow_the_loss_and_are_left_out_without_one(ladder: Made, found: ScoreEnsemble) -> None:
    assert found.loss is not None and found.loss.target == "loss"
    assert sum(isinstance(each.forecaster, Chain) for each in found.members) == 2
    columns = {name: values for name, values in ladder().items() if name != "loss"}
    alone = forecast_score(columns, target="score@hellaswag", draws=10)
    assert alone.loss is None and not any(isinstance(each.forecaster, Chain) for each in alone.members)
    assert "SCORE_NO_LOSS" in {finding.code for finding in alone.findings}
    assert "SCORE_NO_LOSS" not in {finding.code for finding in found.findings}


def test_the_loss_of_the_same_benchmark_is_preferred_then_the_smoothest(ladder: Made) -> None:
    runs = ladder()
    rng = np.random.default_rng(1)
    noisy = runs["loss"] * np.exp(0.3 * rng.standard_normal(10))
    both = {
        **{name: values for name, values in runs.items() if name != "loss"},
        "loss@c4": runs["loss"],
        "loss@ptb": noisy,
    }
    smooth = forecast_score(both, target="score@hellaswag", draws=10)
    assert smooth.loss is not None and smooth.loss.target == "loss@c4"
    own = forecast_score({**both, "bpb@hellaswag": runs["loss"] / 3}, target="score@hellaswag", draws=10)
    assert own.loss is not None and own.loss.target == "bpb@hellaswag"
    asked = forecast_score(both, target="score@hellaswag", loss="loss@ptb", draws=10)
    assert asked.loss is not None and asked.loss.target == "loss@ptb"
    with pytest.raises(BadInput, match=r"no measured loss@pile; the table has loss@c4, loss@ptb"):
        forecast_score(both, target="score@hellaswag", loss="loss@pile")


def test_a_score_at_chance_is_refused_with_the_numbers(ladder: Made) -> None:
    for items, chance in ((200, 0.25), (5000, 0.5), (30, 0.0)):
        runs = ladder(3, {"hard": SimulatedTask(0.5, 8.0, items, chance)})
        with pytest.raises(
            BadTable, match=rf"{items * 4} items together, which cannot be distinguished from chance, {chance:.3g}"
        ):
            forecast_score(runs, target="score@hard")


def test_a_saturated_score_is_doubted(ladder: Made) -> None:
    runs = ladder(3, {"easy": SimulatedTask(6.0, 8.0, 200, 0.25)})
    found = forecast_score(runs, target="score@easy", draws=10)
    assert "SCORE_SATURATED" in {finding.code for finding in found.findings}
    seen = found.predict(LARGE)
    assert seen.hi is not None and np.all(seen.hi <= 1) and np.all(seen.mean > 0.95)


def test_an_unknown_chance_is_asked_and_an_argument_answers(ladder: Made) -> None:
    runs = {name: values for name, values in ladder(0, {"ours": TASK}).items() if not name.startswith("chance")}
    with pytest.raises(NeedsAnswer, match="chance"):
        forecast_score(runs, target="score@ours")
    assert forecast_score(runs, target="score@ours", chance=0.25, draws=10).chance == 0.25


def test_without_items_their_noise_is_missing_and_said(ladder: Made) -> None:
    runs = {name: values for name, values in ladder().items() if not name.startswith("n_items")}
    bare = forecast_score(runs, target="score@hellaswag", draws=10)
    assert bare.items is None and "RUNS_NO_ITEMS" in {finding.code for finding in bare.findings}
    assert np.all(np.asarray(bare.parts(LARGE).doubt.items) == 0)


def test_standard_errors_stand_for_items(ladder: Made) -> None:
    columns = ladder()
    score, items = columns["score@hellaswag"], columns.pop("n_items_hellaswag")
    columns["score@hellaswag_stderr"] = np.sqrt(score * (1 - score) / items)
    found = forecast_score(columns, target="score@hellaswag", draws=10)
    assert found.items == pytest.approx(10042, rel=1e-3)
    assert "RUNS_NO_ITEMS" not in {finding.code for finding in found.findings}


def test_fewer_items_widen_the_interval_of_a_new_run_by_their_noise(found: ScoreEnsemble) -> None:
    columns = {**found.observed.columns, "n_items": np.full(len(found.observed), 100.0)}
    few = replace(found, observed=replace(found.observed, columns=columns))
    noise = found.parts(LARGE).centre
    expected = np.sqrt(noise * (1 - noise) / 100)
    assert np.allclose(few.parts(LARGE).doubt.items, expected)
    wide, narrow = few.predict(LARGE), found.predict(LARGE)
    assert wide.hi is not None and narrow.hi is not None and np.all(wide.hi > narrow.hi)


def test_weights_follow_inner_validation(found: ScoreEnsemble) -> None:
    shares = 1 / (np.array([each.error for each in found.members]) ** 2 + 0.01**2)
    assert np.allclose(found.weights, shares / shares.sum()) and np.isclose(found.weights.sum(), 1)
    unknown = replace(found, members=tuple(replace(each, error=float("nan")) for each in found.members))
    assert np.allclose(unknown.weights, 1 / len(found.members))


def test_probability_agrees_with_the_quantiles_and_the_draws(found: ScoreEnsemble) -> None:
    for level in (0.5, 0.8, 0.9):
        seen = found.predict(LARGE, level)
        assert seen.lo is not None and seen.hi is not None
        for i in range(2):
            x = {name: values[[i]] for name, values in LARGE.items()}
            assert found.probability(x, float(seen.lo[i]))[0] == pytest.approx((1 + level) / 2, abs=1e-6)
            assert found.probability(x, float(seen.hi[i]))[0] == pytest.approx((1 - level) / 2, abs=1e-6)
    draws = found.sample(LARGE, "new_run")
    assert draws is not None and np.all((draws > 0) & (draws < 1))
    assert np.allclose((draws >= 0.75).mean(axis=0), found.probability(LARGE, 0.75), atol=0.05)


def test_limits_count_the_largest_third(ladder: Made) -> None:
    rows = forecast_score(ladder(), target="score@hellaswag", draws=10).observed
    assert score_limits(rows, 0.25, "loss") == []
    low = replace(rows, y=np.full(len(rows), 0.25))
    assert [limit.code for limit in score_limits(low, 0.25, "loss")] == ["SCORE_AT_CHANCE"]
