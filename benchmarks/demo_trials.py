"""The demo's ladder on several seeds: is the held-out loss inside the band that was frozen before it was trained?

    python benchmarks/demo_trials.py [--trials 10] [--size small] [--out build/demo-trials] [--synthetic] [--to FILE]

Trial k fits one seed of the wide rungs and two of the narrowest, and forecasts one of the rung held out; no run is in
two trials. All that is fitted trains first, all forecasts are frozen, and then the held-out rungs train.
Stopped, the same command goes on, and --trials may grow. The table is printed as Markdown, and --to writes a page.
"""

import argparse
import platform
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from scalelaw.ladder import Ladder
from scalelaw.runs import RunTable, load_runs
from scalelaw.training.sweep import sweep
from scalelaw.workflows.demo import RUNS
from scalelaw.workflows.demo_ladders import SIZES, demo_ladder
from scalelaw.workflows.foretold import LAST, POWER, Foretold, foretell, recall


def repeated(ladder: Ladder, trials: int) -> Ladder:
    """Return the ladder with the seeds of all trials."""
    return replace(ladder, grids=tuple(replace(grid, seeds=grid.seeds * trials) for grid in ladder.grids))


def rows_of(table: RunTable, ladder: Ladder, trial: int) -> RunTable:
    """Return the fitted runs of a trial."""
    repeats = {rung.params: len(rung.seeds) for rung in ladder.fitted}
    params, seeds = table.values("params"), table.values("seed")
    wanted = [seed // repeats[n] == trial for n, seed in zip(params, seeds, strict=True)]
    return table.keep(np.array(wanted), f"of another trial than {trial}")


def foretold(ladder: Ladder, fitted: RunTable, folder: Path, trial: int) -> Foretold:
    """Return the forecast of a trial, frozen now or before."""
    path = folder / f"forecast-{trial}.json"
    rows = rows_of(fitted, ladder, trial)
    if path.exists():
        return recall(path, ladder, rows)
    whole = load_runs(folder / RUNS)
    if ((whole.values("params") == ladder.held_out[0].params) & (whole.values("seed") == trial)).any():
        raise SystemExit(f"{path} is missing, and the run it should forecast was begun")
    found = foretell(ladder, rows)
    found.frozen.save(path)
    return found


def shown(trials: Sequence[tuple[Foretold, float]], reach: float) -> str:
    """Return the table, and what it comes to."""
    head = ["trial", "forecast", "90 % band", "measured", "inside", "error", "of the drop", POWER, LAST]
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
            f"{error[POWER]:+.2%}", f"{error[LAST]:+.2%}",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    median = {name: np.median([abs(error[name]) for error in errors]) for name in errors[0]}
    said = ", ".join(f"{name} {value:.2%}" for name, value in median.items())
    lines += [
        "",
        f"Inside in {sum(inside)} of {len(inside)}, at {reach:.3g} times the dearest run fitted; median error: {said}; "
        f"half-width at most {max(widths):.1%} of the loss and {max(shares):.0%} of the drop.",
    ]
    return "\n".join(lines)


def page(table: str, ladder: Ladder, trials: int) -> str:
    """Return the table with how it came about."""
    size, held_out = ladder.name.removeprefix("demo-"), ladder.held_out[0].shape.width
    widths = ", ".join(str(rung.shape.width) for rung in ladder.fitted)
    how = f"""`python benchmarks/demo_trials.py --size {size}` (`make trials`): {ladder.name}, widths {widths} fitted on
    the standard library of Python {platform.python_version()}, width {held_out} held out. No run is in two trials;
    every forecast was frozen before any held-out run began. *Of the drop*: the error over how far the held-out run fell
    below the best fitted."""
    return f"# The demo on {trials} seeds\n\n{textwrap.fill(' '.join(how.split()), 120)}\n\n{table}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--size", choices=list(SIZES), default="small")
    parser.add_argument("--out", type=Path, default=Path("build/demo-trials"))
    parser.add_argument("--to", type=Path)
    parser.add_argument("--synthetic", action="store_true")
    asked = parser.parse_args()
    ladder = demo_ladder(asked.size, synthetic=asked.synthetic)
    many, runs = repeated(ladder, asked.trials), asked.out / RUNS
    fitted = sweep(many, runs, held_out=False).table
    told = [foretold(ladder, fitted, asked.out, trial) for trial in range(asked.trials)]
    measured = {row["seed"]: row["loss"] for row in sweep(many, runs, held_out=True).rows}
    done = [(each, measured[trial]) for trial, each in enumerate(told) if measured[trial] is not None]
    table = shown(done, told[0].reach)
    print(table)
    if asked.to is not None:
        asked.to.write_text(page(table, ladder, asked.trials))


if __name__ == "__main__":
    main()
