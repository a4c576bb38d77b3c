"""Map column names to quantities and targets: recognised, named by the user, or unused."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from scalelaw.core.benchmarks.chance import is_benchmark
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.core.names import HELD_OUT, read_name, words
from scalelaw.core.quantities import METRICS, OUTCOMES, QUANTITIES, SHARES, is_target, recognise, spelling
from scalelaw.runs.cells import read_numbers
from scalelaw.runs.columns.likely import take_likely
from scalelaw.runs.columns.unit_names import name_unit
from scalelaw.runs.columns.units import is_unit, split_unit
from scalelaw.runs.raw import RawColumn, RawTable

RISING = "rising"
"""Value of ``columns["run"]`` that makes a run of each block of equal settings with rising tokens and steps."""

_LEAST_BUDGET = 1e14
NEEDED = ("params", "params_non_embedding", "params_active", "tokens", "flops", "loss", "bpb", "score")
"""The quantities every fit needs; the user is asked where their columns are ambiguous."""

_PREFIXES = {
    "loss": "loss", "val_loss": "loss", "eval_loss": "loss", "validation_loss": "loss",
    "bpb": "bpb", "val_bpb": "bpb", "eval_bpb": "bpb",
    "score": "score", "accuracy": "score", "acc": "score",
    "error": "error", "err": "error", "error_rate": "error", "logprob": "logprob", "log_prob": "logprob",
}  # fmt: skip
_LONGEST_FIRST = sorted(_PREFIXES, key=len, reverse=True)
_STANDARD_ERROR = frozenset({"se", "stderr"})
_COMPANIONS = _STANDARD_ERROR | {
    "lo", "hi", "lo95", "hi95", "lower", "upper", "ci", "std", "stdev", "sd", "var", "min", "max", "n", "items",
    "unit", "units", "train", "training", "scale", "weight", "fn", "ema", "smoothed",
}  # fmt: skip
_UNIT_WORDS = frozenset({"bits", "nats", "ppl", "perplexity", "percent", "pct"})


@dataclass
class Assignment:
    """The quantity or target that each column holds.

    Attributes:
        quantities: quantity -> column.
        targets: ``metric@eval_set`` or a bare metric -> column.
        errors: target -> column of its standard error.
        items: target -> column of the number of items behind it.
        chances: target -> column of the score of guessing.
        units: quantity or target -> unit in the column's name.
        unit_columns: quantity -> column with the unit of each row.
        named: quantities whose column the user named.
        notes: assumptions, in words.
        findings: questions to the user and warnings.
        asks: quantity or target -> question about its unit, asked unless the user gives the unit.
        passed_over: columns not used, because another column has the same meaning.
        rising: the user chose ``rising``: a run ends where tokens or steps fall.
    """

    quantities: dict[str, str] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)
    chances: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    unit_columns: dict[str, str] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    asks: dict[str, Finding] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    rising: bool = False

    def outcome(self) -> str | None:
        """Return the quantity used as the target where the table has no metric, else None."""
        return next((name for name in OUTCOMES if name in self.quantities), None)

    def used(self) -> set[str]:
        """Return the columns that hold a quantity, target, error, item count or chance."""
        of_targets = (self.targets, self.errors, self.items, self.chances)
        return {*self.quantities.values(), *(column for each in of_targets for column in each.values())}


def metric_of(target: str) -> str:
    """Return the metric of a target: ``loss@c4`` measures ``loss``."""
    return target.partition("@")[0]


def assign(table: RawTable, columns: Mapping[str, str | None] | None = None) -> Assignment:
    """Decide what each column is.

    Args:
        table: the raw columns.
        columns: quantity or target -> column, as the user named them; None leaves the quantity out.

    Raises:
        BadInput: ``columns`` names an unknown quantity or column.
    """
    said = {name: column or None for name, column in (columns or {}).items()}
    rising = said.get("run") == RISING and RISING not in table.columns
    if rising:
        del said["run"]
    _check_named(said, table)
    result = Assignment(named=frozenset(said), rising=rising)
    for name, column in said.items():
        if column is not None:
            _take(result, name, column)
    claims: dict[str, list[str]] = {}
    for column, raw in table.columns.items():
        quantity = _claim(column, raw)
        if quantity and quantity not in said and column not in said.values():
            claims.setdefault(quantity, []).append(column)
    for quantity, every in claims.items():
        claimants = [column for column in every if table.columns[column].scalar] or every
        if (column := _one_of(quantity, claimants, table, result)) is not None:
            _take(result, quantity, column)
    claimed = {column for claimants in claims.values() for column in claimants}
    result.passed_over += [column for column in claimed if column not in result.used()]
    _fold(table, result, claimed | {column for column in said.values() if column})
    take_likely(table, result, said, _has_number)
    _of_targets(table, result)
    _read_units(table, result)
    return result


def _read_units(table: RawTable, result: Assignment) -> None:
    """Read the unit in each column's name, and the questions it raises."""
    for name, column in {**result.quantities, **result.targets}.items():
        said = name_unit(name, column, table.columns[column])
        if said.unit:
            result.units[name] = said.unit
        if said.note:
            result.notes.append(said.note)
        if said.ask is not None:
            result.asks[name] = said.ask


