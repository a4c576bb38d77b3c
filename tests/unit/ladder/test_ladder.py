"""A ladder: its grids, runs, digest, and its file, which says in one line what is wrong with it."""

import pickle
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelaw.accounting.flops import CONVENTIONS
from scalelaw.core.errors import BadInput
from scalelaw.ladder import Data, Grid, Ladder, Shapes, check_ladder, recipe
from scalelaw.ladder.files import read_ladder
from scalelaw.runs.storing.run_spec import RunSpec

DEMO = Ladder(
    "demo",
    (
        Grid((16, 24), ("0.5M", "1M", "2M"), seeds=2),
        Grid((32, 48), ("0.5M", "1M", "2M")),
        Grid((96,), ("2M",), held_out=True),
    ),
)


def test_every_run_of_the_grid_is_meant_once() -> None:
    runs = list(DEMO.runs())
    assert len(runs) == 2 * 2 * 3 + 2 * 3 + 1
    assert len({run.name for run in runs}) == len(runs)
    assert [rung.name for rung in DEMO.rungs] == ["w16", "w24", "w32", "w48", "w96"]
    assert [rung.name for rung in DEMO.held_out] == ["w96"]


def test_the_settings_of_runs_are_distinct_specs_in_the_words_of_the_vocabulary() -> None:
    specs = [RunSpec.of(DEMO.settings(run)) for run in DEMO.runs()]
    assert len({spec.digest for spec in specs}) == len(specs)
    first = DEMO.settings(next(DEMO.runs()))
    assert first["params"] == 22_610 and first["params_non_embedding"] == 6_226
    assert first["planned_tokens"] == 488 * 1024 and first["planned_steps"] == 488
    assert first["planned_flops"] == 488 * 1024 * (6 * (6144 + 512 * 16) + 6 * 2 * 16 * 128)


def test_compute_is_counted_as_the_prototype_counted_it() -> None:
    """Exact FLOP of a token at width 16: 39 912 996 864 over 499 712 tokens with one layer (ladder_prototype.csv)."""
    (rung,) = Grid((16,), ("0.5M",)).rungs(Shapes(layers=1), recipe("muon-cpu"), 128)
    assert rung.flops(499_712) == 39_912_996_864


def test_branches_save_compute() -> None:
    assert DEMO.flops < DEMO.separate_flops
    for rung in DEMO.fitted:
        assert rung.trunk.tokens / rung.trunk.separate_tokens == pytest.approx((0.8 * 2 + 0.2 * 3.5) / 3.5, rel=2e-3)


def test_equal_budgets_are_equal_compute_and_ratios_are_ratios() -> None:
    shapes, how = Shapes(), recipe("muon-cpu")
    for rung in Grid((16, 32, 64), flops=(4e11, 8e11)).rungs(shapes, how, 128):
        spent = [rung.flops(tokens) for tokens in rung.horizons]
        assert spent == pytest.approx([4e11, 8e11], rel=2e-3)
    for rung in Grid((16, 64), tokens_per_param=(40, 80)).rungs(shapes, how, 128):
        with_head = rung.counts.non_embedding + rung.counts.head
        assert np.array(rung.horizons) / with_head == pytest.approx([40, 80], rel=2e-3)


def test_what_decides_a_loss_decides_the_digest() -> None:
    same = replace(DEMO, name="other", target=1e13, data=replace(DEMO.data, unique_tokens=5e6))
    assert same.digest == DEMO.digest
    others = [
        replace(DEMO, recipe=DEMO.recipe.with_lr(2)),
        replace(DEMO, shapes=Shapes(layers=3)),
        replace(DEMO, data=Data("synthetic")),
        replace(DEMO, grids=DEMO.grids[:1]),
    ]
    assert len({each.digest for each in (DEMO, *others)}) == 5


def test_a_ladder_travels_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(DEMO)) == DEMO


