"""Formula laws: any arithmetic over quantities is a law, ``E + A/params**a + B/tokens**b``.

Names that are quantities are its inputs (N, D and C stand for params, tokens and flops), all others its
coefficients. Derivatives are taken forward through the tree, so that a formula fits about as fast as a built-in.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scalelaw.core.errors import BadFormula
from scalelaw.core.expression import Node, parse
from scalelaw.core.quantities import FORMULA_SYMBOLS, QUANTITIES
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Law

_MOST_COEFS = 20

Slopes = dict[str, AnyArray]
"""Coefficient -> derivative of a node by it; absent where the node does not depend on it."""


@dataclass(frozen=True)
class FormulaLaw(Law):
    """A law written as text; the text is its only state."""

    text: str

    formula = "any"
    cite = "the user's own formula"

    def __post_init__(self) -> None:
        if not self.inputs:
            raise BadFormula(f"{self.text!r} has no input; use params, tokens or flops (or N, D, C)")
        if not self.coefs:
            raise BadFormula(f"{self.text!r} has no coefficient to fit; name at least one, like E or a")
        if len(self.coefs) > _MOST_COEFS:
            raise BadFormula(f"{self.text!r} has {len(self.coefs)} coefficients; at most {_MOST_COEFS} are fitted")

    @property
    def name(self) -> str:
        return "formula"

    @property
    def spelling(self) -> str:
        return self.text

    @cached_property
    def tree(self) -> Node:
        """The parsed formula."""
        return parse(self.text)

    @cached_property
    def _quantities(self) -> dict[str, str]:
        """Name in the formula -> quantity."""
        known = {**{name: name for name in QUANTITIES}, **FORMULA_SYMBOLS}
        return {name: known[name] for name in self.tree.names() if name in known}

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
        value, slopes = _forward(self.tree, self._values(coef, x), {c.name for c in self.coefs})
        points = np.broadcast_shapes(*(np.shape(x[name]) for name in self.inputs))
        shape = np.broadcast_shapes((*coef.shape[:-1], 1), points)
        jacobian = np.zeros((*shape[:-1], len(self.coefs), shape[-1]))
        for i, c in enumerate(self.coefs):
            if c.name in slopes:
                jacobian[..., i, :] = slopes[c.name]
        return np.broadcast_to(value, shape), jacobian

    def _values(self, coef: AnyArray, x: Inputs) -> dict[str, AnyArray]:
        values = dict(zip((c.name for c in self.coefs), self.columns(coef), strict=True))
        return values | {name: np.asarray(x[q]) for name, q in self._quantities.items()}


def _multiplied(node: Node, name: str, others: list[str]) -> bool:
    """Return whether ``name`` stands in one product with another name of the list."""
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
    """Return u**v and its derivatives; an exponent that is fitted asks for a positive base."""
    if not dv:
        return u**v, {name: d * v * u ** (v - 1.0) for name, d in du.items()}
    log_u = np.log(u)
    value = np.exp(v * log_u)
    return value, _combine(du, value * v / u if du else 0.0, dv, value * log_u)


def _combine(du: Slopes, by_u: AnyArray | float | None, dv: Slopes, by_v: AnyArray | float) -> Slopes:
    """Return the chain rule over two arguments; ``by_u`` None stands for one."""
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
