"""The vocabulary: every quantity with its symbol, unit, valid range and synonyms.

Column names, command-line flags, axis labels and the glossary all come from this one table.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from scalelaw.core.errors import UnknownName


@dataclass(frozen=True)
class Quantity:
    """One quantity of the field.

    Attributes:
        name: the canonical column name.
        symbol: the letter in formulas, or the name itself.
        unit: the unit of every stored value.
        meaning: one phrase, used as axis label and glossary entry.
        low: smallest valid value, itself invalid with ``open_low``.
        high: largest valid value.
        kind: ``number``, ``text``, ``flag``, or ``vector`` for shares that sum to one.
        synonyms: other common column names, in the form of ``spelling``.
    """

    name: str
    symbol: str
    unit: str
    meaning: str
    low: float = 0.0
    high: float = float("inf")
    open_low: bool = True
    kind: str = "number"
    synonyms: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The axis label: meaning and unit."""
        return f"{self.meaning} ({self.unit})" if self.unit not in ("", "1") else self.meaning


def _number(name: str, symbol: str, unit: str, meaning: str, *synonyms: str) -> Quantity:
    return Quantity(name, symbol, unit, meaning, synonyms=synonyms)


def _text(name: str, meaning: str, *synonyms: str) -> Quantity:
    return Quantity(name, name, "", meaning, kind="text", synonyms=synonyms)


