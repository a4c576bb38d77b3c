"""Warn of repeated data under a law that counts every token as new.

code             grade  when
DESIGN_REPEATED  warn   runs had more than four epochs, and the law takes neither epochs nor unique tokens
"""

from collections.abc import Sequence

import numpy as np

from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.core.types import Array
from scalelaw.runs.observations import Observations

CODE = "DESIGN_REPEATED"
HARMLESS = 4.0
"""Epochs up to which a repeated token is worth nearly a new one (Muennighoff et al. 2023)."""
_TAKING = frozenset({"epochs", "unique_tokens"})
_ENOUGH = 10
"""Fewest remaining runs for which the finding offers to leave out the others."""


def check_repeated(observed: Observations, inputs: Sequence[str]) -> list[Finding]:
    """Warn of runs that repeat their data under a law of the tokens seen.

    Args:
        observed: the rows a fit would see.
        inputs: quantities the law takes.

    Source:
        Muennighoff et al. 2023, arXiv 2305.16264: up to four passes cost little.
    """
    if "tokens" not in inputs or _TAKING & set(inputs):
        return []
    passes = passes_of(observed)
    if passes is None:
        return []
    with np.errstate(invalid="ignore"):
        repeating = passes > HARMLESS
    count, most = int(repeating.sum()), float(np.max(passes, where=np.isfinite(passes), initial=0.0))
    if count == 0:
        return []
    message = (
        f"{count} of {len(observed)} runs saw their data more than {HARMLESS:g} times "
        f"(up to {f'{most:.0f}' if most >= 10 else f'{most:.3g}'} epochs), but this law counts every token as new"
    )
    answers: tuple[Answer, ...] = ()
    ways = ["the law `repeated` takes unique_tokens"] if "unique_tokens" in observed.columns else []
    if "epochs" in observed.columns and len(observed) - count >= _ENOUGH:
        ways.insert(0, f"--where epochs=..{HARMLESS:g} keeps the others (Python: runs.where(epochs=(0, {HARMLESS:g})))")
        answers = (Answer("keep the runs that hardly repeat their data", {"where": {"epochs": {"to": HARMLESS}}}),)
    return [Finding(CODE, Grade.WARN, message, count, "; ".join(ways), answers)]


def passes_of(observed: Observations) -> Array | None:
    """Return the epochs of each run, shape (n,), from the columns of the table; None if it has none."""
    if "epochs" in observed.columns:
        return observed.inputs(["epochs"])["epochs"]
    if not {"tokens", "unique_tokens"} <= set(observed.columns):
        return None
    x = observed.inputs(["tokens", "unique_tokens"])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(x["tokens"] / x["unique_tokens"])
