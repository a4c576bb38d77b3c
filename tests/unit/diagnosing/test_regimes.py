"""Regimes and slopes at the ends of their ranges, against the formulas written out."""

import numpy as np
import pytest
from scipy.special import stdtr

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.diagnosing.regimes import REGIMES, regime

LAW = sl.laws.get("chinchilla")
FORECASTER = sl.published(LAW, "besiroglu2024")
E, A, B, ALPHA, BETA = FORECASTER.coef
DECAY = 15.387756


@pytest.mark.parametrize("epochs", [1.0, 1.5, 3.0, 10.0])
@pytest.mark.parametrize(("params", "tokens"), [(1e8, 1e10), (7e10, 1.4e12)])
def test_terms_are_those_of_the_law_at_the_tokens_that_count(params, tokens, epochs):
    unique = tokens / epochs
    worth = unique * (1 + DECAY * (1 - np.exp(-(epochs - 1) / DECAY)))
    by_params, by_tokens = A / params**ALPHA, B / worth**BETA
    found = regime(FORECASTER, params=params, tokens=tokens, unique_tokens=unique, batch_ratio=0.5)
    assert found.by_params == pytest.approx(by_params) and found.by_tokens == pytest.approx(by_tokens)
    assert found.share == pytest.approx(ALPHA * by_params / (ALPHA * by_params + BETA * by_tokens))
    assert found.repeated == pytest.approx(by_tokens - B / tokens**BETA, abs=1e-12)
    assert found.stepped == pytest.approx(B * (tokens / 1.5) ** -BETA - B * tokens**-BETA)
    assert found.epochs == pytest.approx(epochs) and found.batch_ratio == 0.5 and found.agreement is None
    flops, reached = 6 * params * tokens, E + A / params**ALPHA + B / tokens**BETA
    lowest = FORECASTER.law.flops_for_loss(FORECASTER.coef, reached)
    assert found.penalty == pytest.approx(flops / float(lowest), rel=1e-6)


def params_at(share: float, tokens: float) -> float:
    """N at which params have this share of the elasticity."""
    v = BETA * B / tokens**BETA
    return float((ALPHA * A * (1 - share) / (share * v)) ** (1 / ALPHA))


@pytest.mark.parametrize(
    ("share", "label"), [(0.76, 0), (0.74, 3), (0.26, 3), (0.24, 1), (0.5, 3)], ids=lambda value: str(value)
)
def test_a_regime_changes_at_a_quarter_and_three_quarters(share, label):
    found = regime(FORECASTER, params=params_at(share, 1e12), tokens=1e12)
    assert found.share == pytest.approx(share) and found.label == REGIMES[label]


def test_a_large_batch_and_many_epochs_come_first():
    balanced = {"params": params_at(0.5, 1e12), "tokens": 1e12}
    for ratio, label in ((1.0, 3), (1.01, 2)):
        assert regime(FORECASTER, **balanced, batch_ratio=ratio).label == REGIMES[label]
    for epochs, label in ((3.99, 3), (4.01, 1)):
        found = regime(FORECASTER, **balanced, unique_tokens=1e12 / epochs, seed_noise=10.0)
        assert found.label == REGIMES[label], epochs
    worn = regime(FORECASTER, **balanced, unique_tokens=1e12 / 3.9)
    share = worn.repeated / (worn.by_params + worn.by_tokens)
    assert (worn.label == "data-limited") is (share > 0.02)
    for noise, label in ((worn.repeated * 1.01, 3), (worn.repeated * 0.99, 3 if share < 0.02 else 1)):
        assert regime(FORECASTER, **balanced, unique_tokens=1e12 / 3.9, seed_noise=noise).label == REGIMES[label]


@pytest.mark.parametrize(
    "wrong", [{"params": 0}, {"tokens": 0}, {"unique_tokens": 0}, {"unique_tokens": 2e10}, {"batch_ratio": 0.0}]
)
def test_what_no_run_has_is_refused(wrong):
    with pytest.raises(BadInput, match="must be positive and unique_tokens at most tokens"):
        regime(FORECASTER, **{"params": 1e9, "tokens": 1e10, **wrong})


def test_what_is_printed_of_a_regime():
    text = str(regime(FORECASTER, params="8B", tokens="15T", batch_ratio=2.0, unique_tokens="5T"))
    for each in ("step-limited", "3;", "2 of critical; it adds", "times the least compute"):
        assert each in text, text
    assert "of critical" not in str(regime(FORECASTER, params="8B", tokens="15T"))


@pytest.mark.parametrize("floor", [0.0, 1.5])
def test_a_slope_is_that_of_least_squares_with_its_error(rng, floor):
    x = np.geomspace(1e7, 1e10, 9)
    loss = floor + 40 * x**-0.2 * np.exp(rng.normal(0, 0.02, 9))
    found = sl.diagnosing.local_slope("params", np.append(x, [1e11, -1.0]), np.append(loss, [floor, 3.0]), floor=floor)
    (slope, _), covariance = np.polyfit(np.log(x), np.log(loss - floor), 1, cov=True)
    assert found.slope == pytest.approx(-slope) and found.se == pytest.approx(covariance[0, 0] ** 0.5)
    distance = (found.slope - 1) / found.se
    assert found.scores["distance"] == pytest.approx(distance)
    assert found.scores["p"] == pytest.approx(2 * stdtr(7, -abs(distance)))
    assert "resolution-limited in parameters" in str(found) and f"(se {found.se:.2g}) along params" in str(found)
    for along, side in (("tokens", "data"), ("examples", "data"), ("flops", "compute"), ("params_active", "param")):
        assert f"limited in {side}" in str(sl.diagnosing.local_slope(along, x, loss, floor=floor))


def test_a_slope_within_two_errors_of_one_is_universal():
    x = np.geomspace(1e7, 1e10, 40)
    wiggle = np.where(np.arange(40) % 2, 0.05, -0.05)
    for exponent in (0.9, 0.99, 1.0, 1.01, 1.1):
        found = sl.diagnosing.local_slope("tokens", x, 1e6 * x**-exponent * np.exp(wiggle), floor=0.0)
        near = abs(found.slope - 1) <= 2 * found.se
        wanted = "variance-limited" if near else ("resolution-limited" if found.slope < 1 else "steeper than either")
        assert found.label == wanted
    with pytest.raises(BadInput, match=r"3 points above floor=2 at different tokens, got 2"):
        sl.diagnosing.local_slope("tokens", [1, 2, 3], [2.0, 3.0, 4.0], floor=2.0)
    with pytest.raises(BadInput, match="different tokens"):
        sl.diagnosing.local_slope("tokens", [5, 5, 5], [3.0, 3.0, 4.0], floor=2.0)
