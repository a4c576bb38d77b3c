"""Listings name runs as everything else names them."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.runs.listing import list_runs, show_run


@pytest.mark.parametrize("named", [True, False])
def test_runs_keep_their_names_where_some_are_excluded(named: bool) -> None:
    found = {"params": [1e8, 2e8, 3e8, 4e8], "tokens": [1e10] * 4, "loss": [3.0, 2.9, 2.8, 2.7]}
    table = sl.load_runs(found | ({"run": list("abcd")} if named else {}))
    kept = table.keep(np.array([False, True, False, True]), "a test")
    assert (
        [row[0] for row in list_runs(kept).rows] == kept.names.tolist() == (["b", "d"] if named else ["row 2", "row 4"])
    )
    assert show_run(kept, kept.names[1]).settings["params"] == 4e8
