"""Published studies in a decision: the runs' own stands beside it, and may be asked for alone."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.forecasting.ensemble import Ensemble


@pytest.fixture(scope="module")
def mixture() -> Ensemble:
    return sl.forecast(sl.datasets.load("synthetic-ladder"))


def test_the_runs_own_decision_stands_beside_the_shared_one(mixture: Ensemble) -> None:
    shared, alone = sl.plan(mixture, flops=1e22), sl.plan(mixture, flops=1e22, prior="none")
    assert shared.runs_only is not None
    assert shared.literature is not None and "tokens per parameter" in shared.literature
    assert shared.runs_only.params == alone.params
    assert shared.runs_only.loss == alone.loss
    assert (alone.runs_only, alone.literature, alone.disagrees) == (None, None, False)
    assert shared.to_dict()["runs_only"]["params"] == alone.to_dict()["params"]
    assert alone.to_dict()["question"]["prior"] == "none"


def test_studies_do_not_share_in_what_limits_fix(mixture: Ensemble) -> None:
    assert sl.plan(mixture, flops=1e22, max_params=1e9).runs_only is None


def test_studies_share_in_every_question_alike(mixture: Ensemble) -> None:
    """N* at the budget that a size asks for is that size, whoever shares in the answer."""
    of_size = sl.plan(mixture, params=1e10)
    assert of_size.runs_only is not None
    assert sl.plan(mixture, flops=of_size.flops.value).params.value == pytest.approx(1e10, rel=1e-3)
    of_loss = sl.plan(mixture, loss=2.2)
    assert sl.plan(mixture, flops=of_loss.flops.value).loss.value == pytest.approx(2.2, rel=1e-4)


def test_one_law_is_the_runs_alone(mixture: Ensemble) -> None:
    fit = mixture.members[0]
    assert sl.plan(fit, flops=1e22).params == sl.plan(fit, flops=1e22, prior="none").params


def test_an_unknown_prior_is_refused(mixture: Ensemble) -> None:
    with pytest.raises(BadInput, match=r"Did you mean 'none'\?"):
        sl.plan(mixture, flops=1e22, prior="non")  # type: ignore[typeddict-item]


@pytest.mark.parametrize("seed", range(4))
def test_the_share_of_published_studies_is_never_nought_beside_a_size_they_moved(seed: int) -> None:
    rng = np.random.default_rng(seed)
    budgets, ratios = 10 ** np.linspace(17.5, 19, 4), 20 * 10 ** rng.uniform(-1, 1) * 10 ** np.linspace(-0.8, 0.8, 6)
    flops, ratio = (values.ravel() for values in np.meshgrid(budgets, ratios))
    params = np.sqrt(flops / (6 * ratio))
    loss = (1 + 60 / params**0.33 + 60 / (ratio * params) ** 0.27) * np.exp(rng.normal(0, 5e-4, len(flops)))
    found = sl.plan(sl.forecast({"params": params, "tokens": ratio * params, "loss": loss}), flops=1e20)
    assert found.runs_only is not None
    moved = abs(np.log(found.params.value / found.runs_only.params.value))
    said = next(each for each in found.assumptions if "published studies" in each)
    assert not ("and 0% on published studies" in said and moved > 0.01), said
