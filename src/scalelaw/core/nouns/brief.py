"""A ``repr`` of one line for results that hold arrays and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

_LONGEST = 200
"""Characters of a ``repr`` before it is cut; two lines of a terminal."""
_LONGEST_VALUE = 40


class Brief:
    """Base of results whose ``repr`` fits two lines; ``print`` shows the whole.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Losses(Brief):
        ...     target: str
        ...     values: np.ndarray
        >>> Losses("loss", np.ones(1000))
        <Losses: target='loss', values=array (1000,)>
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Keep ``@dataclass`` from writing a ``repr`` of every field."""
        super().__init_subclass__(**options)
        if "__repr__" not in cls.__dict__:
            cls.__repr__ = Brief.__repr__  # type: ignore[method-assign]

    def __repr__(self) -> str:
        text = " ".join(self.in_brief().split())
        whole = f"<{type(self).__name__}: {text}>" if text else f"<{type(self).__name__}>"
        return whole if len(whole) <= _LONGEST else f"{whole[: _LONGEST - 5].rstrip()} ...>"

    def in_brief(self) -> str:
        """Return the contents in one line; ``repr`` cuts it after 200 characters."""
        public: list[str] = (
            [each.name for each in fields(self) if not each.name.startswith("_")] if is_dataclass(self) else []
        )
        return ", ".join(f"{name}={brief(getattr(self, name))}" for name in public)


def brief(value: Any) -> str:
    """Return a value in at most 40 characters: an array by its shape, a collection by its length.

    Example:
        >>> brief(np.ones((1000, 5))), brief({"a": 1}), brief("chinchilla"), brief(0.1 + 0.2)
        ('array (1000, 5)', '1 item', "'chinchilla'", '0.3')
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return f"array {value.shape}"
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if isinstance(value, Mapping | Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return f"{len(value)} item{'' if len(value) == 1 else 's'}"
    if isinstance(value, Brief):
        return f"<{type(value).__name__}>"
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"<{type(value).__name__}>"
