"""Group checkpoints into runs in a table without a recognised run column.

A column of names is the run if step and tokens rise within each name. Without one, rows of equal size and settings are
one run while step and tokens rise. Where rows may also be separate runs, the user is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.findings import Answer, Finding, Grade, enforce
from scalelaw.core.names import words
from scalelaw.core.quantities import METRICS, QUANTITIES, first_in
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.columns.mapping import RISING, Assignment, metric_of
from scalelaw.runs.grouping.one_run import EACH_ITS_OWN
from scalelaw.runs.grouping.rise import Rise, blocks, judge, split_chains
from scalelaw.runs.raw import RawTable
from scalelaw.runs.rows import Rows

_SIZES = ("params", "params_non_embedding", "params_active")
_RUNS = frozenset({"run", "runs", "exp", "experiment", "trial", "job", "wandb"})
_NAMES = frozenset(
    {"model", "name", "series", "curve", "config", "label", "id", "variant", "uid", "key", "tag", "setup"}
)
_TIMELY = frozenset(
    {"time", "timestamp", "date", "runtime", "elapsed", "created", "updated", "wall", "hours", "seconds"}
)
_ALONG = frozenset({"tokens", "steps", "flops", "epochs", "lr", "lr_now", "lr_area", "lr_annealing", "bytes", "date",
                    "examples_seen", "tokens_per_param", "state", "weight", "eval_set", "label",
                    "decayed"})  # fmt: skip
_SURE, _SURE_UNNAMED, _ASKED = 3, 4, 1
_ASKED_OF_TOKENS = 3
_FEWEST_ALIKE = 3
_NO_ORDER = -9
"""Bonus of rows in no useful order: the user is asked about them, always."""


@dataclass(frozen=True, eq=False)
class _Grouped:
    """One way to group rows into runs: by a column of names, or by rising time (None), with the evidence for it."""

    column: str | None
    run: AnyArray
    rise: Rise
    bonus: int = 0

    @property
    def points(self) -> int:
        return self.rise.points + self.bonus


def find_runs(rows: Rows, raw: RawTable, assignment: Assignment, *, one_size: bool = False) -> list[Finding]:
    """Group rows into runs where their content shows checkpoints; return findings on what is uncertain.

    Args:
        rows: a file with its columns read; ``run`` and its column are set.
        raw: the columns of the source.
        assignment: what each column holds; the column of names becomes ``run``.
        one_size: the user gave one N for all rows.

    Raises:
        NeedsAnswer: rows may be checkpoints or separate runs.
        BadInput: the user chose ``rising``, but the table has neither tokens nor steps.
    """
    times: dict[str, Array] = {name: rows.columns[name] for name in ("tokens", "steps") if name in rows.numbers}
    if "run" in assignment.quantities or not times or len(raw) < 2:
        return []
    if assignment.rising:
        _take_blocks(rows, _blocks(times, _key(rows, raw, assignment)), times)
        return []
    if "run" in assignment.named:
        rows.notes.append(EACH_ITS_OWN)
        return []
    if "eval_set" in rows.columns:
        return []
    named = _by_name(rows, raw, assignment, times)
    if named is not None:
        return _decide(named, rows, raw, assignment, times)
    if _each_named(raw, assignment) or (_size(rows) is None and not (one_size and _of_a_step(rows))):
        return []
    key = _key(rows, raw, assignment)
    run = _blocks(times, key)
    bonus = 0 if _in_order(times, key) else _NO_ORDER
    found = _Grouped(None, run, _judged(rows, raw, assignment, times, run), bonus)
    if one_size and found.rise.possible and not run.any():
        return _taken(rows, raw, run, times)
    if not found.rise.possible and _of_a_step(rows):
        _ask_which(rows, key)
    return _decide(found, rows, raw, assignment, times)


def _decide(
    found: _Grouped, rows: Rows, raw: RawTable, assignment: Assignment, times: Mapping[str, Array]
) -> list[Finding]:
    """Accept the groups as runs, ask, or leave the rows ungrouped."""
    if not found.rise.possible:
        return []
    count = int(found.run.max()) + 1
    sure = found.points >= (_SURE if found.column else _SURE_UNNAMED) and ("steps" in times or found.bonus >= _SURE)
    if not sure:
        least = _ASKED if "steps" in times or found.column is not None else _ASKED_OF_TOKENS
        if found.points >= least or found.bonus >= _SURE or _of_a_step(rows):
            enforce([_question(found.column, count, len(raw), times)])
        return []
    if found.column is not None:
        assignment.quantities["run"] = found.column
        rows.run = found.run
        rows.columns["run"] = np.array([str(_plain(name)) for name in raw.columns[found.column].values], dtype=object)
        rows.origins["run"] = found.column
        rows.notes.append(
            f"run: {found.column!r} names {count} runs along which {_rising(times)}; the last row of each is its end "
            '(columns={"run": None}, CLI: --column run=, reads each row as a run)'
        )
        return []
    return _taken(rows, raw, found.run, times)


def _taken(rows: Rows, raw: RawTable, run: AnyArray, times: Mapping[str, Array]) -> list[Finding]:
    """Accept groups of rows as runs and return the warning."""
    _take_blocks(rows, run, times)
    count = int(run.max()) + 1
    many = f"{count} runs" if count > 1 else "one run"
    message = f"no column names a run: the {len(raw)} rows are read as {many} along which {_rising(times)}"
    fix = f'pass {_option(RISING)} to confirm, or columns={{"run": None}} (CLI: --column run=) if each row is a run'
    answers = (
        Answer("they are checkpoints of these runs", {"columns": {"run": RISING}}),
        Answer("each row is a separate run", {"columns": {"run": ""}}),
    )
    return [Finding("RUNS_CHECKPOINTS", Grade.WARN, message, len(raw), fix, answers)]


def _of_a_step(rows: Rows) -> bool:
    """Return whether a column is called ``step``, singular, as logs call it: finished runs have ``steps``."""
    return "steps" in rows.numbers and not rows.origins["steps"].lower().endswith("s")


def _ask_which(rows: Rows, key: AnyArray) -> None:
    """Ask for the run column where rows of equal settings log a step but their order does not separate runs.

    Raises:
        NeedsAnswer: they may be checkpoints of unknown runs.
    """
    alike = np.bincount(key)
    rates = [rows.columns[name] for name in ("lr", "lr_now") if name in rows.numbers]
    if np.median(alike[alike > 1] if np.any(alike > 1) else alike) < _FEWEST_ALIKE or any(map(_varied, rates)):
        return
    message = (
        f"the {len(key)} rows log a {rows.origins['steps']} at {len(alike)} sizes, so they look like checkpoints, but "
        "it is unclear which rows belong to one run"
    )
    fix = (
        "add a column that names the run of each row, or sort each run by its step and pass "
        f'{_option(RISING)}; pass columns={{"run": None}} (CLI: --column run=) if each row was trained by itself'
    )
    answers = (Answer("each row is a separate run", {"columns": {"run": ""}}),)
    enforce([Finding("RUNS_CHECKPOINTS", Grade.ASK, message, len(key), fix, answers)])


def _varied(values: Array) -> bool:
    return len(np.unique(values[np.isfinite(values)])) > 1


def _question(column: str | None, count: int, read: int, times: Mapping[str, Array]) -> Finding:
    of = f"that the column {column!r} names" if column else f"along which {_rising(times)}"
    message = f"the {read} rows look like checkpoints of {count} runs {of}"
    value, whose = (column, f"{column} names the runs") if column else (RISING, "a run ends where these fall")
    fix = (
        f"pass {_option(value)} if they are, or "
        'columns={"run": None} (CLI: --column run=) if each row was trained by itself'
    )
    answers = (
        Answer(f"{whose}; rows are checkpoints", {"columns": {"run": value}}),
        Answer("each row is a separate run", {"columns": {"run": ""}}),
    )  # fmt: skip
    return Finding("RUNS_CHECKPOINTS", Grade.ASK, message, read, fix, answers)


def _option(column: str) -> str:
    return f'columns={{"run": "{column}"}} (CLI: --column run={column})'


def _rising(times: Mapping[str, Array]) -> str:
    return f"{' and '.join(times)} rise{'s' * ('steps' not in times and 'tokens' not in times)}"


def _take_blocks(rows: Rows, run: AnyArray, times: Mapping[str, Array]) -> None:
    rows.run = run
    rows.columns["run"] = np.array([f"run {number + 1}" for number in run], dtype=object)
    rows.origins["run"] = RISING
    rows.notes.append(f"run = rows of equal size and settings while {_rising(times)}")


def _by_name(rows: Rows, raw: RawTable, assignment: Assignment, times: Mapping[str, Array]) -> _Grouped | None:
    """Return the column of names whose groups look most like runs, None where no column can name them."""
    best: _Grouped | None = None
    for column, cells in raw.columns.items():
        found_words = set(words(column))
        runs, names = bool(found_words & _RUNS), bool(found_words & (_NAMES | _RUNS))
        if column in assignment.used() or cells.missing.any() or found_words & _TIMELY or (cells.numeric and not names):
            continue
        if not cells.scalar or (cells.numeric and not _whole(cells.values)):
            continue
        run = _numbered(cells.values)
        if not 2 * (int(run.max()) + 1) <= len(raw) or (int(run.max()) == 0 and not names):
            continue
        rise = _judged(rows, raw, assignment, times, run, but=column)
        bonus = 3 * runs if names else 0
        found = _Grouped(column, run, rise, bonus + int(names and not runs and (rise.several or rise.many)))
        if rise.possible and (best is None or found.points > best.points):
            best = found
    return best


def _judged(
    rows: Rows, raw: RawTable, assignment: Assignment, times: Mapping[str, Array], run: AnyArray, but: str = ""
) -> Rise:
    axis = next(iter(times))
    planned, lr = rows.columns.get(f"planned_{axis}"), first_in(("lr_now", "lr"), rows.numbers)
    return judge(
        run, times, _size(rows), _settings(rows, raw, assignment, but), planned,
        rows.columns[lr] if lr else None,
    )  # fmt: skip


def _size(rows: Rows) -> Array | None:
    """Return N of each row, or a stand-in (width, layers, compute per token); None without either."""
    kind = first_in((*_SIZES, "width", "layers"), rows.numbers)
    if kind is not None:
        return rows.columns[kind]
    if {"flops", "tokens"} <= set(rows.numbers):
        with np.errstate(divide="ignore", invalid="ignore"):
            return rows.columns["flops"] / rows.columns["tokens"]
    return None


def _settings(rows: Rows, raw: RawTable, assignment: Assignment, but: str = "") -> dict[str, AnyArray]:
    """Return the columns that describe how a run was trained: known settings, text, and numbers of few values."""
    found = {
        name: values
        for name, values in rows.columns.items()
        if name in QUANTITIES and name not in (*_ALONG, *_SIZES, *METRICS) and metric_of(name) not in METRICS
    }
    used = assignment.used()
    for column, cells in raw.columns.items():
        if column in used or column == but or set(words(column)) & _TIMELY or not cells.scalar:
            continue
        if not cells.numeric or (_few(cells.values) and not _along(cells.values, rows)):
            found[column] = cells.values
    return found


def _few(values: AnyArray) -> bool:
    return 3 * len(set(values[~np.isnan(values)].tolist())) <= len(values)


def _along(values: AnyArray, rows: Rows) -> bool:
    """Return whether a column grows with time, as epochs do."""
    time = rows.columns.get("tokens", rows.columns.get("steps"))
    if time is None:
        return False
    order = np.lexsort((time, *(rows.columns[kind] for kind in _SIZES if kind in rows.numbers)))
    return bool(np.mean(np.diff(values[order]) >= 0) > 0.8) and len(np.unique(values)) > 1


def _blocks(times: Mapping[str, Array], key: AnyArray) -> AnyArray:
    """Number blocks of one key with rising time; in an unsorted file, all rows of a key if no time repeats."""
    axis = next(iter(times.values()))
    run = blocks(times, key)
    moments = {(each, value) for each, value in zip(key.tolist(), axis.tolist(), strict=True)}
    if not _in_order(times, key) and len(moments) == len(axis):
        order = np.lexsort((axis, key))
        run = np.empty(len(key), dtype=int)
        run[order] = blocks({name: values[order] for name, values in times.items()}, key[order])
        return np.unique(run, return_inverse=True)[1]
    return split_chains(run, axis)


def _in_order(times: Mapping[str, Array], key: AnyArray) -> bool:
    """Return whether time rises in the file over three or more rows of one key in the median."""
    return bool(np.median(np.bincount(blocks(times, key))) >= _FEWEST_ALIKE)


def _key(rows: Rows, raw: RawTable, assignment: Assignment) -> AnyArray:
    """Return a number per row, equal where sizes and settings are equal."""
    shared = {name: rows.columns[name] for name in _SIZES if name in rows.numbers} | _settings(rows, raw, assignment)
    size = _size(rows)
    if size is not None:
        shared["size"] = np.array([f"{value:.3g}" for value in size], dtype=object)
    if not shared:
        return np.zeros(len(raw), dtype=int)
    return _numbered([tuple(str(_plain(value)) for value in row) for row in zip(*shared.values(), strict=True)])


def _each_named(raw: RawTable, assignment: Assignment) -> bool:
    """Return whether a column of names is unique in every row."""
    return any(
        not cells.numeric and set(words(column)) & (_NAMES | _RUNS) and len(set(map(str, cells.values))) == len(raw)
        for column, cells in raw.columns.items()
        if column not in assignment.used()
    )


def _numbered(values: object) -> AnyArray:
    known: dict[object, int] = {}
    return np.array([known.setdefault(_plain(value), len(known)) for value in values])  # type: ignore[attr-defined]


def _plain(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _whole(values: AnyArray) -> bool:
    return bool(np.all(values == np.round(values)))
