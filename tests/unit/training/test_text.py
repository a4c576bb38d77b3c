"""Text becomes tokens on disk, the same ones every time, and errors say what is missing."""

import errno
import json
import os
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.core.errors import BadInput
from scalelaw.ladder import Data
from scalelaw.training.text import documents as sources
from scalelaw.training.text.batches import Batches
from scalelaw.training.text.bpe import BYTES, END, Tokenizer, train
from scalelaw.training.text.corpus import Corpus, Stream, build_corpus, load_corpus
from scalelaw.training.text.markov import SIGNS, MarkovLanguage

ENGLISH = ["the cat sat on the mat; the bat sat on the hat\n", "aaaaaa aaa aa b", "naïve café 2024, 12345"]

SMALL = train(ENGLISH * 3, BYTES + 20)
LANGUAGE = MarkovLanguage()


def by_the_book(words: list[str], n: int) -> list[tuple[int, int]]:
    """Return merges as the definition has it, one word at a time."""
    spelt = [list(word.encode()) for word in words]
    merges: list[tuple[int, int]] = []
    while len(merges) < n:
        counts: Counter[tuple[int, int]] = Counter()
        for word in spelt:
            counts.update(pairwise(word))
        top = max(counts.values())
        pair = min(pair for pair, count in counts.items() if count == top)
        for word in spelt:
            at = 0
            while at < len(word) - 1:
                if (word[at], word[at + 1]) == pair:
                    word[at : at + 2] = [BYTES + len(merges)]
                at += 1
        merges.append(pair)
    return merges


def test_merges_are_those_of_the_definition() -> None:
    words = ["banana", "bandana", "aaaaa", "anagram"] * 3
    assert list(train(["\n".join(words)], BYTES + 6).merges) == by_the_book(
        [piece for word in words for piece in (word, "\n")][:-1], 6
    )


@given(st.lists(st.text(max_size=40), max_size=5))
def test_what_is_encoded_decodes_to_itself(texts: list[str]) -> None:
    encoded = SMALL.encode(texts)
    assert [SMALL.decode(each) for each in encoded] == texts
    assert all(each[-1] == END and (each < SMALL.vocab_size).all() for each in encoded)
    assert [SMALL.encode([text])[0].tolist() for text in texts] == [each.tolist() for each in encoded]


def test_a_tokenizer_survives_json_and_merges_shorten() -> None:
    tokenizer = SMALL
    again = Tokenizer.from_dict(json.loads(json.dumps(tokenizer.to_dict())))
    assert again == tokenizer and again.digest == tokenizer.digest
    assert len(tokenizer.encode(ENGLISH[:1])[0]) < len(Tokenizer().encode(ENGLISH[:1])[0]) == len(ENGLISH[0]) + 1


def test_too_little_text_for_a_vocabulary_says_what_would_do() -> None:
    with pytest.raises(BadInput, match=r"too few for 512 tokens; give more text, or vocab_size = 2\d\d"):
        train(ENGLISH, 512)


def test_the_entropy_rate_is_what_the_true_model_scores() -> None:
    language = LANGUAGE
    text = language.sample(100_000, seed=3).astype(int)
    true = -np.log(language.table[text[:-2], text[1:-1], text[2:]])
    assert abs(true.mean() - language.entropy_rate) < 4 * true.std() / np.sqrt(len(true))
    np.testing.assert_allclose(language.table.sum(-1), 1)
    after = np.einsum("ab,abc->bc", language.stationary, language.table)
    np.testing.assert_allclose(after, language.stationary, atol=1e-12)


def test_entropies_follow_the_chain_rule() -> None:
    """H(c | a, b) = H(a, b, c) - H(a, b), and of the first prediction H(b | a) = H(a, b) - H(a)."""
    pairs = LANGUAGE.stationary
    triples = pairs[:, :, None] * LANGUAGE.table
    three, two, one = (float(-(p * np.log(p)).sum()) for p in (triples, pairs, pairs.sum(1)))
    assert LANGUAGE.entropy_rate == pytest.approx(three - two, rel=1e-9)
    assert LANGUAGE.floor(10) == pytest.approx((two - one + 9 * (three - two)) / 10, rel=1e-9)


