"""What a tenant takes along, as values: each class is one kind of thing in the files of a move.

The forms are closed: an unknown field or a wrong type is refused while reading. Ids are kept as they are,
because suggestions are drawn by chance from them; everything else is what the tables hold, by better names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..catalogue import Level
from ..decisions import DecisionKind
from ..evidence import Event, EventKind
from ..people import Depth, Profile, Purpose, Role, Source
from ..proposals import Dismissal, Outcome

Id = Annotated[str, Meta(min_length=1, max_length=64)]
NoId = Annotated[str, Meta(max_length=64)]
"""An id, or "" where there is none."""
Share = Annotated[float, Meta(ge=0, le=1)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all parts have in common."""


# --- settings -------------------------------------------------------------------------------------


class LegalBasis(Part, frozen=True, kw_only=True):
    """A purpose that rests on another basis than each learner's consent, for one source of data."""

    purpose: Purpose
    source: Source
    basis: Annotated[str, Meta(max_length=100)]
    decided_by: Annotated[str, Meta(max_length=200)]
    decided_at: datetime
    notice: str


class Choice(Part, frozen=True, kw_only=True):
    """A setting of the tenant, or of one course, that is not the default."""

    key: Annotated[str, Meta(max_length=60)]
    value: Any
    changed_at: datetime
    course: NoId = ""


class PluginUse(Part, frozen=True, kw_only=True):
    """Whether the tenant uses a plugin, and its settings where they are not the installation's."""

    plugin: Annotated[str, Meta(max_length=100)]
    enabled: bool
    changed_at: datetime
    settings: dict[str, Any] = {}
    settings_version: int = 1


class Decided(Part, frozen=True, kw_only=True):
    """What staff decided about an activity, for everybody or (in a learner's line) for one person."""

    kind: DecisionKind
    activity: Id
    decided_by: Annotated[str, Meta(max_length=200)]
    decided_at: datetime
    course: NoId = ""
    instead: NoId = ""


class Dropped(Part, frozen=True, kw_only=True):
    """How many statements were answered but not kept on a day, and why."""

    day: Annotated[str, Meta(max_length=10)]
    reason: Annotated[str, Meta(max_length=40)]
    count: Annotated[int, Meta(ge=0)]


class Erasure(Part, frozen=True, kw_only=True):
    """The receipt of an erasure: that somebody was forgotten, never who."""

    id: Id
    at: datetime
    removed: dict[str, int]