_TABLE = (
    _number("params", "N", "parameters", "parameters, embeddings included",
            "n", "num_params", "n_params", "nparams", "parameters", "parameter_count", "model_size", "n_total",
            "total_params", "params_total", "model_params", "num_parameters"),
    _number("params_non_embedding", "N", "parameters", "parameters without embeddings",
            "n_non_embedding", "non_embedding_params", "params_nonembedding", "n_nonemb", "params_no_embed",
            "n_no_embed", "num_params_non_embedding"),
    _number("params_active", "N", "parameters", "parameters active for each token",
            "n_active", "active_params", "activated_params", "num_active_params"),
    _number("tokens", "D", "tokens", "training tokens seen",
            "d", "d_tokens", "num_tokens", "n_tokens", "train_tokens", "training_tokens", "total_tokens",
            "tokens_seen", "tokens_trained", "trained_tokens", "token_count", "pretraining_data_size",
            "num_input_tokens_seen", "throughput_total_tokens"),
    _number("unique_tokens", "U", "tokens", "distinct training tokens", "u", "u_unique_tokens", "unique_d"),
    _number("bytes", "bytes", "bytes", "training text seen", "n_bytes", "num_bytes", "train_bytes", "total_bytes"),
    _number("planned_tokens", "D", "tokens", "planned training tokens",
            "max_tokens", "target_tokens", "tokens_planned", "token_budget", "max_train_tokens"),
    _number("epochs", "epochs", "1", "passes over the distinct tokens", "epoch", "num_epochs"),
    _number("examples_seen", "x", "examples", "training examples seen", "seen_examples"),
    _number("core_days", "C", "core-days", "training time of one TPUv3 core"),
    _number("flops", "C", "FLOP", "training compute",
            "c", "training_flop", "training_flops", "train_flops", "total_flops", "total_flos", "compute",
            "flop", "flops_6nd", "achieved_flops", "actual_flops", "measured_flops", "training_compute",
            "train_compute"),
    _number("planned_flops", "C", "FLOP", "planned training compute",
            "target_flops", "flops_target", "flops_budget", "flop_budget", "budget_flops", "compute_budget",
            "isoflop_budget", "budget"),
    _number("tokens_per_param", "D/N", "tokens/parameter", "tokens per parameter",
            "tok_mult", "tokens_per_parameter", "d_over_n"),
    _number("loss", "L", "nats/token", "held-out loss",
            "l", "final_loss", "val_loss", "validation_loss", "eval_loss", "test_loss"),
    _number("bpb", "bpb", "bits/byte", "held-out bits per byte", "bits_per_byte", "val_bpb", "eval_bpb"),
    Quantity("score", "score", "1", "benchmark score", 0.0, 1.0, open_low=False, synonyms=("accuracy", "acc")),
    Quantity("error", "error", "1", "share of wrong answers", 0.0, 1.0, open_low=False, synonyms=("error_rate",)),
    Quantity("logprob", "ln p", "nats", "log-probability of the right answer", float("-inf"),
             synonyms=("log_prob", "logp", "log_likelihood", "loglikelihood")),
    _number("loss_increase", "dL", "nats/token", "held-out loss above that of the same model before"),
    Quantity("unigram_loss", "L_u", "nats/token", "held-out loss minus that of a unigram model", float("-inf"),
             synonyms=("lossu", "unigram_normalized_loss", "unigram_normalised_loss", "loss_unigram_normalized")),
    _number("irreducible_loss", "E", "nats/token", "irreducible loss"),
    _number("steps", "S", "steps", "optimizer steps", "step", "iter", "iters", "iteration", "global_step", "num_steps"),
    _number("min_steps", "S_min", "steps", "fewest optimizer steps, with a batch far above critical"),
    _number("planned_steps", "S", "steps", "planned optimizer steps", "max_steps", "total_steps", "max_iters"),
    _number("batch_tokens", "B", "tokens", "tokens in a batch", "tokens_per_batch", "batch_size_tokens"),
    _number("critical_batch", "B_crit", "tokens", "batch of twice the fewest steps and twice the fewest tokens"),
    _number("batch_sequences", "B", "sequences", "sequences in a batch",
            "global_batch_size", "batch_size_sequences", "sequences_per_batch"),
    _number("seq_len", "seq_len", "tokens", "sequence length",
            "sequence_length", "context_length", "block_size", "max_seq_len", "seq_length"),
    _number("lr", "lr", "1", "peak learning rate", "learning_rate", "max_lr", "peak_lr"),
    _number("lr_now", "lr", "1", "learning rate at the evaluation", "current_lr", "lr_current"),
    _number("lr_area", "S1", "1", "learning rate summed over the steps"),
    Quantity("lr_annealing", "S2", "1", "fall of the learning rate, summed with momentum", open_low=False),
    _number("params_vocab", "N_v", "parameters", "parameters of the vocabulary: its size times the width"),
    _number("vocab_size", "V", "tokens", "vocabulary size", "vocab", "vocabulary_size"),
    _number("bytes_per_token", "bytes_per_token", "bytes/token", "bytes of text in a token"),
    _number("width", "width", "1", "model width", "d_model", "hidden_size", "n_embd", "embed_dim"),
    _number("mlp_width", "mlp_width", "1", "hidden width of the MLP", "d_ff", "ffn_dim", "intermediate_size"),
    _number("layers", "layers", "1", "layers", "n_layers", "num_layers", "n_layer", "depth", "num_hidden_layers"),
    _number("experts", "experts", "1", "experts in a layer", "num_experts", "n_experts"),
    _number("top_k", "top_k", "1", "experts active for each token", "num_experts_per_tok"),
    _number("granularity", "G", "1", "experts that one of full width is split into"),
    _number("active_share", "1 - S", "1", "share of the weights that is used, one minus sparsity"),
    _number("bits", "bits", "bits", "bits of a weight", "weight_bits"),
    _number("bits_activations", "bits", "bits", "bits of an activation", "activation_bits"),
    _number("bits_kv", "bits", "bits", "bits of a cached key or value", "kv_bits"),
    _number("bits_after", "bits", "bits", "bits of a weight, rounded after training", "post_training_bits"),
    _number("examples", "D", "examples", "fine-tuning examples", "finetuning_examples", "n_examples"),
    _number("characters", "D_F", "characters", "fine-tuning text", "finetuning_characters"),
    _number("transferred_characters", "D_T", "characters", "fine-tuning text that pretraining is worth"),
    Quantity("share", "r", "1", "share of one domain in the training data", 0.0, 1.0),
    Quantity("mixture", "r", "1", "shares of the domains in the training data", 0.0, 1.0, open_low=False,
             kind="vector"),
    _number("weight", "weight", "1", "weight of a run in the fit"),
    _number("n_items", "n", "items", "items behind a score", "num_items", "n_questions", "num_questions"),
    _number("samples", "k", "samples", "samples drawn for each problem", "samples_per_problem"),
    Quantity("chance", "chance", "1", "score of guessing", 0.0, 1.0, open_low=False,
             synonyms=("chance_level", "random_baseline", "random_chance")),
    Quantity("seed", "seed", "", "random seed", kind="text", synonyms=("random_seed",)),
    Quantity("decayed", "decayed", "", "learning rate at its end", kind="flag"),
    _text("run", "name of the run", "run_name", "run_id"),
    _text("schedule", "learning-rate schedule", "lr_schedule", "lr_scheduler"),
    _text("tokenizer", "tokenizer"),
    _text("eval_set", "what a metric was measured on", "evaluation_set", "valid_domain", "val_domain", "eval_domain",
          "eval_dataset", "val_dataset", "valid_set", "validation_set", "val_set"),
    _text("dataset", "training data", "train_dataset", "data", "corpus"),
    _text("family", "model family", "model_family"),
    _text("recipe", "training recipe"),
    _text("date", "date of the run", "created_at", "started_at"),
    _text("state", "state of the run", "run_state", "run_status"),
    _text("resumed_from", "run that this one continues", "resume_from", "resumed"),
    _text("label", "name that reruns share"),
)  # fmt: skip

