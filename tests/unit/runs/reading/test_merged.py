"""Merged cells of spreadsheets: filled down where they can be nothing else, asked about otherwise, never dropped."""

import warnings

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.core.errors import NeedsAnswer, ScalelawWarning
from scalelaw.runs.reading.merged import _falls

SEEDS = range(8)


def loss(n, d):
    return 1.7 + 400 / n**0.34 + 400 / d**0.28


def ladder(rng, sizes=4, each=3):
    """Return whole rows of a grid of sizes and tokens, with a name of the size."""
    rows = []
    for n in np.sort(10 ** rng.uniform(7, 9.5, sizes)):
        for d in np.sort(n * 10 ** rng.uniform(0.5, 2.5, each)):
            rows.append({"params": float(f"{n:.4g}"), "tokens": float(f"{d:.4g}"), "loss": round(loss(n, d), 4)})
    return pd.DataFrame(rows)


def merged(table, *columns):
    """Return the table as a sheet exports it: a label stands in the first row of its block alone."""
    shown = table.astype(object)
    for column in columns:
        again = table[column].eq(table[column].shift())
        shown.loc[again, column] = None
    return shown


@pytest.mark.parametrize("seed", SEEDS)
def test_a_size_written_once_a_block_is_filled_down(tmp_path, seed):
    rng = np.random.default_rng(seed)
    table = ladder(rng, int(rng.integers(2, 6)), int(rng.integers(2, 6)))
    name = rng.choice(["params", "N", "n_params", "model_size"])
    report = merged(table, "params").rename(columns={"params": name})
    path = tmp_path / "sheet.csv"
    report.to_csv(path, index=False)
    for source in (path, report, report.astype(float), report.to_dict("list"), report.to_dict("records")):
        with pytest.warns(ScalelawWarning, match="written once per block of rows"):
            loaded = sl.load_runs(source)
        assert loaded.runs["params"].tolist() == table["params"].tolist()
        assert len(loaded.endpoints().complete(["params", "tokens"])) == len(table)
        assert "RUNS_MERGED_CELLS" in [finding.code for finding in loaded.findings]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_budget_and_the_words_beside_it(tmp_path, seed):
    rng = np.random.default_rng(seed)
    rows = []
    for c, family in zip(np.sort(10 ** rng.uniform(17, 20, 3)), ("small", "middle", "large"), strict=True):
        for n in np.sort(10 ** rng.uniform(7, 9, 4)):
            rows.append({"family": family, "flops": c, "params": n, "loss": loss(n, c / 6 / n)})
    table = pd.DataFrame(rows)
    path = tmp_path / "sheet.csv"
    merged(table, "flops", "family").to_csv(path, index=False)
    with pytest.warns(ScalelawWarning, match="9 blank cells"):
        loaded = sl.load_runs(path)
    assert np.allclose(loaded.runs["flops"], table["flops"])
    assert loaded.runs["family"].tolist() == table["family"].tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_holes_are_no_merged_cells_and_are_named(seed):
    rng = np.random.default_rng(seed)
    table = ladder(rng, 5, 4).sample(frac=1, random_state=seed).reset_index(drop=True).astype(object)
    gone = np.sort(rng.choice(np.arange(1, 20), 4, replace=False))
    table.loc[gone, "params"] = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = sl.load_runs(table)
    assert np.flatnonzero(np.isnan(loaded.runs["params"])).tolist() == gone.tolist()
    said = next(str(finding) for finding in loaded.findings if finding.code == "RUNS_NO_VALUE")
    assert said == f"no params in 4 runs ({', '.join(f'row {row + 1}' for row in gone)})"


def ambiguous():
    return {
        "params": [1e7, None, 3e7, None, 4e7, None, None],
        "tokens": [1e9, 2e9, 4e9, 1e9, 2e9, 4e9, 4e8],
        "loss": [3.9, 3.7, 3.5, 3.3, 3.4, 3.6, 3.2],
    }


