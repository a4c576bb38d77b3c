"""Training data of a ladder: source of the text, tokenizer and number of distinct tokens."""

import math
from dataclasses import dataclass

from scalelaw.core.errors import BadInput, BadNumber, UnknownName
from scalelaw.core.numbers import parse_number

TOKENIZERS = ("bpe", "bytes")
"""A byte-pair encoding trained on the corpus, or raw bytes."""


@dataclass(frozen=True)
class Data:
    """The text of a ladder; ``training`` loads it.

    Attributes:
        source: ``stdlib``, ``synthetic``, or a folder or file of text.
        tokenizer: one of ``TOKENIZERS``.
        seq_len: tokens per sequence.
        eval_tokens: held-out tokens of the evaluation set.
        unique_tokens: distinct training tokens; None if unknown.
        epochs: largest number of passes over them.
    """

    source: str = "stdlib"
    tokenizer: str = "bpe"
    seq_len: int = 128
    eval_tokens: float = 262_144
    unique_tokens: float | None = None
    epochs: float = 1

    def __post_init__(self) -> None:
        if not isinstance(self.source, str) or not self.source.strip():
            raise BadInput(f"source = {self.source!r}: give stdlib, synthetic or a folder of text")
        if self.tokenizer not in TOKENIZERS:
            raise UnknownName.among("tokenizer", self.tokenizer, TOKENIZERS)
        if isinstance(self.seq_len, bool) or not isinstance(self.seq_len, int) or self.seq_len < 2:
            raise BadInput(f"seq_len = {self.seq_len!r}: give a whole number of at least 2")
        for name in ("eval_tokens", "unique_tokens", "epochs"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _positive(name, value))

    def check(self, needed: float, what: str) -> None:
        """Check that the corpus is large enough; an unknown size passes.

        Args:
            needed: training tokens of the longest run.
            what: name of that run, for the message.

        Raises:
            BadInput: ``epochs`` passes give too few tokens.
        """
        if self.unique_tokens is None or needed <= self.epochs * self.unique_tokens:
            return
        distinct, passes = math.ceil(needed / self.epochs), f"{self.epochs:g} epoch{'s' * (self.epochs != 1)}"
        raise BadInput(
            f"the corpus has {self.unique_tokens:,.0f} training tokens, and {what} needs {distinct:,} in {passes}: "
            f"add text, shorten the horizon, or allow epochs = {math.ceil(needed / self.unique_tokens)}"
        )


def _positive(name: str, value: float | str) -> float:
    try:
        number = parse_number(value)
    except (TypeError, BadNumber) as error:
        raise BadInput(f"{name}: {error}") from error
    if isinstance(value, bool) or not number > 0:
        raise BadInput(f"{name} = {value!r}: give a positive number")
    return int(number) if number.is_integer() else number
