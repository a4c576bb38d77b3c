"""Old spellings of commands and options: they work until the next release, and one line on stderr names the new one."""

from scalelaw.cli._stderr import STDERR

_GROUPS = {"forecasts": "registry"}
_KIND = {"--n": "--params-kind"}
_FIGURE = {"--out": "--figure"}
_TO = {"--out": "--to"}
_OPTIONS = {
    "approaches": _KIND,
    "benchmark": {"--tidy": "--to"},
    "envelope": _KIND,
    "explain": _KIND,
    "extrapolate": _FIGURE,
    "forecast": _KIND,
    "influence": _FIGURE,
    "isoflop": _KIND,
    "ladder design": _TO,
    "ladder tune": {"--write": "--to"},
    "laws show": {"--plot": "--figure"},
    "registry freeze": _TO,
    "reproduce": _TO,
    "robustness": _FIGURE,
    "runs unpack": {"--to": "--out"},
}
"""Command -> old spelling -> new spelling."""


def current_group(name: str) -> str:
    """Return the new name of a command or group."""
    if name not in _GROUPS:
        return name
    _note(f"scalelaw {name}", f"scalelaw {_GROUPS[name]}")
    return _GROUPS[name]


def current_options(command: str, words: list[str]) -> list[str]:
    """Return the words of a command line with every option by its new name."""
    renamed = _OPTIONS.get(command, {})
    found = []
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in renamed and "--" not in words[:at]:
            _note(name, renamed[name])
            word = f"{renamed[name]}{equals}{value}"
        found.append(word)
    return found


def _note(old: str, new: str) -> None:
    STDERR.note(f"`{old}` is now `{new}`; the next release drops the old spelling")
