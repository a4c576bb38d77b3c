"""From what a user names, a law and runs, to the law and the rows it may be fitted to.

code               grade  when
FIT_CHECKPOINTS    ask    checkpoints are given to a law of end points, without use="curves"
"""

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.components import kind_of
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Answer, Finding, Grade, enforce
from scalelaw.core.quantities import FORMULA_SYMBOLS, METRICS, spelling
from scalelaw.core.types import frozen
from scalelaw.fitting.frontier import on_frontier
from scalelaw.fitting.measured_inputs import target_of, with_measured_inputs
from scalelaw.laws import FormulaLaw, Law, as_law
from scalelaw.runs.observations import Observations, Reduction, stacked
from scalelaw.runs.other_columns import formula_names, unrecognised
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.pooling import check_which_params
from scalelaw.runs.reducing.schedule_rows import FEATURES, with_lr_features
from scalelaw.runs.reducing.split import CODE as SPLIT
from scalelaw.runs.reducing.split import column_of, joined, parts_of
from scalelaw.runs.reducing.sweeps import SWEPT
from scalelaw.runs.table import RunTable

_SAYS_PARAMS = re.compile(r"\bn\s*=|\bparams")


def observe(
    law: str | Law,
    runs: Any,
    *,
    target: str | None = None,
    use: Reduction | None = None,
    over: Sequence[str] = SWEPT,
) -> tuple[Law, Observations]:
    """Return the law, and the rows of one target that it is to be fitted to.

    Args:
        law: name, spelling, formula or law.
        runs: a table, anything ``load_runs`` reads, or rows already reduced.
        target: ``metric@eval_set``; may be left out where the table has one target.
        use: ``endpoints``, ``best`` or ``curves``; end points unless the law takes curves.
        over: what was swept, for ``best``.

    Raises:
        BadInput: a bad argument, or rows that the law is not for.
        NeedsAnswer: only the user can know which rows, or which N, are meant.
    """
    runs = runs if isinstance(runs, Observations | RunTable) else load_runs(runs)
    chosen = as_law(law, columns_of(runs))
    if "eval_set" in chosen.inputs and not isinstance(runs, Observations):
        runs = outputs_of(runs, chosen.output if target is None else target, use, over)
    if isinstance(runs, RunTable) and target is None:
        target = target_of(chosen, runs)
    observed = observe_rows(runs, target, use, over, "curves" if chosen.takes_curves else "endpoints")
    if isinstance(runs, RunTable):
        observed = with_measured_inputs(chosen, runs, observed, use, over)
    observed = _with_measured(chosen, observed)
    if isinstance(runs, Observations):
        _check_checkpoints(chosen, observed, use)
    if isinstance(law, str) and not _SAYS_PARAMS.search(law):
        enforce(_which_params(chosen, observed))
    if set(chosen.inputs) & set(FEATURES) - set(observed.columns):
        observed = with_lr_features(observed)
    if isinstance(chosen, FormulaLaw):
        observed = _of_formula(chosen, observed)
    return chosen, on_frontier(chosen, _of_output(chosen, _explained(chosen, observed)))


def _explained(law: Law, observed: Observations) -> Observations:
    """Return the rows without the warning of a column that splits them where the law takes that column."""
    taken = {spelling(name) for name in law.inputs}
    findings = list[Finding]()
    for found in observed.findings:
        parts = parts_of(found) if found.code == SPLIT else ()
        left = [each for each in parts if spelling(column_of(each)) not in taken]
        findings += [found] if len(left) == len(parts) else joined(left)
    return replace(observed, findings=tuple(findings))


def columns_of(runs: RunTable | Observations) -> dict[str, str]:
    """Return name in a formula -> the quantity that the column of this name holds, or itself where it holds none."""
    if isinstance(runs, RunTable):
        return formula_names(runs.origins, unrecognised(runs.runs))
    return runs.others.names() if runs.others else {}


def _of_formula(law: FormulaLaw, observed: Observations) -> Observations:
    """Return the rows with the columns that a formula names, and a note of what each name in it was taken for.

    Raises:
        BadInput: the formula takes what is fitted, or a quantity that the table lacks.
    """
    metric = observed.target.partition("@")[0]
    if metric in law.inputs and metric in METRICS and law.output == metric:
        raise BadInput(f"{law.text!r} takes {metric}, which is what is fitted; {law.reading}")
    if law.bare and metric in METRICS:
        raise BadInput(f"in {law.text!r}, {_capitals(law.bare)}; a coefficient is called otherwise, "
                       f"such as {law.bare[0].lower()}_0 ({law.reading})")  # fmt: skip
    others = {
        name: frozen(observed.others.numbers(name))
        for name in law.unnamed
        if observed.others and name not in observed.columns
    }
    observed = replace(observed, columns={**observed.columns, **others}, notes=(*observed.notes, law.reading))
    counts = (*COUNTINGS, "tokens", "flops")
    if lacking := [name for name in law.inputs if name not in (*observed.columns, *counts)]:
        word = next(name for name, of in law.words.items() if of == lacking[0])
        have = ", ".join(name for name in observed.columns if kind_of(name) == "number")
        raise BadInput(
            f"the law takes {' and '.join(lacking)}, and the table has {have}; name the column with "
            f'columns={{"{lacking[0]}": "..."}} (CLI: --column {lacking[0]}=...), or, if {word} is a coefficient, call '
            f"it otherwise, e.g. {word}_0 ({law.reading})"
        )
    return observed


