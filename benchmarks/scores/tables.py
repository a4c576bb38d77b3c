"""Published tables of scores, one a recipe, with the items and the chance of every task, and their cuts."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN
from scalelaw.core.types import AnyArray, Array

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Task:
    """Items of a benchmark and the score of guessing."""

    items: float
    chance: float


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """The models of one recipe and their scores.

    Attributes:
        by: source.
        name: recipe.
        runs: column -> values, (n,): ``run``, ``params``, ``tokens``, ``flops``, and ``loss`` where one is published.
        scores: task -> values, (n,).
        tasks: task -> its items and chance.
    """

    by: str
    name: str
    runs: Mapping[str, AnyArray]
    scores: Mapping[str, Array]
    tasks: Mapping[str, Task]

    def frame(self, rows: AnyArray, task: str) -> dict[str, Any]:
        """Return the columns of one task at these rows, as ``load_runs`` takes them."""
        columns = {name: values[rows] for name, values in self.runs.items()}
        n, of = int(np.sum(rows)) if rows.dtype == bool else len(rows), self.tasks[task]
        key = plain(task)
        return {**columns, f"score@{key}": self.scores[task][rows],
                f"n_items_{key}": np.full(n, of.items), f"chance_{key}": np.full(n, of.chance)}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Cut:
    """Which models are fitted and which are forecast.

    Attributes:
        table: the models.
        name: where it is cut.
        fitted: True for the models to fit, (n,).
        held: True for those to forecast, (n,).
        tasks: the tasks to judge.
    """

    table: ScoreTable
    name: str
    fitted: AnyArray
    held: AnyArray
    tasks: tuple[str, ...] = field(default_factory=tuple)

    @property
    def reach(self) -> Array:
        """Compute of each forecast model over the largest fitted."""
        spent = self.table.runs["flops"]
        return np.asarray(spent[self.held] / spent[self.fitted].max())


def plain(task: str) -> str:
    """Return a task's name without characters that a column name cannot have."""
    return re.sub(r"[^A-Za-z0-9]+", "_", task).strip("_").lower()


def protocol() -> dict[str, Any]:
    """Return the protocol as it stands."""
    return tomllib.loads((HERE / "protocol.toml").read_text(encoding="utf-8"))


def cuts(data: Path) -> Iterator[Cut]:
    """Yield every cut of every published table below the folder."""
    rules = protocol()
    for name, how in rules["table"].items():
        for table in _READERS[name](data, how):
            for cut in _cuts_of(table, how):
                near = cut.held & (
                    table.runs["flops"] <= rules["score"]["most_reach"] * table.runs["flops"][cut.fitted].max()
                )
                if near.any():
                    yield Cut(table, cut.name, cut.fitted, near, tuple(table.tasks))


def _cuts_of(table: ScoreTable, how: Mapping[str, Any]) -> Iterator[Cut]:
    spent = table.runs["flops"]
    for axis, ends in how.get("below", {}).items():
        for end in ends:
            below = table.runs[axis] <= end
            beyond = ~below & (spent > 2 * end) if axis == "flops" else ~below
            yield Cut(table, f"{axis} <= {end:.3g}", below, beyond)
    order = np.argsort(np.argsort(spent, kind="stable"))
    counts = [*how.get("runs", []), *(len(spent) - each for each in how.get("all_but", []))]
    for count in counts:
        below = order < count
        if 5 <= count < len(spent):
            yield Cut(table, f"{count} runs", below, ~below & (spent > 1.3 * spent[below].max()))


def _gadre(data: Path, how: Mapping[str, Any]) -> Iterator[ScoreTable]:
    folder = data / "gadre_overtraining"
    rows = pl.read_csv(folder / "gadre_104models.csv", infer_schema_length=None)
    known = pl.read_csv(folder / "eval_metadata.csv")
    about = {row["Eval Task"].lower(): row for row in known.iter_rows(named=True) if row["Eval Task"]}
    named = [column[4:] for column in rows.columns if column.startswith("err_") and column[4:] in about]
    tasks = {name: Task(about[name]["#datapoints"], about[name]["Random baseline"] / 100) for name in named}
    # Chance of the averages as the authors give it; items: those of all tasks, far more than the scatter between runs.
    tasks |= {"avg": Task(50_000, 1 - 0.75), "avg_subset17": Task(30_000, 1 - 0.8088)}
    for corpus in rows["train_dataset"].unique(maintain_order=True):
        part = rows.filter(pl.col("train_dataset") == corpus)
        runs = _runs(part["name"], part["N_total"], part["D_tokens"], loss=part["loss_c4_val"])
        yield ScoreTable(how["by"], corpus, runs, {name: 1 - _numbers(part[f"err_{name}"]) for name in tasks}, tasks)


