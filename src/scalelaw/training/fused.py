"""The three blocks of the model with hand-derived gradients: the same numbers as the plain ones, in fewer passes.

On a CPU a tiny model spends its time in passes over memory, not in products. So positions come first, (T, B, d): heads
are then strides and nothing is transposed. Queries and keys have unit scale, so scores are bounded and softmax needs no
maximum; its normalisation comes after the product with the values. Queries are taken in blocks that see only the keys
before their end. What a gradient needs is kept instead of computed again.
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


class Attention(Function):
    """x + attention(norm(x)) of x (T, B, d) by weights (4, d, d): queries, keys, values and output."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, turns: Tensor, scale: Tensor) -> Tensor:
        """Compute the block; turns are complex, (T, 1, d_h / 2), scale is that of the scores times root d_h."""
        T, B, d = x.shape
        width = 2 * turns.shape[-1]
        steepness = scale / math.sqrt(width)
        flat = x.view(T * B, d)
        y, inverse = normed(flat)
        qkv = torch.bmm(y.expand(3, -1, -1), weight[:3].transpose(1, 2)).view(3, T, -1, width)
        qk_inverse = inverse_scale(qkv[:2])
        turn(qkv[:2], turns).mul_(qk_inverse)
        q, k, v = (each.transpose(0, 1) for each in qkv)
        blocks, totals = [], []
        seen = torch.empty(T, B * (d // width), width)
        for start in range(0, T, _BLOCK):
            end = min(start + _BLOCK, T)
            scores = torch.bmm(q[:, start:end] * steepness, k[:, :end].transpose(1, 2)).exp_()
            scores[:, :, start:].tril_()
            totals.append(scores.sum(-1, keepdim=True))
            torch.div(torch.bmm(scores, v[:, :end]), totals[-1], out=seen[start:end].transpose(0, 1))
            blocks.append(scores)
        mixed = seen.view(T * B, d)
        ctx.save_for_backward(
            y, inverse, weight, turns, qkv, qk_inverse, torch.cat(totals, 1), mixed, steepness, *blocks
        )
        return torch.addmm(flat, mixed, weight[3].t()).view(T, B, d)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Return the gradients in x and in the weights."""
        y, inverse, weight, turns, qkv, qk_inverse, total, mixed, steepness, *blocks = ctx.saved_tensors
        T, _, d = grads[0].shape
        flat = grads[0].reshape(y.shape)
        weight_grad = torch.empty_like(weight)
        torch.mm(flat.t(), mixed, out=weight_grad[3])
        seen_grad = (flat @ weight[3]).view_as(qkv[0]).div_(total.transpose(0, 1))
        along = torch.linalg.vecdot(seen_grad, mixed.view_as(qkv[0])).t().unsqueeze(-1)
        seen_grad = seen_grad.transpose(0, 1)
        q, k, v = (each.transpose(0, 1) for each in qkv)
        qkv_grad = torch.empty_like(qkv)
        q_grad, k_grad, v_grad = (each.transpose(0, 1) for each in qkv_grad)
        for i in reversed(range(len(blocks))):
            start, end = i * _BLOCK, min((i + 1) * _BLOCK, T)
            scores, arrived = blocks[i], seen_grad[:, start:end]
            scores_grad = torch.bmm(arrived, v[:, :end].transpose(1, 2)).sub_(along[:, start:end]).mul_(scores)
            q_grad[:, start:end] = torch.bmm(scores_grad, k[:, :end])
            add = Tensor.copy_ if end == T else Tensor.add_
            add(k_grad[:, :end], torch.bmm(scores_grad.transpose(1, 2), q[:, start:end]))
            add(v_grad[:, :end], torch.bmm(scores.transpose(1, 2), arrived))
        scale_grad = torch.dot(qkv_grad[0].flatten(), qkv[0].flatten()).div_(math.sqrt(qkv.shape[-1]))
        qkv_grad[:2] = normed_backward(qkv_grad[:2], qkv[:2], qk_inverse * steepness)
        turn(qkv_grad[:2], turns.conj())
        sent = qkv_grad.view(3, -1, d)
        torch.bmm(sent.transpose(1, 2), y.expand(3, -1, -1), out=weight_grad[:3])
        y_grad = torch.mm(sent[0], weight[0]).addmm_(sent[1], weight[1]).addmm_(sent[2], weight[2])
        return normed_backward(y_grad, y, inverse).add_(flat).view_as(grads[0]), weight_grad, None, scale_grad


class FeedForward(Function):
    """x + relu(norm(x) U^T)^2 W of x (T, B, d) by weights (2, d_ff, d): U and W."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        """Compute the block."""
        flat = x.view(-1, x.shape[-1])
        y, inverse = normed(flat)
        active = (y @ weight[0].t()).relu_()
        squared = active * active
        ctx.save_for_backward(y, inverse, weight, active, squared)
        return torch.addmm(flat, squared, weight[1]).view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Return the gradients in x and in the weights; the 2 of the square is applied where it is cheap."""
        y, inverse, weight, active, squared = ctx.saved_tensors
        flat = grads[0].reshape(y.shape)
        weight_grad = torch.empty_like(weight)
        torch.mm(squared.t(), flat, out=weight_grad[1])
        active_grad = (flat @ weight[1].t()).mul_(active)
        torch.mm(active_grad.t(), y, out=weight_grad[0]).mul_(2)
        y_grad = active_grad @ weight[0]
        return normed_backward(y_grad, y, inverse * 2).add_(flat).view_as(grads[0]), weight_grad


def head(x: Tensor, weight: Tensor, targets: Tensor, reduction: str) -> Tensor:
    """Return the cross-entropy in nats of targets (M,) under norm(x) W^T, for x (M, d) and W (V, d)."""
    if reduction == "mean":
        return Head.apply(x, weight, targets)  # type: ignore[no-untyped-call, no-any-return]
    return F.cross_entropy(normed(x)[0] @ weight.t(), targets, reduction=reduction)


class Head(Function):
    """Mean cross-entropy in nats; see ``head``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        """Compute the loss, and its gradient while the logits are at hand."""
        y, inverse = normed(x)
        logits = y @ weight.t()
        rows = torch.arange(len(targets))
        right = logits[rows, targets]
        top = logits.amax(1, keepdim=True)
        total = logits.sub_(top).exp_().sum(1, keepdim=True)
        loss = (total.log().add_(top).squeeze(1) - right).mean()
        grad = logits.div_(total.mul_(len(targets)))
        grad[rows, targets] -= 1 / len(targets)
        ctx.save_for_backward(y, inverse, weight, grad)
        return loss

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Return the gradients in x and in the weights."""
        y, inverse, weight, grad = ctx.saved_tensors
        return normed_backward(grad @ weight, y, inverse * grads[0]), torch.mm(grad.t(), y).mul_(grads[0]), None
