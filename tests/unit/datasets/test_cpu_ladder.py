"""The ladder we trained: its table is what its card says, and the forecasts on the card were made before their runs."""

import tomllib
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.accounting.flops import CONVENTIONS
from scalelaw.core.errors import BadInput, ScalelawWarning
from scalelaw.ladder import Ladder
from scalelaw.ladder.files import read_ladder
from scalelaw.runs.table import RunTable


@pytest.fixture(scope="module")
def table() -> RunTable:
    return sl.datasets.load("cpu-ladder")


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    return sl.datasets.card("cpu-ladder")


@pytest.fixture(scope="module")
def ladder(card: dict[str, Any]) -> Ladder:
    return read_ladder(tomllib.loads(card["ladder"]["toml"]), Ladder)


def test_the_runs_are_those_of_the_ladder_on_the_card(table: RunTable, card: dict[str, Any], ladder: Ladder) -> None:
    assert ladder.digest == card["ladder"]["digest"]
    meant = {run.name: (run.rung.params, run.branch.tokens) for run in ladder.runs()}
    found = zip(*(table.values(name) for name in ("label", "params", "tokens")), strict=True)
    assert {label: (n, d) for label, n, d in found} == meant
    assert card["runs"] == len(meant) and set(table.values("corpus_digest")) == {card["corpus"]["digest"]}


def test_compute_is_that_of_the_shapes(table: RunTable, ladder: Ladder) -> None:
    convention = CONVENTIONS["porian_att"]
    shapes = {rung.params: rung.shape for rung in ladder.rungs}
    rows = table.endpoints()
    wanted = [
        convention.flops_of(shapes[int(n)], d, 128)
        for n, d in zip(rows.columns["params"], rows.columns["tokens"], strict=True)
    ]
    np.testing.assert_allclose(rows.columns["flops"], wanted, rtol=1e-12)


def test_more_tokens_give_a_lower_loss_off_one_trunk(table: RunTable) -> None:
    params, seeds, tokens, loss = (table.values(name) for name in ("params", "seed", "tokens", "loss"))
    for trunk in set(zip(params, seeds, strict=True)):
        here = (params == trunk[0]) & (seeds == trunk[1])
        assert np.all(np.diff(loss[here][np.argsort(tokens[here])]) < 0), trunk


def test_forecasts_were_frozen_and_stand_beside_what_was_measured(table: RunTable, card: dict[str, Any]) -> None:
    measured = dict(zip(table.values("label"), table.values("loss"), strict=True))
    held_out = set(table.where(held_out=1).values("label"))
    assert {each["run"] for each in card["forecasts"]} == held_out
    for each in card["forecasts"]:
        low, high = each["interval90"]
        assert low < each["value"] < high and each["measured"] == measured[each["run"]]


def test_fits_on_the_card_are_had_again(table: RunTable, card: dict[str, Any]) -> None:
    with pytest.warns(ScalelawWarning, match="FIT_MISFIT"):
        fit = sl.fit("chinchilla", table.where(held_out=0), draws=0)
    assert fit.objective == pytest.approx(card["fits"]["chinchilla"]["objective"], rel=1e-6)


def test_what_nobody_trained_has_no_card() -> None:
    with pytest.raises(BadInput, match="synthetic-ladder has no card: SYNTHETIC"):
        sl.datasets.card("synthetic-ladder")
