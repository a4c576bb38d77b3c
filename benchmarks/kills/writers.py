"""The writers of the package, each with inputs small enough to be run some hundred times."""

import importlib
import json
import os
import random
import shutil
import sqlite3
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import scalelaw as sl
from scalelaw.core import files
from scalelaw.runs.storing.dirstore import DirStore

OLD = b"what stood there\n"


@dataclass(frozen=True)
class Writer:
    """One way in which the package writes files.

    Attributes:
        write: writes into the current folder, from what ``prepare`` made.
        outputs: names of what it writes; a folder ends in a slash.
        modules: the modules below ``scalelaw`` whose calls of ``core/files.py`` it runs.
        prepare: makes its inputs in a folder, once; its folder ``old`` stands there before every attempt.
        replaces: whether it may find an old file.
        sound: reads what differs between two attempts (times, ids), and raises if it is not whole.
    """

    write: Callable[[Path], object]
    outputs: tuple[str, ...]
    modules: tuple[str, ...]
    prepare: Callable[[Path], object] = lambda _: None
    replaces: bool = True
    sound: Callable[[Path], object] | None = None


def cli(*words: str) -> Callable[[Path], object]:
    """Return a writer that is a command; ``{}`` in a word is the folder of inputs."""

    def write(inputs: Path) -> None:
        from scalelaw.cli.main import app

        sys.argv = ["scalelaw", *(word.replace("{}", str(inputs)) for word in words)]
        app()

    return write


def table(inputs: Path) -> None:
    sl.runs.export_runs(sl.datasets.load("synthetic-ladder"), inputs / "runs.csv")


def store(inputs: Path) -> None:
    for seed in range(3):
        with sl.record(inputs / "runs", params=1e6, seed=seed) as run:
            run.log(tokens=1e6, loss=3.0 + seed)
    (inputs / "runs" / "corpus").mkdir()
    files.write_whole(inputs / "runs" / "corpus" / "train.bin", random.Random(1).randbytes(300_000))
    sl.runs.pack_runs(inputs / "runs", inputs / "runs.pack")


def records(_: Path) -> None:
    warnings.simplefilter("ignore")
    with sl.record("runs", params=1e6) as run:
        for step in range(50):
            run.log(step=step, tokens=1e4 * step, loss=5.0)
    shutil.rmtree("runs/" + run.run)  # the next attempt starts anew


def fitted(path: Path) -> None:
    """A fit file is whole if it loads."""
    sl.load_fit(path)


