"""Grades on their way to the LMS: which columns show whose progress, and the scores that wait to be sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from .database import across_tenants
from .tables import event, grade_link, outbox

APART = timedelta(seconds=1)
"""Between the times of two scores in one place: Moodle takes two in the same second for the same."""


@dataclass(frozen=True, slots=True)
class GradeLink:
    """A column of the LMS's gradebook that shows one learner's progress.

    :param line_item: the column's address.
    :param subject: what the LMS calls the learner, encrypted.
    :param opens: what the link opens, as its custom parameter says it.
    :param event_seq: the learner's last event that was counted.
    :param score: the last score that was put into the outbox; None before the first.
    """

    tenant_id: str
    learner_id: str
    line_item: str
    registration_id: str
    subject: bytes
    context_id: str
    opens: str
    event_seq: int = -1
    score: float | None = None

    def same_as(self, other: GradeLink) -> bool:
        """Whether both are graded in the same way."""
        return (self.registration_id, self.context_id, self.opens) == (
            other.registration_id,
            other.context_id,
            other.opens,
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A score that waits to be sent.

    :param id: orders the scores of a tenant.
    :param next_try_at: None when it waits for a person to look into it.
    :param unsure: whether an earlier try may have arrived, although no answer said so.
    :param stamp: the time that the score carries; None until its first try.
    :param last_error: what the last try said; "" before it.
    """

    tenant_id: str
    id: int
    learner_id: str
    line_item: str
    registration_id: str
    subject: bytes
    score: float
    created_at: datetime
    next_try_at: datetime | None
    tries: int
    unsure: bool
    stamp: datetime | None
    last_error: str


def _link_is(link: GradeLink | Waiting) -> Any:
    return and_(
        grade_link.c.tenant_id == link.tenant_id,
        grade_link.c.learner_id == link.learner_id,
        grade_link.c.line_item == link.line_item,
    )


def find(connection: Connection, tenant_id: str, learner_id: str, line_item: str) -> GradeLink | None:
    """A column that shows this learner's progress, or None."""
    row = connection.execute(
        select(grade_link).where(
            grade_link.c.tenant_id == tenant_id,
            grade_link.c.learner_id == learner_id,
            grade_link.c.line_item == line_item,
        )
    ).one_or_none()
    return _link(row) if row else None


def note(connection: Connection, link: GradeLink) -> None:
    """Remember a column, or bring it up to date; what was sent stays, what is to be sent is counted anew."""
    values = {
        "registration_id": link.registration_id,
        "subject": link.subject,
        "context_id": link.context_id,
        "opens": link.opens,
        "event_seq": link.event_seq,
    }
    if connection.execute(update(grade_link).where(_link_is(link)).values(**values)).rowcount == 0:
        connection.execute(
            insert(grade_link).values(
                tenant_id=link.tenant_id, learner_id=link.learner_id, line_item=link.line_item, **values
            )
        )


def drop(connection: Connection, link: GradeLink) -> None:
    """Forget a column, with what waits for it: the teacher switched its grade off."""
    connection.execute(delete(outbox).where(*_same_place(link)))
    connection.execute(delete(grade_link).where(_link_is(link)))


def behind(connection: Connection, tenant_id: str) -> list[tuple[GradeLink, int]]:
    """Columns whose learner did something since they were counted, each with that learner's last event."""
    graded = select(grade_link.c.learner_id).where(grade_link.c.tenant_id == tenant_id)
    last = (
        select(event.c.learner_id, func.max(event.c.seq).label("seq"))
        .where(event.c.tenant_id == tenant_id, event.c.learner_id.in_(graded))
        .group_by(event.c.learner_id)
    )
    seq_of = {row.learner_id: row.seq for row in connection.execute(last)}
    rows = connection.execute(
        select(grade_link)
        .where(grade_link.c.tenant_id == tenant_id)
        .order_by(grade_link.c.learner_id, grade_link.c.line_item)
    )
    found = [(_link(row), seq_of.get(row.learner_id, -1)) for row in rows]
    return [(link, seq) for link, seq in found if seq > link.event_seq]


def _link(row: Row[Any]) -> GradeLink:
    values = dict(row._mapping)
    del values["stamp"]
    return GradeLink(**values)


