"""Check that rows may be fitted together: one tokenizer, one recipe, one meaning of N.

These are the DESIGN_* findings about shared conditions rather than values; ``checking/values.py`` lists them all.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from scalelaw.accounting.flops import COUNTINGS, counting_for
from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.checking.repeated import check_repeated
from scalelaw.runs.currency import check_currency
from scalelaw.runs.observations import Observations

_PADDING = 1.05
_RECIPES = ("recipe", "schedule", "dataset", "tokenizer")
_MOST_LEVELS = 5
_SAME_FLOPS = 0.05
_MOE = ("params", "params_active")
COMPARED = ("dataset", "tokenizer", "vocab_size", "bytes_per_token")
"""Columns that runs must share for their losses to be comparable."""
NOTED = ("recipe", "family", "schedule", "seq_len")
"""Columns that shift a loss but keep it comparable."""


def check_pooling(observed: Observations, inputs: Sequence[str]) -> list[Finding]:
    """Return findings against fitting these rows together.

    Args:
        observed: the rows a fit would see, complete in the inputs.
        inputs: quantities the law takes.
    """
    return [
        *_tokenizers(observed, inputs),
        *_recipes(observed, inputs),
        *_total_for_active(observed, inputs),
        *check_repeated(observed, inputs),
        *(_other_flops(observed, inputs) or check_currency(observed, inputs)),
    ]


def check_which_params(observed: Observations, inputs: Sequence[str]) -> list[Finding]:
    """Ask which N to use where total and active parameters differ and the law accepts either."""
    if not set(_MOE) <= set(observed.columns) or "params" not in inputs:
        return []
    total, active = (observed.inputs([name])[name] for name in _MOE)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = total / active
    differ = np.isfinite(ratio) & (np.abs(ratio - 1) > 1e-3)
    if not differ.any():
        return []
    span = f"{ratio[differ].min():.3g} to {ratio[differ].max():.3g}"
    rows = counted(int(differ.sum()), "row")
    message = f"params are {span} times params_active in {rows}, and the law does not state which of them is N"
    fix = (
        "pass --law 'ensemble[n=params_active]' or 'ensemble[n=params]', or for one law chinchilla[n=params_active] "
        "(`forecast`: --params-kind params_active)"
    )
    answers = tuple(Answer(f"N is {kind}", {"law": f"ensemble[n={kind}]"}) for kind in ("params_active", "params"))
    return [Finding("DESIGN_WHICH_N", Grade.ASK, message, int(differ.sum()), fix, answers)]


def shared_conditions(observed: Observations) -> dict[str, float | str]:
    """Return the conditions (data, tokenizer, recipe and the like) that all rows state and share."""
    found: dict[str, float | str] = {}
    for name in (*COMPARED, *NOTED):
        values = set(_levels(observed.columns[name]).tolist()) if name in observed.columns else set()
        if len(values) == 1 and "" not in values:
            one = observed.columns[name][0]
            found[name] = float(one) if QUANTITIES[name].kind == "number" else str(one)
    return found


def confounded(observed: Observations, inputs: Sequence[str]) -> dict[str, list[str]]:
    """Return the recipe columns confounded with size: quantity -> its levels, in order of size.

    No two levels share a size, and all levels but one have several sizes: a label per size is not a recipe.
    """
    kind = next((name for name in inputs if name.startswith("params")), None)
    found: dict[str, list[str]] = {}
    for name in _RECIPES if kind else ():
        if name not in observed.columns or (name == "tokenizer" and not observed.target.startswith("bpb")):
            continue
        levels, params = _levels(observed.columns[name]), observed.inputs([str(kind)])[str(kind)]
        known = sorted(set(levels.tolist()) - {""})
        if not 2 <= len(known) <= _MOST_LEVELS or np.any(levels == ""):
            continue
        spans = sorted((params[levels == level].min(), params[levels == level].max(), level) for level in known)
        apart = all(before[1] < after[0] for before, after in pairwise(spans))
        if apart and all(low < high for low, high, _ in spans):
            found[name] = [level for _, _, level in spans]
    return found


def indicators(observed: Observations, inputs: Sequence[str]) -> Array:
    """Return 0/1 indicators of each level but the first of every confounded recipe column, (levels, n)."""
    rows = [
        (_levels(observed.columns[name]) == level).astype(float)
        for name, levels in confounded(observed, inputs).items()
        for level in levels[1:]
    ]
    return np.array(rows).reshape(len(rows), len(observed))


def _recipes(observed: Observations, inputs: Sequence[str]) -> list[Finding]:
    return [
        Finding(
            "DESIGN_RECIPE_WITH_SIZE",
            Grade.WARN,
            f"{name} changes with size ({', '.join(levels)}; no size has two values of {name}), "
            "so its effect cannot be separated from the effect of N",
            len(observed),
            f'fit the runs of one {name} with where({name}="{levels[0]}"), or train one size with two values of {name}',
        )
        for name, levels in confounded(observed, inputs).items()
    ]


def _tokenizers(observed: Observations, inputs: Sequence[str]) -> list[Finding]:
    """Refuse losses per token of several tokenizers; warn of bits per byte against tokens of several."""
    metric = observed.target.partition("@")[0]
    names, sure = _tokenizers_of(observed)
    if len(names) < 2:
        return []
    which = f"{len(names)} tokenizers ({', '.join(names[:4])}{', ...' if len(names) > 4 else ''})"
    per_byte = "per_byte() and a law in bytes, chinchilla[d=bytes] (CLI: --per-byte --law 'chinchilla[d=bytes]')"
    if metric == "loss":
        message = f"{observed.target} is per token, but the rows use {which}: such losses are not comparable"
        fix = f'fit one tokenizer, e.g. where(tokenizer="{names[0]}"), or pool in bits per byte: {per_byte}'
        if not sure:
            return [Finding("DESIGN_TOKENIZERS", Grade.WARN, message, len(observed), fix)]
        answers = _ways_out(observed.columns, names)
        return [Finding("DESIGN_TOKENIZERS", Grade.REFUSE, message, len(observed), fix, answers)]
    if metric == "bpb" and "tokens" in inputs:
        message = f"{observed.target} is per byte, but tokens come from {which}: their token counts are not comparable"
        return [Finding("DESIGN_BYTES_UNSAID", Grade.WARN, message, len(observed), f"count data in bytes: {per_byte}")]
    return []


def _ways_out(columns: Mapping[str, AnyArray], names: Sequence[str]) -> tuple[Answer, ...]:
    """Return the answers that make losses comparable: bits per byte, or one tokenizer."""
    pooled = Answer("pool losses in bits per byte, data in bytes", {"per_byte": True, "law": "chinchilla[d=bytes]"})
    one = [Answer(f"fit {name} alone", {"where": {"tokenizer": name}}) for name in names if "tokenizer" in columns]
    return (*([pooled] if "bytes_per_token" in columns else []), *one)


def _tokenizers_of(observed: Observations) -> tuple[list[str], bool]:
    """Return the tokenizers of the rows, and whether they surely differ (True) or only seem to."""
    columns = observed.columns
    if "tokenizer" in columns and (names := sorted(set(_levels(columns["tokenizer"]).tolist()) - {""})):
        return names, True
    for name, sure in (("bytes_per_token", True), ("vocab_size", False)):
        if name in columns and columns[name].dtype == np.float64:
            values = np.unique(columns[name][np.isfinite(columns[name])])
            if len(values) > 1 and values[-1] > _PADDING * values[0]:
                return [f"{name} {value:g}" for value in values], sure
    return [], False


def _other_flops(observed: Observations, inputs: Sequence[str]) -> list[Finding]:
    """Warn if the measured compute follows from a kind of N that the law does not use."""
    kinds = [name for name in COUNTINGS if name in observed.columns]
    chosen = next((name for name in inputs if name in COUNTINGS), None)
    if chosen is None or len(kinds) < 2 or not {"tokens", "flops"} <= set(observed.columns):
        return []
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = {kind: _ratio(observed, kind) for kind in kinds}
    finite = np.logical_and.reduce([np.isfinite(ratio) & (ratio > 0) for ratio in ratios.values()])
    off = {kind: int(np.sum(finite & (np.abs(ratio - 1) > _SAME_FLOPS))) for kind, ratio in ratios.items()}
    fits = [kind for kind in kinds if off[kind] == 0 and finite.any()]
    if off[chosen] == 0 or not fits or np.allclose(ratios[fits[0]][finite], 1.0, rtol=1e-12, atol=0):
        return []
    far = ratios[chosen][finite & (np.abs(ratios[chosen] - 1) > _SAME_FLOPS)]
    span = f"{format_number(far.min(), 3)} to {format_number(far.max(), 3)}"
    message = (
        f"6 x {chosen} x tokens is {span} times flops in {off[chosen]} rows, but 6 x {fits[0]} x tokens equals flops"
    )
    fix = f"to use the N from which flops were computed, add [n={fits[0]}] to the law's name"
    return [Finding("DESIGN_OTHER_FLOPS", Grade.WARN, message, off[chosen], fix)]


def _total_for_active(observed: Observations, inputs: Sequence[str]) -> list[Finding]:
    """Refuse active params that equal the total despite several experts, or exceed it."""
    if "params_active" not in inputs or "params" not in observed.columns:
        return []
    total, active = (observed.inputs([name])[name] for name in _MOE)
    with np.errstate(invalid="ignore"):
        wrong = active > total * (1 + 1e-3)
        if "experts" in observed.columns:
            x = observed.inputs(["experts"])["experts"]
            most = observed.inputs(["top_k"])["top_k"] if "top_k" in observed.columns else np.ones(len(observed))
            wrong |= (x > np.where(np.isfinite(most), most, 1.0)) & (active > total * (1 - 1e-3))
    if not wrong.any():
        return []
    rows = counted(int(wrong.sum()), "row")
    message = f"params_active equal the total params in {rows} of models that use few of their experts per token"
    fix = "give the parameters that one token uses; with the total, a mixture of experts looks worse than it is"
    return [Finding("DESIGN_TOTAL_FOR_ACTIVE", Grade.REFUSE, message, int(wrong.sum()), fix)]


def _ratio(observed: Observations, kind: str) -> Array:
    x = observed.inputs([kind, "tokens", "flops"])
    return np.asarray(counting_for(kind).flops(x[kind], x["tokens"]) / x["flops"])


def _levels(values: AnyArray) -> AnyArray:
    """Return a column as text, empty where it is missing."""
    return np.array(["" if value is None or value != value else str(value) for value in values.tolist()], dtype=object)