def capitals_of(law: Law) -> str:
    """Return what the capital letters of a formula stand for, where one could be meant as a coefficient; else nothing.

    Example:
        >>> from scalelaw.laws import FormulaLaw
        >>> capitals_of(FormulaLaw("A*C/params**a"))
        'C stands for flops; a coefficient is called otherwise, such as c_0'
    """
    named = law.capitals if isinstance(law, FormulaLaw) else ()
    return f"{_capitals(named)}; a coefficient is called otherwise, such as {named[-1].lower()}_0" if named else ""


def _capitals(names: Sequence[str]) -> str:
    return ", ".join(f"{name} stands for {FORMULA_SYMBOLS[name]}" for name in names)


def _with_measured(law: Law, observed: Observations) -> Observations:
    """Return the rows with what was measured among their columns, for a law that takes it, such as error from loss."""
    metric = observed.target.partition("@")[0]
    if metric not in law.inputs or metric in observed.columns:
        return observed
    return replace(observed, columns={**observed.columns, metric: observed.y})


def _of_output(law: Law, observed: Observations) -> Observations:
    """Return the rows with what the law gives as their value: what was measured, or what was chosen and is best."""
    metric = observed.target.partition("@")[0]
    if law.output in METRICS or metric == law.output:
        return observed
    if law.output == "error" and metric == "score":
        return replace(observed, y=1.0 - observed.y, target=observed.target.replace("score", "error", 1))
    if law.output not in observed.columns:
        raise BadInput(f"{law.spelling} gives {law.output}, and the table has none; it measures {observed.target}")
    kept = observed.complete([law.output])
    return replace(kept, y=kept.inputs([law.output])[law.output], target=law.output, se=None)


def _which_params(law: Law, observed: Observations) -> list[Finding]:
    """Ask which N a law takes that leaves it open, with the spellings that say it where the law has a shape for it."""
    found = check_which_params(observed, law.inputs)
    if "n" not in {field.name for field in fields(law)}:
        return found
    opened = law.spelling.removesuffix("]") + ("," if law.spelling.endswith("]") else "[")
    answers = tuple(Answer(f"N is {kind}", {"law": f"{opened}n={kind}]"}) for kind in ("params_active", "params"))
    fix = "say it in the law: [n=params_active], as in chinchilla[n=params_active], or [n=params]"
    return [replace(finding, answers=answers, fix=fix) for finding in found]


def observe_rows(
    runs: Any,
    target: str | None,
    use: Reduction | None,
    over: Sequence[str] = SWEPT,
    otherwise: Reduction = "endpoints",
) -> Observations:
    """Return the rows of one target, reduced as ``use`` says, and where it says nothing as ``otherwise`` does.

    Raises:
        BadInput: rows that were reduced in another way before.
    """
    if isinstance(runs, Observations):
        if use is not None and use != runs.reduction:
            raise BadInput(f"use={use!r}: these rows are {runs.reduction} already; give the table they come from")
        return runs
    table = runs if isinstance(runs, RunTable) else load_runs(runs)
    return table.reduced(use or otherwise, target, over)


def outputs_of(runs: Any, metric: str, use: Reduction | None, over: Sequence[str]) -> Observations:
    """Return the rows of every target of a metric one below the other, ``eval_set`` saying which each row is of.

    Rows of one run stay one cluster, so that what its outputs share is not taken for evidence twice.
    """
    table = runs if isinstance(runs, RunTable) else load_runs(runs)
    targets = [name for name in table.targets if name.partition("@")[0] == metric and "@" in name]
    if not targets:
        raise BadInput(f"a law of several outputs takes targets such as {metric}@github; there are "
                       f"{', '.join(table.targets) or 'none'}")  # fmt: skip
    return stacked([table.reduced(use or "endpoints", name, over) for name in targets], metric)


def check_sizes(law: Law, observed: Observations) -> None:
    """Refuse vectors and categories of another size than the law's shape.

    Raises:
        BadInput: the message has the number there is.
    """
    for name, size in law.sizes.items():
        values = observed.columns[name]
        found = np.shape(values)[1] if kind_of(name) == "vector" else len(observed.levels_of(name))
        if found != size:
            raise BadInput(f"{law.spelling} takes {name} of {size}, and the table has {found}; write the law with "
                           f"{found}, see `scalelaw laws show {law.name}`")  # fmt: skip


def _check_checkpoints(law: Law, observed: Observations, use: Reduction | None) -> None:
    """Ask where checkpoints are given to a law of end points without being meant."""
    if observed.reduction == "curves" and use is None and not law.takes_curves and observed.clustered:
        message = (
            f"these are {len(observed)} checkpoints, which {law.spelling} would take for runs trained to their end"
        )
        fix = 'fit endpoints(), or say use="curves" (CLI: --use curves) if the law is meant to hold along a run'
        enforce([Finding("FIT_CHECKPOINTS", Grade.ASK, message, len(observed), fix)])
