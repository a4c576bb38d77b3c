"""Load runs from any source and report every assumption (``load_runs``)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.quantities import METRICS, OUTCOMES, QUANTITIES, SHARES, is_target, recognise
from scalelaw.core.types import AnyArray
from scalelaw.runs.cells import Numbers, read_numbers
from scalelaw.runs.chance import Chance, with_chance
from scalelaw.runs.checking.missing import check_missing
from scalelaw.runs.checking.values import COUNTS, check_one_size, check_percent, check_units, check_values
from scalelaw.runs.columns.converted import DROP, read_columns, run_numbers
from scalelaw.runs.columns.counts import with_counted_scores
from scalelaw.runs.columns.derive import (
    complete_flops,
    derive_budget,
    derive_column,
    derive_compute,
    derive_counts,
    derive_spent,
)
from scalelaw.runs.columns.eval_sets import split_eval_sets
from scalelaw.runs.columns.mapping import Assignment, assign, metric_of
from scalelaw.runs.columns.mixtures import named_shares
from scalelaw.runs.columns.propose import advice, propose, unnamed_note
from scalelaw.runs.columns.units import convert, split_unit
from scalelaw.runs.grouping.checkpoints import find_runs
from scalelaw.runs.grouping.copies import copies
from scalelaw.runs.grouping.lost_losses import take_lost
from scalelaw.runs.grouping.to_runs import to_runs
from scalelaw.runs.raw import RawColumn, RawTable
from scalelaw.runs.reading.io_source import read_source
from scalelaw.runs.reading.merged import fill_down
from scalelaw.runs.reading.pivot import melt
from scalelaw.runs.reducing.exclusions import check_runs
from scalelaw.runs.reducing.select import last_evaluations
from scalelaw.runs.rows import Rows
from scalelaw.runs.table import RunTable


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # findings report what is infinite, zero or missing
def load_runs(
    source: Any,
    *,
    columns: Mapping[str, str | None] | None = None,
    units: Mapping[str, str] | None = None,
    derive: Mapping[str, str] | None = None,
    importer: str | None = None,
    chance: Chance | None = None,
    strict: bool = False,
) -> RunTable:
    """Load runs from a file, a tracker's log, a dataframe, a dict of columns or a list of records.

    Files may be CSV, TSV, JSON, JSONL or Parquet; columns are recognised under many names. Rows that share a ``run``
    are checkpoints of it. If one of N, D and C is missing, it follows from the other two by C = 6 N D; a note of the
    table states this.

    Args:
        source: a path, open file, dataframe, columns, records, a RunTable, or paths of runs and evaluations to join.
        columns: quantity -> column, where names are not recognised; None leaves one out, ``mixture`` takes a pattern.
        units: quantity -> unit of its bare numbers: ``{"tokens": "B", "loss": "bits"}``.
        derive: quantity -> arithmetic over columns: ``{"tokens": "step * batch * seq_len"}``.
        importer: name of the importer; None detects it, or reads a plain table.
        chance: score of guessing, for all or by benchmark (``{"mmlu": 0.25}``), or a TOML file of such levels.
        strict: refuse a table with any excluded run.

    Raises:
        BadInput: the source or an option cannot be read.
        BadTable: no law can be fitted to the table.
        NeedsAnswer: the table is ambiguous; the message names the option that decides.

    Example:
        >>> table = load_runs({"N": ["70M", "7B"], "D": ["1.4B", "300B"], "val_loss": [3.6, 2.1]})
        >>> table.targets, table.runs["flops"].tolist()
        (('loss',), [5.88e+17, 1.26e+22])
    """
    _check_options(columns=columns, units=units, derive=derive)
    if isinstance(source, RunTable):
        return _loaded(source, columns or units or derive or importer, chance, strict=strict)
    raw = with_counted_scores(read_source(source, importer), columns)
    raw, columns = named_shares(melt(raw, columns), columns)
    assignment = assign(raw, columns)
    given, left_out, doubts = _settled(assignment, dict(units or {}))
    raw, formulas, merged = fill_down(raw, assignment, derive or {}, left_out)
    rows = Rows(raw.source, len(raw), run_numbers(raw, assignment), notes=[*raw.notes, *assignment.notes])
    examples = read_columns(rows, raw, assignment, given)
    split_eval_sets(rows)
    _take_outcome(rows)
    stated = {*given, *assignment.units, *raw.stated, *(name for name, n in rows.numbers.items() if n.suffixed.any())}
    doubts += find_runs(rows, raw, assignment, one_size=_is_number(formulas.get("params", "")))
    computed = _derive(rows, raw, formulas)
    _check_something_known(rows, raw)
    _keep_unrecognised(rows, raw, assignment)
    take_lost(rows, raw, assignment)
    notes, repeated = copies(raw, rows.run, rows.order, rows.columns, rows.targets)
    rows.notes += notes
    table = with_chance(to_runs(rows), chance)
    found = _findings(table, rows, stated, computed, examples, left_out, by_hand=raw.by_hand)
    findings = [*repeated, *doubts, *merged, *rows.findings, *found]
    enforce(findings, strict=strict)
    return replace(table, findings=tuple(findings), read=table.read if raw.read is None else raw.read)


def _loaded(table: RunTable, options: object, chance: Chance | None, *, strict: bool) -> RunTable:
    """Return a table that is already loaded, with another chance where that is given."""
    if options:
        raise BadInput("columns=, units=, derive= and importer= are for loading; this is already a RunTable")
    enforce(table.findings, strict=strict)
    return table if chance is None else with_chance(table, chance)


def _settled(assignment: Assignment, units: dict[str, str]) -> tuple[dict[str, str], set[str], list[Finding]]:
    """Return the units, the quantities whose blank rows are left out, and warnings; ask what is ambiguous."""
    enforce(finding for finding in assignment.findings if finding.grade is not Grade.WARN)
    given = _check_units_named(units, assignment)
    enforce(finding for name, finding in assignment.asks.items() if given.get(name, DROP) == DROP)
    left_out = {name for name, unit in given.items() if unit == DROP and metric_of(name) not in assignment.unit_columns}
    doubts = [finding for finding in assignment.findings if finding.grade is Grade.WARN]
    return {name: unit for name, unit in given.items() if name not in left_out}, left_out, doubts


def _check_options(**options: object) -> None:
    for option, value in options.items():
        if value is None:
            continue
        texts = isinstance(value, Mapping) and all(
            isinstance(name, str) and (isinstance(text, str) or (text is None and option == "columns"))
            for name, text in value.items()
        )
        if not texts:
            raise BadInput(f"{option}={value!r}: give a dict of quantity name -> text")


def _check_measurable(name: str, option: str) -> None:
    if name not in QUANTITIES and metric_of(name) not in METRICS:
        raise UnknownName.among(f"quantity in {option}=", name, QUANTITIES)
    if name in QUANTITIES and QUANTITIES[name].kind == "text":
        raise BadInput(f"{option}= gives {name} a number, but {name} is text")


def _check_units_named(given: dict[str, str], assignment: Assignment) -> dict[str, str]:
    """Return the unit by quantity or target; a metric's unit applies to all its targets."""
    units: dict[str, str] = {}
    for name, unit in given.items():
        _check_measurable(name, "units")
        known = {*assignment.quantities, *assignment.targets}
        targets = [target for target in assignment.targets if target == name or metric_of(target) == name]
        if name not in known and not targets:
            raise UnknownName.among("column in units=", name, known)
        if unit != DROP:
            convert(np.ones(1), unit, metric_of(name))
        units.update(dict.fromkeys(targets or [name], unit))
    return units


