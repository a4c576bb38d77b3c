"""A table of runs that is written and loaded again is the same table."""

import csv
import io
import math
import tempfile
import warnings
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


odd = st.text(st.sampled_from("=+-@\uff1d\uff0b\uff0d\uff20'\"\t\r\n\u2028\u00a0\ufeff ,;|{}[]#0e1ab\\"), max_size=8)
cells = st.one_of(odd, st.text(max_size=8), odd.map("={}".format))
odd_tables = st.tuples(
    st.lists(cells.filter(str.strip), min_size=1, max_size=3, unique=True),  # names of columns
    st.lists(st.tuples(cells, cells, cells, cells), min_size=1, max_size=6),
)
SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
STARTS = (*SIGNS, "\t", "\r")


def odd_rows(names, found):
    """Rows of runs whose names, flags and other cells are odd; the last one keeps a CSV column from being numbers."""
    every = [*found, ("b", "b", "b", "b")]
    return [
        {"run": f"{run}{at}", "params": 1e8 + at, "tokens": 1e10, "val_loss": 3 - at / 10, "family": texts[0]}
        | {f"{name}\u00df": text for name, text in zip(names, texts, strict=False)}
        for at, (run, *texts) in enumerate(every)
    ]


def load_odd(source):
    """Load runs whose texts may hold control characters or look like merged cells, of which there are warnings."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*RUNS_CONTROL_CHARACTERS|.*RUNS_MERGED_CELLS")
        return sl.load_runs(source)


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
    names = [name for name in ("run", "target", "value", "se", "tokens", "steps") if name in one.evals]
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


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=25, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(odd_tables)
def test_any_text_comes_back(suffix, made):
    table = load_odd(odd_rows(*made))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"runs{suffix}"
        sl.runs.export_runs(table, path)
        again = load_odd(path)
        assert_same(table, again)
        assert again.names.tolist() == table.names.tolist()
        if suffix == ".csv":
            text = path.read_bytes().decode()
            written = list(csv.reader(io.StringIO(text, newline="")))
            texts = [cell for row in written for cell in row if cell and not is_number(cell)]
            assert written and not [cell for cell in texts if cell.startswith(STARTS) or cell.strip().startswith(SIGNS)]


def is_number(cell):
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def test_numbers_are_not_guarded(tmp_path):
    found = {
        "run": ["=a", "b"],
        "params": [1e8, 2e8],
        "tokens": [1e9, 2e9],
        "val_loss": [3.0, 2.9],
        "bias": [-1.5, 2.0],
    }
    sl.runs.export_runs(sl.load_runs(found), tmp_path / "runs.csv")
    text = (tmp_path / "runs.csv").read_text()
    assert text.splitlines()[1] == '"\'=a",100000000.0,1000000000.0,-1.5,3.0'


@settings(max_examples=40)
@given(
    st.lists(odd.filter(lambda text: "\r" not in text), min_size=1, max_size=6),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_marks_in_the_file_of_someone_else_stay(texts, quoting):
    """Their files quote no names, or quote numbers too."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting, lineterminator="\n")
    writer.writerow(["params", "tokens", "loss", "note"])
    every = [*texts, "'=1+1", "b"]
    writer.writerows([1e8 + at, 1e10, 3 - at / 10, cell] for at, cell in enumerate(every))
    table = sl.load_runs(io.StringIO(text.getvalue(), newline=""))
    assert (
        table.runs["note"].tolist()
        == sl.load_runs(
            {"params": [1e8] * len(every), "tokens": [1e10] * len(every), "loss": [3.0] * len(every), "note": every}
        )
        .runs["note"]
        .tolist()
    )


def test_a_formula_without_a_guard_shows_that_a_file_is_not_an_export():
    text = '"run","params","tokens","loss"\n"\'=a",1e8,1e10,3.0\n"=b",2e8,1e10,2.9\n'
    assert sl.load_runs(io.StringIO(text)).names.tolist() == ["'=a", "=b"]
    assert sl.load_runs(io.StringIO(text.replace('"=b"', '"b"'))).names.tolist() == ["=a", "b"]
