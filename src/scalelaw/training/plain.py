"""The model in plain torch, as a compiler and a GPU take it, and as the hand-made gradients are tested by."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from scalelaw.training.fused import EPS


def nats(tokens: Tensor, angles: Tensor, *weights: Tensor, reduction: str) -> Tensor:
    """Return the cross-entropy of every token but the first, (T B,), or its mean.

    Args:
        tokens: (T + 1, B); positions first.
        angles: cosine and sine of the rotation of each pair at each position, (T, d_h / 2, 2).
        weights: embedding, attention, feed-forward, head, gains and scales.
        reduction: ``none`` or ``mean``.
    """
    embedding, attention, feed_forward, head, gains, scales = weights
    x_TBd = F.embedding(tokens[:-1], embedding)
    for layer in range(len(scales)):
        x_TBd = x_TBd + _attended(_normed(x_TBd, gains[2 * layer]), attention[layer], scales[layer], angles)
        up, down = feed_forward[layer]
        x_TBd = x_TBd + (_normed(x_TBd, gains[2 * layer + 1]) @ up.t()).relu().square() @ down
    logits = _normed(x_TBd, gains[-1]).flatten(0, 1) @ head.t()
    return F.cross_entropy(logits.float(), tokens[1:].flatten(), reduction=reduction)


def _attended(y: Tensor, weight: Tensor, scale: Tensor, angles: Tensor) -> Tensor:
    T, B, d = y.shape
    width = 2 * angles.shape[-2]
    q, k, v = (y @ weight[:3].flatten(0, 1).t()).view(T, B, 3, d // width, width).permute(2, 1, 3, 0, 4)
    q, k = (F.rms_norm(_turned(each, angles), (width,), eps=EPS) for each in (q, k))
    q = (q * (scale / math.sqrt(width))).type_as(v)
    seen = F.scaled_dot_product_attention(q, k.type_as(v), v, is_causal=True, scale=1.0)
    return seen.permute(2, 0, 1, 3).reshape(T, B, d) @ weight[3].t()


def _turned(x: Tensor, angles: Tensor) -> Tensor:
    """Return x with the pairs of neighbours along the last axis turned by the angles of their positions."""
    cosine, sine = angles.unbind(-1)
    a, b = x.reshape(*x.shape[:-1], -1, 2).unbind(-1)
    return torch.stack([a * cosine - b * sine, a * sine + b * cosine], -1).flatten(-2)


def _normed(x: Tensor, gain: Tensor) -> Tensor:
    return F.rms_norm(x, (x.shape[-1],), gain, eps=EPS)
