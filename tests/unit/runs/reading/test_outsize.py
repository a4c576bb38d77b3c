"""Cells that nest deeply or are very long are refused where the table is read, not in a later step."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scalelaw as sl
from scalelaw.core.errors import BadTable
from scalelaw.runs.reading.outsize import DEEPEST


def _nested(depth: int, records: bool) -> object:
    cell: object = 1
    for _ in range(depth):
        cell = {"a": cell} if records else [cell]
    return cell


def _rows(n: int, cell: object, at: int) -> list[dict[str, object]]:
    return [
        {"run": f"r{i}", "params": 1e8 * (i + 1), "tokens": 1e9, "loss": 3 - i / 9, "note": cell if i == at else 1}
        for i in range(n)
    ]


@settings(max_examples=20, deadline=None)
@given(st.integers(DEEPEST + 1, 900), st.integers(2, 6), st.integers(0, 1))
def test_a_cell_of_many_levels_is_refused_with_its_row(depth: int, n: int, at: int) -> None:
    with pytest.raises(BadTable, match=rf"row {at + 1} of the column 'note' nests lists or records more than"):
        sl.load_runs(_rows(n, _nested(depth, records=False), at))


@settings(max_examples=10, deadline=None)
@given(st.integers(1, DEEPEST), st.booleans())
def test_a_cell_of_few_levels_is_kept(depth: int, records: bool) -> None:
    assert len(sl.load_runs(_rows(3, [_nested(depth - 1, records)], 1))) == 3


@pytest.mark.parametrize(("n", "length"), [(400, 100_000), (20_000, 2_000)])
def test_a_long_text_among_many_rows_is_refused(n: int, length: int) -> None:
    with pytest.raises(BadTable, match=rf"row 2 of the column 'note' has a text of {length} characters"):
        sl.load_runs(_rows(n, "x" * length, 1))


@pytest.mark.parametrize(("n", "length"), [(10, 100_000), (20_000, 900)])
def test_a_text_whose_column_fits_into_memory_is_kept(n: int, length: int) -> None:
    assert len(sl.load_runs(_rows(n, "x" * length, 1))) == n
