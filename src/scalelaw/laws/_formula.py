"""Formula laws: any arithmetic over quantities, such as ``E + A/params**a + B/tokens**b``.

Its inputs are names of quantities (N, D and C mean params, tokens and flops) and names of columns of the fitted table;
all other names are coefficients. Derivatives are propagated forward through the tree, so a formula fits about as fast
as a built-in law.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from scalelaw.core.errors import BadFormula
from scalelaw.core.expression import Node, parse
from scalelaw.core.quantities import FORMULA_SYMBOLS, QUANTITIES, recognise
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Law

_MOST_COEFS = 20

Slopes = dict[str, AnyArray]
"""Coefficient -> derivative of a node by it; absent if the node does not depend on it."""


@dataclass(frozen=True)
class FormulaLaw(Law):
    """A law written as text.

    Attributes:
        text: the formula.
        given: name in the formula -> the input, for columns of a table: a quantity, or the name itself for a column of
            unknown unit.
    """

    text: str
    given: tuple[tuple[str, str], ...] = ()

    formula = "any"
    cite = "the user's own formula"

    def __post_init__(self) -> None:
        names = self.tree.names()
        for name, _ in self.given:
            if name not in names:
                raise BadFormula(f"{self.text!r} has no {name}; [inputs=...] may only name inputs in the formula")
        if not self.inputs:
            raise BadFormula(
                f"{self.text!r} has no input; use params, tokens or flops (or N, D, C), or a column of the table"
            )
        if not self.coefs:
            raise BadFormula(f"{self.text!r} has no coefficient to fit; name one, like E or a ({self.reading})")
        if len(self.coefs) > _MOST_COEFS:
            raise BadFormula(f"{self.text!r} has {len(self.coefs)} coefficients; at most {_MOST_COEFS} are fitted")

    @property
    def name(self) -> str:
        return "formula"

    @property
    def spelling(self) -> str:
        if not self.given:
            return self.text
        inputs = ",".join(name if name == of else f"{name}:{of}" for name, of in self.given)
        return f"{self.text} [inputs={inputs}]"

    @classmethod
    def spelt(cls, text: str, columns: Mapping[str, str] | None = None) -> Self:
        """Return the law of a spelling: a formula, followed by ``[inputs=...]`` if columns are inputs.

        Args:
            text: the spelling.
            columns: name of a column -> its quantity, or the name itself if the column holds no quantity.

        Raises:
            BadFormula: not arithmetic, or without inputs or coefficients.
        """
        bare, stated = text.strip(), {}
        if (match := _SPELT.fullmatch(bare)) is not None:
            bare = match["text"]
            pairs = (part.partition(":") for part in match["inputs"].split(",") if part.strip())
            stated = {name.strip(): (of or name).strip() for name, _, of in pairs}
        known = {**(columns or {}), **stated}
        return cls(bare, tuple((name, known[name]) for name in parse(bare).names() if _is_given(name, known)))

    def over(self, columns: Mapping[str, str]) -> Self:
        """Return the law for a table with these columns; see ``spelt``."""
        known = {**columns, **dict(self.given)}
        return replace(self, given=tuple((name, known[name]) for name in self.tree.names() if _is_given(name, known)))

    @property
    def unnamed(self) -> tuple[str, ...]:
        """The inputs that are columns of a table but not quantities, so that their unit is unknown."""
        return tuple(name for name in self.inputs if name not in QUANTITIES)

    @property
    def reading(self) -> str:
        """The meaning of each name in the formula, in words."""
        inputs = [
            f"{name} = {of}" if name != of else name if of in QUANTITIES else f"{name} (a column, unit unknown)"
            for name, of in self._quantities.items()
        ]
        free = [name for name in self.tree.names() if name not in self._quantities]
        return f"inputs {', '.join(inputs) or 'none'}; coefficients {', '.join(free) or 'none'}"

    @cached_property
    def tree(self) -> Node:
        """The parsed formula."""
        return parse(self.text)

    @cached_property
    def _quantities(self) -> dict[str, str]:
        """Name in the formula -> quantity."""
        known = {**{name: name for name in QUANTITIES}, **FORMULA_SYMBOLS, **dict(self.given)}
        found = {name: known.get(name) or _synonym(name) for name in self.tree.names()}
        return {name: of for name, of in found.items() if of is not None}

    @property
    def capitals(self) -> tuple[str, ...]:
        """Capital letters among the inputs, which users may mean as coefficients."""
        return tuple(name for name in self._quantities if name in FORMULA_SYMBOLS)

    @property
    def bare(self) -> tuple[str, ...]:
        """Capital letters that are whole terms of the sum, probably meant as coefficients."""
        return tuple(name for name in self.capitals if name in _summands(self.tree))

    @property
    def words(self) -> Mapping[str, str]:
        """Name in the formula -> the input."""
        return self._quantities

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._quantities.values()))

    @cached_property
    def coefs(self) -> tuple[Coef, ...]:
        free = [name for name in self.tree.names() if name not in self._quantities]
        linear: list[str] = []
        for name in free:
            if self.tree.degree(name) == 1 and not _multiplied(self.tree, name, linear):
                linear.append(name)
        exponents = self.tree.exponents()
        return tuple(self._coef(name, name in linear, name in exponents) for name in free)

    @staticmethod
    def _coef(name: str, linear: bool, exponent: bool) -> Coef:
        if linear:
            return Coef(name, "scale of a term", linear=True)
        if exponent:
            return Coef(name, "exponent")
        return Coef(name, "scale inside a term", starts=(1e-3, 1e12), log=True)

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        return self.tree.evaluate(self._values(coef, x))

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values and derivatives in one pass through the tree; see ``Law.value_and_jacobian``."""
        value, slopes = _forward(self.tree, self._values(coef, x), set(self.coef_names))
        points = np.broadcast_shapes(*(np.shape(x[name]) for name in self.inputs))
        shape = np.broadcast_shapes((*coef.shape[:-1], 1), points)
        jacobian = np.zeros((*shape[:-1], len(self.coefs), shape[-1]))
        for i, c in enumerate(self.coefs):
            if c.name in slopes:
                jacobian[..., i, :] = slopes[c.name]
        return np.broadcast_to(value, shape), jacobian

    def _values(self, coef: AnyArray, x: Inputs) -> dict[str, AnyArray]:
        values = dict(zip(self.coef_names, self.columns(coef), strict=True))
        return values | {name: np.asarray(x[q]) for name, q in self._quantities.items()}


