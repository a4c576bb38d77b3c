"""What fits, forecasts, plans and checks compute on the same rows, number for number, as it was written down.

Properties let pass a formula that is off by a constant factor everywhere. A change of these numbers may be meant: then
write them again with ``python tests/properties/test_numbers_stay.py``, and read the difference before committing it.
"""

import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.allocation.lower_envelope import envelope_observations
from scalelaw.core.rendering import Renderable
from scalelaw.curves.curve_shape import RunSchedule
from scalelaw.diagnosing.critical_batch import trade_off
from scalelaw.diagnosing.regimes import regime
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import INTERVALS, FitSpec
from scalelaw.forecasting.forecast import forecast_observations
from scalelaw.laws import get
from scalelaw.planning.by_ensemble import ensemble_outcomes
from scalelaw.planning.larger_runs import predict_larger
from scalelaw.planning.penalty import compute_penalty
from scalelaw.training.tuning.bowl import bowl

FILE = Path(__file__).parents[1] / "golden" / "files" / "numbers.json"
RECORDED: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
FEW = {"draws": 30, "starts": 2}
NOISES = {
    "squared": Noise("squared"), "absolute": Noise("absolute"), "huber auto": Noise("huber", delta="auto"),
    "raw": Noise("huber", delta=0.01, on="raw"),
}  # fmt: skip
BATCHES = np.geomspace(1e3, 1e6, 9)
_NUMBER = re.compile(r"\d[\d,]*(\.\d+)?(e[+-]?\d+)?")
Make = Callable[[Any], Any]


def curved(made: Any, **options: Any) -> Any:
    """A fit of the training curves, every twelfth reading."""
    rows = made.curves.rows(slice(None, None, 12))
    return fit_observations(get("chinchilla"), rows, FitSpec(**FEW, **options))


def fitted(made: Any, **options: Any) -> Any:
    return fit_observations(get("power"), made.near, FitSpec(**{**FEW, **options}))


def weighed(made: Any) -> Any:
    rows = made.near
    return fit_observations(get("power"), type(rows)(**{**vars(rows), "weight": 1.0 + np.arange(len(rows)) % 3}),
                            FitSpec(**FEW))  # fmt: skip


def watched(made: Any) -> Any:
    share = made.steps[:12] / made.steps[-1]
    log = {"tokens": share * 140e9, "loss": made.reading[:12], "run": ["a"] * 12}
    return sl.watch(made.frozen, log, run="a", schedule="cosine")


def ahead(own: Any) -> dict[str, Any]:
    return {"lo": own.lo, "mean": own.mean, "hi": own.hi}


def swept(made: Any, profile: Any, noise: float | None = None) -> Any:
    return isoflop_observations(made.sweep, IsoFlopSpec(profile, draws=20, noise=noise))


def robust(made: Any) -> Any:
    rows = made.observed.rows(slice(None, None, 3))
    return sl.robustness(rows, flops=1e22, law="chinchilla", draws=0, starts=2)


def off(made: Any) -> Any:
    """The fit of the runs near the line, three of them lifted."""
    rows = made.near
    y = rows.y * (1 + 0.08 * (np.arange(len(rows)) % 5 == 2))
    return fit_observations(get("power"), type(rows)(**{**vars(rows), "y": y}), FitSpec(**FEW))


