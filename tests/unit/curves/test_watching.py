"""A run in flight against its frozen forecast, in logs that are still being written."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, BadTable, NeedsAnswer, UnknownName
from scalelaw.core.types import Array
from scalelaw.curves.live_log import read_log
from scalelaw.curves.watching import watch
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.registry.frozen import FrozenForecast

TOKENS, STEPS = 140e9, 30_000
Log = Callable[..., Path]


@pytest.fixture(scope="module")
def forecast() -> FrozenForecast:
    observed = sl.datasets.load("synthetic-ladder").endpoints()
    fit = fit_observations(get("chinchilla"), observed, FitSpec(draws=200, starts=8))
    return fit.freeze(params=7e9, tokens=TOKENS)


def course(end: float, upto: float) -> tuple[Array, Array]:
    """Return shares of a cosine run, and its losses on the way to an end."""
    share = np.arange(0.01, upto, 0.01)
    noise = 0.002 * np.random.default_rng(0).standard_normal(len(share))
    schedule = sl.runs.Schedule("cosine")
    done = schedule.area(share) / schedule.area(np.ones(1))
    shape = 0.75 + 0.25 * ((done + 0.02) / 1.02) ** -0.4 + 0.03 * (schedule.lr(share) - 0.1)
    return share, end * shape * np.exp(noise)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    def write(end: float = 2.173, upto: float = 0.4, name: str = "run.jsonl", **more: Any) -> Path:
        rows = [
            {"step": round(share * STEPS), "tokens": share * TOKENS, "loss": loss, **more}
            for share, loss in zip(*course(end, upto), strict=True)
        ]
        path = tmp_path / name
        path.write_text("".join(json.dumps({k: v for k, v in row.items() if v is not None}) + "\n" for row in rows))
        return path

    return write


def test_a_run_as_forecast_goes_on(forecast: FrozenForecast, log: Log) -> None:
    found = watch(forecast, log(), schedule="cosine")
    assert (found.where, found.advice) == ("inside", "go on")
    assert found.at == pytest.approx(0.39 * TOKENS) and found.end == TOKENS
    assert found.registered and found.curve and found.revised
    assert found.revised.hi - found.revised.lo < found.curve.hi - found.curve.lo
    assert found.registered.lo < found.revised.middle < found.curve.hi
    assert "cannot be compared with a law of finished runs" in found.comparison and "39%" in found.comparison


@pytest.mark.parametrize(("end", "where"), [(2.173, "inside"), (2.9, "above"), (1.6, "below")])
def test_it_is_seen_on_which_side_of_the_band_a_run_is(
    forecast: FrozenForecast, log: Log, end: float, where: str
) -> None:
    assert watch(forecast, log(end), schedule="cosine").where == where


def test_a_run_that_will_end_far_above_is_to_be_stopped(forecast: FrozenForecast, log: Log) -> None:
    found = watch(forecast, log(2.6), schedule="cosine")
    assert found.advice == "stop" and "WATCH_CONTRADICTED" in {finding.code for finding in found.findings}
    assert found.revised and found.revised.middle > 2.4, "what is seen of the run counts"
    unsaid = watch(forecast, log(2.6))
    assert unsaid.advice == "look", "without a schedule nothing is known of the decay to come"
    assert "WATCH_SCHEDULE_UNSAID" in {finding.code for finding in unsaid.findings}


def test_a_loss_that_is_no_number_stops(forecast: FrozenForecast, log: Log) -> None:
    path = log()
    with path.open("a") as file:
        file.write(json.dumps({"step": 12000, "tokens": 0.4 * TOKENS, "loss": float("nan")}) + "\n")
    found = watch(forecast, path, schedule="cosine")
    assert (found.advice, found.where) == ("stop", "unknown")


def test_a_run_at_its_end_is_to_be_scored(forecast: FrozenForecast, log: Log) -> None:
    found = watch(forecast, log(upto=1.005), schedule="cosine")
    assert found.advice == "score" and found.curve is None and found.band == found.registered
    assert "the run is at its end" in found.comparison


def test_a_young_run_has_a_band_and_no_curve_yet(forecast: FrozenForecast, log: Log) -> None:
    found = watch(forecast, log(upto=0.025), schedule="cosine")
    assert found.band and found.curve is None and found.revised == found.registered
    assert found.band.hi / found.band.lo > 1.3


def test_a_torn_last_line_is_not_there_yet(forecast: FrozenForecast, log: Log) -> None:
    path = log()
    whole = watch(forecast, path, schedule="cosine").to_dict()
    with path.open("a") as file:
        file.write('{"step": 12100, "tokens": 5.6e10, "loss": 9')
    assert watch(forecast, path, schedule="cosine").to_dict() == whole
    with path.open("a") as file:
        file.write('\n{"step": 12200, "tokens": 5.7e10, "loss": 2.46}\n')
    assert watch(forecast, path, schedule="cosine").at == 5.7e10, "half a line in the middle is left out as well"


def test_a_log_in_csv_and_one_in_steps(forecast: FrozenForecast, log: Log, tmp_path: Path) -> None:
    table = read_log(log())
    path = tmp_path / "run.csv"
    lines = [f"{step:g},{float(loss)!r}" for step, loss in zip(table.evals["steps"], table.evals["value"], strict=True)]
    path.write_text("\n".join(["step,val_loss", *lines]) + "\n11900,2.")
    with pytest.raises(NeedsAnswer, match=r"the log counts steps.*give the steps of the whole run.*WATCH_WHICH_END"):
        watch(forecast, path)
    found = watch(forecast, path, end=STEPS, schedule="cosine")
    assert (found.axis, found.at, found.advice) == ("steps", 11700, "go on")
    same = watch(forecast, log(), schedule="cosine").revised
    assert found.revised and same and found.revised.middle == pytest.approx(same.middle, rel=1e-6)


def test_a_folder_that_record_writes(forecast: FrozenForecast, tmp_path: Path) -> None:
    small = sl.record(tmp_path / "runs", params=1e8, planned_tokens=2e9)
    small.log(step=1, tokens=1e9, loss=4.0)
    run = sl.record(tmp_path / "runs", params=7e9, planned_tokens=TOKENS, schedule="cosine")
    for share, loss in zip(*course(2.173, 0.3), strict=True):
        run.log(step=int(share * STEPS), tokens=share * TOKENS, loss=loss)
    found = watch(forecast, tmp_path / "runs")
    assert (found.run, found.advice, str(found.schedule)) == (run.run, "go on", "cosine")
    run.finish()
    assert watch(forecast, tmp_path / "runs" / run.run).advice == "score"
    small.finish()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"params": 8e9}, r"has params 8B, but the forecast is for a run of params 7B.*FORECAST_OTHER_POINT"),
        ({"planned_tokens": 2e11}, r"planned for 200B tokens.*FORECAST_OTHER_POINT"),
        ({"loss": None, "bpb": 0.8}, r"FORECAST_OTHER_TARGET"),
    ],
)
def test_another_run_is_refused(forecast: FrozenForecast, log: Log, more: dict[str, Any], said: str) -> None:
    with pytest.raises(BadTable, match=said):
        watch(forecast, log(**more), schedule="cosine")


def test_other_data_is_refused_and_unsaid_data_doubted(log: Log) -> None:
    bare = sl.published(get("chinchilla"), "besiroglu2024")
    forecast = sl.freeze(bare, params=7e9, tokens=TOKENS, conditions={"dataset": "c4"})
    with pytest.raises(BadTable, match="FORECAST_OTHER_DATA"):
        watch(forecast, log(dataset="pile"), schedule="cosine")
    found = watch(forecast, log(), schedule="cosine")
    assert [finding.code for finding in found.findings] == ["FORECAST_UNSAID"]
    assert found.band is None and found.registered is None and found.revised == found.curve
    assert found.advice == "go on" and "no interval" in found.why


def test_which_run_of_several_is_asked(forecast: FrozenForecast, log: Log, tmp_path: Path) -> None:
    lines = [json.dumps({**json.loads(line), "run": name}) for name in "ab" for line in log().read_text().splitlines()]
    path = tmp_path / "two.jsonl"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(NeedsAnswer, match=r"has 2 runs.*WATCH_WHICH_RUN"):
        watch(forecast, path, schedule="cosine")
    assert watch(forecast, path, run="b", schedule="cosine").run == "b"
    with pytest.raises(UnknownName, match="unknown run 'c'"):
        watch(forecast, path, run="c", schedule="cosine")


def test_a_log_with_nothing_yet_says_so(forecast: FrozenForecast, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with pytest.raises(BadInput, match="cannot read"):
        watch(forecast, path)
    path.write_text('{"step": 1')
    with pytest.raises(BadTable, match="has no complete line yet"):
        watch(forecast, path)


def test_the_program_follows_a_log_to_its_end_and_ctrl_c_is_quiet(
    forecast: FrozenForecast, log: Log, tmp_path: Path
) -> None:
    forecast.save(tmp_path / "forecast.json")
    path, whole = log(upto=0.3), log(upto=1.005, name="whole.jsonl").read_text()
    words = ["watch", str(tmp_path / "forecast.json"), "--log", str(path), "--schedule", "cosine", "--every", "0.1"]
    command = [sys.executable, "-c", "from scalelaw.cli.main import app; app()", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert "inside its band" in running.stdout.readline()
        path.write_text(whole)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, "") and "score: the run is over" in out
    path.write_text("".join(whole.splitlines(keepends=True)[:30]))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None and running.stdout.readline()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (130, "", "")


def test_the_level_asked_for_is_printed(forecast: FrozenForecast, log: Log) -> None:
    assert "80 % intervals" in str(watch(forecast, log(2.0, 0.5), level=0.8))


def test_a_fit_is_named_as_a_fit(tmp_path: Path) -> None:
    observed = sl.datasets.load("synthetic-ladder").endpoints()
    place = tmp_path / "fit.json"
    fit_observations(get("chinchilla"), observed, FitSpec(draws=0, starts=8)).save(place)
    with pytest.raises(BadInput, match="is a fit, not a frozen forecast"):
        sl.registry.read_forecasts(place)
    place.write_text('{"a": 1}')
    with pytest.raises(BadInput, match="is not a frozen forecast"):
        sl.registry.read_forecasts(place)


def test_a_noisier_log_has_a_wider_band(forecast: FrozenForecast, log: Log) -> None:
    """The band of the next reading holds the scatter of the readings, and not that of the law alone."""
    bands = []
    for spread in (0.0, 0.03):
        path = log()
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for at, row in enumerate(rows):
            row["loss"] *= 1 + (spread if at % 2 else -spread)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        band = watch(forecast, path, schedule="cosine").band
        assert band is not None
        bands.append(np.log(band.hi / band.lo))
    assert bands[1] > 1.005 * bands[0]
