"""Order in time: by run, tokens, steps and row, whatever order the rows came in."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.runs.reducing.order import time_order

ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([1.0, 2.0, np.nan]), st.sampled_from([5.0, 6.0, np.nan])), max_size=9
)


@given(ROWS, st.booleans(), st.booleans())
def test_rows_are_ordered_by_run_then_tokens_then_steps_then_row(rows, has_tokens, has_steps):
    run, tokens, steps = (np.array([row[at] for row in rows]) for at in range(3))
    columns = {**({"tokens": tokens} if has_tokens else {}), **({"steps": steps} if has_steps else {})}

    def place(at: int) -> tuple:
        moments = [tokens[at]] * has_tokens + [steps[at]] * has_steps
        return (run[at], *(-np.inf if np.isnan(each) else each for each in moments), at)

    assert time_order(run, columns).tolist() == sorted(range(len(rows)), key=place)
