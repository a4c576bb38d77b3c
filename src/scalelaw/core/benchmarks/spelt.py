"""The name of a benchmark as a harness or a column spells it: benchmark, number of examples, metric, harness."""

import re
from dataclasses import dataclass

_SHOTS = re.compile(r"(?<![a-z0-9])(zero|one|three|five|ten|few|\d+)[-_ ]?shots?(?![a-z])")
_WORDS = {"zero": 0, "one": 1, "three": 3, "five": 5, "ten": 10}
_NORMALISED = re.compile(r"acc(?:uracy)?[-_ ](?:norm|bytes|per_(?:char|byte|token)|uncond)(?:alized|alised)?")
_METRICS = ("acc_norm", "exact_match", "mc1", "mc2", "pass@1", "f1", "em", "acc")
_TAGS = frozenset(
    {"acc", "accuracy", "norm", "em", "exact", "match", "f1", "mc", "rc", "cot", "score", "raw", "bytes", "uncond",
     "val", "valid", "validation", "test", "dev", "full", "olmes", "none", "strict", "flexible", "extract", "gen",
     "generative", "chat", "cloze", "original", "per", "char", "byte", "token", "avg", "mean", "v1", "v2"}
)  # fmt: skip
_FRONT = frozenset({"leaderboard", "openllm", "lighteval", "helm", "harness", "original", "core", "eval", "acc"})


@dataclass(frozen=True)
class SpeltName:
    """The parts of a benchmark's name.

    Attributes:
        words: the words of the benchmark, with tags of the metric, split and prompt at its ends.
        shots: solved examples in the prompt, or None where the name leaves it open.
        metric: ``acc_norm``, ``exact_match`` and the like, or empty.
        harness: evaluation harness that spells names so, or empty.
    """

    words: tuple[str, ...]
    shots: int | None = None
    metric: str = ""
    harness: str = ""

    def candidates(self) -> list[str]:
        """Return the names to look up: all words first, then without tags at the end and at the front."""
        found, words = ["".join(self.words)], list(self.words)
        while words and words[-1] in _TAGS:
            words = words[:-1]
            found.append("".join(words))
        while words and words[0] in _FRONT:
            words = words[1:]
            found.append("".join(words))
        return [name for name in dict.fromkeys(found) if name]


def read_benchmark(name: str) -> SpeltName:
    """Return the parts of the name of a task: the part after ``@`` of a target, or the whole name.

    Example:
        >>> read_benchmark("score@arc_challenge:25shot")
        SpeltName(words=('arc', 'challenge'), shots=25, metric='', harness='')
        >>> read_benchmark("lighteval|arc:easy|5|0").shots, read_benchmark("hellaswag_acc_norm").metric
        (5, 'acc_norm')
    """
    text = name.partition("@")[2] if re.match(r"[a-z]+@", name) else name
    lower = text.lower()
    harness, shots = "", None
    if "|" in lower:
        parts = [part for part in lower.split("|") if part]
        numbers = [int(part) for part in parts if part.isdigit()]
        named = [part for part in parts if not part.isdigit()]
        lower, shots, harness = named[-1] if named else "", numbers[0] if numbers else None, "lighteval"
    elif "::" in lower:
        lower, harness = lower.replace("::", ":").removesuffix(":olmes"), "olmes"
    elif lower.startswith("leaderboard_"):
        harness = "open-llm-leaderboard"
    if shots_at := _SHOTS.search(lower):
        shots = int(shots_at[1]) if shots_at[1].isdigit() else _WORDS.get(shots_at[1])
        lower = f"{lower[: shots_at.start()]} {lower[shots_at.end() :]}"
    metric = "acc_norm" if _NORMALISED.search(lower) else ""
    words = tuple(word for word in re.split(r"[^a-z0-9@]+", lower) if word)
    ends = "_".join(words)
    metric = metric or next((each for each in _METRICS if ends.endswith(f"_{each}")), "")
    return SpeltName(words, shots, metric, harness)
