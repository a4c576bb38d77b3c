"""Map metrics and settings of known trainers to quantities and targets.

A preset applies first if its signature is among the logged names, then the general rules for most trainers. The first
rule that matches a name wins. ``docs/how-to/import-from-trackers.md`` shows the presets as a table.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scalelaw.core.quantities import METRICS, QUANTITIES, recognise, spelling


@dataclass(frozen=True)
class Preset:
    """The names in the logs of one trainer.

    Attributes:
        name: name of the trainer.
        signature: names that identify its logs.
        rules: pattern of a whole name -> column, which may use groups of the pattern; "" drops it.
        factors: settings whose product is the tokens per step.
    """

    name: str
    signature: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]
    factors: tuple[str, ...] = ()


PRESETS = (
    Preset(
        "Levanter and Marin",
        ("throughput/total_gflops", "throughput/p50_duration"),
        (
            (r"throughput/total_tokens", "tokens"),
            (r"throughput/total_gflops", "gflops"),
            (r"eval/loss", "loss"),
            (r"eval/bpb", "bpb"),
            (r"lm_eval/(?:averages/)?(.+)/(acc|acc_norm)", r"score@\1:\2"),
            (r"optim/learning_rate", "lr_now"),
        ),
        ("train_batch_size", "train_seq_len"),
    ),
    Preset(
        "OLMo",
        ("train/CrossEntropyLoss", "train/CE loss", "optim/learning_rate_group0"),
        (
            (r"train/(?:CrossEntropyLoss|CE loss)", "train_loss"),
            (r"eval/lm/(.+)/CE loss", r"loss@\1"),
            (r"eval/downstream/(.+?)(?:_bpb)? \(BPB(?: v2)?\)", r"bpb@\1"),
            (r"eval/downstream/(.+) \(length-normalized accuracy(?: v2)?\)", r"score@\1:len_norm"),
            (r"eval/downstream/(.+) \(accuracy(?: v2)?\)", r"score@\1"),
            (r"eval/downstream/(.+)_(acc|len_norm|pmi_dc)", r"score@\1:\2"),
            (r"optim/(?:learning_rate_group0|LR \(group 0\))", "lr_now"),
        ),
        ("global_train_batch_size", "max_sequence_length"),
    ),
    Preset(
        "torchtitan",
        ("loss_metrics/global_avg_loss", "validation_metrics/loss"),
        (
            (r"loss_metrics/global_avg_loss", "train_loss"),
            (r"validation_metrics/loss", "loss"),
            (r"n_tokens_seen", "tokens"),
            (r"lr(?:/.+)?", "lr_now"),
        ),
        ("global_batch_size", "seq_len"),
    ),
    Preset(
        "litgpt",
        ("total_tokens", "val_ppl"),
        ((r"loss", "train_loss"), (r"val_loss", "loss"), (r"total_tokens", "tokens"), (r"learning_rate", "lr_now")),
        ("global_batch_size", "max_seq_length"),
    ),
    Preset(
        "Hugging Face Trainer",
        ("train/global_step", "eval/samples_per_second", "eval_samples_per_second"),
        (
            (r"(?:train/)?loss", "train_loss"),
            (r"train/global_step", "steps"),
            (r"eval[/_]loss", "loss"),
            (r"eval[/_](.+)_loss", r"loss@\1"),
            (r"(?:train/)?num_input_tokens_seen", "tokens"),
            (r"(?:train/)?learning_rate", "lr_now"),
            (r"train[/_]train_loss|train_loss|(?:train/)?total_flos|(?:.+[/_])?(?:runtime|\w+_per_second)", ""),
        ),
    ),
    Preset(
        "nanoGPT",
        ("iter",),
        ((r"iter", "steps"), (r"train/loss", "train_loss"), (r"val/loss", "loss"), (r"lr", "lr_now")),
        ("gradient_accumulation_steps", "batch_size", "block_size"),
    ),
)

_VALIDATION = r"(?:val|valid|validation|eval|dev|held_?out)"
_HELD_OUT = rf"(?:{_VALIDATION}|test)"
_LOSS = r"(?:loss|ce[_ ]?loss|cross_?entropy(?:_?loss)?|nll)"
_BPB = r"(?:bpb|bits_per_byte)"

_GENERAL = (
    (rf"{_VALIDATION}[/_.]{_LOSS}", "loss"),
    (rf"{_VALIDATION}[/_.]{_BPB}", "bpb"),
    (rf"{_HELD_OUT}[/_.]{_LOSS}", "loss"),
    (rf"{_HELD_OUT}[/_.]{_BPB}|{_BPB}", "bpb"),
    (rf"{_HELD_OUT}/(micro|macro)_(loss|bpb)", r"\2@\1"),
    (rf"{_HELD_OUT}/(.+)/(micro|macro)_(loss|bpb)", r"\3@\1/\2"),
    (rf"{_HELD_OUT}/(.+)/{_LOSS}", r"loss@\1"),
    (rf"{_HELD_OUT}/(.+)/{_BPB}", r"bpb@\1"),
    (rf"{_HELD_OUT}/(.+)_loss", r"loss@\1"),
    (rf"{_HELD_OUT}[/_.](?:acc|accuracy)", "score"),
    (rf"{_HELD_OUT}/(.+)/(?:acc|accuracy)", r"score@\1"),
    (rf"(?:train|training)[/_.]{_LOSS}", "train_loss"),
    (r"(?:(?:train|training|throughput|progress|data|perf|trainer)/)?(?:n_|num_|total_|train_|consumed_)?(?:input_)?"
     r"tokens(?:_seen)?", "tokens"),
    (r"(?:(?:train|training|trainer)[/_])?(?:iter|iteration|global_step|optimizer_step)", "steps"),
    (r"(?:(?:train|training|optim|optimizer|trainer)/)?(?:lr|learning_rate)(?:[-_/]?(?:group_?)?0|[-/]Adam\w*)?",
     "lr_now"),
    (r"(?:(?:train|training|throughput)/)?(?:total_|train_|training_)?flops", "flops"),
    (r"(?:(?:train|training|trainer)/)?epochs?", "epochs"),
)  # fmt: skip

_SETTINGS = {
    "planned_steps": "planned_steps max_steps total_steps num_train_steps train_steps max_iters train_iters "
                     "total_iters num_steps n_steps steps",
    "planned_tokens": "planned_tokens max_tokens total_tokens train_tokens training_tokens token_budget num_tokens "
                      "n_tokens target_tokens tokens",
    "batch_tokens": "batch_tokens tokens_per_step tokens_per_batch tokens_per_iter batch_size_tokens "
                    "batch_size_in_tokens",
    "lr": "lr learning_rate max_lr peak_lr",
    "schedule": "schedule lr_schedule lr_scheduler lr_scheduler_type",
    "resumed_from": "resumed_from resume_from parent_run",
}  # fmt: skip
_SETTING = {word: column for column, words in _SETTINGS.items() for word in words.split()}
_NOT_SETTINGS = frozenset({*METRICS, "run", "date", "state", "decayed", "weight", "epochs", "flops", "steps", "label"})
_SECRET = re.compile(r"(?:^|_)(?:api_?key|key|secret|password|passwd|credentials?|auth|token|cookie)(?:$|_)")


def preset_of(names: Iterable[str]) -> Preset | None:
    """Return the preset whose signature is among the names of a log, or None."""
    have = set(names)
    return next((preset for preset in PRESETS if have & set(preset.signature)), None)


def metric_columns(names: Iterable[str]) -> dict[str, str]:
    """Return logged name -> column, "" for dropped names; unknown names are absent.

    If two names claim a column, the earlier rule wins; a target that loses gets the first word of its name as its
    evaluation set. A bare ``loss`` is the training loss if a held-out loss is logged, else the held-out loss.

    Example:
        >>> metric_columns(["eval/paloma/c4_en/bpb", "throughput/total_tokens", "loss", "val/loss"])
        {'val/loss': 'loss', 'eval/paloma/c4_en/bpb': 'bpb@paloma/c4_en', 'throughput/total_tokens': 'tokens', \
'loss': 'train_loss'}
    """
    left = sorted(names)
    preset = preset_of(left)
    rules = (*(preset.rules if preset else ()), *_GENERAL)
    found: dict[str, str] = {}
    for pattern, column in rules:
        for name, match in [(name, re.fullmatch(pattern, name, re.IGNORECASE)) for name in left]:
            if match is None:
                continue
            left.remove(name)
            meant = match.expand(column)
            if meant in found.values() and meant in METRICS:
                meant = f"{meant}@{re.split(r'[/_.]', name)[0]}"
            if not meant or meant not in found.values():
                found[name] = meant
    held_out = any(column.partition("@")[0] in METRICS for column in found.values())
    if "loss" in left and (column := "train_loss" if held_out else "loss") not in found.values():
        found["loss"] = column
    return found


def setting_columns(config: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return setting -> column, and notes on ambiguous settings.

    Args:
        config: settings of a run, flat, with dots or slashes in names.

    Example:
        >>> setting_columns({"model.n_params": 7e9, "optim.lr": 3e-4, "name": "x"})
        ({'model.n_params': 'params', 'optim.lr': 'lr'}, [])
    """
    claims: dict[str, list[str]] = {}
    for key in config:
        if column := setting_column(key):
            claims.setdefault(column, []).append(key)
    found: dict[str, str] = {}
    notes = []
    for column, keys in claims.items():
        least = min(_depth(key) for key in keys)
        first = [key for key in keys if _depth(key) == least]
        if len({str(config[key]) for key in first}) == 1:
            found[first[0]] = column
        else:
            notes.append(f"the settings {' and '.join(first)} may both be {column}; none is used")
    return found, notes


def setting_column(key: str) -> str | None:
    """Return the column of a setting by the last word of its name, or None."""
    word = spelling(re.split(r"[./]", key)[-1])
    if len(word) < 2 or is_secret(key):
        return None
    column = _SETTING.get(word) or recognise(word)
    return None if column in _NOT_SETTINGS or column not in {*_SETTINGS, *QUANTITIES} else column


def batch_of(config: Mapping[str, Any], preset: Preset | None) -> tuple[float, str] | None:
    """Return the tokens per step and their formula, a product of settings named by this preset, else by another one."""
    last = {re.split(r"[./]", key)[-1]: value for key, value in config.items()}
    for candidate in ([preset] if preset else []) + list(PRESETS):
        values = [last.get(word) for word in candidate.factors]
        numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool) and v > 0]
        if values and len(numbers) == len(values):
            product = 1.0
            for value in numbers:
                product *= value
            return product, " x ".join(candidate.factors)
    return None


def is_secret(key: str) -> bool:
    """Return whether a setting is secret by its name."""
    return any(_SECRET.search(spelling(part)) for part in re.split(r"[./]", key))


def _depth(key: str) -> int:
    return len(re.split(r"[./]", key))
