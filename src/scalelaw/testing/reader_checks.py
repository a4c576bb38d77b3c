"""Checks of every reader: a damaged file gives a result, or an error of one line that names the file.

``check_reader(reader, examples)`` damages the files of a reader as accidents and attackers do. It cuts them off,
changes types, nests deeply, writes huge numbers, changes the encoding, inserts a bare carriage return or U+2028, and
repeats keys. It needs hypothesis.
"""

import json
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scalelaw.core.errors import ScalelawError, ScalelawWarning
from scalelaw.core.plain_text import LONGEST_LINE
from scalelaw.core.reading import read_limited

SLOWEST_S = 5.0
"""CPU seconds that a damaged file may take."""

_TOKEN = re.compile(rb'"[^"\n]{0,200}"|(?<![\w.])-?\d[\d.eE+-]*|\b(?:true|false|null|nan)\b')
_SWAPS = (
    b"true", b"null", b'"x"', b"x", b"-1", b"0", b"1.5", b"NaN", b"nan", b"1e999", b"1e-320", b"9" * 400,
    b"-" + b"9" * 400, b"9" * 5000, b"{}", b"[]", b'{"a": [1]}', b"[[1], {}]", b"[" * 5000, b"[" * 5000 + b"]" * 5000,
    b'{"a":' * 3000,
    b"", b'"\\ud800"', b'"\\u0000"', b'"\\u001b[31m"', "\u2028".encode(), b"2024-01-01", b"18446744073709551616",
    b"x" * 200_000,
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None,
    True,
    "x",
    "",
    -1,
    0,
    1.5,
    10**400,
    [],
    {},
    [1],
    {"a": 1},
    [[[]]],
    "nan",
    "\ud800",
    1e308,
)
_INSERTS = (
    b"\r", b"\n", b"\0", b"\xff", b"\xfe\xff", b"\x1b]0;x\x07", "\u2028".encode(), "\u202e".encode(), "\x85".encode(),
    b'"', b",", b"[", b"{", b"}", b"\\", b"'", b"\xed\xa0\x80", b"[" * 5000, b"9" * 5000,
)  # fmt: skip
_ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-8-sig")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Reader:
    """A function that reads a file or a folder, with an undamaged source for it.

    Attributes:
        name: name of the format, one word.
        read: takes the path of the file or the folder.
        files: path below a folder -> content, for every file of the undamaged source.
        given: the path below the folder that ``read`` takes; empty for the folder itself.
        seal: writes the right digest into a damaged document, so that checks after the digest are tested too.
    """

    name: str
    read: Callable[[Path], object]
    files: Mapping[str, bytes] = field(repr=False)
    given: str = ""
    seal: Callable[[bytes], bytes] | None = None

    @classmethod
    def of(cls, name: str, read: Callable[[Path], object], source: Path, **more: Any) -> "Reader":
        """Return a reader with the content of a file, or of all files below a folder."""
        if source.is_file():
            return cls(name, read, {source.name: read_limited(source)}, source.name, **more)
        inside = sorted(path for path in source.rglob("*") if path.is_file())
        files = {f"{source.name}/{path.relative_to(source).as_posix()}": read_limited(path) for path in inside}
        return cls(name, read, files, source.name, **more)


def check_reader(reader: Reader, examples: int) -> None:
    """Read an undamaged source, and then damaged ones.

    Args:
        reader: the reader under test, with its undamaged source.
        examples: number of damaged sources.

    Raises:
        AssertionError: a source gave another error, a warning of Python or a line that names no file, or took too long.
    """
    import hypothesis
    from hypothesis import strategies

    with tempfile.TemporaryDirectory(prefix="reader-") as folder:
        _laid(reader, Path(folder), {})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScalelawWarning)
            reader.read(Path(folder) / reader.given)

    def damaged(data: Any) -> None:
        name = data.draw(strategies.sampled_from(sorted(reader.files)), label="file")
        content = reader.files[name]
        for _ in range(data.draw(strategies.integers(1, 3))):
            content = _damage(data.draw, strategies, content)
        if reader.seal is not None and data.draw(strategies.booleans(), label="sealed"):
            content = _sealed(reader.seal, content)
        with tempfile.TemporaryDirectory(prefix="reader-") as folder:
            _laid(reader, Path(folder), {name: content})
            _try(reader, Path(folder))

    rules = hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    rules(hypothesis.given(strategies.data())(damaged))()


