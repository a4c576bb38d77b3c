"""One self-contained HTML file: what a decision needs on its first screen, what a reader checks below."""

from scalelaw.reporting.answer import Answer as Answer
from scalelaw.reporting.answer import Evidence as Evidence
from scalelaw.reporting.answer import answer as answer
from scalelaw.reporting.card import Card as Card
from scalelaw.reporting.page import Block as Block
from scalelaw.reporting.page import page as page
