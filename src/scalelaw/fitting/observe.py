"""From what a user names, a law and runs, to the law and the rows it may be fitted to.

code               grade  when
FIT_CHECKPOINTS    ask    checkpoints are given to a law of end points, without use="curves"
"""

import re
from collections.abc import Sequence
from typing import Any

from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.laws import Law, as_law
from scalelaw.runs import SWEPT, Observations, Reduction, RunTable, check_which_params, load_runs

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
    chosen = as_law(law)
    if isinstance(runs, Observations):
        observed = _given(chosen, runs, use)
    else:
        table = runs if isinstance(runs, RunTable) else load_runs(runs)
        observed = table.reduced(use or ("curves" if chosen.takes_curves else "endpoints"), target, over)
    if isinstance(law, str) and not _SAYS_PARAMS.search(law):
        enforce(check_which_params(observed, chosen.inputs))
    return chosen, observed


def _given(law: Law, observed: Observations, use: Reduction | None) -> Observations:
    """Return rows that were reduced before; checkpoints must be meant."""
    if use is not None and use != observed.reduction:
        raise BadInput(f"use={use!r}: these rows are {observed.reduction} already; give the table they come from")
    if observed.reduction == "curves" and use is None and not law.takes_curves and observed.clustered:
        message = (
            f"these are {len(observed)} checkpoints, which {law.spelling} would take for runs trained to their end"
        )
        fix = 'fit endpoints(), or say use="curves" (CLI: --use curves) if the law is meant to hold along a run'
        enforce([Finding("FIT_CHECKPOINTS", Grade.ASK, message, len(observed), fix)])
    return observed
