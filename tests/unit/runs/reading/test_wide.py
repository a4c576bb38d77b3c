"""Tables of very many columns load in time linear in the columns, in every format."""

import json
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import scalelaw as sl

FEW, MANY = 2_000, 20_000


def write(path: Path, columns: int, *, gaps: bool) -> None:
    """Write eight runs with this many columns."""
    rng = np.random.default_rng(0)
    size = [1e8 * row for row in range(1, 9)]
    rest = {f"col_{at}": rng.random(8).round(4).tolist() for at in range(columns - 3)}
    frame = pl.DataFrame({"params": size, "tokens": size[::-1], "loss": [3.0 - row / 9 for row in range(8)], **rest})
    if gaps:
        frame = frame.with_columns(col_0=pl.lit(None, pl.Float64))
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".csv":
        frame.write_csv(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dicts()))


def seconds(path: Path) -> float:
    start = time.process_time()
    table = sl.load_runs(path)
    assert len(table) == 8 and len(table.runs) > 1_000
    return time.process_time() - start


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "gaps"), [(".csv", False), (".csv", True), (".jsonl", False), (".parquet", False)])
def test_ten_times_the_columns_take_at_most_twelve_times_as_long(suffix: str, gaps: bool, tmp_path: Path) -> None:
    few, many = tmp_path / f"few{suffix}", tmp_path / f"many{suffix}"
    write(few, FEW, gaps=gaps)
    write(many, MANY, gaps=gaps)
    seconds(few)  # imports
    assert seconds(many) <= 12 * min(seconds(few) for _ in range(3)) + 0.5  # half a second for a busy machine
