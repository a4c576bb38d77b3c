"""Figures: every number shown is one a forecaster or a run gave, and each figure draws and is written."""

from pathlib import Path

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import Forecaster
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.published import published
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations
from scalelaw.viz import curves, iso_loss, loss_vs_compute, save
from scalelaw.viz import profile_likelihood as profiles

matplotlib_figure = pytest.importorskip("matplotlib.figure")


@pytest.fixture(scope="module")
def observed() -> Observations:
    return sl.datasets.load("synthetic-ladder").endpoints()


@pytest.fixture(scope="module")
def split(observed: Observations) -> tuple[Observations, Observations]:
    dear = observed.columns["flops"] >= np.quantile(observed.columns["flops"], 0.75)
    return observed.rows(~dear), observed.rows(dear)


@pytest.fixture(scope="module")
def fitted(split: tuple[Observations, Observations]) -> Forecaster:
    return fit_observations(get("chinchilla"), split[0], FitSpec(draws=60, starts=8))


@pytest.fixture(scope="module")
def info(fitted: Forecaster, split: tuple[Observations, Observations]) -> loss_vs_compute.LossVsCompute:
    return loss_vs_compute.loss_vs_compute_info(fitted, *split, level=0.8)


@pytest.fixture(scope="module")
def contours(fitted: Forecaster, split: tuple[Observations, Observations]) -> iso_loss.IsoLoss:
    return iso_loss.iso_loss_info(fitted, split[0], level=0.8)


def test_each_run_is_shown_against_its_own_forecast(
    info: loss_vs_compute.LossVsCompute, fitted: Forecaster, split: tuple[Observations, Observations]
) -> None:
    assert info.level == 0.8 and info.label == "chinchilla"
    for shown, rows in zip((info.fitted, info.held_out), split, strict=True):
        own = fitted.predict(rows.inputs(("params", "tokens")), 0.8, "new_run")
        assert own.lo is not None and own.hi is not None and shown.band is not None
        np.testing.assert_array_equal(shown.flops, rows.columns["flops"])
        np.testing.assert_array_equal(shown.loss, rows.y)
        np.testing.assert_allclose(shown.miss, rows.y / own.mean - 1, rtol=1e-12)
        np.testing.assert_allclose(shown.band[0], own.lo / own.mean - 1, rtol=1e-12)
        np.testing.assert_allclose(shown.band[1], own.hi / own.mean - 1, rtol=1e-12)
        np.testing.assert_array_equal(shown.inside, (rows.y >= own.lo) & (rows.y <= own.hi))
    assert info.fitted.inside.any() and not info.fitted.inside.all()


def test_inside_is_counted_with_both_ends() -> None:
    runs = loss_vs_compute.Runs(
        np.ones(4), np.ones(4), np.array([-0.1, 0.0, 0.1, 0.2]), np.array([[-0.05] * 4, [0.1] * 4])
    )
    assert runs.inside.tolist() == [False, True, True, False]
    assert loss_vs_compute.Runs(np.ones(2), np.ones(2), np.zeros(2), None).inside.tolist() == [False, False]


def test_the_line_is_the_compute_optimal_loss(info: loss_vs_compute.LossVsCompute, fitted: Forecaster) -> None:
    flops, loss = info.line
    law = get("chinchilla")
    params, tokens = law.optimum(fitted.coef, flops)  # type: ignore[attr-defined]
    own = fitted.predict({"params": params, "tokens": tokens}, 0.8)
    np.testing.assert_allclose(loss, own.mean, rtol=1e-6)
    assert info.band is not None and own.lo is not None and own.hi is not None
    np.testing.assert_allclose(info.band, [own.lo, own.hi], rtol=1e-6)
    assert np.all(info.band[0] < loss) and np.all(loss < info.band[1])
    assert np.all(np.diff(loss) < 0)
    assert flops[0] == pytest.approx(min(info.fitted.flops)) and flops[-1] > max(info.held_out.flops)


def test_without_held_out_runs_there_are_none(fitted: Forecaster, split: tuple[Observations, Observations]) -> None:
    alone = loss_vs_compute.loss_vs_compute_info(fitted, split[0])
    assert len(alone.held_out.loss) == 0 and alone.level == 0.9
    assert isinstance(loss_vs_compute.draw(alone), matplotlib_figure.Figure)


def test_contours_are_the_forecast_at_every_point(contours: iso_loss.IsoLoss, fitted: Forecaster) -> None:
    assert contours.loss.shape == (len(contours.params), len(contours.flops))
    for i, j in ((0, 0), (10, 70), (89, 5)):
        n, c = contours.params[i], contours.flops[j]
        own = fitted.predict({"params": np.array([n]), "tokens": np.array([c / 6 / n])})
        assert contours.loss[i, j] == pytest.approx(own.mean[0], rel=1e-12)


