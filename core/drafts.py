"""A catalogue on its way in: activities as another system names them, before they have ids here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .catalogue import Level


class DraftSkill(NamedTuple):
    """A skill that a catalogue row names.

    :param skill_id: as the catalogue calls it.
    :param title: for people; the id when the row does not say.
    """

    skill_id: str
    title: str
    level: Level = Level.BEGINNER


@dataclass(frozen=True, slots=True)
class Draft:
    """One activity of a catalogue, checked. The fields mean what they mean in ``Activity``, except:

    :param key: the catalogue's own identifier; importing it again updates the same activity.
    :param media_type: "" when the row does not say, as with text, language and difficulty.
    :param prerequisites: keys, not ids.
    :param course_key, course_title: the course it belongs to; "" when none.
    """

    key: str
    title: str
    text: str = ""
    language: str = ""
    media_type: str = ""
    minutes: int = 0
    skills: tuple[DraftSkill, ...] = ()
    prerequisites: tuple[str, ...] = ()
    difficulty: float | None = None
    address: str = ""
    object_id: str = ""
    course_key: str = ""
    course_title: str = ""
    position: int = 0


class SkillDraft(NamedTuple):
    """A skill of a vocabulary on its way in.

    :param key: as catalogues call it.
    :param terms: words and phrases by which a text reveals it, lower case, the title among them.
    """

    key: str
    title: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did; all counts are of activities.

    :param tagged: how many of the new and changed ones the tagging hooks added something to.
    :param missing_prerequisites: keys that rows name as prerequisites and that no activity has, sorted.
    """

    new: int
    changed: int
    unchanged: int
    tagged: int
    missing_prerequisites: tuple[str, ...] = ()
