"""The loss of the model with hand-written gradients: the same numbers as plain torch, with fewer passes over memory.

On a CPU, passes over memory dominate the time of a tiny model. Attention has positions last, (B, heads, d_h, T), so
that norms and rotations run along positions, and the narrow side comes first in products with scores. Queries and keys
have unit scale, so scores are bounded and softmax needs no maximum; a row of ones among the values gives the
normalisation in the same product. Blocks of queries use only the keys before their end. A gain is folded into the
matrix after it, which is smaller than x. Intermediate results for gradients are kept instead of recomputed, and freed
after use, so that the next step finds their memory in the cache.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

EPS = 1e-6
_BLOCK = 32
"""Queries per block of attention; for 128 positions this computes five eighths of the scores."""
_TINY = 1.2e-38
"""Smallest positive probability in float32."""

Kept = tuple[Tensor, ...]
"""Tensors that the gradient of a block needs."""


def normed(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return x (B T, d) divided by its root mean square along d, and the inverse root mean square."""
    inverse = inverse_root(torch.linalg.vector_norm(x, dim=1, keepdim=True).square_(), x.shape[1])
    return x * inverse, inverse


def inverse_root(squares: Tensor, n: int) -> Tensor:
    """Return the inverse root mean square of n elements from their sum of squares, in place."""
    return squares.mul_(1 / n).add_(EPS).rsqrt_()


def across(grad: Tensor, y: Tensor, dim: int) -> Tensor:
    """Return the component of a gradient that keeps the length of y along an axis."""
    along: Tensor = torch.linalg.vecdot(grad, y, dim=dim)
    return torch.addcmul(grad, y, along.mul_(1 / y.shape[dim]).unsqueeze(dim), value=-1)


def turn(x: Tensor, turns: Tensor, out: Tensor) -> None:
    """Write x (.., d_h, T) to out with adjacent pairs along d_h rotated by cosine and sine, (2, d_h / 2, T)."""
    cosine, sine = turns
    a, b, to_a, to_b = x[..., ::2, :], x[..., 1::2, :], out[..., ::2, :], out[..., 1::2, :]
    torch.mul(a, cosine, out=to_a).addcmul_(b, sine, value=-1)
    torch.mul(a, sine, out=to_b).addcmul_(b, cosine)


