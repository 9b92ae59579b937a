"""Suggestions and what came of them; also the awards and skill estimates that were made for a learner."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, true, update

from ..evidence import Mastery
from ..people import Purpose
from ..proposals import Award, Dismissal, Outcome, Peer, Reason, Suggestion, Vote
from .catalogue import opaque
from .learners import profile_in
from .tables import award, grant, learner, mastery, membership, suggestion

RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}


def _reason_out(reason: Reason) -> dict[str, Any]:
    return {
        "text": reason.text,
        "values": dict(reason.values),
        "evidence": list(reason.evidence),
        "uses": sorted(reason.uses),
        "plural": reason.plural,
        "count": reason.count,
    }


def _reason_in(stored: dict[str, Any]) -> Reason:
    return Reason(
        stored["text"],
        stored["values"],
        tuple(stored["evidence"]),
        frozenset(stored["uses"]),
        stored["plural"],
        stored["count"],
    )


def record_out(made: Suggestion) -> dict[str, Any]:
    """The stored form of what stands behind a suggestion."""
    return {
        "value": made.value,
        "propensity": made.propensity,
        "votes": [{"strategy": v.strategy, "score": v.score, "weight": v.weight} for v in made.votes],
        "reasons": [_reason_out(r) for r in made.reasons],
        "uses": sorted(made.uses),
        "minutes_asked": made.minutes_asked,
        "locale": made.locale,
        "moment": made.moment,
        "ratios": dict(made.ratios),
    }


def record_in(stored: Mapping[str, Any], **rest: Any) -> Suggestion:
    """A suggestion from the stored form of its record, and the rest of its fields."""
    return Suggestion(
        value=stored["value"],
        propensity=stored["propensity"],
        votes=tuple(Vote(v["strategy"], v["score"], v["weight"]) for v in stored["votes"]),
        reasons=tuple(_reason_in(r) for r in stored["reasons"]),
        uses=frozenset(stored["uses"]),
        minutes_asked=stored["minutes_asked"],
        locale=stored["locale"],
        moment=stored.get("moment", ""),  # earlier records have none
        ratios=stored.get("ratios", {}),
        **rest,
    )


def suggestion_of(row: Row[Any]) -> Suggestion:
    """A suggestion from its row."""
    return record_in(
        row.record,
        id=row.id,
        tenant_id=row.tenant_id,
        learner_id=row.learner_id,
        context_id=row.context_id,
        activity_id=row.activity_id,
        at=row.at,
        position=row.position,
        outcome=Outcome(row.outcome),
        outcome_at=row.outcome_at,
        dismissal=Dismissal(row.dismissal) if row.dismissal else None,
    )


def record(connection: Connection, suggestions: Sequence[Suggestion]) -> tuple[Suggestion, ...]:
    """Store suggestions of one learner; those that were recorded before come back as they stand now."""
    if not suggestions:
        return ()
    tenant_id, learner_id = suggestions[0].tenant_id, suggestions[0].learner_id
    before = {s.id: s for s in find_many(connection, tenant_id, learner_id, [s.id for s in suggestions])}
    rows = [
        {
            "tenant_id": s.tenant_id,
            "id": s.id,
            "learner_id": s.learner_id,
            "context_id": s.context_id,
            "activity_id": s.activity_id,
            "at": s.at,
            "position": s.position,
            "outcome": s.outcome,
            "record": record_out(s),
        }
        for s in suggestions
        if s.id not in before
    ]
    if rows:
        connection.execute(insert(suggestion), rows)
    return tuple(before.get(s.id, s) for s in suggestions)


def find_many(
    connection: Connection, tenant_id: str, learner_id: str, ids: Collection[str]
) -> list[Suggestion]:
    """Those of these suggestions that are this learner's."""
    rows = connection.execute(
        select(suggestion).where(
            suggestion.c.tenant_id == tenant_id,
            suggestion.c.learner_id == learner_id,
            suggestion.c.id.in_(ids),
        )
    )
    return [suggestion_of(row) for row in rows]