class TenantSettings(Part, frozen=True, kw_only=True):
    """``settings.json``: what the tenant chose. Secrets and keys are not in it."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    locale: Annotated[str, Meta(max_length=20)]
    legal_bases: list[LegalBasis] = []
    choices: list[Choice] = []
    plugins: list[PluginUse] = []
    decisions: list[Decided] = []
    dropped: list[Dropped] = []
    erasures: list[Erasure] = []


# --- catalogue ------------------------------------------------------------------------------------


class Group(Part, frozen=True, kw_only=True):
    """A group of a course."""

    id: Id
    title: Annotated[str, Meta(max_length=300)]
    set_title: Annotated[str, Meta(max_length=300)] = ""


class Course(Part, frozen=True, kw_only=True):
    """A course.

    :param lms_key: the LMS's course that was recognised by its title: issuer, ``#``, and its id there.
    """

    id: Id
    key: Annotated[str, Meta(max_length=500)]
    title: Annotated[str, Meta(max_length=500)] = ""
    kind: Annotated[str, Meta(max_length=40)] = "course"
    lms_key: Annotated[str, Meta(max_length=500)] = ""
    groups: list[Group] = []


class Alignment(Part, frozen=True, kw_only=True):
    """What a skill is called in a published framework.

    :param framework: such as ``CASE``, ``ESCO``.
    :param uri: of the item: a CASE CFItem or an ESCO concept.
    """

    uri: Annotated[str, Meta(min_length=1, max_length=2000)]
    framework: Annotated[str, Meta(max_length=100)] = ""


class MovedSkill(Part, frozen=True, kw_only=True):
    """A skill, and the words by which texts reveal it."""

    id: Id
    title: Annotated[str, Meta(max_length=300)]
    terms: list[str] = []
    alignments: list[Alignment] = []


class Taught(Part, frozen=True, kw_only=True):
    """A skill of an activity, with its level (1 beginner to 3 advanced)."""

    skill: Id
    level: Level = Level.BEGINNER


class MovedActivity(Part, frozen=True, kw_only=True):
    """An activity; see ``Activity`` for what the fields mean."""

    id: Id
    key: Annotated[str, Meta(max_length=500)]
    title: Annotated[str, Meta(max_length=500)]
    text: str = ""
    language: Annotated[str, Meta(max_length=20)] = ""
    media_type: Annotated[str, Meta(max_length=40)] = "text"
    minutes: Annotated[int, Meta(ge=0)] = 0
    skills: list[Taught] = []
    prerequisites: list[Id] = []
    difficulty: Share | None = None
    address: Annotated[str, Meta(max_length=2000)] = ""
    object_id: Annotated[str, Meta(max_length=2000)] = ""
    courses: list[Id] = []
    position: int = 0


class MovedCatalogue(Part, frozen=True, kw_only=True):
    """``catalogue.json``: what can be learned."""

    courses: list[Course] = []
    skills: list[MovedSkill] = []
    activities: list[MovedActivity] = []


# --- people ---------------------------------------------------------------------------------------


class Agreed(Part, frozen=True, kw_only=True):
    """One agreement of a learner, and the version of the text that was agreed to."""

    purpose: Purpose
    source: Source
    at: datetime
    text_version: Annotated[str, Meta(max_length=40)]


class Said(Part, frozen=True, kw_only=True):
    """What a person says about themselves; see ``Profile``."""

    goals: list[str] = []
    stated_levels: dict[str, Share] = {}
    solo: bool | None = None
    media: list[str] = []
    role: str = ""
    depth: Depth | None = None
    deadline: date | None = None
    helps: Annotated[int, Meta(ge=0)] | None = None

    @classmethod
    def of(cls, profile: Profile) -> Said:
        """From the profile."""
        return cls(
            goals=list(profile.goals),
            stated_levels=dict(profile.stated_levels),
            solo=profile.solo,
            media=list(profile.media),
            role=profile.role,
            depth=profile.depth,
            deadline=profile.deadline,
            helps=profile.helps,
        )

    def profile(self) -> Profile:
        """As the core has it."""
        return Profile(
            tuple(self.goals),
            self.stated_levels,
            self.solo,
            tuple(self.media),
            self.role,
            self.depth,
            self.deadline,
            self.helps,
        )


class SeenIn(Part, frozen=True, kw_only=True):
    """Where the learner takes part, known of those who agreed to be found by others."""

    course: NoId
    seen_at: datetime


class InGroup(Part, frozen=True, kw_only=True):
    """A group the learner is in."""

    course: Id
    group: Id


class Estimate(Part, frozen=True, kw_only=True):
    """What was last believed about a skill: mean and interval of the probability of knowing it."""

    skill: Id
    mean: float
    low: float
    high: float
    answers: Annotated[int, Meta(ge=0)]
    at: datetime


class Why(Part, frozen=True, kw_only=True):
    """A reason; see ``Reason``."""

    text: str
    values: dict[str, str | int | float]
    evidence: list[str]
    uses: list[str]
    plural: str
    count: int | None


class AwardRecord(Part, frozen=True, kw_only=True):
    """Why something was awarded."""

    reason: Why
    skill_id: str


class Awarded(Part, frozen=True, kw_only=True):
    """An award, with the record of why."""

    key: Annotated[str, Meta(max_length=200)]
    title: Annotated[str, Meta(max_length=300)]
    at: datetime
    record: AwardRecord


class MovedLearner(Part, frozen=True, kw_only=True):
    """One line of ``learners.jsonl``.

    :param identities: what the LMS calls the person, as canonical identities (``core.identity``): those that
        could be named.
    :param unnamed: identities that could not be named: of them only a keyed digest is kept.
    """

    id: Id
    roles: list[Role]
    locale: Annotated[str, Meta(max_length=20)]
    created_at: datetime
    profile: Said = Said()
    identities: list[str] = []
    unnamed: Annotated[int, Meta(ge=0)] = 0
    grants: list[Agreed] = []
    seen_in: list[SeenIn] = []
    groups: list[InGroup] = []
    estimates: list[Estimate] = []
    awards: list[Awarded] = []
    decisions: list[Decided] = []


# --- what happened --------------------------------------------------------------------------------


class MovedEvent(Part, frozen=True, kw_only=True):
    """What an event holds besides its tenant; see ``Event``."""

    id: Id
    learner: Id
    kind: EventKind
    at: datetime
    source: Source
    activity: NoId = ""
    course: NoId = ""
    skills: list[str] = []
    item: Annotated[str, Meta(max_length=2000)] = ""
    success: bool | None = None
    score: Annotated[float, Meta(ge=-1, le=1)] | None = None
    minutes: Annotated[float, Meta(ge=0)] | None = None
    votes: dict[str, float] = {}

    @classmethod
    def of(cls, event: Event) -> MovedEvent:
        """From the event."""
        return cls(
            id=event.id,
            learner=event.learner_id,
            kind=event.kind,
            at=event.at,
            source=event.source,
            activity=event.activity_id,
            course=event.context_id,
            skills=list(event.skills),
            item=event.item,
            success=event.success,
            score=event.score,
            minutes=event.minutes,
            votes=dict(event.votes),
        )

    def event(self, tenant_id: str) -> Event:
        """As the core has it."""
        return Event(
            self.id,
            tenant_id,
            self.learner,
            self.kind,
            self.at,
            self.source,
            self.activity,
            self.course,
            tuple(self.skills),
            self.item,
            self.success,
            self.score,
            self.minutes,
            self.votes,
        )


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry of the evidence ledger: an event, the statement it came from, or both.

    :param raw: the statement as JSON; None for what happened in Stifinder's own pages.
    :param stored_at: when the statement was stored.
    :param statement_id: the statement's id; "" without one.
    :param learner_id: whom it is about.
    """

    event: MovedEvent | None
    learner_id: str
    raw: bytes | None = None
    stored_at: datetime | None = None
    statement_id: str = ""


