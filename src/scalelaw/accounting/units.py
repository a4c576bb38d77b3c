"""Convert losses between nats, bits and perplexity, per token or per byte, and estimate tokens of a text.

    bits = nats / ln 2        perplexity = e^nats        loss per byte = loss per token / bytes per token

Losses per token of different tokenizers cannot be compared; losses per byte can.
"""

import math
from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.types import Array

LN2 = math.log(2)
"""Nats per bit."""


def bits_from_nats(nats: Array) -> Array:
    """Convert nats to bits."""
    return nats / LN2


def nats_from_bits(bits: Array) -> Array:
    """Convert bits to nats."""
    return bits * LN2


def perplexity_from_nats(nats: Array) -> Array:
    """Convert nats to perplexity, e^nats."""
    return np.asarray(np.exp(nats))


def nats_from_perplexity(perplexity: Array) -> Array:
    """Convert perplexity to nats; values that are not positive stay, for later checks to refuse."""
    values = np.asarray(perplexity, float)
    return np.asarray(np.log(values, out=values.copy(), where=values > 0))


def _same(values: Array) -> Array:
    return values


_SCALES: MappingProxyType[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = MappingProxyType(
    {
        "nats": (_same, _same),
        "bits": (nats_from_bits, bits_from_nats),
        "perplexity": (nats_from_perplexity, perplexity_from_nats),
    }
)
"""Scale -> (to nats, from nats)."""

_SPELLED = {"nat": "nats", "bit": "bits", "ppl": "perplexity"}

LOSS_UNITS = tuple(f"{scale}/{of}" for scale in _SCALES for of in ("token", "byte"))
"""Units of ``convert_loss``; ``bpb`` is bits/byte, and a scale alone is per token."""


def convert_loss(values: Array | float, unit: str, to: str, *, bytes_per_token: Array | float | None = None) -> Array:
    """Convert losses to another unit.

    Args:
        values: losses in ``unit``, any shape.
        unit: one of ``LOSS_UNITS``; ``nats``, ``bits``, ``ppl`` alone are per token, ``bpb`` is bits/byte.
        to: the new unit, one of ``LOSS_UNITS``.
        bytes_per_token: bytes of the evaluated text over its tokens; needed between token and byte.

    Raises:
        UnknownName: a unit is unknown.
        BadInput: ``bytes_per_token`` is needed but missing or not positive.

    Example:
        >>> round(float(convert_loss(3.0, "nats", "bpb", bytes_per_token=4.2)), 4)
        1.0305
    """
    (scale, of), (wanted, wanted_of) = _unit(unit), _unit(to)
    array = np.asarray(values, float)
    if (scale, of) == (wanted, wanted_of):
        return array
    nats = _SCALES[scale][0](array)
    if of != wanted_of:
        ratio = _ratio(bytes_per_token, unit, to)
        nats = nats / ratio if of == "token" else nats * ratio
    return np.asarray(_SCALES[wanted][1](nats))


def bpb_from_loss(loss: Array | float, bytes_per_token: Array | float) -> Array:
    """Convert nats per token to bits per byte."""
    return convert_loss(loss, "nats/token", "bits/byte", bytes_per_token=bytes_per_token)


def loss_from_bpb(bpb: Array | float, bytes_per_token: Array | float) -> Array:
    """Convert bits per byte to nats per token."""
    return convert_loss(bpb, "bits/byte", "nats/token", bytes_per_token=bytes_per_token)


def tokens_per_character(vocab_size: Array | float) -> Array:
    """Estimate tokens per character of English text for byte-pair encodings, by a fit of Tao et al. 2024.

    Args:
        vocab_size: V; values above 2e5 count as 2e5, as in the authors' code.

    Example:
        >>> round(float(tokens_per_character(32000)), 5)
        0.2524
    """
    log = np.log(np.minimum(np.asarray(vocab_size, float), 2e5))
    return np.asarray(0.00639222 * log**2 - 0.15811069 * log + 1.20470122)


def _unit(text: str) -> tuple[str, str]:
    """Split a unit into its scale and ``token`` or ``byte``."""
    word = text.strip().lower()
    scale, _, of = ("bits/byte" if word == "bpb" else word).partition("/")
    scale, of = _SPELLED.get(scale, scale), of or "token"
    if f"{scale}/{of}" not in LOSS_UNITS:
        raise UnknownName.among("unit of a loss", text, (*LOSS_UNITS, "bpb"))
    return scale, of


def _ratio(bytes_per_token: Array | float | None, unit: str, to: str) -> Array:
    if bytes_per_token is None:
        raise BadInput(f"converting {unit} to {to} needs bytes_per_token=, the bytes per token of the evaluated text")
    ratio = np.asarray(bytes_per_token, float)
    if np.any(ratio <= 0):
        raise BadInput(f"bytes_per_token must be positive, got {ratio[ratio <= 0].flat[0]:g}")
    return ratio
