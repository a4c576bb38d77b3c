"""``scalelaw critical-batch``: the batch size beyond which saving steps costs more tokens."""

import math

from scalelaw.cli._output import Json, show
from scalelaw.cli._table import File

_MEASURED = ("noise_scale", "noise_scale_se", "loss", "batch_tokens")


def critical_batch_command(file: File, json: Json = False) -> None:
    """Estimate the critical batch size.

    Fits the steps that each batch needs to reach one loss: columns batch_tokens and steps, one row per tuned batch.
    For a folder of runs that recorded it (`scalelaw ladder run --noise-scale`), shows the gradient-noise scale.
    """
    from scalelaw.core.errors import BadInput
    from scalelaw.core.quantities import recognise
    from scalelaw.diagnosing.critical_batch import NoiseScales, trade_off
    from scalelaw.runs.reading.io_source import read_source

    raw = read_source(file).columns
    measured = {name: raw[name] for name in _MEASURED if name in raw and raw[name].numeric}
    if len(measured) == len(_MEASURED):
        names = next(raw[name].values for name in ("label", "run", "loss") if name in raw)
        rows = zip(names, *(column.values.tolist() for column in measured.values()), strict=True)
        known = [dict(zip(("run", *measured), row, strict=True)) for row in rows if all(map(math.isfinite, row[1:]))]
        if known:
            show(NoiseScales(tuple(known)), json)
            return
    found = {recognise(name): column.values for name, column in raw.items() if column.numeric}
    for name in ("batch_tokens", "steps"):
        if name not in found:
            raise BadInput(f"{file} has no numeric column {name}; its columns are {', '.join(raw)}")
    show(trade_off(found["batch_tokens"], found["steps"]), json)
