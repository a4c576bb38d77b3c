"""Read column names word by word: quantity, split and unit.

``recognise`` knows whole names. This module reads names that are not listed, such as ``final_val_loss``,
``eval/paloma/macro_loss`` or ``nParamsM``: split into words, each word is the quantity, a qualifier, a unit, or a sign
that the column holds something else (a rate, a standard error, an auxiliary loss).
"""

import re
from dataclasses import dataclass

HELD_OUT, TRAINING = "held out", "training"

_WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+(?:e\d+)?")
_JOINED = {
    "nparams": "n params", "numparams": "num params", "ntokens": "n tokens", "numtokens": "num tokens",
    "valloss": "val loss", "evalloss": "eval loss", "testloss": "test loss", "trainloss": "train loss",
    "valppl": "val ppl", "nonembedding": "nonemb", "nonembed": "nonemb", "celoss": "ce loss",
}  # fmt: skip
_PHRASES = (
    (r"held out|hold out|holdout", "heldout"),
    (r"(?:cross|x) (?:entropy|ent)|xentropy|crossentropy|crossent", "xent"),
    (r"(?:non|no|without|wo|excl|excluding|minus) (?:embeddings?|embeds?|emb|embd)", "nonemb"),
    (r"(?:bits?|bit) per (?:bytes?)", "bpb"),
    (r"(?:bits?|bit) per (?:char|chars|character|characters)", "bpc"),
    (r"(?:bits?|bit) per (?:token|tokens|tok)|bpt", "loss bits"),
    (r"(?:nats?) per (?:token|tokens|tok)", "loss nats"),
    (r"(?:nats?) per bytes?", "bpb nats"),
    (r"loss per (?:token|tokens|tok)", "loss"),
    (r"perplexity|perplex|perp|ppx", "ppl"),
    (r"log (?:ppl)|logppl", "loss nats"),
    (r"log2 (?:ppl)", "loss bits"),
    (r"model size", "params"),
    (r"loss metrics", "train"),
)  # fmt: skip

_PATTERNS = tuple((re.compile(rf"\b(?:{pattern})\b"), word) for pattern, word in _PHRASES)
_ANY_PHRASE = re.compile(rf"\b(?:{'|'.join(pattern for pattern, _ in _PHRASES)})\b")
_SIX_ND = re.compile(r"(?i)\b6nd?\b|(?<=_)6nd?\b")
_FLOP_WORD = re.compile(r"FLOPs?(?![a-z])")

_VALIDATION = frozenset({"val", "valid", "validation", "eval", "evaluation", "dev", "heldout"})
_TEST = frozenset({"test", "testing", "ood"})
_TRAIN = frozenset({"train", "training", "trn"})
_LOSS = frozenset({"loss", "losses", "ce", "xent", "nll"})
_SCORE = frozenset({"acc", "accuracy"})
_LATE = {"final": 3, "last": 3, "end": 3, "ending": 3, "best": -1, "min": -1, "minimum": -1, "lowest": -1,
         "smooth": -2, "smoothed": -2, "ema": -2, "running": -2}  # fmt: skip
_FILLERS = frozenset(
    {"lm", "global", "avg", "average", "mean", "metric", "metrics", "summary", "history", "stats", "model", "raw",
     "log", "result", "results", "macro", "micro", "the", "of", "on", "set", "split", "value", "config", "trainer",
     "language", "modeling", "nats", "bits", "local"}
)  # fmt: skip
_NO_LOSS = frozenset(
    {"se", "sem", "stderr", "std", "stdev", "sd", "var", "variance", "lo", "hi", "lo95", "hi95", "lower", "upper", "ci",
     "max", "maximum", "delta", "diff", "difference", "ratio", "gap", "weight", "weights", "coef", "coefficient",
     "aux", "auxiliary", "z", "balance", "balancing", "load", "router", "moe", "mtp", "kl", "distill", "distillation",
     "scale", "scaler", "scaling", "fn", "function", "func", "type", "kind", "unit", "units", "spike", "spikes",
     "increase", "irreducible", "reducible", "excess", "initial", "init", "start", "first", "unigram", "normalized",
     "normalised", "improvement", "grad", "target", "floor", "threshold", "count", "num", "n", "items", "step", "steps",
     "time", "id", "name", "slope", "rank", "pred", "predicted", "prediction", "fit", "fitted", "residual", "reg",
     "penalty", "l2", "reward", "policy", "critic", "actor", "mse", "mae", "rmse", "bce", "per", "chance", "date",
     "median", "quantile", "p50", "p90", "percentile", "change", "rate", "error", "err"}
)  # fmt: skip

