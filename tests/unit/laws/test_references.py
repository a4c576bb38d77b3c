"""Every work that a law or its constants name can be cited."""

import re

from scalelaw import laws
from scalelaw.laws.references import REFERENCES, Reference, arxiv_numbers, cited

TEXTS = [
    (text, shape.references)
    for name in laws.names()
    for shape in laws.get(name).shapes
    for text in (shape.cite, *(constants.source for constants in shape.published.values()))
]


def test_every_arxiv_number_in_the_registry_has_its_reference() -> None:
    for text, carried in TEXTS:
        works = cited(text, carried)
        assert works and [work.arxiv for work in works] == list(arxiv_numbers(text))


def test_a_law_carries_works_that_the_table_lacks() -> None:
    work = Reference("Nobody, Ann and others", "A Law of Tomorrow", 2031, "3101.00001")
    text = "Nobody et al. 2031, arXiv 3101.00001, after Hoffmann et al. 2022, arXiv 2203.15556"
    assert [each.key for each in cited(text, (work,))] == ["nobody2031", "hoffmann2022"]
    assert [each.key for each in cited(text)] == ["hoffmann2022"]


def test_keys_are_unique_and_entries_whole() -> None:
    assert len({work.key for work in REFERENCES.values()}) == len(REFERENCES)
    for work in REFERENCES.values():
        entry = work.bibtex()
        assert entry.count("{") == entry.count("}") and re.search(rf"eprint = \{{{work.arxiv}\}}", entry)


def test_sources_of_constants_are_named_by_the_key_of_their_work() -> None:
    for name in laws.names():
        for shape in laws.get(name).shapes:
            for source, constants in shape.published.items():
                assert source.partition("-")[0] in {work.key for work in cited(constants.source, shape.references)}
