"""What activities are about, by their texts: for the content strategy, and for new content above all.

Three views are weighed: words (TF-IDF, on the title and the first ``TEXT`` characters), what words mean by
the company they keep (latent semantic analysis: S. Deerwester and others, "Indexing by Latent Semantic
Analysis", 1990), and runs of four characters (on the title and the first ``RUNS``), which see that
``regneark`` is part of ``regnearksformel`` and need no stemmer for each language. The shares were chosen on
eight of the 24 courses of the Carpentries catalogue; the bench ``new-content`` judges by the other sixteen.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import Activity

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

Floats = NDArray[np.float64]

TEXT = 8000
RUNS = 600
TERMS = 20_000
TOPICS = 50
PER_TOPIC = 5
"""Activities needed for each topic of the analysis."""
WORDS_SHARE, RUNS_SHARE, TOPICS_SHARE = 0.4, 0.4, 0.2
FEW = 50
"""Up to this many texts every word counts, however rare or common."""
_loading = threading.Lock()


def warm_up() -> None:
    """Let the libraries do what they do once in a process: be loaded (0.5 s), and choose kernels (70 ms)."""
    with _loading:
        some = [Activity(str(n), "", str(n), f"some words {n}") for n in range(10)]
        if texts := texts_of(some):
            texts.likeness([0], [1.0])
            texts.between([0], [1])


def is_warming_up() -> bool:
    """Whether the libraries are being loaded: who needs texts now would wait."""
    return _loading.locked()


@dataclass(frozen=True, eq=False)
class Texts:
    """The texts of a catalogue as vectors; the product of two rows (both parts added) is their likeness.

    :param terms: (activities, words and runs), sparse.
    :param topics: (activities, topics).
    """

    words: TfidfVectorizer
    runs: TfidfVectorizer
    terms: Any
    topics: NDArray[np.float32]

    def likeness(self, places: Sequence[int], weights: Sequence[float]) -> Floats:
        """How like each text is to these, 0..1: the weighted mean of likenesses."""
        weight = np.asarray(weights, dtype=np.float32)
        weight = weight / weight.sum()
        chosen = list(places)
        wanted = self.terms[chosen].T @ weight
        found = self.terms @ wanted + self.topics @ (self.topics[chosen].T @ weight)
        answer: Floats = np.clip(found.astype(np.float64), 0.0, 1.0)
        return answer

    def between(self, places: Sequence[int], others: Sequence[int]) -> Floats:
        """(places, others): likeness of each pair, 0..1."""
        here, there = list(places), list(others)
        found = (self.terms[here] @ self.terms[there].T).toarray() + self.topics[here] @ self.topics[there].T
        answer: Floats = np.clip(found.astype(np.float64), 0.0, 1.0)
        return answer

    def nearest(self, places: Sequence[int], count: int) -> Floats:
        """How like each text is to the ``count`` of these that are most like it, itself left out, 0..1."""
        others = self.between(range(len(self.topics)), places)
        others[list(places), np.arange(len(places))] = 0.0
        best: Floats = np.sort(others, axis=1)[:, -count:].mean(axis=1)
        return best

    def speaks_of(self, text: str) -> Floats:
        """How much each text has in common with some words of a person, 0..1; topics need more than that."""
        asked = _joined(self.words.transform([text]), self.runs.transform([text]))
        found = (self.terms @ asked.T).toarray().ravel()
        answer: Floats = np.clip(found.astype(np.float64), 0.0, 1.0)
        return answer


def texts_of(activities: Sequence[Activity]) -> Texts | None:
    """The texts as vectors; None where there is not a single word in them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    short = [f"{a.title} {a.text[:RUNS]}" for a in activities]
    if not any(character.isalnum() for text in short for character in text):
        return None
    few = len(short) <= FEW
    words = TfidfVectorizer(
        token_pattern=r"\b\w+\b",  # noqa: S106  # nosec B106 (no password)
        sublinear_tf=True,
        max_features=TERMS,
        min_df=1 if few else 2,
        max_df=1.0 if few else 0.5,
        dtype=np.float32,
    )
    runs = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(4, 4), sublinear_tf=True, max_features=TERMS, dtype=np.float32
    )
    whole = [f"{a.title} {a.text[:TEXT]}" for a in activities]
    try:
        by_word = words.fit_transform(whole)
    except ValueError:  # of many texts no two share a word, or nearly all share all of them
        by_word = words.set_params(min_df=1, max_df=1.0).fit_transform(whole)
    topics = _topics(by_word)
    terms = _joined(by_word, runs.fit_transform(short))
    return Texts(words, runs, terms if topics.any() else terms / np.sqrt(1 - TOPICS_SHARE), topics)


def _joined(by_word: Any, by_run: Any) -> Any:
    from scipy.sparse import hstack

    parts = [by_word * np.sqrt(WORDS_SHARE), by_run * np.sqrt(RUNS_SHARE)]
    return hstack(parts, format="csr", dtype=np.float32)


def _topics(by_word: Any) -> NDArray[np.float32]:
    """(texts, topics), rows of one length; all zero where there are too few texts to find any."""
    count = min(TOPICS, by_word.shape[0] // PER_TOPIC, by_word.shape[1] - 1)
    if count < 2:
        return np.zeros((by_word.shape[0], 1), dtype=np.float32)
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    found = TruncatedSVD(count, random_state=0).fit_transform(by_word)
    scaled: NDArray[np.float32] = (normalize(found) * np.sqrt(TOPICS_SHARE)).astype(np.float32)
    return scaled
