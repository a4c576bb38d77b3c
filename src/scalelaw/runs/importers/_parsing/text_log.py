"""Parse printed logs: strip colours, progress bars and prefixes, read values by step, and handle restarts.

A value may stand anywhere in a line, after a time, a rank or a progress bar. If several ranks print it, the lowest rank
counts. A step that goes back means a resumed run; earlier values at that step or later belong to the abandoned branch.
An unterminated last line counts only as far as its numbers are complete.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path, PurePath

from scalelaw.core.errors import BadTable
from scalelaw.core.numbers import counted, parse_number
from scalelaw.core.reading import glance
from scalelaw.runs.importers._parsing.files import is_folder, read_bytes, walk
from scalelaw.runs.importers._parsing.history import LoggedRun, tabulate
from scalelaw.runs.raw import RawTable

STEP = "step"
"""Metric name that only marks a completed step."""

NUMBER = r"(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan|inf)"
"""A number as trainers print it."""

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_])")
_ENDS = re.compile(r"[\r\n]+")
_RANK = re.compile(r"^\s*(\d{1,4}):(?=\s)|\b(?:rank|default|gpu|worker)[ :_=]{0,2}(\d+)\b", re.IGNORECASE)
_BEFORE = 80
_SUFFIXES = frozenset({".log", ".txt", ".out", ".stdout", ".err", ""})
_PLAIN = frozenset({"main", "log", "logs", "stdout", "output", "out", "train", "training", "run"})
_SIZE = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*([KMB])(?![A-Za-z0-9])", re.IGNORECASE)
_GLANCE, _GLANCE_AT_TABLE = 2**21, 2**14
_MOST_GLANCED = 200
_DEPTH = 4


@dataclass(frozen=True)
class Line:
    """One printed line.

    Attributes:
        text: the line without colours and the carriage returns of progress bars.
        rank: rank that printed it, None if unknown.
        whole: False for an unterminated last line.
    """

    text: str
    rank: int | None = None
    whole: bool = True


@dataclass
class Readings:
    """Values over steps, in print order."""

    seen: list[tuple[str, float, float, int | None]] = field(default_factory=list)
    decimals: dict[str, int] = field(default_factory=dict)

    def add(self, line: Line, metric: str, step: str, value: str, *, ends: bool = False) -> None:
        """Add one value; ``ends`` marks the last value of a line, which may be cut off."""
        decimals = len(value.partition(".")[2])
        if ends and not line.whole and decimals < self.decimals.get(metric, 1):
            return
        self.decimals[metric] = max(decimals, self.decimals.get(metric, 1))
        self.seen.append((metric, float(step), float(value), line.rank))

    def into(self, run: LoggedRun) -> int:
        """Record the valid values in the run; return the number of restarts."""
        lowest: dict[str, int] = {}
        for metric, _, _, rank in self.seen:
            if rank is not None:
                lowest[metric] = min(rank, lowest.get(metric, rank))
        kept: list[tuple[int, str, float, float]] = []
        last: dict[str, tuple[int, float]] = {}
        restarts: set[float] = set()
        for place, (metric, step, value, rank) in enumerate(self.seen):
            if rank is not None and rank != lowest[metric]:
                continue
            before, at = last.get(metric, (-1, step))
            if step < at:
                kept = [each for each in kept if each[2] < step or each[0] > before]
                restarts.add(step)
            kept.append((place, metric, step, value))
            last[metric] = (place, step)
        for _, metric, step, value in kept:
            if metric != STEP:
                run.log(metric, step, value)
        return min(len(restarts), max((self._backs(metric, lowest) for metric in last), default=0))

    def _backs(self, metric: str, lowest: dict[str, int]) -> int:
        steps = [step for name, step, _, rank in self.seen if name == metric and rank in (None, lowest.get(metric))]
        return sum(after < before for before, after in pairwise(steps))


Parse = Callable[[Sequence[Line], LoggedRun, Readings], Iterable[str]]
"""Parser of one log: fills a run and its values; returns notes."""


@dataclass(frozen=True)
class TextLog:
    """An importer of one kind of printed log: one run per file.

    Attributes:
        name: name of the importer.
        reads: its format, as one phrase.
        signature: pattern that only this format prints.
        parse: parser of the lines of one file.
    """

    name: str
    reads: str
    signature: re.Pattern[str]
    parse: Parse

    def recognises(self, source: str) -> bool:
        """Return whether the file, or a file in the folder, prints losses as this trainer does."""
        if is_folder(source):
            files = list(_logs(Path(source), glance=True))[:_MOST_GLANCED]
            return any(self._is(path) for path in files)
        return "://" not in source and self._is(Path(source))

    def _is(self, path: Path) -> bool:
        head = glance(path, _GLANCE if _may_be_log(path.name) else _GLANCE_AT_TABLE)
        return b"\0" not in head[:4096] and self.signature.search(_cleaned(head)) is not None

    def read(self, source: str) -> RawTable:
        """Return the rows of every run."""
        path = Path(source)
        paths = [file for file in _logs(path) if self._is(file)] if path.is_dir() else [path]
        notes: list[str] = []
        runs = []
        for file in paths:
            run = LoggedRun(_name(file, path))
            readings = Readings()
            notes += [note for note in self.parse(printed(file), run, readings) if note not in notes]
            if restarts := readings.into(run):
                notes.append(f"{run.name} was resumed {counted(restarts, 'time')}: later values count")
            _set_rate(run)
            if not run.series:
                raise BadTable(f"{file.name} has no line of {self.reads}; is it cut off?")
            runs.append(run)
        notes += _missing(runs)
        kinds = frozenset({"tokens", "params", "batch_tokens"})
        return tabulate(runs, path.name, [f"{counted(len(runs), 'run')} from {self.reads}", *notes], kinds)


def printed(path: Path) -> list[Line]:
    """Return the lines of a log.

    Raises:
        BadInput: it cannot be read.
    """
    content = read_bytes(path)
    texts = _ENDS.split(_cleaned(content))
    lines = [Line(text, _rank(text)) for text in texts]
    if lines and lines[-1].text:
        lines[-1] = Line(lines[-1].text, lines[-1].rank, whole=False)
    return lines


def found(lines: Sequence[Line], pattern: re.Pattern[str]) -> Iterator[tuple[Line, re.Match[str]]]:
    """Yield each match of a pattern with its line."""
    for line in lines:
        for match in pattern.finditer(line.text):
            yield line, match


def stated(lines: Sequence[Line], pattern: re.Pattern[str]) -> float | None:
    """Return the last positive number that matches in lines of settings, or None."""
    numbers = [_number(match[1]) for line, match in found(lines, pattern) if line.whole]
    known = [number for number in numbers if number is not None and number > 0]
    return known[-1] if known else None


def set_stated(run: LoggedRun, lines: Sequence[Line], patterns: Mapping[str, re.Pattern[str]]) -> None:
    """Set columns of a run from lines of settings: column -> pattern; without a match a column stays unset."""
    for name, pattern in patterns.items():
        if (value := stated(lines, pattern)) is not None:
            run.columns[name] = value


def _set_rate(run: LoggedRun) -> None:
    """Set the learning rate of the run: the constant value, or the largest as the peak."""
    if rates := run.series.get("lr"):
        run.columns["lr"] = max(rates.values())
        if len(set(rates.values())) == 1:
            del run.series["lr"]


def _number(text: str) -> float | None:
    try:
        return parse_number(text.replace(" ", ""))
    except ValueError:
        return None


def _cleaned(content: bytes) -> str:
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    return _ANSI.sub("", text.removeprefix("\ufeff").replace("\x08", ""))


def _rank(text: str) -> int | None:
    match = _RANK.search(text[:_BEFORE])
    return int(match[1] or match[2]) if match else None


def _logs(folder: Path, *, glance: bool = False) -> Iterator[Path]:
    return walk(folder, _may_be_log, depth=_DEPTH, glance=glance)


def _may_be_log(name: str) -> bool:
    suffix = PurePath(name).suffix.lower()
    return suffix in _SUFFIXES or suffix[1:].isdigit() or ".log" in name.lower()


def _name(file: Path, source: Path) -> str:
    """Return the name of a run: its file, or its folder where all files have the same name."""
    if not source.is_dir():
        return file.stem
    place = file.relative_to(source)
    if len(place.parts) > 1 and place.stem.lower() in _PLAIN:
        return place.parent.as_posix()
    return place.with_suffix("").as_posix()


def _missing(runs: Sequence[LoggedRun]) -> Iterator[str]:
    """Yield a note per missing quantity with the option that adds it, using sizes in run names."""
    sizes = {}
    for run in runs:
        inside = _SIZE.findall(run.name)
        if len(inside) == 1 and "params" not in run.columns:
            sizes[run.name] = parse_number("".join(inside[0]))
    if all("params" not in run.columns for run in runs):
        value = "124e6"
        if len(sizes) == len(runs):
            for run in runs:
                run.columns["size_in_name"] = sizes[run.name]
            value = "size_in_name"
        yield f'no column is params; state it with derive={{"params": "{value}"}} (CLI: --derive params={value})'
    if all("batch_tokens" not in run.columns and "tokens" not in run.series for run in runs):
        samples = any("consumed_samples" in run.series for run in runs)
        formula = "consumed_samples * 2048" if samples else "steps * 524288"
        yield (
            f'no column is tokens; compute it with derive={{"tokens": "{formula}"}} '
            f"(CLI: --derive 'tokens={formula}') with your own {'sequence length' if samples else 'tokens per step'}"
        )
