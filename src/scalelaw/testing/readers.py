"""Every reader of scalelaw's own formats, each with an undamaged source, for ``check_reader``.

The tests fuzz every format in this list; importers are found by name (see ``importer_reader``).
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from scalelaw import datasets
from scalelaw.core.files import write_whole
from scalelaw.core.reading import read_limited
from scalelaw.curves.live_log import read_log
from scalelaw.fitting.files import load_fit
from scalelaw.fitting.fit import fit
from scalelaw.fitting.saving import _content
from scalelaw.forecasting.calibration import load_calibration, shipped
from scalelaw.ladder import Grid, Ladder
from scalelaw.registry.frozen import load_forecast
from scalelaw.registry.log import read_forecasts, register_forecast
from scalelaw.registry.seal import seal, sealed_text
from scalelaw.runs.export import export_runs
from scalelaw.runs.importers import Importer
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.runs.storing.pack import pack_runs, unpack_runs
from scalelaw.runs.storing.record import record
from scalelaw.testing.reader_checks import Reader
from scalelaw.workflows.benchmark.protocol import read_protocol
from scalelaw.workflows.project.project import load_project

_TABLES = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
_TEXT = 'run,params,tokens,val_loss (nats),note\nr1,70M,1.4B,3.6,a\nr2,160M,3.2B,3.2,"b, c"\nr3,410M,8B,2.9,\n'
_SETTINGS = """source = "runs.csv"
[columns]
loss = "loss"
[units]
params = "1"
"""


def own_readers(folder: Path) -> Iterator[Reader]:
    """Yield each reader of scalelaw's own formats; its undamaged source is made in a scratch folder."""
    yield from _of_tables(folder)
    yield from _of_stores(folder)
    yield from _of_documents(folder)
    yield from _of_settings(folder)


def importer_reader(importer: Importer, source: Path, *, table: bool = True) -> Reader:
    """Return an importer as a reader, with a recorded log as its undamaged source.

    Args:
        importer: the importer.
        source: the recorded log.
        table: whether the log is a table by itself; scores without the sizes of their models are not.
    """
    whole = partial(load_runs, importer=importer.name)
    return Reader.of(importer.name, whole if table else lambda path: importer.read(str(path)), source)


def _of_tables(folder: Path) -> Iterator[Reader]:
    table = datasets.load("synthetic-ladder")
    for suffix in _TABLES:
        path = folder / f"table{suffix}"
        if suffix == ".json":
            write_whole(
                path, json.dumps([{"params": 1e7 * n, "tokens": 2e8 * n, "loss": 4 - n / 9} for n in range(1, 9)])
            )
        elif suffix == ".tsv":
            write_whole(path, _TEXT.replace(",", "\t"))
        else:
            export_runs(table, path)
        yield Reader.of(f"table{suffix}", load_runs, path)
    write_whole(folder / "words.csv", _TEXT)
    yield Reader.of("words.csv", load_runs, folder / "words.csv")
    runs = {
        "a": {"params": 1e7, "log": [{"step": n, "loss": 5 - n / 9} for n in range(5)]},
        "b": {"params": 2e7, "loss": [4, 3]},
    }
    write_whole(folder / "nested.json", json.dumps({"runs": runs}))
    yield Reader.of("nested.json", load_runs, folder / "nested.json")
    for suffix in (".csv", ".jsonl"):
        path = folder / f"live{suffix}"
        export_runs(
            load_runs([{"run": "r", "params": 1e7, "tokens": 1e6 * n, "loss": 5 - n / 9} for n in range(1, 9)]), path
        )
        yield Reader.of(f"live{suffix}", read_log, path)


def _of_stores(folder: Path) -> Iterator[Reader]:
    store = folder / "store"
    for size in (1e6, 2e6):
        with record(DirStore(store), params=size) as run:
            for step in (1, 2, 3):
                run.log(step=step, tokens=1e6 * step, loss=4 - step / 9)
    yield Reader.of("store", load_runs, store)
    held = next(path.parent for path in store.glob("*/run.json"))
    who = {"host": "h", "pid": 1, "machine": "m", "birth": "b", "token": "t", "since": "s", "beat_s": 10.0}
    files = {path.relative_to(folder).as_posix(): read_limited(path) for path in held.iterdir() if path.is_file()}
    yield Reader("lock", load_runs, {**files, f"store/{held.name}/lock": json.dumps(who).encode()}, "store")
    pack_runs(store, folder / "runs.pack")
    yield Reader.of("pack", lambda path: unpack_runs(path, path.with_name("unpacked")), folder / "runs.pack")


def _of_documents(folder: Path) -> Iterator[Reader]:
    fitted = fit("chinchilla", datasets.load("synthetic-ladder"), draws=20, starts=4)
    fitted.save(str(folder / "fit.json"))
    yield Reader.of("fit", load_fit, folder / "fit.json", seal=_fit_sealed)
    frozen = fitted.freeze(params="7B", tokens="140B")
    write_whole(folder / "forecast.json", sealed_text(frozen.document))
    yield Reader.of("forecast", load_forecast, folder / "forecast.json", seal=_sealed)
    register_forecast(frozen, folder / "forecasts.jsonl")
    yield Reader.of("registry", read_forecasts, folder / "forecasts.jsonl")
    write_whole(folder / "calibration.json", json.dumps(shipped().to_dict()))
    yield Reader.of("calibration", load_calibration, folder / "calibration.json")


def _of_settings(folder: Path) -> Iterator[Reader]:
    Ladder("small", (Grid((16, 24), (0.5e6, 1e6)),)).save(folder / "ladder.toml")
    yield Reader.of("ladder", Ladder.load, folder / "ladder.toml")
    write_whole(folder / "protocol.toml", _PROTOCOL)
    yield Reader.of("protocol", read_protocol, folder / "protocol.toml")
    export_runs(datasets.load("synthetic-ladder"), folder / "runs.csv")
    files = {"runs.csv": read_limited(folder / "runs.csv"), "scalelaw.toml": _SETTINGS.encode()}
    yield Reader("project", load_project, files, "scalelaw.toml")


def _fit_sealed(content: bytes) -> bytes:
    document = json.loads(content)
    return json.dumps({**document, "content": _content(document)}).encode()


def _sealed(content: bytes) -> bytes:
    document: dict[str, Any] = json.loads(content)
    return sealed_text(seal({name: value for name, value in document.items() if name != "seal"})).encode()


_PROTOCOL = """[windows]
axes = ["flops"]
most_cuts = { flops = 4 }
min_train = 8
min_test = 4
min_sizes = 3
min_params = 3
min_decades = 0.7
most_reach = 30.0

[scores]
levels = [0.5, 0.9]
reach = [1.0, 3.0]

[halves]
development = ["a"]

[table.one]
source = "one.csv"
by = "a"
"""
