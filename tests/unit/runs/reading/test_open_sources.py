"""Runs come from open files, from text in memory, and from Hugging Face datasets, as they do from a path."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import polars as pl
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput

FORMATS = {
    "csv": lambda frame: frame.write_csv(),
    "tsv": lambda frame: frame.write_csv(separator="\t"),
    "jsonl": lambda frame: frame.write_ndjson(),
    "json": lambda frame: frame.write_json(),
}


@pytest.fixture
def frame(rng: np.random.Generator) -> pl.DataFrame:
    n = int(rng.integers(2, 30))
    params, tokens = rng.uniform(1e7, 1e10, n).round(), rng.uniform(1e9, 1e12, n).round()
    return pl.DataFrame({"N": params, "D": tokens, "val_loss": 1.7 + 400 * params**-0.34 + 410 * tokens**-0.28})


def same(table: sl.RunTable, frame: pl.DataFrame) -> bool:
    columns = (("params", "N"), ("tokens", "D"), ("loss", "val_loss"))
    return all(np.array_equal(table.values(name), frame[column].to_numpy()) for name, column in columns)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("bom", ["", "\ufeff"], ids=["plain", "with BOM"])
def test_text_in_memory_loads(suffix: str, bom: str, frame: pl.DataFrame) -> None:
    text = bom + FORMATS[suffix](frame)
    assert same(sl.load_runs(io.StringIO(text)), frame)
    assert same(sl.load_runs(io.BytesIO(text.encode())), frame)


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_open_file_loads_as_its_path_does(suffix: str, frame: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / f"runs.{suffix}"
    path.write_text(FORMATS[suffix](frame))
    packed = tmp_path / f"runs.{suffix}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with path.open() as text, path.open("rb") as binary, gzip.open(packed, "rt") as unpacked:
        assert all(same(sl.load_runs(each), frame) for each in (path, text, binary, unpacked))


def test_parquet_in_memory_loads(frame: pl.DataFrame) -> None:
    content = io.BytesIO()
    frame.write_parquet(content)
    content.seek(0)
    assert same(sl.load_runs(content), frame)


HUGGING_FACE: dict[str, Callable[[datasets.Dataset], Any]] = {
    "Dataset": lambda dataset: dataset,
    "selected": lambda dataset: dataset.select(range(len(dataset))[::-1]).select(range(len(dataset))[::-1]),
    "one split": lambda dataset: datasets.DatasetDict({"train": dataset}),
    "streamed": lambda dataset: dataset.to_iterable_dataset(),
}


@pytest.mark.parametrize("form", HUGGING_FACE)
def test_a_hugging_face_dataset_loads(form: str, frame: pl.DataFrame) -> None:
    dataset = datasets.Dataset.from_dict(frame.to_dict(as_series=False))
    assert same(sl.load_runs(HUGGING_FACE[form](dataset)), frame)


def test_a_dataset_gives_points_too(frame: pl.DataFrame) -> None:
    fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=0)
    dataset = datasets.Dataset.from_dict(frame.to_dict(as_series=False))
    assert np.array_equal(fit.predict(dataset).mean, fit.predict(frame).mean)


def test_several_splits_are_named() -> None:
    one = datasets.Dataset.from_dict({"N": [1e9], "D": [1e10], "loss": [3.0]})
    with pytest.raises(BadInput, match=r"the DatasetDict holds train, test; give one of them, e.g. \['train'\]"):
        sl.load_runs(datasets.DatasetDict({"train": one, "test": one}))


def test_what_cannot_be_read_has_a_remedy(tmp_path: Path, frame: pl.DataFrame) -> None:
    read = io.StringIO(frame.write_csv())
    sl.load_runs(read)
    closed = io.StringIO("N,D,loss\n1e9,1e10,3")
    closed.close()
    with (tmp_path / "out.csv").open("w") as written:
        for source, says in (
            (read, "StringIO holds nothing more to read; rewind it with seek"),
            (io.StringIO("  \n"), "holds nothing more"),
            (closed, "StringIO cannot be read: .*open it for reading"),
            (written, "out.csv cannot be read: .*open it for reading"),
            (io.BytesIO(b"\x00\x01\x02" * 9), "is a binary file"),
        ):
            with pytest.raises(BadInput, match=says) as refused:
                sl.load_runs(source)
            assert "\n" not in str(refused.value)


def test_columns_that_are_series_stay_columns() -> None:
    assert len(sl.load_runs({"N": pl.Series([1e9, 2e9]), "D": pl.Series([1e10, 2e10]), "loss": [3.0, 2.9]})) == 2
