"""Count parameters by group, and sum the groups to each kind of N."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from scalelaw.accounting.architecture import NORM_VECTORS, Architecture
from scalelaw.core.errors import UnknownName


@dataclass(frozen=True)
class ParamCounts:
    """Parameters of a model by group; every N is a sum of some groups.

    Attributes:
        attention: matrices of queries, keys, values, output and relative positions.
        mlp: matrices of dense feed-forwards, shared experts and the experts that a token passes through.
        idle_experts: matrices of the experts that a token does not pass through.
        router: matrices that choose experts.
        norms: gains and biases of norms.
        biases: biases of matrices.
        input_embedding: V x d.
        positions: learned position embedding.
        head: V x d, or 0 if the head is the input embedding.
    """

    attention: int
    mlp: int
    idle_experts: int
    router: int
    norms: int
    biases: int
    input_embedding: int
    positions: int
    head: int

    @property
    def total(self) -> int:
        """N: every stored parameter, with a tied embedding counted once."""
        embeddings = self.input_embedding + self.positions + self.head
        total = self.non_embedding + embeddings
        assert total == self.without_head + self.head == self.active + self.idle_experts
        return total

    @property
    def non_embedding(self) -> int:
        """N without input embedding, positions and head."""
        return self.matrices + self.idle_experts + self.norms + self.biases

    @property
    def without_head(self) -> int:
        """N without the head; a tied head counts as the input embedding."""
        return self.non_embedding + self.input_embedding + self.positions

    @property
    def one_embedding(self) -> int:
        """N with one V x d matrix, tied or not: the head, which multiplies, without the lookup."""
        return self.non_embedding + self.input_embedding

    @property
    def active(self) -> int:
        """N without the experts that a token does not pass through."""
        return self.matrices + self.norms + self.biases + self.input_embedding + self.positions + self.head

    @property
    def matrices(self) -> int:
        """Weights of a token's matrix products inside the layers: no norms, biases, embeddings or idle experts."""
        return self.attention + self.mlp + self.router

    def count(self, kind: str) -> int:
        """Return N of this kind; see ``KINDS``.

        Raises:
            UnknownName: the kind is unknown.
        """
        if kind not in KINDS:
            raise UnknownName.among("kind of params", kind, KINDS)
        return KINDS[kind](self)


KINDS: MappingProxyType[str, Callable[[ParamCounts], int]] = MappingProxyType(
    {
        "params": lambda counts: counts.total,
        "params_non_embedding": lambda counts: counts.non_embedding,
        "params_active": lambda counts: counts.active,
        "params_without_head": lambda counts: counts.without_head,
        "params_one_embedding": lambda counts: counts.one_embedding,
    }
)
"""Kind of N -> its count; the first three are quantities of the vocabulary."""


def count_params(architecture: Architecture) -> ParamCounts:
    """Return the exact parameters of an architecture by group.

    Example:
        >>> gpt2 = Architecture(
        ...     layers=12, width=768, vocab_size=50257, heads=12, tied=True, norm="layer", attention_bias=True,
        ...     output_bias=True, mlp_bias=True, learned_positions=1024)
        >>> counts = count_params(gpt2)
        >>> counts.total, counts.non_embedding
        (124439808, 85056000)
    """
    a = architecture
    d, q, kv = a.width, a.attention_width, a.kv_width
    matrices = 3 if a.gated else 2
    expert = matrices * d * (a.expert_width or a.feed_forward_width)
    used = a.expert_layers * (a.top_k + a.shared_experts) * expert
    return ParamCounts(
        attention=a.layers * d * (2 * q + 2 * kv + (q if a.position_projection else 0)),
        mlp=(a.layers - a.expert_layers) * matrices * d * a.feed_forward_width + used,
        idle_experts=a.expert_layers * (a.experts - a.top_k) * expert,
        router=a.expert_layers * d * a.experts,
        norms=_norms(a),
        biases=_biases(a),
        input_embedding=a.vocab_size * d,
        positions=a.learned_positions * d,
        head=0 if a.tied else a.vocab_size * d,
    )


def _norms(a: Architecture) -> int:
    of_a_layer = {"none": 0, "scale": 1, "head": 2 * a.head_width, "width": a.attention_width + a.kv_width}[a.qk_norm]
    return NORM_VECTORS[a.norm] * a.width * (2 * a.layers + 1) + of_a_layer * a.layers


def _biases(a: Architecture) -> int:
    of_attention = (a.attention_width + 2 * a.kv_width if a.attention_bias else 0) + (a.width if a.output_bias else 0)
    if not a.mlp_bias:
        return a.layers * of_attention
    dense = (2 if a.gated else 1) * a.feed_forward_width + a.width
    return a.layers * of_attention + (a.layers - a.expert_layers) * dense
