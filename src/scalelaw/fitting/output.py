"""The quantity a law gives against the target of the rows: the same, converted, or refused with the laws that fit.

code            grade   when
FIT_LAW_OUTPUT  refuse  a law of a loss is given a score, or the other way round
"""

from collections.abc import Iterable
from dataclasses import replace

from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.quantities import METRICS, SHARES, quantity
from scalelaw.core.types import frozen
from scalelaw.laws import FormulaLaw, Law
from scalelaw.laws import get as get_law
from scalelaw.laws import names as law_names
from scalelaw.runs.observations import Observations
from scalelaw.runs.table import RunTable

_SHOWN = 4
_COUNTS = ("params", "tokens", "flops")


def of_output(law: Law, observed: Observations) -> Observations:
    """Return the rows with the law's output as their value.

    An error is one minus a score, and a loss the negative of a log-probability. A formula fits any target, and a note
    says what it does not know.

    Raises:
        BadInput: the law gives another quantity than the target measures; the message names laws that fit.
    """
    metric, at, eval_set = observed.target.partition("@")
    if isinstance(law, FormulaLaw):
        return _of_formula(law, observed) if metric in SHARES else observed
    if metric == law.output:
        return observed
    if law.output not in METRICS or law.output in observed.columns:
        return _of_column(law, observed)
    if law.output in SHARES and metric in SHARES:
        note = f"{observed.target} is read as the {law.output} 1 - {metric}, which {law.name} gives"
        return replace(
            observed, y=frozen(1.0 - observed.y), target=f"{law.output}{at}{eval_set}", notes=(*observed.notes, note)
        )
    if law.output == "loss" and metric == "logprob":
        note = f"{observed.target} is read as the loss -logprob, in nats"
        return replace(observed, y=frozen(-observed.y), target=f"loss{at}{eval_set}", notes=(*observed.notes, note))
    if metric in (*SHARES, "logprob") or law.output in (*SHARES, "logprob"):
        _refuse(law, observed, metric)
    return observed


def pick_target(law: Law, table: RunTable) -> str | None:
    """Return the one target of a table that the law can give, where the others are of another kind; else None."""
    if isinstance(law, FormulaLaw) or len(table.targets) < 2:
        return None
    same = [target for target in table.targets if _metric(target) == law.output]
    if not same and law.output in SHARES:
        same = [target for target in table.targets if _metric(target) in SHARES]
    return same[0] if len(same) == 1 else None


def laws_of(metric: str, columns: Iterable[str]) -> list[str]:
    """Return the names of the laws that give a metric, those whose inputs the columns hold first."""
    outputs = SHARES if metric in SHARES else ("loss",)
    known = [law for law in map(get_law, law_names()) if law.output in outputs]
    have = set(columns)
    known.sort(key=lambda law: (not set(law.inputs) <= have, law.output != metric, not set(law.inputs) & set(_COUNTS)))
    return [law.name for law in known]


def _refuse(law: Law, observed: Observations, metric: str) -> None:
    fitting = laws_of(metric, observed.columns)
    fit = f"laws of {'an' if metric == 'error' else 'a'} {metric}: {', '.join(fitting[:_SHOWN])}"
    message = (
        f"{law.spelling} gives {_unit(law.output)}, and {observed.target} is {_unit(metric)}; {fit} "
        f"(CLI: --law {fitting[0]}), or fit another target"
    )
    enforce([Finding("FIT_LAW_OUTPUT", Grade.REFUSE, message, len(observed))])


def _unit(metric: str) -> str:
    of = quantity(metric)
    return f"{'an' if metric == 'error' else 'a'} {metric} ({'fraction' if of.unit == '1' else of.unit})"


def _of_formula(law: FormulaLaw, observed: Observations) -> Observations:
    note = f"{observed.target} is a fraction, and nothing keeps {law.text!r} between guessing and 1"
    return replace(observed, notes=(*observed.notes, note))


def _of_column(law: Law, observed: Observations) -> Observations:
    """Return the rows with a column of the table as their value, such as the best chosen setting."""
    if law.output not in observed.columns:
        raise BadInput(
            f"{law.spelling} predicts {law.output}, but the table has no column {law.output}; it measures "
            f"{observed.target}"
        )
    kept = observed.complete([law.output])
    return replace(kept, y=kept.inputs([law.output])[law.output], target=law.output, se=None)


def _metric(target: str) -> str:
    return target.partition("@")[0]
