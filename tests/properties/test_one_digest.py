"""One table in every format, its columns under every spelling: one digest, one answer, and the same counts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl

pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")
pytestmark = pytest.mark.usefixtures("few_windows")

SPELLINGS: dict[str, dict[str, str]] = {
    "chinchilla": {"params": "N", "tokens": "D", "flops": "C", "loss": "L"},
    "hugging face": {
        "run": "run_name", "params": "num_parameters", "tokens": "num_input_tokens_seen", "flops": "total_flos",
        "loss": "eval_loss", "lr": "learning_rate", "layers": "num_hidden_layers", "width": "hidden_size",
    },
    "wandb": {
        "run": "ID", "params": "config.n_params", "tokens": "tokens_seen", "flops": "train_flops", "loss": "val/loss",
        "lr": "config.lr", "layers": "config.n_layers", "seed": "config.seed",
    },
    "olmo": {
        "run": "run_id", "params": "num_params", "tokens": "throughput/total_tokens",
        "flops": "throughput/total_training_Gflops", "loss": "eval/loss", "lr": "optim/learning_rate",
    },
    "nanogpt": {
        "params": "n_params", "tokens": "train_tokens", "flops": "total_flops", "loss": "final_val_loss",
        "lr": "max_lr", "layers": "n_layer", "width": "n_embd",
    },
}  # fmt: skip
Form = Callable[[dict[str, list[Any]], Path], Any]


def _file(write: Callable[[Any, str], None], suffix: str) -> Form:
    def form(table: dict[str, list[Any]], folder: Path) -> str:
        path = str(folder / f"runs.{suffix}")
        write(pd.DataFrame(table), path)
        return path

    return form


def _lines(table: dict[str, list[Any]], folder: Path) -> str:
    path = folder / "plain.jsonl"
    path.write_text(
        "".join(json.dumps(dict(zip(table, row, strict=True))) + "\n" for row in zip(*table.values(), strict=True))
    )
    return str(path)


FORMATS: dict[str, Form] = {
    "csv": _file(lambda frame, path: frame.to_csv(path, index=False), "csv"),
    "tsv": _file(lambda frame, path: frame.to_csv(path, index=False, sep="\t"), "tsv"),
    "parquet": _file(lambda frame, path: frame.to_parquet(path), "parquet"),
    "pandas jsonl": _file(lambda frame, path: frame.to_json(path, orient="records", lines=True), "jsonl"),
    "json": _file(lambda frame, path: frame.to_json(path, orient="records"), "json"),
    "jsonl": _lines,
    "pandas": lambda table, folder: pd.DataFrame(table),
    "arrow": lambda table, folder: pa.table(table),
    "polars": lambda table, folder: pl.DataFrame(table),
    "mapping": lambda table, folder: table,
    "records": lambda table, folder: [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)],
}


def canonical(seed: int) -> dict[str, list[Any]]:
    """Return runs with whole numbers, flags, text, a missing cell and losses of full precision."""
    rng = np.random.default_rng(seed)
    n = np.round(10 ** rng.uniform(7, 9.3, 24)).astype(int)
    d = np.round(n * 10 ** rng.uniform(0.7, 2.2, 24)).astype(int)
    loss = (1.7 + 400 / n**0.34 + 410 / d**0.28) * np.exp(0.003 * rng.standard_normal(24))
    return {
        "run": [f"{'0' * int(rng.integers(2))}{i}" for i in range(24)],
        "params": n.tolist(),
        "tokens": d.tolist(),
        "flops": (6.0 * n * d * 1.37).tolist(),
        "loss": [*np.round(loss, int(rng.integers(4, 15))).tolist()[:-1], None],
        "lr": rng.choice([1e-3, 3e-4], 24).tolist(),
        "layers": rng.integers(4, 30, 24).tolist(),
        "width": (64 * rng.integers(2, 30, 24)).tolist(),
        "seed": rng.integers(0, 2, 24).tolist(),
        "decayed": [True] * 24,
        "qk_norm": rng.integers(0, 2, 24).astype(bool).tolist(),
    }


def spelt(table: dict[str, list[Any]], names: dict[str, str]) -> dict[str, list[Any]]:
    renamed = {names.get(name, name): values for name, values in table.items()}
    if "throughput/total_training_Gflops" in renamed:
        renamed["throughput/total_training_Gflops"] = [each / 1e9 for each in table["flops"]]
    return renamed


def what(source: Any) -> tuple[Any, ...]:
    """Return what is read and decided of a source."""
    table = sl.load_runs(source)
    rows = table.endpoints()
    fit = sl.fit("chinchilla", rows, draws=20, starts=8)
    plan = sl.plan(fit, flops=1e23)
    counts = tuple((part.reason, part.n) for part in rows.set_aside)
    answer = (plan.params.value, plan.tokens.value, plan.loss.value)
    return fit.digest, len(rows), counts, tuple(f"{value:.6g}" for value in answer)


@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_format_under_every_spelling_is_one_digest_and_one_answer(
    spelling: str, seed: int, tmp_path: Path
) -> None:
    table = canonical(seed)
    plain = what(table)
    assert plain[1] == 23
    for name, form in FORMATS.items():
        assert what(form(spelt(table, SPELLINGS[spelling]), tmp_path)) == plain, name


def test_the_ensemble_answers_alike(tmp_path: Path) -> None:
    table = canonical(5)
    pairs = [("chinchilla", "csv"), ("hugging face", "pandas"), ("olmo", "parquet"), ("wandb", "pandas jsonl")]
    found = [sl.decide(FORMATS[form](spelt(table, SPELLINGS[names]), tmp_path), draws=40) for names, form in pairs]
    assert len({each.forecaster.digest for each in found}) == 1
    assert len({f"{each.plan.params.value:.6g}" for each in found if each.plan}) == 1


def test_decimals_of_float32_are_those_of_a_text_file() -> None:
    table = canonical(1)
    loss = [3.25 if value is None else round(value, 4) for value in table["loss"]]
    as_text = sl.load_runs({**table, "loss": loss}).endpoints()
    single = sl.load_runs(pd.DataFrame({**table, "loss": np.array(loss, np.float32)})).endpoints()
    assert np.array_equal(single.y, as_text.y) and single.digest == as_text.digest


def logged(rng: np.random.Generator, *, nan: str) -> tuple[str, str]:
    """Return the log of eight runs, of which one turned NaN half way, and the name of that run."""
    bad = int(rng.integers(8))
    lines = ["run,step,config.params,total_tokens,train/loss,val/loss,lr,state"]
    for run in range(8):
        size = int(10 ** rng.uniform(7, 9))
        turned = rng.integers(3, 7)
        for step in range(1, 11):
            tokens = size * 2 * step
            loss = f"{1.7 + 400 / size**0.34 + 410 / tokens**0.28:.5f}"
            value = nan if run == bad and step > turned else loss
            lines.append(f"r{run},{step * 100},{size},{tokens},{value},,{0.001 / step:.6f},finished")
            if step % 2 == 0:
                lines.append(f"r{run},{step * 100},{size},{tokens},,{value},,finished")
    return "\n".join(lines) + "\n", f"r{bad}"


@pytest.mark.parametrize("seed", range(4))
def test_a_loss_that_turned_nan_diverged_in_every_format(seed: int, tmp_path: Path) -> None:
    text, bad = logged(np.random.default_rng(seed), nan="NaN")
    (tmp_path / "log.csv").write_text(text)
    frame = pd.read_csv(tmp_path / "log.csv")
    frame.to_csv(tmp_path / "again.csv", index=False)
    frame.to_json(tmp_path / "log.jsonl", orient="records", lines=True)
    sources = [str(tmp_path / "log.csv"), frame, str(tmp_path / "again.csv"), str(tmp_path / "log.jsonl")]
    found = [sl.load_runs(source).endpoints() for source in sources]
    for rows in found:
        assert [(part.reason, part.n) for part in rows.set_aside] == [("diverged: loss is NaN", 1)]
        assert bad not in rows.run_names().tolist() and rows.digest == found[0].digest


def test_rows_of_another_kind_after_the_last_loss_are_no_loss_that_was_lost(tmp_path: Path) -> None:
    text, _ = logged(np.random.default_rng(9), nan="2.5")
    more = [f"r{run},1100,,,,,,finished" for run in range(8)]
    (tmp_path / "log.csv").write_text(text + "\n".join(more) + "\n")
    assert len(sl.load_runs(str(tmp_path / "log.csv")).endpoints()) == 8
