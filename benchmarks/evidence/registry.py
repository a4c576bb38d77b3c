"""Frozen forecasts, live runs and the meta-analysis."""

import json
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import scalelaw as sl
import watching
from evidence._row import ROOT, Row
from scalelaw.core.errors import BadInput, ScalelawWarning
from scalelaw.fitting.result import FitResult
from scalelaw.registry.frozen import FrozenForecast
from scalelaw.registry.seal import sealed_text

RUN: dict[str, Any] = {"params": [7e9], "tokens": [140e9], "loss": [2.17], "tokenizer": ["gpt2"], "dataset": ["c4"]}
OTHER: dict[str, dict[str, Any]] = {
    "data": {"dataset": ["pile"]},
    "tokenizer": {"tokenizer": ["llama"]},
    "counting": {"params": None, "params_non_embedding": [7e9]},
    "unit": {"loss": None, "bpb": [0.8]},
    "point": {"tokens": [200e9]},
    "unfinished": {"state": ["running"]},
}
COMMAND = "make evidence ONLY=registry"


def measure() -> Iterator[Row]:
    """Must show 6, and what sections 4 and 5 promise."""
    warnings.simplefilter("ignore", ScalelawWarning)
    fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=200)
    frozen = fit.freeze(params=7e9, tokens=140e9, conditions={"tokenizer": "gpt2", "dataset": "c4"})
    yield from edits(frozen, fit)
    yield from scores(frozen)
    yield from live()
    yield meta()


def edits(frozen: FrozenForecast, fit: FitResult) -> Iterator[Row]:
    before = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        single, chain, edited = (Path(folder) / name for name in ("forecast.json", "forecasts.jsonl", "edited"))
        frozen.save(single)
        for forecast in (frozen, fit.freeze(params=8e9, tokens=140e9)):
            sl.registry.register_forecast(forecast, chain)
        for name, path in (("forecast.json", single), ("a registry with two forecasts", chain)):
            text = path.read_text()
            digits = [at for at, sign in enumerate(text) if sign.isdigit()]
            caught = named = 0
            for at in digits:
                edited.write_text(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :])
                found = sl.registry.verify_forecasts(edited)
                caught += not found.holds
                named += any(
                    re.search(r"edited|written|JSON|seal|digest|number|previous|schema", each) for each in found.faults
                )
            whole = sl.registry.verify_forecasts(path).holds
            said = f"{caught} of {len(digits)} fail, {named} with the place; unedited verifies: {whole}"
            holds = caught == named == len(digits) and whole
            yield Row(f"every digit of {name}, edited one at a time, fails verification", said, holds, COMMAND,
                      time.process_time() - before)  # fmt: skip


def scores(frozen: FrozenForecast) -> Iterator[Row]:
    before = time.process_time()
    error = sl.registry.score_forecast(frozen, RUN).error
    refused = {}
    for name, change in OTHER.items():
        columns = {column: values for column, values in {**RUN, **change}.items() if values is not None}
        refused[name] = _code(lambda columns=columns: sl.registry.score_forecast(frozen, columns))  # type: ignore[misc]
    said = f"the run itself scores {error:+.2%}; " + ", ".join(f"{name}: {code}" for name, code in refused.items())
    yield Row("other data, tokenizer, counting, unit or point is refused with the reason", said, all(refused.values()),
              COMMAND, time.process_time() - before)  # fmt: skip
    late = _code(lambda: _froze_too_late())
    yield Row("freezing after the run is in the table is refused", late, bool(late), COMMAND,
              time.process_time() - before)  # fmt: skip
    assert json.loads(sealed_text(frozen.document)) == frozen.document


def _froze_too_late() -> None:
    table = sl.datasets.load("synthetic-ladder")
    fit = sl.fit("chinchilla", table, draws=0)
    fit.freeze(params=float(table.runs["params"][-1]), tokens=float(table.runs["tokens"][-1]))


def _code(scored: Callable[[], object]) -> str:
    """Return the code of the refusal, empty where there was none."""
    try:
        scored()
    except BadInput as error:
        return ", ".join(re.findall(r"\[([A-Z_]+)\]", str(error)))
    return ""


def live() -> Iterator[Row]:
    before = time.process_time()
    looks, command = watching.looks(), "python benchmarks/watching.py"
    for share in watching.SHARES:
        own = [each for each in looks if each.share == share]
        inside, stopped = (float(np.mean([getattr(each, name) for each in own])) for name in ("inside", "stopped"))
        yield Row(f"a run that ends as forecast, at {share:.0%}: inside its 90 % band in >= 80 %, stopped in <= 5 %",
                  f"inside {inside:.0%}, stopped {stopped:.0%} of {len(own)} published curves",
                  inside >= 0.8 and stopped <= 0.05, command, time.process_time() - before)  # fmt: skip
    worse = [bool(each.stopped_when_worse) for each in looks if each.share == watching.THIRD]
    yield Row("a run that ends 10 % above its forecast: stopped at a third of training (not promised)",
              f"{np.mean(worse):.0%} of {len(worse)}", True, command, time.process_time() - before)  # fmt: skip
    before, runs = time.process_time(), watching.revised()
    errors = {name: np.mean([abs(getattr(each, name)) for each in runs]) for name in ("registered", "curve", "revised")}
    inside = {
        name: np.mean([getattr(each, f"inside{name}") for each in runs]) for name in ("_registered", "_curve", "")
    }
    said = "; ".join(f"{name} {error:.2%}, {held:.0%} inside"
                     for (name, error), held in zip(errors.items(), inside.values(), strict=True))  # fmt: skip
    yield Row(f"{len(runs)} larger runs at a third of training (one source): "
              "the revised forecast is at least as good as the registered one", said,
              bool(errors["revised"] <= errors["registered"]), command, time.process_time() - before)  # fmt: skip


def meta() -> Row:
    page = (ROOT / "docs" / "meta-analysis.md").read_text()
    fits, seconds = (int(number) for number in re.findall(r"(\d+) fits.*? in (\d+) CPU", page, re.DOTALL)[0])
    rules = len(re.findall(r"`GUIDE_\w+`", page))
    said = f"{fits} fits in {seconds} CPU s; {rules} lines on the rules"
    return Row("the meta-analysis: >= 1000 fits in <= 8 CPU min, with a result for every rule", said,
               fits >= 1000 and seconds <= 480 and rules >= 10, "make meta", float(seconds))  # fmt: skip
