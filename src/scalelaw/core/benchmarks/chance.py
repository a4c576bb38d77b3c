"""The score of guessing, by benchmark and harness: the dated table ``levels.toml``."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from scalelaw.core.benchmarks.spelt import read_benchmark
from scalelaw.core.quantities import BENCHMARKS, spelling
from scalelaw.core.toml import read_toml

LLM_FOUNDRY = "llm-foundry"
_LIGHTEVAL = re.compile(r"\barc:(?:easy|challenge)\b")
_PREFIXES_OF_FOUNDRY = ("bigbench", "agi_eval", "winogender_mc", "simple_arithmetic", "enterprise_pii", "triviaqa_sm")
"""Names that only LLM Foundry spells so."""


@dataclass(frozen=True)
class Benchmark:
    """One benchmark of the table.

    Attributes:
        name: the usual name.
        chance: score of guessing; None where it depends on the harness or the item.
        items: number of items of the usual split, or None.
        source: where the numbers come from.
        by_harness: harness -> score of guessing of its version.
        subtasks: the parts of the benchmark have the same chance.
        bare: whether a column with only this name holds the score.
    """

    name: str
    chance: float | None = None
    items: int | None = None
    source: str = ""
    by_harness: Mapping[str, float] = field(default_factory=dict)
    subtasks: bool = False
    bare: bool = True

    def level(self, harness: str = "") -> float | None:
        """Return the score of guessing; None where unknown, or where harnesses differ and none is named.

        Example:
            >>> find("siqa").level(), find("siqa").level("llm-foundry"), find("mmlu").level()
            (None, 0.5, 0.25)
        """
        if harness in self.by_harness:
            return self.by_harness[harness]
        return self.chance if harness or not self.by_harness else None

    def levels(self) -> str:
        """Return the levels of each harness in words."""
        usual = [] if self.chance is None else [f"{self.chance:.4g} usually"]
        return ", ".join([*usual, *(f"{level:.4g} in {harness}" for harness, level in self.by_harness.items())])


@cache
def date() -> str:
    """Return the date of the table."""
    return str(_content()["date"])


def find(name: str) -> Benchmark | None:
    """Return the benchmark of a task or target, however a harness spells it, or None.

    Example:
        >>> find("score@arc_challenge:25shot").chance, find("mmlu_abstract_algebra").name, find("pile")
        (0.25, 'mmlu', None)
    """
    if (whole := _whole(name)) is not None:
        return whole
    known = _by_spelling()
    words = read_benchmark(name).words
    starts = ("".join(words[first:last]) for first in (0, 1) for last in range(len(words) - 1, first, -1))
    return next((known[start] for start in starts if start in known and known[start].subtasks), None)


def _whole(name: str) -> Benchmark | None:
    """Return the benchmark that a name means as a whole, not a part of it."""
    known = _by_spelling()
    return next((known[each] for each in read_benchmark(name).candidates() if each in known), None)


def is_benchmark(column: str) -> bool:
    """Return whether the name of a column is that of a benchmark, so that it holds its score.

    Example:
        >>> is_benchmark("mmlu_zeroshot"), is_benchmark("ARC-Challenge"), is_benchmark("drop"), is_benchmark("mmlu_n")
        (True, True, False, False)
    """
    found = _whole(column)
    named = read_benchmark(column)
    return spelling(column) in BENCHMARKS or (found is not None and (found.bare or bool(named.shots or named.metric)))


def harness_of(names: Iterable[str]) -> str:
    """Return the only harness that uses one of these spellings, or an empty string.

    Example:
        >>> harness_of(["score@siqa", "score@bigbench_operators"]), harness_of(["mmlu", "siqa"])
        ('llm-foundry', '')
    """
    for name in names:
        if _LIGHTEVAL.search(name):
            return "lighteval"
        if harness := read_benchmark(name).harness:
            return harness
        if spelling(name.partition("@")[2] or name).startswith(_PREFIXES_OF_FOUNDRY):
            return LLM_FOUNDRY
    return ""


@cache
def _by_spelling() -> dict[str, Benchmark]:
    found: dict[str, Benchmark] = {}
    for name, entry in _content().items():
        if not isinstance(entry, dict):
            continue
        by_harness = {
            key: value["chance"] for key, value in entry.items() if isinstance(value, dict) and "chance" in value
        }
        benchmark = Benchmark(
            name,
            entry.get("chance"),
            entry.get("items"),
            str(entry.get("source", "")),
            by_harness,
            bool(entry.get("subtasks", False)),
            bool(entry.get("bare", True)),
        )
        for spelt in (name, *entry.get("names", ())):
            found[spelling(spelt).replace("_", "")] = benchmark
    return found


@cache
def _content() -> dict[str, object]:
    return read_toml(Path(__file__).with_name("levels.toml"), "reinstall scalelaw")
