"""Fitting: what is held still stays so, formulas fit as built-ins do, and bad tables end in one clear sentence."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, BadTable, FitFailed, ScalelawWarning, UnknownName
from scalelaw.fitting.fit import fit_observations, make_spec
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import FormulaLaw, get, parse
from scalelaw.runs.observations import Observations

CHINCHILLA = "E + A/params**alpha + B/tokens**beta"
TRUTH = {"E": 1.8172, "A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658}


def _fit(law: str, observed: Observations, **options: Any) -> Any:
    return fit_observations(parse(law)[0], observed, FitSpec(**{"draws": 0, "starts": 8, **options}))


def _codes(fitted: Any) -> set[str]:
    return {finding.code for finding in fitted.findings}


@pytest.mark.parametrize("noise", [Noise(), Noise("squared"), Noise("squared", on="raw"), Noise("absolute")])
def test_noise_free_data_gives_the_law_back_certified(table: Any, noise: Noise) -> None:
    fitted = _fit("chinchilla", table(noise=0.0), noise=noise, starts=32)
    for value, truth in zip(fitted.coef, TRUTH.values(), strict=True):
        assert value == pytest.approx(truth, rel=1e-4)
    assert fitted.status.certified and not fitted.findings


@pytest.mark.parametrize("seed", range(6))
def test_residuals_of_rounding_have_no_trend(table: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    coef = np.array(list(TRUTH.values())) * np.exp(rng.uniform(-0.2, 0.2, 5))
    for noise in (Noise("squared"), Noise("squared", on="raw"), Noise("huber", delta=1e-3, on="raw")):
        fitted = _fit("chinchilla", table(noise=0.0, coef=coef, seed=seed), noise=noise)
        assert "FIT_MISFIT" not in _codes(fitted)


def test_every_coefficient_stands_in_its_own_place(table: Any) -> None:
    fitted = _fit("chinchilla", table(noise=0.0))
    assert {name: pytest.approx(each["value"], rel=1e-4) for name, each in fitted.coefficients().items()} == TRUTH


def test_a_formula_fits_as_the_built_in_does(table: Any) -> None:
    observed = table(noise=0.01)
    built_in, formula = _fit("chinchilla", observed), _fit(CHINCHILLA, observed)
    assert formula.objective == pytest.approx(built_in.objective, rel=1e-9)
    x = {"params": np.array([1e8, 1e9, 7e10]), "tokens": np.array([1e10, 2e10, 1.4e12])}
    np.testing.assert_allclose(formula.predict(x).mean, built_in.predict(x).mean, rtol=1e-7)


def test_a_formula_with_an_outer_power_fits_as_kaplans_law(table: Any) -> None:
    observed = table("kaplan_joint@kaplan2020", noise=0.003)
    text = "((N_c/params_non_embedding)**(a/b) + D_c/tokens)**b"
    built_in, formula = _fit("kaplan_joint", observed), _fit(text, observed, starts=64)
    assert formula.objective == pytest.approx(built_in.objective, rel=1e-6)


def test_a_fixed_coefficient_stays_exactly_in_point_and_draws(table: Any) -> None:
    fitted = _fit("chinchilla", table(noise=0.01), fixed={"E": 1.8172, "beta": 0.37}, draws=20)
    for vectors in (fitted.coef[None], fitted.draws):
        assert np.all(vectors[:, 0] == 1.8172) and np.all(vectors[:, 4] == 0.37)
    assert np.ptp(fitted.draws[:, 3]) > 0


def test_tied_coefficients_are_equal_in_point_and_draws(table: Any) -> None:
    observed = table(noise=0.01)
    fitted = _fit("chinchilla", observed, ties={"beta": "alpha"}, draws=20)
    assert fitted.coef[3] == fitted.coef[4]
    np.testing.assert_array_equal(fitted.draws[:, 3], fitted.draws[:, 4])
    assert np.ptp(fitted.draws[:, 3]) > 0
    same = _fit("E + A/params**alpha + B/tokens**alpha", observed)
    assert fitted.objective == pytest.approx(same.objective, rel=1e-8)
    assert fitted.objective > _fit("chinchilla", observed).objective


def test_tied_scales_are_the_law_with_one_scale(table: Any) -> None:
    observed = table(noise=0.01)
    fitted = _fit("chinchilla", observed, ties={"B": "A"}, starts=32)
    same = _fit("E + A/params**alpha + A/tokens**beta", observed, starts=32)
    assert fitted.coef[1] == fitted.coef[2]
    assert fitted.objective == pytest.approx(same.objective, rel=1e-6)


def test_a_bound_holds_and_is_reported(table: Any) -> None:
    fitted = _fit("chinchilla", table(noise=0.005), bounds={"alpha": (0.1, 0.3)}, draws=30)
    assert fitted.coef[3] == pytest.approx(0.3, abs=1e-9)
    assert np.all(fitted.draws[:, 3] <= 0.3 + 1e-12) and np.all(fitted.draws[:, 3] >= 0.1)
    assert fitted.status.at_bounds == ("alpha",) and not fitted.status.certified
    assert "FIT_NOT_CERTIFIED" in _codes(fitted) and "alpha is at a bound" in str(fitted.status)


def test_a_bound_on_a_scale_holds(table: Any) -> None:
    fitted = _fit("chinchilla", table(noise=0.005), bounds={"E": (1.9, 3.0), "A": (None, 5000)}, starts=16)
    assert fitted.coef[0] == pytest.approx(1.9, abs=1e-9) and "E" in fitted.status.at_bounds
    free = _fit("chinchilla", table(noise=0.005))
    assert fitted.objective > free.objective


def test_a_bound_that_does_not_bind_changes_nothing(table: Any) -> None:
    observed = table(noise=0.005)
    bound = _fit("chinchilla", observed, bounds={"alpha": (0.05, 1.0), "E": (0.5, 4.0)}, starts=16)
    assert bound.objective == pytest.approx(_fit("chinchilla", observed).objective, rel=1e-8)
    assert not bound.status.at_bounds


def test_an_open_bound_frees_the_sign(rows: Any) -> None:
    x = np.geomspace(1e18, 1e22, 12)
    y = 5.0 - 0.2 * np.log10(x / 1e18) * np.log(10)
    closed = _fit("a + c*log(flops)", rows({"flops": x}, y))
    assert closed.coef[1] >= 0 and "c" in closed.status.at_bounds
    freed = _fit("a + c*log(flops)", rows({"flops": x}, y), bounds={"c": (None, None)})
    assert freed.coef[1] == pytest.approx(-0.2, rel=1e-6)
    assert freed.coef[0] == pytest.approx(5.0 + 0.2 * np.log(1e18), rel=1e-6)
    half = _fit("a + c*log(flops)", rows({"flops": x}, y), bounds={"c": (None, 1.0)})
    assert half.coef[1] == pytest.approx(-0.2, rel=1e-6)


def test_a_power_law_of_each_input_recovers_itself(rows: Any) -> None:
    x = np.geomspace(1e18, 1e23, 15)
    for name in ("flops", "tokens", "params"):
        y = 1.7 + 3e3 * x**-0.19
        fitted = _fit(f"power[input={name}]", rows({name: x}, y))
        np.testing.assert_allclose(fitted.coef, [1.7, 3e3, 0.19], rtol=1e-5)


def test_rows_without_an_input_are_counted_and_left_out(table: Any) -> None:
    observed = table(noise=0.005)
    params = observed.columns["params"].copy()
    params[[2, 5]] = np.nan
    holes = replace(observed, columns={**observed.columns, "params": params})
    fitted = _fit("chinchilla", holes)
    assert len(fitted.rows.y) == len(observed) - 2 and fitted.rows.read == len(observed)
    assert [(part.reason, part.n) for part in fitted.rows.set_aside] == [("no params", 2)]
    kept = np.delete(np.arange(len(observed)), [2, 5])
    assert fitted.objective == pytest.approx(_fit("chinchilla", observed.rows(kept)).objective, rel=1e-9)


def test_a_value_without_a_logarithm_is_set_aside_under_log_noise(table: Any) -> None:
    observed = table(noise=0.005)
    y = observed.y.copy()
    y[0] = -1.0
    fitted = _fit("chinchilla", replace(observed, y=y))
    assert len(fitted.rows.y) == len(observed) - 1 and "not positive" in fitted.rows.set_aside[0].reason


def test_the_domain_is_the_range_of_the_rows_fitted(table: Any) -> None:
    observed = table()
    fitted = _fit("chinchilla", observed)
    for name in ("params", "tokens", "flops"):
        values = observed.columns[name]
        assert fitted.domain[name] == (values.min(), values.max())


def test_too_few_rows_and_constant_inputs_are_refused(table: Any) -> None:
    observed = table()
    with pytest.raises(BadTable, match="4 rows for 5 coefficients"):
        _fit("chinchilla", observed.rows(np.arange(4)))
    constant = replace(observed, columns={**observed.columns, "params": np.full(len(observed), 1e9)})
    with pytest.raises(BadTable, match="DESIGN_CONSTANT"):
        _fit("chinchilla", constant)


def test_fixing_a_coefficient_needs_a_row_less(table: Any) -> None:
    observed = table(sizes=3, ratios=(5, 200)).rows(np.array([0, 1, 2, 5]))
    assert len(_fit("chinchilla", observed, fixed={"E": 1.8}).rows.y) == 4


def test_no_row_left_says_why(table: Any) -> None:
    observed = table()
    empty = replace(observed, columns={**observed.columns, "params": np.full(len(observed), np.nan)})
    with pytest.raises(BadTable, match=r"no row is left to fit chinchilla: 24 excluded \(no params\)"):
        _fit("chinchilla", empty)


def test_nothing_finite_fails_as_fit_failed(table: Any) -> None:
    with pytest.raises(FitFailed, match="no start gave"):
        _fit("log(0 - A*params)", table())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fixed": {"gamma": 1.0}}, "unknown coefficient of chinchilla 'gamma'"),
        ({"ties": {"alpha": "alpha"}}, "alpha cannot be tied to alpha"),
        ({"ties": {"alpha": "beta"}, "fixed": {"beta": 0.3}}, "alpha cannot be tied to beta"),
        ({"bounds": {"alpha": (0.5, 0.1)}}, "low < high"),
        ({"bounds": {"alpha": (0.1, 0.5)}, "fixed": {"alpha": 0.3}}, "alpha is fixed"),
        ({"bounds": {"alpha": (0.1, 0.5)}, "ties": {"alpha": "beta"}}, "alpha is tied"),
        ({"fixed": TRUTH}, "leave at least one to fit"),
    ],
)
def test_restrictions_that_make_no_sense_are_refused(table: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        _fit("chinchilla", table(), **options)


@pytest.mark.parametrize(
    "options", [{"draws": 1}, {"draws": -3}, {"starts": 0}, {"level": 1.0}, {"level": 90}, {"intervals": "rows"}]
)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        make_spec(**options)


def test_an_unknown_option_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'draws'"):
        make_spec(drawss=3)  # type: ignore[call-arg]


def test_the_spec_survives_its_own_dictionary() -> None:
    spec = FitSpec(noise=Noise("absolute", on="raw"), fixed={"E": 1.0}, ties={"alpha": "beta"},
                   bounds={"A": (None, 3.0)}, weights="weight", starts=5, draws=7, intervals="pairs", seed=9,
                   level=0.5)  # fmt: skip
    assert FitSpec.from_dict(spec.to_dict()) == spec


def test_fit_takes_what_load_runs_reads_and_warns_of_findings() -> None:
    rng = np.random.default_rng(0)
    flops = np.geomspace(1e18, 1e22, 20)
    runs = {"flops": flops, "loss": 2 + 1e3 * flops**-0.15 * np.exp(rng.normal(0, 0.002, 20))}
    fitted = sl.fit("power", runs, draws=0)
    assert fitted.law == get("power") and fitted.target == "loss"
    with pytest.warns(ScalelawWarning) as caught:
        sl.fit("power", runs, draws=0, bounds={"E": (2.5, None)})
    assert any("FIT_NOT_CERTIFIED" in str(each.message) for each in caught)


def test_fit_takes_a_law_object(table: Any) -> None:
    assert sl.fit(FormulaLaw(CHINCHILLA), table(), draws=0, starts=8).law == FormulaLaw(CHINCHILLA)