def registered(path: Path) -> None:
    """A registry is whole but for a torn last line, which its readers leave out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(sl.registry.read_forecasts(path).entries) >= 1


def freezes(params: str) -> Callable[[Path], object]:
    """Return a command that adds a forecast to a registry."""
    words = ("registry", "freeze", "chinchilla@besiroglu2024", "--params", params, "--tokens", "140B")
    return cli(*words, "--registry", "forecasts.jsonl")


def registry(inputs: Path) -> None:
    (inputs / "old").mkdir()
    os.chdir(inputs / "old")
    freezes("7B")(inputs)


def patched(module: str, name: str, made: Any, *words: str) -> Callable[[Path], object]:
    """Return a command one of whose functions, which computes for minutes, has an answer ready."""

    def write(inputs: Path) -> None:
        setattr(importlib.import_module(module), name, lambda *_, **__: made)
        cli(*words)(inputs)

    return write


def writes_page(_: Path) -> None:
    reports = importlib.import_module("scalelaw.workflows.study.report")
    reports.rendered = lambda _: "<p>page</p>\n" * 100_000  # type: ignore[attr-defined]
    reports.report(SimpleNamespace(), "report.html")


def begins_law(_: Path) -> None:
    from scalelaw.laws._scaffold import new_law

    new_law("invented")


def checkout(inputs: Path) -> None:
    for name in ("src/scalelaw/laws/language/__init__.py", "tests/golden/test_laws.py"):
        (inputs / "old" / name).parent.mkdir(parents=True)
        (inputs / "old" / name).touch()


def corpus(_: Path) -> None:
    from scalelaw.ladder import Data
    from scalelaw.training.text.corpus import build_corpus

    build_corpus(Data("synthetic", seq_len=32, eval_tokens=16384), 64, Path("corpus"), at_least=60_000)


def checkpoint(_: Path) -> None:
    import torch

    from scalelaw.training.checkpoint import save

    save(Path("checkpoint"), 7, {"weights": torch.arange(100_000)})


def checkpoints(folder: Path) -> None:
    from scalelaw.training.checkpoint import load, steps

    for step in steps(folder):
        load(folder, step)


def outcomes(_: Path) -> None:
    from scalelaw.workflows.benchmark import benchmark

    benchmark._plain = lambda _: {"logs": [0.125] * 2000}  # type: ignore[assignment]
    for at in range(5):
        benchmark._append(Path("outcomes.jsonl"), f"case {at}", SimpleNamespace())  # type: ignore[arg-type]


def database(inputs: Path) -> None:
    first = sqlite3.connect(inputs / "runs.db")
    first.execute("pragma journal_mode = wal")
    first.execute("create table runs (name text)")
    first.execute("insert into runs values (?)", ("x" * 200_000,))
    first.commit()
    for name in ("runs.db", "runs.db-wal"):
        shutil.copy(inputs / name, inputs / f"copy-of-{name}")


def reads_database(inputs: Path) -> None:
    from scalelaw.runs.importers._parsing.sqlite import opened, rows_of

    with opened(inputs / "copy-of-runs.db") as found:
        assert len(list(rows_of(found, "runs", ["name"]))) == 1


def piped(inputs: Path) -> None:
    with (inputs / "runs.csv").open("rb") as content:
        os.dup2(content.fileno(), 0)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    cli("runs", "list", "-")(inputs)


PAGE = SimpleNamespace(page=lambda: "| figure |\n" * 5000, to_dict=dict, report=lambda: sl.datasets.info("c"))
WRITERS: dict[str, Writer] = {
    "report.html": Writer(writes_page, ("report.html",), ("workflows.study.report",)),
    "figure.png": Writer(
        cli("laws", "show", "chinchilla", "--figure", "figure.png"), ("figure.png",), ("viz.style",)
    ),
    "figure.svg": Writer(
        cli("laws", "show", "chinchilla", "--figure", "figure.svg"), ("figure.svg",), ("viz.style",),
        sound=lambda path: ElementTree.fromstring(path.read_bytes()),
    ),
    "figure.pdf": Writer(
        cli("laws", "show", "chinchilla", "--figure", "figure.pdf"), ("figure.pdf",), ("viz.style",),
        sound=lambda path: path.read_bytes().rstrip().endswith(b"%%EOF") or 1 / 0,
    ),
    "fit.json": Writer(
        cli("fit", "{}/runs.csv", "--draws", "20", "--save", "fit.json"), ("fit.json",), ("fitting.saving",), table,
        sound=fitted,
    ),
    "runs.csv": Writer(cli("runs", "export", "{}/runs.csv", "runs.csv"), ("runs.csv",), ("runs.export",), table),
    "runs.jsonl": Writer(cli("runs", "export", "{}/runs.csv", "runs.jsonl"), ("runs.jsonl",), ("runs.export",), table),
    "runs.parquet": Writer(
        cli("runs", "export", "{}/runs.csv", "runs.parquet"), ("runs.parquet",), ("runs.export",), table
    ),
    "scalelaw.toml": Writer(
        cli("init", "{}/runs.csv", "--force"), ("scalelaw.toml",), ("workflows.project.proposal",), table
    ),
    "ladder.toml": Writer(
        cli("ladder", "design", "--target", "1e20", "--to", "ladder.toml"), ("ladder.toml",), ("ladder.ladder",)
    ),
    "pack": Writer(cli("runs", "pack", "{}/runs", "--to", "runs.pack"), ("runs.pack",), ("runs.storing.pack",), store),
    "unpack": Writer(
        cli("runs", "unpack", "{}/runs.pack", "--out", "runs"), ("runs/",), ("runs.storing.pack",), store,
        replaces=False,
    ),
    "forecast.json": Writer(
        cli("registry", "freeze", "chinchilla@besiroglu2024", "--params", "7B", "--tokens", "140B"), ("forecast.json",),
        ("registry.frozen",), replaces=False, sound=lambda path: sl.registry.read_forecasts(path).find(),
    ),
    "registry": Writer(freezes("8B"), ("forecasts.jsonl",), ("registry.log",), registry, sound=registered),
    "record": Writer(
        records, ("runs/",), ("runs.storing.dirstore", "runs.storing.journal"), replaces=False,
        sound=lambda path: [DirStore(path).read(run) for run in DirStore(path).runs()],
    ),
    "law": Writer(
        begins_law, ("src/", "tests/"), ("laws._scaffold",), checkout,
        sound=lambda path: [compile(each.read_text(), each, "exec") for each in path.rglob("*.py")],
    ),
    "reproduce": Writer(
        patched("scalelaw.workflows.reproduce", "reproduce", PAGE, "reproduce", "--to", "figures.md"), ("figures.md",),
        ("cli.reproduce",),
    ),
    "outcomes": Writer(
        outcomes, ("outcomes.jsonl",), ("workflows.benchmark.benchmark",), replaces=False,
        sound=lambda path: [json.loads(line) for line in path.read_text().split("\n")[:-1] if not line.endswith("0.")],
    ),
    "corpus": Writer(corpus, ("corpus/",), ("training.text.corpus",), replaces=False),
    "checkpoint": Writer(
        checkpoint, ("checkpoint/",), ("training.checkpoint",), replaces=False, sound=checkpoints
    ),
    "stdin": Writer(piped, (), ("cli._stdin",), table),
    "sqlite": Writer(reads_database, (), ("runs.importers._parsing.sqlite",), database),
}  # fmt: skip
