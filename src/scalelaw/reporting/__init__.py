"""Reports as one self-contained HTML file: the decision on the first screen, the details below."""

from scalelaw.reporting.answer import Answer as Answer
from scalelaw.reporting.answer import Evidence as Evidence
from scalelaw.reporting.answer import answer as answer
from scalelaw.reporting.card import Card as Card
from scalelaw.reporting.page import Block as Block
from scalelaw.reporting.page import page as page
