"""The demo: a forecast is frozen before its run, nothing is done twice, and a miss is called a miss."""

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from scalelaw.accounting.params import count_params
from scalelaw.cli.main import app
from scalelaw.core.errors import BadInput, FitFailed
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.spec import FitSpec
from scalelaw.ladder import Data, Grid, Ladder, Rung, Shapes, recipe
from scalelaw.laws import as_law
from scalelaw.runs.observations import Observations
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.runs.storing.record import record
from scalelaw.training.speed import Speed
from scalelaw.training.train_ladder import TrainedLadder
from scalelaw.workflows.demo import held_out_forecast as held_out
from scalelaw.workflows.demo.demo import demo, seed_noise
from scalelaw.workflows.demo.ladders import SIZES, demo_ladder

module: Any = importlib.import_module("scalelaw.workflows.demo.demo")
LADDER = demo_ladder("medium")


def law(params: float, tokens: float) -> float:
    return float(1.5 + 20 / params**0.36 + 150 / tokens**0.41)


def loss_of(rung: Rung, tokens: float) -> float:
    """Return the loss by a law of N without embeddings."""
    return law(count_params(rung.shape).non_embedding, tokens)


def one_law(rows: Observations, n: str) -> FitResult:
    """Forecast by one law and few draws: what is frozen is not what is tested here."""
    return fit_observations(as_law(f"chinchilla[n={n}]"), rows, FitSpec(draws=20, starts=4))


class Sweeps:
    """Records the losses of a known law instead of training, and what had been written by then."""

    def __init__(self, surprise: float = 0.0) -> None:
        self.surprise = surprise
        self.frozen: list[bool] = []
        self.fails = False

    def __call__(self, ladder: Ladder, out: Path, *, held_out: bool | None = None, **_: Any) -> TrainedLadder:
        self.frozen.append((out.parent / "forecast.json").exists())
        rng, rows = np.random.default_rng(0), []
        store = DirStore(out)
        done = {store.read(name).settings["label"]: name for name in store.runs()} if out.exists() else {}
        for run in ladder.runs():
            if held_out is not None and run.rung.held_out is not held_out:
                continue
            loss = loss_of(run.rung, run.branch.tokens) * float(np.exp(0.0003 * rng.standard_normal()))
            loss += self.surprise * run.rung.held_out
            if run.name not in done:
                with record(store, **ladder.settings(run), held_out=run.rung.held_out) as now:
                    done[run.name] = now.run
                    now.log(step=run.branch.steps, tokens=run.branch.tokens, flops=run.rung.largest_flops, loss=loss)
            row = {"run": done[run.name], "held_out": run.rung.held_out, "loss": loss, "se": None}
            rows.append({**row, "state": "finished"})
        failed = {"w32-s0": "out of memory"} if self.fails else {}
        corpus: Any = type("Corpus", (), {"entropy_rate": None, "loss_floor": None})
        return TrainedLadder(ladder, out, corpus, tuple(rows), failed, 0.0, 0)


@pytest.fixture
def sweeps(monkeypatch: pytest.MonkeyPatch) -> Sweeps:
    made = Sweeps()
    monkeypatch.setattr(module, "train_ladder", made)
    monkeypatch.setattr(module, "_shipped", lambda: "")
    monkeypatch.setattr(held_out, "_DRAWS", 20)
    monkeypatch.setattr(held_out, "forecast", one_law)
    return made


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("synthetic", [False, True])
def test_every_ladder_keeps_the_rules(size: str, synthetic: bool, tmp_path: Path) -> None:
    ladder = demo_ladder(size, synthetic=synthetic)
    (held_out,) = ladder.held_out
    dearest = max(rung.largest_flops for rung in ladder.fitted)
    assert held_out.largest_flops >= 4 * dearest and len(held_out.horizons) == 1
    assert held_out.horizons[-1] == max(rung.horizons[-1] for rung in ladder.fitted)
    assert all(rung.horizons[0] >= 0.999e6 for rung in ladder.rungs)
    assert all(rung.shape.layers == 1 and 8 * rung.shape.heads == rung.shape.width for rung in ladder.rungs)
    assert [len(rung.seeds) for rung in ladder.fitted] == [2, 2] + [1] * (len(ladder.fitted) - 2)
    assert ladder.tokens < 3.5e6, "the standard library has 3.9 million tokens"
    assert not synthetic or len(ladder.fitted) >= 3, "two widths do not determine Chinchilla's law"
    ladder.save(tmp_path / "ladder.toml")
    assert ladder.digest == Ladder.load(tmp_path / "ladder.toml").digest


