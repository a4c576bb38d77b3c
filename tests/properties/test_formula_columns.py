"""A name in a formula that is a column of the table is an input, whatever the column is called."""

import json
import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import scalelaw as sl
from scalelaw.cli.main import app
from scalelaw.core.errors import BadInput
from scalelaw.core.quantities import FORMULA_SYMBOLS, recognise
from scalelaw.fitting.files import load_fit

pytestmark = pytest.mark.usefixtures("few_windows")
LIKELY = ["parallel_size", "dropout", "n_stages", "warmup", "alpha", "x", "k2", "ModelParallel", "mup_base", "beta1"]
SEEDS = range(6)


def word(rng: np.random.Generator) -> str:
    """Return a name that a column may have and no quantity has."""
    while True:
        letters = "".join(rng.choice(list(string.ascii_letters + "__"), int(rng.integers(1, 12))))
        name = letters.strip("_") + str(rng.integers(99)) * int(rng.integers(2))
        taken = name in (*FORMULA_SYMBOLS, "E", "A", "B", "a", "b", "c", "exp", "log", "sqrt", "and", "or", "in", "if")
        if name.isidentifier() and recognise(name) is None and not taken and name.lower() not in {"is", "as", "not"}:
            return name


def written(rng: np.random.Generator, name: str) -> str:
    """Return a name of a column that a formula can only name as ``name``."""
    ways = [name, f" {name} ", name.replace("_", " "), name.replace("_", "-")]
    ways += [f"config/model.{name}", name.upper()] if len(name) > 3 and name == name.lower() else []
    return str(rng.choice(ways))


def columns(seed: int) -> tuple[str, dict[str, Any]]:
    """Return the name of a column, and runs whose loss depends on it: E + A/N^a + B/D^b + .4 x."""
    rng = np.random.default_rng(seed)
    name = LIKELY[seed] if seed < 4 else word(rng)
    n = 10 ** rng.uniform(7, 9.2, 36)
    d = n * 10 ** rng.uniform(0.7, 2.2, 36)
    x = rng.choice([0.0, 0.1, 0.25, 0.5], 36)
    loss = (1.7 + 400 / n**0.34 + 410 / d**0.28 + 0.4 * x) * np.exp(0.002 * rng.standard_normal(36))
    return name, {"params": n, "tokens": d, written(rng, name): x, "loss": loss}


def formula(name: str) -> str:
    return f"E + A/N**a + B/D**b + c*{name}"


