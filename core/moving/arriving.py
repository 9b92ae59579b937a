"""Writing what a tenant brought along, in the caller's one transaction: all of it is there, or nothing.

Learned models do not move. They are sums over the events, so they are folded anew from the ledger: the same
models of the same version come to the same state, and other versions, or other plugins, to theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection, Table, select, update

from .. import choices
from ..decisions import DecisionKind
from ..errors import Conflict, InvalidInput
from ..evidence import Event
from ..intake import append
from ..store import learners, tables, tenants
from ..store.bulk import insert_many
from . import parts
from .leaving import some
from .places import Places

EMPTY = (
    tables.learner,
    tables.activity,
    tables.skill,
    tables.context,
    tables.event,
    tables.setting,
    tables.plugin_choice,
    tables.decision,
    tables.legal_basis,
    tables.erasure,
)
"""A tenant that exists already must have no row in these; being registered with an LMS does not matter."""

COUNTED: dict[str, type] = {"consent_version": int, "ids_from": str}
"""Choices that nobody sets, and so no check knows."""

Each = TypeVar("Each")


class Arriving(Protocol):
    """What a tenant brought along; each part can be read once, in this order."""

    @property
    def settings(self) -> parts.TenantSettings:
        """What the tenant chose."""

    @property
    def catalogue(self) -> parts.MovedCatalogue:
        """What can be learned."""

    def people(self) -> Iterable[parts.MovedLearner]:
        """Everybody who is remembered."""

    def ledger(self) -> Iterable[parts.LedgerEntry]:
        """What happened, in order."""

    def record(self) -> Iterable[parts.MovedSuggestion]:
        """What was suggested."""


@dataclass
class Arrival:
    """One import.

    :param came_from: the id that the tenant had.
    :param digest: the digest under which an identity is kept here.
    :param progress: called with the kind of what was written, and how many.
    """

    connection: Connection
    tenant_id: str
    came_from: str
    places: Places
    digest: Callable[[str], str]
    now: datetime
    progress: Callable[[str, int], None] = lambda _kind, _count: None

    def take(self, arriving: Arriving) -> parts.Arrived:
        """Write everything.

        :raises Conflict: when the tenant has data already, or two people would be one at the new place.
        :raises InvalidInput: when something belongs to nobody who is there, or cannot be kept.
        """
        self.arrived = parts.Arrived()
        self._known: set[str] = set()
        self._tenant(arriving.settings)
        self._settings(arriving.settings)
        self._catalogue(arriving.catalogue)
        self._people(arriving.people())
        self._ledger(arriving.ledger())
        self._record(arriving.record())
        at = tenants.counters(self.connection, self.tenant_id, lock=True)
        tenants.advance(
            self.connection,
            self.tenant_id,
            model_epoch=at.model_epoch + 1,
            catalogue_version=at.catalogue_version + 1,
            people_version=at.people_version + 1,
        )
        self.arrived.unused = self.places.unused()
        return self.arrived

    def _write(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        for several in some(rows):
            columns = ("tenant_id", *several[0])
            values = [(self.tenant_id, *row.values()) for row in several]
            insert_many(self.connection, table, columns, values)
            self.arrived.counts[table.name] = self.arrived.counts.get(table.name, 0) + len(several)
            self.progress(table.name, len(several))

    def _of_known(self, moved: Iterable[Each], learner_of: Callable[[Each], str]) -> Iterator[Each]:
        """Them, as long as each is about somebody who arrived."""
        for each in moved:
            if learner_of(each) not in self._known:
                raise InvalidInput(
                    f"It is about the learner {learner_of(each)!r}, who is not in learners.jsonl.",
                    "Take the file as it was written; a part of it is missing or was changed.",
                )
            yield each

    def _tenant(self, moved: parts.TenantSettings) -> None:
        if tenants.find(self.connection, self.tenant_id) is None:
            tenants.add(self.connection, self.tenant_id, moved.name, moved.locale, self.now)
            return
        tenants.counters(self.connection, self.tenant_id, lock=True)
        for table in EMPTY:
            row = select(table.c.tenant_id).where(table.c.tenant_id == self.tenant_id).limit(1)
            if self.connection.execute(row).first() is not None:
                raise Conflict(
                    f"The tenant {self.tenant_id!r} is not empty: it has rows in {table.name!r}.",
                    "Import into a tenant that is new, or under another id with --as.",
                )
        tenant = tables.tenant
        named = update(tenant).where(tenant.c.id == self.tenant_id)
        self.connection.execute(named.values(name=moved.name, locale=moved.locale))

    def _settings(self, moved: parts.TenantSettings) -> None:
        self._write(
            tables.legal_basis,
            (
                {
                    "purpose": b.purpose,
                    "source": b.source,
                    "basis": b.basis,
                    "decided_by": b.decided_by,
                    "decided_at": b.decided_at,
                    "notice": b.notice,
                }
                for b in moved.legal_bases
            ),
        )
        self._write(
            tables.setting,
            (
                {"context_id": c.course, "key": c.key, "value": _checked(c), "changed_at": c.changed_at}
                for c in self._choices(moved)
            ),
        )
        self._write(
            tables.plugin_choice,
            (
                {
                    "plugin": p.plugin,
                    "enabled": p.enabled,
                    "settings": p.settings,
                    "settings_version": p.settings_version,
                    "changed_at": p.changed_at,
                }
                for p in moved.plugins
            ),
        )
        self._write(tables.decision, (_decision(d, "") for d in moved.decisions))
        self._write(
            tables.dropped, ({"day": d.day, "reason": d.reason, "count": d.count} for d in moved.dropped)
        )
        self._write(tables.erasure, ({"id": e.id, "at": e.at, "removed": e.removed} for e in moved.erasures))

    def _choices(self, moved: parts.TenantSettings) -> list[parts.Choice]:
        """With the id from which ids are made, where it is not the tenant's own."""
        if self.came_from == self.tenant_id or any(c.key == "ids_from" for c in moved.choices):
            return moved.choices
        return [*moved.choices, parts.Choice(key="ids_from", value=self.came_from, changed_at=self.now)]

    def _catalogue(self, moved: parts.MovedCatalogue) -> None:
        aligned = sum(len(s.alignments) for s in moved.skills)
        if aligned:
            self.arrived.left_out["alignments of skills"] = aligned
        _once("course", [c.id for c in moved.courses])
        _once("course key", [self.places.address(c.key) for c in moved.courses])
        _once("skill", [s.id for s in moved.skills])
        _once("activity", [a.id for a in moved.activities])
        _once("activity key", [a.key for a in moved.activities])
        self._write(
            tables.context,
            (
                {
                    "id": c.id,
                    "key": self.places.address(c.key),
                    "title": c.title,
                    "kind": c.kind,
                    "lms_key": self.places.address(c.lms_key),
                }
                for c in moved.courses
            ),
        )
        self._write(
            tables.course_group,
            (
                {"context_id": c.id, "id": g.id, "title": g.title, "set_title": g.set_title}
                for c in moved.courses
                for g in c.groups
            ),
        )
        self._write(tables.skill, ({"id": s.id, "title": s.title, "terms": s.terms} for s in moved.skills))
        self._write(
            tables.activity,
            (
                {
                    "id": a.id,
                    "key": a.key,
                    "title": a.title,
                    "text": a.text,
                    "language": a.language,
                    "media_type": a.media_type,
                    "minutes": a.minutes,
                    "skills": [[t.skill, int(t.level)] for t in a.skills],
                    "prerequisites": a.prerequisites,
                    "difficulty": a.difficulty,
                    "address": self.places.address(a.address),
                    "object_id": self.places.address(a.object_id),
                    "contexts": a.courses,
                    "position": a.position,
                }
                for a in moved.activities
            ),
        )

    def _people(self, moved: Iterable[parts.MovedLearner]) -> None:
        of_digest: dict[str, str] = {}
        for several in some(moved):
            identities = []
            for one in several:
                if one.id in self._known:
                    raise InvalidInput(
                        f"The learner {one.id!r} is there twice.", "Take the file as it was written."
                    )
                self._known.add(one.id)
                for known in one.identities:
                    digest = self.digest(self.places.identity(known))
                    if of_digest.setdefault(digest, one.id) != one.id:
                        raise Conflict(
                            f"The learners {of_digest[digest]} and {one.id} would be one account at the new "
                            f"place: {self.places.identity(known)}.",
                            "Correct the file of --map; each person needs an account of their own.",
                        )
                    identities.append({"digest": digest, "learner_id": one.id})
            self.arrived.unnamed += sum(not one.identities for one in several)
            self._write(tables.learner, (_learner(one) for one in several))
            self._write(
                tables.learner_identity, ({**i} for i in {i["digest"]: i for i in identities}.values())
            )
            for table, rows in _of_learners(several):
                self._write(table, rows)

    def _ledger(self, moved: Iterable[parts.LedgerEntry]) -> None:
        for several in some(self._of_known(moved, lambda entry: entry.learner_id)):
            new: list[Event] = []
            statements = []
            for entry in several:
                if entry.event is not None:
                    new.append(entry.event.event(self.tenant_id))
                if entry.raw is not None:
                    statements.append(
                        {
                            "id": entry.statement_id,
                            "learner_id": entry.learner_id,
                            "stored_at": entry.stored_at or self.now,
                            "raw": entry.raw,
                        }
                    )
            append(self.connection, self.tenant_id, tenants.counters(self.connection, self.tenant_id), new)
            self.arrived.counts["event"] = self.arrived.counts.get("event", 0) + len(new)
            self.progress("event", len(new))
            self._write(tables.statement, statements)

    def _record(self, moved: Iterable[parts.MovedSuggestion]) -> None:
        for several in some(self._of_known(moved, lambda one: one.learner)):
            self._write(tables.suggestion, (_suggestion(s) for s in several if not s.waiting))
            self._write(tables.waiting, (_waiting(s) for s in several if s.waiting))