def test_the_forecast_is_frozen_before_the_run_and_compared_with_it(sweeps: Sweeps, tmp_path: Path) -> None:
    told: list[str] = []
    found = demo(ladder="medium", out=tmp_path, notify=told.append)
    assert sweeps.frozen == [False, True], "the fitted rungs, then the file, then the held-out rung"
    rung = LADDER.held_out[0]
    assert found.inside and "INSIDE" in str(found)
    assert found.forecast.frozen.point["params_non_embedding"] == count_params(rung.shape).non_embedding
    assert found.measured == pytest.approx(loss_of(rung, rung.horizons[0]), rel=0.02)
    assert found.forecast.beside["last value"].value == found.forecast.best > found.measured
    assert found.drop == pytest.approx(found.forecast.best - found.measured)
    said = json.loads((tmp_path / "demo.json").read_text())
    errors = said["errors"]["last value"]
    assert errors["of_drop"] == pytest.approx(1.0) and errors["relative"] == pytest.approx(found.drop / found.measured)
    assert said["foretold"]["digest"] in told[-2]
    assert len(found.next_commands) == 3 and "--params-kind params_non_embedding" in found.next_commands[0]
    page = (tmp_path / "report.html").read_text()
    assert "inside the band" in page and said["foretold"]["digest"] in page and f"{found.measured:.3f}, inside" in page


def test_a_language_that_is_no_text_is_forecast_without_what_is_believed_of_text(
    sweeps: Sweeps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_out, "forecast", None)
    ladder = demo_ladder("medium", synthetic=True)
    sweeps(ladder, tmp_path, held_out=False)
    told = held_out.forecast_held_out(ladder, load_runs(tmp_path))
    assert next(iter(told.bands)) == told.method == "Chinchilla's law" and told.frozen.label.startswith("chinchilla")
    rung = ladder.held_out[0]
    assert told.frozen.point["params"] == rung.params
    assert told.band.value == pytest.approx(loss_of(rung, rung.horizons[0]), rel=0.02)


def test_compute_goes_with_the_kind_of_n_that_is_forecast(sweeps: Sweeps, tmp_path: Path) -> None:
    rows = sweeps(LADDER, tmp_path, held_out=False).table.endpoints()
    for kind in ("params", "params_non_embedding"):
        expected = 6 * rows.columns[kind] * rows.columns["tokens"]
        np.testing.assert_allclose(held_out.counted(rows, kind).columns["flops"], expected)


def test_what_is_foretold_knows_nothing_of_the_run_that_is_held_out(sweeps: Sweeps, tmp_path: Path) -> None:
    before = held_out.forecast_held_out(LADDER, sweeps(LADDER, tmp_path / "fitted", held_out=False).table)
    sweeps.surprise = -1.0
    after = held_out.forecast_held_out(LADDER, sweeps(LADDER, tmp_path / "all").table)
    assert before.frozen.value == pytest.approx(after.frozen.value) and before.bands == after.bands
    assert before.best == after.best and before.fitted == after.fitted == 15