def _derive(rows: Rows, raw: RawTable, formulas: Mapping[str, str]) -> set[str]:
    """Add the columns of ``derive=``, then a missing N, D or C; return the names of the latter."""
    for name in formulas:
        _check_measurable(name, "derive")
    for name, formula in formulas.items():
        known = {quantity: numbers.values for quantity, numbers in {**rows.numbers, **rows.targets}.items()}
        by_column = {column: known[quantity] for quantity, column in rows.origins.items() if quantity in known}
        values = derive_column(name, formula, raw, {**known, **by_column})
        none = np.zeros(len(values), dtype=bool)
        numbers = Numbers(values, np.isnan(values), none, none)
        rows.origins[name] = formula
        rows.notes.append(f"{name} = {formula}, from derive=")
        if is_target(name):
            rows.targets[name] = numbers
        else:
            rows.numbers[name] = numbers
            rows.columns[name] = values
    for name, values, how in derive_counts({name: numbers.values for name, numbers in rows.numbers.items()}):
        none = np.zeros(len(values), dtype=bool)
        rows.numbers[name] = Numbers(values, np.isnan(values), none, none)
        rows.columns[name] = values
        rows.origins[name] = how
        rows.notes.append(f"{name} = {how}")
    spent = derive_spent({name: numbers.values for name, numbers in rows.numbers.items()}, rows.run)
    if spent is not None:
        rows.columns["flops"], rows.origins["flops"] = spent
        rows.notes.append(f"flops = {spent[1]}")
        return {"flops"}
    counts = {name: rows.numbers[name].values for name in COUNTS if name in rows.numbers}
    if (budget := derive_budget(counts, rows.numbers)) is not None:
        rows.columns["flops"] = counts["flops"] = budget
        rows.origins["flops"] = rows.origins["planned_flops"]
        rows.notes.append(f"flops = {rows.origins['flops']!r}, the table's budget, taken as spent")
    if (filled := complete_flops(counts)) is not None:
        rows.columns["flops"] = filled[0]
        rows.notes.append(filled[1])
    found = derive_compute(counts)
    if found is None:
        return set()
    name, values, how = found
    rows.columns[name] = values
    rows.origins[name] = how
    rows.notes.append(f"{name} = {how}")
    return {name}


