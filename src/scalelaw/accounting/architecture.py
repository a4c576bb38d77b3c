"""The shape of a transformer, from which parameters and compute follow."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Self

from scalelaw.core.errors import BadInput

NORM_VECTORS = MappingProxyType({"none": 0, "rms": 1, "layer": 2})
"""Kind of norm -> number of learned vectors of model width: a gain, or a gain and a bias."""

QK_NORMS = ("none", "scale", "head", "width")
"""Gains of the norms of queries and keys: none, one number per layer, one gain per head, or one for all heads."""


@dataclass(frozen=True)
class Architecture:
    """A decoder-only transformer.

    Zero means the usual value: key-value heads equal to heads, heads that divide the width, a feed-forward of four
    widths, experts as wide as the feed-forward.

    Attributes:
        layers: blocks of attention and feed-forward.
        width: d, elements of the residual stream.
        vocab_size: V, rows of the embedding.
        heads: query heads per layer.
        kv_heads: key-value heads per layer; 0 for as many as query heads.
        head_dim: elements of a head; 0 for width / heads.
        ffn_width: hidden elements of a dense feed-forward; 0 for 4 x width.
        gated: whether the feed-forward has a third matrix (SwiGLU, GeGLU).
        tied: whether the head is the input embedding.
        norm: ``rms`` (gain), ``layer`` (gain and bias) or ``none``; two per layer and one at the end.
        qk_norm: gains of the norms of queries and keys: ``none``, one ``scale`` per layer, one per ``head``, or the
            ``width`` of all heads.
        attention_bias: whether queries, keys and values have biases.
        output_bias: whether the output projection of attention has a bias.
        mlp_bias: whether the matrices of the feed-forward have biases.
        learned_positions: rows of a learned position embedding (GPT-2); 0 for none.
        position_projection: whether attention has a fifth matrix for relative positions (Transformer-XL, Gopher,
            Chinchilla).
        experts: routed experts per layer; 0 for a dense model.
        top_k: routed experts that a token passes through.
        shared_experts: experts that every token passes through.
        expert_width: hidden elements of an expert; 0 for ``ffn_width``.
        dense_layers: layers with a dense feed-forward in a model with experts.

    Example:
        >>> Architecture(layers=12, width=768, vocab_size=50257, heads=12).head_width
        64
    """

    layers: int
    width: int
    vocab_size: int
    heads: int = 1
    kv_heads: int = 0
    head_dim: int = 0
    ffn_width: int = 0
    gated: bool = False
    tied: bool = False
    norm: str = "rms"
    qk_norm: str = "none"
    attention_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    learned_positions: int = 0
    position_projection: bool = False
    experts: int = 0
    top_k: int = 0
    shared_experts: int = 0
    expert_width: int = 0
    dense_layers: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.type is int:
                object.__setattr__(self, field.name, _counted(field.name, getattr(self, field.name)))
        if self.norm not in NORM_VECTORS:
            raise BadInput(f"norm={self.norm!r}: use one of {', '.join(NORM_VECTORS)}")
        if self.qk_norm not in QK_NORMS:
            raise BadInput(f"qk_norm={self.qk_norm!r}: use one of {', '.join(QK_NORMS)}")
        if not self.head_dim and self.width % self.heads:
            raise BadInput(f"width {self.width} does not divide into {self.heads} heads; give head_dim")
        if self.kv_heads > self.heads or (self.kv_heads and self.heads % self.kv_heads):
            raise BadInput(f"kv_heads={self.kv_heads} does not divide heads={self.heads}")
        if self.experts and not 1 <= self.top_k <= self.experts:
            raise BadInput(f"top_k={self.top_k} of {self.experts} experts: give 1 to {self.experts}")
        if not self.experts and (self.top_k or self.shared_experts or self.dense_layers):
            raise BadInput("top_k, shared_experts and dense_layers are for models with experts; give experts")
        if self.dense_layers > self.layers:
            raise BadInput(f"dense_layers={self.dense_layers} exceeds layers={self.layers}")

    @property
    def head_width(self) -> int:
        """Elements of a head."""
        return self.head_dim or self.width // self.heads

    @property
    def attention_width(self) -> int:
        """Elements of all query heads together, d_a."""
        return self.heads * self.head_width

    @property
    def kv_width(self) -> int:
        """Elements of all key heads together."""
        return (self.kv_heads or self.heads) * self.head_width

    @property
    def feed_forward_width(self) -> int:
        """Hidden elements of a dense feed-forward, d_ff."""
        return self.ffn_width or 4 * self.width

    @property
    def expert_layers(self) -> int:
        """Layers whose feed-forward is a set of experts."""
        return self.layers - self.dense_layers if self.experts else 0

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Return the shape in a Hugging Face ``config.json`` of a Llama-like or GPT-2 model.

        Args:
            config: the file as a dict.

        Raises:
            BadInput: the model type is unknown, or a number is missing.

        Example:
            >>> shape = Architecture.from_config({
            ...     "model_type": "llama", "hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4,
            ...     "num_key_value_heads": 2, "intermediate_size": 704, "vocab_size": 16000})
            >>> shape.kv_width
            128
        """
        kind = config.get("model_type", "llama")
        if kind == "gpt2":
            return cls(**_gpt2(config))
        if kind in _LLAMA_LIKE:
            return cls(**_llama(config, kind))
        known = ", ".join(sorted({"gpt2", *_LLAMA_LIKE}))
        raise BadInput(f"model_type {kind!r} is unknown; use one of {known}, or build an Architecture")


