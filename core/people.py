"""Who learns, and where: tenants, learners, contexts, and what a person has agreed to.

Identifiers are opaque strings made by the store; nothing may be read out of them. Names and e-mail
addresses are deliberately absent: no strategy needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Purpose(StrEnum):
    """What data about a person may be used for. Each is agreed to separately."""

    SUGGESTIONS = "suggestions"
    """Suggestions, reviews and skill estimates for this person."""
    SHARED_MODELS = "shared-models"
    """Counting this person's steps into the models that also serve others."""
    PEERS = "peers"
    """Being found by, and shown to, others in the same course."""


class Source(StrEnum):
    """Where data about a person comes from."""

    STATEMENTS = "statements"
    """Activity that the LMS reports (xAPI)."""
    PAGE = "page"
    """What the person says and does in Stifinder's own pages."""


class Role(StrEnum):
    """What a person is in a context, reduced from the LTI role vocabulary. Unknown roles become LEARNER."""

    LEARNER = "learner"
    MENTOR = "mentor"
    """Accompanies the learners whom the LMS names."""
    TEACHER = "teacher"
    ADMINISTRATOR = "administrator"
    """Of the tenant: all its courses, registrations and settings."""
    OPERATOR = "operator"
    """Runs the tool, for all tenants; comes by the command line, never by a launch."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One organisation. Every stored row belongs to one."""

    id: str
    name: str
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Context:
    """A course or a group that activities and learners belong to."""

    id: str
    tenant_id: str
    title: str
    kind: str = "course"


MOST_HELPED = 10
"""The most that anybody can offer at a time."""


class Depth(StrEnum):
    """What somebody learns for."""

    USE = "use"
    """To be able to work with it soon."""
    UNDERSTAND = "understand"
    """To understand it thoroughly."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person says about themselves, and can change at any time.

    :param goals: skill ids the person wants to reach.
    :param stated_levels: skill id to a self-rating in 0..1 (0 new to it, 1 could teach it).
    :param solo: True prefers working alone, False prefers teams, None not said.
    :param media: preferred media types, best first; empty when not said.
    :param role: the person's job role in their own words; empty when not said.
    :param depth: what the person learns for; None not said.
    :param deadline: the day on which the goals should be reached; None without one.
    :param helps: how many others at a time may be told that this person could help them; None not said.
    """

    goals: tuple[str, ...] = ()
    stated_levels: Mapping[str, float] = field(default_factory=dict)
    solo: bool | None = None
    media: tuple[str, ...] = ()
    role: str = ""
    depth: Depth | None = None
    deadline: date | None = None
    helps: int | None = None


@dataclass(frozen=True, slots=True)
class Learner:
    """A person who learns, as strategies see them.

    :param id: opaque; the empty string when the person has not agreed to being remembered.
    """

    id: str
    tenant_id: str
    roles: frozenset[Role] = frozenset({Role.LEARNER})
    locale: str = "en"
    profile: Profile = field(default_factory=Profile)

    @property
    def remembered(self) -> bool:
        """Whether anything may be stored about this person."""
        return bool(self.id)


@dataclass(frozen=True, slots=True)
class Grant:
    """One agreement: this purpose, from this source, since then.

    :param basis: ``consent`` (the default: the person opted in) or another legal basis that the tenant
        recorded.
    """

    purpose: Purpose
    source: Source
    at: datetime
    basis: str = "consent"
