"""The model in plain torch, for compilers and GPUs, and as the test of the hand-written gradients."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from scalelaw.training.fused import EPS


def nats(tokens: Tensor, turns: Tensor, *weights: Tensor, reduction: str) -> Tensor:
    """Return the cross-entropy of every token except the first, (B T,), or its mean.

    Args:
        tokens: (B, T + 1).
        turns: cosine and sine of the rotary angle of each pair at each position, (2, d_h / 2, T).
        weights: embedding, attention, feed-forward, head, gains and scales.
        reduction: ``none`` or ``mean``.
    """
    embedding, attention, feed_forward, head, gains, scales = weights
    x_BTd = F.embedding(tokens[:, :-1], embedding)
    for layer in range(len(scales)):
        x_BTd = x_BTd + _attended(_normed(x_BTd, gains[2 * layer]), attention[layer], scales[layer], turns)
        up, down = feed_forward[layer]
        x_BTd = x_BTd + (_normed(x_BTd, gains[2 * layer + 1]) @ up.t()).relu().square() @ down
    logits = _normed(x_BTd, gains[-1]).flatten(0, 1) @ head.t()
    return F.cross_entropy(logits.float(), tokens[:, 1:].flatten(), reduction=reduction)


def _attended(y: Tensor, weight: Tensor, scale: Tensor, turns: Tensor) -> Tensor:
    B, T, d = y.shape
    width = 2 * turns.shape[1]
    q, k, v = (y @ weight[:3].flatten(0, 1).t()).view(B, T, 3, d // width, width).permute(2, 0, 3, 1, 4)
    q, k = (F.rms_norm(_turned(each, turns), (width,), eps=EPS) for each in (q, k))
    q = (q * (scale / math.sqrt(width))).type_as(v)
    seen = F.scaled_dot_product_attention(q, k.type_as(v), v, is_causal=True, scale=1.0)
    return seen.transpose(1, 2).reshape(B, T, d) @ weight[3].t()


def _turned(x: Tensor, turns: Tensor) -> Tensor:
    """Return x (.., T, d_h) with adjacent pairs along d_h rotated."""
    cosine, sine = turns.mT
    a, b = x.reshape(*x.shape[:-1], -1, 2).unbind(-1)
    return torch.stack([a * cosine - b * sine, a * sine + b * cosine], -1).flatten(-2)


def _normed(x: Tensor, gain: Tensor) -> Tensor:
    return F.rms_norm(x, (x.shape[-1],), gain, eps=EPS)
