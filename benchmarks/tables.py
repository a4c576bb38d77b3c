"""Loads, reduces, fits and backtests every published table that benchmarks/tables.toml describes; prints one line each.

``python benchmarks/tables.py`` does all and writes docs/tables.md; names do some and only print. Needs SCALELAW_DATA.
"""

import os
import sys
import tomllib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.backtesting.backtest import backtest_observations
from scalelaw.core.errors import ScalelawError, ScalelawWarning
from scalelaw.core.rendering import table
from scalelaw.fitting.fit import fit_observations, make_spec
from scalelaw.workflows.benchmark.protocol import parts

HERE = Path(__file__).parent
DRAWS = 200
PAGE = """# Published tables, fitted

Written by `make tables`. It reads each table as `benchmarks/tables.toml` describes, drops unusable rows and fits
Chinchilla's form with Huber's loss. *Error* and *inside 90 %* are means over a backtest's cuts along compute: the law
is fitted below each cut and scored above it. The intervals ignore that the form itself may be wrong.

```text
{table}
```
"""


@dataclass(frozen=True)
class Line:
    """What became of one table, or of one part of it."""

    name: str
    read: int
    set_aside: int
    fitted: int
    error: float | None
    coverage: float | None
    said: str

    def cells(self) -> list[str]:
        """Return the line as text."""
        error = "" if self.error is None else f"{self.error:.2%}"
        coverage = "" if self.coverage is None else f"{self.coverage:.0%}"
        return [self.name, str(self.read), str(self.set_aside), str(self.fitted), error, coverage, self.said]


def described() -> dict[str, dict[str, Any]]:
    """Return every table of tables.toml, by name."""
    return tomllib.loads((HERE / "tables.toml").read_text())


def lines(name: str, how: dict[str, Any]) -> Iterator[Line]:
    """Yield what became of a table."""
    if "skip" in how:
        yield Line(name, 0, 0, 0, None, None, f"not fitted: {how['skip']}")
        return
    for part in parts(name, how, Path(os.environ["SCALELAW_DATA"])):
        try:
            law, observed = part.observe()
            fitted = fit_observations(law, observed, make_spec(draws=0))
            tested = backtest_observations(law, observed, make_spec(draws=DRAWS))
        except ScalelawError as error:
            yield Line(part.name, part.runs.read, 0, 0, None, None, str(error))
            continue
        scores = [cut.score for cut in tested.cuts if cut.axis == "flops" and cut.score]
        inside = [score.observed for score in scores if score.observed is not None]
        aside = sum(left.n for left in fitted.rows.set_aside)
        warned = ", ".join(dict.fromkeys(finding.code for finding in fitted.findings if finding.grade == "warn"))
        yield Line(
            part.name, fitted.rows.read, aside, len(fitted.rows.y),
            float(np.mean([score.mean_abs_rel_error for score in scores])) if scores else None,
            float(np.mean(inside)) if inside else None, warned,
        )  # fmt: skip


def main(wanted: list[str]) -> None:
    """Print the table of tables."""
    warnings.simplefilter("ignore", ScalelawWarning)
    rows = [["table", "read", "excluded", "fitted", "error", "inside 90 %", "warnings"]]
    for name, how in described().items():
        if not wanted or name in wanted:
            rows += [line.cells() for line in lines(name, how)]
    text = table(rows, right=range(1, 6), indent="")
    print(text)
    if not wanted:
        (HERE.parent / "docs" / "tables.md").write_text(PAGE.format(table=text))


if __name__ == "__main__":
    if "SCALELAW_DATA" not in os.environ:
        sys.exit("tables needs SCALELAW_DATA, the folder that holds the published tables")
    main(sys.argv[1:])