def by_head(rows: Tensor, B: int, width: int) -> Tensor:
    """Return a view of rows (.., d, B T) as (.., B, heads, d_h, T)."""
    *more, d, n = rows.shape
    return rows.view(*more, d // width, width, B, n // B).movedim(-2, -4)


class Loss(Function):
    """Mean cross-entropy of targets (B, T) given the embeddings of the tokens before them, (B, T, d), nats."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, targets: Tensor, turns: Tensor, *weights: Tensor) -> Tensor:
        """Compute the loss; turns are cosine and sine, (2, d_h / 2, T); weights are all except the embedding."""
        attention, feed_forward, head, gains, scales = weights
        ctx.kept = []
        for layer, scale in enumerate(scales):
            x, attended = attend(x, attention[layer], gains[2 * layer], scale, turns)
            x, fed = feed(x, feed_forward[layer], gains[2 * layer + 1])
            ctx.kept += [attended, fed]
        loss, judged = judge(x, head, gains[-1], targets)
        ctx.kept.append(judged)
        ctx.save_for_backward(turns, *weights)
        return loss

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Return the gradients of x and the weights."""
        turns, attention, feed_forward, head, gains, scales = ctx.saved_tensors
        to_attention, to_feed_forward, to_gains, to_scales = [], [], [], []
        grad, to_head, to_gain = judge_backward(ctx.kept.pop(), grads[0], head, gains[-1])
        to_gains.append(to_gain)
        grad = grad.view(-1, turns.shape[-1], grad.shape[-1])
        for layer in reversed(range(len(scales))):
            grad, to_weight, to_gain = feed_backward(ctx.kept.pop(), grad, feed_forward[layer], gains[2 * layer + 1])
            to_feed_forward.append(to_weight)
            to_gains.append(to_gain)
            grad, to_weight, to_gain, to_scale = attend_backward(
                ctx.kept.pop(), grad, attention[layer], gains[2 * layer], turns
            )
            to_attention.append(to_weight)
            to_gains.append(to_gain)
            to_scales.append(to_scale)
        stacked = (torch.stack(each[::-1]) for each in (to_attention, to_feed_forward, to_gains, to_scales))
        attention, feed_forward, gains, scales = stacked
        return grad, None, None, attention, feed_forward, to_head, gains, scales


def attend(x: Tensor, weight: Tensor, gain: Tensor, scale: Tensor, turns: Tensor) -> tuple[Tensor, Kept]:
    """Return x + attention(norm(x)) of x (B, T, d) by weights (4, d, d): queries, keys, values and output.

    The scale multiplies the scores, together with 1 / sqrt(d_h).
    """
    B, T, d = x.shape
    width = 2 * turns.shape[1]
    heads = d // width
    flat = x.view(B * T, d)
    y, inverse = normed(flat)
    made = by_head(torch.mm((weight[:3] * gain).flatten(0, 1), y.t()).view(3, d, B * T), B, width)
    qk = x.new_empty(2, B, heads, width, T)
    turn(made[:2], turns, qk)
    qk_inverse = inverse_root((qk * qk).sum(-2, keepdim=True), width)
    q, k = qk.mul_(qk_inverse).flatten(1, 2)
    v_one = x.new_empty(B, heads, width + 1, T)
    v_one[:, :, :width], v_one[:, :, width] = made[2], 1
    v_one = v_one.flatten(0, 1)
    steepness = scale / math.sqrt(width)
    steep_q = q * steepness
    sums, blocks = torch.empty_like(v_one), []
    causal = x.new_ones(_BLOCK, _BLOCK).triu_()
    for start in range(0, T, _BLOCK):
        end = min(start + _BLOCK, T)
        scores = torch.bmm(k[:, :, :end].transpose(1, 2), steep_q[:, :, start:end]).exp_()
        scores[:, start:].mul_(causal[: end - start, : end - start])
        sums[:, :, start:end] = torch.bmm(v_one[:, :, :end], scores)
        blocks.append(scores)
    sums = sums.view(B, heads, width + 1, T)
    values, totals = sums[:, :, :width], sums[:, :, width:]
    mixed = x.new_empty(d, B * T)
    torch.div(values, totals, out=by_head(mixed, B, width))
    kept = y, inverse, qk, qk_inverse, v_one, totals, mixed, steepness, *blocks
    return torch.addmm(flat, mixed.t(), weight[3].t()).view_as(x), kept


def attend_backward(
    kept: Kept, grad: Tensor, weight: Tensor, gain: Tensor, turns: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of x, weights, gain and scale."""
    y, inverse, qk, qk_inverse, v_one, totals, mixed, steepness, *blocks = kept
    _, B, heads, width, T = qk.shape
    flat = grad.view(y.shape)
    arrived = torch.empty_like(v_one).view(B, heads, width + 1, T)
    values, ones = arrived[:, :, :width], arrived[:, :, width:]
    torch.div(by_head(torch.mm(weight[3].t(), flat.t()), B, width), totals, out=values)
    torch.sum(values * by_head(mixed, B, width), 2, keepdim=True, out=ones).neg_()
    arrived = arrived.flatten(0, 1)
    q, k = qk.flatten(1, 2)
    qkv_grad = qk.new_empty(3, *qk.shape[1:])
    q_grad, k_grad, v_grad = qkv_grad.flatten(1, 2)
    for start in reversed(range(0, T, _BLOCK)):
        end = min(start + _BLOCK, T)
        scores, here = blocks.pop(), arrived[:, :, start:end]
        scores_grad = torch.bmm(v_one[:, :, :end].transpose(1, 2), here).mul_(scores)
        q_grad[:, :, start:end] = torch.bmm(k[:, :, :end], scores_grad)
        add = Tensor.copy_ if end == T else Tensor.add_
        add(k_grad[:, :, :end], torch.bmm(q[:, :, start:end], scores_grad.transpose(1, 2)))
        add(v_grad[:, :, :end], torch.bmm(here[:, :width], scores.transpose(1, 2)))
    qk_grad = qkv_grad[:2]
    to_scale = torch.dot(qk_grad[0].flatten(), qk[0].flatten()).div_(math.sqrt(width))
    qk_grad = across(qk_grad, qk, -2).mul_(qk_inverse * steepness)
    sent = grad.new_empty(3, y.shape[1], B * T)
    by_heads = by_head(sent, B, width)
    turn(qk_grad, torch.stack([turns[0], -turns[1]]), by_heads[:2])
    by_heads[2] = qkv_grad[2]
    sent, inward = sent.flatten(0, 1), (weight[:3] * gain).flatten(0, 1)
    to_inward, to_gain = unfold(sent @ y, weight[:3].flatten(0, 1), gain)
    to_weight = torch.cat([to_inward, (mixed @ flat).t()]).view_as(weight)
    x_grad = torch.addcmul(flat, across(sent.t() @ inward, y, 1), inverse)
    return x_grad.view_as(grad), to_weight, to_gain, to_scale


def feed(x: Tensor, weight: Tensor, gain: Tensor) -> tuple[Tensor, Kept]:
    """Return x + relu(norm(x) U^T)^2 W of x (B, T, d) by weights (2, d_ff, d): U and W."""
    flat = x.view(-1, x.shape[-1])
    y, inverse = normed(flat)
    active = (y @ (weight[0] * gain).t()).relu_()
    squared = active * active
    return torch.addmm(flat, squared, weight[1]).view_as(x), (y, inverse, active, squared)


def feed_backward(kept: Kept, grad: Tensor, weight: Tensor, gain: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of x, weights and gain; the factor 2 of the square is applied to the smaller operand.

    Gradients of tall matrices are computed transposed, which is faster.
    """
    y, inverse, active, squared = kept
    flat = grad.view(y.shape)
    to_down = flat.t() @ squared
    active_grad = torch.mm(flat, weight[1].t(), out=squared).mul_(active)
    doubled = 2 * gain
    to_up, to_gain = unfold((y.t() @ active_grad).t(), weight[0], doubled)
    x_grad = torch.addcmul(flat, across(active_grad @ (weight[0] * doubled), y, 1), inverse)
    return x_grad.view_as(grad), torch.stack([to_up, to_down.t()]), to_gain.mul_(2)


def judge(x: Tensor, weight: Tensor, gain: Tensor, targets: Tensor) -> tuple[Tensor, Kept]:
    """Return the mean cross-entropy of targets (B, T) under norm(x) W^T, for x (B, T, d) and W (V, d).

    A token costs at most 87 nats.
    """
    y, inverse = normed(x.flatten(0, 1))
    excess = torch.softmax(y @ (weight * gain).t(), 1)
    right = targets.flatten().unsqueeze(1)
    loss = excess.gather(1, right).clamp_min_(_TINY).log_().mean().neg_()
    excess.scatter_add_(1, right, excess.new_full(right.shape, -1.0))
    return loss, (y, inverse, excess)


def judge_backward(kept: Kept, grad: Tensor, weight: Tensor, gain: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of x, head and gain."""
    y, inverse, excess = kept
    share = grad / len(y)
    to_weight, to_gain = unfold((y.t() @ excess).mul_(share).t(), weight, gain)
    return across(excess @ (weight * gain), y, 1).mul_(inverse * share), to_weight, to_gain


def unfold(folded: Tensor, weight: Tensor, gain: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of a matrix (m, d) and of the gain before it, from that of their product."""
    return folded * gain, (folded * weight).sum(0)


def losses(tokens: Tensor, turns: Tensor, weights: Any) -> Tensor:
    """Return the cross-entropy of every token of (B, T + 1) except the first, (B T,), without gradients."""
    x = F.embedding(tokens[:, :-1], weights.embedding)
    for layer, scale in enumerate(weights.scales):
        x, _ = attend(x, weights.attention[layer], weights.gains[2 * layer], scale, turns)
        x, _ = feed(x, weights.feed_forward[layer], weights.gains[2 * layer + 1])
    logits = normed(x.flatten(0, 1))[0] @ (weights.head * weights.gains[-1]).t()
    return F.cross_entropy(logits, tokens[:, 1:].flatten(), reduction="none")
