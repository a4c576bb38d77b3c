"""JSON as people write it: objects of runs, readings inside a run, frames of pandas."""

import json

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.core.numbers import parse_number

SEEDS = range(6)


def loss(n, d):
    return round(1.7 + 400 / n**0.34 + 400 / d**0.28, 4)


def made(rng):
    """Return runs as (name, N, tokens along it), names and sizes drawn anew."""
    names = ["-".join(rng.choice(list("abcdefgh"), 4)) + str(number) for number in range(int(rng.integers(3, 8)))]
    sizes = 10 ** rng.uniform(7, 9, len(names))
    return [
        (name, n, [n * 5 * at for at in range(1, 5)])
        for name, n in zip(names, (float(f"{size:.3g}") for size in sizes), strict=True)
    ]


def loaded(tmp_path, content, **options):
    path = tmp_path / "sweep.json"
    path.write_text(json.dumps(content))
    return sl.load_runs(path, **options)


def check(table, runs):
    """Check names, N, D and the last loss of each run."""
    assert table.runs["run"].tolist() == [name for name, _, _ in runs]
    assert np.allclose(table.runs["params"], [n for _, n, _ in runs])
    assert np.allclose(table.runs["tokens"], [tokens[-1] for _, _, tokens in runs])
    assert np.allclose(table.endpoints().y, [loss(n, tokens[-1]) for _, n, tokens in runs])


def log(n, tokens, name="val_loss"):
    return [{"step": at, "tokens_seen": d, name: loss(n, d)} for at, d in enumerate(tokens, start=1)]


