"""Detect a printed log that no importer reads, and refuse it with the formats that would be read."""

import re
from pathlib import PurePath

from scalelaw.core.errors import BadTable
from scalelaw.core.names import read_name
from scalelaw.core.quantities import recognise

_LOGS = frozenset({".log", ".out", ".err", ".stdout"})
_SEPARATORS = ",;\t|"
_PROGRESS = re.compile(r"(?i)\b(?:loss|ppl|perplexity|step|iter|iteration|epoch|tokens)\b[^\n\d]{0,12}\d|\d+%\|")
_DIGITS = re.compile(r"[\d.]+")
_LEAST, _SHARE = 2, 0.1
_SHOWN = 60
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_KNOWN = (
    (r"\{'(?:train_|eval_)?loss': ", "the Hugging Face Trainer", "give its output folder with trainer_state.json"),
    (r"\bv_num=|GPU available: |LightningModule", "Lightning", "give its metrics.csv or its event files"),
    (r"\[titan\]|\bstep:\s+\d+\s+loss:\s+[\d.]+\s+.*\b(?:tps|memory):", "torchtitan", "give its TensorBoard folder"),
    (r"\[step=\d+/\d+|train/CrossEntropyLoss=", "OLMo", "give its W&B export"),
    (r"wandb: (?:Run|Syncing|Tracking)", "a run tracked by W&B", "give its wandb folder or a W&B export"),
)  # fmt: skip
_READ = "readable are printed logs of llm.c, Megatron-LM, modded-nanogpt and nanoGPT"


def check_no_log(text: str, name: str) -> None:
    """Refuse a text file that is a printed log, not a table.

    Args:
        text: the whole file.
        name: file name, for the message.

    Raises:
        BadTable: it is a log; the message names the likely trainer, the readable logs, and what to export.
    """
    lines = [line.strip() for line in re.split(r"[\r\n]+", _ANSI.sub("", text[: 2**20])) if line.strip()]
    if not lines or _is_table(lines):
        return
    progress = [line for line in lines if _PROGRESS.search(line)]
    if len(progress) < max(_LEAST, _SHARE * len(lines)) and PurePath(name).suffix.lower() not in _LOGS:
        return
    example = next((line for line in progress if re.search(r"(?i)loss|ppl", line)), [*progress, lines[0]][0])[:_SHOWN]
    looks, instead = "an unknown trainer", "export a table with one row per run (CSV, JSON or Parquet)"
    for pattern, trainer, what in _KNOWN:
        if re.search(pattern, text):
            looks, instead = trainer, what
            break
    raise BadTable(f"{name} is a printed log, not a table; it looks like {looks} ({example!r}); {_READ}; {instead}")


def _is_table(lines: list[str]) -> bool:
    """Return whether the first line names columns: most parts are words without digits, or one is a quantity."""
    separator = max(_SEPARATORS, key=lines[0].count)
    if separator not in lines[0]:
        return False
    names = [part.strip().strip('"') for part in lines[0].split(separator)]
    known = sum(recognise(name) is not None or read_name(name) is not None for name in names)
    even = sum(line.count(separator) >= len(names) - 1 for line in lines[:50]) > len(lines[:50]) / 2
    alike = len(lines) > 1 and _DIGITS.sub("", lines[0]) == _DIGITS.sub("", lines[1])
    return even and not alike and (known > 0 or not _PROGRESS.search(lines[0]))
