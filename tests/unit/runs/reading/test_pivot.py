"""Grids of losses: read as one run a cell, whichever side is the size, or asked about."""

import json

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.core.errors import NeedsAnswer, ScalelawWarning
from scalelaw.core.numbers import format_number

SEEDS = range(1)
AS_GRID = pytest.mark.filterwarnings("ignore:.*RUNS_GRID")


def loss(n, d):
    return 1.7 + 400 / n**0.34 + 400 / d**0.28


def drawn(rng, across):
    """Return sizes, the other side, and its name: tokens or flops."""
    sizes = np.sort([float(f"{n:.3g}") for n in 10 ** rng.uniform(7, 9.3, int(rng.integers(2, 6)))])
    low, high = (18, 21) if across == "flops" else (10, 11.5)
    return sizes, np.sort([float(f"{c:.3g}") for c in 10 ** rng.uniform(low, high, int(rng.integers(2, 7)))])


def written(value, quantity, style):
    """Return a number as people head a column with it."""
    if style == "plain":
        return f"{value:g}"
    if style == "words":
        words = {"flops": "FLOPs", "tokens": "tokens", "params": "params"}
        return f"{value:g} {words[quantity]}" if quantity == "flops" else f"{format_number(value)} {words[quantity]}"
    if style == "symbol":
        return f"{ {'flops': 'C', 'tokens': 'D', 'params': 'N'}[quantity] }={value:g}"
    return f"{value:g}" if quantity == "flops" else format_number(value)


def grid(sizes, others, across, corner, style, *, transposed):
    """Return the grid as a frame of text and numbers."""
    cells = [[loss(n, x / 6 / n if across == "flops" else x) for x in others] for n in sizes]
    frame = pd.DataFrame(cells, columns=[written(x, across, style) for x in others])
    frame.index = [written(n, "params", style) for n in sizes]
    if transposed:
        frame = frame.T
    frame.insert(0, corner, frame.index)
    return frame.reset_index(drop=True)


@AS_GRID
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("style", ["plain", "words", "symbol", "suffix"])
@pytest.mark.parametrize(
    ("across", "transposed", "corner"),
    [
        ("flops", False, "size"), ("flops", False, "N"), ("flops", False, "model"), ("flops", True, "budget"),
        ("flops", True, "C"), ("flops", False, ""), ("flops", True, ""), ("tokens", False, "params"),
        ("tokens", False, "model"), ("tokens", True, "tokens"), ("tokens", True, "D"), ("tokens", False, r"N \ D"),
    ],
)  # fmt: skip
def test_one_run_a_cell(tmp_path, seed, style, across, transposed, corner):
    sizes, others = drawn(np.random.default_rng(seed), across)
    frame = grid(sizes, others, across, corner, style, transposed=transposed)
    path = tmp_path / "grid.csv"
    frame.to_csv(path, index=False)
    for source in (path, frame):
        table = sl.load_runs(source)
        assert len(table) == len(sizes) * len(others)
        assert np.allclose(np.unique(table.runs["params"]), sizes, rtol=1e-3)
        assert np.allclose(np.unique(table.runs[across]), others, rtol=1e-3)
        n, d = table.runs["params"], table.runs["tokens"]
        assert np.allclose(table.endpoints().y, loss(n, d), rtol=1e-3)
    assert "RUNS_GRID" in [finding.code for finding in table.findings]


def test_the_finding_says_what_was_taken_for_what():
    frame = pd.DataFrame({"size": ["10M", "124M"], "1e18": [3.9, 3.5], "6e+18": [3.8, None], "1e19": [3.7, 3.2]})
    with pytest.warns(ScalelawWarning, match=r"rows are params \('size'\), 10M to 124M; columns are flops, .* 1 blank"):
        assert len(sl.load_runs(frame)) == 5


