"""Check a table of runs and the design of a fit; every finding has a code.

code                     grade      when
RUNS_NO_VALUE            excluded   a quantity the fit needs, or the target, is missing
RUNS_UNREADABLE          excluded   a cell is neither empty nor a number
RUNS_NAN                 excluded   the target was logged as NaN
RUNS_INFINITE            excluded   a value is infinite
RUNS_IMPOSSIBLE          excluded   N, D, C or a loss is zero or negative; a score is outside [0, 1]
RUNS_CONTROL_CHARACTERS  warn       names or cells hold control or broken characters; read as escapes
RUNS_ALL_TEXT            refuse     a column that must hold numbers has only text, flags, durations, lists or records
RUNS_MOSTLY_MISSING      ask        over half of the runs lack N, D, or the only target
RUNS_MERGED_CELLS        warn       blank cells of a merged block took the value above
RUNS_GRID                warn, ask  a pivot table of losses was read as one run per cell (ask: which side is the size)
RUNS_NOTHING_KNOWN       refuse     no column is recognised as a quantity, or as a target
RUNS_TWO_COLUMNS         ask        two columns claim one quantity
RUNS_TRAINING_LOSS       warn       the only loss of the table is the training loss
RUNS_UNIT_SLIP           ask, warn  6 N D / C is a power of 1000 other than 1 (warn: units were given)
RUNS_UNSAID_UNITS        ask        every N, D or C is far too small to be a plain count
RUNS_LOSS_UNIT           ask        a loss has an empty or unknown unit cell, or the column's name has a
                                    unit that the target or its values cannot have
RUNS_PARAMS_VARY         ask        rows of one run differ in N
RUNS_SAME_MOMENT         warn       ten values and a tenth of all share run and step with a later row
RUNS_WHICH_TARGET        ask        several targets, and the user did not choose one
RUNS_CHECKPOINTS         ask, warn  rows look like checkpoints, but no column names the run (warn: runs were found
                                    by the rise of step and tokens)
RUNS_UNFINISHED          excluded   a run stopped before its planned end, or is still running
RUNS_DIVERGED            excluded   the last loss is at the level of guessing, or far above the best of its run
RUNS_UNDECAYED           excluded   the learning rate is not at its end on the last row
RUNS_SUPERSEDED          excluded   a later run resumed or repeated the run
RUNS_DELETED             excluded   the run is marked as deleted
RUNS_SWEPT               warn       end points of one size and tokens differ in lr or batch
RUNS_EDGE_OPTIMUM        warn       the best run of a cell is at the edge of the sweep
RUNS_SMALL_CELL          warn       a swept cell has fewer than 3 runs to choose from
RUNS_SPLIT               warn       runs of several architectures, optimizers or context lengths; see ``split``
RUNS_BLOWN_UP            warn       a run ended far above its neighbours, without a mark of divergence; see ``blown_up``
RUNS_CHANCE_PERCENT      warn       a column of chance levels holds percent; read as fractions
RUNS_PERCENT             ask        many values of a score or an error are above 1, as percent is
RUNS_NO_ITEMS            warn       neither the items of a score nor its standard error are known; see ``scores``
RUNS_BELOW_CHANCE        warn       many runs score significantly below the chance level; see ``scores``
RUNS_TURNED_SCORE        warn       a score falls as compute grows, as an error does; see ``scores``
RUNS_POOLED_SCORES       warn       one target pools numbers of shots, metrics, tasks or harnesses; see ``scores``
RUNS_NONE_LEFT           refuse     every run was excluded
DESIGN_TOO_FEW_ROWS      refuse     fewer rows than coefficients
DESIGN_FEW_ROWS          warn       hardly more rows than coefficients
DESIGN_CONSTANT          refuse     an input that does not vary
DESIGN_COLLINEAR         refuse     one input, or the share of one domain, is determined by the other inputs or shares
DESIGN_NEARLY_COLLINEAR  warn       one input is nearly determined by the other inputs
DESIGN_NARROW            warn       an input spans less than half a decade
DESIGN_TOKENIZERS        refuse     losses per token of several tokenizers (warn: only the vocabulary differs)
DESIGN_BYTES_UNSAID      warn       bits per byte against tokens of several tokenizers
DESIGN_WHICH_N           ask        total and active params differ, and the law does not state which is N
DESIGN_TOTAL_FOR_ACTIVE  refuse     active params equal total params, although there are several experts
DESIGN_OTHER_FLOPS       warn       the measured compute equals 6 N D for a kind of N that the law does not use
DESIGN_STATED_FLOPS      warn       the stated compute differs from 6 N D by more than 1.5 times; see ``currency``
DESIGN_REPEATED          warn       runs had over 4 epochs, and the law counts every token; see ``repeated``
DESIGN_RECIPE_WITH_SIZE  warn       recipe, schedule, dataset or tokenizer changes with size
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import numpy as np

from scalelaw.accounting.flops import counting_for
from scalelaw.core.components import kind_of, numbers
from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.quantities import METRICS, QUANTITIES, SHARES, TOO_SMALL
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.cells import Numbers
from scalelaw.runs.checking.missing import named
from scalelaw.runs.observations import Observations

COUNTS = ("params", "params_non_embedding", "params_active", "tokens", "flops")
"""N of each kind, D and C; all must be positive."""

_COUNTED = ("M", "B", "1")
_UNSAID = {
    "params": _COUNTED,
    "params_non_embedding": _COUNTED,
    "params_active": _COUNTED,
    "tokens": ("B", "M", "T", "1"),
    "flops": ("PF-days", "EFLOP", "ZFLOP", "1"),
}
_WORDS = {"1": "plain counts", "K": "thousands", "M": "millions", "B": "billions", "T": "trillions"}
_THOUSANDS = ("1", "K", "M", "B", "T")
_OFFERED = 2
_USUAL_RATIO = 20
_CONSTANT = 0.02
_COLLINEAR_SD = 0.02
_COLLINEAR_R2 = 0.98
_NARROW = 0.5 * math.log(10)
_SHARE_SPREAD = 1e-4
_PERCENT, _FEWEST_PERCENT = 0.5, 2
"""Least share and number of values above 1 for which percent is likelier than errors of single cells."""


def check_values(name: str, numbers: Numbers, *, names: AnyArray, needed: bool = True) -> list[Finding]:
    """Return a finding per kind of bad value of a quantity or target, with the names of the runs."""
    values, present = numbers.values, numbers.present
    metric = name.partition("@")[0]
    with np.errstate(invalid="ignore"):
        impossible = present & np.isfinite(values) & outside(metric, values)
    bounds = "outside [0, 1]" if metric in SHARES else "not positive"
    table = (
        ("RUNS_UNREADABLE", numbers.unreadable, f"unreadable {name} ({numbers.example})"),
        ("RUNS_NO_VALUE", numbers.missing & needed, f"no {name}"),
        ("RUNS_NAN", present & np.isnan(values), f"{name} is NaN"),
        ("RUNS_INFINITE", present & np.isinf(values), f"{name} is infinite"),
        ("RUNS_IMPOSSIBLE", impossible, f"{name} is {bounds}"),
    )
    return [
        Finding(
            code,
            Grade.SET_ASIDE,
            f"{text} in {named(names, mask)}",
            int(mask.sum()),
        )
        for code, mask, text in table
        if mask.any()
    ]


def check_percent(name: str, numbers: Numbers) -> list[Finding]:
    """Ask whether a score or an error is in percent, where many of its values are above 1 and none above 100."""
    values = numbers.values[numbers.present & np.isfinite(numbers.values)]
    above = int(np.sum(values > 1))
    if (
        name.partition("@")[0] not in SHARES
        or above < max(_FEWEST_PERCENT, _PERCENT * len(values))
        or values.max() > 100
    ):
        return []
    message = f"{name} reaches {values.max():g}, and a fraction is at most 1"
    fix = f'if it is in percent, pass units={{"{name}": "percent"}} (CLI: --unit {name}=percent)'
    answers = (Answer(f"{name} is in percent", {"units": {name: "percent"}}),)
    return [Finding("RUNS_PERCENT", Grade.ASK, message, above, fix, answers)]


def outside(metric: str, values: Array) -> AnyArray:
    """Return where a value is impossible, shape (n,); losses relative to a unigram model may be negative."""
    if metric in SHARES:
        return (values < 0) | (values > 1)
    return np.zeros(len(values), dtype=bool) if metric in QUANTITIES and QUANTITIES[metric].low < 0 else values <= 0


def check_all_text(name: str, column: str, numbers: Numbers) -> list[Finding]:
    """Refuse a column without a single number."""
    if numbers.present.any() or not numbers.unreadable.any():
        return []
    fix = f'name another column with columns={{"{name}": "..."}} (CLI: --column {name}=...), or leave it out with None'
    message = f"{name} must be numbers, but the column {column!r} holds {numbers.instead} ({numbers.example})"
    return [Finding("RUNS_ALL_TEXT", Grade.REFUSE, message, int(numbers.unreadable.sum()), fix)]


def check_units(known: Mapping[str, Array], given: Iterable[str], stated: Iterable[str]) -> list[Finding]:
    """Return findings about likely wrong units.

    Args:
        known: quantity -> values in canonical units, each (n,).
        given: quantities that the table has, not derived ones.
        stated: quantities whose unit the user, a header or the cells give.
    """
    settled, measured = set(stated), [name for name in COUNTS if name in set(given)]
    slip = _slip(known, measured, settled)
    if slip and slip.grade is Grade.ASK:
        return [slip]
    small = [name for name in measured if name not in settled and 0 < _largest(known[name]) < TOO_SMALL[name]]
    asked = [
        Finding(
            "RUNS_UNSAID_UNITS",
            Grade.ASK,
            f"the largest {name} is {_largest(known[name]):g}, too small for a plain count",
            len(known[name]),
            _unit_option(name),
            tuple(_unit_answer({name: unit}) for unit in _UNSAID[name]),
        )
        for name in small
    ]
    return [*([slip] if slip else []), *asked]


def _unit_option(name: str) -> str:
    unit = "PF-days" if name == "flops" else "M"
    return f'give its unit, e.g. units={{"{name}": "{unit}"}} (CLI: --unit {name}={unit}); 1 is for plain counts'


def _slip(known: Mapping[str, Array], measured: Sequence[str], stated: set[str]) -> Finding | None:
    kinds = [name for name in measured if name.startswith("params")]
    if not kinds or not {"tokens", "flops"} <= set(measured):
        return None
    slips = []
    for kind in kinds:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = counting_for(kind).flops(known[kind], known["tokens"]) / known["flops"]
        ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
        power = round(math.log10(float(np.median(ratio))) / 3) if len(ratio) else 0
        if not power or abs(float(np.median(ratio)) / 10.0 ** (3 * power) - 1) > 0.1:
            return None
        slips.append((kind, power, len(ratio)))
    kind, power, rows = slips[0]
    answered = {kind, "tokens"} <= stated
    example = f'units={{"{kind}": "M", "tokens": "B"}}'
    likely = "; millions of params and billions of tokens would explain it" if power == -5 else ""
    return Finding(
        "RUNS_UNIT_SLIP",
        Grade.WARN if answered else Grade.ASK,
        f"flops are 1e{-3 * power} times 6 x {kind} x tokens (median of {rows} runs): a unit is missing{likely}",
        rows,
        "check the units given"
        if answered
        else f"pass the units, e.g. {example} (CLI: --unit {kind}=M --unit tokens=B); 1 is for plain counts",
        () if answered else _slip_answers(kind, known, power),
    )


def _slip_answers(kind: str, known: Mapping[str, Array], power: int) -> tuple[Answer, ...]:
    """Return the pairs of units that would explain a slip, the most usual D/N first, and last plain counts."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = float(np.nanmedian(known["tokens"] / known[kind]))
    pairs = [
        (abs(math.log(ratio * 1000.0 ** (of_tokens - of_params) / _USUAL_RATIO)), {kind: units[0], "tokens": units[1]})
        for of_params, of_tokens in product(range(len(_THOUSANDS)), repeat=2)
        if of_params + of_tokens == -power
        for units in [(_THOUSANDS[of_params], _THOUSANDS[of_tokens])]
    ]
    likely = [units for _, units in sorted(pairs, key=lambda pair: pair[0])][:_OFFERED]
    return tuple(_unit_answer(units) for units in [*likely, {kind: "1", "tokens": "1"}])


