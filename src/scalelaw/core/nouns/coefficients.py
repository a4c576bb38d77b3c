"""Fitted numbers as an array whose entries have names: ``coef["alpha"]`` beside ``coef[3]``."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

from scalelaw.core.errors import UnknownName
from scalelaw.core.types import AnyArray

_Base = np.ndarray[Any, np.dtype[np.float64]]


class Coefficients(_Base):
    """Coefficients in the order of their law, (k,): a NumPy array, read by name as well.

    Arithmetic and slices return plain arrays.

    Example:
        >>> coef = named_array(np.array([1.8, 0.35]), ("E", "alpha"))
        >>> coef["alpha"], dict(coef)
        (0.35, {'E': 1.8, 'alpha': 0.35})
        >>> coef * 2
        array([3.6, 0.7])
    """

    names: tuple[str, ...]

    def __array_finalize__(self, other: AnyArray | None) -> None:
        """Carry the names over to views and copies."""
        self.names = getattr(other, "names", ())

    def __array_wrap__(self, array: AnyArray, context: Any = None, return_scalar: bool = False) -> Any:
        """Return what arithmetic makes as a plain array."""
        plain = np.asarray(array)
        return plain[()] if return_scalar else plain

    def __getitem__(self, key: Any) -> Any:
        """Return the coefficient of this name, or what an array returns."""
        if not isinstance(key, str):
            return self.view(np.ndarray)[key]
        if key not in self.names:
            raise UnknownName.among("coefficient", key, self.names)
        return float(self.view(np.ndarray)[self.names.index(key)])

    def __contains__(self, key: object) -> bool:
        return key in self.names if isinstance(key, str) else super().__contains__(key)

    def keys(self) -> tuple[str, ...]:
        """Return the names, in order; with ``coef[name]`` they make ``dict(coef)``."""
        return self.names

    def items(self) -> Iterator[tuple[str, float]]:
        """Yield each name with its value."""
        return zip(self.names, self.tolist(), strict=True)

    def __repr__(self) -> str:
        if len(self.names) != self.size:
            return repr(self.view(np.ndarray))
        return f"Coefficients({', '.join(f'{name}={value:.6g}' for name, value in self.items())})"

    def __reduce__(self) -> Any:
        return named_array, (np.array(self), self.names)

    def __deepcopy__(self, memo: Any) -> Self:
        return self.copy()


def named_array(values: AnyArray, names: Sequence[str]) -> Coefficients:
    """Return a view of the values, (k,), with these names; the view is read-only if the values are."""
    named = np.asarray(values, float).view(Coefficients)
    named.names = tuple(names)
    return named
