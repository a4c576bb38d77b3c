"""Fits of published tables: objectives and predictions known from several codes, never coefficients to many digits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.types import Array
from scalelaw.fitting.files import load_fit
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.published import published
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.coordinates import Coordinates
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.solver.solve import Problem, solve
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable

OPTIMUM = 0.0010182741
FILES = Path(__file__).parent / "files"
X = {"params": np.array([7e10, 1e9]), "tokens": np.array([1.4e12, 2e10])}
needs_data = pytest.mark.data
GOLDEN_MEAN = [1.966560696125501, 2.5335432702870158]
GOLDEN_LO = [1.9497248740226194, 2.5315955091927007]


@pytest.fixture(scope="module")
def every(data_dir: Path) -> RunTable:
    return load_runs(data_dir / "chinchilla_epoch" / "svg_extracted_data.csv")


@pytest.fixture(scope="module")
def points(every: RunTable) -> Observations:
    """Return the 240 points of Besiroglu et al. 2024."""
    return every.exclude_top(loss=5, reason="as published").endpoints()


@pytest.fixture(scope="module")
def fitted(points: Observations) -> FitResult:
    return _fit(points)


def _fit(observed: Observations, **options: Any) -> FitResult:
    return fit_observations(get("chinchilla"), observed, FitSpec(**{"draws": 0, **options}))


def _objective(observed: Observations, coef: Array) -> float:
    """Return the published objective, written out."""
    e, a, b, alpha, beta = coef
    residual = np.log(e + a / observed.columns["params"] ** alpha + b / observed.columns["tokens"] ** beta)
    size = np.abs(residual - np.log(observed.y))
    return float(np.where(size <= 1e-3, size**2 / 2, 1e-3 * (size - 5e-4)).sum())


def _tokens_per_param(fit: FitResult, flops: float = 5.76e23) -> float:
    params, tokens = fit.law.optimum(fit.coef, np.array(flops))  # type: ignore[attr-defined]
    return float(tokens / params)


@needs_data
def test_the_published_objective_is_reached_from_every_start(fitted: FitResult, points: Observations) -> None:
    assert fitted.objective <= OPTIMUM and fitted.objective == pytest.approx(OPTIMUM, abs=1e-8)
    assert fitted.objective == pytest.approx(_objective(points, fitted.coef), rel=1e-10)
    assert (fitted.status.starts, fitted.status.agreeing) == (64, 64) and fitted.status.certified
    assert not fitted.status.at_bounds
    for name, value, near in zip(
        "E A B alpha beta".split(), fitted.coef, [1.8172, 477.8, 2143, 0.3473, 0.3672], strict=True
    ):
        assert value == pytest.approx(near, rel=0.01), name
    assert fitted.law.predict(fitted.coef, X) == pytest.approx([1.9732, 2.5301], abs=1.5e-3)
    assert _tokens_per_param(fitted) == pytest.approx(17.9, abs=0.1)
    _, _, _, alpha, beta = fitted.coef
    assert beta / (alpha + beta) == pytest.approx(0.5139, abs=1e-3)


@needs_data
def test_the_rows_are_counted_with_the_reason(fitted: FitResult) -> None:
    assert fitted.rows.read == 245 and len(fitted.rows.y) == 240
    assert [(part.reason, part.n) for part in fitted.rows.set_aside] == [("5 highest loss: as published", 5)]
    assert fitted.to_dict()["rows"] == {
        "read": 245, "set_aside": [{"reason": "5 highest loss: as published", "n": 5}], "fitted": 240,
    }  # fmt: skip


@needs_data
@pytest.mark.parametrize(
    ("source", "objective"),
    [("besiroglu2024", 1.02284e-3), ("hoffmann2022", 1.23116e-3), ("hoffmann2022-printed", 4.12101e-3)],
)
def test_published_constants_under_our_objective(points: Observations, source: str, objective: float) -> None:
    forecaster = published(get("chinchilla"), source)
    residual = np.log(forecaster.predict(points.inputs(("params", "tokens"))).mean) - np.log(points.y)
    total = float((points.weight * Noise().loss(residual)).sum())
    assert total == pytest.approx(objective, abs=6e-9)
    assert total == pytest.approx(_objective(points, forecaster.coef), rel=1e-12)


@needs_data
def test_all_245_points(every: RunTable) -> None:
    fit = _fit(every.endpoints())
    assert fit.objective == pytest.approx(0.00182601, abs=2e-9) and len(fit.rows.y) == 245
    assert fit.coef[4] == pytest.approx(0.453, abs=2e-3) and fit.coef[3] == pytest.approx(0.349, abs=2e-3)
    assert _tokens_per_param(fit) == pytest.approx(6.8, abs=0.1)


@needs_data
@pytest.mark.parametrize(
    ("noise", "reference", "ratio"),
    [
        (Noise("absolute"), [1.81686, 482.006, 2085.434, 0.34781, 0.36585], 18.3),
        (Noise("squared"), [1.8646, 593.3, 4876, 0.3603, 0.4059], 14.3),
        (Noise("squared", on="raw"), [1.8828, 567.8, 7581.9, 0.3576, 0.4276], 10.4),
    ],
    ids=str,
)
def test_other_objectives_end_where_they_did_elsewhere(
    points: Observations, noise: Noise, reference: list[float], ratio: float
) -> None:
    fit = _fit(points, noise=noise)
    assert fit.law.predict(fit.coef, X) == pytest.approx(fit.law.predict(np.array(reference), X), rel=1e-3)
    assert fit.coef.tolist() == pytest.approx(reference, rel=0.01)
    assert _tokens_per_param(fit) == pytest.approx(ratio, abs=0.1)
    if noise.on == "raw":
        assert _objective(points, fit.coef) == pytest.approx(0.00110855, abs=1e-8)
    if noise.kind == "absolute":
        assert _objective(points, fit.coef) == pytest.approx(0.00101864, abs=2e-8)


@needs_data
def test_the_bootstrap_has_the_published_spread(points: Observations) -> None:
    fit = _fit(points, draws=4000)
    assert fit.draws is not None and len(fit.draws) == 4000
    se = fit.draws.std(axis=0, ddof=1)
    assert se[3] == pytest.approx(0.0151, rel=0.05) and se[4] == pytest.approx(0.0207, rel=0.05)
    assert se[0] == pytest.approx(0.0257, rel=0.1)
    share = fit.draws[:, 4] / (fit.draws[:, 3] + fit.draws[:, 4])
    assert np.mean(share) == pytest.approx(0.513, abs=4e-3) and share.std() == pytest.approx(0.019, rel=0.15)
    lo, hi = fit.coefficients(0.95)["beta"]["lo"], fit.coefficients(0.95)["beta"]["hi"]
    assert (lo, hi) == pytest.approx((0.331, 0.415), abs=0.008)


@needs_data
def test_the_misfit_of_the_digitised_points_is_said(fitted: FitResult) -> None:
    assert {finding.code for finding in fitted.findings} == {"FIT_MISFIT"}


@needs_data
def test_random_starts_in_the_published_box_reach_the_optimum(points: Observations) -> None:
    """At least 60 % of uniform starts in Epoch's box, to 1e-6, and none goes lower than the certified optimum."""
    x, noise = points.inputs(("params", "tokens")), Noise()
    coordinates = Coordinates(get("chinchilla"), x, FitSpec().restrictions)
    theta = np.random.default_rng(0).uniform([-1, 0, 0, 0, 0], [1, 25, 25, 2, 2], size=(200, 5))
    coef = np.column_stack([np.exp(theta[:, :3]), theta[:, 3:]])
    problem = Problem(coordinates, x, noise.scaled(points.y), noise)
    objective = solve(problem, coordinates.coordinates(coef), points.weight).objective
    assert objective.min() == pytest.approx(0.001018274018, rel=1e-8)
    assert np.mean(objective <= 0.001018274018 * (1 + 1e-6)) >= 0.6


