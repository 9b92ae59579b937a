"""Reading all that is a tenant's own, part by part, in one reading of the database.

Memory does not grow with the number of learners or events. What is left out, and why, is in ``STAYS``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, Table, func, select

from ..catalogue import Level
from ..constraints import MASTERED_ANSWERS, MASTERED_LOW
from ..decisions import DecisionKind
from ..people import Purpose, Role, Source
from ..plugin_settings import is_sealed
from ..proposals import Dismissal, Outcome
from ..store import audit, catalogue, events, learners, tables, tenants
from . import parts

AT_ONCE = 500
MOVED = (
    tables.tenant,
    tables.legal_basis,
    tables.setting,
    tables.plugin_choice,
    tables.decision,
    tables.dropped,
    tables.erasure,
    tables.context,
    tables.course_group,
    tables.skill,
    tables.activity,
    tables.learner,
    tables.learner_identity,
    tables.grant,
    tables.membership,
    tables.course_group_member,
    tables.mastery,
    tables.award,
    tables.event,
    tables.statement,
    tables.suggestion,
    tables.waiting,
)
"""The tables whose rows move."""
STAYS = {
    "registration": "bound to the old LMS: the new one registers the tool anew",
    "invitation": "good once, and for the old installation",
    "used_token": "marks of tokens of the old LMS",  # nosec B105: words, no password
    "tool_key": "a secret of the installation",
    "xapi_credential": "a secret: the new LMS gets another password",
    "api_token": "a secret: programs get new tokens",  # nosec B105: words, no password
    "staff_member": "keyed digests of the accounts of staff; what they decided moves under their signs",
    "audit": "sealed by digests under the old installation; its last number and digest move",
    "model_snapshot": "models are folded anew from the events",
    "outbox": "grades for the old LMS",
    "grade_link": "columns of the old LMS's gradebook",
    "plugin_value": "what jobs of plugins worked out or fetched: they do it again",
    "plugin_job": "when jobs of plugins are due: all at once, in the new installation",
    "roster": "counts from the old LMS; the new one is asked again",
}
"""The tables whose rows stay, and why."""


Each = TypeVar("Each")


def some(all_of_them: Iterable[Each]) -> Iterator[list[Each]]:
    """Them, several at a time."""
    left = iter(all_of_them)
    while several := list(islice(left, AT_ONCE)):
        yield several


def tip(connection: Connection, tenant_id: str) -> parts.Tip:
    """Where the record of what staff did ends."""
    last = audit.last(connection, tenant_id)
    return parts.Tip(last.seq, last.digest) if last else parts.Tip()


def counts(connection: Connection, tenant_id: str) -> dict[str, int]:
    """How many rows there are of what is many, for a progress bar."""
    many = (tables.learner, tables.event, tables.suggestion)
    return {t.name: _count(connection, t, tenant_id) for t in many}


def settings(connection: Connection, tenant_id: str) -> parts.TenantSettings:
    """What the tenant chose.

    :raises NotFound: when there is no such tenant.
    """
    tenant = tenants.known(connection, tenant_id)
    return parts.TenantSettings(
        name=tenant.name,
        locale=tenant.locale,
        legal_bases=[
            parts.LegalBasis(
                purpose=b.purpose,
                source=b.source,
                basis=b.basis,
                decided_by=b.decided_by,
                decided_at=b.decided_at,
                notice=b.notice,
            )
            for b in tenants.decisions(connection, tenant_id)
        ],
        choices=[
            parts.Choice(course=r.context_id, key=r.key, value=r.value, changed_at=r.changed_at)
            for r in _all(connection, tables.setting, tenant_id)
        ],
        plugins=[
            parts.PluginUse(
                plugin=r.plugin,
                enabled=r.enabled,
                settings={name: value for name, value in r.settings.items() if not is_sealed(value)},
                settings_version=r.settings_version,
                changed_at=r.changed_at,
            )
            for r in _all(connection, tables.plugin_choice, tenant_id)
        ],
        decisions=[_decided(r) for r in _all(connection, tables.decision, tenant_id) if not r.learner_id],
        dropped=[
            parts.Dropped(day=r.day, reason=r.reason, count=r._mapping["count"])
            for r in _all(connection, tables.dropped, tenant_id)
        ],
        erasures=[
            parts.Erasure(id=r.id, at=r.at, removed=r.removed)
            for r in _all(connection, tables.erasure, tenant_id)
        ],
    )


def the_catalogue(connection: Connection, tenant_id: str) -> parts.MovedCatalogue:
    """What can be learned."""
    groups: dict[str, list[parts.Group]] = defaultdict(list)
    for row in _all(connection, tables.course_group, tenant_id):
        groups[row.context_id].append(parts.Group(id=row.id, title=row.title, set_title=row.set_title))
    version = tenants.counters(connection, tenant_id).catalogue_version
    return parts.MovedCatalogue(
        courses=[
            parts.Course(
                id=r.id, key=r.key, title=r.title, kind=r.kind, lms_key=r.lms_key, groups=groups[r.id]
            )
            for r in _all(connection, tables.context, tenant_id)
        ],
        skills=[
            parts.MovedSkill(id=s.id, title=s.title, terms=list(s.terms))
            for s in catalogue.skills(connection, tenant_id).values()
        ],
        activities=[
            parts.MovedActivity(
                id=a.id,
                key=a.key,
                title=a.title,
                text=a.text,
                language=a.language,
                media_type=a.media_type,
                minutes=a.minutes,
                skills=[parts.Taught(skill=s.skill_id, level=Level(s.level)) for s in a.skills],
                prerequisites=list(a.prerequisites),
                difficulty=a.difficulty,
                address=a.address,
                object_id=a.object_id,
                courses=list(a.context_ids),
                position=a.position,
            )
            for a in catalogue.load(connection, tenant_id, version)
        ],
    )


def people(
    connection: Connection,
    tenant_id: str,
    *,
    named: Mapping[str, str],
    who: Callable[[bytes], str],
    digest: Callable[[str], str],
) -> Iterator[parts.MovedLearner]:
    """Everybody who is remembered, by id.

    Of what the LMS calls a person only a keyed digest is kept. An identity is named where a statement of that
    person says it, or where the caller knows it.

    :param named: digest to canonical identity, as far as the caller knows.
    :param who: the canonical identity of a statement's actor.
    :param digest: the digest under which an identity is kept here.
    """
    for ids in some(sorted(learners.every(connection, tenant_id))):
        digests = _by_learner(connection, tables.learner_identity, tenant_id, ids)
        known = _named(connection, tenant_id, digests, named, who, digest)
        grants = _by_learner(connection, tables.grant, tenant_id, ids)
        seen = _by_learner(connection, tables.membership, tenant_id, ids)
        groups = _by_learner(connection, tables.course_group_member, tenant_id, ids)
        estimates = _by_learner(connection, tables.mastery, tenant_id, ids)
        awards = _by_learner(connection, tables.award, tenant_id, ids)
        decided = _by_learner(connection, tables.decision, tenant_id, ids)
        own = tables.learner.c
        query = select(tables.learner).where(own.tenant_id == tenant_id, own.id.in_(ids)).order_by(own.id)
        for row in connection.execute(query).all():
            yield parts.MovedLearner(
                id=row.id,
                roles=[Role(r) for r in row.roles],
                locale=row.locale,
                created_at=row.created_at,
                profile=parts.Said.of(learners.profile_in(row.profile)),
                identities=sorted(known[row.id]),
                unnamed=len(digests[row.id]) - len(known[row.id]),
                grants=[
                    parts.Agreed(
                        purpose=Purpose(g.purpose),
                        source=Source(g.source),
                        at=g.at,
                        text_version=g.text_version,
                    )
                    for g in grants[row.id]
                ],
                seen_in=[parts.SeenIn(course=m.context_id, seen_at=m.seen_at) for m in seen[row.id]],
                groups=[parts.InGroup(course=g.context_id, group=g.group_id) for g in groups[row.id]],
                estimates=[_estimate(m) for m in estimates[row.id]],
                awards=[
                    parts.Awarded(
                        key=a.key, title=a.title, at=a.at, record=msgspec.convert(a.record, parts.AwardRecord)
                    )
                    for a in awards[row.id]
                ],
                decisions=[_decided(d) for d in decided[row.id]],
            )


def ledger(connection: Connection, tenant_id: str) -> Iterator[parts.LedgerEntry]:
    """Every event in the order in which it arrived, with its statement; then statements without an event."""
    told = 0
    for chunk in events.after(connection, tenant_id, 0, tenants.counters(connection, tenant_id).event_seq):
        for several in some(chunk):
            raws = events.statements(connection, tenant_id, [e.id for e in several])
            told += len(raws)
            for event in several:
                raw, stored_at = raws.get(event.id, (None, None))
                told_by = event.id if raw is not None else ""
                yield parts.LedgerEntry(parts.MovedEvent.of(event), event.learner_id, raw, stored_at, told_by)
    if told == _count(connection, tables.statement, tenant_id):
        return
    own = tables.statement.c
    with_event = select(tables.event.c.id).where(tables.event.c.tenant_id == tenant_id)
    alone = select(tables.statement).where(own.tenant_id == tenant_id, own.id.not_in(with_event))
    for row in connection.execute(alone.order_by(own.id), execution_options={"yield_per": AT_ONCE}):
        yield parts.LedgerEntry(None, row.learner_id, row.raw, row.stored_at, row.id)


def mastered(connection: Connection, tenant_id: str) -> Iterator[tuple[str, parts.Estimate]]:
    """Learner id and estimate, for every skill that somebody has mastered."""
    own = tables.mastery.c
    query = select(tables.mastery).where(
        own.tenant_id == tenant_id, own.low >= MASTERED_LOW, own.answers >= MASTERED_ANSWERS
    )
    query = query.order_by(own.learner_id, own.skill_id)
    for row in connection.execute(query, execution_options={"yield_per": AT_ONCE}):
        yield row.learner_id, _estimate(row)


def record(connection: Connection, tenant_id: str) -> Iterator[parts.MovedSuggestion]:
    """Every suggestion on record, oldest first; then what waits for a yes."""
    own = tables.suggestion.c
    query = select(tables.suggestion).where(own.tenant_id == tenant_id).order_by(own.at, own.id)
    for row in connection.execute(query, execution_options={"yield_per": AT_ONCE}):
        yield parts.MovedSuggestion(
            id=row.id,
            learner=row.learner_id,
            course=row.context_id,
            activity=row.activity_id,
            at=row.at,
            record=msgspec.convert(row.record, parts.Record),
            position=row.position,
            outcome=Outcome(row.outcome),
            outcome_at=row.outcome_at,
            dismissal=Dismissal(row.dismissal) if row.dismissal else None,
        )
    for row in _all(connection, tables.waiting, tenant_id):
        yield parts.MovedSuggestion(
            id="",
            learner=row.learner_id,
            course=row.context_id,
            activity=row.activity_id,
            at=row.at,
            record=msgspec.convert(row.record, parts.Record),
            waiting=True,
        )


def _named(
    connection: Connection,
    tenant_id: str,
    digests: Mapping[str, Sequence[Row[Any]]],
    named: Mapping[str, str],
    who: Callable[[bytes], str],
    digest: Callable[[str], str],
) -> dict[str, set[str]]:
    """Learner id to the identities that could be named, in the caller's list or in a statement."""
    known: dict[str, set[str]] = {i: set() for i in digests}
    missing: dict[str, set[str]] = {}
    for learner_id, rows in digests.items():
        mine = {row.digest for row in rows}
        known[learner_id] = {named[d] for d in mine if d in named}
        if mine - named.keys():
            missing[learner_id] = mine - named.keys()
    if not missing:
        return known
    own = tables.statement.c
    raws = select(own.learner_id, own.raw).where(own.tenant_id == tenant_id, own.learner_id.in_(missing))
    seen: set[tuple[str, str]] = set()
    for learner_id, raw in connection.execute(raws, execution_options={"yield_per": AT_ONCE}):
        if not missing[learner_id]:
            continue
        identity = who(raw)
        if (learner_id, identity) not in seen:
            seen.add((learner_id, identity))
            if digest(identity) in missing[learner_id]:
                missing[learner_id].discard(digest(identity))
                known[learner_id].add(identity)
    return known


