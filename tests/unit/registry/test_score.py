"""Scoring a frozen forecast: what counts as its run, and every reason why another does not."""

import copy
from typing import Any

import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, BadTable, NeedsAnswer, ScalelawError, UnknownName
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.registry.frozen import FrozenForecast, opened
from scalelaw.registry.score import score_forecast
from scalelaw.registry.seal import seal, sealed_text

RUN: dict[str, Any] = {"run": ["big"], "params": [7e9], "tokens": [140e9], "loss": [2.17], "dataset": ["c4"],
                       "tokenizer": ["gpt2"]}  # fmt: skip
SAID = {"dataset": "c4", "tokenizer": "gpt2", "recipe": "adamw"}


@pytest.fixture(scope="module")
def forecast() -> FrozenForecast:
    observed = sl.datasets.load("synthetic-ladder").endpoints()
    fit = fit_observations(get("chinchilla"), observed, FitSpec(draws=200, starts=8))
    return fit.freeze(params=7e9, tokens=140e9, conditions=SAID)


def changed(**columns: Any) -> dict[str, Any]:
    """Return the run with some columns changed, or taken away by None."""
    return {name: values for name, values in {**RUN, **columns}.items() if values is not None}


def test_error_and_every_level(forecast: FrozenForecast) -> None:
    lo, hi = forecast.interval(0.8) or (0.0, 0.0)
    outer = forecast.interval(0.95) or (0.0, 0.0)
    between = (hi + outer[1]) / 2
    score = score_forecast(forecast, changed(loss=[between]))
    assert score.error == pytest.approx(forecast.value / between - 1)
    assert [score.inside(level) for level in (0.5, 0.8, 0.95)] == [False, False, True]
    assert [each["inside"] for each in score.to_dict()["levels"]] == [score.inside(level) for level in forecast.levels]
    assert score_forecast(forecast, changed(loss=[(lo + hi) / 2])).inside(0.8)
    assert "OUTSIDE" in str(score) and "inside" in str(score)


