"""Inputs other than single numbers: components of a vector, levels of a category, shares that sum to one."""

from collections.abc import Sequence

import numpy as np

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import AnyArray, Array, Inputs

_SUM_TOLERANCE = 5e-3
_PERCENT = 100.0


def kind_of(name: str) -> str:
    """Return ``number``, ``text``, ``flag`` or ``vector``; a name outside the vocabulary is a number."""
    return QUANTITIES[name].kind if name in QUANTITIES else "number"


def components(x: Inputs) -> dict[str, AnyArray]:
    """Split vectors into columns of single numbers: ``mixture[0]``, ``mixture[1]``, ...

    Example:
        >>> sorted(components({"tokens": np.array([1e9]), "mixture": np.array([[0.3, 0.7]])}))
        ['mixture[0]', 'mixture[1]', 'tokens']
    """
    flat: dict[str, AnyArray] = {}
    for name, values in x.items():
        if kind_of(name) == "vector":
            shares = np.asarray(values)
            flat |= {f"{name}[{i}]": shares[..., i] for i in range(shares.shape[-1])}
        else:
            flat[name] = np.asarray(values)
    return flat


def numbers(x: Inputs) -> dict[str, AnyArray]:
    """Return the inputs that are single numbers, which have a logarithm and can be extrapolated."""
    return {name: np.asarray(values) for name, values in x.items() if kind_of(name) == "number"}


def codes(name: str, values: AnyArray, levels: Sequence[str]) -> Array:
    """Return the index of each value among the levels, (n,); numeric values stay unchanged.

    Raises:
        UnknownName: a value is not among the levels.
    """
    given = np.asarray(values)
    if given.dtype.kind in "iuf":
        return given.astype(float)
    number = {level: float(i) for i, level in enumerate(levels)}
    texts = given.astype(str)
    for text in np.unique(texts):
        if text not in number:
            raise UnknownName.among(f"level of {name}", str(text), levels)
    return np.array([number[str(text)] for text in texts.ravel()]).reshape(texts.shape)


def check_shares(name: str, values: AnyArray) -> None:
    """Check that shares are not negative and sum to one.

    Args:
        name: the vector quantity.
        values: shares, (..., d).

    Raises:
        BadInput: a share is negative, or a row does not sum to one; the message gives row, sum and likely cause.
    """
    shares = np.asarray(values, float)
    if shares.ndim == 0:
        raise BadInput(f"{name} is {shares}: give one share per domain, e.g. [0.3, 0.7]")
    rows = shares.reshape(-1, shares.shape[-1])
    total = rows.sum(axis=1)
    bad = (np.abs(total - 1) > _SUM_TOLERANCE) | (rows < 0).any(axis=1)
    if not bad.any():
        return
    row = int(np.argmax(bad))
    if (rows[row] < 0).any():
        why = f"has the share {rows[row].min():g}; shares are not negative"
    else:
        percent = "they look like percent: divide by 100" if abs(total[row] - _PERCENT) < 1 else "is a domain missing?"
        why = f"sums to {total[row]:.4g}, and shares sum to one; {percent}"
    raise BadInput(f"{name} of row {row + 1} {why} ({int(bad.sum())} such rows)")


def check_mixtures(x: Inputs) -> None:
    """Check the shares of every vector input; see ``check_shares``."""
    for name, values in x.items():
        if kind_of(name) == "vector":
            check_shares(name, values)
