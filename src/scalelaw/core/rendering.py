"""Compose a printout once and render it as plain text, HTML, Markdown or LaTeX."""

import html
import re
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.plain_text import printable

_STYLE = (
    "<style>.scalelaw table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    ".scalelaw td,.scalelaw th{padding:.15em .8em .15em 0;text-align:left;border:0}"
    ".scalelaw .r{text-align:right}.scalelaw dl{display:grid;grid-template-columns:max-content 1fr;gap:.15em 1em}"
    ".scalelaw dt{opacity:.65}.scalelaw dd{margin:0}</style>"
)
_VERBATIM = "next"
"""Label of a command line, which users copy and which must not be folded."""
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Attributes:
        rows: cells as text, with equal row lengths.
        right: indices of right-aligned columns.
        head: whether the first row names the columns.
        indent: text before each row in plain text.
    """

    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()
    head: bool = True
    indent: str = "  "

    def text(self) -> str:
        """Return aligned columns."""
        return table([list(map(_cell, row)) for row in self.rows], indent=self.indent, right=self.right)

    def html(self) -> str:
        """Return an HTML table."""
        lines = []
        for at, row in enumerate(self.rows):
            tag = "th" if at == 0 and self.head else "td"
            cells = (
                f"<{tag}{' class=r' if column in self.right else ''}>{html.escape(cell)}</{tag}>"
                for column, cell in enumerate(row)
            )
            lines.append(f"<tr>{''.join(cells)}</tr>")
        return f"<table>{''.join(lines)}</table>"

    def markdown(self) -> str:
        """Return a pipe table, with an empty head if it has no column names, as Markdown requires."""
        escaped = [[markdown_escaped(cell) for cell in row] for row in self.rows]
        head, body = (escaped[0], escaped[1:]) if self.head else ([""] * len(escaped[0]), escaped)
        rule = ["---:" if column in self.right else "---" for column in range(len(head))]
        return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))

    def latex(self) -> str:
        """Return a tabular with the rules of booktabs."""
        kinds = "".join("r" if column in self.right else "l" for column in range(len(self.rows[0])))
        lines = [" & ".join(map(latex_escaped, row)) + r" \\" for row in self.rows]
        if self.head:
            lines.insert(1, r"\midrule")
        return "\n".join([rf"\begin{{tabular}}{{{kinds}}}", r"\toprule", *lines, r"\bottomrule", r"\end{tabular}"])


@dataclass(frozen=True)
class Lines:
    """Lines of text with labels; an empty label continues the one above.

    Attributes:
        lines: label and text of each line.
        width: width of the labels in plain text; 0 puts a colon after each instead.
        fold: width at which plain text is wrapped; 0 never wraps.
    """

    lines: Sequence[tuple[str, str]]
    width: int = 12
    fold: int = 0

    def text(self) -> str:
        """Return the labelled lines."""
        lines = [(_cell(label), printable(text)) for label, text in self.lines]
        if self.fold:
            return "\n".join(self._folded(label, text) for label, text in lines)
        if self.width:
            return "\n".join(f"  {label:<{self.width}}{text}".rstrip() for label, text in lines)
        return "\n".join(f"  {label}: {text}" if label else f"  {text}" for label, text in lines)

    def _folded(self, label: str, text: str) -> str:
        first, hang = f"  {label:<{self.width}}", " " * (2 + self.width)
        if label == _VERBATIM:
            return first + text
        return textwrap.fill(
            text,
            self.fold,
            initial_indent=first,
            subsequent_indent=hang,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def html(self) -> str:
        """Return a description list."""
        items = "".join(f"<dt>{html.escape(label)}</dt><dd>{html.escape(text)}</dd>" for label, text in self.lines)
        return f"<dl>{items}</dl>"

    def markdown(self) -> str:
        """Return a bulleted list."""
        lines = [(markdown_escaped(label), markdown_escaped(text)) for label, text in self.lines]
        return "\n".join(f"- **{label}**: {text}" if label else f"- {text}" for label, text in lines)

    def latex(self) -> str:
        """Return a description list."""
        items = [rf"\item[{latex_escaped(label)}] {latex_escaped(text)}" for label, text in self.lines]
        return "\n".join([r"\begin{description}", *items, r"\end{description}"])


@dataclass(frozen=True)
class Report:
    """A title and the parts below it.

    Attributes:
        title: one line; empty for a report that only joins others.
        parts: tables, lines and reports, in order; empty ones are left out.
    """

    title: str
    parts: "Sequence[Table | Lines | Report]" = ()

    def text(self) -> str:
        """Return plain text, with a blank line between inner reports."""
        blocks = [_cell(self.title)] if self.title else []
        for part in self._filled():
            apart = blocks and isinstance(part, Report)
            blocks.append(("\n" if apart else "") + part.text())
        return "\n".join(blocks)

    def html(self, level: int = 4) -> str:
        """Return HTML below a heading of this level."""
        title = f"<h{level}>{html.escape(self.title)}</h{level}>" if self.title else ""
        parts = (part.html(min(level + 1, 6)) if isinstance(part, Report) else part.html() for part in self._filled())
        return f"<section class=scalelaw>{title}{''.join(parts)}</section>"

    def markdown(self, level: int = 3) -> str:
        """Return Markdown below a heading of this level."""
        title = [f"{'#' * level} {markdown_escaped(self.title)}"] if self.title else []
        parts = [
            part.markdown(min(level + 1, 6)) if isinstance(part, Report) else part.markdown() for part in self._filled()
        ]
        return "\n\n".join([*title, *parts])

    def latex(self) -> str:
        r"""Return LaTeX; its tables need ``\usepackage{booktabs}``."""
        title = [rf"\paragraph{{{latex_escaped(self.title)}}}"] if self.title else []
        return "\n\n".join([*title, *(part.latex() for part in self._filled())])

    def _filled(self) -> "list[Table | Lines | Report]":
        return [
            part
            for part in self.parts
            if (part.rows if isinstance(part, Table) else part.lines if isinstance(part, Lines) else True)
        ]


def _cell(text: str) -> str:
    """Return text as a terminal shows it within one line."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


