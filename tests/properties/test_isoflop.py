"""Properties of the IsoFLOP analysis: units, order and repetition leave the exponent alone."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_result import IsoFlop
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.runs.observations import Observations

seeds = st.integers(0, 10_000)
PROFILES = st.sampled_from(["powers", "cubic", "parabola"])


def table(seed: int, noise: float = 0.002) -> Observations:
    rng = np.random.default_rng(seed)
    flops = np.repeat(np.geomspace(1e18, 3e19, 4), 7)
    params = 0.1 * flops**0.51 * 10 ** np.tile(np.linspace(-0.6, 0.6, 7), 4)
    tokens = flops / 6 / params
    y = (1.8 + 480 / params**0.35 + 2100 / tokens**0.37) * np.exp(rng.normal(0, noise, len(flops)))
    columns = {"params": params, "tokens": tokens, "flops": flops}
    return Observations("loss", columns, y, np.arange(28), np.ones(28), 28)


def found(rows: Observations, profile: str) -> IsoFlop:
    return isoflop_observations(rows, IsoFlopSpec(profile, draws=0))  # type: ignore[arg-type]


@settings(max_examples=6)
@given(seed=seeds, factor=st.floats(0.01, 100.0), profile=PROFILES)
def test_counting_params_in_another_unit_leaves_the_exponent(seed: int, factor: float, profile: str) -> None:
    rows = table(seed)
    other = replace(rows, columns={**rows.columns, "params": rows.columns["params"] * factor})
    one, two = found(rows, profile), found(other, profile)
    assert abs(one.params.exponent - two.params.exponent) < 1e-5
    assert abs(one.tokens.exponent - two.tokens.exponent) < 1e-5
    np.testing.assert_allclose(two.params.at(1e20), factor * one.params.at(1e20), rtol=1e-3)


@settings(max_examples=6)
@given(seed=seeds, profile=PROFILES)
def test_the_order_of_rows_does_not_matter(seed: int, profile: str) -> None:
    rows = table(seed)
    turned = rows.rows(np.random.default_rng(seed).permutation(len(rows)))
    np.testing.assert_allclose(found(turned, profile).params.line, found(rows, profile).params.line, rtol=1e-6)


@settings(max_examples=6)
@given(seed=seeds, profile=PROFILES)
def test_a_run_twice_is_a_run_of_weight_two(seed: int, profile: str) -> None:
    rows = table(seed)
    twice = rows.rows(np.append(np.arange(28), 3))
    weighed = replace(rows, weight=np.where(np.arange(28) == 3, 2.0, 1.0))
    one, two = found(twice, profile), found(weighed, profile)
    assert one.params.exponent == two.params.exponent or abs(one.params.exponent - two.params.exponent) < 1e-5


@settings(max_examples=6)
@given(seed=seeds, factor=st.floats(1.5, 4.0), profile=PROFILES)
def test_a_factor_on_the_loss_moves_no_optimum(seed: int, factor: float, profile: str) -> None:
    rows = table(seed)
    one, two = found(rows, profile), found(replace(rows, y=rows.y * factor), profile)
    np.testing.assert_allclose(two.params.line, one.params.line, rtol=1e-5)


@settings(max_examples=6)
@given(seed=seeds, profile=PROFILES)
def test_what_c_leaves_is_what_tokens_get(seed: int, profile: str) -> None:
    result = found(table(seed), profile)
    np.testing.assert_allclose(result.params.exponent + result.tokens.exponent, 1.0, atol=1e-9)
    for budget in result.used:
        assert budget.params is not None and budget.tokens is not None
        np.testing.assert_allclose(6 * budget.params * budget.tokens, budget.flops, rtol=1e-9)
