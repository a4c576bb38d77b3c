"""Cost of an answer on a table of 42 runs, compared with the import of numpy and scipy.optimize."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evidence._row import Row, run

TABLE = "src/scalelaw/datasets/synthetic-ladder.csv"
WITHIN = {"plan": 2.0, "forecast": 2.7, "study": 3.7, "robustness": 4.2, "report": 6.7}
"""Command -> most CPU time, in imports of numpy and scipy.optimize: 1.2 to 4 s where that import takes 0.6 s."""
_ROUNDS = 3
LARGE = {"fit": (100_000, ("--law", "chinchilla")), "forecast": (20_000, ())}
"""Command -> rows of a simulated table, and options; each within ten CPU seconds."""
_MOST_SECONDS = 10.0


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
    yield from _large()


def _large() -> Iterator[Row]:
    """Yield what a fit and a forecast of very many rows cost."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (rows, options) in LARGE.items():
            file = Path(folder) / f"{rows}.csv"
            file.write_text(simulated(rows), encoding="utf-8")
            _, seconds = run("scalelaw", name, str(file), *options)
            yield Row(
                f"{name} of {rows} runs <= {_MOST_SECONDS:g} CPU s",
                f"{seconds:.1f} s",
                seconds <= _MOST_SECONDS,
                f"scalelaw {name} runs.csv {' '.join(options)}".strip(),
                seconds,
            )


def simulated(rows: int) -> str:
    """Return a table of runs with 0.5 % noise around a law of params and tokens."""
    rng = np.random.default_rng(0)
    params = 10 ** rng.uniform(7, 10, rows)
    tokens = params * 10 ** rng.uniform(0.5, 2.5, rows)
    loss = (1.69 + 406 / params**0.34 + 411 / tokens**0.28) * np.exp(0.005 * rng.standard_normal(rows))
    lines = (f"r{i},{n:.6g},{d:.6g},{y:.6f}" for i, (n, d, y) in enumerate(zip(params, tokens, loss, strict=True)))
    return "\n".join(["run,params,tokens,loss", *lines]) + "\n"
