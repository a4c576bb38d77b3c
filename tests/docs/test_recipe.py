"""The law that CONTRIBUTING adds, as printed there, is one file that passes the conformance suite."""

import importlib
import re
from pathlib import Path

import pytest

from scalelaw.testing.law_checks import LAW_CHECKS

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"


def test_the_law_of_the_recipe_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = CONTRIBUTING.read_text()
    name = re.search(r"laws/language/(\w+)\.py`; the file's stem", text)
    code = re.search(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert name and code
    (tmp_path / f"{name[1]}.py").write_text(code[1])
    monkeypatch.syspath_prepend(tmp_path)
    law = importlib.import_module(name[1]).LAW
    for check in LAW_CHECKS.values():
        check(law)
