"""A table of runs that is written and loaded again is the same table."""

import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import scalelaw as sl
from scalelaw.runs.export import SUFFIXES

maybe = lambda values: st.one_of(st.none(), values)  # noqa: E731
# CSV has no types: a column of digits is numbers, unless the vocabulary says that it is text.
digits = st.integers(0, 99).map("{:03d}".format)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
evaluation = st.fixed_dictionaries(
    {
        "step": st.integers(1, 10**6),
        "tokens": maybe(st.floats(1e6, 1e15)),
        "val_loss": maybe(st.one_of(st.floats(0.1, 20), st.just(math.nan), st.just(math.inf))),
        "loss_c4": maybe(st.floats(0.1, 20)),
        "loss_c4_se": maybe(st.floats(1e-4, 0.1)),
        "acc_mmlu": maybe(st.floats(0, 1)),
    }
)
run = st.fixed_dictionaries(
    {
        "params": maybe(st.floats(1e6, 1e15)),
        "lr": maybe(st.floats(1e-6, 1)),
        "family": maybe(st.one_of(words, digits)),
        "note, so to say": maybe(words.map("a{}".format)),
        "decayed": maybe(st.booleans()),
    }
)
tables = st.lists(st.tuples(run, st.lists(evaluation, min_size=1, max_size=4)), min_size=1, max_size=5)


def rows(found):
    """Rows of a file, one a run that has everything included so that the table can be loaded at all.

    No two evaluations of a run share a step: where they do the later row of a file wins, and evaluations of several
    targets that are written to one row no longer have an order.
    """
    whole = {"params": 1e9, "lr": 1e-3, "family": "a", "note, so to say": "b", "decayed": True}
    last = {"step": 5, "tokens": 1e10, "val_loss": 2.5, "loss_c4": 2.4, "loss_c4_se": 0.01, "acc_mmlu": 0.5}
    every = [*found, (whole, [last])]
    return [
        {"run": f"{at:03d}", **chosen, **each, "step": each["step"] + 10**6 * later}
        for at, (chosen, evals) in enumerate(every)
        for later, each in enumerate(evals)
    ]


def assert_same(one, other):
    assert one.targets == other.targets or set(one.targets) == set(other.targets)
    assert set(one.runs) == set(other.runs)
    for name, values in one.runs.items():
        if values.dtype == np.float64:
            np.testing.assert_array_equal(other.runs[name], values)
        else:
            assert other.runs[name].tolist() == values.tolist(), name
    for target in one.targets:
        for take in ("endpoints", "curves"):
            try:
                expected = getattr(one, take)(target)
            except ValueError as error:
                with pytest.raises(type(error)):
                    getattr(other, take)(target)
            else:
                assert getattr(other, take)(target).digest == expected.digest
    names = ("run", "target", "value", "se", "tokens", "steps")
    entries = [sorted(zip(*(map(str, each.evals[name]) for name in names), strict=True)) for each in (one, other)]
    assert entries[0] == entries[1]


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=25, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking tables takes minutes
@given(tables)
def test_written_and_loaded_it_is_the_same(suffix, found):
    units = dict.fromkeys(("params", "tokens"), "drop")
    table = sl.load_runs(rows(found), units=units)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"runs{suffix}"
        written = sl.runs.export_runs(table, path)
        again = sl.load_runs(path, units=units)
        assert again.read == written
        assert_same(table, again)
        sl.runs.export_runs(again, path)
        assert_same(table, sl.load_runs(path, units=units))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_store_is_the_same_as_a_file(suffix, tmp_path):
    for seed in range(3):
        with sl.record(tmp_path / "runs", params=1e8 * (seed + 1), seed=seed, planned_tokens=3e9) as run:
            for step in (1, 2, 3):
                run.log(step=step, tokens=step * 1e9, loss=4 - step / 10, **{"loss@c4": 5 - step / 7})
    table = sl.load_runs(tmp_path / "runs")
    path = tmp_path / f"runs{suffix}"
    assert sl.runs.export_runs(table, path) == 9
    assert_same(table, sl.load_runs(path))
