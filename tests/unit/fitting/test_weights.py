"""Weights are relative: their common factor changes no interval, and what rests on a bound claims no certainty."""

import warnings

import pytest

import scalelaw as sl
from scalelaw import datasets
from scalelaw.core.errors import BadInput, ScalelawWarning
from scalelaw.fitting.result import FitResult

LADDER = datasets.load("synthetic-ladder")
COLUMNS = {name: LADDER.values(name).tolist() for name in ("params", "tokens", "loss")}
EIGHT = {name: [values[at] for at in (1, 5, 9, 16, 20, 27, 33, 40)] for name, values in COLUMNS.items()}


def fitted(columns: dict[str, list[float]], weight: float, **options: object) -> FitResult:
    table = {**columns, "weight": [weight] * len(columns["loss"])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        return sl.fit("chinchilla", table, starts=8, **options)  # type: ignore[arg-type]


def test_a_profile_knows_no_common_factor_of_weights() -> None:
    one, many = (fitted(COLUMNS, w, noise=sl.Noise("squared"), draws=0).profile("alpha") for w in (1, 100))
    assert (one.lo, one.hi) == pytest.approx((many.lo, many.hi), rel=1e-4)


@pytest.mark.parametrize("options", [{"intervals": "laplace"}, {"intervals": "cluster"}, {"prior": "literature"}])
def test_draws_know_no_common_factor_of_weights(options: dict[str, str]) -> None:
    columns = EIGHT if "prior" in options else COLUMNS
    one, many = (fitted(columns, w, draws=60, **options).coefficients()["alpha"] for w in (1, 100))
    assert (one["lo"], one["hi"]) == pytest.approx((many["lo"], many["hi"]), rel=1e-3)


def test_a_coefficient_on_a_bound_has_no_interval_rather_than_none_wide() -> None:
    found = fitted(COLUMNS, 1, draws=30, bounds={"alpha": (0.36, None)}).coefficients()
    assert found["alpha"]["value"] == pytest.approx(0.36) and found["alpha"]["lo"] is None
    assert found["beta"]["lo"] < found["beta"]["value"] < found["beta"]["hi"]


def test_a_profile_of_a_fit_that_leans_on_a_prior_is_refused() -> None:
    with pytest.raises(BadInput, match="this fit has a prior"):
        fitted(EIGHT, 1, prior="literature", draws=0).profile("alpha")


def test_as_many_rows_as_coefficients_say_why_there_are_no_intervals() -> None:
    five = {name: [values[at] for at in (1, 9, 20, 27, 40)] for name, values in COLUMNS.items()}
    assert "none: too few rows to estimate the noise" in str(fitted(five, 1))


@pytest.mark.parametrize("fixed", [{"A": -5.0}, {"alpha": -0.3}, {"E": float("nan")}])
def test_a_value_the_law_does_not_take_is_not_held(fixed: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="is fixed at"):
        fitted(COLUMNS, 1, fixed=fixed, draws=0)
