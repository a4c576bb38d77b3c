"""Numbers as people write them: ``7B``, ``1.5T``, ``300B tokens``, ``1e22 FLOP``, ``2 PF-days``."""

import math
import re

from scalelaw.core.errors import BadNumber
from scalelaw.core.quantities import QUANTITIES

PF_DAY = 8.64e19
"""FLOP in one petaFLOP/s-day."""

_SCALES = {
    "": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12, "p": 1e15, "e": 1e18, "z": 1e21, "y": 1e24,
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "quadrillion": 1e15,
}  # fmt: skip

_UNITS = {
    "flop": "flops", "flops": "flops",
    "token": "tokens", "tokens": "tokens", "tok": "tokens",
    "param": "params", "params": "params", "parameter": "params", "parameters": "params",
}  # fmt: skip

_LARGEST = 1e40
"""Largest number that is taken; powers and products of larger ones overflow."""

_NUMBER = re.compile(
    r"""(?P<sign>[+-]?)
        (?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d[\d_]*(?:\.\d*)?|\.\d+)
        (?:e(?P<exponent>[+-]?\d{1,4}))?
        \s*(?P<rest>.*)""",
    re.IGNORECASE | re.VERBOSE,
)


def parse_number(text: str | float, quantity: str | None = None) -> float:
    """Read one number, with its suffix and unit if it carries them.

    Args:
        text: text from the user, or a number.
        quantity: the expected quantity; a unit of another quantity is then an error.

    Raises:
        BadNumber: not a number between 1e-40 and 1e40 or zero, an unknown suffix, or the unit of another quantity.

    Example:
        >>> parse_number("300B tokens"), parse_number("1.5T"), parse_number("5.76e23 FLOP")
        (300000000000.0, 1500000000000.0, 5.76e+23)
    """
    if not isinstance(text, str):
        return _finite(float(text), str(text))
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise BadNumber(f"{text!r} is not a number; write it like 7B, 1.5T, 300B tokens or 1e22")
    factor, unit = _suffix(match["rest"].strip(), text)
    value = _scaled(match["digits"].replace(",", "").replace("_", ""), int(match["exponent"] or 0), factor)
    if unit and quantity and unit != _unit_family(quantity):
        raise BadNumber(f"{text!r} is in {unit}, but should be {quantity}")
    return _finite(-value if match["sign"] == "-" else value, text)


def _scaled(digits: str, exponent: int, factor: float) -> float:
    """Return the float nearest to the text: 8.2B is 8200000000, but 8.2 * 1e9 is not."""
    power = round(math.log10(factor))
    if float(f"1e{power}") == factor:
        return float(f"{digits}e{exponent + power}")
    return float(f"{digits}e{exponent}") * factor


def _suffix(rest: str, text: str) -> tuple[float, str | None]:
    """Return the factor and the unit of the text after the digits."""
    word = rest.lower().replace("-", "").replace(" ", "")
    if word in ("pfday", "pfdays", "pflopdays", "pflopsdays"):
        return PF_DAY, "flops"
    if word in _SCALES:
        return _SCALES[word], None
    for unit in sorted(_UNITS, key=len, reverse=True):
        if word.endswith(unit) and word[: -len(unit)] in _SCALES:
            return _SCALES[word[: -len(unit)]], _UNITS[unit]
    raise BadNumber(
        f"{text!r} ends in {rest!r}, which is neither a suffix (K M B T ...) nor a unit (tokens, params, FLOP)"
    )


def _unit_family(quantity: str) -> str:
    """Return the quantity whose unit this quantity uses."""
    unit = QUANTITIES[quantity].unit if quantity in QUANTITIES else ""
    return {"parameters": "params", "tokens": "tokens", "FLOP": "flops"}.get(unit, quantity)


def _finite(value: float, text: str) -> float:
    if not math.isfinite(value):
        raise BadNumber(f"{text!r} is not a finite number")
    if value and not 1 / _LARGEST <= abs(value) <= _LARGEST:
        raise BadNumber(f"{text!r} is not between {1 / _LARGEST:g} and {_LARGEST:g}; write it like 7B, 1.5T or 1e22")
    return value


def format_number(value: float, digits: int = 4) -> str:
    """Write a count the way the field does: 7.225B, 1.329T, 5.76e+23.

    Example:
        >>> format_number(7.225e10), format_number(5.76e23), format_number(0.3478)
        ('72.25B', '5.76e+23', '0.3478')
    """
    if not math.isfinite(value):
        return str(value)
    value = float(f"{value:.{digits}g}")
    size = abs(value)
    for suffix, scale in (("T", 1e12), ("B", 1e9), ("M", 1e6)):
        if scale <= size < 1e15:
            return f"{value / scale:.{digits}g}{suffix}"
    return f"{value:.{digits}g}"


def counted(count: int, noun: str) -> str:
    """Write a count with its noun in singular or plural.

    Example:
        >>> counted(1, "run"), counted(3, "study"), counted(0, "loss")
        ('1 run', '3 studies', '0 losses')
    """
    if count == 1:
        return f"1 {noun}"
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}{'es' if noun.endswith('s') else 's'}"
    return f"{count} {many}"
