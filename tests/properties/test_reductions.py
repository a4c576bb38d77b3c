"""What holds for every reduction: order does not matter, copies weigh double, nothing looks ahead, nothing is lost."""

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import scalelaw as sl
from scalelaw.accounting.units import bpb_from_loss, loss_from_bpb
from scalelaw.core.errors import ScalelawWarning
from scalelaw.core.quantities import QUANTITIES
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.smooth import trailing_mean

states = st.sampled_from(["finished", "crashed", "running", None])
losses = st.one_of(st.floats(0.5, 12), st.sampled_from([float("nan"), float("inf"), -1.0, 13.0]))
checkpoints = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from([1e9, 2e9, 3e9]), losses), min_size=1, max_size=25
)
sweeps = st.lists(
    st.tuples(st.sampled_from([1e7, 1e8]), st.sampled_from([1e9, 1e10]), st.sampled_from([1e-4, 1e-3, 1e-2]), losses),
    min_size=1,
    max_size=20,
)


def logged(rows, state):
    """A table of checkpoints; N, state and planned tokens follow from the run."""
    run, tokens, loss = zip(*rows, strict=True)
    chosen = {name: at for at, name in enumerate("abcdef")}
    return {
        "run": [*run, "anchor"],
        "params": [*(1e7 * (1 + chosen[name]) for name in run), 1e9],
        "tokens": [*tokens, 1e9],
        "planned_tokens": [*(1e9 * (1 + chosen[name] % 3) for name in run), 1e9],
        "state": [*(state[chosen[name]] for name in run), "finished"],
        "loss": [*loss, 2.0],
    }


@given(checkpoints, st.lists(states, min_size=6, max_size=6))
def test_runs_are_fitted_or_set_aside(rows, state):
    table = load_runs(logged(rows, state))
    ends = table.endpoints()
    assert len(ends) + sum(gone.n for gone in ends.set_aside) == len(table)


@given(checkpoints, st.lists(states, min_size=6, max_size=6), st.randoms(use_true_random=False))
def test_order_of_rows_is_irrelevant(rows, state, random):
    rows = list({(run, tokens): (run, tokens, loss) for run, tokens, loss in rows}.values())
    source = logged(rows, state)
    order = random.sample(range(len(rows) + 1), len(rows) + 1)
    shuffled = {name: [cells[at] for at in order] for name, cells in source.items()}
    for use in ("endpoints", "curves"):
        first, second = (load_runs(each).reduced(use) for each in (source, shuffled))
        assert first.digest == second.digest and first.set_aside == second.set_aside


@given(sweeps, st.randoms(use_true_random=False))
def test_the_best_does_not_depend_on_order_and_rows_add_up(rows, random):
    rows = [*rows, (1e9, 1e11, 1e-3, 2.0)]
    shuffled = random.sample(rows, len(rows))

    def best(some):
        n, d, lr, loss = zip(*some, strict=True)
        return load_runs({"params": n, "tokens": d, "lr": lr, "loss": loss}).best(over=("lr",))

    first, second = best(rows), best(shuffled)
    assert sorted(first.y) == sorted(second.y)
    assert len(first) + sum(gone.n for gone in first.set_aside) == len(rows)
    assert {(f.code, f.rows) for f in first.findings} == {(f.code, f.rows) for f in second.findings}


@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(0.1, 10)), min_size=2, max_size=40),
    st.integers(1, 6),
    st.integers(0, 39),
    st.floats(0.1, 10),
)
def test_smoothing_looks_back_only(rows, window, at, other):
    run, values = map(np.array, zip(*sorted(rows, key=lambda row: row[0]), strict=True))
    at = at % len(values)
    changed = values.copy()
    changed[at] = other
    before, after = trailing_mean(run, values, window), trailing_mean(run, changed, window)
    np.testing.assert_array_equal(before[:at], after[:at])
    np.testing.assert_array_equal(before[run != run[at]], after[run != run[at]])
    np.testing.assert_array_equal(trailing_mean(run, values, 1), values)


@given(st.floats(0.01, 20), st.floats(0.5, 20))
def test_bits_per_byte_and_back(loss, bytes_per_token):
    there = bpb_from_loss(np.array([loss]), np.array([bytes_per_token]))
    np.testing.assert_allclose(loss_from_bpb(there, np.array([bytes_per_token])), [loss], rtol=1e-12)


@settings(max_examples=10)
@given(st.integers(0, 23), st.integers(0, 2**16))
def test_a_row_that_stands_twice_weighs_two(at, seed):
    rng = np.random.default_rng(seed)
    n, d = map(np.ravel, np.meshgrid(np.logspace(7, 9, 6), np.logspace(9, 11, 4)))
    loss = (1.8 + 480 / n**0.35 + 2085 / d**0.366) * np.exp(0.003 * rng.standard_normal(24))
    twice = {"params": [*n, n[at]], "tokens": [*d, d[at]], "loss": [*loss, loss[at]]}
    weight = np.where(np.arange(24) == at, 2.0, 1.0)
    weighed = {"params": n, "tokens": d, "loss": loss, "weight": weight}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)  # noise may look like a bend; that is not tested here
        first, second = (sl.fit("chinchilla", runs, draws=0, starts=8) for runs in (twice, weighed))
    x = {"params": n, "tokens": d}
    np.testing.assert_allclose(first.predict(x).mean, second.predict(x).mean, rtol=1e-6)


@given(st.sampled_from([q.name for q in QUANTITIES.values() if q.unit in ("parameters", "tokens")]), st.floats(1, 1e6))
def test_units_of_counts_and_their_inverse(name, value):
    from scalelaw.runs.columns.units import convert

    for unit in ("K", "M", "B", "T"):
        factor = convert(np.ones(1), unit, name)
        np.testing.assert_allclose(convert(np.array([value]), unit, name) / factor, [value], rtol=1e-12)
