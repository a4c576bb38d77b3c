"""Every optional argument of what users call changes something, or is refused."""

import importlib
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import ScalelawError
from scalelaw.fitting.spec import FitSpec

WORN: dict[str, Any] = {"params": 1e9, "tokens": 4e9, "unique_tokens": 1e9}
QUICK: dict[str, Any] = {"draws": 20, "starts": 4}
Call = Callable[..., Any]


def plain(value: Any) -> Any:
    """Return what can be compared of a result."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    shown = getattr(value, "to_dict", None)
    return repr(shown() if shown else value)


def steep(made: Any) -> Any:
    """Return a law so steep in tokens that four passes over a billion of them cost more than 2 % of what is left."""
    coef = np.array([1.8, 0.5 * 1e9**2.0, 0.5 * 3.73e9**0.9, 2.0, 0.9])
    return replace(made.fit, coef=coef, draws=None)


def curve(**options: Any) -> Any:
    steps = np.arange(100.0, 3001.0, 100.0)
    table = {
        "run": ["a"] * 30, "steps": steps, "loss": 2 + 20 * steps**-0.5, "loss@c4": 3 + 20 * steps**-0.5,
        "planned_steps": [9000.0] * 30,
    }  # fmt: skip
    return sl.extrapolate(table, **{"target": "loss", **options})


def batches(**options: Any) -> Any:
    at = np.geomspace(1e3, 1e6, 9)
    return sl.diagnosing.trade_off(at, 1e4 * (1 + 1e4 / at) * np.exp(0.1 * np.sin(np.arange(9))), **options).interval


def emerged(**options: Any) -> Any:
    x = np.linspace(18, 23, 10)
    table = {
        "flops": 10**x, "params": 10 ** (x / 3), "score@made": np.round(1000 / (1 + np.exp(2 * (21 - x)))) / 1000,
        "n_items": [1000] * 10, "chance": [0.0] * 10, "logprob@made": -100 * 10 ** (-0.1 * (x - 18)),
    }  # fmt: skip
    return sl.emergence(table, "score@made", **{"draws": 10, **options})


def bits() -> dict[str, Any]:
    return {
        "params": [1e8, 2e8, 3e8, "n/a"], "tokens": [2e9, 5e9, 9e9, 1e9], "loss": [3.0, 2.9, 2.8, 2.7],
        "L2": [5.0, 4.0, 3.0, 2.0],
    }  # fmt: skip


def scores() -> dict[str, Any]:
    return {
        "params": [1e8, 1e8, 2e9, 2e9], "tokens": [2e9, 2e9, 4e10, 4e10], "mine": ["a", "b", "a", "b"],
        "score@mmlu": [0.3, 0.31, 0.6, 0.62], "score@other": [0.3, 0.31, 0.6, 0.62],
    }  # fmt: skip


def done() -> dict[str, Any]:
    return {"params": [7e9], "tokens": [1e11], "loss": [2.2]}


OPTIONS: dict[str, tuple[Callable[[Any], Call], Mapping[str, Any]]] = {
    "regime": (
        lambda made: lambda **options: sl.diagnosing.regime(steep(made), **{**WORN, **options}),
        {"unique_tokens": "30B", "batch_ratio": 2.0, "seed_noise": 0.5},
    ),
    "emergence": (
        lambda made: emerged,
        {
            "continuous": "logprob@made", "axis": "params", "use": "nosuch", "draws": 20, "seed": 1, "level": 0.5,
        },
    ),
    "trade_off": (lambda made: batches, {"draws": 40, "seed": 3}),
    "extrapolate": (
        lambda made: curve,
        {"at": 0.2, "end": 12000, "schedule": "wsd[decay=0.2]", "target": "loss@c4", "level": 0.5},
    ),
    "predict_larger": (
        lambda made: lambda **options: sl.predict_larger(made.ensemble, **options),
        {"at": {"params": 1e10, "tokens": 1e11}, "flops": 1e23, "level": 0.5, "kind": "mean", "prior": "none"},
    ),
    "compute_penalty": (
        lambda made: lambda **options: sl.compute_penalty(made.fit, 1e9, 1e12, **options), {"level": 0.5},
    ),
    "plan": (
        lambda made: lambda **options: sl.plan(made.ensemble, **{"flops": 1e22, **options}),
        {
            "flops": 1e23, "level": 0.5, "kind": "mean", "prior": "none", "max_params": 1e9, "max_tokens": 1e10,
            "params": 1e9, "tokens": 1e9, "loss": 2.5,
        },
    ),
    "envelope": (
        lambda made: lambda **options: quiet(lambda: sl.envelope(made.curves, **{"draws": 20, **options})),
        {"n": "params_active", "draws": 30, "seed": 1, "level": 0.5, "target": "bpb"},
    ),
    "isoflop": (
        lambda made: lambda **options: quiet(
            lambda: sl.isoflop(made.sweep_table, **{"draws": 20, "profile": "parabola", **options})
        ),
        {
            "profile": "cubic", "n": "params_active", "budgets": [1e18, 3e19], "tolerance": 1e-9, "window": 1.5,
            "noise": 0.1, "draws": 30, "seed": 1, "level": 0.5, "target": "bpb", "use": "curves", "over": ["nosuch"],
        },
    ),
    "fit": (
        lambda made: lambda **options: quiet(lambda: sl.fit("chinchilla", made.table, **{**QUICK, **options})),
        {
            "target": "bpb", "use": "nosuch", "over": ["lr"], "noise": sl.Noise("squared"), "fixed": {"E": 1.5},
            "ties": {"beta": "alpha"}, "bounds": {"E": (1.9, 2.5)}, "prior": "literature", "weights": "flops",
            "starts": 5, "draws": 30, "intervals": "sandwich", "seed": 1, "level": 0.5, "chance": 0.25,
            "x": "bpb",
        },
    ),
    "forecast": (
        lambda made: lambda **options: sl.forecast(made.table, **{"draws": 10, **options}),
        {
            "target": "bpb", "use": "nosuch", "over": ["lr"], "n": "params_active", "calibration": None, "draws": 12,
            "seed": 1, "loss": "loss@c4", "chance": 0.25,
        },
    ),
    "expected_half_width": (
        lambda made: lambda **options: sl.designing.expected_half_width(made.ladder, **options),
        {"target": 1e23, "assume": "cpu-text", "level": 0.5},
    ),
    "freeze": (
        lambda made: lambda **options: body(sl.freeze(made.fit, **{"params": 7e9, "tokens": 1e11, **options})),
        {"run": "big", "conditions": {"tokenizer": "gpt2"}, "tokens": 2e11, "runs": done()},
    ),
    "load_runs": (
        lambda made: lambda **options: sl.load_runs(bits(), **options).evals["value"],
        {
            "columns": {"loss": "L2"}, "units": {"loss": "bits"}, "derive": {"loss": "L2 * 2"}, "importer": "nosuch",
            "strict": True, "chance": 0.25,
        },
    ),
    "eval_noise": (
        lambda made: lambda **options: sl.eval_noise(scores(), **options),
        {
            "targets": "score@mmlu", "gain": 0.03, "level": 0.5, "n_items": 50, "clusters": (5, 0.3),
            "items": {"item": [1, 2, 3], "correct": [0, 1, 1], "task": ["mmlu"] * 3}, "recipe": "mine",
        },
    ),
    "lr_features": (
        lambda made: lambda **options: list(sl.runs.lr_features(np.geomspace(1.0, 0.1, 9), **options)["lr_annealing"]),
        {"momentum": 0.5},
    ),
    "calculate": (
        lambda made: lambda **options: sl.calculate("1B", "20B", **options), {"params_non_embedding": "0.9B"},
    ),
}  # fmt: skip
NOT_HERE = {
    "accounted for by `level` and `seed`": {"explain", "approaches", "extrapolate_curve", "robustness", "backtest"},
    "train, or write a folder": {"train_ladder", "tune", "demo", "init", "reproduce", "load_project", "record"},
    "pass their options to `fit`, `forecast` and `plan`": {"study", "decide", "report"},
    "have their options in tests of their own": {
        "load_items", "watch", "verify_forecasts", "score_forecast",
        "review_runs", "design", "noise_scale", "intrinsic_dimension",
    },
}  # fmt: skip
"""Why a function with optional arguments is not in the registry."""


def quiet(make: Callable[[], Any]) -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def body(frozen: Any) -> Any:
    """Return what was frozen, without when."""
    return {name: each for name, each in frozen.to_dict().items() if name not in ("made", "seal")}


def each_option() -> Iterator[tuple[str, str]]:
    for name, (_, others) in OPTIONS.items():
        yield from ((name, option) for option in others)


@pytest.fixture(scope="session")
def usual(made: Any) -> dict[str, Any]:
    return {}


@pytest.mark.parametrize(("name", "option"), list(each_option()))
def test_an_option_changes_something_or_is_refused(made: Any, usual: dict[str, Any], name: str, option: str) -> None:
    make, others = OPTIONS[name]
    call = make(made)
    if name not in usual:
        usual[name] = plain(call())
    try:
        changed = plain(call(**{option: others[option]}))
    except ScalelawError:
        return
    if others[option] is not None:
        assert changed != usual[name]


def test_every_value_of_a_spec_is_hashed_and_printed() -> None:
    """A field of a spec that its record leaves out would make two fits look alike."""
    spec = FitSpec()
    others = OPTIONS["fit"][1]
    for name in FitSpec.__dataclass_fields__:
        assert replace(spec, **{name: others[name]}).to_dict() != spec.to_dict(), name
        assert FitSpec.from_dict(replace(spec, **{name: others[name]}).to_dict()) == replace(
            spec, **{name: others[name]}
        )


def optional(function: Callable[..., Any]) -> set[str]:
    """Return the arguments a function can do without, those of an unpacked dictionary among them."""
    parameters = inspect.signature(function).parameters.values()
    unpacked = [each.annotation for each in parameters if each.kind is each.VAR_KEYWORD]
    names = {each.name for each in parameters if each.default is not each.empty}
    for annotation in unpacked:
        for of in typing.get_args(annotation):
            names |= set(getattr(of, "__annotations__", {}))
    return names


def test_every_option_is_tried() -> None:
    """Of the functions that users call by ``sl.name`` or ``sl.room.name``, as the stubs list them."""
    root, tried = Path(sl.__file__).parent, set()
    for stub in root.rglob("__init__.pyi"):
        room = importlib.import_module(".".join(("scalelaw", *stub.parent.relative_to(root).parts)))
        for name in re.findall(r" as (\w+)$", stub.read_text(encoding="utf-8"), re.MULTILINE):
            if inspect.isfunction(own := getattr(room, name)) and (options := optional(own)):
                tried.add(name)
                if name in OPTIONS:
                    assert options <= set(OPTIONS[name][1]), f"{name}: try each of its options"
                else:
                    assert any(name in names for names in NOT_HERE.values()), f"{name}: add it to OPTIONS"
    assert set(OPTIONS) <= tried
