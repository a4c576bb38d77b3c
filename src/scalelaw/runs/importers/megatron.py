"""Import printed logs of Megatron-LM: ``iteration 10/ 100 | lm loss: 4.1E+00 |``, ``validation loss at ...``."""

import re
from collections.abc import Iterator, Sequence

from scalelaw.runs.importers._parsing.history import LoggedRun
from scalelaw.runs.importers._parsing.text_log import NUMBER, Line, Readings, TextLog, found, stated

_ITERATION = re.compile(r"(?<![\w.])iteration\s+(\d+)/\s*(\d+) \|(.*)")
_FIELD = re.compile(rf"\s*([^|:]+?):\s*({NUMBER})\s*\|")
_EVAL = re.compile(
    rf"(?<!\w)validation loss at (?:iteration (\d+)|the end of training)([^|]*)\|"
    rf"(?:[^|]*\|)*?\s*lm loss value:\s*({NUMBER})\s*\|"
)
_RANK = re.compile(r"number of parameters on \(tensor, pipeline\) model parallel rank \((\d+), (\d+)\): (\d+)")
_TOTAL = re.compile(r"Total number of parameters in billions:\s*([\d.]+)")
_SEQUENCE = re.compile(r"(?<![\w])seq_length \.+ (\d+)")
_FIELDS = {
    "lm loss": "train/loss",
    "learning rate": "lr",
    "consumed samples": "consumed_samples",
    "consumed tokens": "tokens",
}


def _parse(lines: Sequence[Line], run: LoggedRun, readings: Readings) -> Iterator[str]:
    last, length = "0", stated(lines, _SEQUENCE)
    if length is not None:
        run.columns["seq_len"] = length
    for line in lines:
        if match := _ITERATION.search(line.text):
            last = match[1]
            run.columns["planned_steps"] = float(match[2])
            for name, value in _FIELD.findall(match[3]):
                if (metric := _FIELDS.get(name.strip())) == "consumed_samples" and length is not None:
                    readings.add(line, "tokens", last, str(float(value) * length))
                elif metric is not None:
                    readings.add(line, metric, last, value)
        for match in _EVAL.finditer(line.text):
            metric = "on_test_set" if "test" in match[2] else "val/loss"
            readings.add(line, metric, match[1] or last, match[3])
    yield from _sizes(lines, run)


def _sizes(lines: Sequence[Line], run: LoggedRun) -> Iterator[str]:
    """Set N from one rank or the sum over ranks; yield a note."""
    ranks = {(match[1], match[2]): float(match[3]) for _, match in found(lines, _RANK)}
    total = stated(lines, _TOTAL)
    if len(ranks) == 1 or (ranks and total is None):
        run.columns["params"] = sum(ranks.values())
        if len(ranks) > 1:
            yield "params are summed over model-parallel ranks; replicated parameters count on each rank"
    elif total is not None:
        run.columns["params"] = total * 1e9
        yield "params as printed by Megatron: billions with two digits"


IMPORTER = TextLog(
    "megatron",
    "printed logs of Megatron-LM",
    re.compile(
        rf"(?<![\w.])iteration\s+\d+/\s*\d+ \|.*\blm loss:\s*{NUMBER}"
        r"|(?<!\w)validation loss at iteration \d+[^|\n]*\| lm loss value:"
    ),
    _parse,
)
