"""Recipes: every constant has a source, and the rates follow the published rules."""

import pickle

import pytest

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.ladder import RECIPES, Shapes, recipe
from scalelaw.ladder.recipe import CONSTANTS, GROUPS

LARGE = Shapes(layers=16, head_dim=64, vocab_size=32768)


@pytest.mark.parametrize("name", RECIPES)
def test_every_constant_has_a_source(name: str) -> None:
    assert set(RECIPES[name].sources) == set(CONSTANTS)
    assert all(text.strip() for text in RECIPES[name].sources.values())
    assert RECIPES[name].name == name


def test_the_measured_recipe_is_that_of_the_prototype() -> None:
    """Muon .02 and Adam .017, embeddings x 3, head x 64/width, batch 1024 at every horizon (our prototype)."""
    for width in (16, 64, 128):
        for tokens in (0.5e6, 4e6):
            hyper = recipe("muon-cpu").at(Shapes().at(width), tokens, 128)
            assert hyper.batch_tokens == 1024
            assert hyper.lr == pytest.approx(
                {"matrices": 0.02, "embedding": 0.051, "head": 0.017 * 64 / width, "gains": 0.017}
            )


@pytest.mark.parametrize(("width", "tokens"), [(512, 1e9), (1024, 4e9), (2048, 1e11)])
def test_step_law_is_spelt_out(width: int, tokens: float) -> None:
    params = 12 * 16 * width**2
    hyper = recipe("adamw-step-law").at(LARGE.at(width), tokens, 2048)
    assert hyper.lr == pytest.approx(dict.fromkeys(GROUPS, 1.79 * params**-0.713 * tokens**0.307), rel=1e-9)
    assert 2**-0.51 < hyper.batch_tokens / (0.58 * tokens**0.571) < 2**0.51


def test_the_published_check_value_of_step_law() -> None:
    """N 1e9, D 1e11: rate 1.6325e-3, batch 1.1077e6 tokens (laws/pretraining.md, 13h)."""
    step_law = recipe("adamw-step-law")
    depth, width = 1e9 / (12 * 1024**2) / 16, 1.0
    rate = step_law.lr_matrices * width * depth**-step_law.lr_depth * (1e11 / step_law.tokens) ** step_law.lr_horizon
    assert rate == pytest.approx(1.6325e-3, rel=1e-4)
    assert step_law.batch_tokens * (1e11 / step_law.tokens) ** step_law.batch_horizon == pytest.approx(
        1.1077e6, rel=1e-4
    )


def test_depth_batch_and_horizon_move_every_rate_by_their_exponents() -> None:
    moved = recipe("muon-cpu").replaced(lr_depth=0.5, lr_batch=0.5, lr_horizon=-0.32, batch_horizon=1.0)
    hyper = moved.at(Shapes(layers=8).at(64), 2e6, 128)
    assert hyper.batch_tokens == 4096
    assert hyper.lr["gains"] == pytest.approx(0.017 * 4**-0.5 * 4**0.5 * 4**-0.32)


def test_a_changed_recipe_says_so() -> None:
    changed = recipe("muon-cpu").with_lr(2)
    assert changed.lr_matrices == 0.04 and changed.lr_head == 0.034
    assert changed.label.startswith("muon-cpu[") and "lr_matrices=0.04" in changed.label
    assert changed.sources["lr_matrices"] == "given by hand"
    assert recipe("muon-cpu").lr_matrices == 0.02


def test_the_warmup_yields_to_a_short_horizon() -> None:
    assert recipe("muon-cpu").at(Shapes().at(64), 4e6, 128, shortest=0.5e6).warmup_steps == 50
    assert recipe("muon-cpu").at(Shapes().at(64), 4e6, 128, shortest=0.2e6).warmup_steps == 24


def test_recipes_travel_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(recipe("adamw-step-law"))) == recipe("adamw-step-law")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lr_matrices": 0.0}, "positive"),
        ({"cooldown": 0.0}, "share above 0"),
        ({"beta2": 1.0}, "below 1"),
        ({"weight_decay": -1.0}, "0 or more"),
    ],
)
def test_impossible_constants_are_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        recipe("muon-cpu").replaced(**wrong)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="muon-cpu"):
        recipe("muon-cpus")
    with pytest.raises(UnknownName, match="lr_matrices"):
        recipe("muon-cpu").replaced(lr_matrix=0.1)