_NAMESPACES = frozenset(
    {"config", "cfg", "hparams", "args", "summary", "metrics", "metric", "stats", "throughput", "perf", "progress",
     "trainer", "train", "training", "global", "model", "arch", "data", "run", "info", "log"}
)  # fmt: skip
_COUNTING = frozenset({"n", "num", "number", "count", "total", "of", "all", "the", "final", "size", "actual", "exact"})
_PARAMS = frozenset({"param", "params", "parameter", "parameters"})
_OF_PARAMS = _COUNTING | _NAMESPACES | {"trainable", "learnable", "nonemb", "active", "activated"}
_TOKENS = frozenset({"token", "tokens", "toks", "tok"})
_OF_TOKENS = _COUNTING | _NAMESPACES | {
    "trained", "seen", "consumed", "processed", "input", "cumulative", "cum", "pretrain", "pretraining", "pretrained",
    "d", "used", "ingested", "elapsed", "so", "far", "budget", "max", "planned", "target",
}  # fmt: skip
_FLOPS = frozenset({"flop", "flops", "flos"})
_OF_FLOPS = _COUNTING | _NAMESPACES | {
    "compute", "achieved", "estimated", "cumulative", "cum", "used", "spent", "c", "hardware", "measured",
    "pretraining", "budget", "max", "planned", "target",
}  # fmt: skip
_SPENT = frozenset({"total", "cumulative", "cum"})
_PLANNED = frozenset({"budget", "max", "planned", "target"})
_STEPS = frozenset({"step", "steps", "iter", "iters", "iteration", "iterations"})
_OF_STEPS = frozenset({"train", "training", "trainer", "global", "optimizer", "optim", "opt", "current", "progress"})
_SUFFIXES = {
    "k": "K", "thousand": "K", "thousands": "K", "m": "M", "mil": "M", "mio": "M", "million": "M", "millions": "M",
    "b": "B", "bn": "B", "billion": "B", "billions": "B", "t": "T", "tn": "T", "trillion": "T", "trillions": "T",
}  # fmt: skip
_PREFIXED = {
    "gflop": "1e9", "tflop": "1e12", "pflop": "1e15", "eflop": "1e18", "zflop": "1e21", "gigaflop": "1e9",
    "teraflop": "1e12", "petaflop": "1e15", "exaflop": "1e18", "zettaflop": "1e21",
}  # fmt: skip


@dataclass(frozen=True)
class NameMeaning:
    """The meaning of a column name.

    Attributes:
        quantity: canonical name, or ``bpc`` for bits per character, which is not in the vocabulary.
        unit: unit in the name, or None.
        split: ``held out``, ``training``, or empty.
        eval_set: evaluation set in the name, or empty.
        rank: among names of one quantity, set and split, the name with the highest rank is the likeliest.
    """

    quantity: str
    unit: str | None = None
    split: str = ""
    eval_set: str = ""
    rank: int = 0


def words(name: str) -> list[str]:
    """Split a name into lower-case words at ``_ / . -``, spaces and changes from lower to upper case.

    Example:
        >>> words("eval/c4_en/CrossEntropyLoss"), words("nParamsM"), words("held-out bits per byte")
        (['eval', 'c4', 'en', 'xent', 'loss'], ['n', 'params', 'm'], ['heldout', 'bpb'])
    """
    plain = _FLOP_WORD.sub("flops", _SIX_ND.sub(" ", name)).replace("%", " percent ")
    found = [word.lower() for word in _WORD.findall(plain)]
    text = " ".join(_JOINED.get(word, word) for word in found)
    if _ANY_PHRASE.search(text):
        for pattern, word in _PATTERNS:
            text = pattern.sub(word, text)
    return text.split()


