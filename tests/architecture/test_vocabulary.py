"""One name per quantity: the names that signatures may not use, each with the one to use instead."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scalelaw.core.quantities import QUANTITIES

SOURCE = Path(__file__).parents[2] / "src" / "scalelaw"
FILES = sorted(SOURCE.rglob("*.py"))
Trees = dict[Path, ast.Module]
LAWS = [path for path in FILES if path.is_relative_to(SOURCE / "laws")]

# Synonyms that are plain words as well: a solver has a step, a tree a depth.
ALSO_WORDS = {"step", "iter", "iters", "iteration", "data", "depth", "resumed", "corpus"}
# A plan bounds the tokens to buy, which is no run's planned number.
ALSO_WORDS |= {"max_tokens"}
# What a plan is given to spend; a column of that name holds what each run was given.
ALSO_WORDS |= {"budget"}

INSTEAD = {
    **{word: q.name for q in QUANTITIES.values() for word in q.synonyms if len(word) > 1 and word not in ALSO_WORDS},
    **dict.fromkeys(("popt", "p0", "theta", "coefs_", "coeffs", "coefficients_"), "coef"),
    **dict.fromkeys(("pcov", "n_draws", "num_draws", "n_boot", "n_bootstrap", "samples"), "draws"),
    **dict.fromkeys(("confidence", "conf_level", "confidence_level", "ci", "credible"), "level"),
    **dict.fromkeys(("batch_size", "batch"), "batch_tokens"),
    **dict.fromkeys(("flops_per_second", "flop_per_s"), "flops_per_s"),
    **dict.fromkeys(("random_state", "rng_seed"), "seed"),
    **dict.fromkeys(("process", "run_all", "do_all"), "load, fit, predict, extrapolate, plan, sweep, draw"),
}
PARAMS_OR_TOKENS = re.compile(r"params|tokens|\b[NDnd]\b")
NOT_COMPLEX_SAFE = {"abs", "absolute", "fabs", "sign", "logaddexp", "logaddexp2"}


def shown(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield every parameter, function and field with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef):
            yield node.name.lstrip("_"), node.lineno
        elif isinstance(node, ast.ClassDef):
            fields = (field for field in node.body if isinstance(field, ast.AnnAssign))
            yield from ((field.target.id, field.lineno) for field in fields if isinstance(field.target, ast.Name))


def factors(node: ast.AST) -> list[ast.expr]:
    """Return the factors of a product; none of anything else."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
        return []
    return [factor for side in (node.left, node.right) for factor in factors(side) or [side]]


def test_one_name_per_quantity(trees: Trees) -> None:
    offences = []
    for path in FILES:
        for name, line in names(trees[path]):
            if name in INSTEAD:
                offences.append(f"{shown(path)}:{line}: say {INSTEAD[name]!r} for {name!r}")
            elif name == "alpha" and path not in LAWS:
                offences.append(f"{shown(path)}:{line}: alpha is an exponent; an interval has a 'level'")
            elif name.startswith("do_"):
                offences.append(f"{shown(path)}:{line}: name {name!r} after what it returns")
    assert not offences, "\n".join(offences)


def test_six_flops_are_counted_in_one_place(trees: Trees) -> None:
    offences = []
    for path in FILES:
        if path == SOURCE / "accounting" / "flops.py":
            continue
        for node in ast.walk(trees[path]):
            sides = [ast.unparse(factor) for factor in factors(node)]
            if {"6", "6.0"} & set(sides) and any(PARAMS_OR_TOKENS.search(side) for side in sides):
                offences.append(f"{shown(path)}: {ast.unparse(node)}")
    assert not offences, f"take FLOPS_PER_PARAM_TOKEN from accounting.flops: {offences}"


def test_laws_are_complex_safe(trees: Trees) -> None:
    offences = {
        shown(path): forbidden for path in LAWS if (forbidden := NOT_COMPLEX_SAFE & set(from_numpy(trees[path])))
    }
    assert not offences, "these break derivatives by complex step; laws/_math.py has its own"


def from_numpy(tree: ast.AST) -> Iterator[str]:
    """Yield every name taken from NumPy, and the builtin ``abs``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("np", "numpy"):
            yield node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "abs":
            yield "abs"
        elif isinstance(node, ast.ImportFrom) and node.module == "numpy":
            yield from (alias.name for alias in node.names)