def _check_named(said: Mapping[str, str | None], table: RawTable) -> None:
    for name, column in said.items():
        if name not in QUANTITIES and metric_of(name) not in METRICS:
            if name in table.columns and column in QUANTITIES:
                raise BadInput(f"columns= maps a quantity to a column; write columns={{{column!r}: {name!r}}}")
            raise UnknownName.among("quantity in columns=", name, QUANTITIES)
        if column is not None and column not in table.columns:
            raise UnknownName.among(f"column for {name}", column, table.columns)
    taken = [column for column in said.values() if column is not None]
    for column in taken:
        if taken.count(column) > 1:
            both = [name for name, other in said.items() if other == column]
            raise BadInput(f"columns= uses the column {column!r} for {' and for '.join(both)}; give it to one")


def _take(result: Assignment, name: str, column: str) -> None:
    """Record that a column is a quantity or a target."""
    if is_target(name):
        result.targets[name] = column
    else:
        result.quantities[name] = column


def _claim(column: str, raw: RawColumn) -> str | None:
    """Return the quantity a column's name stands for, None where its cells contradict that."""
    name, unit = split_unit(column)
    quantity = recognise(name)
    if quantity is None or QUANTITIES[quantity].kind == "vector" or bool(raw.missing.all()):
        return None
    if not raw.scalar and (quantity not in NEEDED or spelling(name) != quantity):
        return None
    if QUANTITIES[quantity].kind == "text":
        return quantity if unit is None else None
    if (unit and not is_unit(unit, quantity)) or (spelling(name) == "budget" and not _may_be_flops(raw)):
        return None
    needed = quantity in NEEDED and len(spelling(name)) > 1
    return quantity if needed or _has_number(raw, quantity) else None


def _may_be_flops(raw: RawColumn) -> bool:
    """Return whether a column called ``budget`` holds FLOPs: no other budget is so large."""
    values = read_numbers(raw).values
    return bool(np.any(values >= _LEAST_BUDGET))


def _has_number(raw: RawColumn, quantity: str | None = None) -> bool:
    if raw.numeric:
        return True
    some = np.flatnonzero(~raw.missing)[:100]
    return bool(read_numbers(RawColumn(raw.values[some], raw.missing[some]), quantity).present.any())


def _one_of(quantity: str, claimants: list[str], table: RawTable, result: Assignment) -> str | None:
    """Return the column of a quantity that several claim; where undecided, ask or use none."""
    if len(claimants) == 1:
        return claimants[0]
    both = " and ".join(map(repr, claimants))
    peak = [column for column in claimants if spelling(column).startswith(("peak", "max"))]
    if quantity == "lr" and len(claimants) == 2 and len(peak) == 1:
        now = next(column for column in claimants if column not in peak)
        result.notes.append(f"lr: {peak[0]!r} is the chosen learning rate, {now!r} its value at each row")
        _take(result, "lr_now", now)
        return peak[0]
    held_out = [column for column in claimants if column != "loss" and _is_held_out(column)]
    if quantity == "loss" in claimants and len(held_out) == 1 == len(claimants) - 1:
        result.notes.append(f"loss = {held_out[0]!r}; 'loss' is taken for the training loss")
        return held_out[0]
    if quantity in claimants:
        result.notes.append(f"{quantity}: of {both}, the column of exactly that name is used")
        return quantity
    by_id = [column for column in claimants if spelling(column).endswith("id")]
    if quantity == "run" and len(by_id) == 1:
        result.notes.append(f"run: of {both}, {by_id[0]!r} identifies the runs")
        if len(claimants) == 2 and "label" not in result.quantities:
            _take(result, "label", next(column for column in claimants if column not in by_id))
        return by_id[0]
    first = table.columns[claimants[0]].values
    if all(np.array_equal(first, table.columns[other].values) for other in claimants[1:]):
        result.notes.append(f"{quantity}: {both} hold the same values")
        return claimants[0]
    if quantity not in NEEDED:
        result.notes.append(f"{both} may both be {quantity}; to use one, name it with columns=")
        return None
    result.findings.append(
        Finding(
            "RUNS_TWO_COLUMNS",
            Grade.ASK,
            f"{both} may both be {quantity}",
            fix=f'choose one with columns={{"{quantity}": "..."}} (CLI: --column {quantity}=...)',
            answers=tuple(Answer(f"{quantity} is {column!r}", {"columns": {quantity: column}}) for column in claimants),
        )
    )
    return None


