"""Import MLflow's old folder ``mlruns/``: one folder per run, one file per metric, lines ``timestamp value step``."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scalelaw.core.errors import BadTable
from scalelaw.core.numbers import counted
from scalelaw.core.reading import glance, one_line
from scalelaw.runs.importers._parsing.files import MOST_ENTRIES, is_folder, read_text, shown, walk
from scalelaw.runs.importers._parsing.history import LoggedRun, tabulate
from scalelaw.runs.importers._parsing.mlflow import metric_value, run_of
from scalelaw.runs.raw import RawTable

_META = "meta.yaml"
_LARGEST_META = 2**20


@dataclass(frozen=True)
class MlflowFolder:
    """Reads ``mlruns/``, a folder that holds it, or one experiment."""

    name = "mlflow_folder"
    reads = "MLflow's folder mlruns/"

    def recognises(self, source: str) -> bool:
        """Return whether it holds experiments: a ``meta.yaml``, and runs with one below."""
        return is_folder(source) and bool(_experiments(Path(source)))

    def read(self, source: str) -> RawTable:
        """Return the rows of every run of every experiment, deleted runs are marked."""
        path = Path(source)
        notes: list[str] = []
        runs = []
        for run in (run for experiment in _experiments(path) for run in _runs(experiment)):
            with one_line(shown(run)):
                runs.append(_read_run(run, notes))
        if not runs:
            raise BadTable(f"{path.name} holds MLflow experiments but no runs")
        runs.sort(key=lambda run: (run.columns.get("created_at") or "", run.id))
        return tabulate(runs, path.name, [f"read: {len(runs)} run folders of MLflow", *notes], read=len(runs))


IMPORTER = MlflowFolder()


def _experiments(folder: Path) -> list[Path]:
    """Return the experiments of a folder: itself, those in it, or those in its ``mlruns``."""
    if (folder / "mlruns").is_dir():
        folder = folder / "mlruns"
    if _is_experiment(folder):
        return [folder]
    return [each for each in sorted(folder.iterdir())[:MOST_ENTRIES] if each.is_dir() and _is_experiment(each)]


def _is_experiment(folder: Path) -> bool:
    meta = folder / _META
    return not (folder / "metrics").is_dir() and b"experiment_id" in glance(meta, 4096)


def _runs(experiment: Path) -> Iterator[Path]:
    yield from (each for each in sorted(experiment.iterdir()) if (each / _META).is_file())


def _read_run(folder: Path, notes: list[str]) -> LoggedRun:
    meta = _read_meta(folder / _META)
    run = run_of(meta, _small_files(folder / "params"), _small_files(folder / "tags"))
    metrics = folder / "metrics"
    if metrics.is_dir():
        for path in walk(metrics, lambda name: True):
            _read_metric(run, path.relative_to(metrics).as_posix(), path, notes)
    return run


def _read_meta(path: Path) -> dict[str, str]:
    """Return the lines ``key: value`` of a meta file, which is flat and needs no YAML reader."""
    pairs = (line.partition(":") for line in read_text(path, _LARGEST_META).splitlines() if not line.startswith(" "))
    meta = {key.strip(): value.strip().strip("'\"") for key, colon, value in pairs if colon}
    if not {"run_id", "run_uuid"} & set(meta):
        raise BadTable(f"{shown(path)} has no run_id; is it cut off?")
    return meta


def _small_files(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    files = [path for path in walk(folder, lambda name: True) if path.stat().st_size]
    return {path.relative_to(folder).as_posix(): read_text(path, _LARGEST_META).strip() for path in files}


def _read_metric(run: LoggedRun, metric: str, path: Path, notes: list[str]) -> None:
    """Add a metric; the latest of several values at one step counts, and lines may be in any order."""
    latest: dict[float, tuple[float, float]] = {}
    content = read_text(path)
    lines = content.splitlines()
    if not content.endswith("\n"):
        lines.pop()
        notes.append(f"{metric} of {run.name} ends inside a line, which is ignored")
    repeated = len(lines) - len(set(lines))
    for line_number, line in enumerate(lines, start=1):
        words = line.split()
        value = metric_value(words[1]) if len(words) > 1 else None
        try:
            timestamp, step = float(words[0]), float(words[2]) if len(words) > 2 else float(line_number)
        except (IndexError, ValueError):
            value = None
        if value is None:
            raise BadTable(f"{metric} of {run.name}: line {line_number} is {line[:40]!r}, not 'timestamp value step'")
        if step not in latest or timestamp >= latest[step][0]:
            latest[step] = (timestamp, value)
    for step, (_, value) in latest.items():
        run.log(metric, step, value)
    if repeated:
        notes.append(f"{metric} of {run.name}: {counted(repeated, 'line')} repeated, counted once")
