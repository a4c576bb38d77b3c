"""``scalelaw critical-batch``: the batch at which steps and examples trade evenly."""

from scalelaw.cli import _options as options
from scalelaw.cli._output import show


def critical_batch_command(file: options.File, json: options.Json = False) -> None:
    """Fit steps to one target loss over batches: columns batch_tokens and steps, a row for each tuned batch."""
    from scalelaw.core.errors import BadInput
    from scalelaw.core.quantities import recognise
    from scalelaw.fitting import trade_off
    from scalelaw.runs import read_source

    raw = read_source(file).columns
    found = {recognise(name): column.values for name, column in raw.items() if column.numeric}
    for name in ("batch_tokens", "steps"):
        if name not in found:
            raise BadInput(f"{file} has no column {name} of numbers; it has {', '.join(raw) or 'none'}")
    show(trade_off(found["batch_tokens"], found["steps"]), json)