@AS_GRID
@pytest.mark.parametrize("flip", [False, True])
def test_a_pivot_table_of_pandas_keeps_its_index(flip):
    rows = [{"params": n, "tokens": d, "loss": loss(n, d)} for n in (1e7, 2e7, 4e7) for d in (1e9, 2e9)]
    frame = pd.DataFrame(rows)
    whole = sl.load_runs(frame).endpoints().digest
    for wide in (frame.pivot_table(index="params", columns="tokens", values="loss"),
                 frame.pivot_table(index="params", columns="tokens", values=["loss"])):  # fmt: skip
        assert sl.load_runs(wide.T if flip and wide.columns.nlevels == 1 else wide).endpoints().digest == whole


@AS_GRID
def test_a_grid_in_json(tmp_path):
    path = tmp_path / "grid.json"
    path.write_text(json.dumps({"10M": {"1e18": 3.9, "1e19": 3.8}, "124M": {"1e18": 3.5}}))
    table = sl.load_runs(path)
    assert table.runs["params"].tolist() == [1e7, 1e7, 1.24e8] and table.runs["flops"].tolist() == [1e18, 1e19, 1e18]


@AS_GRID
def test_two_sides_that_may_both_be_sizes_are_asked_about_and_each_answer_works():
    frame = pd.DataFrame({"x": ["10M", "1B"], "100M": [3.9, 3.5], "2B": [3.8, 3.2]})
    with pytest.raises(
        NeedsAnswer, match=r"which side is the model size.* --column params=x or --column tokens=x"
    ) as caught:
        sl.load_runs(frame)
    sizes, tokens = (answer.settings for answer in caught.value.findings[0].answers)
    assert np.unique(sl.load_runs(frame, **sizes).runs["params"]).tolist() == [1e7, 1e9]
    assert np.unique(sl.load_runs(frame, **tokens).runs["params"]).tolist() == [1e8, 2e9]


@pytest.mark.parametrize(
    "columns",
    [
        {"params": [1e7, 4e7], "tokens": [1e9, 1e9], "loss": [3.0, 2.9], "1e18": [1.0, 2.0], "1e19": [1.0, 2.0]},
        {"params": [1e7, 4e7], "tokens": [1e9, 1e9], "loss_c4": [3.0, 2.9], "loss_2": [3.0, 2.8]},
        {
            "params": [1e7, 4e7],
            "tokens": [1e9, 1e9],
            "val_loss": [3.0, 2.9],
            "layer1": [3.0, 2.8],
            "layer2": [3.0, 2.8],
        },
    ],
)
def test_what_is_no_grid_stays_as_it_is(columns):
    assert len(sl.load_runs(columns)) == 2


def test_a_named_index_is_a_column():
    frame = pd.DataFrame({"tokens": [1e9, 2e9], "loss": [3.0, 2.8]}, index=pd.Index([1e7, 2e7], name="params"))
    assert sl.load_runs(frame).runs["params"].tolist() == [1e7, 2e7]


@AS_GRID
def test_labels_with_units_rows_of_means_and_merged_families(tmp_path):
    path = tmp_path / "grid.csv"
    path.write_text("params (M),1e18 (FLOPs),1e19 (FLOPs)\n10,3.9,3.8\n124,3.5,3.2\nmean,3.7,3.5\n")
    table = sl.load_runs(path)
    assert np.unique(table.runs["params"]).tolist() == [1e7, 1.24e8] and len(table) == 4
    assert "left out without a number: mean" in str(table.findings[0])
    path.write_text("family,size,1e18,1e19\nA,10M,3.9,3.8\n,40M,3.5,3.2\nB,10M,3.8,3.7\n,40M,3.3,3.1\n")
    assert sl.load_runs(path).runs["family"].tolist() == ["A"] * 4 + ["B"] * 4


@AS_GRID
def test_labels_without_a_name_can_be_said_to_be_either(tmp_path):
    path = tmp_path / "grid.csv"
    path.write_text(",1B,10B\n10M,3.9,3.8\n2B,3.7,3.5\n")
    with pytest.raises(NeedsAnswer, match="--column params=rows or --column tokens=rows"):
        sl.load_runs(path)
    assert np.unique(sl.load_runs(path, columns={"params": "rows"}).runs["params"]).tolist() == [1e7, 2e9]
    assert np.unique(sl.load_runs(path, columns={"tokens": "rows"}).runs["tokens"]).tolist() == [1e7, 2e9]
