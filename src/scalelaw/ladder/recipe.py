"""Recipes: training settings for any width, depth, batch and horizon, with the source of each constant.

    lr of a group = its constant * (d / d_0)^-e * (L / L_0)^-l * (B / B_0)^b * (D / D_0)^h
    batch         = B_0 (D / D_0)^c        rounded to a power-of-two number of sequences; D is a trunk's longest horizon

The groups of parameters are ``matrices`` (attention and feed-forward), ``embedding``, ``head`` and ``gains`` (norms).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from scalelaw.accounting.architecture import Architecture
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Renderable, Report, Table

GROUPS = ("matrices", "embedding", "head", "gains")
"""Groups of parameters that share a learning rate."""

OPTIMIZERS = ("muon", "adamw")
"""``muon`` trains the matrices with Muon and the other groups with AdamW; ``adamw`` trains all with AdamW."""


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters of one rung.

    Attributes:
        optimizer: one of ``OPTIMIZERS``.
        batch_tokens: B, tokens per step.
        warmup_steps: warmup steps.
        cooldown: share of a run with linear decay of the rate to zero.
        lr: group -> peak rate.
        weight_decay: weight decay of the matrices, times the rate.
        momentum: momentum of Muon.
        betas: betas of AdamW.
        eps: eps of AdamW.
        init_gain: initial standard deviation of a matrix times the root of its input width; gains start at one.
        init_embedding: initial standard deviation of the embedding.
        zero_init: whether head and output projections of attention and feed-forward start at zero.
    """

    optimizer: str
    batch_tokens: int
    warmup_steps: int
    cooldown: float
    lr: Mapping[str, float] = field(hash=False)
    weight_decay: float
    momentum: float
    betas: tuple[float, float]
    eps: float
    init_gain: float
    init_embedding: float
    zero_init: bool


