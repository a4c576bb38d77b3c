"""Faults that one expression or statement of a source file may have, as a changed text of the file."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.And: ast.Or,
    ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}  # fmt: skip
NAMES = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all", "all": "any",
    "argmin": "argmax", "argmax": "argmin", "mean": "median", "log10": "log", "lo": "hi", "hi": "lo", "first": "last",
    "floor": "ceil", "ceil": "floor", "isfinite": "isnan", "left": "right", "params": "tokens", "tokens": "params",
}  # fmt: skip
SYMMETRIC = {"minimum", "maximum", "min", "max", "hypot", "isclose", "allclose", "array_equal", "union1d"}
"""Functions whose arguments may be swapped."""
UNFELT = {"strict", "stacklevel"}
"""Keywords that change nothing where nothing is wrong."""
QUIET = {"np.errstate", "warnings.simplefilter", "warnings.catch_warnings"}
"""Calls that only decide which warnings of NumPy and others are silent."""
TEXTS = (ast.JoinedStr, ast.Raise, ast.AnnAssign, ast.Import, ast.ImportFrom)
"""What is read by people or by the type checker, or is no behaviour; a field with its default among them."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        line: of the file.
        before: the text there.
        after: the text with the fault.
        source: the whole file with it.
    """

    line: int
    before: str
    after: str
    source: str


def faults(source: str) -> Iterator[Fault]:
    """Yield every fault of a file, in the order of its lines."""
    tree, raw = ast.parse(source), source.encode()
    starts = [0]
    for line in raw.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in behaviour(tree):
        lo, hi = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        before = raw[lo:hi].decode()
        for after in others(node):
            if after != before and after != ast.unparse(node):
                yield Fault(node.lineno, before, after, (raw[:lo] + after.encode() + raw[hi:]).decode())


def behaviour(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Yield what decides how the program behaves: no messages, annotations, docstrings or names of findings."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, TEXTS) or (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
            continue
        if isinstance(child, ast.Call) and getattr(child.func, "id", "") == "Finding":
            continue
        if isinstance(child, ast.BinOp) and any(map(is_text, (child.left, child.right))):
            continue
        if child in getattr(node, "decorator_list", ()) or child is getattr(node, "returns", ""):
            continue
        if isinstance(child, ast.Call) and ast.unparse(child.func) in QUIET:
            continue
        if isinstance(child, ast.expr | ast.stmt):
            yield child
        if not isinstance(child, ast.arg):
            yield from behaviour(child)


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)


def others(node: ast.AST) -> Iterator[str]:
    """Yield other texts of an expression or statement."""
    match node:
        case ast.BinOp(op=op) | ast.BoolOp(op=op) if type(op) in OPERATORS:
            yield changed(node, lambda copy: setattr(copy, "op", OPERATORS[type(op)]()))
        case ast.Compare(ops=[op]):
            yield changed(node, lambda copy: setattr(copy, "ops", [OPERATORS[type(op)]()]))
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield ast.unparse(node.operand)
        case ast.Constant(value=bool() | int() | float() as value):
            yield str(
                not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else 2 * value or 1.0
            )
        case ast.Attribute(attr=name) | ast.Name(id=name, ctx=ast.Load()) if name in NAMES:
            yield re.sub(rf"{name}$", NAMES[name], ast.unparse(node))
        case ast.IfExp():
            yield f"({ast.unparse(node.body)})"
            yield f"({ast.unparse(node.orelse)})"
        case ast.Call():
            yield from calls(node)
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield "pass"
        case ast.If(orelse=[]):
            yield changed(node, lambda copy: setattr(copy, "test", ast.Constant(value=False)), indent=node.col_offset)


def calls(node: ast.Call) -> Iterator[str]:
    """Yield a call with its first arguments swapped, and without each of its keywords."""
    plain = not any(isinstance(each, ast.Starred) for each in node.args)
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if plain and len(node.args) > 1 and name not in SYMMETRIC:
        yield changed(node, lambda copy: copy.args.__setitem__(slice(0, 2), copy.args[1::-1]))
    for at, keyword in enumerate(node.keywords):
        if keyword.arg is not None and keyword.arg not in UNFELT:
            yield changed(node, lambda copy, at=at: copy.keywords.pop(at))


def changed(node: ast.AST, change: Callable[[ast.AST], object], indent: int = 0) -> str:
    """Return the text of a copy of a node that is changed, its later lines indented."""
    copy = ast.parse(ast.unparse(node)).body[0]
    copy = copy.value if isinstance(copy, ast.Expr) and isinstance(node, ast.expr) else copy
    change(copy)
    text = ast.unparse(copy).replace("\n", "\n" + " " * indent)
    return f"({text})" if isinstance(node, ast.BinOp | ast.BoolOp | ast.Compare) else text
