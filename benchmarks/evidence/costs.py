"""What an answer costs on a table of 42 runs, beside the import of numpy and scipy.optimize in the same minute."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from evidence._row import Row, run

TABLE = "src/scalelaw/datasets/synthetic-ladder.csv"
WITHIN = {"plan": 2.0, "forecast": 2.7, "study": 3.7, "robustness": 4.2, "report": 6.7}
"""Command -> most CPU time, in imports of numpy and scipy.optimize: 1.2 to 4 s where that import takes 0.6 s."""
_ROUNDS = 3


def measure() -> Iterator[Row]:
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = folder  # compiled once, as an installed package is
        page = str(Path(folder) / "report.html")
        commands = {name: ("scalelaw", name, TABLE, *(["--to", page] if name == "report" else [])) for name in WITHIN}
        commands = {"import": ("python", "-c", "import numpy, scipy.optimize"), **commands}
        rounds = [{name: run(*words)[1] for name, words in commands.items()} for _ in range(_ROUNDS + 1)][1:]
    least = {name: min(each[name] for each in rounds) for name in commands}
    for name, limit in WITHIN.items():
        times = least[name] / least["import"]
        yield Row(
            f"{name} <= {limit:g} times the import of numpy and scipy.optimize",
            f"{times:.1f} times: {least[name]:.2f} s, the import {least['import']:.2f} s",
            times <= limit,
            f"scalelaw {name} {TABLE}",
            least[name],
        )
