"""What holds for every table: order and spelling do not matter, units convert both ways, nothing is lost."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.core.numbers import format_number, parse_number
from scalelaw.runs.columns.units import convert
from scalelaw.runs.reading.load import load_runs

counts = st.floats(1e6, 1e15)
losses = st.floats(0.1, 20)
rows = st.lists(st.tuples(counts, counts, losses, st.sampled_from("abc")), min_size=1, max_size=12)


def table(found, run=None):
    n, d, loss, family = zip(*found, strict=True)
    named = {"run": run} if run is not None else {}
    return {"params": n, "tokens": d, "loss": loss, "family": family, **named}


@given(rows, st.randoms(use_true_random=False), st.booleans())
def test_order_of_rows_does_not_change_the_digest(found, random, named):
    numbered = [(*row, f"run {at}") for at, row in enumerate(found)]
    shuffled = random.sample(numbered, len(numbered))

    def digest(some):
        run = [row[4] for row in some] if named else None
        return load_runs(table([row[:4] for row in some], run)).endpoints().digest

    assert digest(numbered) == digest(shuffled)


@given(rows)
def test_spelling_and_units_do_not_change_the_values(found):
    n, d, loss, _ = map(np.array, zip(*found, strict=True))
    plain = load_runs({"params": n, "tokens": d, "loss": loss})
    other = load_runs(
        {"N": n / 1e6, "Training Tokens": d / 1e9, "val/loss": loss / math.log(2)},
        units={"params": "M", "tokens": "B", "loss": "bits"},
    )
    for name in ("params", "tokens", "flops"):
        np.testing.assert_allclose(other.runs[name], plain.runs[name], rtol=1e-12)
    np.testing.assert_allclose(other.evals["value"], plain.evals["value"], rtol=1e-12)


@given(losses)
def test_loss_units_and_their_inverses(loss):
    nats = np.array([loss])
    np.testing.assert_allclose(convert(nats / math.log(2), "bits", "loss"), nats, rtol=1e-12)
    np.testing.assert_allclose(convert(np.exp(nats), "perplexity", "loss"), nats, rtol=1e-12, atol=1e-12)
    assert convert(nats, "nats", "loss") == nats


@given(st.floats(1e-12, 1e26), st.integers(3, 17))
def test_written_numbers_read_back(value, digits):
    text = format_number(value, digits)
    assert math.isclose(parse_number(text), value, rel_tol=10.0 ** (1 - digits))
    assert format_number(parse_number(text), digits) == text or digits > 15


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(), st.sampled_from(["7B", "tbd"])),
            st.one_of(st.none(), st.floats()),
            st.one_of(st.none(), st.floats()),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_rows_always_add_up(found):
    n, d, loss = zip(*found, strict=True)
    anchor = {"params": [*n, 1e9], "tokens": [*d, 1e11], "loss": [*loss, 2.5]}
    units = dict.fromkeys(("params", "tokens", "loss"), "drop")
    fitted = load_runs(anchor, units=units).endpoints().complete(["params", "tokens"])
    assert len(fitted) + sum(gone.n for gone in fitted.set_aside) == fitted.read
