"""Wherever a value is converted its standard error is converted, too, by the slope of the conversion."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.runs.export import export_runs
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable

VALUES = np.array([2.5, 3.0, 3.5])
ERRORS = np.array([0.01, 0.02, 0.03])
RATIO = np.array([4.0, 3.5, 4.4])
SIZES = {"params": [1e8, 2e8, 4e8], "tokens": [2e9, 4e9, 8e9]}


def errors(table: RunTable) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(table.evals["value"]), np.asarray(table.evals["se"])


WRITTEN: dict[str, Callable[[], RunTable]] = {
    "nats": lambda: load_runs({**SIZES, "loss": VALUES, "loss_se": ERRORS}, units={"loss": "nats"}),
    "bits": lambda: load_runs(
        {**SIZES, "loss": VALUES / math.log(2), "loss_se": ERRORS / math.log(2)}, units={"loss": "bits"}
    ),
    "bits in the name": lambda: load_runs(
        {**SIZES, "loss (bits)": VALUES / math.log(2), "loss_se": ERRORS / math.log(2)}
    ),
    "perplexity": lambda: load_runs(
        {**SIZES, "loss": np.exp(VALUES), "loss_se": np.exp(VALUES) * ERRORS}, units={"loss": "perplexity"}
    ),
    "a column of units": lambda: load_runs(
        {
            **SIZES,
            "loss": [VALUES[0] / math.log(2), math.exp(VALUES[1]), VALUES[2]],
            "loss_se": [ERRORS[0] / math.log(2), math.exp(VALUES[1]) * ERRORS[1], ERRORS[2]],
            "loss_unit": ["bits", "perplexity", "nats"],
        }
    ),
}  # fmt: skip


@pytest.mark.parametrize("written", WRITTEN)
def test_a_standard_error_is_in_the_unit_of_its_value(written: str) -> None:
    value, se = errors(WRITTEN[written]())
    np.testing.assert_allclose(value, VALUES, rtol=1e-12)
    np.testing.assert_allclose(se, ERRORS, rtol=1e-12)


def test_per_byte_converts_both() -> None:
    table = load_runs({**SIZES, "loss": VALUES, "loss_se": ERRORS, "bytes_per_token": RATIO}, units={"loss": "nats"})
    value, se = errors(table.per_byte())
    np.testing.assert_allclose(value, VALUES / math.log(2) / RATIO, rtol=1e-12)
    np.testing.assert_allclose(se, ERRORS / math.log(2) / RATIO, rtol=1e-12)
    ends = table.per_byte().endpoints()
    assert ends.se is not None
    np.testing.assert_allclose(ends.se / ends.y, ERRORS / VALUES, rtol=1e-12)


def test_what_is_exported_is_read_back_with_its_errors(tmp_path) -> None:
    table = WRITTEN["bits"]()
    for name in ("runs.csv", "runs.jsonl", "runs.parquet"):
        export_runs(table, tmp_path / name)
        for one, other in zip(errors(load_runs(tmp_path / name, units={"loss": "nats"})), errors(table), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9)


@given(st.lists(st.floats(2.5, 3.0), min_size=2, max_size=6), st.integers(1, 6))
def test_the_error_of_a_mean_is_that_of_its_values(losses: list[float], last: int) -> None:
    """Endpoints of the last values: their mean, and the root of their unbiased variance over their number."""
    n = len(losses)
    table = load_runs({"run": ["a"] * n, "params": [1e8] * n, "tokens": 1e9 * np.arange(1, n + 1), "loss": losses},
                      units={"loss": "nats"})  # fmt: skip
    ends, used = table.endpoints(last=last), np.array(losses[-last:])
    assert ends.y[0] == pytest.approx(used.mean())
    if last > 1 and len(used) > 1:
        assert ends.se is not None
        assert ends.se[0] == pytest.approx(used.std(ddof=1) / math.sqrt(len(used)), abs=1e-12)
