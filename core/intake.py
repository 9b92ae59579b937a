"""Evidence comes in: who is it about, may it be kept, append it, see what it says of earlier suggestions,
learn.

A batch is one transaction: all of it is stored or nothing. Statements about people who did not agree are
answered as accepted, counted and dropped, so that the LMS does not send them for ever.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from . import blend
from .arrival import Arrival, Receipt
from .constraints import GOOD_RESULT
from .errors import Conflict
from .evidence import Event, EventKind
from .models import Granted
from .people import Purpose, Source
from .proposals import Outcome, Suggestion
from .store import events, suggestions, tenants

CREDIT_DAYS = 14
"""How long after it was shown a suggestion is credited with what the learner does."""
KEEPING = (Purpose.SUGGESTIONS, Purpose.SHARED_MODELS)
"""An event is kept when its source is agreed to for one of these."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the catalogue has an xAPI object: the activity, its course, its skills."""

    activity_id: str
    context_id: str
    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Appended:
    """What a batch added to the log."""

    first_seq: int
    epoch: int
    events: tuple[Event, ...]
    receipt: Receipt


def keeps(granted: frozenset[tuple[Purpose, Source]], source: Source) -> bool:
    """Whether events from this source may be kept."""
    return any((purpose, source) in granted for purpose in KEEPING)


def store(
    connection: Connection,
    tenant_id: str,
    arrivals: Sequence[Arrival],
    *,
    at: tenants.Counters,
    learner_of: dict[str, str],
    granted: Granted,
    places: dict[str, Place],
    now: datetime,
) -> Appended:
    """Store a batch; the caller's transaction makes it all or nothing.

    :param at: the tenant's counters, locked by this transaction.
    :param learner_of: identity to learner id, for the people who are known.
    :raises Conflict: when a statement with the same id and another content is stored already.
    """
    dropped: Counter[str] = Counter()
    kept: list[tuple[Arrival, str]] = []
    for arrival in arrivals:
        learner_id = learner_of.get(arrival.identity, "")
        if not arrival.identity:
            dropped["not-a-person"] += 1
        elif not learner_id:
            dropped["unknown-learner"] += 1
        elif not keeps(granted.get(learner_id, frozenset()), Source.STATEMENTS):
            dropped["no-consent"] += 1
        else:
            kept.append((arrival, learner_id))
    before = events.statements(connection, tenant_id, [a.id for a, _ in kept])
    for n, arrival in enumerate(arrivals):
        if arrival.id in before and not _same(before[arrival.id][0], arrival.raw):
            raise Conflict(
                f"[{n}].id: another statement with the id {arrival.id} is stored already.",
                "Send a changed statement under a new id.",
            )
    new = [(a, learner_id) for a, learner_id in kept if a.id not in before]
    found = [_event(tenant_id, a, learner_id, places) for a, learner_id in new]
    events.keep_statements(connection, tenant_id, ((a.id, learner_id, a.raw) for a, learner_id in new), now)
    found += outcomes(connection, tenant_id, found, now)
    append(connection, tenant_id, at, found)
    events.count_dropped(connection, tenant_id, dict(dropped), now)
    receipt = Receipt(stored=len(new), repeated=len(kept) - len(new), dropped=dict(dropped))
    return Appended(at.event_seq + 1, at.model_epoch, tuple(found), receipt)


def append(connection: Connection, tenant_id: str, at: tenants.Counters, new: Sequence[Event]) -> None:
    """Append events after those there are; the caller holds the tenant's row lock."""
    if new:
        events.append(connection, tenant_id, at.event_seq + 1, new)
        tenants.advance(connection, tenant_id, event_seq=at.event_seq + len(new))


def _same(stored: bytes, raw: bytes) -> bool:
    if stored == raw:
        return True
    try:
        return bool(msgspec.json.decode(stored) == msgspec.json.decode(raw))
    except msgspec.DecodeError:  # a number in an extension that is too large to compare
        return False


def _event(tenant_id: str, a: Arrival, learner_id: str, places: dict[str, Place]) -> Event:
    place = next((places[o] for o in a.object_ids if o in places), NOWHERE)
    return Event(
        id=a.id,
        tenant_id=tenant_id,
        learner_id=learner_id,
        kind=a.kind,
        at=a.at,
        activity_id=place.activity_id,
        context_id=place.context_id,
        skills=place.skills,
        item=a.item,
        success=a.success,
        score=a.score,
        minutes=a.minutes,
    )


NOWHERE = Place("", "", ())


# --- what came of suggestions ---


def outcome_of(event: Event) -> Outcome | None:
    """What an event says about a suggestion of its activity; None when nothing."""
    if event.kind in (EventKind.VIEWED, EventKind.STARTED, EventKind.ANSWERED, EventKind.SUBMITTED):
        return Outcome.STARTED
    if event.kind in (EventKind.COMPLETED, EventKind.ATTENDED):
        return Outcome.COMPLETED
    if event.kind in (EventKind.PASSED, EventKind.FAILED, EventKind.SCORED):
        result = event.result
        if result is None:
            return Outcome.STARTED
        return Outcome.PASSED if result >= GOOD_RESULT else Outcome.FAILED
    return None


def outcomes(connection: Connection, tenant_id: str, new: Sequence[Event], now: datetime) -> list[Event]:
    """Record what events say of suggestions shown before them; returns the events that credit strategies."""
    about = {(e.learner_id, e.activity_id) for e in new if e.activity_id}
    if not about:
        return []
    shown = suggestions.shown_for(
        connection, tenant_id, {learner_id for learner_id, _ in about}, now - timedelta(days=CREDIT_DAYS)
    )
    credited: list[Event] = []
    for event in new:
        suggestion = shown.get((event.learner_id, event.activity_id))
        outcome = outcome_of(event)
        if suggestion is None or outcome is None or event.at < suggestion.at:
            continue
        after = suggestions.come_of(connection, suggestion, outcome, event.at)
        if after is not None:
            shown[event.learner_id, event.activity_id] = after
            credited.append(credit(suggestion, outcome, event.at, event.source))
    return credited


def new_id() -> str:
    """An opaque id for an event that no statement brought."""
    return secrets.token_hex(16)


def credit_id(suggestion: Suggestion, outcome: Outcome) -> str:
    """The id of the event that credits this outcome: there is at most one."""
    return f"{suggestion.id}.{outcome}"


def credit(before: Suggestion, outcome: Outcome, at: datetime, source: Source) -> Event:
    """The event that tells the blend what came of a suggestion.

    :param before: the suggestion as it stood.
    """
    return blend.credit(before, outcome, credit_id(before, outcome), at, source)


def shown(suggestions: Sequence[Suggestion]) -> list[Event]:
    """The event that tells the blend what one page showed for the first time; none without votes."""
    event = blend.shown(suggestions, credit_id(suggestions[0], Outcome.SHOWN)) if suggestions else None
    return [event] if event else []
