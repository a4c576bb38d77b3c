"""The loss of the model and all its gradients by hand: the same numbers as plain torch, in fewer passes.

On a CPU a tiny model spends its time in passes over memory, not in products. So positions come first, (T, B, d): heads
are then strides and nothing is transposed. Queries and keys have unit scale, so scores are bounded and softmax needs no
maximum; its normalisation comes after the product with the values. Queries are taken in blocks that see only the keys
before their end. A gain is folded into the matrix behind it, which is smaller than x. What a gradient needs is kept
instead of computed again, and let go as soon as it is used: what is freed last is in the cache for what comes next.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

EPS = 1e-6
_BLOCK = 64
"""Queries in a block of attention: above it three quarters of the scores, or fewer, are computed."""

Kept = tuple[Tensor, ...]
"""What the gradient of a block needs."""


def normed(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return x over its root mean square along the last axis, and the inverse of that."""
    inverse = inverse_scale(x)
    return x * inverse, inverse


def inverse_scale(x: Tensor) -> Tensor:
    """Return one over the root mean square along the last axis, which stays, of length 1."""
    square: Tensor = torch.linalg.vecdot(x, x)
    return square.div_(x.shape[-1]).add_(EPS).rsqrt_().unsqueeze(-1)


def normed_backward(grad: Tensor, y: Tensor, inverse: Tensor) -> Tensor:
    """Return the gradient of ``normed`` in x, given its results."""
    along = torch.linalg.vecdot(grad, y).div_(y.shape[-1]).unsqueeze(-1)
    return torch.addcmul(grad, y, along, value=-1).mul_(inverse)


def turn(x: Tensor, turns: Tensor) -> Tensor:
    """Turn the pairs of neighbours along the last axis by the angles of their positions, in place."""
    torch.view_as_complex(x.view(*x.shape[:-1], -1, 2)).mul_(turns)
    return x


class Loss(Function):
    """Mean cross-entropy in nats of targets (T, B), given what was looked up for the tokens before them, (T, B, d)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, targets: Tensor, turns: Tensor, *weights: Tensor) -> Tensor:
        """Compute the loss; turns are complex, (T, 1, d_h / 2); weights are all but the embedding."""
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
        """Return the gradients in x and in the weights."""
        turns, attention, feed_forward, head, gains, scales = ctx.saved_tensors
        to_attention, to_feed_forward, to_gains, to_scales = [], [], [], []
        grad, to_head, to_gain = judge_backward(ctx.kept.pop(), grads[0], head, gains[-1])
        to_gains.append(to_gain)
        grad = grad.view(len(turns), -1, grad.shape[-1])
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
    """Return x + attention(norm(x)) of x (T, B, d) by weights (4, d, d): queries, keys, values and output.

    The scale is that of the scores times root d_h.
    """
    T, B, d = x.shape
    width = 2 * turns.shape[-1]
    steepness = scale / math.sqrt(width)
    flat = x.view(T * B, d)
    y, inverse = normed(flat)
    qkv = torch.bmm(y.expand(3, -1, -1), (weight[:3] * gain).transpose(1, 2)).view(3, T, -1, width)
    qk_inverse = inverse_scale(qkv[:2])
    turn(qkv[:2], turns).mul_(qk_inverse)
    q, k, v = (each.transpose(0, 1) for each in qkv)
    blocks, totals = [], []
    seen = torch.empty_like(qkv[0])
    for start in range(0, T, _BLOCK):
        end = min(start + _BLOCK, T)
        scores = torch.bmm(q[:, start:end] * steepness, k[:, :end].transpose(1, 2)).exp_()
        scores[:, :, start:].tril_()
        totals.append(scores.sum(-1, keepdim=True))
        torch.div(torch.bmm(scores, v[:, :end]), totals[-1], out=seen[start:end].transpose(0, 1))
        blocks.append(scores)
    mixed = seen.view(T * B, d)
    kept = y, inverse, qkv, qk_inverse, torch.cat(totals, 1), mixed, steepness, *blocks
    return torch.addmm(flat, mixed, weight[3].t()).view(T, B, d), kept


def attend_backward(
    kept: Kept, grad: Tensor, weight: Tensor, gain: Tensor, turns: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients in x, the weights, the gain and the scale."""
    y, inverse, qkv, qk_inverse, total, mixed, steepness, *blocks = kept
    T, _, d = grad.shape
    flat = grad.view(y.shape)
    seen_grad = (flat @ weight[3]).view_as(qkv[0]).div_(total.transpose(0, 1))
    along = torch.linalg.vecdot(seen_grad, mixed.view_as(qkv[0])).t().unsqueeze(-1)
    seen_grad = seen_grad.transpose(0, 1)
    q, k, v = (each.transpose(0, 1) for each in qkv)
    qkv_grad = torch.empty_like(qkv)
    q_grad, k_grad, v_grad = (each.transpose(0, 1) for each in qkv_grad)
    for start in reversed(range(0, T, _BLOCK)):
        end = min(start + _BLOCK, T)
        scores, arrived = blocks.pop(), seen_grad[:, start:end]
        scores_grad = torch.bmm(arrived, v[:, :end].transpose(1, 2)).sub_(along[:, start:end]).mul_(scores)
        q_grad[:, start:end] = torch.bmm(scores_grad, k[:, :end])
        add = Tensor.copy_ if end == T else Tensor.add_
        add(k_grad[:, :end], torch.bmm(scores_grad.transpose(1, 2), q[:, start:end]))
        add(v_grad[:, :end], torch.bmm(scores.transpose(1, 2), arrived))
    to_scale = torch.dot(qkv_grad[0].flatten(), qkv[0].flatten()).div_(math.sqrt(qkv.shape[-1]))
    qkv_grad[:2] = normed_backward(qkv_grad[:2], qkv[:2], qk_inverse * steepness)
    turn(qkv_grad[:2], turns.conj())
    sent, inward = qkv_grad.view(3, -1, d), weight[:3] * gain
    folded = torch.bmm(sent.transpose(1, 2), y.expand(3, -1, -1))
    to_inward, to_gain = unfold(folded.flatten(0, 1), weight[:3].flatten(0, 1), gain)
    to_weight = torch.cat([to_inward, flat.t() @ mixed]).view_as(weight)
    y_grad = torch.mm(sent[0], inward[0]).addmm_(sent[1], inward[1]).addmm_(sent[2], inward[2])
    return normed_backward(y_grad, y, inverse).add_(flat).view_as(grad), to_weight, to_gain, to_scale


