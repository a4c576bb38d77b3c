"""The default budget of plans: ten times that of the largest run."""

from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import Domain

AHEAD = 10.0
"""Default budget over the largest fitted compute."""


def default_budget(domain: Domain) -> float:
    """Return ten times the largest fitted compute, FLOP.

    Raises:
        BadInput: the fitted range of compute is unknown.
    """
    if "flops" not in domain:
        raise BadInput("the compute of the runs is unknown; give a budget with flops= (CLI: --flops), e.g. 1e22")
    return AHEAD * domain["flops"][1]