def _is_held_out(column: str) -> bool:
    """Return whether a name means validation; for a test loss next to a bare loss the user is asked."""
    named = read_name(column)
    return named is not None and named.split == HELD_OUT and "test" not in words(column)


def _fold(table: RawTable, result: Assignment, taken: set[str]) -> None:
    """Read wide columns: ``loss_c4_val`` is the target ``loss@c4_val``."""
    folded = []
    for column, raw in table.columns.items():
        if column in taken or bool(raw.missing.all()):
            continue
        metric, rest = _split_metric(column)
        if metric is None:
            continue
        parts = rest.split("_")
        companion = parts[0] if parts[0].lower() in _COMPANIONS else parts[-1]
        named = read_name(column)
        if companion.lower() in _COMPANIONS:
            _companion(result, column, metric, rest, companion)
        elif named is not None and not named.eval_set:
            continue
        elif raw.scalar and _has_number(raw):
            rest = "_".join(part for part in parts if part.lower() not in _UNIT_WORDS)
            result.targets[f"{metric}@{rest}"] = column
            if column != f"{metric}@{rest}":
                folded.append(f"{column} -> {metric}@{rest}")
    if folded:
        more = f" and {len(folded) - 3} more" if len(folded) > 3 else ""
        result.notes.append(f"wide columns are targets: {', '.join(folded[:3])}{more}")


def _split_metric(column: str) -> tuple[str | None, str]:
    """Split a column name into the metric it starts with and the rest."""
    for prefix in _LONGEST_FIRST:
        head, mark, rest = column[: len(prefix)], column[len(prefix) : len(prefix) + 1], column[len(prefix) + 1 :]
        if head.lower().replace("/", "_") == prefix and mark and mark in "_@/ :." and rest.strip():
            return _PREFIXES[prefix], rest.strip()
    name = spelling(split_unit(column)[0])
    if is_benchmark(name):
        return "score", name
    front, _, last = name.rpartition("_")
    if front and last in _PREFIXES and is_benchmark(front):
        return _PREFIXES[last], front
    return ("score", name) if front and last in _COMPANIONS and is_benchmark(front) else (None, "")


def _of_targets(table: RawTable, result: Assignment) -> None:
    """Assign each ``n_items_mmlu`` or ``chance_mmlu``, or a bare ``n_items`` or ``chance``, to its target."""
    for quantity, found, what in (
        ("n_items", result.items, "counts the items of"),
        ("chance", result.chances, "is the score of guessing of"),
    ):
        for column in table.columns:
            eval_set = _belongs(column, quantity)
            if eval_set is None or column in result.targets.values():
                continue
            shares = [target for target in result.targets if metric_of(target) in SHARES]
            shares = shares or ["error"] * (result.outcome() == "error" and not result.targets)
            of = [target for target in shares if _set_of(target) == spelling(eval_set)] or (
                shares if not eval_set and len(shares) == 1 else []
            )
            for target in of:
                found.setdefault(target, column)
                result.notes.append(f"{column!r} {what} {target}")
            if of:
                result.quantities.pop(quantity, None)


def _belongs(column: str, quantity: str) -> str | None:
    """Return the evaluation set whose item count or chance a column holds, empty for a bare one, else None."""
    name = spelling(split_unit(column)[0])
    for word in (quantity, *QUANTITIES[quantity].synonyms):
        if name.startswith(word) and (name == word or name[len(word)] == "_"):
            return name[len(word) :].strip("_")
        if name.endswith(f"_{word}"):
            return name.removesuffix(f"_{word}")
    return None


def _set_of(target: str) -> str:
    return spelling(target.partition("@")[2])


def _companion(result: Assignment, column: str, metric: str, rest: str, word: str) -> None:
    """Assign a standard-error or unit column to its target; ignore other companion columns."""
    eval_set = "_".join(part for part in rest.split("_") if part != word)
    target = f"{metric}@{eval_set}" if eval_set else metric
    if word.lower() in _STANDARD_ERROR:
        result.errors[target] = column
    if word.lower() in ("unit", "units") and not eval_set:
        result.unit_columns[metric] = column
