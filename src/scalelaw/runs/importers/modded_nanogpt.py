"""Import printed logs of modded-nanogpt: ``step:125/1390 val_loss:4.56 train_time:...``, below a copy of its source."""

import re
from collections.abc import Sequence

from scalelaw.runs.importers._parsing.history import LoggedRun
from scalelaw.runs.importers._parsing.text_log import NUMBER, STEP, Line, Readings, TextLog, set_stated

_READING = re.compile(rf"(?<![\w.])step:(\d+)/(\d+)((?: \w+:{NUMBER}\w*)+)")
_ENTRY = re.compile(rf" (val_loss|val_bpb|train_loss|loss):({NUMBER})(?=\s|$)")
_SIZE = re.compile(r"(?:model_params|num_params|n_params|total_params)[:=]\s*(\d[\d,]*)")
_BATCH = re.compile(r"(?:train_batch_tokens|tokens_per_step|batch_tokens)[:=]\s*(\d[\d,]*)")
_METRICS = {"val_loss": "val/loss", "val_bpb": "val/bpb", "train_loss": "train/loss", "loss": "train/loss"}


def _parse(lines: Sequence[Line], run: LoggedRun, readings: Readings) -> tuple[str, ...]:
    for line in lines:
        for match in _READING.finditer(line.text):
            run.columns["planned_steps"] = float(match[2])
            readings.add(line, STEP, match[1], "0")
            for entry in _ENTRY.finditer(match[3]):
                ends = match.start(3) + entry.end() == len(line.text)
                readings.add(line, _METRICS[entry[1]], match[1], entry[2], ends=ends)
    set_stated(run, lines, {"params": _SIZE, "batch_tokens": _BATCH})
    return ()


IMPORTER = TextLog(
    "modded_nanogpt",
    "printed logs of modded-nanogpt",
    re.compile(rf"(?<![\w.])step:\d+/\d+ (?:\w+:\S+ )*?(?:val_loss|val_bpb|train_loss):{NUMBER}"),
    _parse,
)
