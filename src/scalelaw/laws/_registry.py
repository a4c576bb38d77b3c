"""Find laws by file name in this package, by entry point, or by registration in a session."""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.laws._base import Law
from scalelaw.laws._formula import FormulaLaw

_DECIMAL = r"\d*\.\d+(e-?\d+)?|\d+e-\d+"
_registered: dict[str, Law] = {}


def register(law: Law) -> None:
    """Register a law by its name for this session, for example in a notebook."""
    _registered[law.name] = law


@cache
def _modules() -> dict[str, str]:
    """Return law name -> module, for all files in this package's folders."""
    here = Path(__file__).parent
    folders = [folder for folder in sorted(here.iterdir()) if folder.is_dir() and not folder.name.startswith("_")]
    return {
        module.name: f"{__package__}.{folder.name}.{module.name}"
        for folder in folders
        for module in pkgutil.iter_modules([str(folder)])
    }


def names() -> tuple[str, ...]:
    """Return the names of all built-in and registered laws."""
    return tuple(sorted({*_modules(), *_registered}))


def get(name: str, **shape: Any) -> Law:
    """Return a law by name; keyword arguments set its shape: ``get("power", input="tokens")``.

    Raises:
        UnknownName: no such law, or no such shape argument.
    """
    if name in _registered:
        law = _registered[name]
    elif name in _modules():
        law = importlib.import_module(_modules()[name]).LAW
    else:
        law = _plugin(name)
    known = [field.name for field in fields(law)]
    for argument in shape:
        if argument not in known:
            raise UnknownName.among(f"shape of {name}", argument, known)
    return replace(law, **shape) if shape else law


def _plugin(name: str) -> Law:
    found = {point.name: point for point in entry_points(group="scalelaw.laws")}
    if name not in found:
        raise UnknownName.among("law", name, {*names(), *found})
    law: Law = found[name].load()
    return law


def as_law(law: str | Law, columns: Mapping[str, str] | None = None) -> Law:
    """Return a law to fit, parsing text with ``parse``.

    Args:
        law: name, spelling, formula or law.
        columns: name of a table's column -> its quantity, or the name itself if the column holds no quantity; in a
            formula such a name is an input.

    Raises:
        UnknownName: no such law or shape.
        BadInput: a malformed spelling, or one with published constants, which leave nothing to fit.
    """
    if not isinstance(law, str):
        return law.over(columns or {}) if isinstance(law, FormulaLaw) else law
    found, source = parse(law, columns)
    if source is not None:
        raise BadInput(f"{law!r} has published constants, but a fit estimates the constants; write {found.spelling!r}")
    return found


def parse(text: str, columns: Mapping[str, str] | None = None) -> tuple[Law, str | None]:
    """Parse the spelling of a law, with the source of its constants if given.

    ``chinchilla`` · ``power[input=tokens,floor=no]`` · ``chinchilla@besiroglu2024`` · any formula, with column names
    among its inputs given after it: ``E + A/N**a + c*dropout [inputs=dropout]``.

    Args:
        text: the spelling.
        columns: as for ``as_law``.

    Raises:
        UnknownName: no such law or shape.
        BadInput: a malformed spelling or formula.

    Example:
        >>> law, source = parse("chinchilla@besiroglu2024")
        >>> law.name, source
        ('chinchilla', 'besiroglu2024')
    """
    text = text.strip()
    match = re.fullmatch(r"(?P<name>\w[\w.-]*)(?:\[(?P<shape>[^\]]*)\])?(?:@(?P<source>[\w.-]+))?", text)
    if match is None:
        return FormulaLaw.spelt(text, columns), None
    shape = dict(_argument(part, text) for part in (match["shape"] or "").split(",") if part.strip())
    return get(match["name"], **shape), match["source"]


def _argument(part: str, text: str) -> tuple[str, Any]:
    name, equals, value = (piece.strip() for piece in part.partition("="))
    if not equals:
        raise BadInput(f"{text!r}: write the shape as name=value, got {part!r}")
    if value.lower() in ("yes", "no", "true", "false"):
        return name, value.lower() in ("yes", "true")
    if value.lstrip("-").isdigit():
        return name, int(value)
    return name, float(value) if re.fullmatch(_DECIMAL, value) else value
