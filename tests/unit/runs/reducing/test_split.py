"""Columns that split a table into kinds of runs are the one question of init and a finding elsewhere."""

import shlex
from typing import Any

import numpy as np
import pytest

from scalelaw.cli._table import wanted
from scalelaw.fitting.observe import observe
from scalelaw.runs.reading.load import load_runs
from scalelaw.workflows.project.init import init

CODE = "RUNS_SPLIT"
NAMES: dict[str, list[Any]] = {
    "arch": ["llama", "mamba"],
    "optimizer": ["adamw", "muon", "soap"],
    "ctx": [1024, 4096],
    "seq_len": [2048, 8192],
    "activation": ["gelu", "swiglu"],
    "dataset": ["c4", "pile"],
    "model.attention": ["mha", "gqa", "mla"],
}


def _runs(name: str, levels: list[Any], rng: np.random.Generator) -> dict[str, Any]:
    n = 36
    params = np.exp(rng.uniform(16, 21, n))
    tokens = params * np.exp(rng.uniform(2, 5, n))
    loss = (1.8 + 400 / params**0.34 + 500 / tokens**0.28) * np.exp(0.003 * rng.standard_normal(n))
    kinds = [levels[i % len(levels)] for i in rng.permutation(n)]
    return {"params": params, "tokens": tokens, "val_loss": loss, name: kinds}


@pytest.mark.parametrize("name", NAMES)
def test_a_kind_is_a_finding_and_the_one_question_of_init(name: str, tmp_path: Any) -> None:
    rng = np.random.default_rng(len(name))
    levels = NAMES[name]
    columns = _runs(name, levels, rng)
    table = load_runs(columns)
    (found,) = (each for each in table.endpoints().findings if each.code == CODE)
    assert str(found.grade) == "warn" and name in found.message and f"--where {name}=" in found.fix
    path = tmp_path / "runs.csv"
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    asked = init(str(path))
    assert asked.question is not None and asked.question.code == CODE
    assert len(asked.question.answers) == len(levels) + 1
    for number, answer in enumerate(asked.question.answers, 1):
        chosen = init(str(path), answer=number)
        assert chosen.question is None and chosen.rows is not None
        together = number == len(levels) + 1
        assert len(chosen.rows) == (36 if together else 36 // len(levels)), answer


def test_of_two_columns_one_is_asked_and_the_other_warned_of(tmp_path: Any) -> None:
    rng = np.random.default_rng(7)
    columns = _runs("arch", ["llama", "mamba"], rng)
    columns["optimizer"] = [["adamw", "muon"][i] for i in rng.integers(2, size=36)]
    path = tmp_path / "runs.csv"
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    asked = init(str(path))
    assert asked.question is not None and "arch" in asked.question.message
    assert ["optimizer" in each.message for each in asked.findings if each.code == CODE] == [True]
    answered = init(str(path), answer=1)
    assert answered.question is None and CODE in [each.code for each in answered.findings]


def test_sizes_labels_and_outcomes_are_no_kinds() -> None:
    rng = np.random.default_rng(0)
    columns = _runs("arch", ["llama"], rng)
    order = np.argsort(columns["params"])
    bins = np.empty(36, dtype=object)
    bins[order] = ["small"] * 12 + ["medium"] * 12 + ["large"] * 12
    columns |= {
        "scale_bin": bins.tolist(),
        "note": [["ok", "rerun"][i % 2] for i in range(36)],
        "host": [["a", "b"][i % 2] for i in range(36)],
        "gpu": [["h100", "a100"][i % 2] for i in range(36)],
        "id": [f"x{i}" for i in range(36)],
    }
    assert CODE not in [each.code for each in load_runs(columns).endpoints().findings]


def test_a_kind_that_experts_say_is_none() -> None:
    columns = _runs("arch", ["dense", "moe"], np.random.default_rng(1))
    columns["experts"] = [1 if kind == "dense" else 8 for kind in columns["arch"]]
    assert CODE not in [each.code for each in load_runs(columns).endpoints().findings]


@pytest.mark.parametrize("levels", [["all (with head)", "body"], ["a b", "c$d"], ["kaplan(body, head)", "x"]])
def test_the_option_that_keeps_one_kind_can_be_pasted(levels: list[str]) -> None:
    rng = np.random.default_rng(len(levels[0]))
    table = load_runs(_runs("convention", levels, rng))
    (found,) = (each for each in table.endpoints().findings if each.code == CODE)
    option, condition = shlex.split(found.fix.partition(" keeps")[0])
    name, _, text = condition.partition("=")
    assert option == "--where" and text in levels
    kept = table.where(**{name: wanted(table, name, text)})
    assert len(kept.endpoints()) == 18 and not [each for each in kept.endpoints().findings if each.code == CODE]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("several", [2, 3, 4, 6])
def test_several_columns_are_one_finding_and_one_line(several: int, seed: int) -> None:
    rng = np.random.default_rng([several, seed])
    chosen = rng.choice(list(NAMES), several, replace=False).tolist()
    columns = _runs(chosen[0], NAMES[chosen[0]], rng)
    for name in chosen[1:]:
        columns[name] = [NAMES[name][i % len(NAMES[name])] for i in rng.permutation(36)]
    table = load_runs(columns)
    (found,) = (each for each in table.endpoints().findings if each.code == CODE)
    assert f"by {several} columns" in found.message
    shown = [name for name in chosen if f"{name} (" in found.message]
    assert len(shown) == min(several, 3) and (f"and {several - 3} more" in found.message) == (several > 3)
    assert len(found.parts) == several and len(str(found)) < 240
    option, condition = shlex.split(found.fix.partition(" keeps")[0])
    assert option == "--where" and condition.partition("=")[0] in shown


def test_a_law_that_takes_one_of_the_columns_leaves_the_others() -> None:
    rng = np.random.default_rng(3)
    columns = _runs("seq_len", [2048, 8192], rng)
    columns["optimizer"] = [["adamw", "muon"][i] for i in rng.integers(2, size=36)]
    taken = observe("E + A/params**a + B/tokens**b + c*seq_len", load_runs(columns))[1]
    (left,) = (each for each in taken.findings if each.code == CODE)
    assert "optimizer" in left.message and "seq_len" not in left.message
