"""Text that is safe to print: control and broken characters become escapes, an error is one line.

For many programs a NUL ends a text. An escape sequence moves the cursor of a terminal or opens a link. Half of a
surrogate pair cannot be written as UTF-8. A change of the writing direction makes a name look like a different name.
"""

import re

LONGEST_LINE = 2_000
"""Bytes of the line of an error or a warning."""

_SIGNS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ENDS = re.compile("[\r\u2028\u2029]")
_MARK = " [...] "
_TAIL = 500


def escaped(text: str) -> str:
    r"""Return a text with control and broken characters as escapes; tabs and ends of lines stay.

    Example:
        >>> escaped("lo\x1bss")
        'lo\\x1bss'
    """
    return _SIGNS.sub(lambda found: _escape(found[0]), text)


def holds_controls(text: str) -> bool:
    """Return whether ``escaped`` would change a text."""
    return _SIGNS.search(text) is not None


def printable(text: str) -> str:
    r"""Return a text that a terminal shows as it is: only a line feed ends a line, nothing else moves the cursor.

    Example:
        >>> printable("50%\rdone")
        '50%\\x0ddone'
    """
    return _ENDS.sub(lambda found: _escape(found[0]), escaped(text))


def printable_line(text: str, longest: int = LONGEST_LINE) -> str:
    r"""Return a text as one printable line of limited length; a longer text keeps its beginning and its end.

    Example:
        >>> printable_line("two\n  lines")
        'two lines'
    """
    line = printable(re.sub(r"\s*[\n\t]\s*|  +", " ", text)).strip()
    content = line.encode()
    if len(content) <= longest:
        return line
    end = min(_TAIL, longest // 4)
    head, tail = content[: longest - end - len(_MARK)], content[-end:]
    return head.decode(errors="ignore") + _MARK + tail.decode(errors="ignore")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, short enough for one line of a terminal."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def _escape(sign: str) -> str:
    code = ord(sign)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
