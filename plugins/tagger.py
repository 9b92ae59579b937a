"""Rule-based tagger: skills by the tenant's vocabulary, language by ``py3langid``, media type by the title.

It does not guess: without a term there is no skill, short or unsure texts get no language, and difficulty is
left to others. A word counts only whole; inflected forms need a term of their own.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from msgspec import Meta

from .. import Activity, Level, Manifest, Skill, SkillLevel, Tags, hookimpl, message
from .settings import read

LANGUAGES = ("en", "da", "de", "sv", "no", "nl", "fr", "es")
WRITTEN_AS = {"no": "nb"}
LETTERS = 20
"""Shorter texts say too little of their language."""
TITLE = 3
ENOUGH = 2
"""A term in the title counts ``TITLE``, one in the text 1; a skill needs ``ENOUGH``."""
TEXT = 20_000
"""Characters of a text that are read."""
WORD = re.compile(r"\w+")

LEVELS = {
    Level.BEGINNER: (
        "introduction intro introducing beginner beginners basics basic fundamentals first"
        " introduktion begynder begyndere grundlæggende einführung anfänger grundlagen"
    ),
    Level.INTERMEDIATE: "intermediate øvet øvede fortsættere mittelstufe aufbaukurs",
    Level.ADVANCED: "advanced expert avanceret avancerede ekspert fortgeschrittene experten",
}
MEDIA = {
    "video": "video videos film screencast",
    "audio": "podcast audio lydfil hörbuch",
    "quiz": "quiz test prøve selbsttest",
    "exercise": "exercise exercises øvelse øvelser opgave opgaver übung übungen",
    "discussion": "discussion forum diskussion debat",
    "live": "webinar workshop",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may change.

    :param skills: how many skills an activity gets at most.
    :param sure: probability from which a language is believed.
    :param patience: seconds a call waits for the language model to load; until it has, languages stay empty.
    """

    skills: Annotated[int, Meta(ge=1, le=20)] = 5
    sure: Annotated[float, Meta(ge=0.2, le=1)] = 0.8
    patience: Annotated[float, Meta(ge=0, le=60)] = 4.0


_settings = Settings()


class Languages:
    """The language model: loading takes a second and some 50 MB, so only tagging loads it, once, aside."""

    def __init__(self) -> None:
        self._model: Any = None
        self._loaded = threading.Event()
        self._begun = False
        self._lock = threading.Lock()

    def name(self, text: str, sure: float, patience: float) -> str:
        """The language of a text as a BCP 47 tag, "" when too short or unsure, or not loaded in time."""
        if sum(map(str.isalpha, text)) < LETTERS:
            return ""
        with self._lock:
            if not self._begun:
                self._begun = True
                threading.Thread(target=self._load, daemon=True).start()
        if not self._loaded.wait(patience):
            return ""
        language, likely = self._model.classify(text)
        return WRITTEN_AS.get(language, language) if likely >= sure else ""

    def _load(self) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        model.set_languages(LANGUAGES)
        self._model = model
        self._loaded.set()


_languages = Languages()


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the vocabulary, the place of its first word in it, and the skills it reveals."""

    text: str
    offset: int
    skills: tuple[str, ...]


@lru_cache(maxsize=8)
def vocabulary(skills: tuple[Skill, ...]) -> dict[str, list[Term]]:
    """First word to the terms that have it, longest first; a look-up costs the same in a large vocabulary."""
    revealed: dict[str, list[str]] = {}
    for skill in skills:
        for term in skill.terms or (skill.title,):
            revealed.setdefault(" ".join(term.lower().split()), []).append(skill.id)
    terms: dict[str, list[Term]] = {}
    for text in sorted(revealed, key=lambda term: (-len(term), term)):
        if word := WORD.search(text):
            terms.setdefault(word.group(), []).append(Term(text, word.start(), tuple(revealed[text])))
    return terms


def find_terms(text: str, terms: Mapping[str, list[Term]]) -> Iterator[Term]:
    """The terms in a text, as whole words and not overlapping; the longest wins."""
    text = " ".join(text.lower().split())
    end = 0
    for word in WORD.finditer(text):
        for term in terms.get(word.group(), ()):
            start = word.start() - term.offset
            stop = start + len(term.text)
            if start >= end and text.startswith(term.text, start) and _apart(text, start, stop):
                end = stop
                yield term
                break


def _apart(text: str, start: int, stop: int) -> bool:
    """Whether no letter or digit touches the place on either side."""
    return not (start and _part_of_word(text[start - 1])) and not _part_of_word(text[stop : stop + 1])


def _part_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _words(text: str) -> set[str]:
    return set(WORD.findall(text.lower()))


_level_words = {level: set(words.split()) for level, words in LEVELS.items()}
_media_words = {media: set(words.split()) for media, words in MEDIA.items()}


def find_skills(activity: Activity, skills: Mapping[str, Skill], most: int) -> list[str]:
    """The skills a title and a text reveal, the most often named first."""
    terms = vocabulary(tuple(skills.values()))
    counts: Counter[str] = Counter()
    for text, weight in ((activity.title, TITLE), (activity.text[:TEXT], 1)):
        for term in find_terms(text, terms):
            for skill in term.skills:
                counts[skill] += weight
    named = [(skill, count) for skill, count in counts.items() if count >= ENOUGH]
    return [skill for skill, _ in sorted(named, key=lambda found: (-found[1], found[0]))[:most]]


def find_level(title: str) -> Level:
    """The level a title names, the highest when it names several; beginner when it names none."""
    named = [level for level, words in _level_words.items() if words & _words(title)]
    return max(named, default=Level.BEGINNER)


def find_media(title: str) -> str:
    """The media type a title names; "" when it names none or several."""
    named = [media for media, words in _media_words.items() if words & _words(title)]
    return named[0] if len(named) == 1 else ""


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message("Finds language, difficulty and skills of new content from its words."),
        purposes=frozenset(),
        reads=frozenset(),
        languages=("en", "da", "de"),
    )


@hookimpl
def configure(settings: Mapping[str, object]) -> None:
    """Take this plugin's settings."""
    global _settings
    _settings = read(Settings, settings)


@hookimpl
def tag_activity(activity: Activity, skills: Mapping[str, Skill]) -> Tags:
    """Say what title and text show; every part may be empty."""
    level = find_level(activity.title)
    found = find_skills(activity, skills, _settings.skills)
    text = f"{activity.title}. {activity.text[:2000]}"
    return Tags(
        skills=tuple(SkillLevel(skill, level) for skill in found),
        language=_languages.name(text, _settings.sure, _settings.patience),
        media_type=find_media(activity.title),
    )