def test_what_stands_beside_the_forecast_is_what_it_says(sweeps: Sweeps, tmp_path: Path) -> None:
    trained = sweeps(LADDER, tmp_path, held_out=False)
    told = held_out.forecast_held_out(LADDER, trained.table)
    assert told.best == min(row["loss"] for row in trained.rows)
    assert told.half_width == pytest.approx((told.band.hi - told.band.lo) / 2)
    wide, rung = max(LADDER.fitted, key=lambda rung: rung.largest_flops), LADDER.held_out[0]
    assert told.reach == pytest.approx(rung.largest_flops / wide.largest_flops)
    flops = {"flops": np.array([6.0 * rung.params * rung.horizons[0]])}
    rows = held_out.counted(trained.table.endpoints())
    power = fit_observations(as_law("power[input=flops]"), rows, FitSpec(draws=20)).predict(flops, 0.9, "new_run")
    beside = told.beside["power law in C"]
    assert (beside.value, beside.lo, beside.hi) == pytest.approx((power.mean[0], power.lo[0], power.hi[0]))


def test_what_was_trained_before_is_there_to_see_first() -> None:
    told = module._shipped().splitlines()
    assert told[0].startswith("An earlier example: 98 runs")
    assert [line.split()[0] for line in told if line.endswith("inside")][-1].startswith("w256-s0")


def test_a_miss_is_called_a_miss(sweeps: Sweeps, tmp_path: Path) -> None:
    sweeps.surprise = 2.0
    found = demo(ladder="small", out=tmp_path)
    assert not found.inside and "MISS" in str(found) and "above the 90 % band" in str(found)
    assert not found.to_dict()["inside"]
    page = found.page.read_text()
    assert "no: a miss" in page and f"{found.measured:.3f}, outside" in page and "class='card care'" in page


def test_what_is_frozen_stays_and_an_edit_is_refused(sweeps: Sweeps, tmp_path: Path) -> None:
    sweeps.fails = False
    ladder = demo_ladder("small")
    before = demo(ladder=ladder, out=tmp_path).forecast.frozen.digest
    frozen = tmp_path / "forecast.json"
    content, sweeps.frozen = frozen.read_bytes(), []
    assert demo(out=tmp_path).forecast.frozen.digest == before and sweeps.frozen == [True, True], "found again"
    frozen.write_bytes(content.replace(b"0.9", b"0.8", 1))
    with pytest.raises(BadInput, match="was edited after freezing"):
        demo(out=tmp_path)
    frozen.unlink()
    with pytest.raises(BadInput, match="started without a frozen forecast"):
        demo(out=tmp_path)


def test_another_ladder_in_the_same_folder_is_refused(sweeps: Sweeps, tmp_path: Path) -> None:
    demo_ladder("small").save(tmp_path / "ladder.toml")
    for other in ({"ladder": "large"}, {"synthetic": True}):
        with pytest.raises(BadInput, match="already holds ladder demo-small; choose another folder"):
            demo(out=tmp_path, **other)  # type: ignore[arg-type]


def test_a_rung_that_fails_ends_it_before_a_forecast(sweeps: Sweeps, tmp_path: Path) -> None:
    sweeps.fails = True
    with pytest.raises(FitFailed, match="w32-s0: out of memory"):
        demo(ladder="small", out=tmp_path)
    assert not (tmp_path / "forecast.json").exists()


@pytest.mark.parametrize(("minutes", "size"), [(1000, "large"), (1e-3, "small")])
def test_the_largest_ladder_that_fits_is_taken(
    sweeps: Sweeps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: float, size: str
) -> None:
    monkeypatch.setattr(module, "measure_speed", lambda *_, **__: Speed(1e-5, 1e-11, 2))
    told: list[str] = []
    assert demo(minutes=minutes, out=tmp_path, notify=told.append).ladder.name == f"demo-{size}"
    assert ("which needs more than" in " ".join(told)) == (size == "small")


