"""``calc`` refuses swapped arguments with the command for the other order."""

import shlex

import numpy as np
import pytest
from typer.testing import CliRunner

from scalelaw.cli.main import app


def calc(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["calc", *words])
    return result.exit_code, result.output


@pytest.mark.parametrize("seed", range(8))
def test_swapped_arguments_are_refused_with_the_right_command(seed: int) -> None:
    rng = np.random.default_rng([15, seed])
    params = 10 ** rng.uniform(6, 12)
    tokens = params * 10 ** rng.uniform(1.1, 4)
    size, data = ((f"{params:.3g}", f"{tokens:.3g}"), (f"{params / 1e9:.4f}B", f"{tokens / 1e12:.6f}T"))[seed % 2]
    assert calc(size, data)[0] == 0
    code, text = calc(data, size)
    assert code == 2 and f"try: scalelaw calc {size} {data} (" in text
    meant = text[text.index("name the units: ") + len("name the units: ") :].rstrip(")\n")
    assert calc(*shlex.split(meant)[2:])[0] == 0


@pytest.mark.parametrize(("params", "tokens"), [("530B", "270B"), ("280B", "300B"), ("8B", "8B"), ("1M", "100K")])
def test_few_tokens_are_no_mistake(params: str, tokens: str) -> None:
    assert calc(params, tokens)[0] == 0


def test_zero_is_refused_as_such() -> None:
    assert "must be positive" in calc("8B", "0")[1]
