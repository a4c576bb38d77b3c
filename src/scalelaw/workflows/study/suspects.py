"""Add to a review the answer with and without the runs that blew up."""

import warnings
from dataclasses import replace

from scalelaw.core.errors import ScalelawError, ScalelawWarning
from scalelaw.fitting.checks.suspects import noted
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.observe import observe
from scalelaw.fitting.spec import FitSpec
from scalelaw.runs.reducing.suspects import CODE
from scalelaw.runs.review import Review
from scalelaw.workflows.study.fittable import OTHERS, USUAL


def compared(review: Review) -> Review:
    """Add to a review's finding about runs that blew up the answer of a law with and without them."""
    if review.table is None or all(each.code != CODE for each in review.findings):
        return review
    findings = review.findings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)  # the review already holds them as findings
        for target in review.usable:
            for law in (USUAL, *OTHERS):
                try:
                    chosen, observed = observe(law, review.table, target=target)
                except ScalelawError:
                    continue
                own = {each.message for each in observed.findings if each.code == CODE}
                findings = tuple(
                    noted([each], chosen, observed, FitSpec(), fit_observations)[0] if each.message in own else each
                    for each in findings
                )
                break
    return replace(review, findings=findings)
