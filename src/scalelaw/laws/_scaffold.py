"""Begin a law: the file that states it, and the file of its golden values, both whole and both to be edited."""

import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from scalelaw.core.errors import BadInput
from scalelaw.core.files import write_whole
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.laws import names

_LAW = Template('''"""Say the law in one line with its formula, L(N) = E + A / N^alpha, and who found it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import power
from scalelaw.laws.references import Reference


@dataclass(frozen=True)
class $cls(Law):
    """Say what it is for, and which N it takes: here with embeddings."""

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
_GOLDEN = Template('''"""Values of $name, against figures printed by others or computed by hand."""

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
    """The files that were written."""

    law: Path
    golden: Path

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"schema": "scalelaw.new-law/1", "law": str(self.law), "golden": str(self.golden)}

    def sheet(self) -> Report:
        """Return the files and what is next."""
        lines = [
            ("law", str(self.law)),
            ("golden", str(self.golden)),
            ("next", "edit both, then `make test`; CONTRIBUTING.md says what a law states"),
        ]
        return Report("", [Lines(lines)])


def new_law(name: str, *, folder: str = "language", root: str | Path = ".") -> Scaffold:
    """Write the files of a new law into a checkout of scalelaw.

    Args:
        name: its name, which is the stem of its file.
        folder: the folder of ``laws/`` it belongs to.
        root: the checkout.

    Raises:
        BadInput: no checkout, no such folder, a name that is taken or is none.
    """
    place = Path(root)
    laws = place / "src" / "scalelaw" / "laws"
    if not laws.is_dir():
        raise BadInput(f"{place.resolve()} is no checkout of scalelaw: it has no src/scalelaw/laws; go to its root")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise BadInput(f"{name!r} is no name of a law; take lower case letters, digits and _, as in tied_powers")
    if name in names():
        raise BadInput(f"the law {name} exists; `scalelaw laws show {name}` shows it")
    folders = sorted(each.name for each in laws.iterdir() if (each / "__init__.py").is_file())
    if folder not in folders:
        raise BadInput(f"there is no folder {folder!r} of laws; there are {', '.join(folders)}")
    begun = Scaffold(laws / folder / f"{name}.py", place / "tests" / "golden" / f"test_{name}.py")
    for path in (begun.law, begun.golden):
        if path.exists():
            raise BadInput(f"{path} exists; nothing was written")
    words = {"name": name, "cls": "".join(word.capitalize() for word in name.split("_"))}
    write_whole(begun.law, _LAW.substitute(words), over=False)
    write_whole(begun.golden, _GOLDEN.substitute(words), over=False)
    return begun
