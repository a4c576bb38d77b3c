"""Every work that a law or its constants name can be cited."""

import re

from scalelaw import laws
from scalelaw.laws.references import REFERENCES, cited

TEXTS = [
    text
    for name in laws.names()
    for shape in laws.get(name).shapes
    for text in (shape.cite, *(constants.source for constants in shape.published.values()))
]


def test_every_arxiv_number_in_the_registry_has_its_reference() -> None:
    assert all(cited(text) for text in TEXTS)


def test_keys_are_unique_and_entries_whole() -> None:
    assert len({work.key for work in REFERENCES.values()}) == len(REFERENCES)
    for work in REFERENCES.values():
        entry = work.bibtex()
        assert entry.count("{") == entry.count("}") and re.search(rf"eprint = \{{{work.arxiv}\}}", entry)


def test_sources_of_constants_are_named_by_the_key_of_their_work() -> None:
    for name in laws.names():
        for shape in laws.get(name).shapes:
            for source, constants in shape.published.items():
                assert source.partition("-")[0] in {work.key for work in cited(constants.source)}
