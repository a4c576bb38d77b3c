"""The gradient-noise scale: that of a linear model whose noise is known, and a measurement no loss depends on."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from scalelaw.cli.main import app
from scalelaw.ladder import Ladder
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.training.climb import climb
from scalelaw.training.gradient_noise import gradient_noise
from scalelaw.training.job import Job
from scalelaw.training.text.corpus import Corpus


def linear(rng: np.random.Generator, examples: int) -> tuple[Callable[[int], np.ndarray], float]:
    """Return gradients of batches of y = w . x + e at w = 0, x standard normal, and the exact noise scale.

    g = -x y with y = v . x + s e; E g = -v, and tr cov g = (d + 1) |v|^2 + d s^2 (fourth moments of a Gaussian).
    """
    d, s = 40, 3.0
    v = rng.standard_normal(d) / 4

    def gradient(at: int) -> np.ndarray:
        x = rng.standard_normal((examples, d))
        y = x @ v + s * rng.standard_normal(examples)
        return -(x * y[:, None]).mean(0)

    return gradient, float(d + 1 + d * s**2 / (v @ v))


def test_it_is_that_of_a_linear_model_with_known_noise(rng: np.random.Generator) -> None:
    """Unbiased within its standard error over repeats; the unit is that of the batch it was told."""
    found = []
    for _ in range(40):
        gradient, truth = linear(rng, examples=50)
        measured = gradient_noise(gradient, 50 * 16)
        assert measured.tokens is not None and measured.se is not None
        found.append((measured.tokens / (16 * truth), measured.se / (16 * truth)))
    ratio, se = np.array(found).T
    assert ratio.mean() == pytest.approx(1.0, abs=0.03)
    assert 0.6 < ratio.std() / se.mean() < 1.6, "the standard error says how far it is off"


def test_a_gradient_lost_in_noise_has_no_scale(rng: np.random.Generator) -> None:
    measured = [gradient_noise(lambda _: rng.standard_normal(50), 1024) for _ in range(20)]
    assert any(each.tokens is None and each.se is None for each in measured)


def test_runs_record_it_and_their_losses_stay_the_same_bits(
    tiny: Callable[..., Ladder], corpus: Corpus, tmp_path: Path
) -> None:
    ladder = tiny()
    for name in ("plain", "measured"):
        climb(Job(ladder, ladder.rungs[0], 0, corpus, tmp_path / name, noise_scale=name == "measured"))
    plain, measured = (
        [DirStore(tmp_path / name).read(run).evals[-1] for run in DirStore(tmp_path / name).runs()]
        for name in ("plain", "measured")
    )
    assert [each["loss"] for each in plain] == [each["loss"] for each in measured]
    assert all("noise_scale" not in each for each in plain)
    said = json.loads(CliRunner().invoke(app, ["critical-batch", str(tmp_path / "measured"), "--json"]).stdout)
    recorded = sorted(float(str(each["noise_scale"])) for each in measured)
    assert sorted(each["noise_scale"] for each in said["runs"]) == pytest.approx(recorded)
    assert "noise scale" in CliRunner().invoke(app, ["critical-batch", str(tmp_path / "measured")]).stdout
    for each in measured:
        assert 16 < float(each["noise_scale"]) < 1e5 and 0 < float(each["noise_scale_se"])  # type: ignore[arg-type]
