"""Muennighoff et al. 2023 on repeated data: the published decays are a local optimum, and lower ones are found."""

from pathlib import Path

import numpy as np
import pytest

from scalelaw.fitting.result import FitResult
from scalelaw.runs.observations import Observations
from scalelaw.workflows.reproductions import repetition

pytestmark = pytest.mark.data

PUBLISHED = {name: repetition.CONSTANTS[name] for name in repetition.DECAYS}


@pytest.fixture(scope="module")
def observed(data_dir: Path) -> Observations:
    return repetition.runs(data_dir)


@pytest.fixture(scope="module")
def fitted(data_dir: Path) -> FitResult:
    return repetition.fit(data_dir)


def decays(fit: FitResult) -> list[float]:
    return [fit.coefficients()[name]["value"] for name in PUBLISHED]


def objective(observed: Observations, fit: FitResult, **coef: float) -> float:
    predicted = fit.law.predict(fit.law.vector({**repetition.HELD, **coef}), observed.inputs(fit.law.inputs))
    return float(fit.spec.noise.loss(np.log(predicted) - np.log(observed.y)).sum())


def test_the_published_constants_have_the_published_objective(observed: Observations, fitted: FitResult) -> None:
    assert len(observed) == 182
    assert objective(observed, fitted, **PUBLISHED) == pytest.approx(0.0158259, abs=1e-7)


def test_a_lower_optimum_is_found(observed: Observations, fitted: FitResult) -> None:
    """The table's README knows one at .01580738; least squares leads every start to one at .01581129."""
    assert fitted.objective <= 0.01580738
    assert fitted.objective == pytest.approx(
        objective(observed, fitted, **dict(zip(PUBLISHED, decays(fitted), strict=True)))
    )
    assert fitted.objective == pytest.approx(0.01580466, abs=1e-8)
    assert decays(fitted) == pytest.approx([95.4, 1.706], rel=0.02)
    assert fitted.status.agreeing < fitted.status.starts


def test_the_optimum_known_before_is_found_near_it(data_dir: Path) -> None:
    near = repetition.fit(data_dir, {"R_D": (30.0, 60.0), "R_N": (2.0, 3.0)})
    assert near.objective == pytest.approx(0.01580738, abs=1e-8)
    assert decays(near) == pytest.approx([46.990, 2.3296], rel=0.01)


def test_from_near_the_published_constants_the_local_optimum_is_found(data_dir: Path) -> None:
    near = repetition.fit(data_dir, repetition.THEIRS)
    assert near.objective == pytest.approx(0.01582593, abs=2e-8)
    assert decays(near) == pytest.approx([15.372, 5.3151], rel=0.01)