def test_a_run_may_differ_a_little_in_size(forecast: FrozenForecast) -> None:
    assert score_forecast(forecast, changed(params=[7.1e9], tokens=[138e9])).run == "big"


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"dataset": ["pile"]}, "FORECAST_OTHER_DATA"),
        ({"tokenizer": ["llama"]}, "FORECAST_OTHER_DATA"),
        ({"loss": None, "bpb": [0.8]}, "FORECAST_OTHER_TARGET"),
        ({"loss": None, "loss@c4": [2.17]}, "FORECAST_OTHER_TARGET"),
        ({"params": None, "params_non_embedding": [7e9]}, "FORECAST_OTHER_COUNTING"),
        ({"params": [8e9]}, "FORECAST_OTHER_POINT"),
        ({"tokens": [200e9]}, "FORECAST_OTHER_POINT"),
        ({"planned_tokens": [300e9]}, "FORECAST_UNFINISHED"),
        ({"state": ["running"]}, "FORECAST_UNFINISHED"),
        ({"decayed": [0]}, "FORECAST_UNFINISHED"),
        ({"loss": [20.0], "vocab_size": [50257]}, "FORECAST_UNFINISHED"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_a_run_that_does_not_compare_is_refused(forecast: FrozenForecast, columns: dict[str, Any], code: str) -> None:
    with pytest.raises(BadTable, match=rf"\[{code}\]"):
        score_forecast(forecast, changed(**columns))


def test_every_reason_is_told_at_once(forecast: FrozenForecast) -> None:
    with pytest.raises(BadTable) as refused:
        score_forecast(forecast, changed(tokenizer=["llama"], dataset=["pile"], state=["crashed"]))
    assert [finding.code for finding in refused.value.findings] == [
        "FORECAST_OTHER_DATA", "FORECAST_OTHER_DATA", "FORECAST_UNFINISHED",
    ]  # fmt: skip


def test_what_a_run_does_not_tell_is_asked_and_may_be_said(forecast: FrozenForecast) -> None:
    silent = changed(tokenizer=None)
    with pytest.raises(NeedsAnswer, match=r"does not state its tokenizer.*--say tokenizer=.*FORECAST_UNSAID"):
        score_forecast(forecast, silent)
    assert score_forecast(forecast, silent, says={"tokenizer": "GPT2"}).run == "big"
    with pytest.raises(BadTable, match="FORECAST_OTHER_DATA"):
        score_forecast(forecast, silent, says={"tokenizer": "llama"})
    with pytest.raises(UnknownName, match="unknown condition 'colour'"):
        score_forecast(forecast, silent, says={"colour": "red"})


def test_what_the_table_tells_cannot_be_talked_away(forecast: FrozenForecast) -> None:
    with pytest.raises(BadTable, match="FORECAST_OTHER_DATA"):
        score_forecast(forecast, changed(tokenizer=["llama"]), says={"tokenizer": "gpt2"})


def test_another_recipe_is_a_doubt_and_no_refusal(forecast: FrozenForecast) -> None:
    found = score_forecast(forecast, changed(recipe=["muon"])).findings
    assert [finding.code for finding in found] == ["FORECAST_OTHER_RECIPE"]
    assert score_forecast(forecast, changed(recipe=["adamw"])).findings == ()


def test_of_several_runs_the_one_of_the_point_is_scored(forecast: FrozenForecast) -> None:
    two = {name: values * 2 for name, values in RUN.items()} | {"run": ["small", "big"], "params": [1e9, 7e9]}
    assert score_forecast(forecast, two).run == "big"
    with pytest.raises(BadTable, match="FORECAST_OTHER_POINT"):
        score_forecast(forecast, two, run="small")
    with pytest.raises(UnknownName, match="unknown run 'huge'"):
        score_forecast(forecast, two, run="huge")
    with pytest.raises(NeedsAnswer, match="FORECAST_WHICH_RUN"):
        score_forecast(forecast, {**two, "params": [7e9, 7e9]})


def test_the_nearest_run_is_named_where_none_is_the_point(forecast: FrozenForecast) -> None:
    two = {name: values * 2 for name, values in RUN.items()} | {"run": ["far", "near"], "params": [1e9, 6e9]}
    with pytest.raises(BadTable, match=r"near has params 6B \(-14\.3%\), tokens 140B \(\+0\.0%\)"):
        score_forecast(forecast, two)


def test_a_run_that_was_fitted_is_no_test(forecast: FrozenForecast) -> None:
    """A record forged to be of a fitted row gives itself away by the digests of the rows."""
    ladder = sl.datasets.load("synthetic-ladder")
    params, tokens, loss = (float(ladder.values(name)[-1]) for name in ("params", "tokens", "loss"))
    moved = FrozenForecast({**forecast.document, "point": {"params": params, "tokens": tokens}})
    with pytest.raises(BadTable, match="FORECAST_RUN_WAS_FITTED"):
        score_forecast(moved, changed(params=[params], tokens=[tokens], loss=[loss]))


def test_a_run_dated_before_its_forecast_is_doubted(forecast: FrozenForecast) -> None:
    assert [each.code for each in score_forecast(forecast, changed(date=["2001-01-01"])).findings] == [
        "FORECAST_AFTER_RUN"
    ]
    assert score_forecast(forecast, changed(date=["2999-01-01"])).findings == ()


def test_bits_taken_for_nats_are_noticed(forecast: FrozenForecast) -> None:
    found = score_forecast(forecast, changed(loss=[forecast.value / 0.6931])).findings
    assert [finding.code for finding in found] == ["FORECAST_LOOKS_LIKE_BITS"]
    table = sl.load_runs(changed(loss=[forecast.value / 0.693147]), units={"loss": "bits"})
    assert abs(score_forecast(forecast, table).error) < 1e-4


def test_a_forecast_without_intervals_scores_its_error_alone() -> None:
    bare = sl.freeze(sl.published(get("chinchilla"), "besiroglu2024"), params=7e9, tokens=140e9)
    score = score_forecast(bare, changed())
    assert score.inside(0.9) is None and abs(score.error) < 0.1
    with pytest.raises(BadInput, match="no interval at level"):
        score.inside(0.7)


@pytest.mark.parametrize("value", [None, [], "x", {}, -1, True, 10**400, [[[]]], "absent"])
def test_a_sealed_document_with_any_odd_field_scores_or_is_refused(forecast: FrozenForecast, value: Any) -> None:
    plain = {name: each for name, each in forecast.document.items() if name != "seal"}
    places = [(name, None) for name in plain if name != "schema"]
    places += [(name, inner) for name, each in plain.items() if isinstance(each, dict) for inner in each]
    assert len(places) > 20
    for name, inner in places:
        document = copy.deepcopy(plain)
        holder, key = (document, name) if inner is None else (document[name], inner)
        if value == "absent":
            del holder[key]
        else:
            holder[key] = value
        try:
            score_forecast(opened(sealed_text(seal(document)).encode(), "odd.json"), RUN)
        except ScalelawError as error:
            assert "\n" not in str(error)