def of_learner(connection: Connection, tenant_id: str, learner_id: str) -> list[Suggestion]:
    """All suggestions a learner was shown, newest first."""
    rows = connection.execute(
        select(suggestion)
        .where(suggestion.c.tenant_id == tenant_id, suggestion.c.learner_id == learner_id)
        .order_by(suggestion.c.at.desc(), suggestion.c.position)
    )
    return [suggestion_of(row) for row in rows]


def recorded(connection: Connection, tenant_id: str, before: datetime) -> list[Suggestion]:
    """What all learners were shown before then, oldest first, each page from its top."""
    rows = connection.execute(
        select(suggestion)
        .where(suggestion.c.tenant_id == tenant_id, suggestion.c.at < before)
        .order_by(suggestion.c.at, suggestion.c.learner_id, suggestion.c.context_id, suggestion.c.position)
    )
    return [suggestion_of(row) for row in rows]


def dismissals(
    connection: Connection, tenant_id: str, learner_id: str, context_id: str
) -> dict[str, tuple[Dismissal, datetime]]:
    """Activity id to the newest "not for me" in this context."""
    rows = connection.execute(
        select(suggestion.c.activity_id, suggestion.c.dismissal, suggestion.c.outcome_at)
        .where(
            suggestion.c.tenant_id == tenant_id,
            suggestion.c.learner_id == learner_id,
            suggestion.c.context_id == context_id,
            suggestion.c.dismissal.is_not(None),
        )
        .order_by(suggestion.c.outcome_at)
    )
    return {row.activity_id: (Dismissal(row.dismissal), row.outcome_at) for row in rows}


def shown_for(
    connection: Connection, tenant_id: str, learner_ids: Collection[str], since: datetime
) -> dict[tuple[str, str], Suggestion]:
    """(learner id, activity id) to the newest suggestion shown since then."""
    rows = connection.execute(
        select(suggestion)
        .where(
            suggestion.c.tenant_id == tenant_id,
            suggestion.c.learner_id.in_(learner_ids),
            suggestion.c.at >= since,
        )
        .order_by(suggestion.c.at)
    )
    return {(row.learner_id, row.activity_id): suggestion_of(row) for row in rows}


def come_of(
    connection: Connection,
    found: Suggestion,
    outcome: Outcome,
    now: datetime,
    dismissal: Dismissal | None = None,
) -> Suggestion | None:
    """Record what came of a suggestion; None when a later outcome stands already."""
    if RANK[outcome] <= RANK[found.outcome]:
        return None
    _set(connection, found, outcome, now, dismissal)
    return replace(found, outcome=outcome, outcome_at=now, dismissal=dismissal)


def take_back_dismissal(connection: Connection, found: Suggestion) -> None:
    """Make a dismissed suggestion merely shown again."""
    _set(connection, found, Outcome.SHOWN, None, None)


def _set(
    connection: Connection,
    found: Suggestion,
    outcome: Outcome,
    at: datetime | None,
    dismissal: Dismissal | None,
) -> None:
    connection.execute(
        update(suggestion)
        .where(suggestion.c.tenant_id == found.tenant_id, suggestion.c.id == found.id)
        .values(outcome=outcome, outcome_at=at, dismissal=dismissal)
    )


# --- estimates and awards ---


def keep_mastery(
    connection: Connection, tenant_id: str, learner_id: str, estimates: Iterable[Mastery], now: datetime
) -> None:
    """Replace the learner's stored estimates, if they changed."""
    here = (mastery.c.tenant_id == tenant_id, mastery.c.learner_id == learner_id)
    before = {
        row.skill_id: (row.mean, row.low, row.high, row.answers)
        for row in connection.execute(select(mastery).where(*here))
    }
    after = {e.skill_id: (e.mean, e.low, e.high, e.answers) for e in estimates}
    if before == after:
        return
    connection.execute(delete(mastery).where(*here))
    rows = [
        {
            "tenant_id": tenant_id,
            "learner_id": learner_id,
            "skill_id": skill_id,
            "mean": mean,
            "low": low,
            "high": high,
            "answers": answers,
            "at": now,
        }
        for skill_id, (mean, low, high, answers) in after.items()
    ]
    if rows:
        connection.execute(insert(mastery), rows)


