"""Training compute from parameters and tokens by named conventions; the only place for the constant 6."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, runtime_checkable

import numpy as np

from scalelaw.accounting.architecture import Architecture
from scalelaw.accounting.cost import StatedCost
from scalelaw.accounting.params import count_params
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.types import Array

BY_CONVENTION = "counting convention"
"""Words that mark the note of a quantity derived by one."""

FLOPS_PER_PARAM_TOKEN = 6.0
"""FLOP for one parameter and one trained token: 2 forward, 4 backward (Kaplan et al. 2020, section 2.1)."""

AS_STATED = "as_stated"
"""Name of the convention for a table that states its own compute."""

TRAINING_PASSES = 3.0
"""Training costs three forward passes: one forward, and a backward of twice the work."""


@dataclass(frozen=True)
class Counting:
    """A convention for C: 6 N D with a kind of N, or exact from a shape.

    If only N is known, use ``flops``, ``tokens`` and ``params_for``. Conventions that count attention or embeddings
    need the ``Architecture``: use ``flops_per_token``, ``flops_of``, ``tokens_of`` and ``params_of``, which take one.

    Attributes:
        name: the convention's name, printed with every result that used it.
        params: the kind of N.
        formula: FLOP per trained token in symbols; s is the sequence length, d_a the width of all heads.
        forward: FLOP of a forward pass per token from shape and sequence length, if not 2 N.
        takes_seq_len: whether the count depends on the sequence length.
        cost: C over 6 N D by size, if a table states its own compute.
    """

    name: str
    params: str
    formula: str = "6 N"
    forward: Callable[[Architecture, float], float] | None = None
    takes_seq_len: bool = False
    cost: StatedCost | None = None

    @property
    def words(self) -> str:
        """How C is counted, in words, for printing."""
        if self.cost is None:
            return f"C = {self.formula} D ({self.name})"
        low, high = (f"{end:.3g}" for end in self.cost.range)
        return f"C as stated by the table: {low if low == high else f'{low} to {high}'} x 6 N D"

    def flops(self, params: Array | float, tokens: Array | float) -> Array:
        """Return C in FLOP, computed in float64, since 6 N D overflows 64-bit integers above 9.2e18."""
        self._check_by_params()
        with np.errstate(over="ignore"):
            plain = np.asarray(FLOPS_PER_PARAM_TOKEN * np.asarray(params, float) * np.asarray(tokens, float))
            return plain if self.cost is None else np.asarray(self.cost.factor(params) * plain)

    def tokens(self, params: Array | float, flops: Array | float) -> Array:
        """Return the D that the compute pays for at this N."""
        self._check_by_params()
        paid = np.asarray(flops, float) if self.cost is None else np.asarray(flops, float) / self.cost.factor(params)
        return paid / (FLOPS_PER_PARAM_TOKEN * np.asarray(params, float))

    def params_for(self, tokens: Array | float, flops: Array | float) -> Array:
        """Return the N that the compute pays for at this D."""
        self._check_by_params()
        plain = np.asarray(flops, float) / (FLOPS_PER_PARAM_TOKEN * np.asarray(tokens, float))
        if self.cost is None:
            return plain
        with np.errstate(divide="ignore"):
            return self.cost.params_at(np.log(plain))

    def split(self, flops: Array | float, tokens_per_param: Array | float) -> tuple[Array, Array]:
        """Return the N and D that the compute pays for at this D/N.

        Example:
            >>> [float(each) for each in COUNTINGS["params"].split(6 * 20 * 1e18, 20)]
            [1000000000.0, 20000000000.0]
        """
        self._check_by_params()
        ratio = np.asarray(tokens_per_param, float)
        with np.errstate(divide="ignore", invalid="ignore"):
            square = np.asarray(flops, float) / (FLOPS_PER_PARAM_TOKEN * ratio)
            params = np.sqrt(square) if self.cost is None else self.cost.params_of_square(np.log(square))
        return params, ratio * params

    def flops_per_token(self, architecture: Architecture, seq_len: float | None = None) -> float:
        """Return the training FLOP per token.

        Args:
            architecture: the shape.
            seq_len: s in tokens; needed where ``takes_seq_len``.

        Raises:
            BadInput: the sequence length is missing or not positive.

        Example:
            >>> shape = Architecture(layers=48, width=1600, vocab_size=50257, heads=25, norm="none")
            >>> CONVENTIONS["6N_nonemb"].flops_per_token(shape)
            8847360000.0
        """
        if seq_len is None and self.takes_seq_len:
            raise BadInput(f"{self.name} counts attention, which grows with the sequence length; give seq_len=")
        if seq_len is not None and not seq_len > 0:
            raise BadInput(f"seq_len={seq_len!r} must be a positive number of tokens")
        if self.forward is None:
            return FLOPS_PER_PARAM_TOKEN * count_params(architecture).count(self.params)
        return TRAINING_PASSES * self.forward(architecture, seq_len or 0.0)

    def flops_of(self, architecture: Architecture, tokens: Array | float, seq_len: float | None = None) -> Array:
        """Return C in FLOP of training this shape on D tokens."""
        return np.asarray(self.flops_per_token(architecture, seq_len) * np.asarray(tokens, float))

    def tokens_of(self, architecture: Architecture, flops: Array | float, seq_len: float | None = None) -> Array:
        """Return the D that the compute pays for with this shape."""
        return np.asarray(flops, float) / self.flops_per_token(architecture, seq_len)

    def params_of(
        self, architecture: Architecture, tokens: Array | float, flops: Array | float, seq_len: float | None = None
    ) -> Array:
        """Return the N of kind ``params`` that the compute pays for at this D.

        FLOP beyond 6 N (attention, embeddings) come from the architecture.
        """
        counted = count_params(architecture).count(self.params)
        beyond = self.flops_per_token(architecture, seq_len) - FLOPS_PER_PARAM_TOKEN * counted
        return np.asarray((np.asarray(flops, float) / np.asarray(tokens, float) - beyond) / FLOPS_PER_PARAM_TOKEN)

    def _check_by_params(self) -> None:
        if self.forward is not None:
            raise BadInput(
                f"{self.name} needs the shape of the model, not only N; use flops_of, tokens_of or params_of "
                "with an Architecture"
            )


@runtime_checkable
class HasCounting(Protocol):
    """A forecaster that counts compute as its table does."""

    @property
    def counting(self) -> Counting | None:
        """How C follows from N and D; None unless it takes one kind of N."""


def _chinchilla(a: Architecture, seq_len: float) -> float:
    """Forward FLOP per token by appendix F of Hoffmann et al.: 2 per weight, with the lookup counted as a product."""
    scores = 2 * a.attention_width * seq_len + 3 * a.heads * seq_len + 2 * a.attention_width * seq_len
    return 2.0 * count_params(a).matrices + 4.0 * a.vocab_size * a.width + a.layers * scores


def _deepseek(a: Architecture, seq_len: float) -> float:
    """Forward FLOP per token: matrices of the layers, and attention to the whole sequence."""
    return 2.0 * count_params(a).matrices + 4.0 * a.layers * a.attention_width * seq_len


def _porian(a: Architecture, seq_len: float) -> float:
    """Forward FLOP per token: matrices of the layers and the head, and attention to the causal half."""
    head = a.vocab_size * a.width
    return 2.0 * (count_params(a).matrices + head) + 2.0 * a.layers * a.attention_width * seq_len


COUNTINGS = MappingProxyType(
    {
        counting.params: counting
        for counting in (
            Counting("6N_total", "params"),
            Counting("6N_nonemb", "params_non_embedding"),
            Counting("6N_active", "params_active"),
        )
    }
)
"""Kind of N -> the convention that needs only this N."""

CONVENTIONS = MappingProxyType(
    {
        counting.name: counting
        for counting in (
            *COUNTINGS.values(),
            Counting(
                "chin_exact", "params_non_embedding",
                "3 [4 V d + L (6 d d_a + 2 d_a d + 4 s d_a + 3 h s + 4 d d_ff)]", _chinchilla, True,
            ),
            Counting("deepseek_M", "params_non_embedding", "72 L d^2 + 12 L d_a s", _deepseek, True),
            Counting("porian_att", "params_one_embedding", "6 N + 6 L d_a s", _porian, True),
        )
    }
)  # fmt: skip
"""Name -> convention, including those that need a shape."""


def counting_for(params: str, cost: StatedCost | None = None) -> Counting:
    """Return the convention that needs only this kind of N, or uses the cost that a table states.

    Args:
        params: the kind of N.
        cost: C over 6 N D by size; None for 6 N D itself.

    Raises:
        UnknownName: ``params`` is not a kind of N.
    """
    if params not in COUNTINGS:
        raise UnknownName.among("kind of params", params, COUNTINGS)
    return COUNTINGS[params] if cost is None else Counting(AS_STATED, params, "6 f(N) N", cost=cost)


def convention(name: str) -> Counting:
    """Return the convention of this name.

    Raises:
        UnknownName: the name is unknown.
    """
    if name not in CONVENTIONS:
        raise UnknownName.among("counting convention", name, CONVENTIONS)
    return CONVENTIONS[name]
