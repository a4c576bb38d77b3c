"""Import logs of llm.c, printed (``step 1/100 | loss 4.1``, ``val loss 4.2``) or main.log (``s:100 tel:4.2``)."""

import re
from collections.abc import Sequence

from scalelaw.runs.importers._parsing.history import LoggedRun
from scalelaw.runs.importers._parsing.text_log import NUMBER, Line, Readings, TextLog, set_stated

_MAIN = re.compile(rf"(?<![\w.])s:(\d+) (tel|trl|eval):({NUMBER})(?: lr:({NUMBER}))?")
_STEP = re.compile(rf"(?<![\w.])step\s+(\d+)/\d+ \| (?:train )?loss ({NUMBER})(?:.*?\| lr ({NUMBER}))?")
_PLANNED = re.compile(r"(?<![\w.])step\s+\d+/(\d+) \| (?:train )?loss ")
_ON_CPU = re.compile(rf"(?<![\w.])step (\d+): train loss ({NUMBER}) \(took")
_VAL = re.compile(rf"(?<![\w.])val loss ({NUMBER})")
_ITEMS = re.compile(r"HellaSwag: (\d+)/(\d+) = ")
_SIZE = re.compile(r"\bnum_parameters\s*[|:]\s*(\d[\d,]*)")
_BATCH = re.compile(r"total[ _]batch[ _]size\s*[|=]\s*(\d[\d,]*)")
_METRICS = {"tel": "val/loss", "trl": "train/loss", "eval": "val/hellaswag/acc"}


def _parse(lines: Sequence[Line], run: LoggedRun, readings: Readings) -> tuple[str, ...]:
    step = "0"
    for line in lines:
        _read_main(line, readings)
        trained = _read_step(line, readings)
        step = trained or step
        if trained is None:
            for match in _VAL.finditer(line.text):
                readings.add(line, "val/loss", step, match[1], ends=match.end() == len(line.text))
            for match in _ITEMS.finditer(line.text):
                readings.add(line, "val/hellaswag/acc", step, str(int(match[1]) / max(int(match[2]), 1)))
    set_stated(run, lines, {"params": _SIZE, "batch_tokens": _BATCH, "planned_steps": _PLANNED})
    return ()


def _read_main(line: Line, readings: Readings) -> None:
    """Read a line of main.log."""
    for match in _MAIN.finditer(line.text):
        ends = match.end() == len(line.text)
        readings.add(line, _METRICS[match[2]], match[1], match[3], ends=ends and match[4] is None)
        if match[4] is not None and (line.whole or not ends):
            readings.add(line, "lr", match[1], match[4])


def _read_step(line: Line, readings: Readings) -> str | None:
    """Read a printed step; return the number of completed steps, None for other lines."""
    step = None
    for match in _STEP.finditer(line.text):
        step = match[1]
        readings.add(line, "train/loss", step, match[2], ends=match.end(2) == len(line.text))
        if match[3] is not None and match.end() < len(line.text):
            readings.add(line, "lr", step, match[3])
    for match in _ON_CPU.finditer(line.text):
        step = str(int(match[1]) + 1)
        readings.add(line, "train/loss", step, match[2])
    return step


IMPORTER = TextLog(
    "llm_c",
    "logs of llm.c, printed or main.log",
    re.compile(
        rf"(?<![\w.])s:\d+ (?:tel|trl):{NUMBER}|(?<![\w.])step\s+\d+/\d+ \| (?:train )?loss {NUMBER}|{_ON_CPU.pattern}"
    ),
    _parse,
)
