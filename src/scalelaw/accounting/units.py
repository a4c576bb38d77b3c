"""A loss in nats, bits or perplexity, by token or by byte, and the tokens of a text.

    bits = nats / ln 2        perplexity = e^nats        a byte's share of a loss = a token's / bytes per token

Losses per token of different tokenizers do not compare; per byte they do.
"""

import math
from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.types import Array

LN2 = math.log(2)
"""Nats in a bit."""


def bits_from_nats(nats: Array) -> Array:
    """Return bits."""
    return nats / LN2


def nats_from_bits(bits: Array) -> Array:
    """Return nats."""
    return bits * LN2


def perplexity_from_nats(nats: Array) -> Array:
    """Return e^nats."""
    return np.asarray(np.exp(nats))


def nats_from_perplexity(perplexity: Array) -> Array:
    """Return ln(perplexity); what is not positive stays as it is, to be found impossible by whoever checks values."""
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
"""Every unit ``convert_loss`` knows; ``bpb`` is bits/byte, and a scale alone is per token."""


def convert_loss(values: Array | float, unit: str, to: str, *, bytes_per_token: Array | float | None = None) -> Array:
    """Return losses in another unit.

    Args:
        values: losses in ``unit``, any shape.
        unit: one of ``LOSS_UNITS``; ``nats``, ``bits``, ``ppl`` alone are per token, ``bpb`` is bits/byte.
        to: the unit wanted, in the same words.
        bytes_per_token: bytes of the evaluated text over its tokens; needed between token and byte.

    Raises:
        UnknownName: a unit is none of these.
        BadInput: token and byte are to be exchanged, and ``bytes_per_token`` is absent or not positive.

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
    """Return bits per byte of a loss in nats per token."""
    return convert_loss(loss, "nats/token", "bits/byte", bytes_per_token=bytes_per_token)


def loss_from_bpb(bpb: Array | float, bytes_per_token: Array | float) -> Array:
    """Return nats per token of a loss in bits per byte."""
    return convert_loss(bpb, "bits/byte", "nats/token", bytes_per_token=bytes_per_token)


def tokens_per_character(vocab_size: Array | float) -> Array:
    """Return tokens in a character of English text, for byte-pair encodings: a fit of Tao et al. 2024 to their own.

    Args:
        vocab_size: V; above 2e5 the fit is held at 2e5, as in the authors' code.

    Example:
        >>> round(float(tokens_per_character(32000)), 5)
        0.2524
    """
    log = np.log(np.minimum(np.asarray(vocab_size, float), 2e5))
    return np.asarray(0.00639222 * log**2 - 0.15811069 * log + 1.20470122)


def _unit(text: str) -> tuple[str, str]:
    """Return scale and what it is counted by."""
    word = text.strip().lower()
    scale, _, of = ("bits/byte" if word == "bpb" else word).partition("/")
    scale, of = _SPELLED.get(scale, scale), of or "token"
    if f"{scale}/{of}" not in LOSS_UNITS:
        raise UnknownName.among("unit of a loss", text, (*LOSS_UNITS, "bpb"))
    return scale, of


def _ratio(bytes_per_token: Array | float | None, unit: str, to: str) -> Array:
    if bytes_per_token is None:
        raise BadInput(f"{unit} to {to}: give bytes_per_token=, the bytes of the evaluated text over its tokens")
    ratio = np.asarray(bytes_per_token, float)
    if np.any(ratio <= 0):
        raise BadInput(f"bytes_per_token must be positive, got {ratio[ratio <= 0].flat[0]:g}")
    return ratio
