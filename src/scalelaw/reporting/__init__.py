"""One self-contained HTML file: what a decision needs on its first screen, what a reader checks below."""

from scalelaw.reporting.headline import Card as Card
from scalelaw.reporting.headline import headline as headline
from scalelaw.reporting.page import Block as Block
from scalelaw.reporting.page import page as page
