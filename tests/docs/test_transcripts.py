"""Every transcript of the docs is what its commands print now; ``make transcripts`` remakes them."""

from pathlib import Path

import pytest
import transcripts

PAGES = transcripts.pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_transcript_is_what_is_printed_now(page: Path) -> None:
    text = page.read_text()
    assert text == transcripts.remade(text, page.parent), "run `make transcripts` and read the difference"


def test_a_page_without_its_output_is_no_transcript() -> None:
    stale = "```console\n$ scalelaw calc 8B 15T\n```\n"
    assert transcripts.remade(stale) != stale
