"""Write a report as self-contained HTML: cards, then blocks of prose, tables and figures, without scripts or fonts."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from scalelaw.core.rendering import Report
from scalelaw.core.version import __version__
from scalelaw.reporting.answer import Answer
from scalelaw.reporting.card import Card

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1b1b;--soft:#5c6672;--line:#d9dee5;--ground:#fff;--card:#f5f7fa;--law:#1f5fa8;
--care:#b3541e}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a3adb8;--line:#39414b;--ground:#15181c;--card:#1e2329;
--law:#7fb2ec;--care:#e9965c}}
body{margin:0 auto;max-width:68rem;padding:1.5rem;background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:2.5rem 0 .5rem;border-top:1px solid var(--line);
padding-top:1.2rem}h4,h5{margin:.8rem 0 .4rem;font-size:1rem}
.by{color:var(--soft);margin:.2rem 0 1.2rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:1rem}
.card{background:var(--card);border-top:4px solid var(--law);padding:1rem;border-radius:4px}
.card.care{border-top-color:var(--care)}.card h3{margin:0;font-size:.85rem;color:var(--soft);font-weight:600}
.card p.lead{font-size:1.35rem;font-weight:600;margin:.3rem 0 .6rem}.card ul{margin:0;padding-left:1.1rem}
.card dl{font-size:1rem;gap:.35rem 1.2rem}
figure{margin:1rem 0}figure svg{max-width:100%;height:auto;background:#fff;border-radius:4px}
figcaption{color:var(--soft);font-size:.9rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}
td,th{padding:.2rem .9rem .2rem 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
.r{text-align:right}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;font-size:.92rem}
code span{display:inline-block;max-width:100%;overflow-wrap:anywhere}
dt{color:var(--soft)}dd{margin:0}pre{overflow-x:auto;background:var(--card);padding:.8rem;font-size:.85rem}
@media print{.card{break-inside:avoid}body{max-width:none}}
"""


@dataclass(frozen=True)
class Block:
    """One part of a report.

    Attributes:
        title: heading.
        prose: paragraphs at the top.
        report: text report.
        figure: SVG text.
        caption: caption of the figure.
        code: preformatted text, such as BibTeX.
    """

    title: str
    prose: Sequence[str] = ()
    report: Report | None = None
    figure: str = ""
    caption: str = ""
    code: str = ""

    def html(self) -> str:
        """Return the block as HTML."""
        parts = [f"<h2>{html.escape(self.title)}</h2>"] if self.title else []
        parts += [f"<p>{html.escape(each)}</p>" for each in self.prose]
        if self.figure:
            parts.append(f"<figure>{self.figure}<figcaption>{html.escape(self.caption)}</figcaption></figure>")
        if self.report:
            parts.append(f"<div class=scroll>{self.report.html()}</div>")
        if self.code:
            parts.append(f"<pre>{html.escape(self.code)}</pre>")
        return "".join(parts)


def page(title: str, subtitle: str, first: Answer | Sequence[Card], blocks: Sequence[Block]) -> str:
    """Return a whole HTML document.

    Args:
        title: title of the report.
        subtitle: short description of the analysis.
        first: the first screen: an answer, or cards.
        blocks: blocks below the first screen.
    """
    below = "".join(block.html() for block in blocks)
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{html.escape(title)}</h1><p class=by>{html.escape(subtitle)}, by scalelaw {__version__}</p>"
        f"{_screen(first) if isinstance(first, Answer) else _cards(first)}{below}</body></html>\n"
    )


def _screen(first: Answer) -> str:
    """Return the six lines, with the first one large."""
    (_, train), *others = first.lines()
    rows = "".join(
        f"<dt>{html.escape(label)}</dt><dd>{_command(text) if label == 'next' else html.escape(text)}</dd>"
        for label, text in others
    )
    care = " care" if first.doubtful else ""
    return f"<section class='card{care}'><h3>train</h3><p class=lead>{html.escape(train)}</p><dl>{rows}</dl></section>"


def _cards(cards: Sequence[Card]) -> str:
    return f"<div class=cards>{''.join(map(_card, cards))}</div>"


def _card(card: Card) -> str:
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in card.lines)
    return (
        f"<section class='card{' care' if card.doubtful else ''}'><h3>{html.escape(card.title)}</h3>"
        f"<p class=lead>{html.escape(card.lead)}</p><ul>{lines}</ul></section>"
    )


def _command(text: str) -> str:
    """Return a command as HTML with line breaks only between words."""
    return f"<code>{' '.join(f'<span>{html.escape(word)}</span>' for word in text.split(' '))}</code>"


def inlined(svg: str, prefix: str) -> str:
    """Return an SVG document as an element of a page, with a prefix that makes its ids unique."""
    element = svg[svg.index("<svg") :]
    element = re.sub(r'\bid="', f'id="{prefix}-', element)
    return re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}-", element)
