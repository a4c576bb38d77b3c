"""A byte-pair encoding trained on the corpus: the most frequent pair of tokens becomes a token, until there are enough.

Text is split into words first, and equal words are encoded once. One array holds all distinct words, so that counting
and merging pairs take a few array operations, in training and in encoding.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput
from scalelaw.core.types import AnyArray

END = 256
"""The token that ends a document."""

BYTES = 257
"""Tokens before any merge: the bytes, and the end of a document."""

_WORD = re.compile(r" ?[^\W\d]+| ?\d{1,3}| ?[^\s\w]+|\s+(?=\s\S)|\s+")
_MOST = 8192
"""Largest vocabulary; the table of pairs of a larger one would not fit into memory."""


@dataclass(frozen=True)
class Tokenizer:
    """Bytes, and the merged pairs of tokens.

    Attributes:
        merges: pairs in the order of merging; the first makes token 257. Without merges, tokens are bytes.

    Example:
        >>> tokenizer = train(["low lower lowest"] * 4, vocab_size=260)
        >>> tokenizer.encode(["lower"])[0].tolist(), tokenizer.decode(tokenizer.encode(["lower"])[0])
        ([258, 101, 114, 256], 'lower')
    """

    merges: tuple[tuple[int, int], ...] = ()

    @property
    def vocab_size(self) -> int:
        """V: the bytes, the end of a document, and one token per merge."""
        return BYTES + len(self.merges)

    @property
    def digest(self) -> str:
        """Digest of the merges."""
        return digest([list(pair) for pair in self.merges])

    def encode(self, documents: Iterable[str]) -> list[AnyArray]:
        """Return the tokens of each document, with ``END`` last, as uint16."""
        words: dict[str, int] = {}
        found = [
            np.fromiter((words.setdefault(word, len(words)) for word in _WORD.findall(text)), np.int64)
            for text in documents
        ]
        tokens, starts = _pack(words)
        for at, pair in enumerate(self.merges):
            tokens, starts, _ = _merge(tokens, starts, pair, BYTES + at)
        return [_gather(tokens, starts, each) for each in found]

    def decode(self, tokens: AnyArray) -> str:
        """Return the text of tokens, without ends of documents."""
        pieces = self.pieces
        return b"".join(pieces[token] for token in np.asarray(tokens).tolist()).decode(errors="replace")

    @property
    def pieces(self) -> list[bytes]:
        """The bytes of each token; empty for the end of a document."""
        pieces = [bytes([each]) for each in range(END)] + [b""]
        for left, right in self.merges:
            pieces.append(pieces[left] + pieces[right])
        return pieces

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"schema": "scalelaw.tokenizer/1", "digest": self.digest, "merges": [list(pair) for pair in self.merges]}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the tokenizer of ``to_dict``."""
        return cls(tuple((int(left), int(right)) for left, right in content["merges"]))


def train(documents: Iterable[str], vocab_size: int) -> Tokenizer:
    """Train a tokenizer on documents; of equally frequent pairs the lower one is merged first.

    Raises:
        BadInput: ``vocab_size`` is out of range, or the text is too short.
    """
    if not BYTES <= vocab_size <= _MOST:
        raise BadInput(f"vocab_size = {vocab_size}: give {BYTES} to {_MOST} tokens for a byte-pair encoding")
    counts: Counter[str] = Counter()
    for text in documents:
        counts.update(_WORD.findall(text))
    tokens, starts = _pack(counts)
    often = np.fromiter(counts.values(), np.int64, len(counts))
    merges: list[tuple[int, int]] = []
    pairs = np.zeros((vocab_size, vocab_size), np.int64)
    word = np.repeat(np.arange(len(often)), np.diff(starts))
    _count(pairs, tokens, word, often)
    while BYTES + len(merges) < vocab_size:
        best = int(pairs.argmax())
        pair = (best // vocab_size, best % vocab_size)
        if pairs[pair] < 2:
            raise BadInput(
                f"the text has {len(counts)} distinct words, too few for {vocab_size} tokens; "
                f"give more text, or vocab_size = {BYTES + len(merges)}"
            )
        touched = np.zeros(len(often), bool)
        touched[word[_places(tokens, word, pair)]] = True
        inside = touched[word]
        _count(pairs, tokens[inside], word[inside], -often)
        tokens, starts, word = _merge(tokens, starts, pair, BYTES + len(merges))
        inside = touched[word]
        _count(pairs, tokens[inside], word[inside], often)
        merges.append(pair)
    return Tokenizer(tuple(merges))


def _pack(words: Iterable[str]) -> tuple[AnyArray, AnyArray]:
    """Return the bytes of all words in one array, and the start of each word and end of the last."""
    encoded = [word.encode("utf-8", errors="replace") for word in words]
    starts = np.concatenate([[0], np.cumsum([len(each) for each in encoded], dtype=np.int64)]).astype(np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8).astype(np.int32), starts


def _count(pairs: AnyArray, tokens: AnyArray, word: AnyArray, often: AnyArray) -> None:
    """Add the counts of adjacent pairs within words to the table."""
    together = word[1:] == word[:-1]
    flat = tokens[:-1][together].astype(np.int64) * len(pairs) + tokens[1:][together]
    np.add.at(pairs.reshape(-1), flat, often[word[:-1][together]])


def _places(tokens: AnyArray, word: AnyArray, pair: tuple[int, int]) -> AnyArray:
    """Return the positions of a pair; of overlapping ones (a a a) every second, from the left."""
    at = np.flatnonzero((tokens[:-1] == pair[0]) & (tokens[1:] == pair[1]) & (word[:-1] == word[1:]))
    if pair[0] != pair[1] or not len(at):
        return at
    first = np.r_[True, np.diff(at) > 1]
    return np.asarray(at[(at - at[first][np.cumsum(first) - 1]) % 2 == 0])


def _merge(tokens: AnyArray, starts: AnyArray, pair: tuple[int, int], into: int) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return the tokens after merging a pair, the new word starts, and the word of each token."""
    word = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    at = _places(tokens, word, pair)
    merged = tokens.copy()
    merged[at] = into
    stays = np.ones(len(tokens), bool)
    stays[at + 1] = False
    gone = np.concatenate([[0], np.cumsum(~stays)])
    return merged[stays], starts - gone[starts], word[stays]


def _gather(tokens: AnyArray, starts: AnyArray, words: AnyArray) -> AnyArray:
    """Return the tokens of consecutive words, followed by the end of a document."""
    lengths = np.diff(starts)[words]
    before = np.cumsum(lengths) - lengths
    where = np.arange(lengths.sum()) + np.repeat(starts[words] - before, lengths)
    return np.append(tokens[where], END).astype(np.uint16)
