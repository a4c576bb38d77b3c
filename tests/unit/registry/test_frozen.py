"""Freezing: what a record holds, for whatever forecasts, and when it is too late for one."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, BadTable, UnknownName
from scalelaw.core.forecaster import Kind, Prediction
from scalelaw.core.types import Array, Inputs
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.published import published
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.registry.freezing import freeze
from scalelaw.registry.frozen import LEVELS, load_forecast
from scalelaw.registry.seal import seal


class Plain:
    """A forecaster that knows the protocol and nothing more, as a mixture might."""

    inputs, target, domain, digest = ("params", "tokens"), "loss@c4", {"params": (1e7, 1e9)}, "0123456789abcdef"
    label, caveats = "0.6 chinchilla + 0.4 kaplan_joint", ("a caveat",)

    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array:
        return np.ones((10, 1))

    def predict(self, x: Inputs, level: float = 0.9, kind: Kind = "new_run") -> Prediction:
        mean, half = np.array([2.0]), level * (0.2 if kind == "new_run" else 0.1)
        return Prediction(mean, mean - half, mean + half, level, np.array([True]))


@pytest.fixture(scope="module")
def fit() -> FitResult:
    observed = sl.datasets.load("synthetic-ladder").endpoints()
    return fit_observations(get("chinchilla"), observed, FitSpec(draws=100, starts=8))


def test_a_record_holds_what_the_forecaster_says_at_every_level(fit: FitResult) -> None:
    frozen = fit.freeze(params="7B", tokens=140e9)
    x = {"params": np.array([7e9]), "tokens": np.array([140e9])}
    kinds: tuple[Kind, ...] = ("mean", "new_run")
    for kind in kinds:
        for level in LEVELS:
            said = fit.predict(x, level, kind)
            assert said.lo is not None and said.hi is not None
            assert frozen.interval(level, kind) == (said.lo[0], said.hi[0])
            assert frozen.value == said.mean[0]
    document = frozen.document
    assert document["schema"] == "scalelaw.forecast/1"
    assert document["forecaster"]["digest"] == fit.digest
    assert document["forecaster"]["spec"]["intervals"] == "auto"
    assert document["rows"]["count"] == 42 == len(set(document["rows"]["each"]))
    assert document["counting"]["flops"] == pytest.approx(6 * 7e9 * 140e9)
    assert document["reach"]["params"] == pytest.approx(7e9 / fit.domain["params"][1])
    assert document["made"]["scalelaw"] == sl.__version__ and len(document["made"]["source"]) == 16


def test_a_forecaster_of_the_bare_protocol_can_be_frozen() -> None:
    frozen = freeze(Plain(), params=1e10, tokens=2e11, conditions={"tokenizer": "gpt2"})
    assert (frozen.label, frozen.target, frozen.value) == (Plain.label, "loss@c4", 2.0)
    assert frozen.interval(0.5) == (pytest.approx(1.9), pytest.approx(2.1))
    assert frozen.interval(0.5, "mean") == (pytest.approx(1.95), pytest.approx(2.05))
    assert frozen.document["rows"]["count"] == 0 and frozen.document["forecaster"]["caveats"] == ["a caveat"]


def test_a_published_law_has_no_interval_and_says_so() -> None:
    frozen = freeze(published(get("chinchilla"), "besiroglu2024"), params="70B", tokens="1.4T")
    assert [frozen.interval(level) for level in LEVELS] == [None] * 4
    assert "unknown" in str(frozen) and frozen.label == "chinchilla@besiroglu2024"


@pytest.mark.parametrize(
    ("point", "tokens"), [({"params": "7B", "flops": 5.88e21}, 140e9), ({"tokens": "140B", "flops": 5.88e21}, 140e9)]
)
def test_what_is_missing_follows_from_six_n_d(fit: FitResult, point: dict[str, Any], tokens: float) -> None:
    frozen = fit.freeze(**point)
    assert frozen.point["tokens"] == pytest.approx(tokens)
    assert frozen.point["params"] == pytest.approx(7e9)


def test_a_point_the_table_holds_is_too_late(fit: FitResult) -> None:
    params, tokens = fit.rows.x["params"][-1], fit.rows.x["tokens"][-1]
    with pytest.raises(BadTable, match=r"the forecaster was fitted to 1 at this point.*FORECAST_TOO_LATE"):
        fit.freeze(params=params * 1.01, tokens=tokens)
    assert fit.freeze(params=params * 1.05, tokens=tokens).value > 0


def test_a_run_the_fit_left_out_is_too_late_as_well(fit: FitResult) -> None:
    table = {"run": ["small", "big"], "params": [1e8, 7e9], "tokens": [1e9, 2e10], "loss": [3.5, 2.4],
             "planned_tokens": [1e9, 140e9]}  # fmt: skip
    with pytest.raises(BadTable, match=r"already holds a run at this point: big"):
        freeze(fit, params="7B", tokens="140B", runs=table)
    with pytest.raises(BadTable, match=r"already holds the run big"):
        freeze(fit, params="30B", tokens="140B", run="big", runs=table)
    assert freeze(fit, params="30B", tokens="140B", run="bigger", runs=table).run == "bigger"


def test_conditions_come_from_the_rows_and_may_not_contradict_them() -> None:
    ladder = sl.datasets.load("synthetic-ladder")
    columns = {name: ladder.runs[name] for name in ("params", "tokens")} | {"loss": ladder.values("loss")}
    shared = {"tokenizer": ["gpt2"] * 42, "dataset": ["c4"] * 42, "seed": list(range(42)), "vocab_size": [50257.0] * 42}
    table = sl.load_runs({**columns, **shared})
    fit = fit_observations(get("chinchilla"), table.endpoints(), FitSpec(draws=0, starts=8))
    assert fit.conditions == {"dataset": "c4", "tokenizer": "gpt2", "vocab_size": 50257.0}
    assert fit.freeze(params="7B", tokens="1T", conditions={"recipe": "adamw"}).conditions["recipe"] == "adamw"
    with pytest.raises(BadTable, match=r"tokenizer llama contradicts the fitted rows, whose tokenizer is gpt2"):
        fit.freeze(params="7B", tokens="1T", conditions={"tokenizer": "llama"})
    with pytest.raises(BadInput, match=r"a condition is one of dataset, tokenizer"):
        fit.freeze(params="7B", tokens="1T", conditions={"seed": "3"})
    mixed = sl.load_runs({**columns, "dataset": ["c4", "pile"] * 21})
    assert fit_observations(get("chinchilla"), mixed.endpoints(), FitSpec(draws=0, starts=8)).conditions == {}


def test_conditions_survive_a_fit_file(fit: FitResult, tmp_path: Path) -> None:
    told = replace(fit, conditions={"tokenizer": "gpt2"})
    told.save(str(tmp_path / "fit.json"))
    assert sl.load_fit(tmp_path / "fit.json").conditions == {"tokenizer": "gpt2"}


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ({"params": "7B"}, r"missing tokens: the forecaster takes params, tokens, got params"),
        ({"params": "7B", "tokens": 0}, r"tokens must be positive, got 0"),
        ({"params": "7B", "tokens": "soon"}, r"'soon' is not a number"),
        ({"params": "7B", "tokenz": 1}, r"unknown quantity 'tokenz'"),
        ({"params": "7B", "tokens": "1T", "dataset": "c4"}, r"pass it in conditions="),
    ],
)
def test_a_point_that_cannot_be_asked_is_refused(fit: FitResult, point: dict[str, Any], said: str) -> None:
    with pytest.raises((BadInput, UnknownName), match=said):
        fit.freeze(**point)


def test_a_file_is_written_once_and_reads_as_it_was(fit: FitResult, tmp_path: Path) -> None:
    frozen, path = fit.freeze(params="7B", tokens="140B"), tmp_path / "forecast.json"
    frozen.save(path)
    assert load_forecast(path).document == frozen.document
    with pytest.raises(BadInput, match="never overwrites a file"):
        frozen.save(path)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda text: text.replace('"value": 2', '"value": 3', 1), r"mean was edited"),
        (lambda text: "no JSON", r"not valid JSON"),
    ],
)
def test_an_edited_file_is_not_read(fit: FitResult, tmp_path: Path, edit: Callable[[str], str], said: str) -> None:
    path = tmp_path / "forecast.json"
    fit.freeze(params="7B", tokens="140B").save(path)
    path.write_text(edit(path.read_text()))
    with pytest.raises(BadInput, match=said):
        load_forecast(path)


def test_an_interval_nobody_froze_is_not_made_up(fit: FitResult) -> None:
    with pytest.raises(BadInput, match=r"no interval at level 0\.7 was frozen; use one of 0\.5, 0\.8, 0\.9, 0\.95"):
        fit.freeze(params="7B", tokens="140B").interval(0.7)


def test_the_document_is_plain_json(fit: FitResult) -> None:
    document = fit.freeze(params="7B", tokens="140B").to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document


@pytest.mark.parametrize("tolerance", [None, True, "0.1", -0.1, 1, 10**400, [0.1], {}])
def test_a_tolerance_that_no_run_can_be_compared_by_is_refused(fit: FitResult, tmp_path: Path, tolerance: Any) -> None:
    document = {**freeze(fit, params=7e9, tokens=140e9).document, "tolerance": tolerance}
    if tolerance is None:
        del document["tolerance"]
    path = tmp_path / "forecast.json"
    path.write_text(json.dumps(seal({name: each for name, each in document.items() if name != "seal"})))
    with pytest.raises(BadInput, match=r"forecast\.json"):
        load_forecast(path)


@pytest.mark.parametrize(
    "part", ["made", "target", "point", "conditions", "mean", "new_run", "rows", "reach", "forecaster"]
)
@pytest.mark.parametrize("value", [None, [], "x", {}, 5, [[1]]])
def test_a_sealed_document_that_is_no_forecast_is_refused(
    fit: FitResult, tmp_path: Path, part: str, value: object
) -> None:
    from scalelaw.registry.seal import seal, sealed_text

    document = fit.freeze(params="7B", tokens=140e9).document
    made = seal({name: value if name == part else each for name, each in document.items() if name != "seal"})
    (tmp_path / "odd.json").write_text(sealed_text(made))
    try:
        str(load_forecast(tmp_path / "odd.json"))
    except BadInput as error:
        assert "odd.json" in str(error) and "\n" not in str(error)
