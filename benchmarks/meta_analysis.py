"""Which runs to fit, how many and how far: over a thousand fits on every published table, into docs/meta-analysis.md.

After the meta-analysis of Choshen, Zhang and Andreas 2024 (arXiv 2410.11840), on the tables we have. A case is one fit
scored on runs it has not seen, by |forecast - measured| / measured. Cases are reduced to the median of a table, tables
to the median of a source (several tables of one study are one source), and sources stand beside each other.
Needs SCALELAW_DATA; ``make meta``.
"""

import os
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

import tables
from scalelaw.core.errors import BadTable, FitFailed, ScalelawError, ScalelawWarning
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import parse
from scalelaw.runs.observations import Observations
from scalelaw.workflows.benchmark.protocol import parts

PAGE = Path(__file__).parent.parent / "docs" / "meta-analysis.md"
STARTS = 8
DRAWN = 3
MOST_TABLES = 4
"""Tables taken of one source: more of one study are no more evidence."""
MOST_POINTS = 40
"""Checkpoints taken of one run, evenly over its tokens."""
FORMS = ("chinchilla", "kaplan_joint", "power[input=flops]")
QUICK = ("chinchilla", "power[input=flops]")
REACH = ((1, 3), (3, 10), (10, 34), (34, np.inf))
SEED = 20241015


@dataclass(frozen=True, eq=False)
class Table:
    """Rows that may stand in one fit: one size, tokens and compute a row, and the run of each.

    Attributes:
        source: who measured; tables of one source are one piece of evidence.
        name: of the table.
        x: params, tokens, flops, each (n,).
        y: loss, (n,).
        run: number of the run of each row, (n,).
    """

    source: str
    name: str
    x: dict[str, Array]
    y: Array
    run: AnyArray

    def observed(self, rows: AnyArray) -> Observations:
        """Return some rows as a fit sees them."""
        count = len(self.y[rows])
        x = {name: values[rows] for name, values in self.x.items()}
        return Observations("loss", x, self.y[rows], self.run[rows], np.ones(count), count)

    @property
    def ends(self) -> AnyArray:
        """Mask of the last row of each run, (n,)."""
        last = np.zeros(self.run.max() + 1)
        np.maximum.at(last, self.run, self.x["tokens"])
        return np.asarray(self.x["tokens"] == last[self.run])

    @property
    def share(self) -> Array:
        """Tokens of each row over those of the end of its run, (n,)."""
        last = np.zeros(self.run.max() + 1)
        np.maximum.at(last, self.run, self.x["tokens"])
        return self.x["tokens"] / last[self.run]


@dataclass(frozen=True)
class Case:
    """One fit, scored.

    Attributes:
        question: what it was fitted for.
        source: see ``Table``.
        table: name of the table.
        form: the law.
        choice: what was varied.
        reach: compute of the runs scored over the largest fitted.
        error: mean |relative error|, None where the law cannot be fitted to these rows.
    """

    question: str
    source: str
    table: str
    form: str
    choice: str
    reach: float
    error: float | None


def table_of(source: str, name: str, params: Array, tokens: Array, loss: Array, run: AnyArray) -> Table:
    """Return a table with its compute, C = 6 N D."""
    x = {"params": np.asarray(params, float), "tokens": np.asarray(tokens, float)}
    x["flops"] = 6 * x["params"] * x["tokens"]
    number = np.unique(np.asarray(run).astype(str), return_inverse=True)[1]
    kept = thinned(x["tokens"], number)
    return Table(source, name, {each: values[kept] for each, values in x.items()}, np.asarray(loss, float)[kept],
                 number[kept])  # fmt: skip


def thinned(tokens: Array, run: AnyArray) -> AnyArray:
    """Return the rows of each run that lie evenly over its tokens, its last among them."""
    kept = []
    for each in np.unique(run):
        own = np.flatnonzero(run == each)
        own = own[np.argsort(tokens[own], kind="stable")]
        wanted = np.linspace(tokens[own[0]], tokens[own[-1]], MOST_POINTS)
        kept.append(own[np.unique(np.searchsorted(tokens[own], wanted))] if len(own) > MOST_POINTS else own)
    return np.sort(np.concatenate(kept))


@cache
def of_ends() -> tuple[Table, ...]:
    """Return the tables of runs trained to their end, one row a run."""
    found = []
    for name, how in tables.described().items():
        if "skip" in how or how.get("use") == "curves":
            continue
        for part in parts(name, how, Path(os.environ["SCALELAW_DATA"])):
            try:
                law, rows = part.observe()
                rows = rows.complete(law.inputs)
            except ScalelawError:
                continue
            if sum(each.source == how["by"] for each in found) == MOST_TABLES:
                break
            params, tokens = (np.asarray(rows.columns[each], float) for each in law.inputs[:2])
            found.append(table_of(part.by, part.name, params, tokens, rows.y, rows.cluster))
    return tuple(found)