def test_the_efficient_line_is_the_optimum_and_lies_in_its_band(contours: iso_loss.IsoLoss, fitted: Forecaster) -> None:
    params, _ = get("chinchilla").optimum(fitted.coef, contours.line[0])  # type: ignore[attr-defined]
    np.testing.assert_allclose(contours.line[1], params, rtol=1e-6)
    assert contours.band is not None
    assert np.all(contours.band[0] < contours.line[1]) and np.all(contours.line[1] < contours.band[1])
    each = sl.plan(fitted, flops=float(contours.line[0][3]), level=0.8).params
    assert contours.band[:, 3].tolist() == pytest.approx([each.lo, each.hi])


def test_runs_are_shown_where_they_are(contours: iso_loss.IsoLoss, split: tuple[Observations, Observations]) -> None:
    rows = split[0]
    np.testing.assert_array_equal(contours.runs, [rows.columns["flops"], rows.columns["params"], rows.y])
    assert contours.flops[0] < rows.columns["flops"].min() and contours.flops[-1] > rows.columns["flops"].max()


def test_a_forecaster_without_spread_has_no_band(observed: Observations) -> None:
    forecaster = published(get("chinchilla"), "besiroglu2024")
    one = loss_vs_compute.loss_vs_compute_info(forecaster, observed)
    two = iso_loss.iso_loss_info(forecaster, observed)
    assert one.band is None and one.fitted.band is None and two.band is None
    assert isinstance(loss_vs_compute.draw(one), matplotlib_figure.Figure)
    assert isinstance(iso_loss.draw(two), matplotlib_figure.Figure)


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_figures_are_drawn_and_written(
    info: loss_vs_compute.LossVsCompute, contours: iso_loss.IsoLoss, tmp_path: Path, suffix: str
) -> None:
    for figure in (loss_vs_compute.draw(info), iso_loss.draw(contours)):
        assert isinstance(figure, matplotlib_figure.Figure)
        path = save(figure, tmp_path / "new" / f"figure{suffix}")
        head = path.read_bytes()[:300]
        assert path.stat().st_size > 5000 and (head.startswith(b"\x89PNG") if suffix == ".png" else b"<?xml" in head)


def test_what_is_drawn_is_labelled(info: loss_vs_compute.LossVsCompute, contours: iso_loss.IsoLoss) -> None:
    above, below = loss_vs_compute.draw(info).axes[:2]
    words = [text.get_text() for text in above.get_legend().get_texts()]
    inside = int(info.held_out.inside.sum())
    assert f"{len(info.fitted.loss)} fitted runs" in words
    assert any(f"{inside} held out, inside" in word for word in words)
    assert "FLOP" in below.get_xlabel() and "nats" in above.get_ylabel()
    axes = iso_loss.draw(contours).axes[0]
    assert "FLOP" in axes.get_xlabel() and axes.get_xscale() == axes.get_yscale() == "log"


def test_another_suffix_is_refused(info: loss_vs_compute.LossVsCompute, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"figures are written as \.png, \.svg, \.pdf; got 'figure.bmp'"):
        save(loss_vs_compute.draw(info), tmp_path / "figure.bmp")
    assert not list(tmp_path.iterdir())


def test_curves_show_what_was_used_and_what_came(tmp_path: Path) -> None:
    steps = np.arange(100.0, 9001.0, 100.0)
    names = [f"run {number}" for number in range(4)]
    rows = {
        "run": np.repeat(names, len(steps)),
        "steps": np.tile(steps, 4),
        "loss": np.concatenate([2 + size * steps**-0.4 for size in (8, 10, 12, 14)]),
    }
    found = sl.extrapolate(rows, at=1 / 3)
    shown = curves.curves_info(found, most=2)
    assert [run.run for run in shown.runs] == names[:2] and shown.hidden == 2
    figure = curves.draw(shown)
    assert len(figure.axes) == 2
    for panel, run in zip(figure.axes, shown.runs, strict=True):
        used, after, forecast = panel.lines[:3]
        np.testing.assert_array_equal(np.asarray(after.get_xdata()), steps[steps > 3000])
        assert np.asarray(used.get_xdata())[-1] == 3000
        np.testing.assert_array_equal(np.asarray(forecast.get_ydata()), run.forecast.mean)
    assert save(figure, tmp_path / "curves.png").stat().st_size > 1000
    with pytest.raises(BadInput, match="give one run or more"):
        curves.curves_info(found, most=0)


def test_profiles_are_nought_at_the_optimum_and_draw(observed: Observations) -> None:
    noise = sl.Noise("squared")
    fit = fit_observations(get("power"), observed, FitSpec(noise=noise, draws=0, starts=8, fixed={"E": 1.8}))
    info = profiles.profiles_info(fit)
    assert [profile.name for profile in info.profiles] == ["A", "alpha"]
    for profile in info.profiles:
        assert profile.ratio[profile.values == profile.best] == pytest.approx(0.0, abs=1e-6)
        assert profile.lo is not None and profile.hi is not None and profile.lo < profile.best < profile.hi
    assert isinstance(profiles.draw(info), matplotlib_figure.Figure)
