"""The optimizers: Muon on matrices, AdamW on the rest; or AdamW on all.

Muon steps along the momentum with its singular values brought near one by a polynomial iteration (Jordan et al. 2024,
https://kellerjordan.github.io/posts/muon). All matrices of one shape are one batch here, so a step is a few products.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from scalelaw.ladder import Hyperparameters
from scalelaw.training.model import Weights

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of x, x^3 and x^5: steepest at zero while all singular values in (0, 1] come to .7 to 1.2 (Jordan)."""

NEWTON_SCHULZ_STEPS = 5

GROUP = {
    "embedding": "embedding",
    "attention": "matrices",
    "feed_forward": "matrices",
    "head": "head",
    "gains": "gains",
    "scales": "gains",
}
"""Tensor of the weights -> group of the recipe."""


def orthogonalised(matrices: Tensor) -> Tensor:
    """Return matrices, (..., m, n) with m >= n, with their singular values brought near one."""
    a, b, c = NEWTON_SCHULZ
    x = matrices.flatten(0, -3)
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = torch.bmm(x.transpose(1, 2), x)
        x = torch.baddbmm(x, x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), beta=a)
    return x.view_as(matrices)


class Optimizer:
    """Steps the weights of one model; its state is tensors, one or two for each of the weights.

    Attributes:
        state: ``<weight>.<what>`` -> tensor; what a checkpoint keeps.
    """

    def __init__(self, weights: Weights, hyper: Hyperparameters) -> None:
        self.hyper = hyper
        self._weights = dict(weights.named())
        muon = {name for name in self._weights if hyper.optimizer == "muon" and GROUP[name] == "matrices"}
        self._kinds = {name: "muon" if name in muon else "adamw" for name in self._weights}
        self.state = {
            f"{name}.{what}": torch.zeros_like(each, requires_grad=False)
            for name, each in self._weights.items()
            for what in (("momentum",) if name in muon else ("mean", "square"))
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a kept state."""
        for name, kept in self.state.items():
            kept.copy_(state[name])

    @torch.no_grad()
    def step(self, number: int, factor: float) -> None:
        """Take a step by the gradients at hand, and clear them.

        Args:
            number: of the step, from 0.
            factor: rate of this step over its peak.
        """
        for name, weight in self._weights.items():
            grad = weight.grad
            if grad is None:
                raise RuntimeError(f"no gradient has reached {name}")
            weight.grad = None
            rate = self.hyper.lr[GROUP[name]] * factor
            if GROUP[name] == "matrices" and self.hyper.weight_decay:
                weight.mul_(1 - rate * self.hyper.weight_decay)
            if self._kinds[name] == "muon":
                self._muon(name, weight, grad, rate)
            else:
                self._adam(name, weight, grad, rate, number)

    def _muon(self, name: str, weight: Tensor, grad: Tensor, rate: float) -> None:
        """Step along the orthogonalised Nesterov momentum; a matrix of more rows than columns moves further."""
        momentum = self.state[f"{name}.momentum"]
        momentum.lerp_(grad, 1 - self.hyper.momentum)
        update = orthogonalised(grad.lerp_(momentum, self.hyper.momentum))
        rows, columns = weight.shape[-2:]
        if name == "feed_forward":  # the second matrix is used as it lies: d_ff inputs, d outputs
            update[:, 0] *= max(1, rows / columns) ** 0.5
        weight.add_(update, alpha=-rate)

    def _adam(self, name: str, weight: Tensor, grad: Tensor, rate: float, number: int) -> None:
        first, second = self.hyper.betas
        mean, square = self.state[f"{name}.mean"], self.state[f"{name}.square"]
        mean.lerp_(grad, 1 - first)
        square.mul_(second).addcmul_(grad, grad, value=1 - second)
        correction = (1 - second ** (number + 1)) ** 0.5
        denominator = square.sqrt().div_(correction).add_(self.hyper.eps)
        weight.addcdiv_(mean, denominator, value=-rate / (1 - first ** (number + 1)))