@needs_data
def test_a_formula_reaches_the_same_optimum(points: Observations, fitted: FitResult) -> None:
    formula = fit_observations(sl.laws.parse("E + A/N**alpha + B/D**beta")[0], points, FitSpec(draws=0))
    assert formula.objective == pytest.approx(fitted.objective, rel=1e-9)
    np.testing.assert_allclose(formula.predict(X).mean, fitted.predict(X).mean, rtol=1e-7)


@needs_data
@pytest.mark.parametrize(
    ("name", "rows", "objective", "alpha", "beta"),
    [
        ("gemstones_hot", 220, 0.0019816129, 0.29287, 0.71287),
        ("gemstones_hot_100b+", 770, 0.0065925344, 0.25911, 0.59727),
        ("gemstones_cool_end", 199, 0.0019640865, 0.30027, 0.58024),
    ],
)
def test_gemstones(data_dir: Path, name: str, rows: int, objective: float, alpha: float, beta: float) -> None:
    """McLeish et al. 2025: every checkpoint a row, as their own fits take them."""
    runs = load_runs(data_dir / "gemstones" / f"{name}.jsonl", columns={"params": "params_active_precise"})
    fit = _fit(runs.curves(), starts=16)
    assert len(fit.rows.y) == rows and fit.objective <= objective * (1 + 1e-7)
    assert fit.objective == pytest.approx(objective, rel=1e-6)
    assert (fit.coef[3], fit.coef[4]) == (pytest.approx(alpha, rel=0.01), pytest.approx(beta, rel=0.01))


