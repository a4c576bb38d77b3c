"""A corpus on disk: tokens in memory-mapped shards, an index, and one held-out evaluation set.

``index.json`` is written last, so a corpus is complete or absent. Documents are held out by hash, independent of the
order and number of the others. Losses on corpora with different digests are not compared.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput
from scalelaw.core.files import whole_folder, write_whole
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.reading import LARGEST_SETTINGS, read_text
from scalelaw.core.types import AnyArray
from scalelaw.ladder import Data
from scalelaw.training.text.bpe import BYTES, Tokenizer, train
from scalelaw.training.text.documents import SYNTHETIC, documents
from scalelaw.training.text.markov import SIGNS, MarkovLanguage

INDEX = "index.json"
_SCHEMA = "scalelaw.corpus/1"
_SHARD = 1 << 26
"""Tokens per shard: 128 MB."""
_CHUNK = 1 << 24
"""Characters per batch of encoding."""
_TO_LEARN = 2_000_000
"""Characters for training a tokenizer."""
_SHARES = (64, 48, 32, 24, 16, 12, 8, 6, 4)
"""One document in this many is held out; the first number that gives enough tokens is used."""


@dataclass(frozen=True)
class Shard:
    """One file of tokens.

    Attributes:
        file: name of the file.
        tokens: number of tokens.
        sha256: SHA-256 of its bytes.
    """

    file: str
    tokens: int
    sha256: str


@dataclass(frozen=True)
class Corpus(Brief):
    """Training and evaluation tokens.

    Attributes:
        folder: folder of the shards.
        train: shards of training text.
        held_out: shards of the evaluation set.
        vocab_size: size of the vocabulary.
        bytes_per_token: bytes per token of the evaluation set; None for tokens without text.
        documents: number of documents, and number held out.
        about: source, tokenizer and sizes.
        entropy_rate: E in nats per token, if known.
        loss_floor: least loss on its sequences, if known.
    """

    folder: Path
    train: tuple[Shard, ...]
    held_out: tuple[Shard, ...]
    vocab_size: int
    bytes_per_token: float | None
    documents: tuple[int, int]
    about: dict[str, Any]
    entropy_rate: float | None = None
    loss_floor: float | None = None

    @property
    def unique_tokens(self) -> int:
        """U, distinct training tokens."""
        return sum(shard.tokens for shard in self.train)

    @property
    def eval_tokens(self) -> int:
        """Number of held-out tokens."""
        return sum(shard.tokens for shard in self.held_out)

    @property
    def digest(self) -> str:
        """Digest of all tokens."""
        return digest({"train": [s.sha256 for s in self.train], "held_out": [s.sha256 for s in self.held_out]})

    @cached_property
    def train_stream(self) -> "Stream":
        """The training tokens, memory-mapped."""
        return Stream([self._map(shard) for shard in self.train])

    @cached_property
    def held_out_stream(self) -> "Stream":
        """The held-out tokens, memory-mapped."""
        return Stream([self._map(shard) for shard in self.held_out])

    def _map(self, shard: Shard) -> AnyArray:
        return np.memmap(self.folder / shard.file, dtype=np.uint16, mode="r")


class Stream:
    """Shards read as one sequence of tokens."""

    def __init__(self, shards: Sequence[AnyArray]) -> None:
        self._shards = shards
        self._ends = np.cumsum([len(each) for each in shards])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def windows(self, starts: AnyArray, length: int) -> AnyArray:
        """Return windows of tokens at these starts, (n, length)."""
        places = starts[:, None] + np.arange(length)
        if len(self._shards) == 1:
            return np.asarray(self._shards[0][places])
        shard = np.searchsorted(self._ends, places, side="right")
        begins = self._ends - [len(each) for each in self._shards]
        found = np.empty(places.shape, np.uint16)
        for at in np.unique(shard):
            here = shard == at
            found[here] = self._shards[at][places[here] - begins[at]]
        return found


def build_corpus(data: Data, vocab_size: int, folder: Path, *, at_least: int = 0) -> Corpus:
    """Return the corpus of a ladder, loaded from its folder or built there.

    Args:
        data: source, tokenizer, and number of held-out tokens.
        vocab_size: V of the models.
        folder: folder of all corpora; each has its own subfolder.
        at_least: required distinct training tokens.

    Raises:
        BadInput: the source cannot be read or has too few tokens.
    """
    about = {
        "source": data.source, "tokenizer": data.tokenizer, "vocab_size": vocab_size, "seq_len": data.seq_len,
        "eval_tokens": int(data.eval_tokens),
    }  # fmt: skip
    if data.source == SYNTHETIC:
        about["unique_tokens"] = 1 << max(at_least - 1, 1).bit_length()  # so longer horizons often keep their text
    home = folder / digest(about)
    corpus = load_corpus(home) if (home / INDEX).exists() else _build(about, home)
    if corpus.unique_tokens < at_least:
        raise BadInput(
            f"{data.source} has {corpus.unique_tokens:,} training tokens, and the longest run needs "
            f"{at_least:,}: add text, shorten the horizon, or allow more epochs"
        )
    return corpus


def load_corpus(folder: Path) -> Corpus:
    """Load the corpus of a folder.

    Raises:
        BadInput: the index is missing or of another version, or a shard does not match it.
    """
    try:
        index = json.loads(read_text(folder / INDEX, LARGEST_SETTINGS))
    except (OSError, ValueError) as error:
        raise BadInput(f"{folder / INDEX} cannot be read: {error}; delete the folder to make it again") from error
    if index.pop("schema", None) != _SCHEMA:
        raise BadInput(f"{folder / INDEX} was written by another version; delete the folder to make it again")
    for part in ("train", "held_out"):
        index[part] = tuple(Shard(**each) for each in index[part])
        for shard in index[part]:
            path = folder / shard.file
            if not path.exists() or path.stat().st_size != 2 * shard.tokens:
                raise BadInput(f"{path} does not match its index; delete {folder} to make it again")
    for derived in ("digest", "tokenizer"):
        index.pop(derived, None)
    return Corpus(folder, **{**index, "documents": tuple(index["documents"])})


def _build(about: dict[str, Any], home: Path) -> Corpus:
    with whole_folder(home) as part:
        made = _synthetic(about, part) if about["source"] == SYNTHETIC else _text(about, part)
        _write_index(made)
        if home.exists():  # a folder without an index is incomplete
            shutil.rmtree(home)
    return load_corpus(home)


def _write_index(corpus: Corpus) -> None:
    index = {name: value for name, value in asdict(corpus).items() if name != "folder"}
    write_whole(corpus.folder / INDEX, json.dumps({"schema": _SCHEMA, "digest": corpus.digest, **index}, indent=1))


def _synthetic(about: dict[str, Any], folder: Path) -> Corpus:
    if about["vocab_size"] < SIGNS:
        raise BadInput(f"vocab_size = {about['vocab_size']}: the synthetic language has {SIGNS} symbols")
    language = MarkovLanguage()
    return Corpus(
        folder,
        train=_write(folder, "train", iter([language.sample(about["unique_tokens"] + 1, seed=1)])),
        held_out=_write(folder, "held-out", iter([language.sample(about["eval_tokens"] + 1, seed=2)])),
        vocab_size=SIGNS,
        bytes_per_token=None,
        documents=(0, 0),
        about=about,
        entropy_rate=language.entropy_rate,
        loss_floor=language.floor(about["seq_len"]),
    )


def _text(about: dict[str, Any], folder: Path) -> Corpus:
    texts = list(documents(about["source"]))
    tokenizer = _tokenizer(about, texts)
    if tokenizer.vocab_size > about["vocab_size"]:
        raise BadInput(f"vocab_size = {about['vocab_size']}: bytes need at least {BYTES} tokens")
    write_whole(folder / "tokenizer.json", json.dumps(tokenizer.to_dict()))
    train_texts, held_out_texts = _divided(texts, tokenizer, about)
    held_out = _write(folder, "held-out", _encoded(held_out_texts, tokenizer))
    n_bytes = sum(len(text.encode("utf-8", errors="replace")) for text in held_out_texts)
    return Corpus(
        folder,
        train=_write(folder, "train", _encoded(train_texts, tokenizer)),
        held_out=held_out,
        vocab_size=tokenizer.vocab_size,
        bytes_per_token=n_bytes / sum(shard.tokens for shard in held_out),
        documents=(len(texts), len(held_out_texts)),
        about={**about, "tokenizer_digest": tokenizer.digest},
    )


def _tokenizer(about: dict[str, Any], texts: Sequence[str]) -> Tokenizer:
    """Return the tokenizer, trained on a sample of all documents."""
    if about["tokenizer"] == "bytes":
        return Tokenizer()
    every = max(1, sum(map(len, texts)) // _TO_LEARN)
    return train(sorted(texts, key=_mark)[::every], about["vocab_size"])


def _mark(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", errors="replace")).digest()


def _divided(texts: Sequence[str], tokenizer: Tokenizer, about: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return training and held-out documents; the held-out share is the smallest, by hash, with enough tokens."""
    marks = [int.from_bytes(_mark(text)[:8], "big") for text in texts]
    found = 0
    for share in _SHARES:
        held_out = [text for text, mark in zip(texts, marks, strict=True) if mark % share == 0]
        found = sum(map(len, tokenizer.encode(held_out)))
        if found > about["eval_tokens"]:
            return [text for text, mark in zip(texts, marks, strict=True) if mark % share], held_out
    raise BadInput(
        f"{about['source']}: a quarter of its {len(texts)} documents has {found:,} tokens, and the "
        f"evaluation set needs {about['eval_tokens'] + 1:,}: add text, or lower eval_tokens"
    )


