"""Convert columns to canonical units: scaled counts; nats, bits or perplexity; percent."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from scalelaw.accounting.units import bits_from_nats, nats_from_bits, nats_from_perplexity
from scalelaw.core.errors import BadInput, BadNumber
from scalelaw.core.numbers import parse_number
from scalelaw.core.quantities import QUANTITIES, spelling
from scalelaw.core.types import Array

_FLOPS = re.compile(
    r"(?P<before>(?:total|train|training|compute|budget|cumulative|planned|target|run|model)_)*"
    r"(?P<scale>[gtpezy]|giga|tera|peta|exa|zetta|yotta)_?flops?"
    r"(?P<days>(?:_s)?_?days?)?(?P<after>_(?:budget|total|spent|used))*"
)
_PF_DAYS = re.compile(
    r"(?:(?:total|train|training|compute|budget)_)*pf_?(?:s_?)?days?(?P<after>_(?:budget|total|spent|used))*"
)
_POWER = re.compile(r"(?P<name>(?:[a-z]+_)*flops?)_(?:in_)?1?e(?P<power>\d+)")
_PLANNED = ("budget", "planned", "target")
_IN_BRACKETS = re.compile(r"(?P<name>.*\S)\s*[(\[](?P<unit>[^()\[\]]+)[)\]]")


def _same(values: Array) -> Array:
    return values


def _percent(values: Array) -> Array:
    return values / 100


_OF_SHARES = MappingProxyType({"fraction": _same, "1": _same, "%": _percent, "percent": _percent})

_METRIC_UNITS: Mapping[str, Mapping[str, Callable[[Array], Array]]] = MappingProxyType(
    {
        "loss": {
            "nats": _same, "nat": _same, "nats/token": _same,
            "bits": nats_from_bits, "bit": nats_from_bits, "bits/token": nats_from_bits,
            "ppl": nats_from_perplexity, "perplexity": nats_from_perplexity,
        },
        "bpb": {
            "bits/byte": _same, "bits": _same, "nats/byte": bits_from_nats, "nats": bits_from_nats,
            "bits/char": _same, "bpc": _same,
        },
        "score": _OF_SHARES,
        "error": _OF_SHARES,
        "chance": _OF_SHARES,
        "logprob": {"nats": _same, "nat": _same, "bits": nats_from_bits, "bit": nats_from_bits},
    }
)  # fmt: skip


_NAMED = {
    "loss": "nats, bits or perplexity",
    "bpb": "bits/byte, nats/byte or bits/char",
    "score": "fraction or percent",
    "error": "fraction or percent",
    "chance": "fraction or percent",
    "logprob": "nats or bits",
}


def units_of(quantity: str) -> str:
    """Return the units a quantity may be given in, in words."""
    return _NAMED.get(quantity, "1, K, M, B or T")


def split_unit(column: str) -> tuple[str, str | None]:
    """Split a column name into name and unit; the unit stands in brackets or before FLOPs.

    Example:
        >>> split_unit("Loss (nats/token)"), split_unit("params"), split_unit("total_gflops")
        (('Loss', 'nats/token'), ('params', None), ('flops', 'GFLOP'))
    """
    match = _IN_BRACKETS.fullmatch(column.strip())
    return (match["name"], match["unit"].strip()) if match else _flops_unit(column) or (column, None)


def _flops_unit(column: str) -> tuple[str, str] | None:
    """Return ``flops`` or ``planned_flops`` and the unit where a name has both, else None.

    Bare ``gflops``, ``tflops`` and ``pflops`` are not read: they are as often a speed.
    """
    name = spelling(column)
    if power := _POWER.fullmatch(name):
        return power["name"], f"1e{power['power']}"
    found = _FLOPS.fullmatch(name) or _PF_DAYS.fullmatch(name)
    if found is None:
        return None
    quantity = "planned_flops" if any(word in name.split("_") for word in _PLANNED) else "flops"
    scale = found.groupdict().get("scale", "p")[0]
    if found.groupdict().get("days") or found.re is _PF_DAYS:
        return (quantity, "PF-days") if scale == "p" else None
    bare = not (found["before"] or found["after"])
    return None if bare and scale in "gtp" else (quantity, f"{scale.upper()}FLOP")


def is_unit(unit: str, quantity: str) -> bool:
    """Return whether the text is a unit this quantity may be given in."""
    try:
        convert(np.ones(1), unit, quantity)
    except BadInput:
        return False
    return True


def convert(values: Array, unit: str, quantity: str) -> Array:
    """Convert values to the canonical unit of a quantity.

    Args:
        values: the values as written, shape (n,).
        unit: ``"B"``, ``"M params"``, ``"1e21"``, ``"PF-days"`` for counts; ``"nats"``, ``"bits"``, ``"perplexity"``
            for a loss.
        quantity: canonical name.

    Raises:
        BadInput: the quantity does not have that unit; the message lists its units.

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
    """Return the derivative of the conversion at each value, to convert standard errors."""
    if quantity == "loss" and unit.strip().lower() in ("ppl", "perplexity"):
        return np.divide(1.0, values, out=np.full_like(values, np.nan), where=values > 0)
    return convert(np.ones_like(values), unit, quantity)


def chance_column(values: Array) -> tuple[Array, bool]:
    """Return a column of chance levels as fractions, and whether it was written in percent.

    Example:
        >>> chance_column(np.array([25.0, 0.0, 50.0]))
        (array([0.25, 0.  , 0.5 ]), True)
    """
    known = values[~np.isnan(values)]
    possible = len(known) > 0 and bool(np.all((known == 0) | (known >= 1)))
    percent = possible and 1 < float(known.max()) <= 100
    return (values / 100, True) if percent else (values, False)


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
