"""Conditions on a column: a value, a list of values, or a range with either end open."""

from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.numbers import parse_number
from scalelaw.core.types import AnyArray


def condition(name: str, wanted: Any, values: AnyArray) -> tuple[AnyArray, str]:
    """Return a mask of where the condition holds, and the reason to exclude all other rows.

    Args:
        name: the column, for messages.
        wanted: ``(low, high)``, a list or set of values, or one value.
        values: the column, shape (n,).

    Raises:
        BadInput: a range over text, or ends that are not ordered numbers.
    """
    if isinstance(wanted, tuple):
        return _in_range(name, wanted, values)
    if isinstance(wanted, list | set | frozenset | np.ndarray):
        options = list(wanted)
        mask = np.logical_or.reduce(
            [_equal(name, option, values) for option in options] or [np.zeros(len(values), bool)]
        )
        return mask, f"{name} is not one of {', '.join(map(str, options))}"
    return _equal(name, wanted, values), f"{name} is not {wanted}"


def _in_range(name: str, ends: tuple[Any, ...], values: AnyArray) -> tuple[AnyArray, str]:
    if len(ends) != 2:
        raise BadInput(f"where({name}={ends!r}): a range is (low, high), with None for an open end; a list is [...]")
    if values.dtype != np.float64:
        raise BadInput(f"where({name}={ends!r}): {name} holds text; give a value or a list of values")
    low, high = (_number(name, end, otherwise) for end, otherwise in zip(ends, (-np.inf, np.inf), strict=True))
    if low > high:
        raise BadInput(f"where({name}={ends!r}): the lower end {low:g} is above the upper end {high:g}")
    place = (
        f"below {low:g}" if np.isinf(high) else f"above {high:g}" if np.isinf(low) else f"outside [{low:g}, {high:g}]"
    )
    return np.asarray((values >= low) & (values <= high)), f"{name} is {place}, or absent"


def _equal(name: str, wanted: Any, values: AnyArray) -> AnyArray:
    if values.dtype == np.float64:
        return np.asarray(np.isclose(values, _number(name, wanted, np.nan), rtol=1e-12, atol=0.0))
    return np.array([value is not None and (value == wanted or str(value) == str(wanted)) for value in values], bool)


def _number(name: str, value: Any, otherwise: float) -> float:
    if value is None:
        return otherwise
    try:
        return parse_number(value)
    except (TypeError, ValueError) as error:
        raise BadInput(f"where({name}=...): {value!r} is not a number, and {name} holds numbers") from error
