"""A law with values for its inputs besides params and tokens, for decisions by that law."""

from collections.abc import Mapping
from dataclasses import dataclass

from scalelaw.laws._base import Law


@dataclass(frozen=True, eq=False)
class LawAt:
    """A law with fixed values for its further inputs, such as a dropout of 0.1.

    Attributes:
        law: name, spelling, formula or law.
        values: input of the law besides params and tokens -> its value.
    """

    law: str | Law
    values: Mapping[str, float | str]


def at(law: str | Law, /, **values: float | str) -> LawAt:
    """Return a law with values for its inputs besides params and tokens, for ``study`` and ``decide``.

    Args:
        law: name, spelling, formula or law.
        **values: input -> value, for example of a column in a formula.

    Example:
        >>> at("E + A/N**a + B/D**b + c*dropout", dropout=0.1).values
        {'dropout': 0.1}
    """
    return LawAt(law, values)
