"""A Parquet file that unpacks to far more than it holds is refused by its footer; ordinary files pass."""

import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.runs.reading.parquet_size import check_unpacked

PACKED: tuple[Any, ...] = ("zstd", "gzip", "snappy", "lz4", "uncompressed")


def _file(frame: pl.DataFrame, packed: Any) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out, compression=packed)
    return out.getvalue()


@pytest.mark.parametrize("packed", ["zstd", "gzip"])
@pytest.mark.parametrize("kind", ["one long text", "equal rows"])
def test_a_bomb_is_refused_before_it_is_unpacked(kind: str, packed: str, tmp_path: Path) -> None:
    if kind == "equal rows":
        frame = pl.DataFrame({"params": pl.repeat(1e8, 5_000_000, eager=True), "loss": 3.0})
    else:
        frame = pl.DataFrame({"params": [1e8, 2e8], "loss": [3.0, 2.9], "note": ["x" * 70_000_000, "y"]})
    path = tmp_path / "runs.parquet"
    path.write_bytes(_file(frame, packed))
    assert path.stat().st_size < 670_000
    with pytest.raises(BadInput, match=r"runs\.parquet: \d+ bytes unpack to more than 67108864"):
        sl.load_runs(path)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 20), st.sampled_from(PACKED), st.integers(1, 50))
def test_an_ordinary_file_passes(rows: int, columns: int, packed: Any, length: int) -> None:
    frame = pl.DataFrame({f"c{i}": [i / 7] * rows if i % 2 else [["x" * length]] * rows for i in range(columns)})
    check_unpacked(_file(frame, packed), "runs.parquet")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_footer_passes_or_is_refused(data: st.DataObject) -> None:
    content = bytearray(_file(pl.DataFrame({"params": [1e8, 2e8], "loss": [3.0, 2.9]}), "zstd"))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(len(content) // 4, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        check_unpacked(bytes(content), "runs.parquet")
    except BadInput as error:
        assert "unpack to more than" in str(error)
