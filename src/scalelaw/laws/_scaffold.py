"""Write templates for a new law: its file, and the test file of its golden values."""

import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from scalelaw.core.errors import BadInput
from scalelaw.core.files import write_whole
from scalelaw.core.reading import read_limited
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.laws import names

_LAW = Template('''"""One line: the law with its formula, L(N) = E + A / N^alpha, and its authors."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import power
from scalelaw.laws.references import Reference


@dataclass(frozen=True)
class $cls(Law):
    """State its purpose, and the kind of N it takes: here with embeddings."""

    formula = "L = E + A / N^alpha"
    cite = "Family et al. 2000, arXiv 0000.00000"
    references = (Reference("Family, Given and others", "Title of the Paper", 2000, "0000.00000"),)

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params",)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("E", "irreducible loss", "nats/token", linear=True),
            Coef("A", "loss from finite params", "nats/token * parameters^alpha", linear=True),
            Coef("alpha", "exponent of params"),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        e, a, alpha = self.columns(coef)
        return np.asarray(e + a * power(x["params"], -alpha))

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED


_PUBLISHED: Mapping[str, Constants] = {}

LAW = $cls()
''')
_GOLDEN = Template('''"""Values of $name, compared with published or hand-computed figures."""

import numpy as np
import pytest

from scalelaw.laws import get


def test_a_value_by_hand() -> None:
    """1.5 + 100 / (10^8)^(1/4) = 2.5."""
    law = get("$name")
    coef = law.vector({"E": 1.5, "A": 100.0, "alpha": 0.25})
    assert float(law.predict(coef, {"params": np.array([1e8])})[0]) == pytest.approx(2.5)
''')


@dataclass(frozen=True)
class Scaffold(Renderable):
    """The written files."""

    law: Path
    golden: Path

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"schema": "scalelaw.new-law/1", "law": str(self.law), "golden": str(self.golden)}

    def report(self) -> Report:
        """Return the report: the files and the next step."""
        lines = [
            ("law", str(self.law)),
            ("golden", str(self.golden)),
            ("next", "edit both, then run `make test`; CONTRIBUTING.md describes the parts of a law"),
        ]
        return Report("", [Lines(lines)])


def new_law(name: str, *, folder: str = "language", root: str | Path = ".") -> Scaffold:
    """Write the files of a new law into a checkout of scalelaw.

    Args:
        name: its name, which becomes the stem of its file.
        folder: its folder in ``laws/``.
        root: the checkout.

    Raises:
        BadInput: not a checkout, an unknown folder, or a name that is taken or invalid.
    """
    place = Path(root)
    laws = place / "src" / "scalelaw" / "laws"
    if not laws.is_dir():
        raise BadInput(f"{place.resolve()} is not a checkout of scalelaw: it has no src/scalelaw/laws; go to its root")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise BadInput(f"{name!r} is not a valid name of a law; use lower-case letters, digits and _")
    if name in names():
        raise BadInput(f"the law {name} exists; `scalelaw laws show {name}` shows it")
    folders = sorted(each.name for each in laws.iterdir() if (each / "__init__.py").is_file())
    if folder not in folders:
        raise BadInput(f"unknown folder of laws {folder!r}; use one of {', '.join(folders)}")
    begun = Scaffold(laws / folder / f"{name}.py", place / "tests" / "golden" / f"test_{name}.py")
    words = {"name": name, "cls": "".join(word.capitalize() for word in name.split("_"))}
    texts = {begun.golden: _GOLDEN.substitute(words), begun.law: _LAW.substitute(words)}
    there = {path for path in texts if path.exists()}
    for path in there:
        if len(there) > 1 or read_limited(path) != texts[path].encode():
            raise BadInput(f"{path} exists; nothing was written")
    for path, text in texts.items():
        if path not in there:  # else a command was killed between the two
            write_whole(path, text, over=False)
    return begun