@cache
def of_curves() -> tuple[Table, ...]:
    """Return the families whose runs were evaluated along the way."""
    data = Path(os.environ["SCALELAW_DATA"])
    frame = pd.read_csv(data / "colpret" / "colpret_trajectories_subset.csv")
    found = [
        table_of(
            "brown2020" if "GPT" in str(name) else "zhang2022",
            str(name),
            part.N_params,
            part.D_tokens,
            part.loss,
            part.model,
        )
        for name, part in frame.groupby("family")
        if part.model.nunique() > 3
    ]
    frame = pd.read_parquet(data / "colpret" / "datablations_training_curves.parquet")
    for name, part in frame[frame.epochs <= 4].groupby("data"):
        run = part.N_params.astype(str) + "/" + part.epochs.astype(str)
        found.append(table_of("muennighoff2023", f"{name} curves", part.N_params, part.D_tokens, part.loss, run))
    how = tables.described()["gemstones_hot"]
    for each in parts("gemstones_hot", how, data):
        rows = each.runs.curves(each.project.target)
        params, tokens = (np.asarray(rows.columns[name], float) for name in ("params", "tokens"))
        found.append(table_of("gemstones2025", each.name, params, tokens, rows.y, rows.cluster))
    return tuple(found)


def fitted(
    question: str, table: Table, train: AnyArray, test: AnyArray, form: str, choice: str, spec: FitSpec | None = None
) -> Case:
    """Fit a form to some rows of a table, and score it on others."""
    reach = float(np.median(table.x["flops"][test]) / table.x["flops"][train].max()) if train.any() else np.nan
    try:
        law = parse(form if form != "kaplan_joint" else "kaplan_joint[n=params]")[0]
        fit = fit_observations(law, table.observed(train), spec or FitSpec(draws=0, starts=STARTS))
        forecast = fit.predict({name: table.x[name][test] for name in law.inputs}).mean
        error = float(np.mean(np.abs(forecast / table.y[test] - 1)))
    except (BadTable, FitFailed):
        error = None
    return Case(question, table.source, table.name, form, choice, reach, error)


def which_data() -> Iterator[Case]:
    """Fit families of curves by their ends, by all checkpoints, and by those after the start; score larger ends."""
    for table in of_curves():
        sizes = np.unique(table.x["params"])
        fewest = min(3, len(sizes) - 1)
        for size in sizes[fewest:][-5:]:
            below, test = table.x["params"] < size, (table.x["params"] == size) & table.ends
            choices = {"the end of each run": table.ends, "every checkpoint": np.ones(len(table.y), bool)}
            choices |= {f"after the first {share:.0%}": table.share >= share for share in (0.05, 0.1, 0.2, 0.3, 0.5)}
            choices["after 10B tokens"] = table.x["tokens"] >= 1e10
            for choice, rows in choices.items():
                for form in FORMS:
                    yield fitted("data", table, below & rows, test, form, choice)


def how_many_models() -> Iterator[Case]:
    """Fit families of curves by some of the smaller models: the nearest in size, or any; score the larger ends."""
    rng = np.random.default_rng(SEED)
    for table in of_curves():
        sizes, settled = np.unique(table.x["params"]), table.share >= 0.1
        for size in sizes[3:][-5:]:
            test = (table.x["params"] == size) & table.ends
            smaller = sizes[sizes < size]
            for count in range(2, min(len(smaller), 8) + 1):
                chosen = {"nearest": [smaller[-count:]], "smallest": [smaller[:count]]}
                chosen["any"] = [rng.choice(smaller, count, replace=False) for _ in range(DRAWN)]
                for how, subsets in chosen.items():
                    for subset in subsets if count < len(smaller) or how == "nearest" else []:
                        train = np.isin(table.x["params"], subset) & settled
                        yield fitted("models", table, train, test, "chinchilla", f"{count} {how}")


def windows(table: Table) -> Iterator[tuple[AnyArray, AnyArray]]:
    """Yield rows below a cut of compute, and the four or more above it."""
    cost = table.x["flops"]
    for share in (0.3, 0.5, 0.7, 0.85):
        cut = np.quantile(cost, share)
        below, above = cost < cut, cost > cut * 1.1
        if below.sum() >= 8 and above.sum() >= 4:
            yield below, above


def how_many_runs() -> Iterator[Case]:
    """Fit some of the cheaper runs of a table of ends; score the dearer ones."""
    rng = np.random.default_rng(SEED)
    for table in of_ends():
        for below, above in list(windows(table))[1:2]:
            pool = np.flatnonzero(below)
            for count in (5, 8, 12, 16, 24, 48):
                for _ in range(DRAWN if count < len(pool) else 0):
                    train = np.zeros(len(below), bool)
                    train[rng.choice(pool, count, replace=False)] = True
                    for form in QUICK:
                        yield fitted("runs", table, train, above, form, str(count))


