"""Every code of a finding is emitted by some test; here those that no test of their own emits, in each branch."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.core.errors import ScalelawError
from scalelaw.core.findings import Finding
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.review import review_runs

TESTS, SOURCE = Path(__file__).parents[1], Path(sl.__file__).parent
STEPS = np.arange(100.0, 9001.0, 100.0)
Emits = Callable[[Any], Iterable[Finding]]


def refused(call: Callable[[], Any]) -> Iterable[Finding]:
    with pytest.raises(ScalelawError) as error:
        call()
    return getattr(error.value, "findings", ())


def sweep(made: Any, y: Callable[[Any, Any, Any], Any], **options: Any) -> Iterable[Finding]:
    """Return what an analysis notices of losses by ln N from the optimum, number of the budget, and noise."""
    rows = made.sweep
    best = np.log(0.1 * rows.columns["flops"] ** 0.51)
    budget = np.unique(rows.columns["flops"], return_inverse=True)[1]
    loss = y(np.log(rows.columns["params"]) - best, budget, np.random.default_rng(4).standard_normal(len(rows)))
    spec = IsoFlopSpec(**{"profile": "parabola", "draws": 100, "window": 1e6, **options})
    return isoflop_observations(replace(rows, y=loss), spec).findings


def curve(loss: Any, **options: Any) -> Iterable[Finding]:
    table = {"run": ["a"] * len(loss), "steps": STEPS[: len(loss)], "loss": loss}
    return sl.extrapolate(table, **options).findings


def power(steps: Any = STEPS) -> Any:
    return 2 + 15 * steps**-0.45


def frozen(made: Any) -> Any:
    columns = {name: np.asarray(values) for name, values in made.observed.columns.items() if name != "run"}
    fit = sl.fit("chinchilla", {**columns, "loss": made.observed.y, "dataset": ["c4"] * 42}, draws=0, starts=4)
    return fit.freeze(params=7e9, tokens=1e11, conditions={"dataset": "pile"})


def few(made: Any) -> Iterable[Finding]:
    rows = made.near.rows(np.arange(4))
    return fit_observations(get("power"), rows, FitSpec(draws=60, starts=4, intervals="pairs")).findings


def alone(made: Any) -> Iterable[Finding]:
    y = np.array(made.observed.y)
    y[np.argmax(made.observed.columns["flops"])] *= 0.7
    fit = fit_observations(
        get("chinchilla"), replace(made.observed, y=y), FitSpec(sl.Noise("squared"), draws=0, starts=8)
    )
    return fit.influence("tokens_per_param", flops=1e22).findings


def stated(made: Any) -> Iterable[Finding]:
    columns = {**made.observed.columns, "flops": 2.5 * made.observed.columns["flops"]}
    return fit_observations(get("chinchilla"), replace(made.observed, columns=columns), FitSpec(draws=0)).findings


EMITTED: dict[str, Emits] = {
    "ISOFLOP_SCATTER params": lambda made: sweep(
        made, lambda t, at, noise: 3 + 0.02 * (t - 0.4 * (-1.0) ** at) ** 2 + 1e-5 * noise
    ),
    "ISOFLOP_SCATTER tokens": lambda made: sweep(
        made, lambda t, at, noise: 3 + 0.02 * (t - 0.4 * (-1.0) ** at) ** 2 + 1e-5 * noise
    ),
    "ISOFLOP_EDGE": lambda made: sweep(made, lambda t, at, noise: 3 + 0.02 * (t - 3.0 * (at == 1)) ** 2 + 1e-4 * noise),
    "ISOFLOP_UNSURE": lambda made: sweep(
        made, lambda t, at, noise: 3 + np.where(at == 1, 1e-5, 0.05) * t**2, noise=0.01, profile="powers", draws=200
    ),
    "ISOFLOP_SHAPE": lambda made: sweep(
        made, lambda t, at, noise: 3 + 0.02 * np.abs(t) ** 6 + 1e-6 * noise, profile="powers"
    ),
    "CURVES_STRAINED": lambda made: curve(np.where(STEPS[:30] < 2000, 4.0, 1.0) * STEPS[:30] ** -0.01, end=9000),
    "CURVES_WHICH_END": lambda made: refused(lambda: curve(power()[:30])),
    "CURVES_NONE_LEFT": lambda made: refused(lambda: curve(power()[:2], end=9000)),
    "FIT_DRAWS_LOST": few,
    "FORECAST_CONTRADICTED": lambda made: refused(lambda: frozen(made)),
    "INFLUENCE_RUN": alone,
    "DESIGN_STATED_FLOPS": stated,
    "RUNS_NONE_LEFT": lambda made: refused(
        lambda: sl.load_runs({"params": [1e8, 2e8], "tokens": [1e9, 2e9], "loss": [-1.0, -2.0]}).endpoints()
    ),
    "RUNS_NOTHING_KNOWN loss": lambda made: refused(lambda: sl.load_runs({"params": [1e8], "colour": ["red"]})),
    "RUNS_NOTHING_KNOWN params": lambda made: refused(lambda: sl.load_runs({"loss": [3.0], "colour": ["red"]})),
    "RUNS_NOTHING_KNOWN steps": lambda made: (
        review_runs({"step": [100, 200, 300, 400], "loss": [4.0, 3.5, 3.2, 3.0]}).findings
    ),
}


@pytest.mark.parametrize("branch", EMITTED)
def test_a_code_is_emitted_with_what_it_is_about(made: Any, branch: str) -> None:
    code, _, about = branch.partition(" ")
    found = [each for each in EMITTED[branch](made) if each.code == code]
    assert found and all(each.message for each in found)
    assert any(re.search(rf"\b{about}", each.message) for each in found)


def test_no_scatter_without_scatter(made: Any) -> None:
    found = sweep(made, lambda t, at, noise: 3 + 0.02 * t**2 + 1e-3 * noise)
    assert not {each.code for each in found} & {"ISOFLOP_SCATTER", "ISOFLOP_EDGE", "ISOFLOP_UNSURE", "ISOFLOP_SHAPE"}


NAMES = re.compile(r"""(?:(?:Finding|_warn|_finding)\(\s*|\(|\bCODE = )"([A-Z]+(?:_[A-Z]+)+)"(?=,|$)""", re.MULTILINE)
"""A code where a finding is made, in a pair of code and reason, or as the ``CODE`` of its module."""
NO_CODES = {"C_T", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PATH"}


def test_every_code_is_named_by_a_test() -> None:
    """A test that imports the ``CODE`` of a module names it, too."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(TESTS.rglob("test_*.py")))
    imported = re.findall(r"from scalelaw\.([\w.]+) import [^\n]*\bCODE\b", text)
    found, named = set(), set()
    for path in SOURCE.rglob("*.py"):
        codes = set(NAMES.findall(path.read_text(encoding="utf-8"))) - NO_CODES
        found |= codes
        if ".".join(path.relative_to(SOURCE).with_suffix("").parts) in imported:
            named |= codes
    assert len(found) > 80 and named
    assert {code for code in found - named if code not in text} == set(), "emit it in a test"