QUANTITIES = MappingProxyType({quantity.name: quantity for quantity in _TABLE})
"""Canonical name -> quantity."""

METRICS = ("loss", "bpb", "score", "error", "logprob")
"""Quantities measured on held-out data rather than chosen."""

SHARES = ("score", "error")
"""Metrics that are shares of items, with a score of guessing."""

OUTCOMES = ("unigram_loss", "error", "logprob", "loss_increase")
"""Quantities used as the target if no metric is measured."""

BENCHMARKS = frozenset(
    {"mmlu", "mmlu_pro", "arc_c", "arc_challenge", "arc_e", "arc_easy", "hellaswag", "winogrande", "winograd",
     "xwinograd", "truthfulqa", "gsm8k", "humaneval", "mbpp", "piqa", "boolq", "openbookqa", "triviaqa", "lambada",
     "bbh", "gpqa", "ifeval"}
)  # fmt: skip
"""Benchmarks whose bare name as a column means their score."""

TOO_SMALL = MappingProxyType(
    {"params": 1e4, "params_non_embedding": 1e4, "params_active": 1e4, "tokens": 1e6, "unique_tokens": 1e6,
     "flops": 1e10}
)  # fmt: skip
"""Count -> least plausible value; smaller ones are probably in millions, billions or PF-days."""

FORMULA_SYMBOLS = MappingProxyType({"N": "params", "D": "tokens", "C": "flops"})
"""Capital letters that a formula may use for its inputs."""


def spelling(name: str) -> str:
    """Return the name in lower case with every run of other characters turned into one underscore."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


_CHOSEN = re.compile(
    r"(?:config|hparams?|hyperparameters|args|cfg|training_args|optim|optimi[sz]er)[./](?P<path>.+)", re.IGNORECASE
)

_BY_SPELLING = {spelling(word): q.name for q in _TABLE for word in (q.name, *q.synonyms)}


def recognise(column: str) -> str | None:
    """Return the quantity that a column name means, or None; the prefix ``config.`` of trackers is ignored.

    Example:
        >>> recognise("Training FLOP"), recognise("config.model.n_params"), recognise("hex_color")
        ('flops', 'params', None)
    """
    if (known := _BY_SPELLING.get(spelling(column))) is not None:
        return known
    chosen = _CHOSEN.fullmatch(column.strip())
    found = _BY_SPELLING.get(spelling(re.split(r"[./]", chosen["path"])[-1])) if chosen else None
    return None if found in METRICS else found


def is_target(name: str) -> bool:
    """Return whether a column of this name is a target wherever it stands.

    A bare ``error`` or ``logprob`` is one only in a table without other metrics.

    Example:
        >>> is_target("loss"), is_target("error@mmlu"), is_target("error"), is_target("params")
        (True, True, False, False)
    """
    return name.partition("@")[0] in METRICS and name not in OUTCOMES


def label_of(name: str) -> str:
    """Return the axis label of a quantity, or the name of any other column, whose unit is unknown."""
    return QUANTITIES[name].label if name in QUANTITIES else f"{name} (unit unknown)"


def quantity(name: str) -> Quantity:
    """Return the quantity of this canonical name.

    Raises:
        UnknownName: the name is unknown; the message names the nearest.
    """
    if name not in QUANTITIES:
        raise UnknownName.among("quantity", name, QUANTITIES)
    return QUANTITIES[name]


def first_in(names: Iterable[str], available: Iterable[str]) -> str | None:
    """Return the first of ``names`` that is available, or None."""
    have = set(available)
    return next((name for name in names if name in have), None)
