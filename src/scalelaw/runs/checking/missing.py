"""Count and name runs without N, D or a loss; ask where they are most of the table."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.core.numbers import counted
from scalelaw.core.quantities import METRICS
from scalelaw.core.types import AnyArray
from scalelaw.runs.cells import Numbers

_MOST = 0.5
_SHOWN = 5
_NAMED = frozenset({"RUNS_NO_VALUE", "RUNS_UNREADABLE"})
_N = ("params", "params_active", "params_non_embedding")


def named(names: AnyArray, mask: AnyArray) -> str:
    """Return the number of the masked runs and the first names.

    Example:
        >>> named(np.array(["a", "b", "c"]), np.array([True, False, True]))
        '2 runs (a, c)'
    """
    count = int(mask.sum())
    first = ", ".join(str(name) for name in names[mask][:_SHOWN])
    more = f", {count - _SHOWN} more" if count > _SHOWN else ""
    return f"{counted(count, 'run')} ({first}{more})"


def with_names(reason: str, count: int, findings: Iterable[Finding]) -> str:
    """Return the reason for an exclusion; add run names from the finding with the same number of runs, if there is one.

    Example:
        >>> found = [Finding("RUNS_NO_VALUE", Grade.SET_ASIDE, "no params in 2 runs (a, c)", 2)]
        >>> with_names("no params", 2, found), with_names("no params", 1, found)
        ('no params (a, c)', 'no params')
    """
    for finding in findings:
        head, opened, names = finding.message.rpartition(" (")
        if finding.code in _NAMED and opened and finding.rows == count and head.startswith(f"{reason} in "):
            return f"{reason} ({names}"
    return reason


def check_missing(
    numbers: Mapping[str, Numbers],
    names: AnyArray,
    dropped: Iterable[str],
    columns: Mapping[str, str],
    *,
    by_hand: bool,
) -> list[Finding]:
    """Ask where most runs lack N, D, C or the only target, so that a fit would leave them out.

    Args:
        numbers: quantity or target that a fit needs -> one value per run.
        names: name of each run, (n,).
        dropped: quantities and targets whose incomplete runs the user leaves out.
        columns: quantity -> column of the source, for those that can be filled down.
        by_hand: whether a person wrote the table; a log gets only a warning, since it is useful without N.
    """
    known, found = dict(numbers), list[Finding]()
    kinds = [name for name in _N if name in known]
    if kinds:
        lacking = np.logical_and.reduce([~known.pop(name).present for name in kinds])
        found += _ask(kinds[0], lacking, names, {*dropped} & {*kinds}, columns)
    for name, each in known.items():
        found += _ask(name, ~each.present, names, {*dropped} & {name}, columns)
    return found if by_hand else [replace(each, grade=Grade.WARN, fix="", answers=()) for each in found]


def _ask(
    name: str, lacking: AnyArray, names: AnyArray, dropped: Iterable[str], columns: Mapping[str, str]
) -> list[Finding]:
    count = int(lacking.sum())
    if count <= _MOST * len(lacking) or count == len(lacking) or set(dropped):
        return []
    message = f"{named(names, lacking)} of {len(lacking)} have no {name}, so a fit would leave them out"
    leave = f'leave them out with units={{"{name}": "drop"}} (CLI: --unit {name}=drop)'
    answers = [Answer(f"leave out the runs without {name}", {"units": {name: "drop"}})]
    if name.partition("@")[0] not in METRICS and name in columns:
        fill = f"{name}=down({columns[name]})"
        leave = (
            f'fill merged cells from above with derive={{"{name}": "down({columns[name]})"}} '
            f"(CLI: --derive '{fill}'), or {leave}"
        )
        answers.insert(0, Answer("each blank cell takes the value above", {"derive": dict([fill.split("=", 1)])}))
    return [Finding("RUNS_MOSTLY_MISSING", Grade.ASK, message, count, leave, tuple(answers))]
