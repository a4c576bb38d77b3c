"""Cells as numbers: each kind of cell is read by its own rule."""

import itertools

import numpy as np
import pytest

from scalelaw.runs.cells import read_numbers
from scalelaw.runs.raw import RawColumn

CELLS = (True, "True", 1.0, "1.0", np.True_, None, "None", [1], "[1]", 2, "2")


@pytest.mark.parametrize("quantity", [None, "decayed", "loss"])
@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(CELLS, 2)))
def test_a_cell_reads_alike_beside_any_other(one: object, other: object, quantity: str | None) -> None:
    alone, both = (
        [read_numbers(column(cells), quantity) for cells in split] for split in ([[one], [other]], [[one, other]])
    )
    for at, single in enumerate(alone):
        assert (both[0].values[at] == single.values[0]) or (np.isnan(both[0].values[at]) and np.isnan(single.values[0]))
        assert both[0].unreadable[at] == single.unreadable[0]


def column(cells: list[object]) -> RawColumn:
    values = np.empty(len(cells), dtype=object)
    values[:] = cells
    return RawColumn(values, np.array([cell is None for cell in cells]))
