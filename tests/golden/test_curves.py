"""Final losses from the first third of published curves, through the public function."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl

pytestmark = pytest.mark.data


def luo(data_dir: Path, kind: str, schedule: str) -> sl.curves.Extrapolation:
    frame = pd.read_csv(data_dir / "lr_schedule_curves" / "mpl_loss_curves.csv")
    frame = frame[frame.schedule.str.startswith(kind)]
    run = frame.model_size_M.astype(str) + frame.schedule
    rows = {"run": run, "steps": frame.step, "loss": frame.loss}
    return sl.extrapolate(sl.load_runs(rows, units={"loss": "nats"}), at="1/3", schedule=schedule)


@pytest.mark.parametrize(
    ("kind", "schedule", "n"),
    [
        ("cosine_72", "cosine[warmup=0.03]", 3),
        ("wsd_", "wsd[warmup=0.09,decay=1/6,shape=exponential]", 3),
        ("wsdld_", "wsd[warmup=0.09,decay=1/6]", 3),
        ("constant_24", "constant[warmup=0.09]", 3),
        ("constant_72", "constant[warmup=0.03]", 3),
    ],
)
def test_schedules_of_luo_et_al(data_dir: Path, kind: str, schedule: str, n: int) -> None:
    found = luo(data_dir, kind, schedule)
    assert len(found.runs) == n
    for run in found.runs:
        assert run.actual is not None and run.error is not None
        assert run.time[-1] <= run.course.end / 3
        assert abs(run.error) < 0.03 < run.loss[-1] / run.actual - 1 + 0.01
        assert run.forecast.lo[-1] <= run.actual <= run.forecast.hi[-1]
    assert np.median([abs(run.error or 0.0) for run in found.runs]) < 0.015


def test_knowing_the_schedule_helps(data_dir: Path) -> None:
    known, taken = (luo(data_dir, "wsd_", name) for name in ("wsd[warmup=0.09,decay=1/6]", "constant[warmup=0.09]"))
    right, wrong = ([abs(run.error or 0.0) for run in found.runs] for found in (known, taken))
    assert len(right) == 3 and np.median(right) < np.median(wrong) / 1.5


def test_repeated_data_are_foreseen(data_dir: Path) -> None:
    frame = pd.read_parquet(data_dir / "colpret" / "datablations_training_curves.parquet")
    frame = frame[(frame["data"] == "c4") & (frame.num_params == "2.8B") & (frame.epochs == 44)]
    rows = {
        "run": ["c4"] * len(frame), "tokens": frame.D_tokens, "loss": frame.loss, "schedule": ["cosine"] * len(frame),
        "params": frame.N_params, "unique_tokens": frame.tokens_per_epoch,
    }  # fmt: skip
    with_repeats = sl.extrapolate(rows, at=1 / 3).runs[0]
    without = sl.extrapolate({k: v for k, v in rows.items() if k != "unique_tokens"}, at=1 / 3).runs[0]
    assert abs(with_repeats.error or 1.0) < 0.05 < 0.1 < abs(without.error or 0.0)