def test_a_sequence_costs_more_than_the_entropy_rate_at_its_start_only() -> None:
    language = LANGUAGE
    extra = (language.floor(16) - language.entropy_rate) * 16
    assert extra == pytest.approx((language.floor(128) - language.entropy_rate) * 128)
    assert 0.5 < extra < np.log(SIGNS)


def test_every_kind_of_file_of_a_folder_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("plain")
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n\n{"text": "two"}\n{"text": "plain"}\n')
    polars.DataFrame({"text": ["three", None], "n": [1, 2]}).write_parquet(tmp_path / "c.parquet")
    (tmp_path / "d.bin").write_bytes(b"\xff\xfe\x00")
    (tmp_path / ".hidden").write_text("no")
    assert list(sources.documents(str(tmp_path))) == ["one", "two", "plain", "three"]


def test_the_standard_library_is_there_without_its_tests() -> None:
    texts = list(sources.documents("stdlib"))
    assert sum(map(len, texts)) > 4e6
    assert not any("import unittest.mock, test.support" in text for text in texts)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: p / "absent", "no such file or folder; give a path, stdlib, synthetic, or hf:<dataset>"),
        (lambda p: p, "no text found"),
        (lambda p: _written(p / "x.txt", b" \n"), "no text found"),
        (lambda p: _written(p / "x.txt", b"\xff\xfe"), "is not UTF-8 text"),
        (
            lambda p: _written(p / "x.jsonl", b'{"text": "a"}\n{"body": 1}\n'),
            "line 2 is not a JSON object with a 'text'",
        ),
        (lambda p: _written(p / "x.parquet", b"PAR1"), "no Parquet table with a column 'text'"),
    ],
    ids=["absent", "empty", "blank", "not text", "no field", "no table"],
)
def test_an_unreadable_source_says_why(tmp_path: Path, make: Callable[[Path], Path], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        list(sources.documents(str(make(tmp_path))))


def test_a_source_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so the refusal of the system is put in its place."""

    def refused(path: Path, *_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    _written(tmp_path / "x.txt", b"text")
    monkeypatch.setattr(os, "open", refused)
    for source in (tmp_path, tmp_path / "x.txt"):
        with pytest.raises(BadInput, match=r"x\.txt cannot be read: Permission denied"):
            list(sources.documents(str(source)))


@pytest.mark.slow
def test_a_dataset_of_hugging_face_is_read_as_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real loader, on local files."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    pytest.importorskip("datasets")
    for name, lines in {"good": '{"text": "one"}\n{"text": "two"}\n{"text": "one"}\n', "bad": '{"body": 1}\n'}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.jsonl").write_text(lines)
    assert list(sources.documents(f"hf:{tmp_path / 'good'}:train")) == ["one", "two"]
    with pytest.raises(BadInput, match="has no column 'text'; it has body"):
        list(sources.documents(f"hf:{tmp_path / 'bad'}"))
    with pytest.raises(BadInput, match=r"cannot be read: Bad split: other"):
        list(sources.documents(f"hf:{tmp_path / 'good'}:other"))


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def prose(folder: Path, n: int = 400) -> Path:
    draw = np.random.default_rng(5)
    words = ["".join(draw.choice(list("etaoinshr"), draw.integers(2, 8))) for _ in range(200)]
    for at in range(n):
        (folder / f"{at:03}.txt").write_text(" ".join(draw.choice(words, 60)))
    return folder


def test_a_corpus_is_built_once_and_read_back(tmp_path: Path) -> None:
    data = Data(str(prose(tmp_path)), tokenizer="bytes", seq_len=16, eval_tokens=2000)
    corpus = build_corpus(data, 300, tmp_path / ".c", at_least=50_000)
    stamp = (corpus.folder / "index.json").stat().st_mtime_ns
    again = build_corpus(data, 300, tmp_path / ".c")
    assert again.digest == corpus.digest and (corpus.folder / "index.json").stat().st_mtime_ns == stamp
    assert corpus.eval_tokens > 2000 and corpus.vocab_size == BYTES
    assert corpus.bytes_per_token == pytest.approx(1, abs=0.01)
    text = Tokenizer().decode(corpus.held_out_stream.windows(np.array([0]), 40)[0])
    assert any(path.read_text().startswith(text) for path in tmp_path.glob("*.txt"))


def test_bytes_per_token_are_bytes_and_not_letters(tmp_path: Path) -> None:
    for at in range(60):
        (tmp_path / f"{at}.txt").write_text("été" * (50 + at))
    corpus = build_corpus(Data(str(tmp_path), tokenizer="bytes", seq_len=16, eval_tokens=2000), 300, tmp_path / ".c")
    assert corpus.bytes_per_token == pytest.approx(1, abs=0.01)


def test_held_out_text_of_the_language_is_not_trained_on(corpus: Corpus) -> None:
    trained = corpus.train_stream.windows(np.array([0]), corpus.unique_tokens)[0].tobytes()
    assert corpus.held_out_stream.windows(np.array([0]), 60)[0].tobytes() not in trained


def test_documents_are_held_out_by_their_hash(tmp_path: Path) -> None:
    """What is held out stays so when other documents come, and nothing held out is trained on."""
    data = Data(str(prose(tmp_path)), tokenizer="bytes", seq_len=16, eval_tokens=2000)
    before = held_out(build_corpus(data, 300, tmp_path / ".a"))
    (tmp_path / "zzz.txt").write_text("one more document that was not there before")
    corpus = build_corpus(data, 300, tmp_path / ".b")
    trained = corpus.train_stream.windows(np.array([0]), corpus.unique_tokens)[0].tobytes()
    assert before <= held_out(corpus) and not any(each in trained for each in before)


def held_out(corpus: Corpus) -> set[bytes]:
    tokens = corpus.held_out_stream.windows(np.array([0]), corpus.eval_tokens)[0]
    return {each.tobytes() for each in np.split(tokens, np.flatnonzero(tokens == END)) if len(each) > 1}


def test_too_few_tokens_say_how_many_are_needed(tmp_path: Path) -> None:
    source = str(prose(tmp_path, 40))
    with pytest.raises(BadInput, match=r"40 documents has [\d,]+ tokens, and the evaluation set needs 9,001: add text"):
        build_corpus(Data(source, tokenizer="bytes", eval_tokens=9000), 300, tmp_path / ".c")
    with pytest.raises(BadInput, match=r"training tokens, and the longest run needs 1,000,000: add text"):
        build_corpus(Data(source, tokenizer="bytes", eval_tokens=500), 300, tmp_path / ".c", at_least=1_000_000)


def test_a_torn_shard_is_refused(tmp_path: Path, corpus: Corpus) -> None:
    for path in corpus.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "train-000.bin").write_bytes(b"\0\0")
    with pytest.raises(BadInput, match=r"train-000\.bin does not match its index"):
        load_corpus(tmp_path)


def test_windows_run_across_shards() -> None:
    tokens = np.arange(100, dtype=np.uint16)
    cut = Stream([tokens[:33], tokens[33:50], tokens[50:]])
    starts = np.array([0, 30, 48, 90])
    np.testing.assert_array_equal(cut.windows(starts, 10), starts[:, None] + np.arange(10))


def test_a_pass_reads_every_sequence_once_and_the_next_in_another_order() -> None:
    batches = Batches(Stream([np.arange(101, dtype=np.uint16)]), seq_len=10, sequences=5, seed=1)
    passes = [np.concatenate([batches.at(2 * n)[:, 0], batches.at(2 * n + 1)[:, 0]]).tolist() for n in range(2)]
    assert sorted(passes[0]) == sorted(passes[1]) == list(range(0, 100, 10))
    assert passes[0] != passes[1]
    again = Batches(Stream([np.arange(101, dtype=np.uint16)]), seq_len=10, sequences=5, seed=1)
    np.testing.assert_array_equal(again.at(3), batches.at(3))
    other = Batches(batches.stream, seq_len=10, sequences=5, seed=2)
    assert not np.array_equal(other.at(0), batches.at(0))
