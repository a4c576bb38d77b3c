"""Curves along one axis: breaks, ends, schedules; values of sections 10, 11 and 13j, and fits to real curves."""

import csv
from pathlib import Path

import numpy as np
import pytest

from scalelaw.core.types import Array
from scalelaw.laws import Law, get, parse


def at(law: Law, coef: dict[str, float], **x: list[float]) -> Array:
    return np.asarray(law.predict(law.vector(coef), {name: np.array(values) for name, values in x.items()}))


def published(spelling: str, **x: list[float]) -> Array:
    law, source = parse(spelling)
    assert source is not None
    return at(law, dict(law.published[source].coef), **x)


def test_section_10a_bnsl() -> None:
    coef = {"a": 0.0, "b": 1.0, "c0": 0.1, "c1": 0.4, "d1": 1e4, "f1": 0.2}
    found = at(get("bnsl"), coef, tokens=[1e2, 1e4, 1e6])
    assert found == pytest.approx([0.630957, 0.376632, 0.0398107], rel=1e-6)


@pytest.mark.data
def test_section_10a_the_catalogues_fit_of_the_addition_task(data_dir: Path) -> None:
    coef = {"a": 0.41388, "b": 2.27727, "c0": 0.055077, "c1": 5.6629, "d1": 612.58, "f1": 0.059193}
    sizes = [float(row["dataset_size"]) for row in addition(data_dir)][-3:]
    found = at(get("bnsl", input="examples_seen"), coef, examples_seen=sizes)
    assert found == pytest.approx([0.7602, 0.6375, 0.5626], abs=6e-5)


def addition(data_dir: Path) -> list[dict[str, str]]:
    with open(data_dir / "bnsl_addition" / "bnsl_4digit_addition.csv") as file:
        return list(csv.DictReader(file))


def test_section_10a_segments_have_the_slopes_of_the_formula() -> None:
    """Far from a break the slope is -c0, then -(c0 + c1), then -(c0 + c1 + c2)."""
    coef = {"a": 0.0, "b": 1.0, "c0": 0.1, "c1": 0.4, "d1": 1e3, "f1": 0.1, "c2": -0.3, "d2": 1e9, "f2": 0.1}
    law = get("bnsl", breaks=2)
    x = [1e0, 1e1, 1e5, 1e6, 1e13, 1e14]
    logs = np.log10(at(law, coef, tokens=x))
    assert np.diff(logs)[::2] == pytest.approx([-0.1, -0.5, -0.2], abs=1e-6)


def test_section_10b_m4() -> None:
    coef = {"y_inf": 0.1, "y_0": 0.999, "a": 0.5, "d": 2.0 ** (1 / 0.3), "c": 0.3}
    found = at(get("m4"), coef, tokens=[1e2, 1e4, 1e6])
    assert found == pytest.approx([0.466573, 0.211952, 0.129556], abs=6e-7)


def test_section_10b_m4_solves_its_equation_wherever_it_bends() -> None:
    law, x = get("m4"), np.geomspace(1e-6, 1e12, 200)
    for a in (0.01, 0.3, 1.0, 3.0):
        y = at(law, {"y_inf": 0.1, "y_0": 2.0, "a": a, "d": 2.0 ** (1 / 0.3), "c": 0.3}, tokens=list(x))
        inside = (y < 2.0 * (1 - 1e-9)) & (y > 0.1 * (1 + 1e-9))
        left = (y[inside] - 0.1) / (2.0 - y[inside]) ** a
        assert inside.sum() > 50 and left == pytest.approx(2 * x[inside] ** -0.3, rel=1e-5)


def test_section_10b_m3() -> None:
    found = at(get("m3"), {"b": 2.0, "g": 1e-5, "c": 0.3}, tokens=[1e2, 1e4, 1e6])
    assert found == pytest.approx([0.502528, 0.129852, 0.065080], abs=6e-7)


@pytest.mark.parametrize(
    ("source", "errors"), [("zhai2021-finetune", [0.141875, 0.100351]), ("zhai2021-10shot", [0.264085, 0.153062])]
)
def test_section_11a_errors_of_vision_transformers(source: str, errors: list[float]) -> None:
    assert published(f"saturating_power@{source}", core_days=[1e2, 1e4]) == pytest.approx(errors, abs=6e-7)


def test_section_11b_the_best_shape_is_where_the_error_is_least() -> None:
    law = get("sovit", dimension="mlp_width")
    coef = {"epsilon": 0.1, "alpha": 3.0, "beta": 40.0, "xi": 900.0, "a": 0.4, "b": 0.5, "c": 0.45}
    for flops in (1e18, 1e21):
        best = float(law.best(law.vector(coef), np.array(flops)))  # type: ignore[attr-defined]
        errors = at(law, coef, mlp_width=[0.9 * best, best, 1.1 * best], flops=[flops] * 3)
        assert np.argmin(errors) == 1
    assert law.rate(law.vector(coef)) == pytest.approx(0.45 / 0.9)  # type: ignore[attr-defined]


def test_section_13j_loss_after_a_schedule() -> None:
    """2.628 + .429 S1^-.55 - .411 S2 after 20000 steps at a peak of 2e-4, constant and cosine to a tenth."""
    found = at(get("annealing"), dict(get("annealing").published["tissue2024"].coef), lr_area=[4.0, 2.20009],
               lr_annealing=[0.0, 0.17783])  # fmt: skip
    assert found == pytest.approx([2.628 + 0.429 * 4**-0.55, 2.628 + 0.429 * 2.20009**-0.55 - 0.411 * 0.17783])
