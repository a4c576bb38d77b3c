"""A law that takes one metric and gives another is fitted to a plain table that has both."""

from pathlib import Path

import numpy as np
import pytest

from scalelaw.core.errors import ScalelawError
from scalelaw.fitting.fit import fit
from scalelaw.fitting.observe import observe

COEF = {"a": -0.75, "x0": 0.7, "k": 6.0, "b": 0.98}


def score(bits: np.ndarray) -> np.ndarray:
    return np.asarray(COEF["a"] / (1 + np.exp(-COEF["k"] * (bits - COEF["x0"]))) + COEF["b"])


def written(path: Path, rows: list[tuple[object, ...]], score_name: str = "score") -> Path:
    lines = [f"run,params,tokens,bpb,{score_name}", *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.filterwarnings("ignore:.*RUNS_NO_ITEMS")
@pytest.mark.parametrize("score_name", ["score", "accuracy", "acc"])
def test_one_row_a_run(tmp_path: Path, rng: np.random.Generator, score_name: str) -> None:
    bits = rng.uniform(0.3, 1.3, 30)
    rows = [(f"r{i}", int(1e8 + i * 1e7), int(2e9 + i * 1e8), b, y) for i, (b, y) in
            enumerate(zip(bits.tolist(), score(bits).tolist(), strict=True))]  # fmt: skip
    rng.shuffle(rows)
    fitted = fit("task_sigmoid", written(tmp_path / "runs.csv", rows, score_name), draws=0)
    assert {name: each["value"] for name, each in fitted.coefficients().items()} == pytest.approx(COEF, rel=0.02)


def test_checkpoints_are_joined_at_their_own_time(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = []
    for run in range(4):
        bits = np.sort(rng.uniform(0.45, 1.3, 7))[::-1]
        rows += [
            (f"r{run}", (run + 1) * 10**8, (step + 1) * 10**9, "" if (run, step) == (1, 3) else b, y)
            for step, (b, y) in enumerate(zip(bits.tolist(), score(bits).tolist(), strict=True))
        ]
    _, observed = observe("task_sigmoid", written(tmp_path / "runs.csv", rows))
    bits = np.asarray(observed.columns["bpb"], float)
    assert len(observed) == 28 and np.isnan(bits).sum() == 1
    known = ~np.isnan(bits)
    assert observed.y[known] == pytest.approx(score(bits[known]))


def test_a_table_without_the_metric_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("params,tokens,score\n1e8,2e9,.4\n2e8,2e9,.5\n3e8,2e9,.6\n4e8,2e9,.65\n5e8,2e9,.7\n6e8,2e9,.72\n")
    with pytest.raises(ScalelawError, match="takes bpb"):
        fit("task_sigmoid", path)
