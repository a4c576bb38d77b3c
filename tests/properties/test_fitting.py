"""Properties of fits that hold whatever the table: units, order, repetition, and more noise means less certainty."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations

SPEC = FitSpec(noise=Noise("squared"), draws=0, starts=6)
AT = {"params": np.array([3e8, 2e10]), "tokens": np.array([1e10, 3e11])}
seeds = st.integers(0, 10_000)


def _table(seed: int, noise: float = 0.01) -> Observations:
    law = get("chinchilla")
    rng = np.random.default_rng(seed)
    params, ratio = (a.ravel() for a in np.meshgrid(np.geomspace(3e7, 5e9, 5), [4.0, 15.0, 60.0, 200.0], indexing="ij"))
    columns = {"params": params, "tokens": params * ratio, "flops": 6 * params**2 * ratio}
    y = law.predict(law.vector(law.published["besiroglu2024"].coef), columns)
    n = len(y)
    return Observations("loss", columns, y * np.exp(rng.normal(0, noise, n)), np.arange(n), np.ones(n), n)


def _fit(observed: Observations, spec: FitSpec = SPEC) -> FitResult:
    return fit_observations(get("chinchilla"), observed, spec)


def _width(fit: FitResult) -> Array:
    own = fit.predict(AT, 0.9, "mean")
    assert own.lo is not None and own.hi is not None
    return np.asarray(own.hi - own.lo)


@settings(max_examples=8)
@given(seed=seeds, unit=st.sampled_from([1e-3, 1e3, 1e6]))
def test_a_unit_of_tokens_rescales_b_alone(seed: int, unit: float) -> None:
    observed = _table(seed)
    other = replace(observed, columns={**observed.columns, "tokens": observed.columns["tokens"] * unit})
    one, two = _fit(observed), _fit(other)
    at = {**AT, "tokens": AT["tokens"] * unit}
    np.testing.assert_allclose(two.predict(at).mean, one.predict(AT).mean, rtol=1e-6)
    e, a, b, alpha, beta = one.coef
    np.testing.assert_allclose(two.coef, [e, a, b * unit**beta, alpha, beta], rtol=2e-3)
    np.testing.assert_allclose(two.objective, one.objective, rtol=1e-8)


@settings(max_examples=6)
@given(seed=seeds, factor=st.floats(1.5, 4.0))
def test_a_factor_on_the_loss_is_a_factor_on_the_forecast(seed: int, factor: float) -> None:
    observed = _table(seed)
    one, two = _fit(observed), _fit(replace(observed, y=observed.y * factor))
    np.testing.assert_allclose(two.predict(AT).mean, factor * one.predict(AT).mean, rtol=1e-6)


@settings(max_examples=8)
@given(seed=seeds)
def test_more_noise_means_wider_intervals(seed: int) -> None:
    """The same noise, four times as large."""
    spec = replace(SPEC, draws=60, seed=seed)
    quiet, loud = _fit(_table(seed, 0.002), spec), _fit(_table(seed, 0.008), spec)
    assert np.all(_width(loud) > 1.5 * _width(quiet))


@settings(max_examples=8)
@given(seed=seeds)
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    observed = _table(seed)
    index = np.random.default_rng(seed).permutation(len(observed))
    one, two = _fit(observed), _fit(observed.rows(index))
    assert one.digest == two.digest
    np.testing.assert_allclose(two.predict(AT).mean, one.predict(AT).mean, rtol=1e-6)
    np.testing.assert_allclose(two.objective, one.objective, rtol=1e-9)


@settings(max_examples=8)
@given(seed=seeds, row=st.integers(0, 19), times=st.integers(2, 5))
def test_a_row_repeated_is_a_row_weighed(seed: int, row: int, times: int) -> None:
    observed = _table(seed)
    index = np.array([*range(20), *[row] * (times - 1)])
    repeated = replace(observed.rows(index), cluster=np.arange(len(index)))
    weighed = replace(observed, weight=np.where(np.arange(20) == row, float(times), 1.0))
    one, two = _fit(repeated), _fit(weighed)
    np.testing.assert_allclose(two.predict(AT).mean, one.predict(AT).mean, rtol=1e-6)
    np.testing.assert_allclose(two.objective, one.objective, rtol=1e-8)
