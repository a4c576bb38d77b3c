"""The works that laws and constants come from, by arXiv number, and their BibTeX."""

import re
from dataclasses import dataclass
from types import MappingProxyType

from scalelaw.core.version import __version__

_NUMBER = re.compile(r"arXiv (\d{4}\.\d{4,5})")


@dataclass(frozen=True)
class Reference:
    """One work.

    Attributes:
        authors: as BibTeX wants them.
        title: its title.
        year: of the first version.
        arxiv: its number.
    """

    authors: str
    title: str
    year: int
    arxiv: str

    @property
    def key(self) -> str:
        """The key of its entry: first author and year."""
        return f"{self.authors.partition(',')[0].lower()}{self.year}"

    def bibtex(self) -> str:
        """Return its entry."""
        return (
            f"@misc{{{self.key},\n  author = {{{self.authors}}},\n  title = {{{{{self.title}}}}},\n"
            f"  year = {{{self.year}}},\n  eprint = {{{self.arxiv}}},\n  archivePrefix = {{arXiv}}\n}}"
        )


_TABLE = (
    Reference("Kaplan, Jared and McCandlish, Sam and Henighan, Tom and others",
              "Scaling Laws for Neural Language Models", 2020, "2001.08361"),
    Reference("Henighan, Tom and Kaplan, Jared and Katz, Mor and others",
              "Scaling Laws for Autoregressive Generative Modeling", 2020, "2010.14701"),
    Reference("Hoffmann, Jordan and Borgeaud, Sebastian and Mensch, Arthur and others",
              "Training Compute-Optimal Large Language Models", 2022, "2203.15556"),
    Reference("Muennighoff, Niklas and Rush, Alexander M. and Barak, Boaz and others",
              "Scaling Data-Constrained Language Models", 2023, "2305.16264"),
    Reference("Gadre, Samir Yitzhak and Smyrnis, Georgios and Shankar, Vaishaal and others",
              "Language Models Scale Reliably with Over-Training and on Downstream Tasks", 2024, "2403.08540"),
    Reference("Besiroglu, Tamay and Erdil, Ege and Barnett, Matthew and You, Josh",
              "Chinchilla Scaling: A Replication Attempt", 2024, "2404.10102"),
    Reference("McLeish, Sean and Kirchenbauer, John and Miller, David Yu and others",
              "Gemstones: A Model Suite for Multi-Faceted Scaling Laws", 2025, "2502.06857"),
)  # fmt: skip

REFERENCES = MappingProxyType({work.arxiv: work for work in _TABLE})
"""arXiv number -> the work."""


def cited(text: str) -> tuple[Reference, ...]:
    """Return the works a text names by arXiv number, in order.

    Raises:
        KeyError: one of them is not in the table.

    Example:
        >>> [work.key for work in cited("Hoffmann et al. 2022, arXiv 2203.15556, eq. 2")]
        ['hoffmann2022']
    """
    return tuple(REFERENCES[number] for number in dict.fromkeys(_NUMBER.findall(text)))


def software() -> str:
    """Return the BibTeX entry of scalelaw itself."""
    return f"@software{{scalelaw,\n  title = {{{{scalelaw}}}},\n  version = {{{__version__}}}\n}}"