@needs_data
def test_gemstones_checkpoints_of_a_run_are_not_independent(data_dir: Path) -> None:
    runs = load_runs(
        data_dir / "gemstones" / "gemstones_hot.jsonl", columns={"params": "params_active_precise", "run": "run_name"}
    )
    observed = runs.curves()
    assert len(np.unique(observed.cluster)) == 22
    by_run, by_row = (_fit(observed, draws=200, starts=8, intervals=how) for how in ("cluster", "pairs"))
    assert by_run.draws is not None and by_row.draws is not None
    assert by_run.draws[:, 3].std() > 1.5 * by_row.draws[:, 3].std()


@needs_data
def test_datablations_with_one_exponent(data_dir: Path) -> None:
    """Muennighoff et al. 2023: alpha tied to beta on the runs of at most 2.5 epochs."""
    runs = load_runs(data_dir / "datablations" / "datablations_all_runs.csv").where(epochs=(None, 2.5))
    fit = _fit(runs.endpoints(), ties={"beta": "alpha"})
    a, b, e, alpha = np.exp(6.4540), np.exp(8.0242), np.exp(0.64004), 0.35961
    assert len(fit.rows.y) == 62 and fit.coef[3] == fit.coef[4]
    assert fit.coef.tolist() == pytest.approx([e, a, b, alpha, alpha], rel=0.01)
    assert fit.objective <= _objective(runs.endpoints(), np.array([e, a, b, alpha, alpha])) * (1 + 1e-9)


def test_the_first_fit_files_load_for_ever() -> None:
    """It was written by

    python -c "import scalelaw as sl; sl.fit('chinchilla', sl.datasets.load('synthetic-ladder'), draws=20).save('tests/golden/files/fit-1.json')"

    by the version that wrote schema 1; the second by today's, with noise=sl.Noise(delta='auto', scale='flops').
    """  # noqa: E501
    fit = load_fit(FILES / "fit-1.json")
    assert fit.law == get("chinchilla") and fit.draws is not None and fit.draws.shape == (20, 5)
    assert (
        fit.spec == FitSpec(draws=20, intervals="cluster")
        and fit.rows.read == len(fit.rows.y) == 42
        and fit.status.certified
    )
    prediction = fit.predict(X, 0.9, "mean")
    assert prediction.mean.tolist() == pytest.approx(GOLDEN_MEAN, rel=1e-12)
    assert prediction.lo is not None and prediction.lo.tolist() == pytest.approx(GOLDEN_LO, rel=1e-12)
    second = load_fit(FILES / "fit-2.json")
    assert second.spec == FitSpec(noise=Noise(delta="auto", scale="flops"), draws=20)
    assert second.spread is not None and second.spread.gamma is not None and second.noise is not None
    assert second.predict(X).lo is not None


def test_the_first_fit_file_is_what_a_fit_gives_today() -> None:
    old = load_fit(FILES / "fit-1.json")
    new = _fit(sl.datasets.load("synthetic-ladder").endpoints(), draws=20, intervals="cluster")
    assert new.digest == "54d4b3f065434893"  # of seven digits, of what the law sees; that of the file is of every digit
    assert (new.spec, new.law, new.target) == (old.spec, old.law, old.target)
    assert new.objective == pytest.approx(old.objective, rel=1e-8)
    np.testing.assert_allclose(new.predict(X).mean, old.predict(X).mean, rtol=1e-6)
    np.testing.assert_allclose(new.predict(X, kind="mean").hi, old.predict(X, kind="mean").hi, rtol=1e-4)  # type: ignore[arg-type]


def test_a_change_of_the_golden_file_shows(tmp_path: Path) -> None:
    fit = load_fit(FILES / "fit-1.json")
    replace(fit, objective=fit.objective * 2).save(str(tmp_path / "fit.json"))
    assert load_fit(tmp_path / "fit.json").objective == fit.objective * 2
    assert (tmp_path / "fit.json").read_bytes() != (FILES / "fit-1.json").read_bytes()
