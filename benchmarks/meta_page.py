"""The page of the meta-analysis: its tables, and what they say of each of the guide's ten rules, in figures."""

from collections.abc import Sequence

import numpy as np

import meta_analysis as meta
from meta_analysis import FORMS, QUICK, REACH, Case, by_source, measured, of, reach_text, summary

POOLED = ("its own data set", "all data sets of the source")
HEAD = """# Which runs, how many, how far

Written by `make meta`: {fits} fits of {tables} tables from {sources} sources in {seconds:.0f} CPU seconds; {failed}
more failed because the rows do not determine the coefficients. The error of a fit is |forecast - measured| / measured
on held-out runs, all with more parameters or more compute. A cell is a median of medians: over the fits of a table,
over the tables of a source, then over sources. Brackets hold the number of sources and of fits.
`benchmarks/meta_analysis.py` makes the fits.
"""


def page() -> str:
    """Return the page."""
    cases, seconds = measured()
    made = [case for case in cases if case.error is not None]
    head = HEAD.format(fits=len(made), tables=len({case.table for case in cases}), failed=len(cases) - len(made),
                       sources=len({case.source for case in cases}), seconds=seconds)  # fmt: skip
    parts = [head, data(), models(), runs(), reach(), few(), pooled(), rules()]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def data() -> str:
    choices = list(dict.fromkeys(case.choice for case in of("data")))
    rows = [[choice, *(_cell(of("data", form, choice)) for form in FORMS)] for choice in choices]
    return f"""## Which checkpoints to fit

Each law is fitted to checkpoints of the smaller models of a family (GPT-3, OPT, datablations, Gemstones) and scored on
the last loss of a larger model. *No fit* counts targets for which the law cannot be fitted: if all runs of a family saw
equal tokens, their final losses do not determine the exponent of tokens.

{_table(["fitted to", *FORMS], rows)}"""


def models() -> str:
    counts = sorted({int(case.choice.split()[0]) for case in of("models")})
    hows = ("nearest", "any", "smallest")
    rows = [[str(count), *(_cell(of("models", None, f"{count} {how}")) for how in hows)] for count in counts]
    return f"""## How many models, and which

These are the same families. Chinchilla's form is fitted to the checkpoints after the first tenth of each run, of this
many models. *Nearest* takes the models closest in size to the target, *smallest* the smallest models, and *any*
{meta.DRAWN} random draws.

{_table(["models", *hows], rows)}"""


def runs() -> str:
    counts = sorted({int(case.choice) for case in of("runs")})
    rows = [
        [str(count), *(cell for form in QUICK for cell in (_cell(of("runs", form, str(count))), _against(form, count)))]
        for count in counts
    ]
    head = ["runs", *(cell for form in QUICK for cell in (form, "relative to 8 runs"))]
    return f"""## How many runs

Tables of finished runs: {meta.DRAWN} random draws of this many runs from the half with less compute,
scored on the half with more. Tables with many runs are harder to forecast, so a second column divides the error by
that of 8 runs from the same tables.

{_table(head, rows)}"""


def reach() -> str:
    rows = []
    for low, high in REACH:
        name = reach_text(low, high)
        rows.append([name, *(_cell(of("reach", form, name)) for form in FORMS)])
    return f"""## How far

Tables of finished runs are cut at four levels of compute. The law is fitted to the runs below a cut and scored on those
above. *Reach* is the compute of a scored run over that of the largest fitted run.

{_table(["reach in compute", *FORMS], rows)}"""


def few() -> str:
    choices = ("five free", "alpha = beta", "borrowed exponents")
    counts = sorted({int(case.choice.split()[0]) for case in of("few")})
    rows = [
        [str(count), *(_cell(of("few", None, f"{count} runs, {choice}")) for choice in choices)] for count in counts
    ]
    return f"""## A handful of runs

Chinchilla's form is fitted to 3 to 12 runs of the half with less compute. The columns compare five free coefficients,
one exponent for both terms, and exponents borrowed from published studies (`prior="literature"`).

{_table(["runs", *choices], rows)}"""


def pooled() -> str:
    choices = POOLED
    sources = sorted(by_source(of("pooled", None, choices[0])))
    errors = [by_source(of("pooled", None, choice)) for choice in choices]
    rows = [[source, *(f"{each[source]:.2%}" for each in errors)] for source in sources]
    return f"""## Pooling data sets

One law forecasts the large runs of a data set. It is fitted to the small runs of that data set, or to those of all data
sets of its source.

{_table(["source", *choices], rows)}"""