@dataclass(frozen=True)
class Recipe(Renderable, Tabular):
    """A named recipe: constants at one width, depth, batch and horizon, and exponents of their transfer.

    Attributes:
        name: name of the recipe, kept when constants are changed.
        optimizer: one of ``OPTIMIZERS``.
        width: d_0, reference width of the rates.
        layers: L_0, reference depth.
        tokens: D_0, reference horizon of rates and batch.
        batch_tokens: B_0, reference batch.
        batch_horizon: c, exponent of the horizon in the batch.
        lr_matrices: peak rate of the matrices.
        lr_embedding: peak rate of the embedding.
        lr_head: peak rate of the head.
        lr_gains: peak rate of the gains.
        width_matrices: exponent e of the decrease of the matrices' rate with width.
        width_embedding: the same for the embedding.
        width_head: the same for the head.
        width_gains: the same for the gains.
        lr_depth: exponent l of the decrease of every rate with depth.
        lr_batch: exponent b of the increase of every rate with batch.
        lr_horizon: exponent h of the increase of every rate with the horizon.
        warmup_steps: warmup steps.
        warmup_share: largest share of a trunk's shortest horizon for the warmup.
        cooldown: share of a run that is cooldown, linear to zero.
        weight_decay: weight decay of the matrices, times the rate.
        momentum: momentum of Muon.
        beta1: beta1 of AdamW.
        beta2: beta2 of AdamW.
        eps: eps of AdamW.
        init_embedding: initial standard deviation of the embedding.
        init_gain: initial standard deviation of a matrix times the root of its input width.
        zero_init: whether head and output projections start at zero.
        sources: field -> source of its value.
        changed: fields changed by the user.
    """

    name: str
    optimizer: str
    width: int
    layers: int
    tokens: float
    batch_tokens: int
    batch_horizon: float
    lr_matrices: float
    lr_embedding: float
    lr_head: float
    lr_gains: float
    width_matrices: float
    width_embedding: float
    width_head: float
    width_gains: float
    lr_depth: float
    lr_batch: float
    lr_horizon: float
    warmup_steps: int
    warmup_share: float
    cooldown: float
    weight_decay: float
    momentum: float
    beta1: float
    beta2: float
    eps: float
    init_embedding: float
    init_gain: float
    zero_init: bool
    sources: Mapping[str, str] = field(hash=False, compare=False)
    changed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise UnknownName.among("optimizer", self.optimizer, OPTIMIZERS)
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise BadInput(f"recipe.{name} = {getattr(self, name)!r}: give a positive number")
        for name in ("cooldown", "warmup_share"):
            if not 0 < getattr(self, name) <= 1:
                raise BadInput(f"recipe.{name} = {getattr(self, name)!r}: give a share above 0, at most 1")
        for name in ("warmup_steps", "weight_decay"):
            if not getattr(self, name) >= 0:
                raise BadInput(f"recipe.{name} = {getattr(self, name)!r}: give 0 or more")
        for name in ("momentum", "beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise BadInput(f"recipe.{name} = {getattr(self, name)!r}: give a share from 0 to below 1")

    def at(self, shape: Architecture, tokens: float, seq_len: int, *, shortest: float | None = None) -> Hyperparameters:
        """Return the hyperparameters of a rung.

        Args:
            shape: shape of the rung.
            tokens: D of its longest horizon.
            seq_len: tokens per sequence; a batch is a power-of-two number of sequences.
            shortest: D of its shortest horizon, which bounds the warmup; by default the longest.

        Example:
            >>> from scalelaw.ladder.shapes import Shapes
            >>> from scalelaw.ladder.recipes import recipe
            >>> at_128 = recipe("muon-cpu").at(Shapes().at(128), 4e6, seq_len=128)
            >>> at_128.batch_tokens, at_128.lr["matrices"], at_128.lr["head"]
            (1024, 0.02, 0.0085)
        """
        batch = self.batch_at(tokens, seq_len)
        wider = shape.width / self.width
        common = (
            (shape.layers / self.layers) ** -self.lr_depth
            * (batch / self.batch_tokens) ** self.lr_batch
            * (tokens / self.tokens) ** self.lr_horizon
        )
        rates = {
            "matrices": self.lr_matrices * wider**-self.width_matrices,
            "embedding": self.lr_embedding * wider**-self.width_embedding,
            "head": self.lr_head * wider**-self.width_head,
            "gains": self.lr_gains * wider**-self.width_gains,
        }
        return Hyperparameters(
            optimizer=self.optimizer,
            batch_tokens=batch,
            warmup_steps=min(self.warmup_steps, math.floor(self.warmup_share * (shortest or tokens) / batch)),
            cooldown=self.cooldown,
            lr={group: rate * common for group, rate in rates.items()},
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            init_gain=self.init_gain,
            init_embedding=self.init_embedding,
            zero_init=self.zero_init,
        )

    def batch_at(self, tokens: float, seq_len: int) -> int:
        """Return B in tokens for a longest horizon of D tokens: the nearest power-of-two number of sequences."""
        wanted = self.batch_tokens * (tokens / self.tokens) ** self.batch_horizon
        return int(2 ** max(0, round(math.log2(wanted / seq_len)))) * seq_len

    def replaced(self, **values: Any) -> Self:
        """Return the recipe with changed constants; its label lists them.

        Raises:
            UnknownName: unknown constant.
        """
        for name in values:
            if name not in CONSTANTS:
                raise UnknownName.among("key of recipe", name, CONSTANTS)
        changed = tuple(sorted({*self.changed, *values}))
        sources = {**self.sources, **dict.fromkeys(values, "given by hand")}
        return replace(self, **values, changed=changed, sources=sources)

    def with_lr(self, factor: float) -> Self:
        """Return the recipe with every rate multiplied by a factor."""
        return self.replaced(**{name: getattr(self, name) * factor for name in RATES})

    @property
    def constants(self) -> dict[str, Any]:
        """Name -> value of the constants."""
        return {name: getattr(self, name) for name in CONSTANTS}

    @property
    def label(self) -> str:
        """The name and the changed constants."""
        changes = ", ".join(f"{name}={getattr(self, name)}" for name in self.changed)
        return f"{self.name}[{changes}]" if changes else self.name

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        constants = {name: {"value": value, "source": self.sources[name]} for name, value in self.constants.items()}
        return {"schema": "scalelaw.recipe/1", "name": self.name, "changed": list(self.changed), "constants": constants}

    def to_columns(self) -> Columns:
        """Return one row per constant."""
        return columns_of(
            {"constant": name, "value": str(value), "source": self.sources[name]}
            for name, value in self.constants.items()
        )

    def report(self) -> Report:
        """Return every constant with its source."""
        shown = {name: f"{v:.6g}" if isinstance(v, float) else str(v) for name, v in self.constants.items()}
        rows = [[name, value, self.sources[name]] for name, value in shown.items()]
        return Report(f"recipe {self.label}", [Table([["constant", "value", "source"], *rows], right=[1])])


RATES = ("lr_matrices", "lr_embedding", "lr_head", "lr_gains")
"""Constants that ``with_lr`` scales together."""
_POSITIVE = ("width", "layers", "tokens", "batch_tokens", *RATES, "eps", "init_embedding", "init_gain")
CONSTANTS = tuple(each.name for each in fields(Recipe) if each.name not in ("name", "sources", "changed"))
"""Names of a recipe's constants, as in ``ladder.toml``."""