def read_name(name: str) -> NameMeaning | None:
    """Return the meaning of a column name, or None if its words do not determine one.

    Example:
        >>> read_name("best_val_loss").quantity, read_name("val/ppl").unit, read_name("tokens_per_second")
        ('loss', 'perplexity', None)
    """
    found = words(name)
    return _metric(found) or _count(found)


def _metric(found: list[str]) -> NameMeaning | None:
    have = set(found)
    said = have & (_VALIDATION | _TEST | _TRAIN)
    losses = bool(have & _LOSS) or "ppl" in have or bool({"bits"} & have and said)
    kinds = [
        kind for kind, there in (("bpb", "bpb" in have), ("bpc", "bpc" in have), ("score", have & _SCORE)) if there
    ]
    quantity = kinds[0] if kinds else ("loss" if losses else None)
    if quantity is None or have & _NO_LOSS:
        return None
    unit = _unit_of_metric(quantity, have)
    split = TRAINING if have & _TRAIN and not have & (_VALIDATION | _TEST) else (HELD_OUT if said else "")
    known = {*_LOSS, *_SCORE, *_VALIDATION, *_TEST, *_TRAIN, *_LATE, *_FILLERS, "ppl", "bpb", "bpc", "percent", "pct"}
    rank = sum(_LATE.get(word, 0) for word in have) + ("macro" in have) - 4 * (unit is not None)
    return NameMeaning(quantity, unit, split, "_".join(word for word in found if word not in known), rank)


def _unit_of_metric(quantity: str, have: set[str]) -> str | None:
    if quantity == "loss":
        return "perplexity" if "ppl" in have else next((unit for unit in ("bits", "nats") if unit in have), None)
    if quantity == "score":
        return "percent" if have & {"percent", "pct"} else None
    return "bits/char" if quantity == "bpc" else ("nats/byte" if "nats" in have else None)


def _count(found: list[str]) -> NameMeaning | None:
    """Return the meaning of a count; every word must be known, so that ``embedding_params`` is not taken for N."""
    found, unit = _counted_in(found)
    have = set(found)
    planned = bool(have & _PLANNED)
    if (have & _PARAMS or have == {"n", "nonemb"}) and have <= _PARAMS | _OF_PARAMS:
        kind = (
            "params_non_embedding"
            if "nonemb" in have
            else "params_active"
            if have & {"active", "activated"}
            else "params"
        )
        return NameMeaning(kind, unit)
    if have & _TOKENS and have <= _TOKENS | _OF_TOKENS:
        return NameMeaning("planned_tokens" if planned else "tokens", unit)
    if have & _FLOPS and have <= _FLOPS | _OF_FLOPS:
        return NameMeaning("planned_flops" if planned else "flops", unit)
    if have & _STEPS and have <= _STEPS | _OF_STEPS and unit is None:
        return NameMeaning("steps")
    return None


def _counted_in(found: list[str]) -> tuple[list[str], str | None]:
    """Split off the words of a unit; return the other words and the unit."""
    days = {"day", "days"} & set(found)
    kept, unit = [], None
    for at, word in enumerate(found):
        bare = word.removesuffix("s")
        if bare in _PREFIXED and (days or _SPENT & set(found)):
            unit = f"{'PF' if bare in ('pflop', 'petaflop') else bare}-days" if days else _PREFIXED[bare]
            kept.append("flops")
        elif word in ("pf", "pfs") and days:
            unit = "PF-days"
            kept.append("flops")
        elif re.fullmatch(r"(?:1)?e\d+", word) and at:
            unit = f"1{word}" if word.startswith("e") else word
        elif word in _SUFFIXES and at and at == len(found) - 1:
            unit = _SUFFIXES[word]
        elif word not in days and word != "in":
            kept.append(word)
    return kept, unit
