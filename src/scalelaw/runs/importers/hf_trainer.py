"""Import output folders of the Hugging Face Trainer: ``trainer_state.json``, ``config.json``, checkpoints."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelaw.accounting.architecture import Architecture
from scalelaw.accounting.flops import counting_for
from scalelaw.accounting.params import count_params
from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.numbers import format_number
from scalelaw.core.reading import one_line
from scalelaw.runs.importers._parsing.files import is_folder, number, read_json, shown, walk
from scalelaw.runs.importers._parsing.history import LoggedRun, tabulate
from scalelaw.runs.raw import RawTable

_STATE = "trainer_state.json"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_NOT_METRICS = frozenset({"step", "total_flos", "train_loss", "train_runtime"})
_COUNTED = frozenset({"tokens", "params", "params_non_embedding", "params_active"})
_TOKENS = "num_input_tokens_seen"


@dataclass(frozen=True)
class HfTrainer:
    """Reads one output folder or all below a folder; uses the latest state of each run."""

    name = "hf_trainer"
    reads = "output folders of the Hugging Face Trainer, trainer_state.json"

    def recognises(self, source: str) -> bool:
        """Return whether it is a state file or a folder with one."""
        if is_folder(source):
            return next(walk(Path(source), _is_state, depth=4, glance=True), None) is not None
        return Path(source).name == _STATE and Path(source).is_file()

    def read(self, source: str) -> RawTable:
        """Return the rows of every run: evaluations, and N from the architecture."""
        path = Path(source)
        states = list(walk(path, _is_state, depth=4)) if path.is_dir() else [path]
        by_run: dict[Path, list[Path]] = {}
        for state in states:
            folder = state.parent
            by_run.setdefault(folder.parent if _CHECKPOINT.fullmatch(folder.name) else folder, []).append(state)
        notes = [f"read: {len(states)} {_STATE}", "lr is the largest learning rate in the log"]
        runs = []
        for folder, found in sorted(by_run.items()):
            with one_line(shown(folder)):
                runs.append(_read_run(folder, found, path, notes))
        return tabulate(runs, path.name if path.is_dir() else path.parent.name, notes, _COUNTED, len(states))


IMPORTER = HfTrainer()


def _is_state(name: str) -> bool:
    return name == _STATE


def _read_run(folder: Path, states: list[Path], source: Path, notes: list[str]) -> LoggedRun:
    """Return a run from its latest state: at the top, else in the checkpoint of the highest number."""
    chosen = max(states, key=_order)
    content = read_json(chosen)
    history = content.get("log_history")
    if not isinstance(history, list) or not all(isinstance(entry, dict) for entry in history):
        raise BadTable(f"{shown(chosen)} has no log_history; is it a state of the Trainer?")
    name = folder.relative_to(source).as_posix() if source.is_dir() and folder != source else folder.name
    run = LoggedRun(name)
    for entry in history:
        _read_entry(run, entry)
    done, planned = number(content.get("global_step")), number(content.get("max_steps"))
    config = next((path for path in (chosen.with_name("config.json"), folder / "config.json") if path.is_file()), None)
    run.columns = {
        "planned_steps": planned,
        "state": None if not (done and planned) else "finished" if done >= planned else "crashed",
        "lr": max(run.series.get("learning_rate", {0: None}).values(), key=lambda value: value or 0),
        **(_sizes(config, notes) if config else {}),
    }
    if not config:
        notes.append(f"{name} has no config.json, so no params")
    if _TOKENS not in run.series:
        _offer_tokens(run, number(content.get("total_flos")), notes)
    return run


def _order(state: Path) -> float:
    """Return the order of a state by its folder: the top of a run comes after every checkpoint."""
    match = _CHECKPOINT.fullmatch(state.parent.name)
    return float(match[1]) if match else float("inf")


def _read_entry(run: LoggedRun, entry: Mapping[str, Any]) -> None:
    """Add one entry of the log; zero tokens mean not counted, hence missing."""
    step = number(entry.get("step"))
    if step is None:
        return
    for metric, value in entry.items():
        found = number(value)
        if found is None or metric in _NOT_METRICS or metric.startswith("train_"):
            continue
        if metric == _TOKENS and found == 0 and step > 0:
            continue
        run.log("train/loss" if metric == "loss" else metric, step, found)


def _sizes(path: Path, notes: list[str]) -> dict[str, Any]:
    """Return every N of the architecture, with vocabulary and family."""
    config = read_json(path)
    kept = {"vocab_size": number(config.get("vocab_size")), "family": config.get("model_type")}
    try:
        sizes = count_params(Architecture.from_config(config))
    except BadInput as error:
        notes.append(f"{shown(path)}: {error}")
        return kept
    found = {"params": float(sizes.total), "params_non_embedding": float(sizes.non_embedding), **kept}
    return {**found, "params_active": float(sizes.active)} if sizes.idle_experts else found


def _offer_tokens(run: LoggedRun, flops: float | None, notes: list[str]) -> None:
    """Note the D implied by the Trainer's own count of compute, which is not assumed."""
    kind = "params_non_embedding"
    would = ""
    if flops and (params := run.columns.get(kind)):
        tokens = float(counting_for(kind).tokens(params, flops))
        would = f"; its total_flos would give {tokens:.0f} ({format_number(tokens)}) with {kind}, if the head is tied"
    notes.append(f"{run.name} logs no tokens (include_num_input_tokens_seen was off){would}")