class Renderable(Brief, ABC):
    """Base of results that compose a report, from which all renderings follow."""

    @abstractmethod
    def report(self) -> Report:
        """Return the report to print."""

    def __str__(self) -> str:
        return self.report().text()

    def in_brief(self) -> str:
        """Return the title of the printout, which ``repr`` shows."""
        report = self.report()
        return report.title or report.text().lstrip().partition("\n")[0]

    def _repr_html_(self) -> str:
        """Return HTML for a notebook."""
        return _STYLE + self.report().html()

    def to_markdown(self) -> str:
        """Return the printout as Markdown."""
        return self.report().markdown()

    def to_latex(self) -> str:
        r"""Return the printout as LaTeX; its tables need ``\usepackage{booktabs}``."""
        return self.report().latex()


def markdown_escaped(text: str) -> str:
    r"""Escape the characters that are special in Markdown.

    Example:
        >>> print(markdown_escaped("A/params**a | x_1"))
        A/params\*\*a \| x\_1
    """
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", text)


def latex_escaped(text: str) -> str:
    r"""Escape the characters that are special in LaTeX.

    Example:
        >>> print(latex_escaped("90 % of A_1"))
        90 \% of A\_1
    """
    return "".join(_LATEX.get(sign, sign) for sign in text)


def table(rows: Sequence[Sequence[str]], *, indent: str = "  ", right: Sequence[int] = ()) -> str:
    """Return rows as aligned columns; the columns with indices in ``right`` are right-aligned.

    Example:
        >>> print(table([["N", "70B"], ["D", "1.4T"]], right=[1]))
          N   70B
          D  1.4T
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)