def _is_number(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False


def _take_outcome(rows: Rows) -> None:
    """Use a quantity that laws predict, such as ``unigram_loss``, as the target of a table without metrics."""
    outcome = next((name for name in OUTCOMES if name in rows.numbers), None)
    if not rows.targets and outcome is not None:
        rows.targets[outcome] = rows.numbers.pop(outcome)
        del rows.columns[outcome]


def _check_something_known(rows: Rows, raw: RawTable) -> None:
    quantities = [name for name in rows.columns if QUANTITIES[name].kind == "number"]
    quantities += [column for column in raw.columns if column.startswith("mixture.")]
    if rows.targets and quantities:
        return
    wanted = "a loss (loss, val_loss, loss_c4, ...)" if not rows.targets else "params, tokens or flops"
    have = ", ".join(list(raw.columns)[:12]) + (", ..." if len(raw.columns) > 12 else "")
    used = {column for name, column in rows.origins.items() if name != "bits" or rows.targets}
    hollow = [column for column in raw.columns if recognise(split_unit(column)[0]) and column not in used]
    empty = f" ({', '.join(hollow)}: no usable value)" if hollow else ""
    message = f"{raw.source}: no column is recognised as {wanted}; the columns are {have}{empty}"
    open_ = ("loss",) if not rows.targets else ("params", "tokens")
    used |= {column for column in raw.columns if "@" in column or column.startswith(("n_items", "chance"))}
    fix, answers = advice({name: propose(raw, used, name) for name in open_})
    if any(metric_of(target) in SHARES for target in rows.targets) and not answers:
        fix = f'join scores with the table of their runs by name: sl.load_runs(["runs.csv", "{raw.source}"])'
    enforce([Finding("RUNS_NOTHING_KNOWN", Grade.REFUSE, message, rows.read, fix, answers)])


def _keep_unrecognised(rows: Rows, raw: RawTable, assignment: Assignment) -> None:
    """Keep the unrecognised columns for ``where``, and note those that look like a size."""
    used = assignment.used()
    for column, cells in raw.columns.items():
        if column in used:
            continue
        if column not in QUANTITIES or QUANTITIES[column].kind == "vector":  # vectors keep their columns
            rows.columns[column] = _flags_as_numbers(cells)
        elif column not in assignment.named and not cells.missing.all():
            rows.notes.append(f"the column {column!r} is not used: it has no numbers")
    if not any(name.startswith("params") for name in rows.numbers):
        alike = [column for column in raw.columns if column not in used and "param" in column.lower()]
        if alike := alike or propose(raw, used, "params"):
            rows.notes.append(unnamed_note("params", alike[0]))


def _flags_as_numbers(cells: RawColumn) -> AnyArray:
    """Return the cells; True and False are 1 and 0 where a column holds nothing else."""
    present = cells.values[~cells.missing]
    flags = len(present) > 0 and all(isinstance(cell, bool | np.bool_) for cell in present)
    return np.asarray(read_numbers(cells).values) if flags else cells.values


def _findings(
    table: RunTable, rows: Rows, stated: set[str], computed: set[str], examples: Mapping[str, str], left_out: set[str],
    *, by_hand: bool,
) -> list[Finding]:  # fmt: skip
    given = [name for name in COUNTS if name in rows.numbers]
    known = {name: table.runs[name] for name in given}
    found = check_units(known, given, stated)
    for name in given:
        if name.startswith("params") and len(table) < rows.read:
            found += check_one_size(rows.run, rows.columns["run"], rows.columns[name], name)
    spare = {"flops"} if "tokens" in given and any(name.startswith("params") for name in given) else set()
    stands: dict[str, Numbers] = {}
    for name in given:
        if name not in spare:
            stands[name] = _at_runs(table, name, table.runs[name], examples)
            found += check_values(name, stands[name], names=table.names)
    for target in rows.targets:
        has = np.zeros(len(table), dtype=bool)
        has[table.evals["run"][table.evals["target"] == target]] = True
        values = table.values(target) if has.any() else np.full(len(table), np.nan)
        numbers = _at_runs(table, target, values, examples, has)
        percent = check_percent(target, numbers) if target not in stated else []
        found += percent or check_values(target, numbers, needed=len(rows.targets) == 1, names=table.names)
        stands |= {target: numbers} if len(rows.targets) == 1 else {}
    columns = {name: column for name, column in rows.origins.items() if name not in computed}
    found += check_missing(stands, table.names, left_out, columns, by_hand=by_hand)
    found += check_runs(table, {target: last_evaluations(table, target) for target in table.targets})
    return found


def _at_runs(
    table: RunTable, name: str, values: AnyArray, examples: Mapping[str, str], has: AnyArray | None = None
) -> Numbers:
    """Return one number per run, with masks of missing and unreadable cells."""
    gone = np.isnan(values) if has is None else ~has
    unreadable = gone & (table.absent[name] == f"unreadable {name}") if name in table.absent else np.zeros_like(gone)
    return Numbers(values, gone & ~unreadable, unreadable, np.zeros_like(gone), examples.get(name, ""))