def how_far() -> Iterator[Case]:
    """Fit all that is cheaper than a cut; score what is dearer, by how much dearer it is."""
    for table in of_ends():
        for below, above in windows(table):
            far = table.x["flops"] / table.x["flops"][below].max()
            for low, high in REACH:
                test = above & (far >= low) & (far < high)
                for form in FORMS if test.any() else ():
                    yield fitted("reach", table, below, test, form, reach_text(low, high))


def borrowed() -> Iterator[Case]:
    """Fit a handful of runs with all five coefficients free, with equal exponents, and with borrowed ones."""
    rng = np.random.default_rng(SEED)
    plain = FitSpec(draws=0, starts=STARTS)
    specs = {
        "five free": plain,
        "alpha = beta": FitSpec(draws=0, starts=STARTS, ties={"alpha": "beta"}),
        "borrowed exponents": FitSpec(draws=0, starts=STARTS, prior="literature"),
    }
    for table in of_ends():
        for below, above in list(windows(table))[1:2]:
            pool = np.flatnonzero(below)
            for count in (3, 4, 6, 12):
                for _ in range(DRAWN if count < len(pool) else 0):
                    train = np.zeros(len(below), bool)
                    train[rng.choice(pool, count, replace=False)] = True
                    for choice, spec in specs.items():
                        yield fitted("few", table, train, above, "chinchilla", f"{count} runs, {choice}", spec)


def pooled() -> Iterator[Case]:
    """Fit the cheaper runs of one data set, or of all data sets of a source together; score the dearer of one."""
    by_source = defaultdict(list)
    for table in of_ends():
        by_source[table.source].append(table)
    for members in by_source.values():
        alike = [each for each in members if each.source == "gadre2024" or "standard val" in each.name]
        for table in alike:
            below, above = list(windows(table))[1]
            others = [each for each in alike if each is not table]
            cut = table.x["flops"][below].max()
            parts = [(table, below), *((each, each.x["flops"] <= cut) for each in others)]
            x = {name: np.concatenate([each.x[name][rows] for each, rows in parts]) for name in table.x}
            y = np.concatenate([each.y[rows] for each, rows in parts])
            whole = Table(table.source, table.name, {name: np.append(x[name], table.x[name][above]) for name in x},
                          np.append(y, table.y[above]), np.arange(len(y) + above.sum()))  # fmt: skip
            train = np.arange(len(whole.y)) < len(y)
            yield fitted("pooled", table, below, above, "chinchilla", "its own data set")
            yield fitted("pooled", whole, train, ~train, "chinchilla", "all data sets of the source")


QUESTIONS = (which_data, how_many_models, how_many_runs, how_far, borrowed, pooled)


def reach_text(low: float, high: float) -> str:
    """Return a bin of reach as the page names it."""
    return f"{low:g}-{high:g}x" if np.isfinite(high) else f"> {low:g}x"


def by_source(cases: Sequence[Case]) -> dict[str, float]:
    """Return the error of each source: the median over its tables of the median over their fits."""
    errors: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        if case.error is not None:
            errors[case.source][case.table].append(case.error)
    return {source: float(np.median([np.median(each) for each in of.values()])) for source, of in errors.items()}


def summary(cases: Sequence[Case]) -> tuple[float, int, int, int]:
    """Return the median error over sources, how many sources, fits, and fits that could not be made there are."""
    own = by_source(cases)
    failed = sum(case.error is None for case in cases)
    return float(np.median(list(own.values()))) if own else float("nan"), len(own), len(cases) - failed, failed


@cache
def measured() -> tuple[tuple[Case, ...], float]:
    """Return every case, and the CPU seconds they took."""
    before = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        cases = tuple(case for question in QUESTIONS for case in question())
    return cases, time.process_time() - before


def of(question: str, form: str | None = None, choice: str | None = None) -> list[Case]:
    """Return the cases of a question, of one form or choice where it is named."""
    return [
        case
        for case in measured()[0]
        if case.question == question and form in (None, case.form) and choice in (None, case.choice)
    ]


def seed_floor(table: Table) -> float | None:
    """Return the noise between runs with equal inputs, over the loss; None where no two runs have them."""
    rows = table.observed(np.ones(len(table.y), bool))
    floor = fit_observations(parse("chinchilla")[0], rows, FitSpec(draws=0, starts=STARTS)).seed_floor
    return None if floor is None else float(floor.sd)


if __name__ == "__main__":
    import meta_analysis  # the very module that meta_page reads, so that nothing is measured twice
    import meta_page

    if "SCALELAW_DATA" not in os.environ:
        raise SystemExit("the meta-analysis needs SCALELAW_DATA, the folder that holds the published tables")
    PAGE.write_text(meta_page.page())
    cases, seconds = meta_analysis.measured()
    print(f"{len(cases)} cases in {seconds:.0f} CPU s; written to {PAGE}")