def peer_ref(tenant_id: str, context_id: str, learner_id: str) -> str:
    """By what a learner is found in a context; says nothing, and is another one in every context."""
    return opaque(tenant_id, "peer", f"{context_id}\n{learner_id}")


def peers(
    connection: Connection,
    tenant_id: str,
    context_id: str,
    learner_id: str,
    limit: int = 100,
    among: Collection[str] | None = None,
) -> dict[str, Peer]:
    """Learner id to peer: others in the context who agreed to be found.

    In a context of more than ``limit`` people each is found by those of the same part alone; the parts are of
    like size, and the same whoever asks, so that what is worked out for one holds for all others in it.

    :param among: only these; None for anybody.
    """
    members = select(membership.c.learner_id).where(
        true() if among is None else membership.c.learner_id.in_(among),
        membership.c.tenant_id == tenant_id,
        membership.c.context_id == context_id,
        membership.c.learner_id.in_(
            select(grant.c.learner_id).where(grant.c.tenant_id == tenant_id, grant.c.purpose == Purpose.PEERS)
        ),
    )
    refs = {i: peer_ref(tenant_id, context_id, i) for i in connection.execute(members).scalars()}
    refs[learner_id] = peer_ref(tenant_id, context_id, learner_id)
    ordered = sorted(refs, key=refs.__getitem__)
    parts = -(-len(ordered) // limit)
    own = ordered.index(learner_id) * parts // len(ordered)
    ids = [i for n, i in enumerate(ordered) if n * parts // len(ordered) == own and i != learner_id]
    return _peers(connection, tenant_id, context_id, ids)


def everybody_found(
    connection: Connection, tenant_id: str, context_id: str, among: Collection[str]
) -> dict[str, Peer]:
    """Learner id to peer, of these, for those seen in the context and of whom anything is known."""
    members = select(membership.c.learner_id).where(
        membership.c.tenant_id == tenant_id, membership.c.context_id == context_id
    )
    here = sorted(set(connection.execute(members).scalars()) & set(among))
    return _peers(connection, tenant_id, context_id, here)


def _peers(connection: Connection, tenant_id: str, context_id: str, ids: Sequence[str]) -> dict[str, Peer]:
    refs = {i: peer_ref(tenant_id, context_id, i) for i in ids}
    estimates: dict[str, dict[str, Mastery]] = {i: {} for i in ids}
    rows = connection.execute(
        select(mastery).where(mastery.c.tenant_id == tenant_id, mastery.c.learner_id.in_(ids))
    )
    for row in rows:
        estimates[row.learner_id][row.skill_id] = Mastery(
            row.skill_id, row.mean, row.low, row.high, row.answers
        )
    known = [i for i in ids if estimates[i]]
    said = connection.execute(
        select(learner.c.id, learner.c.profile).where(
            learner.c.tenant_id == tenant_id, learner.c.id.in_(known)
        )
    )
    profiles = {row.id: profile_in(row.profile) for row in said}
    return {
        i: Peer(refs[i], estimates[i], profiles[i].solo, profiles[i].helps) for i in known if i in profiles
    }


def give_awards(
    connection: Connection, tenant_id: str, learner_id: str, earned: Iterable[Award], now: datetime
) -> None:
    """Give awards that the learner does not have yet."""
    have = {a.key for a, _ in awards(connection, tenant_id, learner_id)}
    rows = [
        {
            "tenant_id": tenant_id,
            "learner_id": learner_id,
            "key": a.key,
            "title": a.title,
            "at": now,
            "record": {"reason": _reason_out(a.reason), "skill_id": a.skill_id},
        }
        for a in {a.key: a for a in earned}.values()
        if a.key not in have
    ]
    if rows:
        connection.execute(insert(award), rows)


def awards(connection: Connection, tenant_id: str, learner_id: str) -> list[tuple[Award, datetime]]:
    """The learner's awards, newest first."""
    rows = connection.execute(
        select(award)
        .where(award.c.tenant_id == tenant_id, award.c.learner_id == learner_id)
        .order_by(award.c.at.desc(), award.c.key)
    )
    return [(Award(r.key, r.title, _reason_in(r.record["reason"]), r.record["skill_id"]), r.at) for r in rows]
