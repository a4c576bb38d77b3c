"""Add to a review the refusals of a fit of the same table, so that a table that passes can be fitted.

code              grade   when
FIT_OTHER_LAW     warn    the law that `fit` takes without `--law` cannot be fitted, and another one can
FIT_REFUSED       refuse  no law of size, tokens or compute can be fitted
FIT_WHICH_TARGET  warn    the table has several targets, and a fit takes one
"""

import warnings
from dataclasses import replace

from scalelaw.core.errors import ScalelawError, ScalelawWarning
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.quantities import SHARES
from scalelaw.fitting.fit import check_fit
from scalelaw.fitting.observe import observe
from scalelaw.fitting.spec import FitSpec
from scalelaw.runs.review import Review
from scalelaw.runs.table import RunTable

USUAL = "chinchilla"
"""The law that `fit` takes where the user names none."""
OTHERS = ("power[input=flops]", "power[input=params]", "power[input=tokens]")
"""Laws of one input, for a table that cannot determine the usual one."""
USUAL_OF_SHARE = "accuracy_joint_power"
"""The law of params and tokens that a score or an error is tried with."""
OTHERS_OF_SHARE = ("accuracy_power", "accuracy_logistic", "accuracy_logistic[input=params]")
"""Laws of one input for a score or an error."""
_STOPS = (Grade.REFUSE, Grade.ASK)


def with_refusals(review: Review) -> Review:
    """Add a finding to the review for every reason a fit of its table would fail.

    If another target can be fitted, the finding is only a warning.
    """
    if review.table is None or review.stopped:
        return review
    refused: dict[str, tuple[Finding, ...]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)  # the review already holds them as findings
        for target in review.usable:
            refused[target] = _of_target(review.table, target)
    some = any(all(each.grade not in _STOPS for each in found) for found in refused.values())
    every = [each for found in refused.values() for each in found]
    if len(review.usable) > 1:
        every.append(_which(review))
    return review.adding(replace(each, grade=Grade.WARN) if some else each for each in every)


def _which(review: Review) -> Finding:
    """Warn that a fit takes one of several targets."""
    targets = list(review.usable)
    message = f"a fit takes one of the {len(targets)} targets"
    fix = f"choose one with target={targets[0]!r} (CLI: --target {targets[0]})"
    return Finding("FIT_WHICH_TARGET", Grade.WARN, message, 0, fix)


def _of_target(table: RunTable, target: str) -> tuple[Finding, ...]:
    """Return what a fit of one target would refuse."""
    usual, others = (USUAL_OF_SHARE, OTHERS_OF_SHARE) if target.partition("@")[0] in SHARES else (USUAL, OTHERS)
    error = _refusal(usual, table, target)
    if error is None or any(each.code == "FIT_CHANCE" for each in getattr(error, "findings", ())):
        return ()
    found = tuple(each for each in getattr(error, "findings", ()) if each.grade in _STOPS)
    if found:
        return found
    other = next((law for law in others if _refusal(law, table, target) is None), None)
    message, _, fix = str(error).partition("; ")
    if other is None:
        return (Finding("FIT_REFUSED", Grade.REFUSE, f"a fit of {target} fails: {message}", len(table), fix),)
    choice = f"name a law that these runs can determine, such as law={other!r} (CLI: --law '{other}')"
    return (Finding("FIT_OTHER_LAW", Grade.WARN, f"{usual} cannot be fitted: {message}", len(table), choice),)


def _refusal(law: str, table: RunTable, target: str) -> ScalelawError | None:
    """Return the error with which a fit would end before it starts to search, None where it would start."""
    try:
        chosen, observed = observe(law, table, target=target)
        check_fit(chosen, observed, FitSpec())
    except ScalelawError as error:
        return error
    return None
