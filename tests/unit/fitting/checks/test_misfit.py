"""Misfit: trends left in residuals are found, along the axis they run along; noise and runs of many rows are not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scalelaw.core.types import Array
from scalelaw.fitting.checks.misfit import misfit
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations

SPEC = FitSpec(draws=0, starts=4)
SIZES, RATIOS = np.geomspace(2e7, 6e9, 10), (3, 6, 12, 25, 50, 100, 200, 400)


def chinchilla(params: Array, tokens: Array) -> Array:
    return np.asarray(1.8172 + 482.01 / params**0.3478 + 2085.43 / tokens**0.3658)


def kaplan(params: Array, tokens: Array) -> Array:
    return np.asarray(((6.4e13 / params) ** (0.076 / 0.103) + 1.8e13 / tokens) ** 0.103)


def broken(params: Array, tokens: Array) -> Array:
    return np.asarray(1.8172 + 482.01 / params**0.3478 * (1 + (params / 5e8) ** 2) ** -0.17 + 2085.43 / tokens**0.3658)


def moving_floor(params: Array, tokens: Array) -> Array:
    return np.asarray(chinchilla(params, tokens) + 0.06 * np.maximum(np.log10(6 * params * tokens / 1e20), 0))


def _share(truth: Callable[[Array, Array], Array], tables: int, seed: int = 0, scale: Callable[..., Array] | None = None
           ) -> float:  # fmt: skip
    """Return the share of simulated tables in which Chinchilla's law is flagged."""
    rng = np.random.default_rng(seed)
    params, ratio = (a.ravel() for a in np.meshgrid(SIZES, RATIOS, indexing="ij"))
    columns = {"params": params, "tokens": params * ratio, "flops": 6 * params**2 * ratio}
    n, count = len(params), 0
    draw = scale or (lambda: rng.normal(0, 0.005, n))
    for _ in range(tables):
        y = truth(params, params * ratio) * np.exp(draw())
        observed = Observations("loss", columns, y, np.arange(n), np.ones(n), n)
        fitted = fit_observations(get("chinchilla"), observed, SPEC)
        count += any(finding.code == "FIT_MISFIT" for finding in fitted.findings)
    return count / tables


def test_the_right_form_is_rarely_accused() -> None:
    assert _share(chinchilla, 40) <= 0.1


def test_the_right_form_is_rarely_accused_under_heavy_tails() -> None:
    rng = np.random.default_rng(2)
    assert _share(chinchilla, 30, scale=lambda: 0.005 * rng.standard_t(3, 80) / np.sqrt(3)) <= 0.1


@pytest.mark.parametrize("truth", [kaplan, broken, moving_floor])
def test_wrong_forms_are_noticed(truth: Callable[[Array, Array], Array]) -> None:
    assert _share(truth, 15) >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.005, 0.01])
@pytest.mark.parametrize(("truth", "flagged"), [(chinchilla, False), (kaplan, True), (broken, True),
                                                (moving_floor, True)])  # fmt: skip
def test_the_shares_promised_over_200_simulations(truth: Any, flagged: bool, noise: float) -> None:
    rng = np.random.default_rng(1)
    share = _share(truth, 200, scale=lambda: rng.normal(0, noise, 80))
    if not flagged:
        assert share <= 0.1
    elif noise == 0.005:
        assert share >= 0.8


def _codes(
    residual: Array, axes: dict[str, Array], cluster: Array | None = None, weight: Array | None = None
) -> set[str]:
    n = len(residual)
    found = misfit(
        residual, np.ones((1, n)), axes, np.ones(n) if weight is None else weight,
        np.arange(n) if cluster is None else cluster,
    )  # fmt: skip
    assert all(finding.code == "FIT_MISFIT" for finding in found)
    return {str(finding).split("bend along ")[1].split(" ")[0] for finding in found}


def test_a_trend_is_named_by_the_axis_it_runs_along() -> None:
    rng = np.random.default_rng(0)
    params, tokens = np.exp(rng.uniform(17, 23, 80)), np.exp(rng.uniform(20, 26, 80))
    residual = 0.01 * np.sin(np.log(tokens) - 20) + rng.normal(0, 0.003, 80)
    assert _codes(residual, {"params": params, "tokens": tokens}) == {"tokens"}


def test_a_trend_the_coefficients_could_absorb_is_none() -> None:
    """Residuals along a derivative of the law are a fit not finished, not a wrong form."""
    rng = np.random.default_rng(0)
    tokens = np.exp(rng.uniform(20, 26, 60))
    noise = rng.normal(0, 0.003, 60)
    by_slope = np.stack([np.ones(60), np.log(tokens), np.log(tokens) ** 2, np.log(tokens) ** 3])
    residual = 0.05 * (np.log(tokens) - 23) + noise
    assert not misfit(residual, by_slope, {"tokens": tokens}, np.ones(60), np.arange(60))
    assert misfit(residual, by_slope[:1], {"tokens": tokens}, np.ones(60), np.arange(60))


def test_many_rows_of_few_runs_are_few_runs() -> None:
    """Noise shared inside a run looks like a trend to whoever counts its checkpoints as independent."""
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(14), 25)
    axis = np.repeat(np.geomspace(1e8, 1e10, 14), 25)
    together, apart = 0, 0
    for _ in range(60):
        residual = np.repeat(rng.normal(0, 0.01, 14), 25) + rng.normal(0, 0.001, 350)
        together += bool(_codes(residual, {"params": axis}, cluster))
        apart += bool(_codes(residual, {"params": axis}))
    assert together <= 0.2 * 60 and apart >= 0.8 * 60


def test_a_fit_passes_its_runs_on(table: Any) -> None:
    """The same through ``fit``: clustered rows of the right form are not accused, unclustered they would be."""
    law = get("chinchilla")
    rng = np.random.default_rng(5)
    base = table(noise=0.0, sizes=5, ratios=(5, 20, 80))
    index = np.repeat(np.arange(15), 12)
    columns = {name: values[index] * (np.tile(np.geomspace(0.8, 1, 12), 15) if name != "params" else 1)
               for name, values in base.columns.items()}  # fmt: skip
    clean = law.predict(law.vector(law.published["besiroglu2024"].coef), columns)
    accused = {True: 0, False: 0}
    for _ in range(12):
        y = clean * np.exp(np.repeat(rng.normal(0, 0.01, 15), 12) + rng.normal(0, 0.0005, 180))
        for clustered in (True, False):
            observed = Observations("loss", columns, y, index if clustered else np.arange(180), np.ones(180), 180)
            fitted = fit_observations(law, observed, SPEC)
            accused[clustered] += any(finding.code == "FIT_MISFIT" for finding in fitted.findings)
    assert accused[True] <= 4 and accused[False] >= 8


def test_rows_of_no_weight_raise_no_alarm() -> None:
    rng = np.random.default_rng(0)
    axis = np.geomspace(1e8, 1e10, 60)
    residual = rng.normal(0, 0.003, 60)
    residual[45:] += 0.02
    weight = np.where(np.arange(60) < 45, 1.0, 0.0)
    assert _codes(residual, {"params": axis}) == {"params"}
    assert _codes(residual, {"params": axis}, weight=weight) == set()


def test_too_few_rows_to_tell_raise_no_alarm() -> None:
    residual = np.array([0.0, 0.1, 0.0, -0.1, 0.0])
    assert _codes(residual, {"params": np.geomspace(1e8, 1e10, 5)}) == set()


def test_residuals_of_zero_raise_no_alarm() -> None:
    assert _codes(np.zeros(30), {"params": np.geomspace(1e8, 1e10, 30)}) == set()