def _unit_answer(units: Mapping[str, str]) -> Answer:
    words = [f"{name} in {_WORDS.get(unit, unit)}" for name, unit in units.items()]
    return Answer(", ".join(words), {"units": dict(units)})


def _largest(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.max()) if len(finite) else 0.0


def check_one_size(run: AnyArray, names: AnyArray, params: Array, kind: str) -> list[Finding]:
    """Ask which column names the run, if rows of one run differ in N by more than rounding."""
    order = np.lexsort((params, run))
    order = order[np.isfinite(params[order])]
    same = run[order][1:] == run[order][:-1]
    with np.errstate(all="ignore"):  # zero and the smallest floats are not real sizes; other findings report them
        differ = same & (np.abs(params[order][1:] / params[order][:-1] - 1) > 1e-3)
    if not differ.any():
        return []
    first = order[1:][differ][0]
    message = f"rows of the run {str(names[first])!r} differ in {kind}: this column does not identify runs"
    fix = (
        'name the column that identifies runs with columns={"run": "..."}, or pass columns={"run": None} '
        "(CLI: --column run=...)"
    )
    none = Answer("no column names the run: each row is a run", {"columns": {"run": ""}})
    return [Finding("RUNS_PARAMS_VARY", Grade.ASK, message, int(differ.sum()), fix, (none,))]


