"""The shipped ladder: forecasts from its cheapest decade for runs with ten times the compute and more."""

import time
from collections.abc import Iterator

import numpy as np

import scalelaw as sl
from evidence._row import Row
from scalelaw.designing.assumed import SHARED
from scalelaw.runs.table import RunTable
from scalelaw.workflows.demo.demo import seed_noise
from scalelaw.workflows.demo.held_out_forecast import LEVEL, counted

NAME, DECADE, BUDGET = "cpu-ladder", 10.0, 5.4e12
BUDGETS = 2e11, 6e11, 1.8e12, 5.4e12


def measure() -> Iterator[Row]:
    """Yield the rows."""
    table, card = sl.datasets.load(NAME), sl.datasets.card(NAME)
    yield _trained(table, card)
    yield _branches(table)
    yield _beyond_the_decade(table)
    yield _frozen(card)
    yield _optima(table)


def _trained(table: RunTable, card: dict) -> Row:
    flops, noise = table.values("flops"), seed_noise(table)
    decades = float(np.log10(flops.max() / flops.min()))
    measured = (
        f"{len(flops)} runs over {decades:.2f} decades of compute, {card['cpu_s'] / 3600:.2f} hours of one core on "
        f"{card['hardware']}, {card['made']}; seeds differ by {noise:.2%} (standard deviation)"
    )
    return Row(
        "cpu-ladder: training took an hour or more on two cores; seed noise", measured,
        noise is not None and card["cpu_s"] >= 7200,
        "make cpu-ladder", 0.0,
    )  # fmt: skip


def _branches(table: RunTable) -> Row:
    """Split the differences between two seeds into what all horizons of a trunk share and what each has of its own."""
    rows = table.endpoints()
    losses: dict[tuple[float, float], list[float]] = {}
    for params, tokens, loss in zip(rows.columns["params"], rows.columns["tokens"], np.log(rows.y), strict=True):
        losses.setdefault((params, tokens), []).append(loss)
    apart: dict[float, list[float]] = {}
    for (params, _), pair in losses.items():
        if len(pair) == 2:
            apart.setdefault(params, []).append(pair[0] - pair[1])
    own = np.mean([np.var(each, ddof=1) for each in apart.values()])
    shared = 1 - own / np.mean([np.mean(np.square(each)) for each in apart.values()])
    return Row(
        "losses of branches of one trunk are correlated as designs assume",
        f"correlation {shared:.2f} over {len(apart)} widths trained twice; assumed {SHARED:g}",
        abs(shared - SHARED) <= 0.2, "scalelaw ladder design", 0.0,
    )  # fmt: skip


def _beyond_the_decade(table: RunTable) -> Row:
    """Fit the ensemble to the cheapest decade; forecast runs with ten times its largest compute and more."""
    before = time.process_time()
    rows = counted(table.endpoints())
    flops = rows.columns["flops"]
    cheap = flops <= DECADE * flops.min()
    dear = flops >= DECADE * flops[cheap].max()
    mixture = sl.forecast(rows.rows(cheap))
    told = mixture.predict(rows.rows(dear).inputs(mixture.inputs), LEVEL, "new_run")
    assert told.lo is not None and told.hi is not None
    loss = rows.y[dear]
    error, inside = np.abs(told.mean / loss - 1), (told.lo <= loss) & (loss <= told.hi)
    reach = flops[dear].max() / flops[cheap].max()
    measured = (
        f"{cheap.sum()} runs fitted, {dear.sum()} forecast at {DECADE:g} to {reach:.3g} times: mean error "
        f"{error.mean():.2%}, largest {error.max():.2%}; {inside.sum()} of {dear.sum()} inside {LEVEL:.0%}"
    )
    return Row(
        "fitted on the cheapest decade, runs with >= 10 times the compute: mean error <= 3 %, coverage near nominal",
        measured, bool(error.mean() <= 0.03 and inside.mean() >= LEVEL - 0.15), "sl.forecast",
        time.process_time() - before,
    )  # fmt: skip


def _frozen(card: dict) -> Row:
    told = card["forecasts"]
    inside = sum(each["interval90"][0] <= each["measured"] <= each["interval90"][1] for each in told)
    errors = ", ".join(f"{each['run']} {each['value'] / each['measured'] - 1:+.1%}" for each in told)
    return Row(
        "forecasts frozen before their runs hold", f"{inside} of {len(told)} inside 90 %: {errors}",
        inside >= 0.8 * len(told), 'datasets.card("cpu-ladder")', 0.0,
    )  # fmt: skip


def _optima(table: RunTable) -> Row:
    """Put the optimum by IsoFLOP, by the envelope and by a law side by side; a trunk's horizons are its curve."""
    before = time.process_time()
    columns = {name: table.values(name) for name in ("params", "tokens", "flops", "loss")}
    trunks = [label.rpartition("-")[0] for label in table.values("label")]
    found = {
        each.name: each
        for each in sl.allocation.approaches(table, flops=BUDGET, budgets=BUDGETS, tolerance=0.01).approaches
        if each.name != "envelope"
    }
    curves = sl.allocation.approaches(sl.load_runs({"run": trunks, **columns}), flops=BUDGET)
    found |= {each.name: each for each in curves.approaches if each.name == "envelope"}
    said = []
    for name, each in found.items():
        if each.skipped or each.params is None or each.exponent is None:
            said.append(f"{name}: {each.skipped}")
            continue
        params, span = each.params.texts(3)
        exponent, _ = each.exponent.texts(3)
        said.append(f"{name} {params} ({span}), exponent {exponent}")
    return Row(
        f"N* at {BUDGET:.0e} FLOP by IsoFLOP, envelope and law", "; ".join(said),
        all(not each.skipped for each in found.values()), "sl.allocation.approaches", time.process_time() - before,
    )  # fmt: skip
