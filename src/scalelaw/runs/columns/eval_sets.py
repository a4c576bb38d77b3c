"""Long tables: split each metric into one target per evaluation set."""

from dataclasses import replace

import numpy as np

from scalelaw.core.types import AnyArray
from scalelaw.runs.cells import Numbers
from scalelaw.runs.columns.mapping import metric_of
from scalelaw.runs.rows import Rows

_SHOWN = 3


def split_eval_sets(rows: Rows) -> None:
    """Replace each bare metric by one target per evaluation set: ``loss`` on rows of c4 becomes ``loss@c4``.

    Rows that name no evaluation set keep the bare metric.

    Args:
        rows: a file with all columns read; its column ``eval_set`` is removed.
    """
    bare = [target for target in rows.targets if target == metric_of(target)]
    if "eval_set" not in rows.columns or not bare:
        return
    names = rows.columns.pop("eval_set")
    levels = list(dict.fromkeys(names.tolist()))
    for metric in bare:
        parts = {f"{metric}@{level}" if level is not None else metric: names == level for level in levels}
        whole = rows.targets.pop(metric)
        rows.targets.update({target: _of(whole, at) for target, at in parts.items()})
        for column in (rows.errors, rows.items, rows.chances):
            if metric in column:
                values = column.pop(metric)
                column.update({target: np.where(at, values, np.nan) for target, at in parts.items()})
        rows.origins.update(dict.fromkeys(parts, rows.origins.pop(metric)))
    origin = rows.origins.pop("eval_set")
    some = ", ".join(str(level) for level in levels[:_SHOWN]) + (", ..." if len(levels) > _SHOWN else "")
    rows.notes.append(f"{origin!r} is the evaluation set of {' and '.join(bare)}: {len(levels)} targets ({some})")


def _of(numbers: Numbers, at: AnyArray) -> Numbers:
    """Return the values of one evaluation set, missing on the rows of others."""
    return replace(numbers, missing=numbers.missing | ~at, unreadable=numbers.unreadable & at)
