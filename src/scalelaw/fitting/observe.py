"""Turn the law and runs that a user names into a law and the rows to fit it to.

code               grade  when
FIT_CHECKPOINTS    ask    a law of end points is given checkpoints without use="curves"
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
from scalelaw.fitting.measured_inputs import taking, with_measured_inputs
from scalelaw.fitting.output import of_output, pick_target
from scalelaw.laws import AboveChance, FormulaLaw, Law, as_law
from scalelaw.runs.chance import Chance, chance_of_rows, required_chance
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
    x: str | None = None,
    chance: Chance | None = None,
) -> tuple[Law, Observations]:
    """Return the law, and the rows of one target to fit it to.

    Args:
        law: name, spelling, formula or law.
        runs: a table, anything ``load_runs`` reads, or rows already reduced.
        target: ``metric@eval_set``; optional if the table has one target.
        use: ``endpoints``, ``best`` or ``curves``; end points unless the law takes curves.
        over: what was swept, for ``best``.
        x: target that a law of a measured input takes, such as ``loss@c4``; only if several may be meant.
        chance: score of guessing, as in ``load_runs``.

    Raises:
        BadInput: a bad argument, or rows that the law cannot take.
        NeedsAnswer: the user must choose the rows or the kind of N.
    """
    runs = runs if isinstance(runs, Observations | RunTable) else load_runs(runs)
    chosen = as_law(law, columns_of(runs))
    if "eval_set" in chosen.inputs and not isinstance(runs, Observations):
        runs = outputs_of(runs, chosen.output if target is None else target, use, over)
    if x is not None and isinstance(runs, Observations):
        raise BadInput(f"x={x!r} names a target of the table, but these rows are of {runs.target}; pass the table")
    if isinstance(runs, RunTable):
        chosen = taking(chosen, runs, x)
        target = pick_target(chosen, runs) if target is None else target
    observed = observe_rows(runs, target, use, over, "curves" if chosen.takes_curves else "endpoints")
    observed = chance_of_rows(observed, chance)
    if isinstance(runs, RunTable):
        observed = with_measured_inputs(chosen, runs, observed, use, over, x)
    observed = _with_measured(chosen, observed)
    if isinstance(runs, Observations):
        _check_checkpoints(chosen, observed, use)
    if isinstance(law, str) and not _SAYS_PARAMS.search(law):
        enforce(_which_params(chosen, observed))
    if set(chosen.inputs) & set(FEATURES) - set(observed.columns):
        observed = with_lr_features(observed)
    if isinstance(chosen, FormulaLaw):
        observed = _of_formula(chosen, observed)
    chosen, observed = _with_chance(chosen, of_output(chosen, _explained(chosen, observed)))
    return chosen, on_frontier(chosen, observed)


def _with_chance(law: Law, observed: Observations) -> tuple[Law, Observations]:
    """Return a law above chance with the chance of the rows, where its spelling leaves it open, and a note of it.

    Raises:
        NeedsAnswer: the chance of the target is unknown.
    """
    if not isinstance(law, AboveChance) or law.chance is not None:
        return law, observed
    level = required_chance(observed, law.name)
    note = f"chance of {observed.target} is {level:.4g}: {law.name} starts from it"
    return replace(law, chance=level), replace(observed, notes=(*observed.notes, note))


def _explained(law: Law, observed: Observations) -> Observations:
    """Drop the warning about a column that splits the rows if the law takes that column."""
    taken = {spelling(name) for name in law.inputs}
    findings = list[Finding]()
    for found in observed.findings:
        parts = parts_of(found) if found.code == SPLIT else ()
        left = [each for each in parts if spelling(column_of(each)) not in taken]
        findings += [found] if len(left) == len(parts) else joined(left)
    return replace(observed, findings=tuple(findings))


def columns_of(runs: RunTable | Observations) -> dict[str, str]:
    """Map each name in a formula to the quantity in its column, or to itself if the column holds no quantity."""
    if isinstance(runs, RunTable):
        return formula_names(runs.origins, unrecognised(runs.runs))
    return runs.others.names() if runs.others else {}


def _of_formula(law: FormulaLaw, observed: Observations) -> Observations:
    """Return the rows with the columns that a formula names, and a note on the meaning of each name.

    Raises:
        BadInput: the formula takes the fitted quantity, or a quantity that the table lacks.
    """
    metric = observed.target.partition("@")[0]
    if metric in law.inputs and metric in METRICS and law.output == metric:
        raise BadInput(f"{law.text!r} takes {metric}, which is the fitted quantity; {law.reading}")
    if law.bare and metric in METRICS:
        raise BadInput(f"in {law.text!r}, {_capitals(law.bare)}; give a coefficient another name, "
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
            f'columns={{"{lacking[0]}": "..."}} (CLI: --column {lacking[0]}=...), or, if {word} is a coefficient, '
            f"rename it, e.g. {word}_0 ({law.reading})"
        )
    return observed


def capitals_of(law: Law) -> str:
    """Explain the capital letters of a formula that may be meant as coefficients, or return nothing.

    Example:
        >>> from scalelaw.laws import FormulaLaw
        >>> capitals_of(FormulaLaw("A*C/params**a"))
        'C stands for flops; give a coefficient another name, such as c_0'
    """
    named = law.capitals if isinstance(law, FormulaLaw) else ()
    return f"{_capitals(named)}; give a coefficient another name, such as {named[-1].lower()}_0" if named else ""


def _capitals(names: Sequence[str]) -> str:
    return ", ".join(f"{name} stands for {FORMULA_SYMBOLS[name]}" for name in names)


def _with_measured(law: Law, observed: Observations) -> Observations:
    """Add the measured quantity to the columns for a law that takes it, such as error from loss."""
    metric = observed.target.partition("@")[0]
    if metric not in law.inputs or metric in observed.columns:
        return observed
    return replace(observed, columns={**observed.columns, metric: observed.y})


def _which_params(law: Law, observed: Observations) -> list[Finding]:
    """Ask which kind of N the law takes if it does not state one, and offer the spellings that state it."""
    found = check_which_params(observed, law.inputs)
    if "n" not in {field.name for field in fields(law)}:
        return found
    opened = law.spelling.removesuffix("]") + ("," if law.spelling.endswith("]") else "[")
    answers = tuple(Answer(f"N is {kind}", {"law": f"{opened}n={kind}]"}) for kind in ("params_active", "params"))
    fix = f"write {opened}n=params_active] or {opened}n=params]"
    return [replace(finding, answers=answers, fix=fix) for finding in found]


def observe_rows(
    runs: Any,
    target: str | None,
    use: Reduction | None,
    over: Sequence[str] = SWEPT,
    otherwise: Reduction = "endpoints",
) -> Observations:
    """Return the rows of one target, reduced by ``use``, or by ``otherwise`` without ``use``.

    Raises:
        BadInput: ``over`` without ``use="best"``, or rows with a different target or reduction than requested.
    """
    if over and tuple(over) != SWEPT and (use or otherwise) != "best":
        raise BadInput(f"over={over!r} names the swept columns; add use='best', which reads them")
    if isinstance(runs, Observations):
        if target is not None and target != runs.target:
            raise BadInput(f"target={target!r}: these rows hold only {runs.target}; pass the original table")
        if use is not None and use != runs.reduction:
            raise BadInput(f"use={use!r}: these rows are already reduced to {runs.reduction}; pass the original table")
        return runs
    table = runs if isinstance(runs, RunTable) else load_runs(runs)
    return table.reduced(use or otherwise, target, over)


def outputs_of(runs: Any, metric: str, use: Reduction | None, over: Sequence[str]) -> Observations:
    """Stack the rows of every target of a metric; ``eval_set`` names the target of each row.

    Rows of one run stay one cluster, since its outputs are not independent evidence.
    """
    table = runs if isinstance(runs, RunTable) else load_runs(runs)
    targets = [name for name in table.targets if name.partition("@")[0] == metric and "@" in name]
    if not targets:
        raise BadInput(f"a law of several outputs needs targets such as {metric}@github; the table has "
                       f"{', '.join(table.targets) or 'no target'}")  # fmt: skip
    return stacked([table.reduced(use or "endpoints", name, over) for name in targets], metric)


def check_sizes(law: Law, observed: Observations) -> None:
    """Check that vectors and categories have the size of the law's shape.

    Raises:
        BadInput: a size differs.
    """
    for name, size in law.sizes.items():
        values = observed.columns[name]
        found = np.shape(values)[1] if kind_of(name) == "vector" else len(observed.levels_of(name))
        if found != size:
            raise BadInput(f"{law.spelling} takes {name} of size {size}, but the table has {found}; write the law with "
                           f"{found}, see `scalelaw laws show {law.name}`")  # fmt: skip


def _check_checkpoints(law: Law, observed: Observations, use: Reduction | None) -> None:
    """Ask if a law of end points is given checkpoints without ``use="curves"``."""
    if observed.reduction == "curves" and use is None and not law.takes_curves and observed.clustered:
        message = (
            f"these are {len(observed)} checkpoints, which {law.spelling} would treat as runs trained to their end"
        )
        fix = 'fit endpoints(), or use="curves" (CLI: --use curves) if the law should hold along a run'
        enforce([Finding("FIT_CHECKPOINTS", Grade.ASK, message, len(observed), fix)])
