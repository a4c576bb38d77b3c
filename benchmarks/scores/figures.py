"""The figures that are printed apart: Gadre's tasks and averages, and which form won where."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from scores.scoring import Outcome, carried_error, error, single_error
from scores.tables import protocol

_AVERAGES = {"17 tasks": "avg_subset17", "46 tasks": "avg"}


def large_cut(found: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Return the outcomes of Gadre's large cut: the tasks above chance, and each average, by name."""
    rules = protocol()["gadre_figures"]
    large = [each for each in found if each.by == "gadre2024" and each.cut == f"params <= {rules['below']:.3g}"]
    tasks = [each for each in large if each.task not in _AVERAGES.values() and each.top > rules["above_chance"]]
    if not tasks:
        return {}
    averages = {f"average of {name}": [each for each in large if each.task == task] for name, task in _AVERAGES.items()}
    return {f"tasks, {len(tasks)} above chance": tasks, **averages}


def figures(found: Sequence[Outcome]) -> dict[str, str]:
    """Return the printed figures of the large cut of Gadre's table, by name."""
    parts = large_cut(found)
    shown = {f"gadre {name}": _line(part) for name, part in parts.items()}
    tasks = next(iter(parts.values()), [])
    won = Counter(_best(each) for each in tasks)
    return {
        **shown,
        "form with the least error, of these tasks": ", ".join(f"{form} {n}" for form, n in won.most_common()),
    }


def _line(found: Sequence[Outcome]) -> str:
    carried = float(np.mean([carried_error(each) for each in found]))
    forms = {
        form: float(np.mean([single_error(form)(each) for each in found if form in each.singles]))
        for form in sorted({name for each in found for name in each.singles})
    }
    best = min(forms, key=lambda form: forms[form])
    ours = float(np.mean([error(each) for each in found]))
    return f"{ours:.4f}; carried forward {carried:.4f}; best form alone {best} {forms[best]:.4f}"


def _best(outcome: Outcome) -> str:
    return min(outcome.singles, key=lambda form: single_error(form)(outcome), default="none")