def _checked(choice: parts.Choice) -> Any:
    if choice.key in COUNTED and not choice.course and isinstance(choice.value, COUNTED[choice.key]):
        return choice.value
    return choices.checked(choice.key, choice.value, course=bool(choice.course))


def _once(what: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidInput(
                f"catalogue.json: the {what} {name!r} is there twice.",
                "Take the file as it was written; where addresses are mapped, two became one.",
            )
        seen.add(name)


def _decision(decided: parts.Decided, learner_id: str) -> dict[str, Any]:
    return {
        "context_id": decided.course,
        "learner_id": learner_id,
        "activity_id": decided.activity,
        "kind": DecisionKind(decided.kind),
        "instead_id": decided.instead,
        "decided_by": decided.decided_by,
        "decided_at": decided.decided_at,
    }


def _learner(one: parts.MovedLearner) -> dict[str, Any]:
    return {
        "id": one.id,
        "roles": sorted(one.roles),
        "locale": one.locale,
        "profile": learners.profile_out(one.profile.profile()),
        "created_at": one.created_at,
    }


def _of_learners(several: list[parts.MovedLearner]) -> Iterable[tuple[Table, Iterable[dict[str, Any]]]]:
    """Rows of the tables that belong to learners."""
    yield (
        tables.grant,
        (
            {
                "learner_id": one.id,
                "purpose": g.purpose,
                "source": g.source,
                "at": g.at,
                "text_version": g.text_version,
            }
            for one in several
            for g in one.grants
        ),
    )
    yield (
        tables.membership,
        (
            {"context_id": m.course, "learner_id": one.id, "seen_at": m.seen_at}
            for one in several
            for m in one.seen_in
        ),
    )
    yield (
        tables.course_group_member,
        (
            {"context_id": g.course, "group_id": g.group, "learner_id": one.id}
            for one in several
            for g in one.groups
        ),
    )
    yield (
        tables.mastery,
        (
            {
                "learner_id": one.id,
                "skill_id": e.skill,
                "mean": e.mean,
                "low": e.low,
                "high": e.high,
                "answers": e.answers,
                "at": e.at,
            }
            for one in several
            for e in one.estimates
        ),
    )
    yield (
        tables.award,
        (
            {
                "learner_id": one.id,
                "key": a.key,
                "title": a.title,
                "at": a.at,
                "record": msgspec.to_builtins(a.record),
            }
            for one in several
            for a in one.awards
        ),
    )
    yield tables.decision, (_decision(d, one.id) for one in several for d in one.decisions)


def _waiting(one: parts.MovedSuggestion) -> dict[str, Any]:
    return {
        "learner_id": one.learner,
        "context_id": one.course,
        "activity_id": one.activity,
        "at": one.at,
        "record": msgspec.to_builtins(one.record),
    }


def _suggestion(one: parts.MovedSuggestion) -> dict[str, Any]:
    return {
        "id": one.id,
        "learner_id": one.learner,
        "context_id": one.course,
        "activity_id": one.activity,
        "at": one.at,
        "position": one.position,
        "outcome": one.outcome,
        "outcome_at": one.outcome_at,
        "dismissal": one.dismissal,
        "record": msgspec.to_builtins(one.record),
    }