def check_design(observations: Observations, inputs: Sequence[str], n_coefs: int) -> list[Finding]:
    """Return findings on rows that cannot determine a law with these inputs and coefficients.

    Args:
        observations: the rows a fit would see, complete in the inputs.
        inputs: quantities the law takes.
        n_coefs: free coefficients, k.
    """
    rows = len(observations)
    found = _few(rows, n_coefs)
    if rows < 2:
        return found
    x = observations.inputs(inputs)
    logs = {name: _scaled(values) for name, values in numbers(x).items()}
    spans = {name: float(np.ptp(values)) for name, values in logs.items()}
    for name, span in spans.items():
        low, high = observations.domain()[name]
        if span < _CONSTANT:
            message = f"{name} is {format_number(high)} in every row: the exponent of a constant input cannot be fitted"
            fix = f"add runs that differ in {name}, or fit a law without it"
            found.append(Finding("DESIGN_CONSTANT", Grade.REFUSE, message, rows, fix))
        elif span < _NARROW and name not in METRICS:
            message = f"{name} spans only {format_number(low)} to {format_number(high)}, less than half a decade"
            fix = f"add runs over a wider range of {name}"
            found.append(Finding("DESIGN_NARROW", Grade.WARN, message, rows, fix))
    found += [finding for name in inputs if kind_of(name) == "vector" for finding in _shares(name, x[name])]
    return found + _collinear({name: logs[name] for name in spans if spans[name] >= _CONSTANT})


