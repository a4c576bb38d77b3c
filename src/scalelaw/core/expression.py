"""Parse arithmetic written as text into a tree, without evaluating it in Python.

Formula laws and derived columns use it: ``E + A/params**a``, ``step * batch * seq_len``. It allows numbers, names,
``+ - * / **`` (``^`` means ``**``), parentheses and the functions ``exp log sqrt``.
"""

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.errors import BadFormula
from scalelaw.core.types import AnyArray

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_FUNCTIONS = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt}
_LONGEST = 2000
_DEEPEST = 100


@dataclass(frozen=True)
class Node:
    """One node of the tree: ``op`` is ``number``, ``name``, ``neg``, an operator or a function."""

    op: str
    args: "tuple[Node, ...]" = ()
    value: float = 0.0
    name: str = ""

    def names(self) -> tuple[str, ...]:
        """Return the distinct names in order of appearance."""
        if self.op == "name":
            return (self.name,)
        return tuple(dict.fromkeys(name for arg in self.args for name in arg.names()))

    def evaluate(self, values: Mapping[str, AnyArray]) -> AnyArray:
        """Return the value of the tree, real or complex, broadcast over the arrays given."""
        if self.op == "number":
            return np.asarray(self.value)
        if self.op == "name":
            return np.asarray(values[self.name])
        args = [arg.evaluate(values) for arg in self.args]
        return _apply(self.op, args)

    def degree(self, name: str) -> int | None:
        """Return 0 if the tree is constant in ``name``, 1 if linear, else None."""
        if name not in self.names():
            return 0
        if self.op == "name":
            return 1
        degrees = [arg.degree(name) for arg in self.args]
        if self.op in ("+", "-", "neg") and None not in degrees:
            return 1
        if self.op == "*" and sorted(degrees, key=str) == [0, 1]:
            return 1
        return 1 if self.op == "/" and degrees == [1, 0] else None

    def exponents(self) -> tuple[str, ...]:
        """Return the names that appear inside an exponent, in order."""
        inner = self.args[1].names() if self.op == "**" else ()
        return tuple(dict.fromkeys((*inner, *(name for arg in self.args for name in arg.exponents()))))


def parse(text: str) -> Node:
    """Parse arithmetic.

    Raises:
        BadFormula: not arithmetic; the message names the part.
    """
    if len(text) > _LONGEST:
        raise BadFormula(f"the formula has {len(text)} characters; at most {_LONGEST} are read")
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise BadFormula(f"{_short(text)} is not a formula; write it like 'E + A/params**a + B/tokens**b'") from error
    return _node(tree.body, text)


def _node(tree: ast.expr, text: str, depth: int = 0) -> Node:
    if depth > _DEEPEST:
        raise BadFormula(f"{_short(text)} is nested more than {_DEEPEST} deep; write it in fewer operations")
    below = depth + 1
    match tree:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return Node("number", value=_constant(value, text))
        case ast.Name(id=name):
            return Node("name", name=name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Node("neg", (_node(operand, text, below),))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _node(operand, text, below)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return Node(_OPERATORS[type(operator)], (_node(left, text, below), _node(right, text, below)))
        case ast.Call(func=ast.Name(id=name), args=[arg], keywords=[]) if name in _FUNCTIONS:
            return Node(name, (_node(arg, text, below),))
    part = ast.get_source_segment(text.strip().replace("^", "**"), tree) or text
    raise BadFormula(
        f"{_short(part)} in {_short(text)} is not allowed; use numbers, names, + - * / ** and exp log sqrt"
    )


def _constant(value: float, text: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise BadFormula(f"a number in {_short(text)} is larger than any float")
    return number


def _short(text: str) -> str:
    """Return the text shortened to one line for messages."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


def _apply(op: str, args: list[AnyArray]) -> AnyArray:
    match op:
        case "+":
            return np.asarray(args[0] + args[1])
        case "-":
            return np.asarray(args[0] - args[1])
        case "*":
            return np.asarray(args[0] * args[1])
        case "/":
            return np.asarray(args[0] / args[1])
        case "**":
            return np.asarray(args[0] ** args[1])
        case "neg":
            return np.asarray(-args[0])
    return np.asarray(_FUNCTIONS[op](args[0]))