def _estimate(row: Row[Any]) -> parts.Estimate:
    return parts.Estimate(
        skill=row.skill_id, mean=row.mean, low=row.low, high=row.high, answers=row.answers, at=row.at
    )


def _decided(row: Row[Any]) -> parts.Decided:
    return parts.Decided(
        kind=DecisionKind(row.kind),
        activity=row.activity_id,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        course=row.context_id,
        instead=row.instead_id,
    )


def _count(connection: Connection, table: Table, tenant_id: str) -> int:
    query = select(func.count()).select_from(table).where(table.c.tenant_id == tenant_id)
    return int(connection.execute(query).scalar_one())


def _all(connection: Connection, table: Table, tenant_id: str) -> Iterator[Row[Any]]:
    query = select(table).where(table.c.tenant_id == tenant_id).order_by(*table.primary_key.columns)
    yield from connection.execute(query, execution_options={"yield_per": AT_ONCE})


def _by_learner(
    connection: Connection, table: Table, tenant_id: str, ids: Sequence[str]
) -> dict[str, list[Row[Any]]]:
    query = select(table).where(table.c.tenant_id == tenant_id, table.c.learner_id.in_(ids))
    found: dict[str, list[Row[Any]]] = {i: [] for i in ids}
    for row in connection.execute(query.order_by(*table.primary_key.columns)):
        found[row.learner_id].append(row)
    return found