def _counted(name: str, value: Any) -> int:
    least = 1 if name in ("layers", "width", "vocab_size", "heads") else 0
    try:
        whole = operator.index(value)
    except TypeError:
        whole = -1
    if isinstance(value, bool) or whole < least:
        raise BadInput(f"{name}={value!r} must be a whole number of at least {least}")
    return whole


_LLAMA_LIKE = frozenset({"llama", "mistral", "qwen2", "qwen3", "olmo", "olmo2", "mixtral", "qwen2_moe", "qwen3_moe"})


def _whole(config: Mapping[str, Any], *names: str, otherwise: int | None = None) -> int:
    """Return the first of the entries that the config has."""
    value = next((config[name] for name in names if config.get(name) is not None), otherwise)
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError as error:
        raise BadInput(f"config: {names[0]} is {value!r}; give a whole number") from error


def _gpt2(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "layers": _whole(config, "n_layer", "num_hidden_layers"),
        "width": _whole(config, "n_embd", "hidden_size"),
        "vocab_size": _whole(config, "vocab_size"),
        "heads": _whole(config, "n_head", "num_attention_heads"),
        "ffn_width": _whole(config, "n_inner", otherwise=0),
        "learned_positions": _whole(config, "n_positions", "max_position_embeddings"),
        "tied": bool(config.get("tie_word_embeddings", True)),
        "norm": "layer",
        "attention_bias": True,
        "output_bias": True,
        "mlp_bias": True,
    }


def _llama(config: Mapping[str, Any], kind: str) -> dict[str, Any]:
    experts = _whole(config, "num_local_experts", "num_experts", otherwise=0)
    if kind == "qwen2_moe" and config.get("shared_expert_intermediate_size"):
        raise BadInput("config: the gated shared expert of qwen2_moe is not supported here; build an Architecture")
    if experts and config.get("decoder_sparse_step", 1) != 1:
        raise BadInput("config: models with experts in only some layers are not supported here; build an Architecture")
    bias = bool(config.get("attention_bias", kind == "qwen2"))
    return {
        "layers": _whole(config, "num_hidden_layers"),
        "width": _whole(config, "hidden_size"),
        "vocab_size": _whole(config, "vocab_size"),
        "heads": _whole(config, "num_attention_heads"),
        "kv_heads": _whole(config, "num_key_value_heads", otherwise=0),
        "head_dim": _whole(config, "head_dim", otherwise=0),
        "ffn_width": _whole(config, "intermediate_size"),
        "gated": True,
        "tied": bool(config.get("tie_word_embeddings", False)),
        "norm": "none" if kind == "olmo" else "rms",
        "qk_norm": {"qwen3": "head", "qwen3_moe": "head", "olmo2": "width"}.get(kind, "none"),
        "attention_bias": bias,
        "output_bias": bias and kind != "qwen2",
        "mlp_bias": bool(config.get("mlp_bias", False)),
        "experts": experts,
        "top_k": _whole(config, "num_experts_per_tok", otherwise=0) if experts else 0,
        "expert_width": _whole(config, "moe_intermediate_size", otherwise=0) if experts else 0,
        "dense_layers": len(config.get("mlp_only_layers") or ()) if experts else 0,
    }