_PYTHIA = {"lambada_openai:acc": Task(5153, 0), "piqa:acc": Task(1838, 0.5), "winogrande:acc": Task(1267, 0.5),
           "wsc:acc": Task(104, 0.5), "arc_easy:acc": Task(2376, 0.25), "arc_challenge:acc": Task(1172, 0.25),
           "sciq:acc": Task(1000, 0.25), "logiqa:acc": Task(651, 0.25),
           "mmlu_macro_acc": Task(14042, 0.25)}  # fmt: skip


def _pythia(data: Path, how: Mapping[str, Any]) -> Iterator[ScoreTable]:
    rows = pl.read_csv(data / "pythia_evals/pythia_v1_evals.csv", infer_schema_length=None)
    rows = rows.filter(~pl.col("model").str.contains("bs|batch"))
    for deduped in (False, True):
        for shots in (0, 5):
            part = rows.filter((pl.col("deduped") == deduped) & (pl.col("shots") == shots)).sort("step")
            part = part.group_by("model", maintain_order=True).last()
            loss = np.log(_numbers(part["lambada_openai:ppl"]))
            runs = _runs(part["model"], part["N_nonembed"], part["tokens"], loss=loss, n="params_non_embedding")
            scores = {name: _numbers(part[name]) for name in _PYTHIA}
            whole = {name: values for name, values in scores.items() if np.isfinite(values).all()}
            name = f"{'deduplicated' if deduped else 'standard'} {shots}-shot"
            yield ScoreTable(how["by"], name, runs, whole, {name: _PYTHIA[name] for name in whole})


_GEMSTONES = {"arc:challenge": 0.25, "arc:easy": 0.25, "commonsense_qa": 0.2, "hellaswag": 0.25, "mmlu": 0.25,
              "openbookqa": 0.25, "piqa": 0.5, "siqa": 1 / 3, "winogrande": 0.5}  # fmt: skip


def _gemstones(data: Path, how: Mapping[str, Any]) -> Iterator[ScoreTable]:
    folder = data / "gemstones"
    lines = (folder / "gemstones_hot.jsonl").read_text(encoding="utf-8").splitlines()
    trained = {(row["width"], row["depth"], row["step"]): row for row in map(json.loads, lines)}
    last = {key[:2]: key[2] for key in sorted(trained)}
    scores = pl.read_parquet(folder / "light_eval_df.parquet")
    taken = []
    for at, name in enumerate(scores["__index_level_0__"]):
        found = re.fullmatch(r"Gemstone-(\d+)x(\d+)-(?:step_)?(\w+)", name)
        shape = (int(found[1]), int(found[2])) if found else None
        if found is None or shape is None:
            continue
        row = trained.get((*shape, last.get(shape, 0) if found[3] == "main" else int(found[3])))
        if row is not None and (found[3] == "main" or round(row["tokens"], -10) in how["tokens"]):
            taken.append((at, row))
    kept, rows = [at for at, _ in taken], pl.DataFrame([row for _, row in taken])
    names = pl.Series([f"{row['width']}x{row['depth']} {row['step']}" for _, row in taken])
    runs = _runs(names, rows["params_active_precise"], rows["tokens"], loss=rows["final_loss"])
    tasks = {name: Task(1000, chance) for name, chance in _GEMSTONES.items()}
    yield ScoreTable(how["by"], "gemstones", runs, {name: _numbers(scores[name])[kept] for name in tasks}, tasks)