_SPELT = re.compile(r"(?P<text>.+?)\s*\[inputs=(?P<inputs>[^\]]*)\]", re.DOTALL)


def _summands(node: Node) -> tuple[str, ...]:
    """Return the names that are whole terms of the formula's sum."""
    if node.op == "name":
        return (node.name,)
    return tuple(name for arg in node.args for name in _summands(arg)) if node.op in ("+", "-", "neg") else ()


def _is_given(name: str, columns: Mapping[str, str]) -> bool:
    """Return whether a name is a column but not a word for a quantity."""
    return name in columns and name not in QUANTITIES and name not in FORMULA_SYMBOLS


def _synonym(name: str) -> str | None:
    """Return the numeric quantity that a word means as a column name; None for a letter or another word."""
    quantity = recognise(name) if len(name) > 1 else None
    return quantity if quantity is not None and QUANTITIES[quantity].kind == "number" else None


def _multiplied(node: Node, name: str, others: list[str]) -> bool:
    """Return whether ``name`` is in a product with another name of the list."""
    if node.op in ("*", "/") and name in node.names() and any(other in node.names() for other in others):
        return True
    return any(_multiplied(arg, name, others) for arg in node.args)


def _forward(node: Node, values: dict[str, AnyArray], free: set[str]) -> tuple[AnyArray, Slopes]:
    """Return the value of a node and its derivatives by the free names below it."""
    if node.op == "number":
        return np.asarray(node.value), {}
    if node.op == "name":
        value = values[node.name]
        return value, {node.name: np.ones(1)} if node.name in free else {}
    parts = [_forward(arg, values, free) for arg in node.args]
    if len(parts) == 1:
        (u, du) = parts[0]
        value, slope = _function(node.op, u)
        return value, {name: d * slope for name, d in du.items()}
    (u, du), (v, dv) = parts
    if node.op in ("+", "-"):
        sign = 1.0 if node.op == "+" else -1.0
        return u + sign * v, _combine(du, None, dv, sign)
    if node.op == "*":
        return u * v, _combine(du, v, dv, u)
    if node.op == "/":
        inverse = 1.0 / v
        value = u * inverse
        return value, _combine(du, inverse, dv, -value * inverse if dv else 0.0)
    return _raised(u, du, v, dv)


def _raised(u: AnyArray, du: Slopes, v: AnyArray, dv: Slopes) -> tuple[AnyArray, Slopes]:
    """Return u**v and its derivatives; a fitted exponent needs a positive base."""
    if not dv:
        return u**v, {name: d * v * u ** (v - 1.0) for name, d in du.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        log_u = np.log(u)
        value = np.exp(v * log_u)
        by_v = np.where(u == 0, 0.0, value * log_u)
        return value, _combine(du, value * v / u if du else 0.0, dv, by_v)


def _combine(du: Slopes, by_u: AnyArray | float | None, dv: Slopes, by_v: AnyArray | float) -> Slopes:
    """Apply the chain rule to two arguments; ``by_u`` None means one."""
    slopes = {name: d if by_u is None else d * by_u for name, d in du.items()}
    for name, d in dv.items():
        slopes[name] = slopes[name] + d * by_v if name in slopes else d * by_v
    return slopes


def _function(op: str, u: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return the value and slope of a function of one argument."""
    if op == "neg":
        return -u, np.asarray(-1.0)
    if op == "exp":
        value = np.exp(u)
        return value, value
    if op == "log":
        return np.log(u), 1.0 / u
    value = np.sqrt(u)
    return value, 0.5 / value
