"""Plain CSV reads without polars as it does with it, to the bit; what is not plain is left to polars."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelaw.runs import delimited as io_csv
from scalelaw.runs.plain_csv import read_plain

_CELL = st.one_of(
    st.integers(-(10**16), 10**16).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.floats(0, 1e25).map(lambda x: f"{x:.3e}"),
    st.sampled_from(["", " ", "7B", "1.5T", "007", "+3", ".5", "5.", "1e400", "1e-400", "-0", "1_000", "true", "False",
                     "null", "NaN", "inf", "2024-01-01", "a b", " a", "ä", "run-1", "x/y.z", "-", "1,5", "0x1", "१"]),
    st.text(st.characters(exclude_characters='\r\n,"', exclude_categories=["Cs"]), max_size=4),
)  # fmt: skip
_NAMES = ["params", "tokens", "loss", "run", "dataset", "lr", "seed", "what else"]


@st.composite
def tables(draw: st.DrawFn) -> str:
    width, height = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    kinds = [draw(st.lists(_CELL, min_size=1, max_size=draw(st.sampled_from([1, 3])))) for _ in range(width)]
    names = draw(st.permutations(_NAMES))[:width]
    rows = [[draw(st.sampled_from(kind)) for kind in kinds] for _ in range(height)]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return end.join(",".join(row) for row in [names, *rows]) + draw(st.sampled_from(["", end]))


@settings(max_examples=300)
@given(tables())
def test_plain_text_reads_as_polars_reads_it(text: str) -> None:
    words = [name for name in text.splitlines()[0].split(",") if io_csv._is_text(name)]
    plain = read_plain(text, ",", words)
    if plain is None:
        return
    frame = io_csv.read_frame(io_csv._parse(text, ",", "t", words, numbers=True), "t")
    assert list(plain) == list(frame.columns)
    for name, found in plain.items():
        other = frame.columns[name]
        assert found.values.dtype == other.values.dtype and found.values.tolist() == other.values.tolist()
        assert found.missing.tolist() == other.missing.tolist()


def test_an_ordinary_table_is_plain(rng: np.random.Generator) -> None:
    rows = [
        f"run-{i},{rng.integers(10**6, 10**12)},{rng.uniform(1, 5)!r},{rng.uniform(1e16, 1e24)!r}" for i in range(9)
    ]
    plain = read_plain("\n".join(["run,params,loss,flops", *rows]), ",", ["run"])
    assert plain is not None and [each.numeric for each in plain.values()] == [False, True, True, True]


@pytest.mark.parametrize("cell", ["", "NaN", "7B", "a b", "+3", ".5", "5.", " 5", "true", "1e400", '"x"', "1\r2"])
def test_what_reads_more_than_one_way_is_left_to_polars(cell: str) -> None:
    assert read_plain(f"params,loss\n{cell},3\n", ",", []) is None
