"""The three approaches side by side: they agree on one law, and what a table does not allow is said."""

import numpy as np
import pytest

from scalelaw.allocation.three_approaches import approaches
from scalelaw.core.errors import BadInput
from scalelaw.laws import get
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable

BUDGETS = [1e19, 1e20, 1e21]


def curves(noise: float = 0.0) -> RunTable:
    law = get("chinchilla")
    coef = law.vector(law.published["besiroglu2024"].coef)
    size, ratio = (
        each.ravel() for each in np.meshgrid(np.geomspace(3e7, 1e10, 14), np.geomspace(0.5, 400, 90), indexing="ij")
    )
    tokens = size * ratio * np.repeat(np.geomspace(0.7, 1.4, 14), 90)
    y = law.predict(coef, {"params": size, "tokens": tokens}) * np.exp(
        np.random.default_rng(0).normal(0, noise, len(size))
    )
    run = [f"run{at:02d}" for at in np.repeat(np.arange(14), 90)]
    return load_runs({"run": run, "params": size, "tokens": tokens, "loss": y})


def test_all_three_agree_on_one_law() -> None:
    found = approaches(curves(), budgets=BUDGETS, flops="1e22", draws=20)
    assert [each.name for each in found.used] == ["envelope", "isoflop", "law"]
    true = get("chinchilla").optimum(np.array([1.8172, 482.01, 2085.43, 0.3478, 0.3658]), np.array(1e22))  # type: ignore[attr-defined]
    for each, within in zip(found.used, (0.1, 0.01, 0.01), strict=True):
        assert each.exponent is not None and each.params is not None and each.tokens is not None
        assert each.exponent.value == pytest.approx(0.5126, abs=0.02)
        assert each.params.value == pytest.approx(float(true[0]), rel=within), each.name
        assert each.tokens.value == pytest.approx(float(true[1]), rel=within), each.name
    assert found.used[0].how == found.used[1].how == "curves"
    assert found.used[2].how.startswith("every checkpoint (ends of runs alone: tokens varies as params**")
    assert "1e+22 FLOP" in str(found)


def test_what_a_table_does_not_allow_is_said() -> None:
    n, ratio = (each.ravel() for each in np.meshgrid(np.geomspace(3e7, 3e9, 6), [4.0, 20.0, 90.0], indexing="ij"))
    y = 1.8172 + 482.01 / n**0.3478 + 2085.43 / (n * ratio) ** 0.3658
    found = approaches(load_runs({"params": n, "tokens": n * ratio, "loss": y}), draws=0)
    skipped = {each.name: each.skipped for each in found.approaches}
    assert "curves" in skipped["envelope"] and "budgets" in skipped["isoflop"] and skipped["law"] == ""
    assert found.flops == pytest.approx(10 * float((6 * n * n * ratio).max())) and found.reach == pytest.approx(10)
    assert found.disagree == () and "skipped" in str(found)


def test_intervals_that_do_not_overlap_are_named() -> None:
    """The losses of the small runs are another recipe's: the law follows them, the budgets of the large do not."""
    runs = curves(2e-4)
    rows = runs.curves()
    y = rows.y * np.where(rows.columns["flops"] < 5e18, 1 + 0.1 * np.log10(rows.columns["params"] / 1e9), 1.0)
    bent = load_runs({"run": runs.runs["run"][runs.evals["run"]].tolist(), "loss": y, **{
        name: np.asarray(rows.columns[name]) for name in ("params", "tokens")}})  # fmt: skip
    found = approaches(bent, budgets=BUDGETS, flops=1e24, draws=60)
    assert [each.skipped for each in found.approaches] == ["", "", ""] and found.disagree
    for one, other in found.disagree:
        first, second = (next(each.params for each in found.used if each.name == name) for name in (one, other))
        assert first is not None and second is not None
        assert first.lo is not None and first.hi is not None and second.lo is not None and second.hi is not None
        assert first.lo > second.hi or second.lo > first.hi
        assert f"{one} and {other} disagree" in str(found)


def test_a_budget_must_be_positive() -> None:
    with pytest.raises(BadInput, match="flops must be positive"):
        approaches(curves(), flops=-1.0, budgets=BUDGETS, draws=0)
