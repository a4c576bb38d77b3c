"""The demo's ladders on several seeds: is the held-out loss inside the band that was frozen before it was trained?

    python benchmarks/demo_trials.py [--trials 10] [--sizes small medium large] [--out build/demo-trials] [--to FILE]

Trial k fits one seed of the wide rungs and two of the narrowest, and forecasts one of the rung held out; no run is in
two trials of a ladder. The ladders have their narrow rungs in common, which are trained once. All that is fitted trains
first, all forecasts of a ladder are frozen, and then its held-out rung trains. Stopped, the same command goes on, and
--trials may grow. The tables are printed as Markdown, and --to writes a page.
"""

import argparse
import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from scalelaw.ladder import Ladder
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable
from scalelaw.training.train_ladder import train_ladder
from scalelaw.workflows.demo.demo import RUNS
from scalelaw.workflows.demo.held_out_forecast import BEST_RUN, POWER, HeldOutForecast, forecast_held_out, load_held_out
from scalelaw.workflows.demo.held_out_forecast import shown as name_of
from scalelaw.workflows.demo.ladders import SIZES, demo_ladder

_NAME = "demo-trials"
_INTRODUCTION = """\
`make trials` repeats the demo on these seeds and asks how often the frozen 90 % band contains the loss of the
held-out run. The models learn the standard library of Python {python}. A ladder's trials do not share runs, and every
forecast was frozen before any held-out run of its ladder began. The three ladders share their narrow runs, so lucky
and unlucky seeds affect all three.

- *of the drop*: the error as a share of the drop, which is the loss of the best fitted run minus the loss of the
  held-out run.
- The last two columns give the errors of two baselines: a power law in compute, fitted to the same runs, and the loss
  of the best fitted run.

"""


def repeated(ladder: Ladder, trials: int) -> Ladder:
    """Return the ladder with the seeds of all trials, under one name, so that runs of two ladders are the same."""
    grids = tuple(replace(grid, seeds=grid.seeds * trials) for grid in ladder.grids)
    return replace(ladder, name=_NAME, grids=grids)


def rows_of(table: RunTable, ladder: Ladder, trial: int) -> RunTable:
    """Return the fitted runs of a trial."""
    repeats = {rung.params: len(rung.seeds) for rung in ladder.fitted}
    params, seeds = table.values("params"), table.values("seed")
    wanted = [seed // repeats[n] == trial for n, seed in zip(params, seeds, strict=True)]
    return table.keep(np.array(wanted), f"of another trial than {trial}")


def held_out_forecast(ladder: Ladder, fitted: RunTable, folder: Path, trial: int) -> HeldOutForecast:
    """Return the forecast of a trial, frozen now or before."""
    path = folder / f"{ladder.name}-{trial}.json"
    rows = rows_of(fitted, ladder, trial)
    if path.exists():
        return load_held_out(path, ladder, rows)
    whole = load_runs(folder / RUNS)
    if ((whole.values("params") == ladder.held_out[0].params) & (whole.values("seed") == trial)).any():
        raise SystemExit(f"{path} is missing, and the run it should forecast was begun")
    found = forecast_held_out(ladder, rows)
    found.frozen.save(path)
    return found


def shown(trials: Sequence[tuple[HeldOutForecast, float]], reach: float) -> str:
    """Return the table of the trials and a summary."""
    head = [
        "trial",
        "forecast",
        "90 % band",
        "measured",
        "inside",
        "error",
        "of the drop",
        *map(name_of, (POWER, BEST_RUN)),
    ]
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    errors, widths, shares, inside = [], [], [], []
    for number, (told, loss) in enumerate(trials):
        drop = told.best - loss
        errors.append({name: band.value / loss - 1 for name, band in told.bands.items()})
        widths.append(told.half_width / told.band.value)
        shares.append(told.half_width / drop)
        inside.append(bool(told.band.holds(loss)))
        error = errors[-1]
        cells = [
            str(number), f"{told.band.value:.3f}", str(told.band), f"{loss:.3f}", "yes" if inside[-1] else "NO",
            f"{error[told.method]:+.2%}", f"{error[told.method] * loss / drop:+.0%}",
            f"{error[POWER]:+.2%}", f"{error[BEST_RUN]:+.2%}",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    median = {name: np.median([abs(error[name]) for error in errors]) for name in errors[0]}
    said = ", ".join(f"{name_of(name).replace(':', '')} {value:.2%}" for name, value in median.items())
    lines += [
        "",
        f"The band contains the measured loss in {sum(inside)} of {len(inside)} trials. "
        f"The held-out run has {reach:.3g} times the compute of the largest fitted run.",
        f"Median error: {said}.",
        f"The half-width of the band is at most {max(widths):.1%} of the loss and {max(shares):.0%} of the drop.",
    ]
    return "\n".join(lines)


def section(ladder: Ladder, table: str) -> str:
    """Return the table of a ladder under a heading."""
    widths = ", ".join(str(rung.shape.width) for rung in ladder.fitted)
    what = f"{ladder.name}: widths {widths} fitted, width {ladder.held_out[0].shape.width} held out"
    return f"## {what}\n\n{table}\n"


def page(sections: Sequence[str], trials: int) -> str:
    """Return the page: an introduction and the tables."""
    return f"# The demo on {trials} seeds\n\n{_INTRODUCTION.format(python=platform.python_version())}" + "\n".join(
        sections
    )


def tried(ladder: Ladder, trials: int, folder: Path) -> str:
    """Train what is not trained, forecasts between the fitted and the held-out, and return the table."""
    many, runs = repeated(ladder, trials), folder / RUNS
    fitted = train_ladder(many, runs, held_out=False).table
    told = [held_out_forecast(ladder, fitted, folder, trial) for trial in range(trials)]
    measured = {row["seed"]: row["loss"] for row in train_ladder(many, runs, held_out=True).rows}
    done = [(each, measured[trial]) for trial, each in enumerate(told) if measured[trial] is not None]
    return shown(done, told[0].reach)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=SIZES)
    parser.add_argument("--out", type=Path, default=Path("build/demo-trials"))
    parser.add_argument("--to", type=Path)
    parser.add_argument("--synthetic", action="store_true")
    asked = parser.parse_args()
    sections = []
    for size in asked.sizes:
        ladder = demo_ladder(size, synthetic=asked.synthetic)
        sections.append(section(ladder, tried(ladder, asked.trials, asked.out)))
        print(sections[-1], flush=True)
    if asked.to is not None:
        asked.to.write_text(page(sections, asked.trials))


if __name__ == "__main__":
    main()