def test_most_rows_without_n_are_asked_about_and_every_answer_works():
    with pytest.raises(NeedsAnswer, match=r"4 runs \(row 2, row 4, row 6, row 7\) of 7 have no params") as caught:
        sl.load_runs(ambiguous())
    fill, leave = next(each.answers for each in caught.value.findings if each.code == "RUNS_MOSTLY_MISSING")
    assert sl.load_runs(ambiguous(), **fill.settings).runs["params"].tolist() == [1e7, 1e7, 3e7, 3e7, 4e7, 4e7, 4e7]
    left = sl.load_runs(ambiguous(), **leave.settings)
    assert len(left.endpoints().complete(["params"])) == 3


@pytest.mark.parametrize("name", ["tokens", "loss"])
def test_most_rows_without_d_or_a_loss(name):
    table = ladder(np.random.default_rng(1), 4, 4).astype(object)
    table.loc[[0, 1, *range(3, 15, 2), 8, 10], name] = None
    with pytest.raises(NeedsAnswer, match=f"have no {name}, .*--unit {name}=drop"):
        sl.load_runs(table)
    assert len(sl.load_runs(table, units={name: "drop"}).endpoints().complete(["params", "tokens"])) == 6


def test_merged_cells_are_left_blank_on_demand():
    table = merged(ladder(np.random.default_rng(2)), "params")
    left = sl.load_runs(table, units={"params": "drop"})
    assert int(np.isnan(left.runs["params"]).sum()) == 8


def test_a_run_that_says_its_size_on_one_row_has_it_on_all():
    table = sl.load_runs(
        {
            "run": ["a", "a", "b", "b"],
            "params": [1e7, None, 4e7, None],
            "tokens": [1e8, 2e8, 1e8, 2e8],
            "loss": [4.0, 3.9, 3.8, 3.7],
        }
    )
    assert table.runs["params"].tolist() == [1e7, 4e7] and not table.findings


@pytest.mark.filterwarnings("ignore:.*RUNS_MERGED_CELLS")
@pytest.mark.parametrize("seed", range(12))
def test_blocks_of_unequal_length_are_filled_or_asked_about(seed):
    rng = np.random.default_rng(seed)
    sizes = zip(np.sort(10 ** rng.uniform(7, 9, 5)), [*rng.integers(1, 5, 4), 4], strict=True)
    rows = [{"params": n, "tokens": n * 5 * 2.0**at} for n, count in sizes for at in range(count)]
    table = pd.DataFrame(rows)
    table["loss"] = [loss(n, d) for n, d in zip(table["params"], table["tokens"], strict=True)]
    assert np.allclose(sl.load_runs(merged(table, "params")).runs["params"], table["params"])


@pytest.mark.parametrize("seed", range(12))
def test_sizes_that_were_not_noted_are_never_invented(seed):
    rng = np.random.default_rng(seed)
    sizes, tokens = 10 ** rng.uniform(7, 9, 12), 10 ** rng.uniform(8, 10, 12)
    table = pd.DataFrame({"params": sizes, "tokens": tokens, "loss": loss(sizes, tokens)}).astype(object)
    table.loc[rng.choice(np.arange(1, 12), 7, replace=False), "params"] = None
    with pytest.raises(NeedsAnswer, match="RUNS_MOSTLY_MISSING"):
        sl.load_runs(table)


def test_a_fit_names_the_runs_it_leaves_out():
    table = ladder(np.random.default_rng(3), 4, 4).astype(object)
    table.loc[[2, 9], "params"] = None
    fit = sl.fit("chinchilla", table, draws=0)
    assert "2 excluded: no params (row 3, row 10)" in str(fit)


def test_falls_are_counted_inside_every_block_and_not_across() -> None:
    block = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    x = np.array([1.0, 2, 3, 1, 2, 3, 1, np.nan])
    y = np.array([3.0, 2, 1, 1, 2, 1, 9, 1])
    assert _falls(x, y, block) == pytest.approx(3 / 4)
    assert _falls(np.ones(8), y, block) is None
