"""Convert params with and without embeddings if the architecture is unknown (Pearce and Song 2024).

    N = N_e + gamma N_e^(1/3)        N_e: params without embeddings

The second term is V x d for a family of models with one aspect ratio, in which d grows as N_e^(1/3). Source:
arXiv 2406.12907 and the code beside it.

code               grade      when
PARAMS_EMBEDDINGS  warn       embeddings are more than 10 % of N in some runs
"""

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.types import Array

GAMMA = 47491.0
"""Pearce and Song's gamma, for a vocabulary of 32 000 and width / layers near 39."""

MOST_EMBEDDING = 0.10
"""Share of embeddings in N above which the kind of N changes a fit."""


def with_embeddings(params_non_embedding: Array | float, *, gamma: float = GAMMA) -> Array:
    """Return N with embeddings for models of the family.

    Args:
        params_non_embedding: N without embeddings, any shape.
        gamma: embedding parameters over the cube root of N without embeddings.

    Raises:
        BadInput: a count or gamma is not positive.

    Example:
        >>> float(with_embeddings(1e9))
        1047491000.0
    """
    n = _positive(params_non_embedding, "params_non_embedding", gamma)
    return np.asarray(n + gamma * np.cbrt(n))


def without_embeddings(params: Array | float, *, gamma: float = GAMMA) -> Array:
    """Return N without embeddings for models of the family: the real root of x^3 + gamma x = N, cubed.

    Args:
        params: N with embeddings, any shape.
        gamma: as in ``with_embeddings``.

    Raises:
        BadInput: a count or gamma is not positive.

    Example:
        >>> round(float(without_embeddings(1047491000.0)))
        1000000000
    """
    n = _positive(params, "params", gamma)
    # Cardano's root in hyperbolic form has no cancellation on either side; one Newton step removes rounding.
    scale = np.sqrt(gamma / 3)
    root = 2 * scale * np.sinh(np.arcsinh(1.5 * n / (gamma * scale)) / 3)
    root -= (root**3 + gamma * root - n) / (3 * root**2 + gamma)
    return np.asarray(root**3)


def embedding_share(params_non_embedding: Array | float, *, gamma: float = GAMMA) -> Array:
    """Return the share of embeddings in N for models of the family."""
    return 1 - np.asarray(params_non_embedding, float) / with_embeddings(params_non_embedding, gamma=gamma)


def local_exponent(
    params_non_embedding: Array | float, params_exponent: float, tokens_exponent: float, *, gamma: float = GAMMA
) -> Array:
    """Return the exponent g = d ln N_e / d ln C_e, with C_e = 6 N_e D, on the frontier of a law in N with embeddings.

    With N itself, a law L = E + A / N^alpha + B / D^beta has the exponent g = beta / (alpha + beta). With N_e the
    exponent is larger for small models: g rises to beta / (alpha / 3 + beta) as N_e falls.

    Args:
        params_non_embedding: N_e, any shape.
        params_exponent: alpha.
        tokens_exponent: beta.
        gamma: as in ``with_embeddings``.

    Example:
        >>> round(float(local_exponent(1e8, 0.34781, 0.36585)), 4)
        0.6128
    """
    n = _positive(params_non_embedding, "params_non_embedding", gamma)
    square = np.cbrt(n) ** 2
    growth = (square + gamma / 3) / (square + gamma)
    slope = 1 - (square + gamma / 9) / (square + gamma / 3) / tokens_exponent
    return np.asarray(1 / (slope + (1 + params_exponent) / tokens_exponent * growth))


def check_embeddings(params: Array | float, params_non_embedding: Array | float) -> list[Finding]:
    """Return a warning if the share of embeddings in N is so large that the kind of N changes the exponents.

    Args:
        params: N with embeddings, (n,).
        params_non_embedding: N without, (n,).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.atleast_1d(1 - np.asarray(params_non_embedding, float) / np.asarray(params, float))
    above = int(np.sum(share > MOST_EMBEDDING))
    if not above:
        return []
    message = (
        f"embeddings are more than {MOST_EMBEDDING:.0%} of N in {above} of {share.size} runs (up to "
        f"{np.nanmax(share):.0%}): a law in params and one in params_non_embedding will differ in their exponents"
    )
    fix = "fit and plan with one kind of N, and state it with every exponent"
    return [Finding("PARAMS_EMBEDDINGS", Grade.WARN, message, above, fix)]


def _positive(values: Array | float, name: str, gamma: float) -> Array:
    if not gamma > 0:
        raise BadInput(f"gamma={gamma!r} must be positive")
    n = np.asarray(values, float)
    if np.any(n <= 0):
        raise BadInput(f"{name} must be positive, got {n[n <= 0].flat[0]:g}")
    return n