def test_speed_is_told_by_two_widths() -> None:
    speed = Speed.of([(1e5, 1e-5 + 1e-6), (1e6, 1e-5 + 1e-5)], workers=2)
    assert speed.per_token == pytest.approx(1e-5) and speed.per_flop == pytest.approx(1e-11)
    assert Speed.of([(1e5, 2e-5), (1e6, 1e-5)], workers=1).per_flop == 0, "noise never makes work negative"
    rung = LADDER.rungs[0]
    assert speed.tokens_per_second(rung) == pytest.approx(1 / (1e-5 + 1e-11 * rung.flops(1)))
    alone = replace(speed, workers=1).seconds(LADDER)
    held_out = (rung := LADDER.held_out[0]).trunk.tokens + LADDER.data.eval_tokens / 3
    assert alone > speed.seconds(LADDER) > held_out / speed.tokens_per_second(rung), "one trunk is not shared out"


def test_no_clock_is_shorter_than_the_longest_trunk_and_every_horizon_is_measured() -> None:
    speed, each = Speed(1e-5, 0.0, workers=100), LADDER.data.eval_tokens / 3
    (wide,), fitted = LADDER.held_out, LADDER.fitted
    longest = max(rung.trunk.tokens + len(rung.horizons) * each for rung in fitted)
    assert speed.seconds(LADDER) == pytest.approx(1e-5 * (longest + wide.trunk.tokens + each))
    whole = sum(len(rung.seeds) * (rung.trunk.tokens + 3 * each) for rung in fitted)
    assert replace(speed, workers=2).seconds(LADDER) == pytest.approx(1e-5 * (whole / 2 + wide.trunk.tokens + each))


def test_noise_is_that_of_seeds(sweeps: Sweeps, tmp_path: Path) -> None:
    for seed, loss in enumerate((3.0, 3.0 * np.exp(0.02))):
        with record(DirStore(tmp_path), params=1e5, seed=seed, label=str(seed)) as run:
            run.log(step=1, tokens=1e6, loss=float(loss))
    with record(DirStore(tmp_path), params=1e6, seed=0, label="other") as run:
        run.log(step=1, tokens=1e6, loss=2.0)
    assert seed_noise(load_runs(tmp_path)) == pytest.approx(0.02 / np.sqrt(2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--minutes", "0"], "positive number of minutes"),
        (["--ladder", "huge"], "unknown ladder of the demo 'huge'"),
    ],
)
def test_bad_options_end_with_status_two(options: list[str], message: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path / "new"), *options])
    assert result.exit_code == 2 and message in result.stderr


@pytest.mark.slow
def test_it_trains_freezes_trains_and_compares(tmp_path: Path) -> None:
    """The whole command on rungs of seconds, that its folder names; the second time nothing is trained."""
    tokens = (2560, 3840, 5120)
    ladder = Ladder(
        "seconds",
        (
            Grid(widths=(8,), tokens=tokens, seeds=2),
            Grid(widths=(16, 24), tokens=tokens),
            Grid(widths=(48,), tokens=tokens[-1:], held_out=True),
        ),
        shapes=Shapes(layers=2, head_dim=8, vocab_size=64),
        recipe=recipe("muon-cpu").replaced(batch_tokens=64, warmup_steps=2),
        data=Data("synthetic", seq_len=16, eval_tokens=4096),
    )
    ladder.save(tmp_path / "ladder.toml")
    command = ["demo", "--synthetic", "--out", str(tmp_path), "--workers", "1", "--json"]
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.output
    said = json.loads(first.stdout)
    assert said["schema"] == "scalelaw.demo/1" and said["measured"]["loss"] > 0
    frozen, recorded = (tmp_path / "forecast.json"), sorted((tmp_path / "runs").glob("*/evals.jsonl"))
    assert len(recorded) == 13 and said["irreducible_loss"]["truth"] > said["irreducible_loss"]["entropy_rate"]
    held_out = max(recorded, key=lambda path: path.stat().st_mtime_ns)
    assert frozen.stat().st_mtime_ns < held_out.stat().st_mtime_ns
    before = {path: path.read_bytes() for path in (frozen, *recorded)}
    again = json.loads(CliRunner().invoke(app, command).stdout)
    assert all(path.read_bytes() == content for path, content in before.items())
    assert {**again, "seconds": 0} == {**said, "seconds": 0}
