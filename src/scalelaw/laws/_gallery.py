"""Reports about laws: the list of all laws, and one law in detail."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from scalelaw.core.errors import UnknownName
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.laws._base import Constants, Law
from scalelaw.laws._registry import get, names, parse


@dataclass(frozen=True)
class Description(Renderable, Tabular):
    """Details of one law: formula, inputs, coefficients, published constants."""

    law: Law

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        law = self.law
        return {
            "schema": "scalelaw.law/1",
            "law": law.spelling,
            "formula": law.formula,
            "inputs": list(law.inputs),
            "output": law.output,
            "coefficients": [{"name": c.name, "unit": c.unit, "meaning": c.meaning} for c in law.coefs],
            "shape": {field.name: getattr(law, field.name) for field in fields(law)},
            "published": {
                f"{shape.spelling}@{source}": {
                    "coef": dict(constants.coef),
                    "source": constants.source,
                    "note": constants.note,
                    "conditions": dict(constants.conditions),
                    "unverified": constants.unverified,
                }
                for shape, source, constants in self.published()
            },
            "cite": law.cite,
            "traps": list(law.traps),
            "revision": law.revision,
        }

    def to_columns(self) -> Columns:
        """Return one row per coefficient."""
        return columns_of(self.to_dict()["coefficients"])

    def published(self) -> Iterator[tuple[Law, str, Constants]]:
        """Yield every shape of the law with each source of its constants."""
        for shape in self.law.shapes:
            for source, constants in shape.published.items():
                yield shape, source, constants

    def report(self) -> Report:
        """Return the report: formula, inputs, coefficients and published constants."""
        law = self.law
        lines = [("takes", f"{', '.join(law.inputs)}; gives {law.output}"), ("source", law.cite)]
        if shape := fields(law):
            lines.append(("shape", ", ".join(f"{f.name}={getattr(law, f.name)}" for f in shape)))
        lines += [("traps" if i == 0 else "", trap) for i, trap in enumerate(law.traps)]
        coefficients = Table([["coefficient", "unit", "meaning"], *([c.name, c.unit, c.meaning] for c in law.coefs)])
        published = []
        for variant, source, constants in self.published():
            values = ", ".join(f"{name} {value:.7g}" for name, value in constants.coef.items())
            said = [("", values), ("", constants.source), *constants.conditions.items()]
            said += [("note", constants.note)] if constants.note else []
            said += [("unverified", "read from memory or a secondary source")] if constants.unverified else []
            published.append(Report(f"{variant.spelling}@{source}", [Lines(said, width=0)]))
        return Report(f"{law.spelling}: {law.formula}", [Lines(lines), coefficients, *published])


@dataclass(frozen=True)
class Gallery(Renderable, Tabular):
    """The list of all named laws."""

    laws: tuple[Law, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"schema": "scalelaw.laws/1", "laws": [Description(law).to_dict() for law in self.laws]}

    def to_columns(self) -> Columns:
        """Return one row per law."""
        return columns_of(
            {"law": law.name, "formula": law.formula, "inputs": law.inputs, "output": law.output, "cite": law.cite}
            for law in self.laws
        )

    def in_brief(self) -> str:
        """Return the number of laws, which ``repr`` shows."""
        return counted(len(self.laws), "law")

    def report(self) -> Report:
        """Return the report, with one line per law."""
        rows = [["law", "formula", "takes"]]
        rows += [[law.name, law.formula, ", ".join(law.inputs)] for law in self.laws]
        advice = [
            ("any formula is a law too", "scalelaw fit FILE --law 'E + A/params**a + B/tokens**b'"),
            ("one law with its published constants", "scalelaw laws show NAME"),
        ]
        return Report("", [Table(rows), Lines(advice, width=0)])


def describe(name: str) -> Description:
    """Return the details of one law.

    Raises:
        UnknownName: no such law, or it has no constants from this source.
    """
    law, source = parse(name)
    if source is not None and source not in law.published:
        raise UnknownName.among(f"source of {law.spelling}", source, law.published)
    return Description(law)


def gallery() -> Gallery:
    """Return the list of all named laws."""
    return Gallery(tuple(get(name) for name in names()))