def _encoded(texts: Sequence[str], tokenizer: Tokenizer) -> Iterator[AnyArray]:
    """Yield the tokens of the documents in chunks that fit into memory."""
    chunk: list[str] = []
    for text in texts:
        chunk.append(text)
        if sum(map(len, chunk)) > _CHUNK:
            yield np.concatenate(tokenizer.encode(chunk))
            chunk = []
    if chunk:
        yield np.concatenate(tokenizer.encode(chunk))


def _write(folder: Path, name: str, tokens: Iterator[AnyArray]) -> tuple[Shard, ...]:
    """Write tokens into shards."""
    shards: list[Shard] = []
    waiting = np.empty(0, np.uint16)
    for each in tokens:
        waiting = np.concatenate([waiting, each.astype(np.uint16)])
        while len(waiting) >= _SHARD:
            shards.append(_shard(folder, f"{name}-{len(shards):03}.bin", waiting[:_SHARD]))
            waiting = waiting[_SHARD:]
    if len(waiting):
        shards.append(_shard(folder, f"{name}-{len(shards):03}.bin", waiting))
    return tuple(shards)


def _shard(folder: Path, file: str, tokens: AnyArray) -> Shard:
    content = tokens.astype("<u2").tobytes()
    write_whole(folder / file, content)
    return Shard(file, len(tokens), hashlib.sha256(content).hexdigest())
