"""A panic of the library that reads Parquet is one line, as any other damage is."""

import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadTable


def test_a_panic_prints_no_backtrace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def panics(*_: Any, **__: Any) -> None:
        os.write(2, b"thread panicked at decode.rs:418:9\nstack backtrace:\n")
        raise pl.exceptions.PanicException("assertion failed")

    (tmp_path / "runs.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr(pl, "read_parquet", panics)
    with pytest.raises(BadTable, match=r"runs.parquet is not a readable Parquet file: it is damaged"):
        sl.load_runs(tmp_path / "runs.parquet")
    assert capfd.readouterr().err == ""
