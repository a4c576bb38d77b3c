"""A ladder that trains in a second, and the corpus it reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scalelaw.ladder import Data, Grid, Ladder, Shapes, recipe
from scalelaw.training.text.corpus import Corpus, build_corpus


def tiny_ladder(*, widths: tuple[int, ...] = (8,), seeds: int = 1, **constants: Any) -> Ladder:
    """Return a ladder of 30 and 60 steps of 64 tokens on the synthetic language."""
    chosen = {"batch_tokens": 64, "warmup_steps": 2, **constants}
    return Ladder(
        "tiny",
        (Grid(widths=widths, tokens=(1920, 3840), seeds=seeds),),
        shapes=Shapes(layers=2, head_dim=8, vocab_size=64),
        recipe=recipe("muon-cpu").replaced(**chosen),
        data=Data("synthetic", seq_len=16, eval_tokens=4096),
    )


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Ladder]:
    """What makes a tiny ladder."""
    return tiny_ladder


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """What the tiny ladder reads."""
    ladder = tiny_ladder()
    folder: Path = tmp_path_factory.mktemp("corpus")
    return build_corpus(ladder.data, ladder.shapes.vocab_size, folder, at_least=ladder.tokens)
