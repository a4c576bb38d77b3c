"""The over-training penalty: compute of a run over the least compute that reaches the same loss."""

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
    """Return C / C*(loss at (N, D)): 1 on the efficient line, larger for over- and under-training.

    The interval is for the ratio: each draw has a loss at (N, D) and the least budget that reaches this loss.

    Args:
        forecaster: forecasts a loss from one kind of params and from tokens.
        params: N, in the kind of N the forecaster takes; a number or text such as ``8B``.
        tokens: D; a number or text such as ``15T``.
        level: probability of the interval, in (0, 1).

    Raises:
        BadInput: the forecaster has other inputs or a target that is not a loss, N or D is not positive, or there is
            no compute-optimal split.

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
        raise BadInput(f"{forecaster.label} has no compute-optimal split, so a penalty has no reference")
    around = float(surfaces.counting.flops(n, d)) / value
    spread = None if surfaces.draws is None else excess(surfaces.draws, n, d, around)
    return estimated(value, spread, level, "1")


def excess(surface: Surface, params: float, tokens: float, around: float | None = None) -> Array:
    """Return C / C*(loss at (N, D)) on each surface, shape (b,); at least one.

    Args:
        surface: b surfaces.
        params: N.
        tokens: D.
        around: estimate of C*, required for several surfaces.
    """
    loss = surface.loss(np.full(1, params), np.full(1, tokens))[:, 0]
    with np.errstate(divide="ignore"):
        times = surface.counting.flops(params, tokens) / surface.at_loss(loss, around).flops
    return np.asarray(np.maximum(times, 1.0))