def _laid(reader: Reader, folder: Path, instead: Mapping[str, bytes]) -> None:
    for name, content in {**reader.files, **instead}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _try(reader: Reader, folder: Path) -> None:
    """Read a damaged source: it gives a table, or an error of one line that names its file or folder."""
    begun = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", ScalelawWarning)
            reader.read(folder / reader.given)
    except ScalelawError as error:
        line = str(error)
        names = {part for name in reader.files for part in Path(name).parts} | {folder.name}
        names |= {Path(name).stem for name in reader.files}
        assert line and not _CONTROLS.search(line), f"{reader.name}: {line!r} is more than one plain line"
        assert len(line.encode()) <= LONGEST_LINE, (
            f"{reader.name}: a line of {len(line.encode())} bytes: {line[:200]!r}"
        )
        findings = getattr(error, "findings", ())
        assert findings or any(name in line for name in names), f"{reader.name}: {line!r} names no file"
    took = time.process_time() - begun
    assert took <= SLOWEST_S, f"{reader.name}: a damaged file took {took:.1f} CPU s"


def _sealed(seal: Callable[[bytes], bytes], content: bytes) -> bytes:
    try:
        return seal(content)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):  # too damaged to carry a seal
        return content


def _damage(draw: Any, strategies: Any, content: bytes) -> bytes:
    """Return the content with one damage done to it."""
    kind: str = draw(strategies.sampled_from(sorted(_KINDS)), label="damage")
    return _KINDS[kind](draw, strategies, content)


def _cut(draw: Any, st: Any, content: bytes) -> bytes:
    return content[: draw(st.integers(0, len(content)))]


def _overwritten(draw: Any, st: Any, content: bytes) -> bytes:
    at: int = draw(st.integers(0, len(content)))
    fresh: bytes = draw(st.binary(min_size=1, max_size=8))
    return content[:at] + fresh + content[at + len(fresh) :]


def _inserted(draw: Any, st: Any, content: bytes) -> bytes:
    at: int = draw(st.integers(0, len(content)))
    fresh: bytes = draw(st.sampled_from(_INSERTS))
    return content[:at] + fresh + content[at:]


def _swapped(draw: Any, st: Any, content: bytes) -> bytes:
    """Replace one number, word or text of a document by something of another type."""
    found = list(_TOKEN.finditer(content[:1_000_000]))
    if not found:
        return content
    token = found[draw(st.integers(0, len(found) - 1))]
    fresh: bytes = draw(st.sampled_from(_SWAPS))
    return content[: token.start()] + fresh + content[token.end() :]


def _replaced(draw: Any, st: Any, content: bytes) -> bytes:
    """Replace one value of a JSON document, however much it holds, or take it out."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return _swapped(draw, st, content)
    places: list[tuple[Any, Any]] = []

    def visit(node: Any) -> None:
        keys = list(node) if isinstance(node, dict) else range(min(len(node), 50)) if isinstance(node, list) else ()
        for key in keys:
            places.append((node, key))
            visit(node[key])

    visit(document)
    if not places:
        return content
    node, key = places[draw(st.integers(0, len(places) - 1))]
    if draw(st.booleans()):
        del node[key]
    else:
        node[key] = draw(st.sampled_from(_VALUES))
    return json.dumps(document).encode()


def _doubled(draw: Any, st: Any, content: bytes) -> bytes:
    """Put a line, or a key with its value, there twice."""
    lines = content.split(b"\n")
    at = draw(st.integers(0, len(lines) - 1))
    if len(lines) > 1:
        return b"\n".join([*lines[:at], lines[at], *lines[at:]])
    parts = content.split(b",")
    at = draw(st.integers(0, len(parts) - 1))
    return b",".join([*parts[:at], parts[at].lstrip(b"{["), *parts[at:]])


def _thinned(draw: Any, st: Any, content: bytes) -> bytes:
    lines = content.split(b"\n")
    at = draw(st.integers(0, len(lines) - 1))
    return b"\n".join(lines[:at] + lines[at + 1 :])


def _recoded(draw: Any, st: Any, content: bytes) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(draw(st.sampled_from(_ENCODINGS)), "replace")


def _ended(draw: Any, st: Any, content: bytes) -> bytes:
    """End the lines otherwise, as an old Macintosh or a page of text does."""
    ends = (b"\r", b"\r\n", "\u2028".encode(), "\x85".encode(), b"\0", b"")
    return content.replace(b"\n", draw(st.sampled_from(ends)))


_KINDS: Mapping[str, Callable[[Any, Any, bytes], bytes]] = {
    function.__name__.strip("_"): function
    for function in (_cut, _overwritten, _inserted, _swapped, _replaced, _doubled, _thinned, _recoded, _ended)
}
