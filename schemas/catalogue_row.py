"""The form of one row of a catalogue or of a list of skills, as people and other systems write it.

Rows of CSV and of JSON Lines go through the same schemas: CSV has texts where JSON has numbers and lists.
``docs/catalogue.md`` describes the columns; reading files is the business of ``catalogue``.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, pre_load

from ..core.catalogue import MEDIA_TYPES, Level
from ..core.drafts import Draft, DraftSkill, SkillDraft

ALIASES = {
    "key": "id",
    "description": "text",
    "url": "address",
    "link": "address",
    "lang": "language",
    "type": "media_type",
    "duration": "minutes",
    "course": "course_id",
    "requires": "prerequisites",
}
"""Other names of columns; the right name wins when a row has both."""

MEDIA_ALIASES = {
    **dict.fromkeys(("page", "article", "book", "resource", "file", "document", "url", "lesson"), "text"),
    **dict.fromkeys(("podcast",), "audio"),
    **dict.fromkeys(("webinar", "classroom", "workshop", "meeting"), "live"),
    **dict.fromkeys(("h5p", "h5pactivity", "assignment", "assign", "lab", "task"), "exercise"),
    **dict.fromkeys(("test", "exam", "assessment"), "quiz"),
    **dict.fromkeys(("forum",), "discussion"),
    **dict.fromkeys(("scorm", "learning_plan"), "course"),
}
"""What systems call their kinds of activities, and which of ours that is."""

FOLDED = ("objectives", "questions", "keypoints")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
MOST_MINUTES = 100_000
MOST_POSITION = 1_000_000
SKILL_CHARACTERS = 300


def skill_id_of(title: str) -> str:
    """The id of a skill that has only a title: its words, lower case, joined by hyphens."""
    return "-".join(re.findall(r"\w+[+#]*", title.casefold()))


class _Cell(fields.Field[Any], ABC):
    """A value that is read on its own, whatever stands beside it."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return self.read(value)

    @abstractmethod
    def read(self, value: Any) -> Any:
        """Read one value.

        :raises ValidationError: with the end of a sentence that begins with the value.
        """