_CLIP = {
    "imagenet1k": (50_000, 1000), "imagenetv2": (10_000, 1000), "imagenet-a": (7_500, 200), "imagenet-r": (30_000, 200),
    "imagenet_sketch": (50_889, 1000), "objectnet": (18_574, 113), "cars": (8_041, 196), "mnist": (10_000, 10),
    "stl10": (8_000, 10), "sun397": (108_754, 397), "country211": (21_100, 211), "fgvc_aircraft": (3_333, 100),
    "gtsrb": (12_630, 43), "fer2013": (7_178, 7), "renderedsst2": (1_821, 2), "voc2007": (14_976, 20),
    "vtab/cifar10": (10_000, 10), "vtab/cifar100": (10_000, 100), "vtab/dtd": (1_880, 47), "vtab/eurosat": (5_400, 10),
    "vtab/flowers": (6_149, 102), "vtab/pets": (3_669, 37), "vtab/resisc45": (6_300, 45),
    "vtab/caltech101": (6_085, 102), "vtab/svhn": (26_032, 10), "vtab/pcam": (32_768, 2),
}  # fmt: skip
"""Data set -> items and classes."""
_FLOPS_PER_GMAC = 6e9


def _openclip(data: Path, how: Mapping[str, Any]) -> Iterator[ScoreTable]:
    folder = data / "openclip_laion"
    rows = pl.read_csv(folder / "zeroshot_results.csv", infer_schema_length=None)
    sizes = pl.read_csv(folder / "arch_info.csv").select("model", "mparams")
    rows = rows.join(sizes, left_on="arch", right_on="model").filter(pl.col("upstream_dataset") != "CLIP-WIT")
    tasks = {name: Task(items, 1 / classes) for name, (items, classes) in _CLIP.items()}
    for corpus in sorted(rows["upstream_dataset"].unique()):
        part = rows.filter((pl.col("upstream_dataset") == corpus) & pl.col("downstream_dataset").is_in(list(_CLIP)))
        wide = part.pivot("downstream_dataset", index=["name", "mparams", "samples_seen", "gmacs_total"],
                          values="acc1").sort("gmacs_total")  # fmt: skip
        runs = _runs(wide["name"], wide["mparams"] * 1e6, wide["samples_seen"],
                     flops=_FLOPS_PER_GMAC * _numbers(wide["gmacs_total"]))  # fmt: skip
        yield ScoreTable(how["by"], corpus, runs, {name: _numbers(wide[name]) for name in tasks}, tasks)


_FAMILIES = {"MMLU": Task(14042, 0.25), "ARC-C": Task(1172, 0.25), "HellaSwag": Task(10042, 0.25),
             "Winograd": Task(1267, 0.5), "TruthfulQA": Task(817, 0.31), "GSM8K": Task(1319, 0.0),
             "XWinograd": Task(2325, 0.5), "HumanEval": Task(164, 0.0)}  # fmt: skip


def _families(data: Path, how: Mapping[str, Any]) -> Iterator[ScoreTable]:
    rows = pl.read_csv(data / "obsscaling/base_llm_benchmark_eval.csv", infer_schema_length=None)
    rows = rows.filter(pl.col("FLOPs (1E21)").is_not_null() & (pl.col("Model Family") != "Pythia")).sort("FLOPs (1E21)")
    for family in sorted(rows["Model Family"].drop_nulls().unique()):
        part = rows.filter(pl.col("Model Family") == family)
        if part["Model Size (B)"].n_unique() < how["least"]:
            continue
        runs = _runs(part["Model"], part["Model Size (B)"] * 1e9, part["Pretraining Data Size (T)"] * 1e12)
        tasks = {name: of for name, of in _FAMILIES.items() if part[name].null_count() == 0}
        yield ScoreTable(how["by"], family, runs, {name: _numbers(part[name]) for name in tasks}, tasks)


_READERS = {"gadre": _gadre, "pythia": _pythia, "gemstones": _gemstones, "openclip": _openclip, "families": _families}


def _runs(names: pl.Series, size: Any, tokens: Any, *, loss: Any = None, flops: Array | None = None,
          n: str = "params") -> dict[str, AnyArray]:  # fmt: skip
    params, seen = _numbers(size), _numbers(tokens)
    spent = FLOPS_PER_PARAM_TOKEN * params * seen if flops is None else flops
    found = {"run": np.array(names.to_list()), n: params, "tokens": seen, "flops": spent}
    return found if loss is None else {**found, "loss": _numbers(loss)}


def _numbers(values: Any) -> Array:
    return np.asarray(values.to_numpy() if isinstance(values, pl.Series) else values, float)
