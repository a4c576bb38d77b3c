"""``plot`` of fits, ensembles and plans: on axes of one's own or given, one or several results."""

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot

import scalelaw as sl
from scalelaw.core.errors import BadInput, MissingExtra
from scalelaw.core.optional import require
from scalelaw.fitting.result import FitResult

mpl.use("Agg")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def fit() -> FitResult:
    return sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=30)


def labels(axes: pyplot.Axes) -> str:
    return " | ".join(axes.get_legend_handles_labels()[1])


def test_a_fit_makes_a_figure_of_its_own(fit: FitResult) -> None:
    axes = fit.plot()
    assert axes.figure.number in pyplot.get_fignums() and axes.get_xscale() == "log"  # type: ignore[union-attr]
    assert "42 fitted runs" in labels(axes) and "compute-optimal loss, chinchilla" in labels(axes)
    assert "FLOP" in axes.get_xlabel() and "nats/token" in axes.get_ylabel()


@pytest.mark.parametrize("flops", [3e20, 1e22, 1e24])
def test_a_plan_is_marked_on_the_axes_of_its_fit(fit: FitResult, flops: float) -> None:
    plan = sl.plan(fit, flops=flops)
    axes = fit.plot(ax=pyplot.subplots()[1])
    before = len(pyplot.get_fignums())
    assert plan.plot(ax=axes) is axes and len(pyplot.get_fignums()) == before
    marked = axes.collections[-1].get_offsets()
    assert np.allclose(marked, [[plan.flops.value, plan.loss.value]]) and "plan: " in labels(axes)
    low, high = axes.get_xlim()
    assert low < flops < high and "FLOP" in axes.get_xlabel()


def test_a_plan_alone_has_labelled_axes(fit: FitResult) -> None:
    axes = sl.plan(fit, flops=1e22).plot()
    assert "FLOP" in axes.get_xlabel() and "nats/token" in axes.get_ylabel()


def test_a_plan_without_interval_is_a_mark() -> None:
    plan = sl.plan(sl.published(sl.laws.get("chinchilla"), "besiroglu2024"), flops=1e23)
    assert "plan: " in labels(plan.plot())


def test_an_ensemble_and_a_fit_share_axes(fit: FitResult) -> None:
    axes = sl.forecast(sl.datasets.load("synthetic-ladder")).plot()
    fit.plot(ax=axes)
    assert "ensemble of" in labels(axes) and "chinchilla" in labels(axes)


@pytest.mark.parametrize("law", ["E + A/params**a + B/tokens**b", "E + B/tokens**b", "E + B/tokens**b + k*{knob}"])
@pytest.mark.parametrize("draws", [0, 30])
def test_any_formula_draws(law: str, draws: int, rng: np.random.Generator) -> None:
    knob, n = f"knob_{rng.integers(10**6)}", 25
    params, tokens = np.geomspace(1e7, 1e9, n), rng.permutation(np.geomspace(1e9, 1e11, n))
    value = rng.uniform(0.1, 2, n)
    loss = 1.7 + 200 * tokens**-0.28 + ("params" in law) * 400 * params**-0.34 + ("knob" in law) * 0.3 * value
    table = {"params": params, "tokens": tokens, knob: value, "loss": loss * rng.normal(1, 1e-3, n)}
    axes = sl.fit(law.format(knob=knob), table, draws=draws).plot()
    assert f"{n} fitted runs" in labels(axes) and axes.get_xlabel() and axes.get_ylabel()
    assert ("interval" in labels(axes)) == bool(draws)
    axes.figure.canvas.draw()


@pytest.mark.parametrize("wrong", ["figure", "number"])
def test_what_is_not_axes_is_refused(fit: FitResult, wrong: str) -> None:
    with pytest.raises(BadInput, match="not axes of matplotlib"):
        fit.plot(ax=pyplot.figure() if wrong == "figure" else 3)  # type: ignore[arg-type]


def test_without_matplotlib_the_extra_is_named(fit: FitResult, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(module: str, **said: str) -> object:
        return require(f"no_such_{module}", **said)

    monkeypatch.setattr("scalelaw.viz.plot_result.require", absent)
    with pytest.raises(MissingExtra, match=r"pip install 'scalelaw\[plot\]'"):
        fit.plot()
