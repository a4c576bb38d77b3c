"""The optimizers: Muon on matrices and AdamW on other parameters; or AdamW on all parameters.

Muon steps along the momentum after a polynomial iteration that brings its singular values near one (Jordan et al. 2024,
https://kellerjordan.github.io/posts/muon). Matrices of one shape form one batch, so a step is a few products.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from scalelaw.ladder import Hyperparameters
from scalelaw.training.model import Weights

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of x, x^3 and x^5: steepest at zero with singular values in (0, 1] mapped to 0.7-1.2 (Jordan)."""

NEWTON_SCHULZ_STEPS = 5

GROUP = {
    "embedding": "embedding",
    "attention": "matrices",
    "feed_forward": "matrices",
    "head": "head",
    "gains": "gains",
    "scales": "gains",
}
"""Name of a weight tensor -> group of the recipe."""


def orthogonalised(matrices: Tensor) -> Tensor:
    """Return matrices, (..., m, n) with m >= n, with singular values near one.

    A step of the iteration is X <- X P, with P = a + b G + c G^2 of the Gram matrix G = X^T X. All P commute with G, so
    the iteration can run on G <- G P^2, and X is multiplied once by the product of all P. A tall X then needs two
    products instead of ten.
    """
    x = matrices.flatten(0, -3)
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    gram = torch.bmm(x.transpose(1, 2), x)
    if x.shape[1] == x.shape[2]:
        for _ in range(NEWTON_SCHULZ_STEPS - 1):
            x = torch.bmm(x, _polynomial(gram))
            gram = torch.bmm(x.transpose(1, 2), x)
        return torch.bmm(x, _polynomial(gram)).view_as(matrices)
    product = polynomial = _polynomial(gram)
    for _ in range(NEWTON_SCHULZ_STEPS - 1):
        gram = torch.bmm(torch.bmm(gram, polynomial), polynomial)
        polynomial = _polynomial(gram)
        product = torch.bmm(product, polynomial)
    return torch.bmm(x, product).view_as(matrices)


def _polynomial(gram: Tensor) -> Tensor:
    """Return a + b G + c G^2."""
    a, b, c = NEWTON_SCHULZ
    found = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
    found.diagonal(dim1=1, dim2=2).add_(a)
    return found


class Optimizer:
    """Updates the weights of one model; its state has one or two tensors per weight.

    Attributes:
        state: ``<weight>.<kind>`` -> tensor, for checkpoints.
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
        """Restore a saved state."""
        for name, kept in self.state.items():
            kept.copy_(state[name])

    @torch.no_grad()
    def step(self, number: int, factor: float) -> None:
        """Take a step with the current gradients, and clear them.

        Args:
            number: index of the step, from 0.
            factor: learning rate of this step over its peak.
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
        """Step along the orthogonalised Nesterov momentum; matrices with more rows than columns take larger steps."""
        momentum = self.state[f"{name}.momentum"]
        momentum.lerp_(grad, 1 - self.hyper.momentum)
        update = orthogonalised(grad.lerp_(momentum, self.hyper.momentum))
        rows, columns = weight.shape[-2:]
        if name == "feed_forward":  # the second matrix has d_ff inputs and d outputs
            update[:, 0] *= max(1, rows / columns) ** 0.5
        weight.add_(update, alpha=-rate)

    def _adam(self, name: str, weight: Tensor, grad: Tensor, rate: float, number: int) -> None:
        """Step as in Kingma and Ba 2014, algorithm 1, in one pass; weight decay is already applied."""
        first, second = self.hyper.betas
        torch._fused_adamw_(
            [weight],
            [grad],
            [self.state[f"{name}.mean"]],
            [self.state[f"{name}.square"]],
            [],
            [torch.full((), number + 1.0, device=weight.device)],
            lr=rate,
            beta1=first,
            beta2=second,
            weight_decay=0.0,
            eps=self.hyper.eps,
            amsgrad=False,
            maximize=False,
        )