def count(
    connection: Connection, link: GradeLink, event_seq: int, score: float | None, now: datetime
) -> bool:
    """Note that events up to ``event_seq`` are counted, and put a score that is new into the outbox.

    What waits for a person in the same place is given up: the newer score stands for it.

    :returns: whether a score was put into the outbox.
    """
    fresh = score is not None and score != link.score
    values: dict[str, Any] = {"event_seq": event_seq}
    if fresh:
        values["score"] = score
    if connection.execute(update(grade_link).where(_link_is(link)).values(**values)).rowcount == 0:
        return False  # the learner was forgotten meanwhile
    if not fresh:
        return False
    connection.execute(delete(outbox).where(*_same_place(link), outbox.c.next_try_at.is_(None)))
    newest = select(func.max(outbox.c.id)).where(outbox.c.tenant_id == link.tenant_id)
    connection.execute(
        insert(outbox).values(
            tenant_id=link.tenant_id,
            id=(connection.execute(newest).scalar() or 0) + 1,
            learner_id=link.learner_id,
            line_item=link.line_item,
            score=score,
            created_at=now,
            next_try_at=now,
            tries=0,
            unsure=False,
            last_error="",
        )
    )
    return True


def _same_place(link: GradeLink | Waiting) -> tuple[Any, Any, Any]:
    return (
        outbox.c.tenant_id == link.tenant_id,
        outbox.c.learner_id == link.learner_id,
        outbox.c.line_item == link.line_item,
    )


def _waiting(row: Row[Any]) -> Waiting:
    return Waiting(**row._mapping)


_WITH_LINK = select(outbox, grade_link.c.registration_id, grade_link.c.subject).join(
    grade_link,
    and_(
        grade_link.c.tenant_id == outbox.c.tenant_id,
        grade_link.c.learner_id == outbox.c.learner_id,
        grade_link.c.line_item == outbox.c.line_item,
    ),
)


def due(connection: Connection, now: datetime, skip: Collection[str], most: int) -> list[Waiting]:
    """Scores whose time has come, of all tenants: of each learner and column only the oldest.

    :param skip: registrations to leave alone for now.
    """
    oldest = (
        select(outbox.c.tenant_id, func.min(outbox.c.id).label("id"))
        .group_by(outbox.c.tenant_id, outbox.c.learner_id, outbox.c.line_item)
        .subquery()
    )
    query = (
        _WITH_LINK.join(oldest, and_(oldest.c.tenant_id == outbox.c.tenant_id, oldest.c.id == outbox.c.id))
        .where(outbox.c.next_try_at <= now, grade_link.c.registration_id.not_in(skip))
        .order_by(outbox.c.next_try_at, outbox.c.tenant_id, outbox.c.id)
        .limit(most)
    )
    return [_waiting(row) for row in connection.execute(across_tenants(query))]


def claim(connection: Connection, waiting: Waiting, now: datetime, until: datetime) -> datetime | None:
    """Take a score to send it; nobody else does before ``until``, not even after a crash.

    The time that it carries is stored before it is sent: another try after a crash carries the same one.

    :returns: that time; None when somebody else was faster.
    """
    link = connection.execute(
        select(grade_link.c.stamp).where(_link_is(waiting)).with_for_update()
    ).one_or_none()
    if link is None:
        return None
    stamp = waiting.stamp
    if stamp is None:
        at = now - timedelta(microseconds=now.microsecond % 1000)
        stamp = at if link.stamp is None else max(at, link.stamp + APART)
    taken = connection.execute(
        update(outbox)
        .where(*_row(waiting), outbox.c.next_try_at == waiting.next_try_at, outbox.c.tries == waiting.tries)
        .values(next_try_at=until, tries=waiting.tries + 1, unsure=True, stamp=stamp)
    )
    if taken.rowcount == 0:
        return None
    connection.execute(update(grade_link).where(_link_is(waiting)).values(stamp=stamp))
    return stamp


def _row(waiting: Waiting) -> tuple[Any, Any]:
    return outbox.c.tenant_id == waiting.tenant_id, outbox.c.id == waiting.id


def arrived(connection: Connection, waiting: Waiting) -> None:
    """Take a score out: the LMS has it."""
    connection.execute(delete(outbox).where(*_row(waiting)))


def failed(
    connection: Connection,
    waiting: Waiting,
    error: str,
    next_try_at: datetime | None,
    *,
    unsure: bool,
    new_stamp: bool = False,
) -> None:
    """Keep a score for another try, or, without ``next_try_at``, for a person to look into."""
    values: dict[str, Any] = {"next_try_at": next_try_at, "unsure": unsure, "last_error": error[:500]}
    if new_stamp:
        values["stamp"] = None
    connection.execute(update(outbox).where(*_row(waiting)).values(**values))


def waiting(connection: Connection, tenant_id: str) -> list[Waiting]:
    """All scores of a tenant that wait, oldest first."""
    query = _WITH_LINK.where(outbox.c.tenant_id == tenant_id).order_by(outbox.c.id)
    return [_waiting(row) for row in connection.execute(query)]


def retry(connection: Connection, tenant_id: str, ids: Collection[int], now: datetime) -> int:
    """Have scores tried at once; returns how many."""
    changed = connection.execute(
        update(outbox).where(outbox.c.tenant_id == tenant_id, outbox.c.id.in_(ids)).values(next_try_at=now)
    )
    return changed.rowcount
