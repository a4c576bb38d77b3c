"""Every writer: where writing fails, at whatever step, the old file stays, nothing is left, and one line says why."""

import errno
import importlib
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw import datasets
from scalelaw.core.errors import BadInput
from scalelaw.ladder import Grid, Ladder
from scalelaw.runs.export import export_runs
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.runs.storing.pack import pack_runs
from scalelaw.runs.storing.record import record
from scalelaw.viz import save

reports = importlib.import_module("scalelaw.workflows.study.report")
OLD = b"what stood there\n"


@pytest.fixture(scope="module")
def writers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[Path], Any]]:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    figure.add_subplot().plot([1, 2])
    rng = np.random.default_rng()
    store = tmp_path_factory.mktemp("store")
    with record(DirStore(store), params=float(rng.integers(1e6, 1e9))) as run:
        run.log(tokens=1e6, loss=float(rng.uniform(2, 4)))
    table = datasets.load("synthetic-ladder")
    fit = sl.fit("chinchilla", table, draws=0, starts=4)
    study: Any = SimpleNamespace()

    def page(path: Path) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(reports, "rendered", lambda _: "page" * 5000)
            reports.report(study, path)

    return {
        "fit.json": fit.save,
        "runs.csv": lambda path: export_runs(table, path),
        "runs.jsonl": lambda path: export_runs(table, path),
        "runs.parquet": lambda path: export_runs(table, path),
        "figure.png": lambda path: save(figure, path),
        "figure.svg": lambda path: save(figure, path),
        "figure.pdf": lambda path: save(figure, path),
        "runs.pack": lambda path: pack_runs(store, path),
        "ladder.toml": Ladder("small", (Grid((16, 24), ("0.5M", "1M")),)).save,
        "report.html": page,
    }


NAMES = (
    "fit.json", "runs.csv", "runs.jsonl", "runs.parquet", "figure.png", "figure.svg", "figure.pdf", "runs.pack",
    "ladder.toml", "report.html",
)  # fmt: skip


@pytest.mark.parametrize("before", [OLD, None])
@pytest.mark.parametrize("name", NAMES)
def test_the_old_file_outlives_a_failure(
    writers: dict[str, Callable[[Path], Any]], tmp_path: Path, name: str, before: bytes | None
) -> None:
    path = tmp_path / name
    if before is not None:
        path.write_bytes(before)
    for call, number in (("fsync", errno.ENOSPC), ("replace", errno.EIO)):

        def fails(*_: Any, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(os, call, fails)
            with pytest.raises(BadInput, match=os.strerror(number)) as refused:
                writers[name](path)
        assert str(path) in str(refused.value) and "\n" not in str(refused.value)
        assert [each.read_bytes() for each in tmp_path.iterdir()] == ([] if before is None else [before])
    writers[name](path)
    assert path.read_bytes() not in (OLD, b"")
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_link_is_refused_and_what_it_leads_to_stays(
    writers: dict[str, Callable[[Path], Any]], tmp_path: Path, name: str
) -> None:
    other, path = tmp_path / "other", tmp_path / name
    other.write_bytes(OLD)
    path.symlink_to(other)
    with pytest.raises(BadInput, match="is a link"):
        writers[name](path)
    assert other.read_bytes() == OLD and path.is_symlink()


def test_every_writer_is_tried(writers: dict[str, Callable[[Path], Any]]) -> None:
    assert set(writers) == set(NAMES)