def feed(x: Tensor, weight: Tensor, gain: Tensor) -> tuple[Tensor, Kept]:
    """Return x + relu(norm(x) U^T)^2 W of x (T, B, d) by weights (2, d_ff, d): U and W."""
    flat = x.view(-1, x.shape[-1])
    y, inverse = normed(flat)
    active = (y @ (weight[0] * gain).t()).relu_()
    squared = active * active
    return torch.addmm(flat, squared, weight[1]).view_as(x), (y, inverse, active, squared)


def feed_backward(kept: Kept, grad: Tensor, weight: Tensor, gain: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients in x, the weights and the gain; the 2 of the square is applied where it is cheap.

    Gradients of tall matrices are products the wide way round, which is faster, and turned afterwards.
    """
    y, inverse, active, squared = kept
    flat = grad.view(y.shape)
    to_down = flat.t() @ squared
    active_grad = torch.mm(flat, weight[1].t(), out=squared).mul_(active)
    doubled = 2 * gain
    to_up, to_gain = unfold((y.t() @ active_grad).t(), weight[0], doubled)
    x_grad = normed_backward(active_grad @ (weight[0] * doubled), y, inverse).add_(flat).view_as(grad)
    return x_grad, torch.stack([to_up, to_down.t()]), to_gain.mul_(2)


def judge(x: Tensor, weight: Tensor, gain: Tensor, targets: Tensor) -> tuple[Tensor, Kept]:
    """Return the mean cross-entropy of targets (T, B) under norm(x) W^T, for x (T, B, d) and W (V, d)."""
    y, inverse = normed(x.flatten(0, 1))
    logs = torch.log_softmax(y @ (weight * gain).t(), 1)
    right = targets.flatten().unsqueeze(1)
    loss = logs.gather(1, right).mean().neg_()
    excess = logs.exp_().scatter_add_(1, right, logs.new_full(right.shape, -1.0))
    return loss, (y, inverse, excess)


def judge_backward(kept: Kept, grad: Tensor, weight: Tensor, gain: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients in x, the head and the gain."""
    y, inverse, excess = kept
    share = grad / len(y)
    to_weight, to_gain = unfold((y.t() @ excess).mul_(share).t(), weight, gain)
    return normed_backward(excess @ (weight * gain), y, inverse * share), to_weight, to_gain


def unfold(folded: Tensor, weight: Tensor, gain: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients in a matrix (m, d) and in the gain before it, given that in their product."""
    return folded * gain, (folded * weight).sum(0)


def losses(tokens: Tensor, turns: Tensor, weights: Any) -> Tensor:
    """Return the cross-entropy of every token but the first, (T B,); no gradient goes through it."""
    x = F.embedding(tokens[:-1], weights.embedding)
    for layer, scale in enumerate(weights.scales):
        x, _ = attend(x, weights.attention[layer], weights.gains[2 * layer], scale, turns)
        x, _ = feed(x, weights.feed_forward[layer], weights.gains[2 * layer + 1])
    logits = normed(x.flatten(0, 1))[0] @ (weights.head * weights.gains[-1]).t()
    return F.cross_entropy(logits, tokens[1:].flatten(), reduction="none")
