"""A law is one file: the one that CONTRIBUTING prints conforms, and a new one is found, fitted and cited."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import transcripts

import scalelaw
from scalelaw.testing.law_checks import LAW_CHECKS

ROOT = Path(__file__).parents[2]
CONTRIBUTING = ROOT / "CONTRIBUTING.md"


def recipe() -> tuple[str, str]:
    """Return name and text of the law that CONTRIBUTING adds."""
    text = CONTRIBUTING.read_text()
    name = re.search(r"laws/language/(\w+)\.py`; the file's stem", text)
    code = re.search(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert name and code
    return name[1], code[1]


def test_the_law_of_the_recipe_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, code = recipe()
    (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    law = importlib.import_module(name).LAW
    for check in LAW_CHECKS.values():
        check(law)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, to which a test adds one file."""
    place = tmp_path_factory.mktemp("checkout")
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(scalelaw.__file__).parent, place / "src" / "scalelaw", ignore=skipped)
    return place


@pytest.mark.parametrize("folder", ["language", pytest.param("downstream", marks=pytest.mark.slow)])
def test_a_new_law_with_a_new_citation_needs_one_file(checkout: Path, folder: str, rng: np.random.Generator) -> None:
    name, code = recipe()
    new = f"{name}_{rng.integers(10**6)}_{folder}"
    number = f"{rng.integers(3001, 3012)}.{rng.integers(10**4, 10**5)}"
    family = "".join(rng.permutation(list("Abcdefgh"))).capitalize()
    code = code.replace("Muennighoff et al. 2023", f"{family} et al. 2030").replace("2305.16264", number)
    code = re.sub(r"(?s)    references = \(.*?\),\)\n", "", code)
    work = f'Reference("{family}, Ann", "A Law", 2030, "{number}")'
    code = code.replace("    @property\n", f"    references = ({work},)\n\n    @property\n", 1)
    code = code.replace("import power\n", "import power\nfrom scalelaw.laws.references import Reference\n", 1)
    (checkout / "src" / "scalelaw" / "laws" / folder / f"{new}.py").write_text(code)
    table(checkout / "plain.csv", rng)
    program = f"""
import scalelaw as sl
from scalelaw.laws import get
from scalelaw.testing.law_checks import LAW_CHECKS
for check in LAW_CHECKS.values():
    check(get("{new}"))
fit = sl.fit("{new}", "plain.csv", draws=0)
assert "{family.lower()}2030" in fit.bibtex() and "{number}" in fit.bibtex()
assert "{family}" in fit.methods()
print(fit.law.name, abs(fit.coefficients()["alpha"]["value"] - 0.3) < 0.02)
"""
    assert run(checkout, "-c", program).split() == [new, "True"]
    assert new in run(checkout, "-c", "from scalelaw.cli.main import app; app()", "laws", "list")


def test_no_transcript_lists_every_law() -> None:
    assert not any("$ scalelaw laws list" in page.read_text() for page in transcripts.pages())


def table(path: Path, rng: np.random.Generator) -> None:
    """Write runs with the one exponent 0.3."""
    n, d = (np.exp(rng.uniform(np.log(low), np.log(high), 40)) for low, high in ((1e7, 1e9), (1e9, 1e11)))
    loss = (1.7 + 300 / n**0.3 + 500 / d**0.3) * np.exp(rng.normal(0, 1e-4, 40))
    rows = [f"{a:.0f},{b:.0f},{y!r}" for a, b, y in zip(n, d, loss.tolist(), strict=True)]
    path.write_text("\n".join(["params,tokens,loss", *rows, ""]))


def run(checkout: Path, *words: str) -> str:
    """Return what Python prints with the copy in place of the package."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    done = subprocess.run(
        [sys.executable, *words], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
