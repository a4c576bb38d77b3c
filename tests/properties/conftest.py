"""What many properties are asked of, made once: a table, its fit and ensemble, curves, a sweep, a frozen forecast."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.allocation.explanation import Explanation, explain
from scalelaw.datasets.simulate import RunGrid, SimulatedTask, simulate, simulate_scores
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.forecasting.calibration import Calibration
from scalelaw.forecasting.chain import Chain
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.forecasting.forecast import forecast_observations
from scalelaw.forecasting.score_ensemble import ScoreEnsemble
from scalelaw.forecasting.score_forecast import forecast_score
from scalelaw.forecasting.score_table import ScoreForecasts, forecast_scores
from scalelaw.ladder import Grid, Ladder, Shapes, recipe
from scalelaw.laws import get
from scalelaw.registry.frozen import FrozenForecast
from scalelaw.runs.observations import Observations
from scalelaw.runs.table import RunTable

E, A, B, ALPHA, BETA = 1.8172, 482.01, 2085.43, 0.3478, 0.3658


class Made:
    """Results that are made on first use and kept."""

    at: ClassVar = {"params": 1e10, "tokens": 2e11}
    ahead: ClassVar = {"params": np.array([1e10, 3e9]), "tokens": np.array([2e11, 9e11])}
    steps = np.arange(100.0, 3001.0, 100.0)
    calibration = Calibration({"run": 0.5, "forms": 2.0}, {0.5: 0.7, 0.8: 1.4, 0.9: 2.0, 0.95: 3.0})
    ladder = Ladder(
        "mid", (Grid((256, 384, 512, 768, 1024), tokens_per_param=(10, 40, 160)),),
        Shapes(12, 64, 32768), recipe("muon-cpu"),
    )  # fmt: skip

    @cached_property
    def table(self) -> RunTable:
        """Forty-two runs of a known law."""
        return sl.datasets.load("synthetic-ladder")

    @cached_property
    def observed(self) -> Observations:
        """Their ends."""
        return self.table.endpoints()

    @cached_property
    def fit(self) -> FitResult:
        """Chinchilla's law fitted to them."""
        return fit_observations(get("chinchilla"), self.observed, FitSpec(draws=80, starts=8))

    @cached_property
    def near(self) -> Observations:
        """The runs near the efficient line."""
        ratio = self.observed.columns["tokens"] / self.observed.columns["params"]
        return self.observed.rows((ratio > 10) & (ratio < 50))

    @cached_property
    def power(self) -> FitResult:
        """A power of compute fitted to the runs near the efficient line by least squares."""
        return fit_observations(get("power"), self.near, FitSpec(Noise("squared"), draws=80, starts=8))

    @cached_property
    def ensemble(self) -> Ensemble:
        """The ensemble of laws fitted to them."""
        return forecast_observations(self.observed, calibration=self.calibration, draws=40)

    @cached_property
    def scores(self) -> RunTable:
        """Ten runs of a known law with two scores that follow their loss."""
        law = get("chinchilla")
        coef, grid = (
            law.vector(law.published["besiroglu2024"].coef),
            RunGrid([3e7, 6e7, 1.2e8, 2.5e8, 5e8], [20.0, 60.0]),
        )
        runs = simulate(law, coef, grid, noise=0.003, seed=0)
        tasks = {"hellaswag": SimulatedTask(2.9, 2.5, 10042), "piqa": SimulatedTask(3.2, 2.0, 1838, 0.5)}
        return sl.load_runs(
            {"run": [f"r{i}" for i in range(10)], **runs, **simulate_scores(runs["loss"], tasks, seed=0)}
        )

    @cached_property
    def score_ensemble(self) -> ScoreEnsemble:
        """The forecaster of one of them."""
        return forecast_score(self.scores, target="score@hellaswag", draws=20)

    @cached_property
    def score_forecasts(self) -> ScoreForecasts:
        """The forecasters of both, and of their mean."""
        return forecast_scores(self.scores, draws=20)

    @property
    def chain(self) -> Chain:
        """A chain among the forms of the first."""
        return next(each.forecaster for each in self.score_ensemble.members if isinstance(each.forecaster, Chain))

    @cached_property
    def frozen(self) -> FrozenForecast:
        """A frozen forecast of a larger run."""
        return self.fit.freeze(params=7e9, tokens=140e9)

    @cached_property
    def reading(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Losses of a run in flight, at ``steps``."""
        return 2 + 20 * self.steps**-0.5 * np.exp(0.01 * np.sin(self.steps))

    @cached_property
    def sweep(self) -> Observations:
        """Four budgets of seven sizes, two per mille of noise."""
        flops = np.repeat(np.geomspace(1e18, 3e19, 4), 7)
        params = 0.1 * flops**0.51 * 10 ** np.tile(np.linspace(-0.6, 0.6, 7), 4)
        tokens = flops / 6 / params
        y = (E + A / params**ALPHA + B / tokens**BETA) * np.exp(np.random.default_rng(1).normal(0, 0.002, 28))
        columns = {"params": params, "tokens": tokens, "flops": flops}
        return Observations("loss", columns, y, np.arange(28), np.ones(28), 28)

    @cached_property
    def sweep_table(self) -> RunTable:
        """The same as a table."""
        return sl.load_runs({**self.sweep.columns, "loss": self.sweep.y})

    @cached_property
    def swept(self) -> dict[str, Any]:
        """The same as columns, of two recipes."""
        rows = self.sweep
        both = {name: np.tile(np.asarray(values), 2) for name, values in rows.columns.items()}
        return {**both, "loss": np.append(rows.y * 1.02, rows.y), "recipe": ["old"] * 28 + ["new"] * 28}

    @cache  # noqa: B019
    def explanation(self, level: float = 0.9, seed: int = 0) -> Explanation:
        """What the second recipe changes."""
        options: Any = {"level": level, "seed": seed, "draws": 40, "profile": "parabola"}
        steps = {"new recipe": {"recipe": "new"}}
        return explain(self.swept, base={"recipe": "old"}, steps=steps, flops=1e20, **options)

    @cached_property
    def curves(self) -> Observations:
        """Training curves of a known law, noisy."""
        sizes = 12
        size, ratio = np.meshgrid(np.geomspace(2e7, 2e10, sizes), np.geomspace(0.3, 400, 60), indexing="ij")
        params, tokens = size.ravel(), (size * ratio).ravel()
        y = (E + A / params**ALPHA + B / tokens**BETA) * np.exp(np.random.default_rng(0).normal(0, 0.002, len(params)))
        columns = {"params": params, "tokens": tokens, "flops": 6 * params * tokens}
        n = len(y)
        return Observations("loss", columns, y, np.repeat(np.arange(sizes), 60), np.ones(n), n, reduction="curves")


@pytest.fixture(scope="session")
def made() -> Made:
    """Results that are made on first use and kept."""
    return Made()


def own(tree: ast.AST, name: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the public functions and methods of a module."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if isinstance(node, ast.FunctionDef):
                yield f"{name}{node.name}", node
            elif not name:
                yield from own(node, f"{node.name}.")


@pytest.fixture(scope="session")
def public_functions() -> Mapping[str, frozenset[str]]:
    """Every public function and method outside the command line that has a level or a seed -> its arguments.

    Read off the source, so that nothing is imported; ``**options: Unpack[...]`` stands for the keys it may have.
    """
    root, found, keys, unpacked = Path(sl.__file__).parent, {}, {}, {}
    for path in sorted(root.rglob("*.py")):
        text, module = path.read_text(encoding="utf-8"), path.relative_to(root).with_suffix("")
        if module.parts[0] == "cli" or not re.search(r"\b(?:level|seed)\b|Unpack\[", text):
            continue
        tree = ast.parse(text)
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and "TypedDict" in map(ast.unparse, node.bases):
                keys[node.name] = {each.target.id for each in node.body if isinstance(each, ast.AnnAssign)}  # type: ignore[union-attr]
        for name, function in own(tree):
            full, args = f"{'.'.join(module.parts)}.{name}", function.args
            found[full] = {each.arg for each in (*args.posonlyargs, *args.args, *args.kwonlyargs)}
            if args.kwarg and args.kwarg.annotation and "Unpack" in (of := ast.unparse(args.kwarg.annotation)):
                unpacked[full] = of.removeprefix("Unpack[").removesuffix("]")
    return {name: frozenset(args | keys.get(unpacked.get(name, ""), set())) for name, args in found.items()}
