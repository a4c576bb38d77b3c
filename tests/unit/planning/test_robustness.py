"""Decision robustness: every alternative is one change, planned as it would be alone, and the verdict follows."""

import math
from dataclasses import replace

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.accounting.pearce_song import with_embeddings, without_embeddings
from scalelaw.core.errors import BadInput
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.planning.outcome import ChoiceOutcome
from scalelaw.planning.robust import Robustness
from scalelaw.planning.solve import plan
from scalelaw.runs.observations import Observations

QUICK = {"draws": 0, "starts": 8}


@pytest.fixture(scope="module")
def observed() -> Observations:
    return sl.datasets.load("synthetic-ladder").endpoints()


@pytest.fixture(scope="module")
def found(observed: Observations) -> Robustness:
    return sl.robustness(observed, flops=1e22, law="chinchilla", draws=40, starts=8)


def test_each_alternative_is_the_plan_of_that_fit(found: Robustness, observed: Observations) -> None:
    by_label = {each.label: each for each in found.outcomes}
    squared = by_label["least squares, on log loss"]
    alone = plan(sl.fit("chinchilla", observed, noise=sl.Noise("squared"), draws=40, starts=8), flops=1e22)
    assert squared.params is not None and squared.tokens_per_param is not None
    assert squared.params.value == alone.params.value
    assert (squared.tokens_per_param.lo, squared.tokens_per_param.hi) == (
        alone.tokens_per_param.lo, alone.tokens_per_param.hi,
    )  # fmt: skip
    tied = plan(sl.fit("chinchilla", observed, ties={"beta": "alpha"}, draws=0), flops=1e22)
    assert by_label["alpha = beta"].ratio == pytest.approx(tied.tokens_per_param.value, rel=1e-3)
    assert (
        found.base.ratio == plan(sl.fit("chinchilla", observed, draws=0, starts=8), flops=1e22).tokens_per_param.value
    )


def test_n_counted_otherwise_is_converted_there_and_back(found: Robustness, observed: Observations) -> None:
    columns = {**observed.columns, "params_non_embedding": without_embeddings(observed.inputs(["params"])["params"])}
    fit = sl.fit("chinchilla[n=params_non_embedding]", replace(observed, columns=columns), **QUICK)
    alone = plan(fit, flops=1e22)
    counted = next(each for each in found.outcomes if each.choice == "counting")
    assert counted.params is not None and counted.tokens is not None
    assert counted.params.value == pytest.approx(float(with_embeddings(alone.params.value)))
    assert counted.tokens.value == pytest.approx(alone.tokens.value)
    assert counted.ratio == pytest.approx(counted.tokens.value / counted.params.value)


@pytest.mark.slow
def test_compute_that_is_not_six_n_d_is_an_alternative(observed: Observations) -> None:
    dearer = {**observed.columns, "flops": 1.2 * observed.columns["flops"]}
    found = sl.robustness(replace(observed, columns=dearer), flops=1.2e22, law="chinchilla", **QUICK)
    plain = next(each for each in found.outcomes if each.label.startswith("C = 6 N D"))
    fit = sl.fit("chinchilla", observed, **QUICK)
    for each, flops in ((found.base, 1e22), (plain, 1.2e22)):
        alone = plan(fit, flops=flops)
        assert each.tokens_per_param is not None
        assert each.tokens_per_param.value == pytest.approx(alone.tokens_per_param.value, rel=1e-4)


@pytest.mark.slow
def test_outlying_runs_are_left_out_and_tried_with_every_loss_function(observed: Observations) -> None:
    y = observed.y.copy()
    y[:4] *= 1.25
    found = sl.robustness(replace(observed, y=y), flops=1e22, law="chinchilla", **QUICK)
    without = [each for each in found.outcomes if "4 outlying rows left out" in each.label]
    assert {each.choice for each in without} == {"outliers", "loss function and outliers"}
    assert {each.rows for each in without} == {38}
    assert len(without) == 6
    apart = fit_observations(get("chinchilla"), observed.rows(np.arange(42) >= 4), FitSpec(draws=0, starts=8))
    clean = plan(apart, flops=1e22)
    assert without[0].ratio == pytest.approx(clean.tokens_per_param.value, rel=1e-3)


def test_a_law_that_forecasts_worse_is_marked(found: Robustness) -> None:
    kaplan = next(each for each in found.outcomes if each.label.startswith("kaplan_joint"))
    assert not kaplan.comparable
    assert found.base.comparable
    assert found.range()[0] == kaplan.ratio < found.range(comparable=True)[0]
    assert "kaplan_joint" in str(found)


def outcome(
    choice: str, ratio: float, comparable: bool = True, lo: float | None = 10, hi: float | None = 30
) -> ChoiceOutcome:
    from scalelaw.core.estimate import Estimate

    estimate = Estimate(ratio, lo, hi, 0.9, "tokens/parameter")
    return ChoiceOutcome(choice, f"{choice} {ratio}", 40, estimate, estimate, estimate, estimate, 0.01, comparable)  # type: ignore[arg-type]


def verdict(*outcomes: ChoiceOutcome) -> Robustness:
    return Robustness(1e22, 0.9, "chinchilla", "loss", outcomes, None)


def test_the_verdict_is_about_those_that_forecast_as_well() -> None:
    base = outcome("base", 20)
    assert not verdict(base, outcome("law", 29)).disagree
    assert verdict(base, outcome("law", 31)).disagree
    assert not verdict(base, outcome("law", 31, comparable=False)).disagree
    blind = outcome("base", 20, lo=None, hi=None)
    assert verdict(blind, outcome("law", 26)).disagree
    assert not verdict(blind, outcome("law", 24)).disagree


def test_the_choice_that_matters_most_comes_first() -> None:
    found = verdict(outcome("base", 20), outcome("law", 25), outcome("outliers", 5), outcome("outliers", 22))
    assert found.spreads == {"outliers": (5, 22), "law": (20, 25)}
    assert found.findings[0].code == "ROBUST_DISAGREE"
    assert found.findings[0].fix.startswith("settle the choice of outliers first; it matters most (5 to 22)")


def test_an_alternative_without_a_decision_is_said() -> None:
    lost = ChoiceOutcome("law", "odd", 40, None, None, None, None, None, failed="no split")
    found = verdict(outcome("base", 20), lost)
    assert math.isnan(lost.ratio)
    assert found.range() == (20, 20)
    assert [finding.code for finding in found.findings] == ["ROBUST_NO_SPLIT"]
    assert "no decision odd: no split" in str(found)


def test_bad_questions_are_refused(observed: Observations) -> None:
    with pytest.raises(BadInput, match="flops must be positive"):
        sl.robustness(observed, flops=-1)
    with pytest.raises(BadInput, match="a plan needs a law over params"):
        sl.robustness(observed, flops=1e22, law="power", **QUICK)
