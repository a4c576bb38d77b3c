"""The laws that ship, as they were written down: formulas, coefficients, published constants and their values.

A digit of a constant that changes by accident changes forecasts and nothing else. After a change that is meant, write
the file again with ``python tests/golden/test_catalogue.py`` and read the difference.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scalelaw.laws import Constants, Law, get
from scalelaw.laws.references import arxiv_numbers
from scalelaw.testing.law_checks import instances, plausible, points

FILE = Path(__file__).parent / "files" / "laws.json"
RECORDED = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
LAWS = {law.spelling: law for law in (*instances(), get("accuracy_logistic", input="loss", chance=0.25))}


def written(law: Law) -> dict[str, Any]:
    """A law in plain values, and what it predicts at five points with each of its published constants."""
    x = points(law, 5)
    values = {"plausible": plausible(law)} | {by: law.vector(each.coef) for by, each in law.published.items()}
    return {
        "formula": law.formula, "inputs": list(law.inputs), "output": law.output, "revision": law.revision,
        "takes_curves": law.takes_curves, "sizes": dict(law.sizes),
        "may_rise": [each for each in law.inputs if each in law.may_rise],
        "coefs": {each.name: plain({**asdict(each), "meaning": None}) for each in law.coefs},
        "published": {by: plain(constants(each)) for by, each in law.published.items()},
        "values": {by: plain(law.predict(coef, x)) for by, coef in values.items()},
    }  # fmt: skip


def constants(each: Constants) -> dict[str, Any]:
    """Published values, without the words about them."""
    return {**asdict(each), "source": sorted(arxiv_numbers(each.source)), "note": bool(each.note)}


def plain(value: Any) -> Any:
    """Values as JSON holds them."""
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(each) for each in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else str(value)
    return value


def same(found: Any, recorded: Any) -> bool:
    """Whether two plain values are one, numbers to ten digits."""
    if isinstance(recorded, dict):
        return set(found) == set(recorded) and all(same(found[name], each) for name, each in recorded.items())
    if isinstance(recorded, list):
        return len(found) == len(recorded) and all(map(same, found, recorded))
    if isinstance(recorded, float):
        return bool(found == pytest.approx(recorded, rel=1e-9, abs=0))
    return bool(found == recorded)


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_law_is_as_it_was_written_down(name: str) -> None:
    assert name in LAWS, f"{name} is gone"
    found, recorded = written(LAWS[name]), RECORDED[name]
    for part, each in recorded.items():
        assert same(found[part], each), f"{name}: {part} is {found[part]!r}, and was {each!r}"


def test_many_laws_are_written_down() -> None:
    assert len(RECORDED) >= 60 and sum(len(each["published"]) for each in RECORDED.values()) >= 60


if __name__ == "__main__":
    lines = (f'"{name}": {json.dumps(written(law))}' for name, law in sorted(LAWS.items()))
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
