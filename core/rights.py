"""What people may do with their data: agree, withdraw, see, correct, be forgotten.

Agreeing is per purpose and source. Withdrawing removes what was kept under it; erasing removes the person
from every table and every model, and says what was removed.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select

from .intake import keeps
from .models import Granted, Models
from .people import Profile, Purpose, Source
from .plugins import Plugins
from .store import events, learners, plugin_values, staff, suggestions, tables, tenants

Pairs = frozenset[tuple[Purpose, Source]]


def granted(connection: Connection, tenant_id: str, learner_ids: Collection[str]) -> Granted:
    """What may be done with the data of these learners: what they agreed to, and other recorded bases."""
    own = learners.grants(connection, tenant_id, learner_ids)
    bases = frozenset(tenants.legal_bases(connection, tenant_id))
    if not bases:
        return own
    return {i: own.get(i, frozenset()) | bases for i in learner_ids}


def set_grants(
    connection: Connection, tenant_id: str, learner_id: str, wanted: Pairs, models: Models, now: datetime
) -> None:
    """Make ``wanted`` what the learner agreed to, and remove what was kept under what was withdrawn."""
    tenants.counters(connection, tenant_id, lock=True)
    before = granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
    learners.set_grants(connection, tenant_id, learner_id, wanted, now)
    after = granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
    if before == after:
        return
    history = events.of_learner(connection, tenant_id, learner_id)
    kept = [e for e in history if keeps(after, e.source)]
    _drop_uncovered(connection, tenant_id, learner_id, after)
    if history:
        models.relearn(connection, tenant_id, learner_id, kept)


def _drop_uncovered(connection: Connection, tenant_id: str, learner_id: str, allowed: Pairs) -> None:
    """Remove what was kept under purposes and sources that are not allowed any more."""
    for source in Source:
        if keeps(allowed, source):
            continue
        connection.execute(
            delete(tables.event).where(
                *_mine(tables.event, tenant_id, learner_id), tables.event.c.source == source
            )
        )
        if source is Source.STATEMENTS:
            _empty(connection, tables.statement, tenant_id, learner_id)
    if not any(purpose is Purpose.SUGGESTIONS for purpose, _ in allowed):
        for table in (
            tables.suggestion,
            tables.waiting,
            tables.decision,
            tables.mastery,
            tables.award,
            tables.outbox,
            tables.grade_link,
        ):
            _empty(connection, table, tenant_id, learner_id)
    plugin_values.drop_uncovered(connection, tenant_id, learner_id, allowed)
    if (Purpose.SUGGESTIONS, Source.PAGE) not in allowed:
        learners.set_profile(connection, tenant_id, learner_id, Profile())
    if not any(purpose is Purpose.PEERS for purpose, _ in allowed):
        _empty(connection, tables.membership, tenant_id, learner_id)
        _empty(connection, tables.course_group_member, tenant_id, learner_id)


def remove_basis(
    connection: Connection,
    tenant_id: str,
    purpose: Purpose,
    source: Source,
    models: Models,
    plugins: Plugins,
    now: datetime,
) -> int:
    """Take a recorded legal basis back, with what was kept under it alone.

    Who agreed to nothing and is covered by no other basis is forgotten. The models are rebuilt from the log.

    :returns: how many people were forgotten.
    :raises NotFound: when no such basis is recorded.
    """
    tenants.counters(connection, tenant_id, lock=True)
    tenants.remove_legal_basis(connection, tenant_id, purpose, source)
    forgotten = 0
    for learner_id in learners.every(connection, tenant_id):
        left = granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
        if (purpose, source) in left:
            continue
        if left:
            _drop_uncovered(connection, tenant_id, learner_id, left)
        else:
            erase(connection, tenant_id, learner_id, models, plugins, now, relearn=False)
            forgotten += 1
    models.rebuild(connection, tenant_id)
    return forgotten


def _mine(table: Table, tenant_id: str, learner_id: str) -> tuple[Any, Any]:
    return table.c.tenant_id == tenant_id, table.c.learner_id == learner_id


def _empty(connection: Connection, table: Table, tenant_id: str, learner_id: str) -> None:
    connection.execute(delete(table).where(*_mine(table, tenant_id, learner_id)))


def erase(
    connection: Connection,
    tenant_id: str,
    learner_id: str,
    models: Models,
    plugins: Plugins,
    now: datetime,
    *,
    relearn: bool = True,
) -> dict[str, Any]:
    """Forget a person: every table, every model, every plugin.

    :param relearn: False when the caller rebuilds the models afterwards, as for many people at once.
    :returns: the receipt: ``receipt`` (its id), ``at`` (ISO 8601), ``removed`` (kind to count), ``models``
        (names of the models the person was taken out of), and ``unconfirmed`` (plugins that could not say
        that they removed what they keep).
    """
    tenants.counters(connection, tenant_id, lock=True)
    counted_in = _counted_in(connection, tenant_id, learner_id, models)
    digests = select(tables.learner_identity.c.digest).where(
        *_mine(tables.learner_identity, tenant_id, learner_id)
    )
    cut_off = staff.forget(connection, tenant_id, list(connection.execute(digests).scalars()))
    removed: dict[str, int] = {"staff_member": cut_off}
    for table in tables.PERSONAL:
        count = select(func.count()).select_from(table).where(*_mine(table, tenant_id, learner_id))
        removed[table.name] = connection.execute(count).scalar_one()
        _empty(connection, table, tenant_id, learner_id)
    gone = delete(tables.learner).where(
        tables.learner.c.tenant_id == tenant_id, tables.learner.c.id == learner_id
    )
    removed["learner"] = connection.execute(gone).rowcount
    tenants.people_changed(connection, tenant_id)
    if removed["event"] and relearn:
        models.relearn(connection, tenant_id, learner_id, [])
    confirmed = plugins.collect("learner_forgotten", tenant_id=tenant_id, learner_id=learner_id)
    for answered in confirmed:
        (count_of_plugin,) = answered.values
        removed[f"plugin {answered.plugin}"] = int(count_of_plugin)
    asked = {d.name for d in plugins.describe() if "learner_forgotten" in d.hooks}
    receipt = {
        "receipt": secrets.token_hex(8),
        "at": now.isoformat(timespec="seconds"),
        "removed": {kind: count for kind, count in removed.items() if count},
        "models": counted_in,
        "unconfirmed": sorted(asked - {a.plugin for a in confirmed}),
    }
    connection.execute(
        insert(tables.erasure).values(
            tenant_id=tenant_id, id=receipt["receipt"], at=now, removed=receipt["removed"]
        )
    )
    return receipt


def held(connection: Connection, tenant_id: str, learner_id: str, models: Models) -> dict[str, Any]:
    """Everything that is kept about a learner, as JSON-ready values by kind."""
    learner = learners.find(connection, tenant_id, learner_id)
    if learner is None:
        return {}
    log = events.of_learner(connection, tenant_id, learner_id)
    return {
        "learner": {
            "id": learner.id,
            "roles": sorted(learner.roles),
            "locale": learner.locale,
            "profile": learners.profile_out(learner.profile),
        },
        "grants": [
            {"purpose": g.purpose, "source": g.source, "at": g.at.isoformat(), "basis": g.basis}
            for g in learners.agreements(connection, tenant_id, learner_id)
        ],
        "identities": _rows(connection, tables.learner_identity, tenant_id, learner_id, "digest"),
        "contexts": _rows(connection, tables.membership, tenant_id, learner_id, "context_id", "seen_at"),
        "events": [_plain(asdict(e)) for e in reversed(log)],
        "statements": [
            {"id": row["id"], "stored": row["stored_at"], "statement": row["raw"]}
            for row in _rows(connection, tables.statement, tenant_id, learner_id, "id", "stored_at", "raw")
        ],
        "suggestions": [_plain(asdict(s)) for s in suggestions.of_learner(connection, tenant_id, learner_id)],
        "mastery": _rows(
            connection,
            tables.mastery,
            tenant_id,
            learner_id,
            "skill_id",
            "mean",
            "low",
            "high",
            "answers",
            "at",
        ),
        "awards": _rows(connection, tables.award, tenant_id, learner_id, "key", "title", "at", "record"),
        "grade_links": _rows(
            connection, tables.grade_link, tenant_id, learner_id, "line_item", "opens", "score", "stamp"
        ),
        "waiting_grades": _rows(
            connection, tables.outbox, tenant_id, learner_id, "line_item", "score", "created_at"
        ),
        "waiting_suggestions": _rows(
            connection, tables.waiting, tenant_id, learner_id, "activity_id", "context_id", "at", "record"
        ),
        "decisions": _rows(
            connection,
            tables.decision,
            tenant_id,
            learner_id,
            "kind",
            "activity_id",
            "instead_id",
            "context_id",
            "decided_by",
            "decided_at",
        ),
        "course_groups": _rows(
            connection, tables.course_group_member, tenant_id, learner_id, "context_id", "group_id"
        ),
        "plugin_values": plugin_values.held(connection, tenant_id, learner_id),
        "counted_in_models": _counted_in(connection, tenant_id, learner_id, models),
    }


def _counted_in(connection: Connection, tenant_id: str, learner_id: str, models: Models) -> list[str]:
    """Names of the models that learned from this learner's events."""
    allowed = granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
    sources = events.sources(connection, tenant_id, learner_id)
    left_out = models.left_out(connection, tenant_id)
    return sorted(
        name
        for name, (plugin, model) in models.models.items()
        if plugin not in left_out and any((model.purpose, source) in allowed for source in sources)
    )


def _rows(
    connection: Connection, table: Table, tenant_id: str, learner_id: str, *columns: str
) -> list[dict[str, Any]]:
    rows = connection.execute(
        select(*(table.c[c] for c in columns)).where(*_mine(table, tenant_id, learner_id))
    )
    return [_plain(dict(row._mapping)) for row in rows]


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items() if k != "tenant_id"}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, frozenset | set):
        return sorted(_plain(v) for v in value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode()
    return value
