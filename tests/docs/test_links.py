"""Links of the README and the pages are relative and lead to files and headings that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if not {"generated", "_build"} & set(page.parts)),
]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
ELSEWHERE = ("https://keepachangelog.com/", "https://semver.org/")
"""Standards that the changelog follows."""


def links(page: Path) -> list[str]:
    """Return the targets of the links of a page, outside blocks of code."""
    return LINK.findall(re.sub(r"(?ms)^```.*?^```", "", page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_are_relative_and_lead_somewhere(page: Path) -> None:
    wrong = [link for link in links(page) if not link.startswith(ELSEWHERE) and not _exists(page, link)]
    assert not wrong


def _exists(page: Path, link: str) -> bool:
    file, _, _ = link.partition("#")
    if "://" in link or file.startswith("/"):
        return False
    target = page.parent / file
    return not file or "generated" in target.parts or target.exists()


def test_a_link_to_nowhere_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[here](page.md) [there](gone.md) ![picture](https://example.org/a.png)")
    assert [_exists(page, link) for link in links(page)] == [True, False, False]
