"""Noise of scores, and decisions between recipes, on published scores."""

import json
import math
import os
import time
from collections.abc import Iterator

import numpy as np

import scalelaw as sl
from evidence._row import Row, run
from scalelaw.core.benchmarks.item_noise import items_needed, paired_se, share_se, wilson

GADRE = "$SCALELAW_DATA/gadre_overtraining/gadre_104models.csv"
PYTHIA = "$SCALELAW_DATA/pythia_evals/pythia_v1_evals.csv"
GEMSTONES = "$SCALELAW_DATA/gemstones/light_eval_df.parquet"
ITEMS = 1000
"""Items of each task that Gemstones evaluated."""


def measure() -> Iterator[Row]:
    """Section 7 of the issue of scores."""
    yield formulas()
    yield from gadre()
    yield pythia()
    yield gemstones()


def formulas() -> Row:
    found = (
        share_se(0.7, 164), share_se(0.7, 14042), wilson(0, 30)[1], *wilson(0.7, 30), paired_se(0.72, 0.7, 1000, 0.6),
        items_needed(0.01, 0.7),
    )  # fmt: skip
    known = 0.03578, 0.00387, 0.1135, 0.5212, 0.8334, 0.01283, 32966
    holds = all(math.isclose(a, b, abs_tol=5e-5) for a, b in zip(found, known, strict=True))
    return Row("published errors, intervals and items for one point",
               ", ".join(f"{each:.4g}" for each in found), holds, "sl.eval_noise", 0.0)  # fmt: skip


def gadre() -> Iterator[Row]:
    words = ["eval-noise", GADRE, "--json"]
    out, seconds = run("scalelaw", *words)
    found, command = json.loads(out), f"scalelaw {' '.join(words)}"
    tasks = found["tasks"]
    verdicts = [task["verdict"] for task in tasks]
    counts = f"{len(found['worth'])} worth forecasting of {len(tasks)}"
    guess = sum(verdict == "not above chance" for verdict in verdicts)
    yield Row("Gadre: tasks are separated by noise and chance", f"{counts}, {guess} not above chance",
              0 < len(found["worth"]) < len(tasks), command, seconds)  # fmt: skip
    for params in (154e6, 412e6):
        each = min(found["decisions"], key=lambda own, wanted=params: abs(math.log(own["params"] / wanted)))
        low, high = each["chance"]
        measured = (
            f"{each['share']:.0%} of {each['pairs']} pairs, by chance {low:.0%} to {high:.0%}; "
            f"{each['share_resolved']:.0%} of the {each['resolved']} beyond item noise"
        )
        yield Row(f"Gadre: {params / 1e6:.0f}M orders three corpora as 6.9B does, over {each['tasks']} tasks",
                  measured, each["share"] >= 0.5, command, seconds)  # fmt: skip


def pythia() -> Row:
    words = ["eval-noise", PYTHIA, "--column", "run=rising", "--json"]
    out, seconds = run("scalelaw", *words)
    task = next(each for each in json.loads(out)["tasks"] if each["target"] == "score@piqa_acc")
    measured = f"{task['checkpoint_sd']:.4f} over {task['checkpoint_runs']} runs, items {task['item_sd']:.4f}"
    holds = task["items"] == 1838 and task["checkpoint_sd"] < task["item_sd"]
    return Row("Pythia: PIQA's 1,838 items from its errors; checkpoints scatter less than items would",
               measured, holds, f"scalelaw {' '.join(words)}", seconds)  # fmt: skip


def gemstones() -> Row:
    import pandas

    before = time.process_time()
    scores = pandas.read_parquet(os.path.expandvars(GEMSTONES))
    names = scores.index.str.extract(r"(?P<run>.*)-step_(?P<step>\d+)$")
    kept = names["step"].notna().to_numpy()
    columns = {f"score@{name.replace(':', '_')}": scores[name].to_numpy()[kept] for name in scores}
    width = names["run"][kept].str.extract(r"(\d+)x(\d+)").astype(float)
    table = {
        "run": names["run"][kept].to_numpy(), "step": names["step"][kept].astype(float).to_numpy(),
        "params": (12 * width[0] ** 2 * width[1]).to_numpy(), **columns,
    }  # fmt: skip
    found = sl.eval_noise(table, n_items=ITEMS)
    ratio = [task.checkpoint_sd / task.item_sd for task in found.tasks if task.checkpoint_sd and task.item_sd]
    measured = (
        f"{min(ratio):.2f} to {max(ratio):.2f}, median {np.median(ratio):.2f}; {len(found.worth)} worth forecasting"
    )
    return Row(f"Gemstones: scatter of checkpoints over that of {ITEMS} items, {len(ratio)} tasks, median below 1",
               measured, float(np.median(ratio)) < 1, "sl.eval_noise(light_eval, n_items=1000)",
               time.process_time() - before)  # fmt: skip
