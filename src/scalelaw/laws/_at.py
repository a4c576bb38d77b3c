"""A law at values of some of its inputs: how a decision by one law says what its other inputs are."""

from collections.abc import Mapping
from dataclasses import dataclass

from scalelaw.laws._base import Law


@dataclass(frozen=True, eq=False)
class LawAt:
    """A law, and the values to plan at.

    Attributes:
        law: name, spelling, formula or law.
        values: input of the law beside params and tokens -> its value.
    """

    law: str | Law
    values: Mapping[str, float | str]


def at(law: str | Law, /, **values: float | str) -> LawAt:
    """Return a law at values of its inputs beside params and tokens, for ``study`` and ``decide``.

    Args:
        law: name, spelling, formula or law.
        **values: input -> value, such as that of a column which a formula names.

    Example:
        >>> at("E + A/N**a + B/D**b + c*dropout", dropout=0.1).values
        {'dropout': 0.1}
    """
    return LawAt(law, values)
