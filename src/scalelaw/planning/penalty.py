"""The price of training off the efficient line: compute spent over compute needed for the same loss."""

import math

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.estimate import Estimate, estimated
from scalelaw.core.forecaster import Forecaster
from scalelaw.core.numbers import parse_number
from scalelaw.core.types import Array
from scalelaw.planning.loss_surfaces import survey
from scalelaw.planning.surfaces.surface import Surface


def compute_penalty(forecaster: Forecaster, params: float | str, tokens: float | str, level: float = 0.9) -> Estimate:
    """Return C / C*(loss at (N, D)): 1 on the efficient line, more for over- and under-training.

    Each draw has its own loss at (N, D) and its own budget for it, so the interval is of the ratio.

    Args:
        forecaster: of a loss, over one kind of params and tokens.
        params: N, in the kind of N the forecaster takes; a number or text such as ``8B``.
        tokens: D; a number or text such as ``15T``.
        level: probability of the interval, in (0, 1).

    Raises:
        BadInput: the forecaster is over other inputs or no loss, N or D is not positive, or no split is best.

    Example:
        >>> from scalelaw import laws
        >>> from scalelaw.fitting.published import published
        >>> print(compute_penalty(published(laws.get("chinchilla"), "besiroglu2024"), "8B", "15T"))
        5.513

    Source:
        Hoffmann et al. 2022, arXiv 2203.15556, eq. 4, inverted.
    """
    n, d = parse_number(params, "params"), parse_number(tokens, "tokens")
    if not (n > 0 and d > 0):
        raise BadInput(f"params and tokens must be positive, got {n:g} and {d:g}")
    surfaces = survey(forecaster)
    value = float(excess(surfaces.point, n, d)[0])
    if not math.isfinite(value):
        raise BadInput(f"{forecaster.label} has no compute-optimal split to compare params {n:g}, tokens {d:g} with")
    around = float(surfaces.counting.flops(n, d)) / value
    spread = None if surfaces.draws is None else excess(surfaces.draws, n, d, around)
    return estimated(value, spread, level, "1")


def excess(surface: Surface, params: float, tokens: float, around: float | None = None) -> Array:
    """Return C / C*(loss at (N, D)) on each surface, shape (b,); never below one, since no split beats the best.

    Args:
        surface: b surfaces.
        params: N.
        tokens: D.
        around: a guess of C*, needed where there are several surfaces.
    """
    loss = surface.loss(np.full(1, params), np.full(1, tokens))[:, 0]
    with np.errstate(divide="ignore"):
        times = surface.counting.flops(params, tokens) / surface.at_loss(loss, around).flops
    return np.asarray(np.maximum(times, 1.0))
