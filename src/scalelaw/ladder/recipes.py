"""The named recipes, with the source of every constant.

name             optimizer        range
muon-cpu         Muon and AdamW   widths 16-128 at depth 2, 0.5-4M tokens, measured here; the default
adamw-cpu        AdamW            the same, for comparison
adamw-step-law   AdamW            60M to 1B params without embeddings; rate and batch from Step Law
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from scalelaw.core.errors import UnknownName
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Renderable, Report, Table
from scalelaw.ladder.recipe import GROUPS, Recipe

_OURS = "measured here at widths 16-128, 0.5-4M tokens (our prototype)"
_CONSTANT_RATE = "one trunk serves all horizons; not tuned by horizon (our prototype)"
_FIXED_DEPTH = "depth is fixed in a ladder; not measured"
_ADAM = "Kingma and Ba 2014 with beta2 0.95, as in GPT-3 (arXiv 2005.14165, appendix B)"

_MUON_SOURCES = {
    "optimizer": "0.13-0.19 nats below AdamW at widths 32 and 64 (our prototype)",
    "width": "rates tuned at widths 64 and 96 (our prototype)",
    "layers": "the ladder's depth",
    "tokens": "tuned at 0.5M, used to 4M tokens (our prototype)",
    "batch_tokens": "best of 256-4096 at 0.5M and 2M tokens (our prototype)",
    "batch_horizon": "constant; growth with the horizon was not tested (our prototype)",
    "lr_matrices": f"best of 0.01, 0.02, 0.04 at widths 64 and 96; {_OURS}",
    "lr_embedding": f"3 x 0.017; {_OURS}",
    "lr_head": f"0.017 at width 64; {_OURS}",
    "lr_gains": f"0.017; {_OURS}",
    "width_matrices": "same optimum at widths 64 and 96 (our prototype)",
    "width_embedding": "muP: constant (Yang et al. 2022, arXiv 2203.03466)",
    "width_gains": "muP: constant (Yang et al. 2022, arXiv 2203.03466)",
    "width_head": "muP: 1/width (Yang et al. 2022, arXiv 2203.03466)",
    "lr_depth": _FIXED_DEPTH,
    "lr_batch": "batch is fixed; not measured",
    "lr_horizon": _CONSTANT_RATE,
    "warmup_steps": "20 steps beat 100 of 244; 50 for the widest (our prototype)",
    "warmup_share": "50 of the 488 steps of the shortest horizon measured, rounded up (our prototype)",
    "cooldown": "0.2 beat 0.5 by 0.02 nats (our prototype)",
    "weight_decay": "assumed; our prototype used none",
    "momentum": "Jordan et al. 2024, Muon: Nesterov 0.95",
    "beta1": _ADAM,
    "beta2": _ADAM,
    "eps": "below the 1e-8 of Kingma and Ba 2014, since tiny models with zero heads have small gradients",
    "init_embedding": "0.5 beat 0.05 by 0.035 nats (our prototype)",
    "init_gain": "variance 1/fan-in (Yang et al. 2022, arXiv 2203.03466)",
    "zero_init": "head and output projections, as measured (our prototype); muP allows it",
}

_MUON_CPU = Recipe(
    name="muon-cpu", optimizer="muon", width=64, layers=2, tokens=0.5e6, batch_tokens=1024, batch_horizon=0.0,
    lr_matrices=0.02, lr_embedding=0.051, lr_head=0.017, lr_gains=0.017,
    width_matrices=0.0, width_embedding=0.0, width_head=1.0, width_gains=0.0,
    lr_depth=0.0, lr_batch=0.0, lr_horizon=0.0,
    warmup_steps=50, warmup_share=0.125, cooldown=0.2,
    weight_decay=0.0, momentum=0.95, beta1=0.9, beta2=0.95, eps=1e-10,
    init_embedding=0.5, init_gain=1.0, zero_init=True, sources=_MUON_SOURCES,
)  # fmt: skip

_ADAMW_CPU = replace(
    _MUON_CPU,
    name="adamw-cpu",
    optimizer="adamw",
    lr_matrices=0.008,
    width_matrices=1.0,
    sources={
        **_MUON_SOURCES,
        "optimizer": "for comparison; Muon was better by 0.13-0.19 nats (our prototype)",
        "lr_matrices": "middle of the grid 0.002-0.032 around the optimum at width 64 (our prototype)",
        "width_matrices": "muP: 1/width (Yang et al. 2022, arXiv 2203.03466)",
        "momentum": "unused",
    },
)

_STEP_LAW = "Step Law (Li et al. 2025, arXiv 2503.04715)"
_STEP_LR = f"1.79 N^-0.713 D^0.307, N without embeddings; {_STEP_LAW}"
_STEP_BATCH = f"0.58 D^0.571; {_STEP_LAW}"
_STEP_WIDTH, _STEP_DEPTH, _STEP_PARAMS, _STEP_TOKENS = 1024, 16, 12 * 16 * 1024**2, 4e9
_STEP_RATE = 1.79 * _STEP_PARAMS**-0.713 * _STEP_TOKENS**0.307
_USUAL = "usual in published recipes; not swept by Step Law"

_ADAMW_STEP_LAW = Recipe(
    name="adamw-step-law", optimizer="adamw", width=_STEP_WIDTH, layers=_STEP_DEPTH, tokens=_STEP_TOKENS,
    batch_tokens=round(0.58 * _STEP_TOKENS**0.571), batch_horizon=0.571,
    lr_matrices=_STEP_RATE, lr_embedding=_STEP_RATE, lr_head=_STEP_RATE, lr_gains=_STEP_RATE,
    width_matrices=1.426, width_embedding=1.426, width_head=1.426, width_gains=1.426,
    lr_depth=0.713, lr_batch=0.0, lr_horizon=0.307,
    warmup_steps=2000, warmup_share=0.1, cooldown=0.2, weight_decay=0.1, momentum=0.95, beta1=0.9, beta2=0.95, eps=1e-8,
    init_embedding=0.02, init_gain=1.0, zero_init=True,
    sources={
        "optimizer": _STEP_LAW,
        "width": "reference of the law below, which holds at any width",
        "layers": "reference of the law below, which holds at any depth",
        "tokens": "reference of the law below, which holds at any horizon",
        "batch_tokens": _STEP_BATCH,
        "batch_horizon": _STEP_BATCH,
        **dict.fromkeys(("lr_matrices", "lr_embedding", "lr_head", "lr_gains"), _STEP_LR),
        **dict.fromkeys([f"width_{group}" for group in GROUPS], f"N is proportional to width^2: {_STEP_LR}"),
        "lr_depth": f"N is proportional to layers: {_STEP_LR}",
        "lr_batch": "the law assumes the batch of its own rule",
        "lr_horizon": f"{_STEP_LR}; for a trunk's longest horizon, too high for its shorter branches",
        "warmup_steps": _USUAL,
        "warmup_share": "assumed; long warmups harm short horizons (our prototype)",
        "cooldown": "20 % matches cosine (Hagele et al. 2024, arXiv 2405.18392); Step Law decays by cosine to 1e-5",
        "weight_decay": _USUAL,
        "momentum": "unused",
        "beta1": _ADAM,
        "beta2": _ADAM,
        "eps": _ADAM,
        "init_embedding": "0.02 of GPT-2 (Radford et al. 2019)",
        "init_gain": _MUON_SOURCES["init_gain"],
        "zero_init": _MUON_SOURCES["zero_init"],
    },
)  # fmt: skip

RECIPES = MappingProxyType({each.name: each for each in (_MUON_CPU, _ADAMW_CPU, _ADAMW_STEP_LAW)})
"""Name -> recipe."""


def recipe(name: str) -> Recipe:
    """Return the recipe of this name.

    Raises:
        UnknownName: unknown recipe.

    Example:
        >>> recipe("muon-cpu").lr_matrices
        0.02
    """
    if name not in RECIPES:
        raise UnknownName.among("recipe", name, RECIPES)
    return RECIPES[name]


@dataclass(frozen=True)
class Recipes(Renderable, Tabular):
    """A table of recipes."""

    recipes: tuple[Recipe, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"schema": "scalelaw.recipes/1", "recipes": [each.to_dict() for each in self.recipes]}

    def to_columns(self) -> Columns:
        """Return one row per recipe, one column per constant."""
        return columns_of({"recipe": each.name, **each.constants} for each in self.recipes)

    def report(self) -> Report:
        """Return one row per recipe, at its reference width, depth and horizon."""
        head = ["recipe", "optimizer", "width", "layers", "tokens", "batch", "lr of matrices", "source of the lr"]
        rows = [
            [
                each.name,
                each.optimizer,
                str(each.width),
                str(each.layers),
                f"{each.tokens:.3g}",
                str(each.batch_tokens),
                f"{each.lr_matrices:.3g}",
                each.sources["lr_matrices"],
            ]
            for each in self.recipes
        ]
        return Report("recipes; `scalelaw ladder recipes NAME` has the rest", [Table([head, *rows], right=range(2, 7))])


def list_recipes() -> Recipes:
    """Return all named recipes."""
    return Recipes(tuple(RECIPES.values()))
