"""Rows that are checkpoints are known by content, whatever the column of runs is called or where there is none."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from scalelaw.core.errors import NeedsAnswer, ScalelawWarning
from scalelaw.runs.reading.load import load_runs

TRIAL = Path(__file__).parents[3] / "data" / "trials" / "checkpoints"
NAMES = ("model", "name", "run_name", "experiment", "exp_name", "Run Name", "model_id", "series", "trial")


def loss(n, d):
    return 1.8 + 400 / n**0.34 + 400 / d**0.28


def logged(seed, *, several=True, readings=None, even=True, lr=False):
    """Return the rows of runs with their checkpoints, under canonical names, and which run each is of."""
    rng = np.random.default_rng(seed)
    sizes = np.round(np.geomspace(1e7, 1e9, int(rng.integers(3, 6))) * rng.uniform(0.8, 1.2), -4)
    ratios = np.sort(rng.choice([5, 10, 20, 40, 80, 160], 3, replace=False)) if several else [20]
    count = readings or int(rng.integers(5, 9))
    shares = np.arange(1, count + 1) / count if even else 2.0 ** -np.arange(count)[::-1]
    batch, rows, names = int(rng.choice([2**18, 2**19, 2**17])), [], []
    for n in sizes:
        for ratio in ratios:
            for share in shares:
                step = (
                    max(round(share * ratio * n / batch), 1)
                    if ratio * n / batch > 3 * count
                    else share * ratio * n / batch
                )
                tokens = step * batch
                row = {"params": n, "step": step, "tokens": tokens}
                row["loss"] = loss(n, tokens) * (1 + 0.02 * (1 - share))
                if lr:
                    row["lr"] = 1e-3 * (0.1 + 0.45 * (1 + np.cos(np.pi * share)))
                rows.append(row)
                names.append(f"m{n:.3g}-r{ratio}")
    return rows, names


def columns(rows, **more):
    return {**more, **{name: [row[name] for row in rows] for name in rows[0]}}


def ends(rows, names):
    last = {}
    for row, name in zip(rows, names, strict=True):
        last[name] = row["loss"]
    return sorted(last.values())


def load(source, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = load_runs(source, **options)
    return table, [str(each.message) for each in caught if issubclass(each.category, ScalelawWarning)]


@pytest.mark.parametrize("column", NAMES)
@pytest.mark.parametrize("seed", range(4))
def test_a_column_of_names_makes_rows_one_run(column, seed):
    rows, names = logged(seed)
    table, warned = load(columns(rows, **{column: names}))
    assert len(table) == len(set(names)) and not warned
    assert sorted(table.endpoints().y) == ends(rows, names)
    assert set(table.runs["run"]) == set(names)


@pytest.mark.parametrize("seed", range(8))
def test_without_names_a_run_is_as_long_as_step_and_tokens_rise(seed):
    rows, names = logged(seed)
    table, warned = load(columns(rows))
    assert len(table) == len(set(names)) and any("RUNS_CHECKPOINTS" in each for each in warned)
    assert sorted(table.endpoints().y) == ends(rows, names)
    again, quiet = load(columns(rows), columns={"run": "rising"})
    assert len(again) == len(table) and not quiet
    alone, quiet = load(columns(rows), columns={"run": None})
    assert len(alone) == len(rows) and not quiet


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("options", [{"several": False, "readings": 12}, {"several": False, "lr": True}])
def test_many_readings_or_a_falling_rate_are_enough(named, options):
    rows, names = logged(3, **options)
    table, _ = load(columns(rows, **({"model": names} if named else {})))
    assert len(table) == len(set(names))


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_a_few_readings_of_one_run_a_size_are_asked_and_both_answers_load(named, seed):
    rows, names = logged(seed, several=False)
    source = columns(rows, **({"model": names} if named else {}))
    with pytest.raises(
        NeedsAnswer, match=r"look like checkpoints.*--column run=.*--column run=\).*RUNS_CHECKPOINTS"
    ) as caught:
        load_runs(source)
    (finding,) = caught.value.findings
    assert [len(load(source, **answer.settings)[0]) for answer in finding.answers] == [len(set(names)), len(rows)]


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_rows_does_not_matter_where_runs_are_named(seed):
    rows, names = logged(seed)
    order = np.random.default_rng(seed).permutation(len(rows))
    table, _ = load(columns([rows[at] for at in order], model=[names[at] for at in order]))
    assert sorted(table.endpoints().y) == ends(rows, names)


GRIDS = ("doubling", "ratio", "isoflop", "seeds", "random")


def grid(seed, kind):
    """Return runs of a grid, each of its own, sorted by tokens within each size."""
    rng = np.random.default_rng(seed)
    sizes = np.round(np.geomspace(2e7, 2e9, int(rng.integers(4, 8))), -5)
    rows = []
    for n in sizes:
        if kind == "doubling":
            tokens = 1e9 * 2.0 ** np.arange(int(rng.integers(3, 6)))
        elif kind == "ratio":
            tokens = n * np.array([5, 10, 20, 40, 80])
        elif kind == "isoflop":
            tokens = np.geomspace(1e18, 1e20, 4) / (6 * n)
        elif kind == "seeds":
            tokens = np.tile(1e9 * 4.0 ** np.arange(4), 3)
        else:
            tokens = np.sort(10 ** rng.uniform(8.5, 11, 5))
        rows += [{"params": n, "tokens": d, "loss": loss(n, d)} for d in tokens]
    return rows


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("names", ["none", "size", "each"])
def test_a_grid_of_runs_stays_one(kind, seed, names):
    rows = grid(seed, kind)
    more = {
        "none": {},
        "size": {"model": [f"{row['params']:.3g}" for row in rows]},
        "each": {"name": [f"run-{at}" for at in range(len(rows))]},
    }[names]
    table, warned = load(columns(rows, **more))
    assert len(table) == len(rows) and not any("CHECKPOINTS" in each for each in warned)


@pytest.mark.parametrize("kind", ["doubling", "ratio", "isoflop", "seeds"])
@pytest.mark.parametrize("column", ["steps", "num_steps"])
def test_a_grid_that_tells_its_steps_stays_one(kind, column):
    rows = [{**row, column: row["tokens"] / 2**19} for row in grid(1, kind)]
    assert len(load(columns(rows))[0]) == len(rows)
    assert len(load(columns(rows, model=[f"{row['params']:.3g}" for row in rows]))[0]) == len(rows)


def test_a_sweep_of_rates_stays_runs():
    rows = [
        {"params": n, "step": d / 2**19, "tokens": d, "lr": lr, "loss": loss(n, d) * (1 + 0.01 * i)}
        for n in (1e8, 3e8, 1e9) for d in (1e9, 2e9, 4e9) for i, lr in enumerate((1e-3, 2e-3, 3e-4))
    ]  # fmt: skip
    assert len(load(columns(rows))[0]) == len(rows)


@pytest.mark.parametrize("file", ["runs.csv", "name_col.csv", "no_id.csv"])
def test_the_trial(file):
    table, _ = load(TRIAL / file)
    assert (table.read, len(table)) == (72, 12)
    assert len(table.endpoints()) == 12


SPACINGS = ("doubling", "even", "drawn")


def spaced(seed, kind, horizons):
    """Return rows of runs of constant settings, doubling, even or drawn checkpoints each, and which run each is of."""
    rng = np.random.default_rng(seed)
    rows, names = [], []
    sizes = np.round(np.geomspace(1e7, 10 ** rng.uniform(8.6, 9.5), int(rng.integers(5, 10)))).tolist()
    batch = int(rng.choice([2**17, 2**18]))
    for n in sizes:
        for ratio in np.array([20, 81])[:horizons]:
            last = max(int(ratio * n / batch), 200)
            if kind == "doubling":
                steps = [last // 2**i for i in range(int(rng.integers(4, 7)), -1, -1)]
            elif kind == "even":
                steps = [last * i // 6 for i in range(1, 7)]
            else:
                steps = sorted({*rng.integers(last // 10, last, 5).tolist(), last})
            for step in steps:
                rows.append({"params": n, "step": step, "tokens": step * batch, "lr": 3e-4, "batch_size_tokens": batch,
                             "loss": loss(n, step * batch)})  # fmt: skip
                names.append(f"m{n:.3g}-r{ratio}")
    return rows, names


@pytest.mark.parametrize("column", ["model", "name", "exp", "model_name", "variant", None])
@pytest.mark.parametrize("kind", SPACINGS)
@pytest.mark.parametrize("horizons", [1, 2])
@pytest.mark.parametrize("shuffled", [False, True])
def test_rows_that_log_a_step_are_never_end_points_silently(column, kind, horizons, shuffled):
    seed = 10 * horizons + shuffled + SPACINGS.index(kind) + (len(column) if column else 0)
    rows, names = spaced(seed, kind, horizons)
    order = np.random.default_rng(seed).permutation(len(rows)) if shuffled else np.arange(len(rows))
    source = columns([rows[at] for at in order], **({column: [names[at] for at in order]} if column else {}))
    try:
        table, _ = load(source)
    except NeedsAnswer as asked:
        (finding,) = asked.findings
        assert finding.code == "RUNS_CHECKPOINTS" and "--column run=" in finding.fix
        loaded = [load(source, **answer.settings)[0] for answer in finding.answers]
        assert len(loaded[-1]) == len(rows)
        untold = column is None and horizons == 2  # two runs of one size may have any of its rows
        assert untold or (len(loaded) == 2 and len(loaded[0]) == len(set(names)))
    else:
        assert len(table) == len(set(names))


@pytest.mark.parametrize("column", ["exp", "experiment", "trial"])
@pytest.mark.parametrize("kind", SPACINGS)
def test_a_column_of_experiments_names_the_runs_of_tokens_alone_or_is_asked(column, kind):
    rows, names = spaced(3, kind, 1)
    for row in rows:
        del row["step"]
    try:
        table, _ = load(columns(rows, **{column: names}))
    except NeedsAnswer as asked:
        assert "RUNS_CHECKPOINTS" in str(asked) and kind == "doubling"
    else:
        assert len(table) == len(set(names))


@pytest.mark.parametrize("column", ["model", "name"])
def test_even_readings_of_tokens_under_a_name_are_asked(column):
    rows, names = spaced(4, "even", 1)
    for row in rows:
        del row["step"]
    with pytest.raises(NeedsAnswer, match="RUNS_CHECKPOINTS"):
        load_runs(columns(rows, **{column: names}))


@pytest.mark.parametrize("step", ["step", "iter"])
@pytest.mark.parametrize("rows, every", [(3, 100), (7, 250), (40, 1000)])
def test_one_log_whose_size_is_stated_by_hand_is_one_run(step: str, rows: int, every: int) -> None:
    at = every * np.arange(1, rows + 1)
    table = {step: at, "loss": 2.5 + 20 / at**0.4}
    with pytest.warns(ScalelawWarning, match="read as one run along which steps rise"):
        loaded = load_runs(table, derive={"params": "124e6", "tokens": f"{step} * 524288"})
    assert len(loaded) == 1
    apart = load_runs(table, derive={"params": "124e6", "tokens": f"{step} * 524288"}, columns={"run": None})
    assert len(apart) == rows
