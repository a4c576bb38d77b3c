"""The objective of a fit, recomputed by hand: a weighted sum over rows, of the law where it says it is."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import parse
from scalelaw.runs.observations import Observations

FLOPS = np.array([1e18, 3e18, 1e19, 1e20, 4e20, 1e21])
LOSS = np.array([4.1, 3.9, 3.75, 3.3, 3.2, 3.0])
WEIGHT = np.array([1.0, 2.0, 0.5, 3.0, 1.0, 1.5])
SLOPE = 0.05
ONE_COEF = FitSpec(noise=Noise("squared"), fixed={"alpha": SLOPE}, draws=0)
"""log A is then the weighted mean of log L + alpha log C, so that everything is known in closed form."""


def _centres() -> Array:
    return np.log(LOSS) + SLOPE * np.log(FLOPS)


def _fit(observed: Observations, spec: FitSpec, law: str = "power[floor=no]") -> Any:
    return fit_observations(parse(law)[0], observed, spec)


def _huber(residual: float, delta: float) -> float:
    size = abs(residual)
    return 0.5 * size**2 if size <= delta else delta * (size - 0.5 * delta)


def test_squared_log_is_the_weighted_sum_in_closed_form(rows: Any) -> None:
    fitted = _fit(rows({"flops": FLOPS}, LOSS, weight=WEIGHT), ONE_COEF)
    centre = np.average(_centres(), weights=WEIGHT)
    assert math.log(fitted.coef[0]) == pytest.approx(centre, rel=1e-10)
    by_hand = sum(w * 0.5 * (centre - z) ** 2 for w, z in zip(WEIGHT, _centres(), strict=True))
    assert fitted.objective == pytest.approx(by_hand, rel=1e-9)


def test_absolute_log_is_the_weighted_median(rows: Any) -> None:
    fitted = _fit(rows({"flops": FLOPS}, LOSS, weight=WEIGHT), replace(ONE_COEF, noise=Noise("absolute")))
    candidates = [sum(w * abs(c - z) for w, z in zip(WEIGHT, _centres(), strict=True)) for c in _centres()]
    assert fitted.objective == pytest.approx(min(candidates), rel=2e-5)
    assert math.log(fitted.coef[0]) == pytest.approx(_centres()[int(np.argmin(candidates))], abs=1e-6)


def test_squared_raw_is_the_regression_through_the_origin(rows: Any) -> None:
    spec = replace(ONE_COEF, noise=Noise("squared", on="raw"))
    fitted = _fit(rows({"flops": FLOPS}, LOSS, weight=WEIGHT), spec)
    basis = FLOPS**-SLOPE
    scale = (WEIGHT * basis * LOSS).sum() / (WEIGHT * basis**2).sum()
    assert fitted.coef[0] == pytest.approx(scale, rel=1e-9)
    assert fitted.objective == pytest.approx(0.5 * (WEIGHT * (scale * basis - LOSS) ** 2).sum(), rel=1e-9)


@pytest.mark.parametrize("on", ["log", "raw"])
@pytest.mark.parametrize("kind", ["huber", "squared", "absolute"])
def test_the_objective_is_the_sum_of_the_losses_at_the_coefficients(table: Any, kind: Any, on: Any) -> None:
    observed = table(noise=0.01)
    observed = replace(observed, weight=np.linspace(0.5, 2, len(observed)))
    fitted = _fit(observed, FitSpec(noise=Noise(kind, on=on), draws=0, starts=8), "chinchilla")
    e, a, b, alpha, beta = fitted.coef
    total = 0.0
    for n, d, y, w in zip(
        observed.columns["params"], observed.columns["tokens"], observed.y, observed.weight, strict=True
    ):
        predicted = e + a / n**alpha + b / d**beta
        residual = math.log(predicted) - math.log(y) if on == "log" else predicted - y
        loss = {"huber": _huber(residual, 1e-3), "squared": 0.5 * residual**2, "absolute": abs(residual)}[kind]
        total += w * loss
    assert fitted.objective == pytest.approx(total, rel=1e-9 if kind != "absolute" else 1e-4)
    residual_sum = (observed.weight * fitted.spec.noise.loss(fitted.residuals)).sum()
    assert residual_sum == pytest.approx(total, rel=1e-12)


def test_residuals_are_predicted_minus_measured(rows: Any) -> None:
    fitted = _fit(rows({"flops": FLOPS}, LOSS), ONE_COEF)
    expected = math.log(fitted.coef[0]) - _centres()
    np.testing.assert_allclose(fitted.residuals, expected, atol=1e-12)


def _repeated(observed: Observations, index: Array) -> Observations:
    return replace(observed.rows(index), cluster=np.arange(len(index)), read=len(index))


def test_a_row_twice_is_a_row_of_weight_two(table: Any) -> None:
    observed = table(noise=0.02)
    twice = _repeated(observed, np.array([*range(len(observed)), 3, 7, 7]))
    weight = np.ones(len(observed))
    weight[3], weight[7] = 2, 3
    by_weight = replace(observed, weight=weight)
    spec = FitSpec(draws=0, starts=8)
    one, other = _fit(twice, spec, "chinchilla"), _fit(by_weight, spec, "chinchilla")
    assert one.objective == pytest.approx(other.objective, rel=1e-8)
    np.testing.assert_allclose(one.law.predict(one.coef, observed.columns),
                               other.law.predict(other.coef, observed.columns), rtol=1e-5)  # fmt: skip


def test_all_weights_doubled_doubles_the_objective_and_nothing_else(table: Any) -> None:
    observed = table(noise=0.02)
    spec = FitSpec(draws=0, starts=8)
    one = _fit(observed, spec, "chinchilla")
    two = _fit(replace(observed, weight=2 * observed.weight), spec, "chinchilla")
    assert two.objective == pytest.approx(2 * one.objective, rel=1e-9)
    np.testing.assert_allclose(two.coef, one.coef, rtol=1e-3)


def test_weights_come_from_the_column_named(rows: Any) -> None:
    observed = rows({"flops": FLOPS, "batch_tokens": WEIGHT}, LOSS)
    fitted = _fit(observed, replace(ONE_COEF, weights="batch_tokens"))
    assert math.log(fitted.coef[0]) == pytest.approx(np.average(_centres(), weights=WEIGHT), rel=1e-10)
    np.testing.assert_array_equal(fitted.rows.weight, WEIGHT)


def test_the_order_of_rows_changes_neither_fit_nor_digest(table: Any) -> None:
    observed = table(noise=0.01)
    shuffled = observed.rows(np.random.default_rng(3).permutation(len(observed)))
    spec = FitSpec(draws=0, starts=8)
    one, other = _fit(observed, spec, "chinchilla"), _fit(shuffled, spec, "chinchilla")
    assert one.digest == other.digest
    assert one.objective == pytest.approx(other.objective, rel=1e-9)
    np.testing.assert_allclose(one.coef, other.coef, rtol=1e-4)


def test_the_digest_tells_rows_spec_and_law_apart(table: Any) -> None:
    observed = table(noise=0.01)
    spec = FitSpec(draws=0, starts=8)
    base = _fit(observed, spec, "chinchilla").digest
    edited = replace(observed, y=observed.y * np.where(np.arange(len(observed)) == 4, 1 + 1e-6, 1.0))
    assert _fit(edited, spec, "chinchilla").digest != base
    assert _fit(observed, replace(spec, noise=Noise(delta=2e-3)), "chinchilla").digest != base
    assert _fit(observed, spec, "E + A/params**alpha + B/tokens**beta").digest != base
    heavier = replace(observed, weight=observed.weight * 2)
    assert _fit(heavier, spec, "chinchilla").digest != base
    assert _fit(observed, spec, "chinchilla").digest == base
