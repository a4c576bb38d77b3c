"""Sealed documents: JSON that tells, to anybody who holds the file, whether a character of it was changed, and where.

Each section has the SHA-256 of its canonical JSON under ``seal``, and ``seal.whole`` is that of schema and sections
together. A file counts as unchanged only where its bytes are the ones that ``sealed_text`` writes of its content.
A seal shows edits; who wants to show *when* a document was made gives ``seal.whole`` to somebody else at that time.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

_SHOWN = 40


def sha256(value: Any) -> str:
    """Return 64 hexadecimal digits: the SHA-256 of the value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def seal(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with its seal.

    Args:
        document: ``schema``, and sections of plain values; no number of it is infinite or missing.

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
    """Return the text of a sealed document: the same content is always the same characters."""
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def faults(content: bytes) -> Iterator[str]:
    """Yield what was changed in the bytes of a sealed document since it was sealed; nothing where nothing was."""
    try:
        document = json.loads(content.decode())
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        yield f"it is no JSON any more: {error}"
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
    except ValueError as error:  # NaN or an infinite number, which the writer never writes
        yield f"a number was edited: {error}"
        return
    said = document["seal"]
    for name in dict.fromkeys((*whole, *said)):
        if name not in said:
            yield f"{name} was added, or its seal taken away"
        elif name not in whole:
            yield f"{name} was taken away, or its seal added"
        elif name != "whole" and said[name] != whole[name]:
            yield f"{name} was edited: {_against(whole[name], said[name])}"
    if said.get("whole") != whole["whole"] and all(said.get(name) == whole[name] for name in whole if name != "whole"):
        yield f"schema or seal was edited: {_against(whole['whole'], said.get('whole'))}"


def _first_difference(content: bytes, document: Mapping[str, Any]) -> str | None:
    """Return the first line that is not as it is written, None where all are."""
    written = sealed_text(document).encode()
    if written == content:
        return None
    lines = enumerate(zip_longest(content.split(b"\n"), written.split(b"\n")), start=1)
    number, (have, want) = next((at, pair) for at, pair in lines if pair[0] != pair[1])
    return f"line {number} is not as it was written: {_line(have)} instead of {_line(want)}"


def _line(line: bytes | None) -> str:
    return "nothing" if line is None else repr(line.decode(errors="replace")[:_SHOWN])


def _against(found: str, said: object) -> str:
    return f"its digest is {found[:16]}, and the seal says {repr(said)[:18].strip(chr(39))}"
