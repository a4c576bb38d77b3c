"""Sealed documents: JSON with digests that show whether, and where, a file was edited.

``seal`` holds the SHA-256 of the canonical JSON of each section, and ``seal.whole`` that of schema and sections
together. A file is unchanged only if its bytes equal what ``sealed_text`` writes for its content. A seal shows edits;
to prove *when* a document was made, publish ``seal.whole`` at that time.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from scalelaw.core.reading import parse_json

_SHOWN = 40


def sha256(value: Any) -> str:
    """Return the SHA-256 of the value's canonical JSON, 64 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def seal(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with its seal.

    Args:
        document: ``schema`` and sections of plain values; all numbers must be finite.

    Example:
        >>> sealed = seal({"schema": "example/1", "point": {"params": 7e9}})
        >>> list(sealed["seal"]), list(faults(sealed_text(sealed).encode()))
        (['point', 'whole'], [])
        >>> [*faults(sealed_text(sealed).replace("7", "8", 1).encode())][0].partition(":")[0]
        'point was edited'
    """
    parts = {name: sha256(section) for name, section in document.items() if name not in ("schema", "seal")}
    return {**document, "seal": {**parts, "whole": sha256([document["schema"], parts])}}


def sealed_text(document: Mapping[str, Any]) -> str:
    """Return the text of a sealed document; equal content gives equal text."""
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def faults(content: bytes) -> Iterator[str]:
    """Yield each change in the bytes of a sealed document since it was sealed."""
    try:
        document = parse_json(content.decode())
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        yield f"it is not valid JSON: {error}"
        return
    if not isinstance(document, dict) or not isinstance(document.get("seal"), dict) or "schema" not in document:
        yield "it has no seal"
        return
    found = list(_section_faults(document))
    yield from found
    if not found and (line := _first_difference(content, document)) is not None:
        yield line


def _section_faults(document: Mapping[str, Any]) -> Iterator[str]:
    try:
        whole = seal({name: value for name, value in document.items() if name != "seal"})["seal"]
    except ValueError as error:  # NaN or infinity, which the writer never writes
        yield f"a number was edited: {error}"
        return
    stated = document["seal"]
    for name in dict.fromkeys((*whole, *stated)):
        if name not in stated:
            yield f"{name} was added, or its seal removed"
        elif name not in whole:
            yield f"{name} was removed, or its seal added"
        elif name != "whole" and stated[name] != whole[name]:
            yield f"{name} was edited: {_against(whole[name], stated[name])}"
    same = all(stated.get(name) == whole[name] for name in whole if name != "whole")
    if same and stated.get("whole") != whole["whole"]:
        yield f"schema or seal was edited: {_against(whole['whole'], stated.get('whole'))}"


def _first_difference(content: bytes, document: Mapping[str, Any]) -> str | None:
    """Return the first line that differs from the written text, or None."""
    written = sealed_text(document).encode()
    if written == content:
        return None
    lines = enumerate(zip_longest(content.split(b"\n"), written.split(b"\n")), start=1)
    number, (have, want) = next((at, pair) for at, pair in lines if pair[0] != pair[1])
    return f"line {number} was edited: {_line(have)} instead of {_line(want)}"


def _line(line: bytes | None) -> str:
    return "nothing" if line is None else repr(line.decode(errors="replace")[:_SHOWN])


def _against(found: str, stated: object) -> str:
    return f"its digest is {found[:16]}, and the seal has {repr(stated)[:18].strip(chr(39))}"
