"""Waterfalls: steps named by columns, corrections that quantities allow, and what is missing where they do not."""

from typing import Any

import numpy as np
import pytest

from scalelaw.accounting.pearce_song import local_exponent, with_embeddings
from scalelaw.allocation.explanation import explain
from scalelaw.core.errors import BadInput
from scalelaw.core.types import Array
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable

E, A, B, ALPHA, BETA = 1.8172, 482.01, 2085.43, 0.3478, 0.3658
TRUE = BETA / (ALPHA + BETA)
FLOPS = np.geomspace(3e17, 3e19, 5)


def loss(params: Array, tokens: Array, lr_off: Array | float = 0.0) -> Array:
    return np.asarray(E + A / params**ALPHA + B / tokens**BETA + 0.05 * np.asarray(lr_off) ** 2)


def sweep() -> dict[str, Any]:
    """Return sizes about N* at five budgets, N with and without the embeddings of Pearce and Song's family."""
    best = (ALPHA * A / (BETA * B)) ** (1 / (ALPHA + BETA)) * (FLOPS / 6) ** TRUE
    params = (best[:, None] * 10 ** np.linspace(-0.5, 0.5, 9)).ravel()
    fine = np.geomspace(1e3, 1e12, 200_001)
    without = np.interp(params, with_embeddings(fine), fine)
    flops = np.repeat(FLOPS, 9)
    return {
        "params": params, "params_non_embedding": without, "tokens": flops / 6 / params, "flops": flops,
        "loss": loss(params, flops / 6 / params),
    }  # fmt: skip


def table(columns: dict[str, Any]) -> RunTable:
    return load_runs(columns)


def test_counting_embeddings_turns_kaplans_exponent_into_chinchillas() -> None:
    """On a law in all params, N without embeddings grows as Pearce and Song's local exponent says."""
    columns = sweep()
    found = explain(table(columns), draws=0, flops="1e19")
    names = {reading.name: reading for reading in found.readings}
    assert [reading.name for reading in found.made] == ["as counted by Kaplan", "embeddings"]
    first, last = (reading.exponent for reading in found.made)
    assert first is not None and last is not None
    analysis = found.made[0].found
    assert analysis is not None
    sizes = np.array([budget.params for budget in analysis.used], float)
    assert first.value == pytest.approx(float(local_exponent(sizes, ALPHA, BETA).mean()), abs=0.015)
    assert first.value > 0.6 and last.value == pytest.approx(TRUE, abs=1e-4)
    assert names["embeddings"].change == pytest.approx(last.value - first.value)
    assert names["head FLOPs"].skipped == "no column vocab_size, width"
    assert "warmup_tokens" in names["warm-up"].skipped and "evaluation" in names["decay"].skipped
    assert "skipped: no column vocab_size, width" in str(found)


def test_the_head_is_counted_from_vocabulary_and_width() -> None:
    columns = sweep()
    head = columns["params"] - columns["params_non_embedding"]
    columns |= {"vocab_size": np.full(45, 32000.0), "width": head / 32000}
    found = {reading.name: reading for reading in explain(table(columns), draws=0).made}
    assert set(found) == {"as counted by Kaplan", "head FLOPs", "embeddings"}
    assert found["head FLOPs"].exponent is not None
    assert found["head FLOPs"].exponent.value == pytest.approx(TRUE, abs=1e-3)
    assert found["embeddings"].change == pytest.approx(0, abs=1e-3)


def test_tuning_takes_the_best_of_each_sweep() -> None:
    """One learning rate for all sizes suits the middle; the best of three gives the law's own exponent."""
    columns = {name: np.tile(values, 3) for name, values in sweep().items() if name != "params_non_embedding"}
    lr = np.repeat([1e-4, 1e-3, 1e-2], 45)
    right = 3 + 0.35 * (np.log10(columns["params"]) - 8)
    columns |= {"lr": lr, "loss": loss(columns["params"], columns["tokens"], np.log10(lr) + right)}
    best = explain(table(columns), draws=0).made
    assert [reading.name for reading in best] == ["as it is", "tuned hyper-parameters"]
    assert best[0].how == "N with embeddings, C = 6 N D" and best[1].how == "best of each swept cell"
    assert best[0].exponent is not None and best[1].exponent is not None
    assert abs(best[0].exponent.value - TRUE) > 0.005


def test_a_long_warm_up_is_left_out() -> None:
    columns = sweep() | {"warmup_tokens": np.full(45, 3e8)}
    share = 3e8 / columns["tokens"]
    columns["loss"] = columns["loss"] * (1 + 0.05 * np.maximum(share - 0.1, 0))
    del columns["params_non_embedding"]
    found = {reading.name: reading for reading in explain(table(columns), draws=0).readings}
    first, after = found["as it is"].exponent, found["warm-up"].exponent
    assert first is not None and after is not None
    assert abs(after.value - TRUE) < abs(first.value - TRUE)


