"""Import printed logs of nanoGPT: evaluations ``step 100: train loss 4.1, val loss 4.2`` and ``iter 100: loss 4.1``."""

import re
from collections.abc import Iterator, Sequence

from scalelaw.runs.importers._parsing.history import LoggedRun
from scalelaw.runs.importers._parsing.text_log import NUMBER, Line, Readings, TextLog, found, set_stated, stated

_EVAL = re.compile(rf"(?<![\w.])step (\d+): train loss ({NUMBER}), val loss ({NUMBER})")
_TRAIN = re.compile(rf"(?<![\w.])iter (\d+): loss ({NUMBER}),")
_BATCH = re.compile(r"tokens per iteration will be:\s*([\d,]+)")
_SIZE = re.compile(r"(?<!\w)number of parameters:\s*([\d.]+\s*[KMB])")
_TENSORS = re.compile(r"num (decayed|non-decayed) parameter tensors: \d+, with ([\d,]+) parameters")
_STEPS = re.compile(r"\bmax_iters\s*=\s*(\d+)")


def _parse(lines: Sequence[Line], run: LoggedRun, readings: Readings) -> Iterator[str]:
    for line in lines:
        for match in _EVAL.finditer(line.text):
            readings.add(line, "val/loss", match[1], match[3], ends=match.end() == len(line.text))
        for match in _TRAIN.finditer(line.text):
            readings.add(line, "train/loss", match[1], match[2])
    set_stated(run, lines, {"batch_tokens": _BATCH, "planned_steps": _STEPS})
    tensors = {match[1]: float(match[2].replace(",", "")) for _, match in found(lines, _TENSORS)}
    rounded = stated(lines, _SIZE)
    if len(tensors) == 2:
        run.columns["params"] = sum(tensors.values())
    elif rounded is not None:
        run.columns["params"] = rounded
        yield "params as printed by nanoGPT: rounded, without position embeddings"


IMPORTER = TextLog("nanogpt", "printed logs of nanoGPT", re.compile(rf"{_EVAL.pattern}|{_TRAIN.pattern} time"), _parse)
