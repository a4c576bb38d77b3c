"""Points to predict at, in every accepted form: keywords, a mapping, or a dataframe of any library."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from scalelaw.core.components import kind_of
from scalelaw.core.errors import BadInput, BadNumber, UnknownName
from scalelaw.core.nouns.frames import is_frame, open_frame
from scalelaw.core.numbers import parse_number
from scalelaw.core.plain_text import first_line
from scalelaw.core.quantities import QUANTITIES, recognise
from scalelaw.core.types import AnyArray, Inputs

Points = Mapping[str, Any] | Any
"""Quantity -> value or values, or a dataframe with a column for each; numbers may be text such as ``"7B"``."""


_SHOWN = 8
"""Columns of a dataframe that a message lists."""


def inputs_of(
    label: str,
    needed: Sequence[str],
    points: Points | None,
    point: Mapping[str, Any],
    parts: Mapping[str, Sequence[str]] | None = None,
) -> Inputs:
    """Return points as arrays by quantity; arrays of numbers pass through unchanged.

    Args:
        label: name of the forecaster, for messages.
        needed: quantities it takes.
        points: a mapping or a dataframe; None where keywords give the point.
        point: the keywords.
        parts: vector -> names of its components, which may be columns: ``mixture.web``, ``mixture.code``.

    Raises:
        BadInput: no points, or points given twice; a value that is missing or not a number; columns of unequal length.
        UnknownName: a keyword that is not a quantity.

    Example:
        >>> inputs_of("chinchilla", ("params", "tokens"), None, {"params": ["1B", "7B"], "tokens": "1T"})
        {'params': array([1.e+09, 7.e+09]), 'tokens': array([1.e+12])}
    """
    how = f"{label} takes {', '.join(needed)}; try predict({', '.join(f'{name}=...' for name in needed)})"
    if points is None and not point:
        raise BadInput(f"no point to predict: {how}")
    if points is not None and point:
        raise BadInput(f"points are given twice, as a {type(points).__name__} and as {', '.join(point)}; keep one")
    if points is None:
        _check_names(label, needed, point)
        found = _by_quantity(point, needed)
    elif isinstance(points, Mapping):
        found = _by_quantity(_joined(points, parts or {}), needed)
    elif is_frame(points):
        found = _columns(points, needed, parts or {})
    else:
        raise BadInput(f"cannot predict at a {type(points).__name__}: {how}, a mapping or a dataframe")
    arrays = {name: _array(name, values) for name, values in found.items() if name in needed or _spare(name, values)}
    _check_lengths(arrays)
    return arrays


def _check_names(label: str, needed: Sequence[str], point: Mapping[str, Any]) -> None:
    """Refuse a keyword that names nothing, such as a misspelt one."""
    for name in point:
        if name not in needed and name not in QUANTITIES and recognise(name) is None:
            raise UnknownName.among(f"input of {label}", name, needed)


def _by_quantity(given: Mapping[str, Any], needed: Sequence[str]) -> dict[str, Any]:
    """Return values by quantity; a needed one that is not there may go by a name that means it, such as ``N``."""
    found = {str(name): values for name, values in given.items()}
    for name in needed:
        alike = [other for other in found if other not in needed and recognise(other) == name]
        if name in found or not alike:
            continue
        if len(alike) > 1:
            raise BadInput(f"{' and '.join(map(repr, alike))} both mean {name}; rename one of them to {name!r}")
        found[name] = found.pop(alike[0])
    return found


def _joined(given: Mapping[str, Any], parts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return values with each vector put together from columns named after its components, where all are there."""
    found = {str(name): values for name, values in given.items()}
    for vector, names in parts.items():
        columns = [f"{vector}.{name}" for name in names]
        if kind_of(vector) == "vector" and vector not in found and set(columns) <= found.keys():
            found[vector] = np.stack([_array(column, found.pop(column)) for column in columns], axis=-1)
    return found


def _columns(frame: Any, needed: Sequence[str], parts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the columns of a dataframe by quantity."""
    try:
        opened = open_frame(frame)
        columns = {str(name): opened.get_column(name).to_list() for name in opened.columns}
    except Exception as error:
        raise BadInput(f"the dataframe cannot be read: {first_line(error)}") from error
    found = _by_quantity(_joined(columns, parts), needed)
    lacking = [name for name in needed if name not in found]
    if lacking and not any(name.startswith("params") for name in found):
        have = ", ".join(list(columns)[:_SHOWN]) + (", ..." if len(columns) > _SHOWN else "") or "none"
        raise BadInput(f"the dataframe has no column {' or '.join(lacking)}; rename one of its columns: {have}")
    return found


def _spare(name: str, values: Any) -> bool:
    """Return whether values that no law asks for, such as stated FLOPs, are numbers that may be of use."""
    if name not in QUANTITIES or QUANTITIES[name].kind != "number":
        return False
    if isinstance(values, np.ndarray):
        return values.dtype.kind in "iuf"
    listed = values if isinstance(values, list | tuple) else [values]
    return all(isinstance(each, int | float | np.number) and each == each for each in listed)


def _array(name: str, values: Any) -> AnyArray:
    """Return the values of one quantity, (n,) or (n, d) for a vector."""
    kind = kind_of(name)
    if isinstance(values, np.ndarray) and values.dtype.kind in "biufc":
        return values[None] if values.ndim == (kind == "vector") else values
    if kind == "vector":
        return _shares(name, values)
    values = np.atleast_1d(values) if isinstance(values, np.ndarray) else values
    listed = [values] if isinstance(values, str) or not isinstance(values, Iterable) else list(values)
    if kind == "text":
        return np.array(listed, dtype=object)
    missing = [row for row, each in enumerate(listed, 1) if _is_missing(each)]
    if missing:
        more = f" ({len(missing)} such rows)" if len(missing) > 1 else ""
        raise BadInput(f"{name} has no value in row {missing[0]}{more}; fill or drop them")
    return np.array([_number(name, each) for each in listed], float)


def _shares(name: str, values: Any) -> AnyArray:
    """Return a vector for each point, (n, d), from a list of lists, or from one list for one point."""
    try:
        return np.atleast_2d(np.array(list(values), float))
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"{name} takes one list of numbers for each point, e.g. [[0.3, 0.7]]; got {values!r}"[:200]
        ) from error


def _is_missing(cell: Any) -> bool:
    return cell is None or type(cell).__name__ == "NAType" or (isinstance(cell, float) and math.isnan(cell))


def _number(name: str, cell: Any) -> float:
    try:
        return parse_number(cell, name if name in QUANTITIES else None)
    except BadNumber as error:
        raise BadNumber(f"{name}: {error}") from error
    except (TypeError, ValueError) as error:
        raise BadNumber(f"{name}: {cell!r} is not a number; write it like 7B, 1.5T or 1e22") from error


def _check_lengths(arrays: Inputs) -> None:
    """Refuse quantities of which one has several values and another has another number of them."""
    sizes = {
        name: len(values) if kind_of(name) == "vector" else np.shape(values)[-1] for name, values in arrays.items()
    }
    several = {name: size for name, size in sizes.items() if size != 1}
    if len(set(several.values())) > 1:
        counts = ", ".join(f"{size} of {name}" for name, size in several.items())
        raise BadInput(f"the numbers of values differ: {counts}; give one value of each for every point")