def test_losses_read_on_the_way_give_way_to_ends_of_runs() -> None:
    """Readings on the way, undecayed, are too high, the more so the smaller the model; ends are the law's own."""
    ends = sweep()
    rows: dict[str, list[Any]] = {name: [] for name in ("run", "params", "tokens", "loss")}
    for at, (n, d) in enumerate(zip(ends["params"], ends["tokens"], strict=True)):
        for step in np.geomspace(0.03, 1, 40):
            undecayed = 0.0 if step == 1 else 0.03 * (1e9 / n) ** 0.2
            for name, value in (("run", f"r{at}"), ("params", n), ("tokens", d * step)):
                rows[name].append(value)
            rows["loss"].append(float(loss(n, d * step)) + undecayed)
    found = {reading.name: reading for reading in explain(table(rows), draws=0).readings}
    first, after = found["as it is"].exponent, found["decay"].exponent
    assert first is not None and after is not None and found["decay"].how == "ends of runs"
    assert after.value == pytest.approx(TRUE, abs=1e-3)
    assert first.value > TRUE + 0.005


def test_steps_change_the_conditions_of_those_before() -> None:
    columns = {name: np.tile(values, 3) for name, values in sweep().items()}
    kind = np.repeat(["a", "b", "c"], 45)
    power = np.select([kind == "a", kind == "b"], [0.25, 0.30], BETA)
    columns["loss"] = E + A / columns["params"] ** ALPHA + (B * 1e10 ** (power - BETA)) / columns["tokens"] ** power
    runs = table({**columns, "kind": kind.tolist(), "all": ["yes"] * 135})
    found = explain(runs, base={"kind": "a", "all": "yes"}, steps={"b": {"kind": "b"}, "c": {"kind": "c"}}, draws=0)
    values = [reading.exponent.value for reading in found.made if reading.exponent is not None]
    assert values == pytest.approx([0.25 / (0.25 + ALPHA), 0.30 / (0.30 + ALPHA), TRUE], abs=2e-3)
    assert found.readings[0].how == "kind a, all yes" and found.readings[2].how == "kind c"
    assert found.made[2].change == pytest.approx(values[2] - values[1])
    assert found.to_dict()["readings"][1]["budgets"] == [5, 5]


def test_a_step_that_cannot_be_read_is_listed_and_skipped_over() -> None:
    columns = {name: np.tile(values, 2) for name, values in sweep().items()}
    runs = table({**columns, "kind": ["a"] * 45 + ["b"] * 45})
    steps: dict[str, dict[str, Any]] = {"few": {"flops": (None, 4e17)}, "back": {"flops": (None, None), "kind": "b"}}
    found = explain(runs, base={"kind": "a"}, steps=steps, draws=0)
    assert "two are needed" in found.readings[1].skipped
    assert found.readings[2].change == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": {"x": {"kind": "b"}}}, "steps= change the runs that base= selects"),
        ({"base": {"kind": "a"}, "steps": {"x": {"kind": "a"}}}, "step 'x' has no effect: kind a already holds"),
        ({"flops": -1.0}, "flops must be positive"),
        (
            {"base": {"nosuch": 1}, "steps": {"x": {"kind": "b"}}},
            "no correction gives this table .* unknown column 'nosuch'",
        ),
    ],
)
def test_a_bad_question_is_refused(options: dict[str, Any], message: str) -> None:
    runs = table({**sweep(), "kind": ["a"] * 45})
    with pytest.raises(BadInput, match=message):
        explain(runs, **{"draws": 0, **options})


def test_a_ladder_without_budgets_in_common_is_refused_for_that_alone() -> None:
    params, ratio = (values.ravel() for values in np.meshgrid(np.geomspace(1e7, 9e8, 5), 7 * 2.0 ** np.arange(6)))
    with pytest.raises(BadInput, match="not an IsoFLOP sweep") as refused:
        explain({"params": params, "tokens": ratio * params, "loss": loss(params, ratio * params)})
    assert "no column" not in str(refused.value) and len(str(refused.value)) < 300


def test_the_size_shown_is_that_of_ten_times_the_largest_run() -> None:
    columns = sweep()
    largest = float(np.max(columns["flops"]))
    assert explain(table(columns), draws=0).flops == pytest.approx(10 * largest)
    assert explain(table(columns), draws=0, flops="1e20").flops == 1e20