MADE: dict[str, Make] = {
    "fit": lambda made: made.fit,
    **{f"fit by {way}": lambda made, way=way: fitted(made, intervals=way) for way in INTERVALS},
    **{f"fit of {name} noise": lambda made, each=each: fitted(made, noise=each) for name, each in NOISES.items()},
    "fit within bounds": lambda made: fitted(made, bounds={"alpha": (0.16, 0.2)}, fixed={"E": 1.8}),
    "fit of weights": weighed,
    "fit with a prior": lambda made: fit_observations(
        get("chinchilla"), made.observed.rows(slice(None, None, 5)), FitSpec(**FEW, prior="literature")
    ),
    "fit of curves": curved,
    "coefficients": lambda made: made.fit.coefficients(0.8),
    "mean ahead": lambda made: ahead(made.fit.predict_at(made.ahead, 0.8, "mean")),
    "run ahead": lambda made: ahead(made.fit.predict_at(made.ahead, 0.8, "new_run")),
    "curve ahead": lambda made: ahead(curved(made).predict_at(made.ahead, 0.9, "new_run")),
    "profile": lambda made: made.power.profile("alpha"),
    "influence": lambda made: made.fit.influence(flops=1e22),
    "influence of outliers": lambda made: off(made).influence("alpha"),
    "ensemble": lambda made: made.ensemble,
    "ensemble ahead": lambda made: ahead(made.ensemble.predict_at(made.ahead, 0.8, "mean")),
    "ensemble's run": lambda made: ahead(made.ensemble.predict_at(made.ahead, 0.95, "new_run")),
    "ensemble's draws": lambda made: {"sample": made.ensemble.sample(made.ahead, "new_run", 1)[:20]},
    "larger runs": lambda made: predict_larger(made.ensemble, flops=[1e22, 1e23]),
    "plan of compute": lambda made: sl.plan(made.fit, flops=1e22),
    "plan of params": lambda made: sl.plan(made.fit, params="10B"),
    "plan of tokens": lambda made: sl.plan(made.fit, tokens="300B", level=0.5),
    "plan of a loss": lambda made: sl.plan(made.fit, loss=2.05),
    "plan within limits": lambda made: sl.plan(made.fit, flops=1e22, max_params="2B"),
    "plan of the ensemble": lambda made: sl.plan(made.ensemble, flops=1e22),
    "plan of the runs alone": lambda made: sl.plan(made.ensemble, flops=1e22, prior="none"),
    "plan with profiles": lambda made: sl.plan(
        forecast_observations(made.sweep, calibration=made.calibration, draws=30), flops=1e22
    ),
    "design": lambda made: sl.designing.design(1e21, 0.05),
    "half width on text": lambda made: sl.designing.expected_half_width(made.ladder, target=1e17),
    "half width of a fit": lambda made: sl.designing.expected_half_width(made.ladder, target=1e21, assume=made.fit),
    "cost of a ladder": lambda made: made.ladder.dry_run("h100"),
    "penalty": lambda made: compute_penalty(made.fit, "8B", "1T"),
    "calc": lambda made: sl.calculate("8B", "15T", params_non_embedding="7B"),
    "regime": lambda made: regime(made.fit, params="8B", tokens="1T", unique_tokens="300B", batch_ratio=0.3),
    **{
        f"isoflop {name}": lambda made, name=name: swept(made, name, 0.002)
        for name in ("powers", "cubic", "akima")
    },
    "isoflop": lambda made: swept(made, "parabola"),
    "envelope": lambda made: envelope_observations(made.curves, draws=20),
    "explanation": lambda made: made.explanation(),
    "curve to its end": lambda made: ahead(
        sl.curves.extrapolate_curve(made.steps, made.reading, RunSchedule(end=9e3), level=0.8)
    ),
    "watch": watched,
    "frozen": lambda made: made.frozen,
    "backtest": lambda made: sl.backtest("power", made.near, **FEW),
    "half width": lambda made: sl.designing.expected_half_width(made.ladder, target=1e21),
    "robustness": robust,
    "ensemble's outcomes": lambda made: [
        each.to_dict()
        for each in ensemble_outcomes(
            made.observed.rows(slice(None, None, 3)), 1e22, 0.9, prior="literature", seed=0, draws=20, cut=None
        )
    ],
    "trade-off": lambda made: trade_off(
        BATCHES, 1e4 * (1 + 1e4 / BATCHES) * np.exp(0.1 * np.sin(np.arange(9))), draws=40
    ),
    "bowl": lambda made: vars(bowl(
        np.log(2) * np.arange(-2, 2.1, 0.5), 1 + 0.05 * np.arange(-2, 2.1, 0.5) ** 2 + 1e-3 * np.sin(np.arange(9)),
        draws=50,
    )),
}  # fmt: skip
"""Name -> what makes a result, or plain values."""


def numbers(plain: Any, path: str = "") -> Iterator[tuple[str, float | None]]:
    """Yield every number of a result by its path, and the codes of findings; no words, dates or digests."""
    plain = plain.to_dict() if hasattr(plain, "to_dict") else plain
    if isinstance(plain, Mapping):
        for name, each in plain.items():
            if name == "code":
                yield f"{path}.{each}", 1.0
            elif name == "message":
                yield from printed(each, f"{path}.message")
            elif name not in ("schema", "created", "seconds", "cpu_s", "version"):
                yield from numbers(each, f"{path}.{name}" if path else str(name))
    elif isinstance(plain, list | tuple | np.ndarray):
        for at, each in enumerate(plain):
            named = isinstance(each, Mapping) and "law" in each and "source" in each
            yield from numbers(each, f"{path}[{each['law']}@{each['source']}]" if named else f"{path}[{at}]")
    elif plain is None or isinstance(plain, int | float | np.number | np.bool_):
        yield path, plain if plain is None else float(plain)
    elif hasattr(plain, "__dataclass_fields__"):
        yield from numbers({name: getattr(plain, name) for name in plain.__dataclass_fields__}, path)


def printed(text: str, path: str) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a text, ascending, whatever words are between them and in whatever order."""
    words = (word.strip("()±+-,;:%x") for word in text.split())
    found = sorted(float(word.replace(",", "")) for word in words if _NUMBER.fullmatch(word))
    yield from ((f"{path}#{at}", each) for at, each in enumerate(found))


def written(made: Any, name: str) -> dict[str, float | str | None]:
    """The numbers of a result as JSON holds them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = MADE[name](made)
        found = dict(numbers(result))
        if isinstance(result, Renderable):
            found |= dict(printed(str(result), "text"))
    return {path: value if value is None or np.isfinite(value) else str(value) for path, value in found.items()}


def close(path: str, found: float | str | None, recorded: float | str | None) -> bool:
    if isinstance(found, float) and isinstance(recorded, float):
        return found == pytest.approx(recorded, rel=2e-3 if "#" in path else 2e-4, abs=1e-9)
    return found == recorded


@pytest.mark.parametrize("name", MADE)
def test_numbers_are_as_they_were_written_down(made: Any, name: str) -> None:
    recorded, found = RECORDED[name], written(made, name)
    assert recorded, "a result without numbers shows nothing"
    changed = {
        path: (found.get(path), value) for path, value in recorded.items() if not close(path, found.get(path), value)
    }
    assert not changed, f"{len(changed)} of {len(recorded)}, now and before: {dict(list(changed.items())[:5])}"


if __name__ == "__main__":
    from conftest import Made

    result = Made()
    lines = (f"{json.dumps(name)}: {json.dumps(written(result, name))}" for name in MADE)
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