def rules() -> str:
    rows = [
        ["1 report the error of forecasts", "`GUIDE_NO_HELD_OUT`", _errors()],
        ["2 seeds move a loss by up to 4 %", "`GUIDE_NO_SEEDS`", _seeds()],
        ["3 fit every checkpoint", "`GUIDE_ENDS_ONLY`", _verdict("every checkpoint", "the end of each run")],
        ["4 drop the first tenth", "`GUIDE_EARLY`", _verdict("after the first 10%", "every checkpoint")],
        ["4 cutting more does not help", "`GUIDE_EARLY`", _verdict("after the first 10%", "after the first 50%")],
        ["5 five models or more", "`GUIDE_FEW_SIZES`", _counted()],
        ["6 models near the target", "`GUIDE_FAR`", _nearness()],
        ["7 a third of a run predicts its end", "`GUIDE_A_THIRD`", "measured in [Evidence](evidence.md)"],
        ["8 few runs: borrow exponents", "`GUIDE_BORROW`", _borrowing("borrowed exponents")],
        ["9 three coefficients of five", "`GUIDE_FIVE_FREE`", _borrowing("alpha = beta")],
        ["10 do not pool", "`GUIDE_POOLED`", _pooling()],
    ]  # fmt: skip
    return f"""## The ten rules on these tables

Each row is a rule that `scalelaw runs check` applies, with the evidence from the tables above.

{_table(["rule of the guide", "finding", "here"], rows)}"""


def _errors() -> str:
    near, far = (summary(of("reach", "chinchilla", reach_text(*REACH[at])))[0] for at in (0, 2))
    return f"median error {near:.1%} within {REACH[0][1]}x of compute, {far:.1%} at {reach_text(*REACH[2])}"


def _seeds() -> str:
    floors = [floor for table in meta.of_ends() if (floor := meta.seed_floor(table)) is not None]
    said = ", ".join(f"{floor:.1%}" for floor in sorted(floors)) or "not known"
    return f"seeds alone: {said} of the loss, on the {len(floors)} of {len(meta.of_ends())} tables with replicate runs"


def _verdict(rule: str, other: str) -> str:
    """Tell two choices of data against each other, each with the law that does best with it."""
    ours, theirs = (min(summary(of("data", form, choice))[0] for form in FORMS) for choice in (rule, other))
    wins = sum(_won(of("data", form, rule), of("data", form, other)) for form in FORMS)
    total = sum(len(set(by_source(of("data", form, rule))) & set(by_source(of("data", form, other)))) for form in FORMS)
    held = _judged(ours < theirs, 2 * wins >= total)
    return (
        f"{held}: {ours:.2%} against {theirs:.2%} ({other}), each with its best law; "
        f"better in {wins} of {total} pairs of law and source"
    )


def _counted() -> str:
    two, five = (by_source(of("models", None, f"{count} any")) for count in (2, 5))
    both = sorted(set(two) & set(five))
    said = ", ".join(f"{five[each]:.2%} against {two[each]:.2%} ({each})" for each in both)
    return f"{_judged(*(five[each] < two[each] for each in both))}: five models against two: {said}"


def _nearness() -> str:
    near, small = (summary(of("models", None, f"4 {how}"))[0] for how in ("nearest", "smallest"))
    far = summary(of("reach", "chinchilla", reach_text(*REACH[3])))
    beyond = f"beyond 34x {far[0]:.1%} ({far[1]} sources)"
    return f"{_judged(near < small)}: {near:.2%} from the four nearest, {small:.2%} from the four smallest; {beyond}"


def _borrowing(choice: str) -> str:
    said, held = [], []
    for count in (6, 12):
        free, other = (summary(of("few", None, f"{count} runs, {each}"))[0] for each in ("five free", choice))
        held.append(other < free)
        what = "" if said else " with five free coefficients"
        said.append(f"{other:.2%} against {free:.2%}{what} ({count} runs)")
    return f"{_judged(*held)}: {', '.join(said)}"


def _pooling() -> str:
    own, whole = (
        by_source(of("pooled", None, choice)) for choice in ("its own data set", "all data sets of the source")
    )
    said = "; ".join(f"alone {own[each]:.1%}, pooled {whole[each]:.1%} ({each})" for each in sorted(own))
    return f"{_judged(*(own[each] < whole[each] for each in own))}: {said}"


def _won(ours: Sequence[Case], theirs: Sequence[Case]) -> int:
    own, other = by_source(ours), by_source(theirs)
    return sum(own[source] < other[source] for source in set(own) & set(other))


def _against(form: str, count: int) -> str:
    """Return the median over sources of the error relative to 8 runs of the same tables."""
    ratios: dict[str, list[float]] = {}
    for source, table in sorted({(case.source, case.table) for case in of("runs", form, str(count))}):
        errors = [
            [case.error for case in of("runs", form, str(each)) if case.table == table and case.error is not None]
            for each in (count, 8)
        ]
        if all(errors):
            ratios.setdefault(source, []).append(float(np.median(errors[0]) / np.median(errors[1])))
    return f"{np.median([np.median(each) for each in ratios.values()]):.2f}" if ratios else "-"


def _cell(cases: Sequence[Case]) -> str:
    if not cases:
        return "-"
    error, sources, fits, failed = summary(cases)
    if not fits:
        return f"no fit ({failed})"
    return f"{error:.2%} ({sources}; {fits}{f', no fit {failed}' if failed else ''})"


def _judged(*held: bool) -> str:
    """Return what several looks at one rule come to."""
    return "holds" if all(held) else "mixed" if any(held) else "**does not hold**"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{table}\n"