def _shares(name: str, shares: Array) -> list[Finding]:
    """Refuse mixtures whose shares do not vary in every independent direction."""
    moved = np.linalg.svd(shares - shares.mean(axis=0), compute_uv=False)
    rank, wanted = int(np.sum(moved > _SHARE_SPREAD * np.sqrt(len(shares)))), shares.shape[1] - 1
    if rank >= wanted:
        return []
    message = (
        f"{name} varies in only {rank} of {wanted} independent directions: "
        "the shares of some domains are determined by the other shares"
    )
    fix = "add runs of other mixtures, or pool the domains that vary together"
    return [Finding("DESIGN_COLLINEAR", Grade.REFUSE, message, len(shares), fix)]


def _scaled(values: Array) -> Array:
    """Return logarithms; for an input that may be zero, arcsinh in units of its standard deviation."""
    return np.log(values) if np.all(values > 0) else np.arcsinh(values / max(float(np.std(values)), 1e-300))


def _few(rows: int, n_coefs: int) -> list[Finding]:
    rows_for = f"{counted(rows, 'row')} for {n_coefs} coefficients"
    if rows < n_coefs:
        fix = "add runs, or fix or tie coefficients"
        return [Finding("DESIGN_TOO_FEW_ROWS", Grade.REFUSE, f"{rows_for}: the law cannot be fitted", rows, fix)]
    if rows < n_coefs + 3:
        return [Finding("DESIGN_FEW_ROWS", Grade.WARN, f"{rows_for}: too few to judge the fit", rows)]
    return []


def _collinear(logs: Mapping[str, Array]) -> list[Finding]:
    """Return findings on inputs that are linear in the earlier ones, on logarithmic scales."""
    found: list[Finding] = []
    names = list(logs)
    for at in range(1, len(names)):
        name, others = names[at], names[:at]
        y = logs[name]
        design = np.column_stack([np.ones(len(y)), *(logs[other] for other in others)])
        slopes = np.linalg.lstsq(design, y, rcond=None)[0]
        sd = float(np.std(y - design @ slopes))
        r2 = 1 - sd**2 / float(np.var(y))
        if sd >= _COLLINEAR_SD and r2 <= _COLLINEAR_R2:
            continue
        relation = _relation(name, others, slopes, float(np.mean(y - logs[others[0]])))
        fix = f"add runs that vary {name} at the same {others[-1]}, or fit a law of only one"
        if sd < _COLLINEAR_SD:
            message = f"{relation} in every row: their exponents cannot be separated"
            found.append(Finding("DESIGN_COLLINEAR", Grade.REFUSE, message, len(y), fix))
        else:
            message = f"{relation} in nearly every row (R2 {r2:.3f}): their exponents can hardly be separated"
            found.append(Finding("DESIGN_NEARLY_COLLINEAR", Grade.WARN, message, len(y), fix))
    return found


def _relation(name: str, others: Sequence[str], slopes: AnyArray, log_ratio: float) -> str:
    if len(others) > 1:
        return f"{name} follows from {' and '.join(others)}"
    if abs(slopes[1] - 1) < 0.02:
        return f"{name} = {format_number(math.exp(log_ratio), 3)} x {others[0]}"
    return f"{name} varies as {others[0]}**{slopes[1]:.2f}"
