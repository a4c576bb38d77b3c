"""A run that blew up without a mark is named, with its row and its neighbours; clean tables name none."""

from typing import Any

import numpy as np
import pytest

from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.blown_up import blown_up

CODE = "RUNS_BLOWN_UP"
KINDS = ("grid", "scatter", "isoflop", "compute", "size", "tokens")


def _table(kind: str, rng: np.random.Generator) -> dict[str, Any]:
    """Return a clean table of one kind, with sizes, coefficients and names of its own."""
    alpha, beta = rng.uniform(0.25, 0.45, 2)
    if kind == "grid":
        params = np.repeat(np.geomspace(1e7, 1e9, rng.integers(4, 9)), 4)
        tokens = params * np.tile(np.geomspace(5, 200, 4), len(params) // 4)
    elif kind == "isoflop":
        flops = np.repeat(np.geomspace(1e18, 1e20, 4), 7)
        params = np.sqrt(flops / 120) * np.tile(np.geomspace(0.2, 5, 7), 4)
        tokens = flops / 6 / params
    else:
        params = np.exp(rng.uniform(17, 21, rng.integers(14, 50)))
        tokens = params * np.exp(rng.uniform(1.5, 5.5, len(params)))
    tokens = 20 * params if kind == "compute" else tokens
    of_params = 0.0 if kind == "tokens" else 300 / params**alpha
    of_tokens = 0.0 if kind == "size" else 500 / tokens**beta
    loss = (rng.uniform(1.2, 2.2) + of_params + of_tokens) * np.exp(0.005 * rng.standard_normal(len(params)))
    stem = f"{rng.choice(['ladder', 'exp', 'run'])}{rng.integers(100)}"
    columns: dict[str, Any] = {"run": [f"{stem}-{i}" for i in range(len(params))], "loss": loss}
    if kind == "compute":
        return {**columns, "flops": 6 * params * tokens}
    if kind in ("size", "tokens"):
        return {**columns, **({"params": params} if kind == "size" else {"tokens": tokens})}
    return {**columns, "params": params, "tokens": tokens}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_blew_up_is_named(kind: str, seed: int) -> None:
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    columns = _table(kind, rng)
    assert not load_runs(columns).endpoints().suspects, "the clean table names none"
    columns["loss"] = np.array(columns["loss"])
    at = int(rng.choice(np.flatnonzero(columns["loss"] < 6.0)))  # above ln(vocabulary) it is set aside as diverged
    columns["loss"][at] *= rng.uniform(1.5, 1.65)
    observed = load_runs(columns).endpoints()
    assert observed.suspects == (columns["run"][at],)
    (finding,) = (each for each in observed.findings if each.code == CODE)
    assert str(finding.grade) == "warn" and len(observed) == len(columns["loss"]), "it warns and drops nothing"
    for part in (columns["run"][at], f"row {at + 1}", f"{columns['loss'][at]:.4g}", "neighbours have"):
        assert part in finding.message
    assert f"--exclude run={columns['run'][at]}" in finding.fix


def test_a_table_without_names_says_the_row() -> None:
    columns = _table("grid", np.random.default_rng(9))
    del columns["run"]
    columns["loss"][4] *= 1.6
    table = load_runs(columns)
    observed = table.endpoints()
    assert observed.suspects == ("row 5",)
    assert len(table.exclude(run="row 5", reason="blew up").endpoints()) == len(observed) - 1


def test_a_sweep_counts_by_its_best() -> None:
    """Learning rates that are far too large are no blow-ups; the best of a cell that is far off is one."""
    rng = np.random.default_rng(2)
    clean = _table("grid", rng)
    lr = np.geomspace(1e-4, 1e-1, 6)
    swept = {name: np.repeat(values, 6) for name, values in clean.items() if name != "run"}
    swept["lr"] = np.tile(lr, len(clean["loss"]))
    swept["loss"] = swept["loss"] * np.tile([1.02, 1.0, 1.03, 1.3, 1.6, 1.9], len(clean["loss"]))
    assert not load_runs(swept).endpoints().suspects
    swept["loss"][12:18] *= 1.5
    assert load_runs(swept).endpoints().suspects == ("row 14",)
    assert load_runs(swept).best(over=("lr",)).suspects == ("row 14",)


def test_many_far_runs_are_a_form_that_is_wrong() -> None:
    columns = _table("grid", np.random.default_rng(3))
    far = np.arange(0, len(columns["loss"]), 4)
    columns["loss"][far] *= 1.5
    assert not load_runs(columns).endpoints().suspects


def test_the_order_of_rows_does_not_matter_and_few_rows_name_none() -> None:
    rng = np.random.default_rng(4)
    x, y = {"params": np.geomspace(1e7, 1e9, 30)}, 2 + 40 / np.geomspace(1e7, 1e9, 30) ** 0.2
    y[7] *= 1.6
    order = rng.permutation(30)
    one = np.zeros(30, int)
    assert [each.row for each in blown_up(x, y, one)] == [7]
    assert [each.row for each in blown_up({"params": x["params"][order]}, y[order], one)] == [list(order).index(7)]
    assert not blown_up({"params": x["params"][:6]}, y[:6], one[:6])
    assert not blown_up({"params": np.full(30, 1e8)}, y, one)


@pytest.mark.parametrize("odd", [5e-324, 1e-300, 1e300, 1.7e308])
@pytest.mark.parametrize("share", [1.0, 0.5, 0.15, 0.03])
def test_losses_beyond_all_bounds_are_computed_with(odd: float, share: float, rng: np.random.Generator) -> None:
    for kind in KINDS:
        table = _table(kind, rng)
        many = max(1, round(share * len(table["loss"])))
        table["loss"] = np.where(np.arange(len(table["loss"])) < many, odd, table["loss"])
        load_runs(table)
