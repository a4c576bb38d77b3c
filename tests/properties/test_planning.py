"""What holds of every plan, whatever the law's coefficients: optimality, inverses, nesting of intervals."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw import laws
from scalelaw.core.forecaster import Kind, Prediction, interval, outside
from scalelaw.core.types import Array, Inputs
from scalelaw.laws import Law
from scalelaw.planning.efficient_line import frontier
from scalelaw.planning.loss_surfaces import survey
from scalelaw.planning.penalty import compute_penalty
from scalelaw.planning.solve import plan
from scalelaw.planning.surfaces.numeric import Numeric
from scalelaw.planning.surfaces.path import Caps, first_reaching, optimal_path


@dataclass(frozen=True, eq=False)
class Fit:
    """One law with draws, as a fit would be."""

    law: Law
    coef: Array
    draws: Array | None
    label: str = "fit"
    target: str = "loss"
    digest: str = "0"
    domain: dict[str, tuple[float, float]] = field(default_factory=dict)
    caveats: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.law.inputs

    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        return None if self.draws is None else np.asarray(self.law.predict(self.draws, x))

    def predict(self, x: Inputs, level: float = 0.9, kind: Kind = "new_run") -> Prediction:
        mean, drawn = np.asarray(self.law.predict(self.coef, x)), self.sample(x, kind)
        lo, hi = (None, None) if drawn is None else interval(drawn, level)
        return Prediction(mean, lo, hi, level, outside(x, self.domain))


COEFS = st.fixed_dictionaries(
    {
        "E": st.floats(0.0, 3.0),
        "A": st.floats(10.0, 5000.0),
        "B": st.floats(10.0, 50000.0),
        "alpha": st.floats(0.15, 0.7),
        "beta": st.floats(0.15, 0.7),
    }
)
BUDGETS = st.floats(18.0, 27.0).map(lambda x: 10.0**x)


def fit(coef: dict[str, float], draws: int = 0) -> Fit:
    """Return a Chinchilla law at these coefficients, its draws spread as a bootstrap spreads them."""
    law = laws.get("chinchilla")
    centre = law.vector(coef)
    if not draws:
        return Fit(law, centre, None)
    rng = np.random.default_rng(1)
    by = rng.normal(size=(draws, 3)) * [0.02, 0.01, 0.01]
    scales = centre[1:3] * np.exp(by[:, 1:] * [20.0, 23.0])
    return Fit(law, centre, np.column_stack([centre[0] + by[:, 0], scales, centre[3:] + by[:, 1:]]))


@given(COEFS, BUDGETS, st.floats(0.01, 0.5))
def test_no_neighbour_at_the_same_compute_is_better(coef: dict[str, float], flops: float, step: float) -> None:
    forecaster = fit(coef)
    made = plan(forecaster, flops=flops)
    for factor in (1 + step, 1 / (1 + step)):
        x = {"params": np.array([made.params.value * factor]), "tokens": np.array([made.tokens.value / factor])}
        assert forecaster.predict(x).mean[0] >= made.loss.value * (1 - 1e-12)


@given(COEFS, BUDGETS)
def test_the_plan_spends_what_it_is_given(coef: dict[str, float], flops: float) -> None:
    made = plan(fit(coef), flops=flops)
    assert 6 * made.params.value * made.tokens.value == pytest.approx(flops, rel=1e-9)
    assert made.tokens_per_param.value == pytest.approx(made.tokens.value / made.params.value, rel=1e-12)


@given(COEFS, BUDGETS, st.sampled_from(["params", "tokens", "loss"]))
def test_every_question_inverts_the_first(coef: dict[str, float], flops: float, name: str) -> None:
    first = plan(fit(coef), flops=flops)
    back = plan(fit(coef), **{name: getattr(first, name).value})
    # A loss of nearly E carries few digits of C.
    excess = first.loss.value - coef["E"]
    digits = 1e-7 if name != "loss" else 1e-7 + 50 * np.spacing(first.loss.value) / excess
    assert back.flops.value == pytest.approx(flops, rel=digits)
    assert back.params.value == pytest.approx(first.params.value, rel=digits)


@given(COEFS, BUDGETS)
def test_swapped_exponents_would_be_seen(coef: dict[str, float], flops: float) -> None:
    """N* grows with the exponent beta / (alpha + beta) of C, not with alpha / (alpha + beta)."""
    line = frontier(fit(coef), np.array([flops, 100 * flops]))
    slope = np.log(line.params[1] / line.params[0]) / np.log(100)
    assert slope == pytest.approx(coef["beta"] / (coef["alpha"] + coef["beta"]), rel=1e-9)


@given(COEFS, BUDGETS, st.floats(0.05, 0.8), st.sampled_from(["flops", "params", "tokens", "loss"]))
def test_a_wider_level_gives_a_wider_interval(coef: dict[str, float], flops: float, level: float, name: str) -> None:
    forecaster = fit(coef, draws=60)
    asked: dict[str, Any] = {name: getattr(plan(forecaster, flops=flops), name).value}
    narrow, wide = plan(forecaster, level=level, **asked), plan(forecaster, level=level + 0.15, **asked)
    for quantity in ("params", "tokens", "flops", "loss", "tokens_per_param"):
        inner, outer = getattr(narrow, quantity), getattr(wide, quantity)
        assert (inner.lo is None) == (outer.lo is None)
        if inner.lo is not None:
            assert outer.lo <= inner.lo <= inner.hi <= outer.hi
            assert inner.lo < inner.hi or inner.lo == float("inf")


@given(COEFS, st.floats(7.0, 13.0), st.floats(8.0, 14.0))
def test_the_penalty_is_at_least_one(coef: dict[str, float], log_params: float, log_tokens: float) -> None:
    penalty = compute_penalty(fit(coef, draws=30), 10**log_params, 10**log_tokens)
    assert penalty.value >= 1 - 1e-6
    assert penalty.lo is not None
    assert penalty.lo >= 1 - 1e-6


@given(COEFS, BUDGETS)
def test_there_is_no_penalty_on_the_efficient_line(coef: dict[str, float], flops: float) -> None:
    made = plan(fit(coef), flops=flops)
    assert compute_penalty(fit(coef), made.params.value, made.tokens.value).value == pytest.approx(1, abs=1e-6)


@given(COEFS, BUDGETS, st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))
def test_limits_are_kept_and_never_help(
    coef: dict[str, float], flops: float, log_params: float, log_tokens: float
) -> None:
    free = plan(fit(coef), flops=flops)
    limits = {
        "max_params": free.params.value * 10**log_params,
        "max_tokens": free.tokens.value * 10**log_tokens,
    }
    held = plan(fit(coef), flops=flops, **limits)
    assert held.params.value <= limits["max_params"] * (1 + 1e-9)
    assert held.tokens.value <= limits["max_tokens"] * (1 + 1e-9)
    assert held.flops.value <= flops * (1 + 1e-9)
    assert held.loss.value >= free.loss.value * (1 - 1e-12)
    if min(log_params, log_tokens) < -0.01:
        assert held.binding_constraints
        back = plan(fit(coef), loss=held.loss.value, **limits)
        assert back.loss.value == pytest.approx(held.loss.value, rel=1e-6)
        assert back.flops.value <= held.flops.value * 1.01


@pytest.mark.slow
@given(COEFS, BUDGETS)
def test_the_grid_finds_what_the_closed_form_knows(coef: dict[str, float], flops: float) -> None:
    forecaster = fit(coef)
    closed = survey(forecaster).point
    grid = Numeric(lambda x: forecaster.predict(x).mean[None, :], closed.counting)
    exact, found = optimal_path(closed, np.array([flops])), optimal_path(grid, np.array([flops]))
    if not 1e3 < exact.params[0, 0] < flops / 6e3:
        return  # the grid ends at one parameter and at one token
    assert found.params == pytest.approx(exact.params, rel=1e-3)
    assert found.loss == pytest.approx(exact.loss, rel=1e-6)
    target = exact.loss[0]
    assert grid.at_loss(target).flops == pytest.approx(closed.at_loss(target).flops, rel=1e-3)
    assert first_reaching(grid, "params", exact.params[0], Caps()).flops == pytest.approx(flops, rel=1e-3)
