"""How long what happened is kept: after that, statements, events and suggestions go, and models forget them.

People, what they agreed to, what they say of themselves and what they achieved stay until they erase it. A
model afterwards is the one that never saw what was removed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection

from .evidence import Mastery
from .models import Models
from .store import events, retention, suggestions, tenants

LEARNERS_AT_ONCE = 50
"""Learners in one transaction: others wait to write until it ends."""


@dataclass(frozen=True, slots=True)
class Old:
    """How much is, or was, too old.

    :param learners: of how many people.
    """

    statements: int = 0
    events: int = 0
    suggestions: int = 0
    learners: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Old:
        """From counts by table."""
        return cls(counts["statement"], counts["event"], counts["suggestion"], counts["learner"])

    def __add__(self, other: Old) -> Old:
        """Both together; they concern different learners."""
        return Old(
            self.statements + other.statements,
            self.events + other.events,
            self.suggestions + other.suggestions,
            self.learners + other.learners,
        )

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.learners)


def before(now: datetime, days: int) -> datetime:
    """What happened before this is too old. Whole days (UTC): a second look that day finds nothing new."""
    return datetime.combine((now - timedelta(days=days)).astimezone(UTC).date(), time(), UTC)


def remove_some(
    connection: Connection,
    tenant_id: str,
    limit: datetime,
    models: Models,
    estimate: Callable[[Connection, str], Mapping[str, Mastery]],
    now: datetime,
) -> Old:
    """Remove what is too old of some learners, from tables and models; nothing when none is left.

    The caller's transaction makes it all or nothing, so it can be stopped and begun again at any time.

    :param estimate: what is believed about a learner from what is left.
    """
    tenants.counters(connection, tenant_id, lock=True)
    learner_ids = retention.learners(connection, tenant_id, limit, LEARNERS_AT_ONCE)
    if not learner_ids:
        return Old()
    gone = retention.remove(connection, tenant_id, learner_ids, limit)
    if gone["event"]:
        models.relearn_many(
            connection, tenant_id, {i: events.of_learner(connection, tenant_id, i) for i in learner_ids}
        )
        for learner_id in sorted(retention.estimated(connection, tenant_id, learner_ids)):
            known = estimate(connection, learner_id).values()
            suggestions.keep_mastery(connection, tenant_id, learner_id, known, now)
    return Old.of(gone)
