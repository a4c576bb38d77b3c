"""Units of a column: suffixes of counts, nats or bits or perplexity of a loss, percent of a score."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from scalelaw.accounting.units import bits_from_nats, nats_from_bits, nats_from_perplexity
from scalelaw.core.errors import BadInput, BadNumber
from scalelaw.core.numbers import parse_number
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import Array

_IN_BRACKETS = re.compile(r"(?P<name>.*\S)\s*[(\[](?P<unit>[^()\[\]]+)[)\]]")


def _same(values: Array) -> Array:
    return values


def _percent(values: Array) -> Array:
    return values / 100


_METRIC_UNITS: Mapping[str, Mapping[str, Callable[[Array], Array]]] = MappingProxyType(
    {
        "loss": {
            "nats": _same, "nat": _same, "nats/token": _same,
            "bits": nats_from_bits, "bit": nats_from_bits, "bits/token": nats_from_bits,
            "ppl": nats_from_perplexity, "perplexity": nats_from_perplexity,
        },
        "bpb": {"bits/byte": _same, "bits": _same, "nats/byte": bits_from_nats, "nats": bits_from_nats},
        "score": {"fraction": _same, "1": _same, "%": _percent, "percent": _percent},
    }
)  # fmt: skip


def split_unit(column: str) -> tuple[str, str | None]:
    """Return a column name and the unit it carries in brackets, if any.

    Example:
        >>> split_unit("Loss (nats/token)"), split_unit("params")
        (('Loss', 'nats/token'), ('params', None))
    """
    match = _IN_BRACKETS.fullmatch(column.strip())
    return (match["name"], match["unit"].strip()) if match else (column, None)


def is_unit(unit: str, quantity: str) -> bool:
    """Return whether the text is a unit this quantity may be given in."""
    try:
        convert(np.ones(1), unit, quantity)
    except BadInput:
        return False
    return True


def convert(values: Array, unit: str, quantity: str) -> Array:
    """Return the values in the unit the vocabulary holds this quantity in.

    Args:
        values: as written, shape (n,).
        unit: ``"B"``, ``"M params"``, ``"1e21"``, ``"PF-days"`` for counts; ``"nats"``, ``"bits"``, ``"perplexity"``
            for a loss.
        quantity: canonical name.

    Raises:
        BadInput: the quantity does not come in that unit; the message names those it comes in.

    Example:
        >>> convert(np.array([1.5]), "T", "tokens")
        array([1.5e+12])
    """
    if quantity in _METRIC_UNITS:
        known = _METRIC_UNITS[quantity]
        if (change := known.get(unit.strip().lower())) is None:
            raise BadInput(f"{quantity} in {unit!r}: not a unit of {quantity}; use one of {', '.join(known)}")
        return change(values)
    return values * _factor(unit, quantity)


def slope(values: Array, unit: str, quantity: str) -> Array:
    """Return d converted / d written at each value, by which a standard error is converted."""
    if quantity == "loss" and unit.strip().lower() in ("ppl", "perplexity"):
        return np.divide(1.0, values, out=np.full_like(values, np.nan), where=values > 0)
    return convert(np.ones_like(values), unit, quantity)


def _factor(unit: str, quantity: str) -> float:
    text = unit.strip()
    if text in ("1", QUANTITIES[quantity].unit):
        return 1.0
    try:
        return parse_number(text if text[:1].isdigit() else f"1 {text}", quantity)
    except BadNumber as error:
        raise BadInput(
            f"{quantity} in {unit!r}: not a unit of {quantity}; use 1, K, M, B, T, or PF-days and ZFLOP for flops"
        ) from error