class Voted(Part, frozen=True, kw_only=True):
    """One strategy's part in a suggestion; see ``Vote``."""

    strategy: str
    score: float
    weight: float


class Record(Part, frozen=True, kw_only=True):
    """What stands behind a suggestion; see ``Suggestion``. Early records have neither moment nor ratios."""

    value: float
    propensity: float
    votes: list[Voted]
    reasons: list[Why]
    uses: list[str]
    minutes_asked: int
    locale: str
    moment: str | UnsetType = UNSET
    ratios: dict[str, float] | UnsetType = UNSET


class MovedSuggestion(Part, frozen=True, kw_only=True):
    """One line of ``suggestions.jsonl``: the record of a suggestion, and what came of it.

    :param waiting: it waits for a yes of staff, and was not shown yet; then ``id`` is "".
    """

    id: NoId
    learner: Id
    course: NoId
    activity: Id
    at: datetime
    record: Record
    waiting: bool = False
    position: int = 0
    outcome: Outcome = Outcome.SHOWN
    outcome_at: datetime | None = None
    dismissal: Dismissal | None = None


@dataclass(frozen=True, slots=True)
class Tip:
    """Where the old record of what staff did ended: its last number and digest."""

    seq: int = 0
    digest: str = ""


@dataclass(slots=True)
class Arrived:
    """What came in.

    :param counts: kind to how many.
    :param unnamed: learners who cannot be recognised at the new place.
    :param differences: in what this installation is not as the old one was, in sentences.
    :param left_out: kind to how many that have no place here.
    :param unused: what ``places`` says of people and addresses that are not in the files.
    """

    counts: dict[str, int] = field(default_factory=dict)
    unnamed: int = 0
    differences: list[str] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    unused: Mapping[str, int] = field(default_factory=dict)