@st.composite
def ladders(draw: st.DrawFn) -> Ladder:
    widths = draw(st.lists(st.sampled_from([16, 24, 32, 48, 64, 96]), min_size=2, max_size=4, unique=True))
    tokens = draw(st.lists(st.integers(300_000, 9_000_000), min_size=1, max_size=3, unique_by=lambda x: x // 20_000))
    how = recipe("muon-cpu")
    if draw(st.booleans()):
        how = how.replaced(lr_matrices=draw(st.floats(1e-4, 1.0)), warmup_steps=draw(st.integers(0, 60)))
    return Ladder(
        draw(st.text(min_size=1).filter(str.strip)),
        (
            Grid(tuple(widths[1:]), tuple(tokens), seeds=draw(st.integers(1, 3))),
            Grid((widths[0],), flops=(draw(st.floats(1e12, 1e14)),), held_out=True),
        ),
        recipe=how,
        data=Data(draw(st.sampled_from(["stdlib", "my/text"])), unique_tokens=draw(st.sampled_from([None, 1e11]))),
        target=draw(st.sampled_from([None, 1e22, 1.2345e13])),
    )  # fmt: skip


@settings(max_examples=15)
@given(ladders())
def test_a_ladder_is_read_back_as_it_was_written(ladder: Ladder) -> None:
    again = read_ladder(tomllib.loads(ladder.toml()), Ladder)
    assert again == ladder
    assert again.digest == ladder.digest
    assert again.toml() == ladder.toml()


def test_a_file_is_loaded_and_saved(tmp_path: Path) -> None:
    DEMO.save(tmp_path / "ladder.toml")
    assert Ladder.load(tmp_path) == Ladder.load(tmp_path / "ladder.toml") == DEMO
    assert "# " in (tmp_path / "ladder.toml").read_text()


PLAIN: dict[str, Any] = {"rungs": [{"widths": [16, 32], "tokens": ["1M", "2M"]}]}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "key": ({**PLAIN, "widhts": 3}, "unknown key 'widhts'"),
    "key of rungs": ({"rungs": [{"width": [16], "tokens": ["1M"]}]}, r"\[\[rungs\]\] 1: unknown key 'width'.*'widths'"),
    "key of shape": ({**PLAIN, "shape": {"layer": 2}}, r"\[shape\]: unknown key 'layer'.*'layers'"),
    "key of recipe": ({**PLAIN, "recipe": {"lr_matrics": 1.0}}, r"\[recipe\]: unknown key .*'lr_matrices'"),
    "recipe": ({**PLAIN, "recipe": {"name": "muon"}}, "unknown recipe 'muon'.*'muon-cpu'"),
    "kind of constant": ({**PLAIN, "recipe": {"warmup_steps": "50"}}, "warmup_steps = '50': give a value like 50"),
    "no rungs": ({"name": "x"}, "add one with widths"),
    "no widths": ({"rungs": [{"tokens": ["1M"]}]}, r"\[\[rungs\]\] 1: .*widths"),
    "two axes": ({"rungs": [{"widths": [16], "tokens": ["1M"], "flops": [1e12]}]}, "got tokens and flops"),
    "no axis": ({"rungs": [{"widths": [16]}]}, "got none of them"),
    "not a list": ({"rungs": [{"widths": [16], "tokens": "1M"}]}, "give a list"),
    "not a number": ({"rungs": [{"widths": [16], "tokens": ["1 million bytes"]}]}, "tokens: .* ends in"),
    "unit": ({"rungs": [{"widths": [16], "tokens": ["1e12 FLOP"]}]}, "is in flops, but should be tokens"),
    "negative": ({"rungs": [{"widths": [16], "tokens": [-1e6]}]}, "is not positive"),
    "width twice": ({"rungs": [{"widths": [16, 16], "tokens": ["1M"]}]}, "a width is repeated"),
    "rung twice": ({"rungs": PLAIN["rungs"] * 2}, r"width 16 is in 2 \[\[rungs\]\]"),
    "does not divide": ({"rungs": [{"widths": [50], "tokens": ["1M"]}]}, "width 50 does not divide .* 48 and 54 do"),
    "too short": ({"rungs": [{"widths": [16], "tokens": [1000]}]}, "width 16: a horizon of 1000 tokens is 1 steps"),
    "seeds": ({"rungs": [{"widths": [16], "tokens": ["1M"], "seeds": 0}]}, "seeds = 0: give a number"),
    "all held out": ({"rungs": [{"widths": [16], "tokens": ["1M"], "held_out": True}]}, "remove held_out from"),
    "too few tokens": (
        {**PLAIN, "data": {"unique_tokens": "0.75M"}},
        "750,000 training tokens, and width 16 needs 1,999,872 in 1 epoch.*epochs = 3",
    ),
    "target": ({**PLAIN, "target": "7B params"}, "target: .* is in params, but should be flops"),
    "tokenizer": ({**PLAIN, "data": {"tokenizer": "bep"}}, "unknown tokenizer 'bep'.*'bpe'"),
    "table": ({**PLAIN, "data": "stdlib"}, r"\[data\] = 'stdlib': give a table"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_in_a_file_is_said(name: str) -> None:
    said, message = WRONG[name]
    with pytest.raises(BadInput, match=message):
        read_ladder(said, Ladder)


def test_too_small_a_text_is_enough_for_several_epochs_when_they_are_allowed() -> None:
    ladder = read_ladder({**PLAIN, "data": {"unique_tokens": "0.75M", "epochs": 3}}, Ladder)
    assert ladder.tokens == -(-1953 * 1024 // 3)


CODES = {
    "ONE_RAY": Ladder("x", (Grid((16, 32, 64), tokens_per_param=(60,)),)),
    "SPAN_NARROW": Ladder("x", (Grid((32, 48), ("1M", "4M")),)),
    "NO_REPEATS": Ladder("x", (Grid((16, 128), ("1M", "4M")),)),
    "HORIZON_SHORT": Ladder("x", (Grid((16, 256), ("1M", "4M")),)),
    "STEPS_FEW": Ladder("x", (Grid((16, 128), ("0.2M", "4M")),)),
    "HELD_OUT_NEAR": Ladder("x", (Grid((16, 128), ("1M", "4M")), Grid((144,), ("4M",), held_out=True))),
    "EPOCHS_MANY": Ladder("x", (Grid((16, 128), ("1M", "4M")),), data=Data(epochs=5)),
    "WARMUP_LONG": Ladder(
        "x", (Grid((16, 128), ("1M", "4M")),), recipe=recipe("muon-cpu").replaced(warmup_share=0.5, warmup_steps=400)
    ),
}


@pytest.mark.parametrize("code", CODES)
def test_a_doubt_has_its_code(code: str) -> None:
    assert code in {finding.code for finding in check_ladder(CODES[code])}


def test_a_sound_ladder_raises_no_doubt() -> None:
    sound = Ladder(
        "x", (Grid((16, 32), ("1M", "4M"), seeds=2), Grid((64, 96), ("2M", "4M")), Grid((192,), ("4M",), held_out=True))
    )
    assert check_ladder(sound) == ()


def test_conventions_are_all_told() -> None:
    assert set(DEMO.dry_run("cpu").rungs[0].flops) == set(CONVENTIONS)
