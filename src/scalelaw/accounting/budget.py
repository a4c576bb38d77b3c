"""The budget that is planned for where none is named: ten times that of the largest run."""

from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import Domain

AHEAD = 10.0
"""Default budget over the largest compute fitted."""


def default_budget(domain: Domain) -> float:
    """Return ten times the largest compute fitted, FLOP.

    Raises:
        BadInput: the fitted range of compute is not known.
    """
    if "flops" not in domain:
        raise BadInput("the compute of the runs is not known; name a budget with flops= (CLI: --flops), e.g. 1e22")
    return AHEAD * domain["flops"][1]