class _Text(_Cell):
    """A text without blanks around it, of at most ``longest`` characters."""

    def __init__(self, longest: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.longest = longest

    def read(self, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # an id is often a number there
        if not isinstance(value, str):
            raise ValidationError("is not a text")
        if UNKEEPABLE.search(value):
            raise ValidationError("holds a character that no database keeps (NUL or half a surrogate pair)")
        value = value.strip()
        if len(value) > self.longest:
            raise ValidationError(f"has {len(value)} characters, more than {self.longest}")
        return value


class _Number(_Cell):
    """A finite number from 0 to ``most``."""

    def __init__(self, most: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most = most

    def read(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValidationError("is not a number")
        try:
            number = float(value)
        except (ValueError, OverflowError) as error:
            raise ValidationError("is not a number") from error
        if not math.isfinite(number) or not 0 <= number <= self.most:
            raise ValidationError(f"is not between 0 and {self.most:g}")
        return number


class _Texts(_Text):
    """A list of texts; in CSV they stand in one cell, with semicolons between them."""

    def read(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.split(";")
        if not isinstance(value, list):
            raise ValidationError("is not a list")
        texts = [super(_Texts, self).read(entry) for entry in value]
        return tuple(dict.fromkeys(text for text in texts if text))


class _Skills(_Text):
    """Skills: texts (``title`` or ``title:level``), or objects with id, title and level."""

    def read(self, value: Any) -> Any:
        if isinstance(value, str):
            value = [part for part in value.split(";") if part.strip()]
        if not isinstance(value, list):
            raise ValidationError("is not a list")
        skills = [self._skill(entry) for entry in value]
        return tuple({skill.skill_id: skill for skill in reversed(skills)}.values())[::-1]

    def _skill(self, entry: Any) -> DraftSkill:
        if isinstance(entry, str):
            title, colon, level = entry.rpartition(":")
            named = colon and not level.startswith("//")  # an IRI is no title with a level
            entry = {"title": title, "level": level} if named else {"title": entry}
        if not isinstance(entry, Mapping):
            raise ValidationError("holds an entry that is neither a text nor an object")
        key = super().read(entry.get("id") or "")
        title = super().read(entry.get("title") or "")
        skill_id = key or skill_id_of(title)
        if not skill_id:
            raise ValidationError("holds a skill with neither an id nor a title")
        return DraftSkill(skill_id, title or skill_id, _level(entry.get("level")))


def _level(value: Any) -> Level:
    if value is None or value == "":
        return Level.BEGINNER
    word = str(value).strip()
    for level in Level:
        if word.casefold() in (level.name.casefold(), str(level.value)):
            return level
    raise ValidationError(f"holds the level {word[:40]!r}, which is not beginner, intermediate or advanced")


class _Row(Schema):
    """What both kinds of rows share: blanks mean "not said", and columns have other names too."""

    class Meta:
        unknown = EXCLUDE

    @pre_load
    def tidy(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Drop what is empty, and give columns their right names."""
        said = {k: v for k, v in data.items() if v is not None and not (isinstance(v, str) and not v.strip())}
        return {ALIASES[k]: v for k, v in said.items() if k in ALIASES} | {
            k: v for k, v in said.items() if k not in ALIASES
        }


def _cure(text: str) -> dict[str, str]:
    return {"cure": text}


_REQUIRED: dict[str, Any] = {"required": True, "error_messages": {"required": "is missing"}}


class CatalogueRow(_Row):
    """One activity. ``load`` gives a ``Draft``; each field's metadata has the cure for a wrong value."""

    id = _Text(500, **_REQUIRED, metadata=_cure("Give every row an id of its own that stays the same."))
    title = _Text(500, **_REQUIRED, metadata=_cure("Give it a title of at most 500 characters."))
    text = _Text(1_000_000, load_default="", metadata=_cure("Shorten it."))
    language = _Text(20, load_default="", metadata=_cure("Use a language tag such as en, da or pt-br."))
    media_type = _Text(40, load_default="", metadata=_cure(f"Use one of: {', '.join(MEDIA_TYPES)}."))
    minutes = _Number(MOST_MINUTES, metadata=_cure("Give minutes as a number, such as 20."))
    teaching_minutes = _Number(MOST_MINUTES, metadata=_cure("Give minutes as a number, such as 20."))
    exercise_minutes = _Number(MOST_MINUTES, metadata=_cure("Give minutes as a number, such as 20."))
    skills = _Skills(
        SKILL_CHARACTERS, load_default=(), metadata=_cure("Write them like `SQL; joins:advanced`.")
    )
    prerequisites = _Texts(500, load_default=(), metadata=_cure("List ids of rows, like `sql-1; sql-2`."))
    difficulty = _Number(1, load_default=None, metadata=_cure("Give a number from 0 (easy) to 1 (hard)."))
    address = _Text(2000, load_default="", metadata=_cure("Give a whole address that begins with https://."))
    object_id = _Text(2000, load_default="", metadata=_cure("Give the IRI that xAPI statements use."))
    course_id = _Text(500, load_default="", metadata=_cure("Give the course's id as a text."))
    course_title = _Text(500, load_default="", metadata=_cure("Give the course's title as a text."))
    position = _Number(MOST_POSITION, load_default=0.0, metadata=_cure("Give a whole number from 0."))
    objectives = _Texts(5000, load_default=(), metadata=_cure("Give a list of texts."))
    questions = _Texts(5000, load_default=(), metadata=_cure("Give a list of texts."))
    keypoints = _Texts(5000, load_default=(), metadata=_cure("Give a list of texts."))

    @post_load
    def draft(self, row: dict[str, Any], **_: Any) -> Draft:
        """Check what concerns several characters or columns, and make the draft."""
        language = row["language"].lower().replace("_", "-")
        if language and not LANGUAGE.fullmatch(language):
            raise ValidationError("is not a language tag", "language")
        media_type = row["media_type"].casefold().replace(" ", "_")
        media_type = MEDIA_ALIASES.get(media_type, media_type)
        if media_type and media_type not in MEDIA_TYPES:
            raise ValidationError("is not a media type", "media_type")
        if row["address"] and not is_address(row["address"]):
            raise ValidationError("is not a web address", "address")
        if row["object_id"] and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:\S+", row["object_id"]):
            raise ValidationError("is not an IRI", "object_id")
        minutes = row.get("minutes", row.get("teaching_minutes", 0.0) + row.get("exercise_minutes", 0.0))
        text = row["text"]
        extra = [entry for name in FOLDED for entry in row[name] if entry not in text]
        return Draft(
            key=row["id"],
            title=row["title"],
            text="\n".join([*([text] if text else []), *extra]),
            language=language,
            media_type=media_type,
            minutes=math.ceil(minutes),
            skills=row["skills"],
            prerequisites=tuple(key for key in row["prerequisites"] if key != row["id"]),
            difficulty=row["difficulty"],
            address=row["address"],
            object_id=row["object_id"],
            course_key=row["course_id"],
            course_title=row["course_title"],
            position=int(row["position"]),
        )


def is_address(value: str) -> bool:
    """Whether an activity can open there: a whole http(s) address, and no script."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", value)


class SkillRow(_Row):
    """One skill of a vocabulary. ``load`` gives a ``SkillDraft``."""

    id = _Text(SKILL_CHARACTERS, load_default="", metadata=_cure("Use at most 300 characters."))
    title = _Text(300, **_REQUIRED, metadata=_cure("Give it a title of at most 300 characters."))
    terms = _Texts(200, load_default=(), metadata=_cure("List words, like `join; left join`."))

    @post_load
    def draft(self, row: dict[str, Any], **_: Any) -> SkillDraft:
        """Make the id from the title when it has none, and let the title be a term."""
        key = row["id"] or skill_id_of(row["title"])
        if not key:
            raise ValidationError("has no letters to make an id from", "title")
        terms = tuple(dict.fromkeys(term.casefold() for term in (row["title"], *row["terms"])))
        return SkillDraft(key, row["title"], terms)