FORMS = {
    "a record": lambda n, d: {"n_params": n, "tokens": d[-1], "val_loss": loss(n, d[-1])},
    "a record with its log": lambda n, d: {
        "n_params": n, "tokens": d[-1], "val_loss": loss(n, d[-1]), "log": log(n, d)
    },
    "settings and a history": lambda n, d: {
        "config": {"model": {"n_params": n}, "lr": 1e-3}, "history": log(n, d), "summary": {"val_loss": loss(n, d[-1])}
    },
    "a list of records": lambda n, d: [{"params": n, **row} for row in log(n, d)],
    "columns": lambda n, d: {"params": [n] * len(d), "tokens": d, "loss": [loss(n, each) for each in d]},
    "a size and columns": lambda n, d: {"params": n, "tokens": d, "loss": [loss(n, each) for each in d]},
    "a log of columns": lambda n, d: {"params": n, "log": {"tokens": d, "loss": [loss(n, each) for each in d]}},
    "a training log too": lambda n, d: {
        "params": n, "train_log": [{"step": 1, "loss": 9.0}], "val_log": log(n, d, "loss")
    },
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("form", FORMS)
def test_an_object_of_runs(tmp_path, form, seed):
    runs = made(np.random.default_rng(seed))
    content = {name: FORMS[form](n, tokens) for name, n, tokens in runs}
    check(loaded(tmp_path, content), runs)
    check(loaded(tmp_path, {"version": 2, "runs": content}), runs)


@pytest.mark.parametrize("seed", SEEDS)
def test_losses_by_step(tmp_path, seed):
    runs = made(np.random.default_rng(seed))
    content = {name: {str(at): loss(n, d) for at, d in enumerate(tokens, start=1)} for name, n, tokens in runs}
    table = loaded(tmp_path, content)
    assert table.runs["steps"].tolist() == [4] * len(runs) and table.targets == ("loss",)
    inside = {name: {"params": n, "val_loss": content[name]} for name, n, _ in runs}
    table = loaded(tmp_path, inside, derive={"tokens": "steps * params * 5"})
    check(table, runs)


def test_records_by_step(tmp_path):
    runs = made(np.random.default_rng(4))
    steps = {name: {str(row["step"]): row for row in log(n, tokens)} for name, n, tokens in runs}
    check(loaded(tmp_path, {name: {"config": {"n_params": n}, "evals": steps[name]} for name, n, _ in runs}), runs)
    content = {name: {at: row | {"params": n} for at, row in steps[name].items()} for name, n, _ in runs}
    check(loaded(tmp_path, content), runs)


@pytest.mark.parametrize(
    ("names", "record", "quantity"),
    [
        (["10M", "40M", "1.3B"], {"tokens": 1e9, "loss": 3.0}, "params"),
        (["1B", "20B"], {"params": 1e8, "loss": 3.0}, "tokens"),
        (["1e18", "6e+18 FLOPs"], {"params": 1e8, "loss": 3.0}, "flops"),
        (["10M", "40M"], {"params": 1e8, "tokens": 1e9, "loss": 3.0}, "run"),
        (["1", "2"], {"params": 1e8, "tokens": 1e9, "loss": 3.0}, "run"),
    ],
)
def test_names_that_are_numbers_say_what_no_record_says(tmp_path, names, record, quantity):
    table = loaded(tmp_path, {name: record for name in names})
    wanted = names if quantity == "run" else [parse_number(name) for name in names]
    assert table.runs[quantity].tolist() == wanted
    assert len(loaded(tmp_path, {name: [record] for name in names})) == len(names)


def test_a_final_loss_that_the_history_lacks(tmp_path):
    history = [{"step": 1, "loss": 4.0, "val_loss": 4.1}, {"step": 2, "loss": 3.9}]
    run = {"params": 1e7, "tokens": 1e9, "val_loss": 3.8, "history": history}
    table = loaded(tmp_path, {"a": run, "b": run, "note": "tuned", "version": 3})
    assert table.runs["run"].tolist() == ["a", "b"] and table.endpoints().y.tolist() == [3.8, 3.8]


def test_groups_of_runs_keep_both_names(tmp_path):
    record = {"params": 1e7, "tokens": 1e9, "loss": 3.0}
    table = loaded(tmp_path, {"small": {"a": record, "b": record | {"tokens": 2e9}}, "big": {"c": record}})
    assert table.runs["run"].tolist() == ["small/a", "small/b", "big/c"]


def test_one_run_with_its_history(tmp_path):
    table = loaded(tmp_path, {"config": {"n_params": 1e7}, "history": log(1e7, [1e8, 2e8])})
    assert table.runs["run"].tolist() == ["sweep"] and table.runs["tokens"].tolist() == [2e8]


def test_a_list_of_records_with_logs(tmp_path):
    runs = made(np.random.default_rng(9))
    check(loaded(tmp_path, [{"name": name, "params": n, "log": log(n, tokens)} for name, n, tokens in runs]), runs)


@pytest.mark.parametrize("orient", ["columns", "index", "split", "records", "table"])
def test_frames_of_pandas(tmp_path, orient):
    frame = pd.DataFrame({"params": [1e7, 4e7, 9e7], "tokens": [1e9, 1e9, 2e9], "loss": [3.0, 2.5, 2.4]})
    table = loaded(tmp_path, json.loads(frame.to_json(orient=orient)))
    assert table.runs["params"].tolist() == frame["params"].tolist() and "run" not in table.runs
    assert table.endpoints().digest == sl.load_runs(frame).endpoints().digest


def test_what_a_run_was_to_see_is_no_reading_of_it(tmp_path):
    table = loaded(tmp_path, {"a": {"params": 1e7, "tokens": 9e8, "log": log(1e7, [1e8, 2e8])}})
    assert table.runs["tokens"].tolist() == [2e8] and table.runs["planned_tokens"].tolist() == [9e8]


@pytest.mark.parametrize("content", [{"a": {"b": {"c": {"d": "e"}}}}, {"a": {}}, {"a": [1, 2]}, {}, [], 3, {"a": None}])
def test_json_that_holds_no_table_is_refused(tmp_path, content):
    with pytest.raises(BadInput):
        loaded(tmp_path, content)


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x0b", "\x1c", "\x85", "\r", "\n", "\u00a0", "\ufeff"])
@pytest.mark.filterwarnings("ignore:.*RUNS_CONTROL_CHARACTERS")
def test_only_a_line_feed_ends_a_line(tmp_path, sign):
    """Every other end of a line is text inside a cell, in our own exports too."""
    rows = [
        {"run": f"r{at}", "params": 1e7 * at, "tokens": 1e9, "loss": 4 / at, "dataset": f"a{sign}b"} for at in (1, 2)
    ]
    path, out = tmp_path / "runs.jsonl", tmp_path / "out.jsonl"
    path.write_bytes("\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode())
    table = sl.load_runs(path)
    assert len(table) == sl.runs.export_runs(table, out) == 2
    again = sl.load_runs(out)
    for name in ("dataset", "params", "tokens"):
        assert again.runs[name].tolist() == table.runs[name].tolist()
