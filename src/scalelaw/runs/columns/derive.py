"""Compute quantities from other columns, by the user's formula or by a FLOP counting convention."""

from collections.abc import Mapping

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN, counting_for
from scalelaw.accounting.stated import stated_cost
from scalelaw.core.errors import BadFormula, UnknownName
from scalelaw.core.expression import parse
from scalelaw.core.numbers import counted
from scalelaw.core.quantities import QUANTITIES, first_in, spelling
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.cells import Numbers, read_numbers
from scalelaw.runs.raw import RawTable

_ROUNDED, _UNLIKE = 0.05, 2.3
_KINDS_OF_N = ("params_active", "params", "params_non_embedding")


def derive_column(name: str, formula: str, table: RawTable, known: Mapping[str, Array]) -> Array:
    """Return the values of a formula over the table's columns.

    Args:
        name: the quantity to compute.
        formula: arithmetic over columns, by source or canonical name.
        table: the raw columns.
        known: quantity or column -> values already read, in canonical units.

    Raises:
        UnknownName: the formula names an unknown column.
        BadFormula: it is not arithmetic, or uses a column of text.

    Example:
        >>> from scalelaw.runs.raw import from_columns
        >>> table = from_columns({"step": [10.0], "batch": [8.0]}, "dict")
        >>> derive_column("tokens", "step * batch * 1024", table, {})
        array([81920.])
    """
    tree = parse(formula)
    values = {used: _values(used, name, table, known) for used in tree.names()}
    with np.errstate(all="ignore"):
        result = tree.evaluate(values)
    return np.array(np.broadcast_to(result, (len(table),)), dtype=float)


def _values(used: str, name: str, table: RawTable, known: Mapping[str, Array]) -> Array:
    column = used if used in table.columns else None
    column = column or (None if used in known else next((c for c in table.columns if spelling(c) == used), None))
    if column is None and used not in known:
        names = [*table.columns, *(quantity for quantity in known if quantity in QUANTITIES)]
        raise UnknownName.among(f"column in derive={{{name!r}: ...}},", used, dict.fromkeys(names))
    key = column or used
    if key in known:
        return known[key]
    numbers = read_numbers(table.columns[key])
    if not numbers.present.any():
        raise BadFormula(f"derive {name}: the column {key!r} has no numbers ({numbers.example})")
    return numbers.values


def derive_counts(known: Mapping[str, Array]) -> list[tuple[str, Array, str]]:
    """Compute tokens per batch and tokens seen from steps, batch size and sequence length, where possible."""
    found: dict[str, tuple[Array, str]] = {}
    if "batch_tokens" not in known and {"batch_sequences", "seq_len"} <= set(known):
        found["batch_tokens"] = known["batch_sequences"] * known["seq_len"], "batch_sequences x seq_len"
    if "tokens" not in known and "steps" in known:
        if "batch_tokens" in found:
            found["tokens"] = known["steps"] * found["batch_tokens"][0], "steps x batch_sequences x seq_len"
        elif "batch_tokens" in known:
            found["tokens"] = known["steps"] * known["batch_tokens"], "steps x batch_tokens"
    return [(name, values, how) for name, (values, how) in found.items()]


def derive_spent(known: Mapping[str, Array], run: AnyArray) -> tuple[Array, str] | None:
    """Return the compute of each row from the stated budget of its run, if the table has no other compute.

    A checkpoint gets its share by tokens. None if the budget equals 6 N D, since the counting convention then gives the
    same, or if it is far from 6 N D, since only the user can explain that.

    Args:
        known: quantity -> values, each (n,).
        run: number of the run of each row, (n,).
    """
    params = first_in(_KINDS_OF_N, known)
    if params is None or "flops" in known or not {"tokens", "planned_flops"} <= set(known):
        return None
    tokens, end = known["tokens"], np.zeros(int(run.max(initial=0)) + 1)
    np.maximum.at(end, run, np.nan_to_num(tokens))
    whole = np.fmax(known.get("planned_tokens", end[run]), end[run])
    with np.errstate(divide="ignore", invalid="ignore"):
        values = known["planned_flops"] * tokens / whole
        off = np.abs(np.log(values / counting_for(params).flops(known[params], tokens)))
    off = off[np.isfinite(off)]
    if not len(off) or np.quantile(off, 0.9) < _ROUNDED or np.median(off) > _UNLIKE:
        return None
    partly = "" if np.allclose(whole, tokens, equal_nan=True) else " x tokens / tokens at the end of the run"
    return np.asarray(values), f"planned_flops{partly}, the budget in the table"


def derive_budget(counts: Mapping[str, Array], numbers: Mapping[str, Numbers]) -> Array | None:
    """Return the stated budget as compute where it determines a missing N or D, else None.

    Args:
        counts: the known ones of N (each kind), D and C.
        numbers: every numeric quantity of the table.
    """
    params = first_in(_KINDS_OF_N, counts)
    if "flops" in counts or "planned_flops" not in numbers or (params is None) == ("tokens" not in counts):
        return None
    return numbers["planned_flops"].values


def complete_flops(known: Mapping[str, Array]) -> tuple[Array, str] | None:
    """Fill missing compute by the counting that the other rows imply; None where nothing is missing.

    Args:
        known: quantity -> values, each (n,).
    """
    params = first_in(_KINDS_OF_N, known)
    if params is None or not {"tokens", "flops"} <= set(known):
        return None
    plain, flops = counting_for(params).flops(known[params], known["tokens"]), known["flops"]
    lacking = ~np.isfinite(flops) & np.isfinite(plain) & (plain > 0)
    if not lacking.any() or lacking.all():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = stated_cost(np.log(flops / plain), known[params])
    values = plain if cost is None else plain * cost.factor(known[params])
    low, high = (f"{end:.3g}" for end in (cost.range if cost else (1.0, 1.0)))
    times = "" if cost is None else f"{low} x " if low == high else f"{low} to {high} x "
    count = int(np.isfinite(flops).sum())
    rows = f"{counted(int(lacking.sum()), 'row')} without compute"
    how = f"flops of {rows}: {times}6 x {params} x tokens, as in the other {count}"
    return np.where(lacking, values, flops), how


def derive_compute(known: Mapping[str, Array]) -> tuple[str, Array, str] | None:
    """Compute the missing one of N, D and C from the other two; return its name, values and counting rule."""
    params = first_in(_KINDS_OF_N, known)
    have = {"tokens", "flops"} & set(known)
    counting = counting_for(params or "params")
    factor = f"{FLOPS_PER_PARAM_TOKEN:g}"
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if params and have == {"tokens"}:
            values = counting.flops(known[params], known["tokens"])
            return "flops", values, f"{factor} x {params} x tokens, counting convention {counting.name}"
        if params and have == {"flops"}:
            values = counting.tokens(known[params], known["flops"])
            return "tokens", values, f"flops / ({factor} x {params}), counting convention {counting.name}"
        if params is None and len(have) == 2:
            values = counting.params_for(known["tokens"], known["flops"])
            return "params", values, f"flops / ({factor} x tokens), counting convention {counting.name}"
    return None
