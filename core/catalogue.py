"""What can be learned: skills, and activities that teach or test them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType


class Level(IntEnum):
    """How much an activity presupposes."""

    BEGINNER = 1
    INTERMEDIATE = 2
    ADVANCED = 3


MEDIA_TYPES = ("text", "video", "audio", "exercise", "quiz", "discussion", "live", "course", "other")


@dataclass(frozen=True, slots=True)
class Skill:
    """Something a person can know or do.

    :param terms: words or phrases by which a text reveals the skill, lower case.
    """

    id: str
    tenant_id: str
    title: str
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SkillLevel:
    """A skill, and the level at which an activity treats it."""

    skill_id: str
    level: Level = Level.BEGINNER


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing to do in the LMS.

    :param id: opaque, stable across re-imports of the same ``key``.
    :param key: the catalogue's own identifier, unique in the tenant.
    :param address: where it opens.
    :param object_id: the IRI by which xAPI statements name it; the address unless said otherwise.
    :param minutes: expected duration; 0 when unknown.
    :param media_type: one of ``MEDIA_TYPES``.
    :param language: BCP 47 tag, lower case (``en``, ``da``); empty when unknown.
    :param skills: what it teaches or tests, with levels.
    :param prerequisites: ids of activities to have done first.
    :param difficulty: 0..1, the share of prepared learners expected to fail at the first attempt; None
        unknown.
    :param context_ids: the courses it belongs to.
    :param position: its place in the course, from 0.
    """

    id: str
    tenant_id: str
    key: str
    title: str
    text: str = ""
    language: str = ""
    media_type: str = "text"
    minutes: int = 0
    skills: tuple[SkillLevel, ...] = ()
    prerequisites: tuple[str, ...] = ()
    difficulty: float | None = None
    address: str = ""
    object_id: str = ""
    context_ids: tuple[str, ...] = ()
    position: int = 0

    @property
    def skill_ids(self) -> tuple[str, ...]:
        """The ids of its skills, in the catalogue's order."""
        return tuple(entry.skill_id for entry in self.skills)

    @property
    def level(self) -> Level | None:
        """The highest level among its skills; None when it has none."""
        return max((entry.level for entry in self.skills), default=None)


@dataclass(frozen=True, slots=True)
class Tags:
    """What a tagger says of an activity. Empty parts leave the catalogue's own values alone."""

    skills: tuple[SkillLevel, ...] = ()
    language: str = ""
    difficulty: float | None = None
    media_type: str = ""


@dataclass(frozen=True)
class Catalogue:
    """All activities and skills of a tenant at one moment; immutable, shared between requests.

    :param version: changes whenever anything in it changes; a safe key for caches of what is derived from it.
    """

    tenant_id: str
    version: str
    activities: tuple[Activity, ...] = ()
    skills: Mapping[str, Skill] = field(default_factory=dict)
    by_id: Mapping[str, Activity] = field(init=False, repr=False, compare=False)
    index: Mapping[str, int] = field(init=False, repr=False, compare=False)
    _by_context: Mapping[str, tuple[Activity, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", MappingProxyType({a.id: a for a in self.activities}))
        object.__setattr__(self, "index", MappingProxyType({a.id: n for n, a in enumerate(self.activities)}))
        courses: dict[str, list[Activity]] = {}
        for activity in sorted(self.activities, key=lambda a: (a.position, a.id)):
            for context_id in set(activity.context_ids):
                courses.setdefault(context_id, []).append(activity)
        object.__setattr__(self, "_by_context", {c: tuple(found) for c, found in courses.items()})

    def __len__(self) -> int:
        return len(self.activities)

    def __iter__(self) -> Iterator[Activity]:
        return iter(self.activities)

    def in_context(self, context_id: str) -> tuple[Activity, ...]:
        """The activities of one course, in the course's order."""
        return self._by_context.get(context_id, ())

    def titles(self, skill_ids: Iterable[str]) -> tuple[str, ...]:
        """Human titles for skills; an unknown id stands for itself."""
        return tuple(self.skills[s].title if s in self.skills else s for s in skill_ids)
