"""Chance: the score of guessing behind each value of a score or an error.

It comes, in this order, from the argument, from a column of the table, and from the dated table of benchmarks. A
benchmark that none of them knows has no chance, and a law that needs it asks.

code        grade  when
FIT_CHANCE  ask    a law above chance is given a score whose chance is unknown
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.benchmarks.chance import date, find, harness_of
from scalelaw.core.errors import BadInput, NeedsAnswer, UnknownName
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.quantities import SHARES, spelling
from scalelaw.core.toml import read_toml
from scalelaw.core.types import AnyArray, frozen
from scalelaw.runs.checking.scores import CODES, check_scores

if TYPE_CHECKING:
    from scalelaw.runs.observations import Observations
    from scalelaw.runs.table import RunTable

Chance = float | Mapping[str, float] | str | os.PathLike[str]
"""One level, levels by target or benchmark, or a TOML file of them."""

_ANY = ""
_SHOWN = 4


def levels(chance: Chance | None) -> dict[str, float]:
    """Return name of a target -> its chance level, from an argument ``chance=``; a level for all targets has no name.

    Args:
        chance: a level, ``{"mmlu": 0.25}``, or a TOML file with such a table, also under ``[chance]``.

    Raises:
        BadInput: a level is not a fraction from 0 to below 1, or the file cannot be read.

    Example:
        >>> levels(0.25), levels({"mmlu": 0.25})
        ({'': 0.25}, {'mmlu': 0.25})
    """
    if chance is None:
        return {}
    if isinstance(chance, str | os.PathLike):
        path = os.fspath(chance)
        content = read_toml(Path(path).expanduser(), "it holds levels like mmlu = 0.25")
        named = content.get("chance", content)
        if not isinstance(named, Mapping):
            raise BadInput(f"{path}: chance is {named!r}; write a table [chance] of levels like mmlu = 0.25")
        return {str(name): _level(value, f"{path}: {name}") for name, value in named.items()}
    if isinstance(chance, Mapping):
        return {str(name): _level(value, f"chance of {name}") for name, value in chance.items()}
    return {_ANY: _level(chance, "chance")}


def _level(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise BadInput(f"{what} is {value!r}; give a fraction from 0 to below 1, like 0.25")
    if not 0 <= value < 1:
        percent = f"; {value:g} percent is {value / 100:g}" if 1 < value < 100 else ""
        raise BadInput(f"{what} is {value:g}; give a fraction from 0 to below 1, like 0.25{percent}")
    return float(value)


def with_chance(table: "RunTable", chance: Chance | None = None) -> "RunTable":
    """Return the table with the chance of each score and error in ``evals["chance"]``.

    Args:
        table: the runs; a chance level that they already have stays, unless ``chance`` gives another.
        chance: one level for all targets, a level by target or benchmark, or a TOML file; see ``levels``.

    Raises:
        UnknownName: ``chance`` names a target that the table does not have; a file may name others.
    """
    given = levels(chance)
    shares = [target for target in table.targets if _metric(target) in SHARES]
    if not isinstance(chance, str | os.PathLike):
        _check_known(given, shares, table.targets)
    if not shares:
        return table
    values = np.array(table.evals["chance"]) if "chance" in table.evals else np.full(len(table.evals["value"]), np.nan)
    notes, open_ = dict[str, float](), list[str]()
    harness = _harness(table, shares)
    for target in shares:
        at = table.evals["target"] == target
        stated = _given(target, given)
        if stated is not None:
            values[at] = stated
            continue
        blank = at & np.isnan(values)
        for name in sorted(set(harness[blank].tolist())):
            benchmark = find(target)
            level = benchmark.level(name) if benchmark else None
            if level is not None:
                values[blank & (harness == name)] = level
                notes[target] = level
            elif benchmark and benchmark.by_harness:
                open_.append(f"{target}: {benchmark.levels()}")
    return replace(table, evals={**table.evals, "chance": frozen(values)}, notes=(*table.notes, *_notes(notes, open_)))


def chance_of_rows(observed: "Observations", chance: Chance | None) -> "Observations":
    """Return rows with the chance that an argument gives, in the column ``chance``; unchanged without one.

    Raises:
        BadInput: the target has no chance level, or ``chance`` is for another target.
    """
    given = levels(chance)
    if not given:
        return observed
    _check_known(given, [observed.target] if _metric(observed.target) in SHARES else [], [observed.target])
    stated = _given(observed.target, given)
    if stated is None:
        return observed
    rows = replace(observed, columns={**observed.columns, "chance": frozen(np.full(len(observed), stated))})
    others = [each for each in observed.findings if each.code not in CODES]
    return replace(rows, findings=(*others, *check_scores(rows)))


def one_chance(observed: "Observations") -> float | None:
    """Return the one chance of the rows, or None where no row has any.

    Raises:
        BadInput: the rows have different chance levels, or only some have a chance level.
    """
    values = np.asarray(observed.columns.get("chance", np.full(len(observed), np.nan)), float)
    known = np.unique(values[~np.isnan(values)])
    if len(known) > 1:
        several = ", ".join(f"{value:.4g}" for value in known[:_SHOWN])
        raise BadInput(
            f"the rows of {observed.target} have several chance levels ({several}), as pooled harnesses do; keep the "
            f"rows of one harness (CLI: --where harness=...), or state one level with chance={known[0]:.4g} "
            f"(CLI: --chance {known[0]:.4g})"
        )
    return float(known[0]) if len(known) else None


def required_chance(observed: "Observations", taker: str) -> float:
    """Return the one chance of the rows.

    Args:
        observed: rows of a score or an error.
        taker: what needs the chance, for the message.

    Raises:
        BadInput: the rows differ, or only some have one.
        NeedsAnswer: no row has any.
    """
    if (level := one_chance(observed)) is not None:
        return level
    message = f"{taker} takes the score of guessing, and that of {observed.target} is unknown"
    asked = Finding("FIT_CHANCE", Grade.ASK, message, len(observed), ask_chance(observed.target))
    raise NeedsAnswer(f"{asked} [{asked.code}]", [asked])


def ask_chance(target: str) -> str:
    """Return how to state the chance level of a target without a known one."""
    name = target.partition("@")[2] or _metric(target)
    benchmark = find(target)
    usual = f" ({benchmark.levels()})" if benchmark and benchmark.by_harness else ""
    return (
        f'state it with chance={{"{name}": 0.25}} (CLI: --chance {name}=0.25){usual}: one over the number of choices, '
        "or 0 for generated answers"
    )


def _given(target: str, given: Mapping[str, float]) -> float | None:
    """Return the level that an argument gives a target: by its name, its set, its benchmark, or for all."""
    eval_set = target.partition("@")[2]
    for name in (target, eval_set):
        if name and name in given:
            return given[name]
    alike = [level for name, level in given.items() if name and spelling(name) == spelling(eval_set or target)]
    if alike:
        return alike[0]
    benchmark = find(target)
    same = [level for name, level in given.items() if name and benchmark is not None and find(name) == benchmark]
    return same[0] if same else given.get(_ANY)


def _check_known(given: Mapping[str, float], shares: Iterable[str], targets: Iterable[str]) -> None:
    have = list(shares)
    for name, level in given.items():
        if not have:
            known = ", ".join(targets) or "none"
            raise BadInput(f"chance={level:g}: only a score or an error has a chance; the targets are {known}")
        if name and all(_given(target, {name: level}) is None for target in have):
            raise UnknownName.among("target in chance=", name, [target.partition("@")[2] or target for target in have])


def _harness(table: "RunTable", shares: Iterable[str]) -> AnyArray:
    """Return the harness of each evaluation, empty where unknown: a column, else what the names of the tasks show."""
    otherwise = harness_of([*shares, *(table.origins.get(target, "") for target in shares)])
    if "harness" not in table.runs:
        return np.full(len(table.evals["value"]), otherwise, dtype=object)
    of_run = [otherwise if name is None else _plain_harness(str(name)) for name in table.runs["harness"].tolist()]
    return np.array(of_run, dtype=object)[table.evals["run"]]


def _plain_harness(name: str) -> str:
    """Return the name of a harness without its version: ``lm_eval 0.4.2`` is ``lm-eval``."""
    return spelling(name.split()[0] if name.split() else "").replace("_", "-")


def _notes(found: Mapping[str, float], open_: Iterable[str]) -> list[str]:
    by_level: dict[float, list[str]] = {}
    for target, level in found.items():
        by_level.setdefault(level, []).append(target.partition("@")[2] or target)
    shown = [f"{level:.4g} for {_some(names)}" for level, names in sorted(by_level.items())]
    notes = [f"chance, by the table of {date()}: {'; '.join(shown)}"] if shown else []
    return notes + [f"no chance for {each}; state it with chance= (CLI: --chance)" for each in open_]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _metric(target: str) -> str:
    return target.partition("@")[0]
