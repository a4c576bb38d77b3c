"""Text of a file of documentation, by the form it is in: paragraphs of prose, one a line, markup and code left out."""

import gzip
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping

SHORTEST = 40
"""Characters of the shortest line that is prose."""
LETTERS = 0.8
"""Share of letters and spaces in a line of prose, at least."""

_SPACE = re.compile(r"\s+")
_BLANK = re.compile(r"\n\s*\n")
_TAG = re.compile(r"<[^>]+>")
_UNSEEN = re.compile(r"<(script|style|pre|nav|head)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_BLOCK = re.compile(r"</?(p|div|li|h[1-6]|dt|dd|td|tr|br|blockquote|section)\b[^>]*>", re.IGNORECASE)
_ROFF_REQUEST = re.compile(r"^[.'](?:[BIR]{1,2} )?", re.MULTILINE)
_ROFF_ESCAPE = re.compile(r"\\(?:f[BIRP1-4]|f\[\w*\]|[&%/,]|\(\w\w|\[[^\]]*\]|s[-+]?\d)")
_POD_CODE = re.compile(r"[A-Z]<+\s?([^<>]*?)\s?>+")
_ROLE = re.compile(r":[\w:]+:`([^`<]*)(?:<[^>]*>)?`")


def prose(text: str) -> Iterator[str]:
    """Yield the paragraphs of a text that are prose, hard wraps joined."""
    for paragraph in _BLANK.split(text):
        line = _SPACE.sub(" ", paragraph).strip()
        if len(line) >= SHORTEST and sum(c.isalpha() or c == " " for c in line) >= LETTERS * len(line):
            yield line


def plain(content: str) -> str:
    return _ROLE.sub(r"\1", content).replace("``", "").replace("**", "")


def hypertext(content: str) -> str:
    return html.unescape(_TAG.sub("", _BLOCK.sub("\n\n", _UNSEEN.sub("\n\n", content))))


def manual_page(content: str) -> str:
    """Return a manual page without requests; a paragraph begins where one of them begins one."""
    paragraphs = re.sub(r"^\.(?:P|PP|TP|SH|SS|IP|LP|HP)\b.*$", "\n\n", content, flags=re.MULTILINE)
    kept = (line for line in paragraphs.splitlines() if not re.match(r"[.'](?![BIR]{1,2} )", line))
    return _ROFF_ESCAPE.sub("", _ROFF_REQUEST.sub("", "\n".join(kept)).replace("\\-", "-"))


def pod(content: str) -> str:
    """Return Perl's documentation without commands, code and marks."""
    kept = "\n".join(line for line in content.splitlines() if not line.startswith(("=", " ", "\t")))
    return _POD_CODE.sub(r"\1", _POD_CODE.sub(r"\1", kept))


def dictionary(content: str) -> str:
    """Return the entries of a dictionary in dictd's form: marks of sources and braces of cross references left out."""
    return re.sub(r"\[[^\]]{2,30}\]", "", content).replace("{", "").replace("}", "")


def glosses(content: str) -> str:
    """Return WordNet's definitions, which follow a bar."""
    return "\n\n".join(line.partition("| ")[2] for line in content.splitlines())


def interface(content: str) -> str:
    """Return what a description of an interface in JSON says of it."""
    return "\n\n".join(hypertext(each) for each in _documentation(json.loads(content)))


def _documentation(node: object) -> Iterator[str]:
    children = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        if key == "documentation" and isinstance(child, str):
            yield child
        else:
            yield from _documentation(child)


FORMS: Mapping[str, Callable[[str], str]] = {
    "dictionary": dictionary,
    "glosses": glosses,
    "html": hypertext,
    "interface": interface,
    "man": manual_page,
    "plain": plain,
    "pod": pod,
}
"""Form -> what takes its markup away."""


def decoded(content: bytes) -> str:
    """Return the text of a file, which may be packed."""
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    return content.decode("utf-8", errors="replace")
