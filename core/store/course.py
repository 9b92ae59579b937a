"""What the pages about one course read: how far people got, what is known, what was suggested to whom.

Everything here is about people who agreed to suggestions (or are covered by a recorded legal basis) and are
no staff; who did not agree is in no count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
)

from ..access import STAFF
from ..evidence import EventKind, Mastery
from ..people import Purpose, Source
from ..proposals import Dismissal, Outcome, Suggestion
from . import tenants
from .learners import SEEN_BY_STAFF_SINCE
from .suggestions import suggestion_of
from .tables import event, grant, learner, mastery, suggestion

BEGUN = (EventKind.VIEWED, EventKind.STARTED, EventKind.ANSWERED, EventKind.SUBMITTED)
ENDED = (EventKind.COMPLETED, EventKind.PASSED, EventKind.FAILED, EventKind.SCORED, EventKind.ATTENDED)
"""Who came to the end of an activity, whatever the result."""
ONE_SITTING = 180
"""Minutes: where durations are not told, the time from first to last sign of work counts up to this."""
NEWEST = 100_000
"""Events of the tenant that are gone through to compare modules with each other."""
CHUNK = 500


class Step(NamedTuple):
    """How far one learner got with one activity.

    :param minutes: after how many minutes the last sign of work came; None where nothing tells.
    """

    activity_id: str
    learner_id: str
    ended: bool
    minutes: int | None


class Known(NamedTuple):
    """What is known about a skill: of how many people, and the sums of their means and of the squares."""

    skill_id: str
    people: int
    sum: float
    squares: float


class Came(NamedTuple):
    """What came of suggesting an activity to a learner: one row for each outcome."""

    activity_id: str
    learner_id: str
    outcome: Outcome
    dismissal: Dismissal | None


@dataclass(frozen=True)
class Population:
    """Whom a query is about.

    :param covered: only those who agreed to a text that says that staff see what is suggested to whom.
    """

    tenant_id: str
    covered: bool = False

    def who(self, connection: Connection, *purposes: Purpose, source: Source | None = None) -> Select[Any]:
        """Ids of everybody who agreed to these purposes and is no staff.

        :param source: what the data comes from, which must have been agreed to; None for any.
        """
        bases = tenants.legal_bases(connection, self.tenant_id)
        found = select(learner.c.id).where(
            learner.c.tenant_id == self.tenant_id,
            *(not_(cast(learner.c.roles, String).contains(role.value)) for role in STAFF),
        )
        for purpose in purposes:
            if any(p is purpose and source in (None, s) for p, s in bases):
                continue
            agreed = select(grant.c.learner_id).where(
                grant.c.tenant_id == self.tenant_id, grant.c.purpose == purpose
            )
            if source is not None:
                agreed = agreed.where(grant.c.source == source)
            if self.covered:
                agreed = agreed.where(grant.c.text_version >= SEEN_BY_STAFF_SINCE)
            found = found.where(learner.c.id.in_(agreed))
        return found


def ids(connection: Connection, people: Population, *purposes: Purpose) -> frozenset[str]:
    """Ids of the people who agreed to these purposes."""
    return frozenset(connection.execute(people.who(connection, *purposes)).scalars())


# --- how far people got -----------------------------------------------------------------------------


def steps_here(
    connection: Connection, people: Population, context_id: str, shared: Collection[str]
) -> list[Step]:
    """How far each learner got with each activity of a course.

    :param shared: activities that several courses have: statements do not say in which course they were
        done, so they count here for those to whom something was suggested here.
    """
    here: ColumnElement[bool] = event.c.context_id == context_id
    if shared:
        suggested = select(suggestion.c.learner_id).where(
            suggestion.c.tenant_id == people.tenant_id, suggestion.c.context_id == context_id
        )
        here = or_(here, and_(event.c.activity_id.in_(shared), event.c.learner_id.in_(suggested)))
    return _steps(connection, people, here)


def steps_of_late(connection: Connection, people: Population, event_seq: int) -> list[Step]:
    """How far people got with activities of all courses, from the newest events.

    :param event_seq: the tenant's newest event.
    """
    return _steps(connection, people, event.c.seq > event_seq - NEWEST)


def _steps(connection: Connection, people: Population, which: ColumnElement[bool]) -> list[Step]:
    at_end = case((and_(event.c.kind.in_(ENDED), event.c.item == ""), 1), else_=0)
    pairs = (
        select(
            event.c.activity_id,
            event.c.learner_id,
            func.max(at_end).label("ended"),
            func.sum(event.c.minutes).label("told"),
            _span(connection).label("span"),
        )
        .where(
            event.c.tenant_id == people.tenant_id,
            event.c.activity_id != "",
            event.c.kind.in_(BEGUN + ENDED),
            event.c.source == Source.STATEMENTS,
            which,
        )
        .group_by(event.c.activity_id, event.c.learner_id)
        .subquery()
    )
    minutes = case(
        (pairs.c.told.is_not(None), cast(func.round(pairs.c.told), Integer)),
        (and_(pairs.c.span > 0, pairs.c.span <= ONE_SITTING), cast(func.round(pairs.c.span), Integer)),
        else_=None,
    )
    allowed = people.who(connection, Purpose.SUGGESTIONS, source=Source.STATEMENTS)
    rows = connection.execute(
        select(pairs.c.activity_id, pairs.c.learner_id, pairs.c.ended, minutes).where(
            pairs.c.learner_id.in_(allowed)
        )
    )
    return [Step(activity_id, who, bool(ended), spent) for activity_id, who, ended, spent in rows]


def _span(connection: Connection) -> ColumnElement[Any]:
    """Minutes from the first to the last event of a group."""
    first, last = func.min(event.c.at), func.max(event.c.at)
    if connection.dialect.name == "sqlite":
        days: ColumnElement[Any] = func.julianday(last) - func.julianday(first)
        return days * literal(24 * 60.0)
    seconds: ColumnElement[Any] = func.extract("epoch", last - first)
    return seconds / literal(60.0)


# --- what is known ----------------------------------------------------------------------------------


def known(connection: Connection, tenant_id: str, learner_ids: Collection[str]) -> list[Known]:
    """What is known about skills of these people from answers of theirs; a skill can come more than once."""
    found: list[Known] = []
    for some in _chunks(learner_ids):
        rows = connection.execute(
            select(
                mastery.c.skill_id,
                func.count(),
                func.sum(mastery.c.mean),
                func.sum(mastery.c.mean * mastery.c.mean),
            )
            .where(mastery.c.tenant_id == tenant_id, mastery.c.answers > 0, mastery.c.learner_id.in_(some))
            .group_by(mastery.c.skill_id)
        )
        found += [Known(*row) for row in rows]
    return found


def known_of(
    connection: Connection, tenant_id: str, learner_ids: Collection[str]
) -> dict[str, list[Mastery]]:
    """Learner id to what is known of each, skill by skill."""
    found: dict[str, list[Mastery]] = {}
    for some in _chunks(learner_ids):
        rows = connection.execute(
            select(mastery).where(mastery.c.tenant_id == tenant_id, mastery.c.learner_id.in_(some))
        )
        for r in rows:
            found.setdefault(r.learner_id, []).append(Mastery(r.skill_id, r.mean, r.low, r.high, r.answers))
    return found


def _chunks(learner_ids: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(learner_ids)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


# --- what was suggested -----------------------------------------------------------------------------


def came_of(connection: Connection, people: Population, context_id: str) -> list[Came]:
    """What came of what was suggested in a course."""
    rows = connection.execute(
        select(
            suggestion.c.activity_id, suggestion.c.learner_id, suggestion.c.outcome, suggestion.c.dismissal
        )
        .where(
            suggestion.c.tenant_id == people.tenant_id,
            suggestion.c.context_id == context_id,
            suggestion.c.learner_id.in_(people.who(connection, Purpose.SUGGESTIONS)),
        )
        .distinct()
    )
    return [
        Came(r.activity_id, r.learner_id, Outcome(r.outcome), Dismissal(r.dismissal) if r.dismissal else None)
        for r in rows
    ]


def suggested(
    connection: Connection,
    people: Population,
    context_id: str,
    *purposes: Purpose,
    learner_ids: Collection[str] | None = None,
    skip: int = 0,
    limit: int = 20,
) -> list[Suggestion]:
    """What was suggested in a course to people who agreed to these purposes, newest first.

    :param learner_ids: only to these.
    """
    query = select(suggestion).where(
        suggestion.c.tenant_id == people.tenant_id,
        suggestion.c.context_id == context_id,
        suggestion.c.learner_id.in_(people.who(connection, *purposes)),
    )
    if learner_ids is not None:
        query = query.where(suggestion.c.learner_id.in_(learner_ids))
    newest = query.order_by(suggestion.c.at.desc(), suggestion.c.learner_id, suggestion.c.position)
    return [suggestion_of(row) for row in connection.execute(newest.offset(skip).limit(limit))]
