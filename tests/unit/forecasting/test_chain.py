"""The chain: both stages, their errors apart and together."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.forecasting.chain import Chain
from scalelaw.forecasting.score_forecast import forecast_score
from scalelaw.laws import get

Made = Callable[..., dict[str, Any]]
X = {"params": np.array([2e9, 5e9]), "tokens": np.array([4e10, 1e11]), "flops": np.array([4.8e20, 3e21])}


@pytest.fixture(scope="module")
def chain(ladder: Made) -> Chain:
    found = forecast_score(ladder(), target="score@hellaswag", draws=100)
    return next(each.forecaster for each in found.members if isinstance(each.forecaster, Chain))


def test_the_score_is_the_link_at_the_forecast_loss(chain: Chain) -> None:
    loss = chain.loss.predict(X).mean
    assert np.allclose(chain.centre(X), chain.link.law.predict(np.asarray(chain.link.coef), {"loss": loss}))


def test_compound_errors_join_both_stages(chain: Chain) -> None:
    stages = chain.stages(X)
    first, second, both = (part.hi - part.lo for part in (stages.loss, stages.score, stages.compound))  # type: ignore[operator]
    through = np.abs(stages.slope) * first
    assert np.all(stages.slope < 0)
    assert np.all(both > 0.8 * np.maximum(through, second)) and np.all(both < 1.4 * (through + second))


def test_the_olmo_error_of_the_first_stage_carries_over() -> None:
    """At 0.75 bits per byte, 0.03 bits per byte move MMLU by -0.0237 and +0.0248 (Bhagia et al. 2024, recomputed)."""
    link = sl.published(get("task_sigmoid"), "bhagia2024-mmlu")
    at, above, below = link.predict(bpb=[0.75, 0.78, 0.72]).mean
    assert above - at == pytest.approx(-0.0237, abs=1e-4) and below - at == pytest.approx(0.0248, abs=1e-4)


def test_a_link_of_another_loss_is_refused(chain: Chain) -> None:
    other = sl.datasets.load("synthetic-ladder")
    x = np.linspace(0.7, 1.2, 9)
    noise = 0.004 * np.random.default_rng(0).standard_normal(9)
    bpb = {
        "bpb": x,
        "score@mmlu": 0.25 + 0.75 / (1 + np.exp(5 * (x - 0.8))) + noise,
        "params": np.geomspace(1e9, 1e7, 9),
        "n_items_mmlu": np.full(9, 14042),
    }
    link = sl.fit("accuracy_logistic[input=bpb,chance=0.25]", bpb, target="score@mmlu", draws=20)
    with pytest.raises(BadInput, match=r"takes bpb, but the first stage forecasts loss"):
        Chain(sl.forecast(other, draws=10), link)
