"""The coordinate check: a recipe that transfers passes, one without its exponent of width is caught."""

from collections.abc import Mapping

import numpy as np
import pytest

from scalelaw.core.errors import BadInput
from scalelaw.ladder import Recipe, Shapes, coordinate_check, recipe

WIDTHS = (32, 64, 128, 256, 512)
STEPS = 4


def after_a_few_steps(trained_by: Recipe, width: int, seed: int) -> Mapping[str, float]:
    """Train embedding, square matrix and head with Adam on one batch; return how far the layers have moved."""
    rng = np.random.default_rng(seed)
    hyper = trained_by.at(Shapes().at(width), 0.5e6, 128)
    inputs, targets = rng.standard_normal((16, 8)), rng.standard_normal((16, 1))
    weights = {
        "embedding": rng.standard_normal((8, width)),
        "matrices": rng.standard_normal((width, width)) / np.sqrt(width),
        "head": np.zeros((width, 1)),
    }
    first = {name: np.zeros_like(each) for name, each in weights.items()}
    second = {name: np.zeros_like(each) for name, each in weights.items()}
    start = np.maximum(inputs @ weights["embedding"], 0) @ weights["matrices"]
    for step in range(1, STEPS + 1):
        embedded = np.maximum(inputs @ weights["embedding"], 0)
        hidden = embedded @ weights["matrices"]
        wrong = (np.tanh(hidden) @ weights["head"] - targets) / len(inputs)
        back = wrong @ weights["head"].T * (1 - np.tanh(hidden) ** 2)
        gradient = {
            "head": np.tanh(hidden).T @ wrong,
            "matrices": embedded.T @ back,
            "embedding": inputs.T @ (back @ weights["matrices"].T * (embedded > 0)),
        }
        for name, each in gradient.items():
            first[name] = 0.9 * first[name] + 0.1 * each
            second[name] = 0.95 * second[name] + 0.05 * each**2
            size = np.sqrt(second[name] / (1 - 0.95**step)) + 1e-30
            weights[name] = weights[name] - 0.2 * hyper.lr[name] * first[name] / (1 - 0.9**step) / size
    hidden = np.maximum(inputs @ weights["embedding"], 0) @ weights["matrices"]
    moved = {"hidden": hidden - start, "output": np.tanh(hidden) @ weights["head"]}
    return {name: float(np.sqrt(np.mean(each**2))) for name, each in moved.items()}


def test_a_recipe_that_transfers_keeps_its_coordinates() -> None:
    check = coordinate_check(lambda width, seed: after_a_few_steps(recipe("adamw-cpu"), width, seed), WIDTHS, seeds=2)
    assert check.findings == (), str(check)


def test_a_recipe_without_its_exponent_of_width_is_caught() -> None:
    plain = recipe("adamw-cpu").replaced(width_matrices=0.0, width_head=0.0)
    check = coordinate_check(lambda width, seed: after_a_few_steps(plain, width, seed), WIDTHS, seeds=2)
    assert check.findings[0].code == "COORDINATES_DRIFT"
    assert check.slopes["hidden"] > 0.5 and check.slopes["output"] > 0.5


def test_slopes_are_those_of_powers() -> None:
    check = coordinate_check(lambda width, seed: {"up": 3.0 * width**0.3, "down": width**-1.0}, (10, 100, 1000))
    assert check.slopes == pytest.approx({"up": 0.3, "down": -1.0})


@pytest.mark.parametrize(("widths", "size"), [((64,), 1.0), ((64, 128), 0.0), ((64, 128), float("nan"))])
def test_what_has_no_slope_is_refused(widths: tuple[int, ...], size: float) -> None:
    with pytest.raises(BadInput):
        coordinate_check(lambda width, seed: {"x": size}, widths)
