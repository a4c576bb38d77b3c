"""Published studies in a decision: the runs' own stands beside it, and may be asked for alone."""

import pytest

import scalelaw as sl
from scalelaw.backtesting import Mixture
from scalelaw.core.errors import BadInput


@pytest.fixture(scope="module")
def mixture() -> Mixture:
    return sl.forecast(sl.datasets.load("synthetic-ladder"))


def test_the_runs_own_decision_stands_beside_the_shared_one(mixture: Mixture) -> None:
    shared, alone = sl.plan(mixture, flops=1e22), sl.plan(mixture, flops=1e22, prior="none")
    assert shared.runs_only is not None
    assert shared.literature is not None and "tokens per parameter" in shared.literature
    assert shared.runs_only.params == alone.params
    assert shared.runs_only.loss == alone.loss
    assert (alone.runs_only, alone.literature, alone.disagrees) == (None, None, False)
    assert shared.to_dict()["runs_only"]["params"] == alone.to_dict()["params"]
    assert alone.to_dict()["question"]["prior"] == "none"


def test_studies_do_not_share_in_what_limits_fix(mixture: Mixture) -> None:
    assert sl.plan(mixture, flops=1e22, max_params=1e9).runs_only is None


def test_studies_share_in_every_question_alike(mixture: Mixture) -> None:
    """N* at the budget that a size asks for is that size, whoever shares in the answer."""
    of_size = sl.plan(mixture, params=1e10)
    assert of_size.runs_only is not None
    assert sl.plan(mixture, flops=of_size.flops.value).params.value == pytest.approx(1e10, rel=1e-3)
    of_loss = sl.plan(mixture, loss=2.2)
    assert sl.plan(mixture, flops=of_loss.flops.value).loss.value == pytest.approx(2.2, rel=1e-4)


def test_one_law_is_the_runs_alone(mixture: Mixture) -> None:
    fit = mixture.members[0]
    assert sl.plan(fit, flops=1e22).params == sl.plan(fit, flops=1e22, prior="none").params


def test_an_unknown_prior_is_refused(mixture: Mixture) -> None:
    with pytest.raises(BadInput, match=r"Did you mean 'none'\?"):
        sl.plan(mixture, flops=1e22, prior="non")  # type: ignore[typeddict-item]