def csv(path: Path, table: dict[str, Any]) -> str:
    rows = [",".join(table), *(",".join(f"{x:.10g}" for x in row) for row in zip(*table.values(), strict=True))]
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def invoke(*words: str) -> Any:
    result = CliRunner().invoke(app, [*words])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_column_named_is_an_input_from_a_mapping_a_dataframe_and_a_file(seed: int, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    name, table = columns(seed)
    file = csv(tmp_path / "runs.csv", table)
    rounded = {key: [float(f"{x:.10g}") for x in values] for key, values in table.items()}
    fits = [sl.fit(formula(name), source, draws=20) for source in (rounded, pandas.DataFrame(rounded), file)]
    for fit in fits:
        assert fit.inputs == ("params", "tokens", name)
        assert name not in fit.coefficients() and f"{name} (a column, unit unknown)" in " ".join(fit.notes)
        assert fit.coefficients()["c"]["value"] == pytest.approx(0.4, abs=0.05)
        assert fit.digest == fits[0].digest and np.array_equal(fit.coef, fits[0].coef)
    rows = sl.load_runs(file).endpoints()
    assert sl.fit(formula(name), rows, draws=20).digest == fits[0].digest


@pytest.mark.parametrize("seed", SEEDS)
def test_fit_files_keep_the_input_and_plans_ask_for_its_value(seed: int, tmp_path: Path) -> None:
    name, table = columns(seed)
    file, saved = csv(tmp_path / "runs.csv", table), str(tmp_path / "fit.json")
    told = invoke("fit", file, "--law", formula(name), "--draws", "50", "--save", saved, "--json")
    assert name not in told["coefficients"] and told["law"] == f"{formula(name)} [inputs={name}]"
    fit = load_fit(saved)
    assert fit.inputs == ("params", "tokens", name) and sl.laws.parse(told["law"])[0] == fit.law
    for words in (["plan", saved], ["plan", file, "--law", formula(name), "--draws", "50"]):
        refused = CliRunner().invoke(app, [*words, "--flops", "1e21"])
        assert refused.exit_code == 2 and f"--at {name}=0.5" in refused.output.replace("\n", " ")
    of_file = invoke("plan", file, "--law", formula(name), "--draws", "50", "--flops", "1e21", "--at", f"{name}=0.5",
                     "--json")  # fmt: skip
    of_fit = invoke("plan", saved, "--flops", "1e21", "--at", f"{name}=0.5", "--json")
    assert of_file["params"] == of_fit["params"]
    low = sl.plan(fit.at(**{name: 0}), flops=1e21).loss.value
    assert of_fit["loss"]["value"] - low == pytest.approx(0.5 * told["coefficients"]["c"]["value"], abs=0.01)


@pytest.mark.parametrize("seed", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_backtest_study_influence_and_freeze_take_the_column(seed: int, tmp_path: Path) -> None:
    name, table = columns(seed)
    file, law = csv(tmp_path / "runs.csv", table), formula(name)
    cuts = invoke("backtest", file, "--law", law, "--draws", "20", "--json")["cuts"]
    assert min(cut["mean_abs_rel_error"] for cut in cuts) < 0.02
    assert invoke("influence", file, "--law", law, "--quantity", "c", "--json")["value"] == pytest.approx(0.4, abs=0.05)
    study = invoke("study", file, "--law", law, "--draws", "50", "--at", f"{name}=0", "--flops", "1e21", "--json")
    assert study["plan"]["forecaster"]["label"].endswith(f"at {name} 0")
    point = ["--params", "7B", "--tokens", "140B"]
    asked = CliRunner().invoke(app, ["registry", "freeze", file, "--law", law, "--draws", "50", *point])
    assert asked.exit_code == 2 and f"--at {name}=" in asked.output.replace("\n", " ")
    frozen = invoke("registry", "freeze", file, "--law", law, "--draws", "50", *point, "--at", f"{name}=0.1",
                    "--to", str(tmp_path / "f.json"), "--json")  # fmt: skip
    later = {key: [values[0]] for key, values in table.items()} | {"params": [7e9], "tokens": [140e9], "loss": [2.0]}
    later[next(key for key in later if key not in ("params", "tokens", "loss"))] = [0.1]
    scored = invoke("registry", "score", str(tmp_path / "f.json"), csv(tmp_path / "later.csv", later), "--json")
    assert frozen["point"][name] == 0.1 and scored["measured"] == 2.0


def test_a_column_recognised_as_a_quantity_is_that_quantity_under_its_own_name() -> None:
    _, table = columns(0)
    renamed = {"n": table["params"], "train tokens": table["tokens"], "loss": table["loss"]}
    fit = sl.fit("E + A/n**a + B/train_tokens**b", renamed, draws=0)
    assert fit.inputs == ("params", "tokens") and "n = params" in " ".join(fit.notes)
    plain = sl.fit("E + A/params**a + B/tokens**b", renamed, draws=0)
    np.testing.assert_allclose(fit.coef, plain.coef)


def test_a_column_of_flags_is_zero_and_one_and_one_of_text_is_refused_by_its_cells() -> None:
    _, table = columns(0)
    n = len(table["loss"])
    base = {key: table[key] for key in ("params", "tokens", "loss")}
    base["loss"] = table["loss"] + 0.3 * (np.arange(n) % 2 == 0)
    flags = [np.arange(n) % 2 == 0, ["True" if i % 2 == 0 else "False" for i in range(n)]]
    first, second = (sl.fit(formula("qk_norm"), {**base, "qk_norm": each}, draws=0) for each in flags)
    assert first.digest == second.digest
    with pytest.raises(BadInput, match="column holds text \\('adamw', 'muon'\\)"):
        sl.fit(formula("optimizer"), {**base, "optimizer": ["adamw", "muon"] * (n // 2)}, draws=0)


def test_capitals_that_stand_for_quantities_are_told_from_coefficients() -> None:
    _, table = columns(0)
    base = {key: table[key] for key in ("params", "tokens", "loss")}
    with pytest.raises(BadInput, match="C stands for flops; give a coefficient another name, such as c_0"):
        sl.fit("C + A/N**a + B/D**b", base, draws=0)
    with pytest.raises(BadInput, match="C stands for flops"):
        sl.fit("E + C/N**a + B/D**b + K", base, draws=0)
    with pytest.raises(BadInput, match=r"the law takes weight, and the table has.*if weight is a coefficient"):
        sl.fit("E + A/N**a + weight/D**b", base, draws=0)
    with pytest.raises(BadInput, match="takes loss, which is the fitted quantity"):
        sl.fit("E + A*loss/N**a", base, draws=0)


def test_missing_values_of_the_column_set_rows_aside() -> None:
    name, table = columns(0)
    key = next(each for each in table if each not in ("params", "tokens", "loss"))
    table[key] = np.where(np.arange(36) < 3, np.nan, table[key])
    fit = sl.fit(formula(name), table, draws=0)
    assert [(part.reason, part.n) for part in fit.rows.set_aside] == [(f"no {name}", 3)]


def test_the_ensemble_takes_no_value_of_a_column(tmp_path: Path) -> None:
    _, table = columns(1)
    refused = CliRunner().invoke(app, ["plan", csv(tmp_path / "r.csv", table), "--at", "dropout=0"])
    assert refused.exit_code == 2 and "name it with --law" in refused.output.replace("\n", " ")


def test_robustness_says_how_to_plan_by_a_law_that_takes_a_column(tmp_path: Path) -> None:
    _, table = columns(1)
    refused = CliRunner().invoke(app, ["robustness", csv(tmp_path / "r.csv", table), "--law", formula("dropout")])
    assert refused.exit_code == 2 and "--at dropout=VALUE" in refused.output.replace("\n", " ")


@pytest.mark.parametrize("capital, stands", [("C", "flops"), ("D", "tokens")])
def test_a_capital_whose_quantity_the_table_lacks_is_explained(capital: str, stands: str) -> None:
    params = np.geomspace(1e7, 1e9, 12)
    with pytest.raises(BadInput, match=f"takes {stands}.*{capital} stands for {stands}.*such as {capital.lower()}_0"):
        sl.fit(f"E + A/{capital}**a", {"params": params, "loss": 2 + 40 / params**0.2})
