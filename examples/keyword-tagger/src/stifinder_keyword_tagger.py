"""Keyword tagger: the keywords of a text, brought to their stems, name its skills.

Keywords are found by RAKE: S. Rose, D. Engel, N. Cramer, W. Cowley, "Automatic Keyword Extraction from
Individual Documents", in Text Mining: Applications and Theory (2010). What is between stop words and
punctuation is a phrase; a word weighs the more, the longer the phrases it stands in; the best third is kept.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import snowballstemmer
import stopwordsiso
from stifinder import Activity, Manifest, Skill, SkillLevel, Tags, hookimpl, message

STEMMERS = {"da": "danish", "de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian"}
STEMMERS |= {"nb": "norwegian", "nl": "dutch", "no": "norwegian", "pt": "portuguese", "sv": "swedish"}
TEXT = 20_000
"""Characters of a text that are read."""
FEW = 10
"""A short text keeps so many keywords, more than its third."""
LONGEST = 5
"""Words of a phrase; longer ones are lists without commas."""
SKILLS = 5
"""An activity gets at most so many."""
WORD = re.compile(r"[^\W_]+|[^\w\s'’-]")
"""A word, or a mark that ends a phrase."""

Phrase = tuple[str, ...]


@lru_cache
def stop_words(language: str) -> frozenset[str]:
    """The words that carry no topic."""
    return frozenset(stopwordsiso.stopwords("no" if language == "nb" else language))


def phrases(text: str, language: str) -> Iterator[Phrase]:
    """The phrases of a text, as stems."""
    stemmer = snowballstemmer.stemmer(STEMMERS[language])  # not shared: it has a state
    stop, phrase = stop_words(language), []
    for word in [*WORD.findall(text.lower()), "."]:
        if word[0].isalnum() and word not in stop:
            phrase.append(stemmer.stemWord(word))
        elif phrase:
            if len(phrase) <= LONGEST:
                yield tuple(phrase)
            phrase = []


def keywords(text: str, language: str) -> dict[Phrase, float]:
    """The best third of a text's phrases, each with its weight: the sum of its words' degree / frequency."""
    found = list(phrases(text, language))
    degree: defaultdict[str, int] = defaultdict(int)
    frequency: defaultdict[str, int] = defaultdict(int)
    for phrase in found:
        for word in phrase:
            degree[word] += len(phrase)
            frequency[word] += 1
    weights = {phrase: sum(degree[w] / frequency[w] for w in phrase) for phrase in found}
    best = sorted(weights, key=lambda phrase: (-weights[phrase], phrase))
    return {phrase: weights[phrase] for phrase in best[: max(FEW, len(frequency) // 3)]}


@lru_cache(maxsize=8)
def vocabulary(skills: tuple[Skill, ...], language: str) -> tuple[tuple[str, tuple[Phrase, ...]], ...]:
    """(skill id, phrases of a term) for every term; a skill without terms goes by its title."""
    terms = (
        (skill.id, tuple(phrases(t, language))) for skill in skills for t in skill.terms or (skill.title,)
    )
    return tuple((skill, parts) for skill, parts in terms if parts)


def runs(weighed: Iterable[tuple[Phrase, float]]) -> dict[Phrase, float]:
    """Every run of words inside these phrases, with the weight of the best phrase it is in."""
    found: dict[Phrase, float] = {}
    for phrase, weight in weighed:
        for start in range(len(phrase)):
            for end in range(start + 1, len(phrase) + 1):
                run = phrase[start:end]
                found[run] = max(weight, found.get(run, 0.0))
    return found


@hookimpl
def manifest() -> Manifest:
    """It reads activities only: nothing about people."""
    return Manifest(
        about=message("Finds the skills of new content by its keywords."),
        purposes=frozenset(),
        reads=frozenset(),
    )


@hookimpl
def tag_activity(activity: Activity, skills: Mapping[str, Skill]) -> Tags:
    """The skills that the title or a keyword of the text names, the weightiest first.

    A language it has no stemmer for is read as English: equal words still have equal stems.
    """
    language = activity.language.split("-")[0]
    language = language if language in STEMMERS else "en"
    named = keywords(activity.text[:TEXT], language)
    top = max(named.values(), default=0.0) + 1.0
    found = runs([*named.items(), *((phrase, top) for phrase in phrases(activity.title, language))])
    weights: dict[str, float] = {}
    for skill, parts in vocabulary(tuple(skills.values()), language):
        if all(part in found for part in parts):
            weights[skill] = max(weights.get(skill, 0.0), sum(found[part] for part in parts))
    best = sorted(weights, key=lambda skill: (-weights[skill], skill))[:SKILLS]
    return Tags(skills=tuple(SkillLevel(skill) for skill in best))
