"""M1-M4 and BNSL on the 92 learning curves of Alabdulmohsin et al. 2022, ranked by how well they extrapolate.

Writes docs/learning_curves.md; needs SCALELAW_DATA. Argument: take every so-manieth curve only (1), and write nothing
unless all are taken.
"""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations

X = "examples_seen"
LAWS = {
    "M1": get("power", input=X, floor=False),
    "M2": get("power", input=X),
    "M3": get("m3", input=X),
    "M4": get("m4", input=X),
    "BNSL": get("bnsl", input=X),
}
SPEC = FitSpec(noise=Noise("squared"), starts=64, draws=0)
PARTS = {"vision": ("IC",), "language": ("NMT", "LM", "BB")}
DOMAINS = {"IC": "image classification", "NMT": "translation", "LM": "language modelling", "BB": "BIG-Bench"}

PAGE = """\
# Laws of learning curves

Written by `python benchmarks/learning_curves.py`. The data are the 92 curves of Alabdulmohsin et al. 2022 (arXiv
2209.06640), 72 of vision and 20 of language. They show error against training examples or tokens. The authors mark
points for fitting and hold out points at more examples. Each law is fitted by least squares on the logarithm, from 64
starts, and scored by the root mean square error of the logarithm on the held-out points. M1 is `power[floor=no]`, M2
`power`, M3 `m3`, M4 `m4`, BNSL `bnsl[breaks=1]`.

{summary}

*Best* is the share of curves on which the law extrapolates best. *Rank* is its mean rank; 1 is best. *Seconds* are CPU
seconds per curve. In-sample errors always fall from M1 to BNSL. Held-out errors do not, and no law is best everywhere.

From memory, Caballero et al. 2023 report BNSL best on 69 % of the vision curves and 75 % of the language curves. Their
protocol differs. They fit BNSL to ln(y + 1) from a grid, and, we believe, compare it with published fits of M1 to M4,
where M4 assumes a chance level of 0.999. Here all five laws have one objective, ln y, and the best of 64 starts. We did
not measure the effect of each difference.

## Curve by curve

The held-out error of each law; the best is bold.

{curves}
"""


@dataclass(frozen=True)
class Curve:
    """One curve: what it is of, and the error of each law held out and in sample, by name.

    Attributes:
        domain: key of ``DOMAINS``.
        task: task and model.
        held_out: root mean square error of the logarithm beyond the points fitted.
        fitted: the same on them.
        seconds: CPU seconds of each fit.
    """

    domain: str
    task: str
    held_out: dict[str, float]
    fitted: dict[str, float]
    seconds: dict[str, float]


def curves(data: Path, every: int = 1) -> Iterator[Curve]:
    """Yield the curves, fitted; rows that the file of language repeats count once."""
    folder = data / "alabdulmohsin_curves"
    tables = [pd.read_csv(folder / f"revisiting_{name}.csv").drop_duplicates() for name in ("vision", "lang")]
    for (domain, task, model), rows in list(pd.concat(tables).groupby(["Domain", "Task", "Model"]))[::every]:
        yield fitted(domain, f"{task} {model}", rows.sort_values("Seen Examples"))


def fitted(domain: str, task: str, rows: pd.DataFrame) -> Curve:
    """Return one curve with every law fitted to it."""
    x, y, seen = rows["Seen Examples"].to_numpy(float), rows.Loss.to_numpy(float), rows.Training.to_numpy() == 1
    n = int(seen.sum())
    observed = Observations("loss", {X: x[seen]}, y[seen], np.arange(n), np.ones(n), n, reduction="curves")
    errors, inside, seconds = {}, {}, {}
    for name, law in LAWS.items():
        before = time.process_time()
        fit = fit_observations(law, observed, SPEC)
        miss = np.log(law.predict(fit.coef, {X: x})) - np.log(y)
        errors[name], inside[name] = rms(miss[~seen]), rms(miss[seen])
        seconds[name] = time.process_time() - before
    return Curve(domain, task, errors, inside, seconds)


def rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


def summary(found: list[Curve]) -> str:
    """Return the table of laws by part and domain."""
    rows = [["curves", "n", "law", "mean error", "median error", "in sample", "best", "rank", "seconds"]]
    groups = {part: [c for c in found if c.domain in domains] for part, domains in PARTS.items()}
    groups |= {DOMAINS[key]: [c for c in found if c.domain == key] for key in PARTS["language"]}
    for title, group in groups.items():
        for name in LAWS:
            rows.append([title, str(len(group)), name, *_cells(group, name)])
    return markdown(rows)


def _cells(group: list[Curve], name: str) -> list[str]:
    own, inside = ([getattr(c, kind)[name] for c in group] for kind in ("held_out", "fitted"))
    ranks = [1 + sum(other < c.held_out[name] for other in c.held_out.values()) for c in group]
    best = np.mean([rank == 1 for rank in ranks])
    return [f"{np.mean(own):.4f}", f"{np.median(own):.4f}", f"{np.mean(inside):.4f}", f"{best:.1%}",
            f"{np.mean(ranks):.2f}", f"{np.mean([c.seconds[name] for c in group]):.2f}"]  # fmt: skip


def shares(found: list[Curve], part: str) -> dict[str, float]:
    """Return the share of the curves of a part on which each law is best."""
    group = [c for c in found if c.domain in PARTS[part]]
    return {name: float(np.mean([c.held_out[name] == min(c.held_out.values()) for c in group])) for name in LAWS}


def listing(found: list[Curve]) -> str:
    """Return the table of curves."""
    rows = [["domain", "curve", *LAWS]]
    for c in found:
        least = min(c.held_out.values())
        cells = [f"**{value:.4f}**" if value == least else f"{value:.4f}" for value in c.held_out.values()]
        rows.append([c.domain, c.task, *cells])
    return markdown(rows)


def markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def main(every: int) -> None:
    """Print the tables, and write the page where all curves were taken."""
    found = list(curves(Path(os.environ["SCALELAW_DATA"]), every))
    print(summary(found))
    if every == 1:
        page = PAGE.format(summary=summary(found), curves=listing(found))
        (Path(__file__).parent.parent / "docs" / "learning_curves.md").write_text(page)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
