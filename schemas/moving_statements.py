"""The evidence ledger as xAPI 1.0.3 statements, one a line, and back.

A statement of the LMS goes as it was kept. For what happened in Stifinder's own pages a statement is made.
What xAPI has no field for stands in one extension of the context, ``NOTE``; on the way back that extension
alone counts, so an event comes back exactly as it was. ``docs/moving.md`` has the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid5

import msgspec
from msgspec import Raw

from ..core.errors import InvalidInput
from ..core.evidence import EventKind
from ..core.moving.parts import LedgerEntry, MovedEvent
from . import statement_forms as forms
from .statement_objects import identity_of
from .statements import Limits, read_one
from .verbs import ADL, STREAMS_1, TINCAN

NOTE = "urn:stifinder:ledger"
"""The extension that holds what makes a statement an entry of the ledger."""
NAMESPACE = UUID("5b0f2a44-1a3c-5c8e-9a53-4f5b8f6c0d17")
"""Under which the statements that are made here get their ids."""
OWN_VERBS = "urn:stifinder:verb:"
VERB = {
    EventKind.VIEWED: ADL + "experienced",
    EventKind.STARTED: ADL + "attempted",
    EventKind.ANSWERED: ADL + "answered",
    EventKind.SUBMITTED: STREAMS_1 + "submit",
    EventKind.COMPLETED: ADL + "completed",
    EventKind.PASSED: ADL + "passed",
    EventKind.FAILED: ADL + "failed",
    EventKind.SCORED: ADL + "scored",
    EventKind.ENROLLED: ADL + "registered",
    EventKind.LEFT: ADL + "suspended",
    EventKind.RATED: TINCAN + "rated",
    EventKind.COMMENTED: ADL + "commented",
    EventKind.ATTENDED: ADL + "attended",
    EventKind.ACHIEVED: ADL + "mastered",
    EventKind.REVIEWED: OWN_VERBS + "reviewed",
    EventKind.OUTCOME: OWN_VERBS + "outcome",
    EventKind.OTHER: OWN_VERBS + "other",
}
"""The verb of a statement that is made here, by the event's kind."""
LONGEST = 10.0**9
"""Minutes past this are not said as a duration; the note has them."""
LIMITS = Limits(body=64 << 20, depth=200)
_CURE = "Take the file as it was written, or export again."


class Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value of the extension ``urn:stifinder:ledger``.

    :param learner: whom it is about, as in ``learners.jsonl``.
    :param event: what was made of it; null for a statement of which no event is left.
    :param made: whether the statement was made for the export; then it is not kept by the import.
    :param added: what of the statement was added to it for the export.
    """

    learner: str
    event: MovedEvent | None = None
    made: bool = False
    added: list[Literal["context", "extensions", "timestamp"]] = []


class _Actor(msgspec.Struct):
    actor: forms.Actor


_whole = msgspec.json.Decoder(dict[str, Raw])
_note = msgspec.json.Decoder(Note)
_actor = msgspec.json.Decoder(_Actor)
_stored = msgspec.json.Decoder(datetime)
_encode = msgspec.json.Encoder().encode


def actor_of(raw: bytes) -> str:
    """The canonical identity of a kept statement's actor."""
    return identity_of(_actor.decode(raw).actor)


def line_of(entry: LedgerEntry, *, home: str, objects: Mapping[str, str]) -> bytes:
    """An entry of the ledger as the JSON of one statement.

    :param home: address of the installation: the home page of the accounts in statements made here.
    :param objects: activity id to the IRI by which statements name it.
    :raises ValueError: when the entry has neither an event nor a statement.
    """
    if entry.raw is not None:
        return _noted(entry.raw, entry)
    if entry.event is None:
        raise ValueError("An entry of the ledger is an event, a statement or both; this one is neither.")
    return _encode(_made(entry.event, home, objects))


def _noted(raw: bytes, entry: LedgerEntry) -> bytes:
    statement: dict[str, Any] = dict(_whole.decode(raw))
    added: list[Literal["context", "extensions", "timestamp"]] = []
    context: dict[str, Any] = {}
    extensions: dict[str, Any] = {}
    if "context" in statement:
        context = dict(_whole.decode(statement["context"]))
    else:
        added.append("context")
    if "extensions" in context:
        extensions = dict(_whole.decode(context["extensions"]))
    else:
        added.append("extensions")
    if "timestamp" not in statement:
        added.append("timestamp")
        statement["timestamp"] = entry.stored_at
    extensions[NOTE] = Note(learner=entry.learner_id, event=entry.event, added=added)
    context["extensions"] = extensions
    statement["context"] = context
    return _encode({**statement, "stored": entry.stored_at, "version": "1.0.3"})


def _made(event: MovedEvent, home: str, objects: Mapping[str, str]) -> dict[str, Any]:
    target = objects.get(event.activity) or (
        f"urn:stifinder:activity:{event.activity}"
        if event.activity
        else f"urn:stifinder:skill:{event.skills[0]}"
        if event.skills
        else "urn:stifinder:page"
    )
    result: dict[str, Any] = {}
    if event.success is not None:
        result["success"] = event.success
    if event.score is not None:
        result["score"] = {"scaled": event.score}
    if event.minutes is not None and event.minutes < LONGEST:
        result["duration"] = f"PT{event.minutes * 60:.2f}S"
    return {
        "id": str(uuid5(NAMESPACE, f"{event.learner}/{event.id}/{event.at.isoformat()}")),
        "actor": {"account": {"homePage": home, "name": event.learner}},
        "verb": {"id": VERB[event.kind], "display": {"en": str(event.kind)}},
        "object": {"id": target},
        **({"result": result} if result else {}),
        "context": {"extensions": {NOTE: Note(learner=event.learner, event=event, made=True)}},
        "timestamp": event.at,
        "version": "1.0.3",
    }


def entry_of(line: bytes) -> LedgerEntry:
    """The entry of the ledger that a line holds; the statement in it is checked as at the xAPI door.

    :raises InvalidInput: says the field, what is wrong and the cure.
    """
    try:
        statement = dict(_whole.decode(line))
        context = dict(_whole.decode(statement["context"]))
        extensions = dict(_whole.decode(context["extensions"]))
        note = _note.decode(extensions.pop(NOTE))
    except KeyError:
        raise InvalidInput(
            f"The statement has no extension {NOTE} in its context.",
            "Only what `stifinder tenant export` wrote can be imported; send other statements to /xapi.",
        ) from None
    except msgspec.DecodeError as error:
        raise InvalidInput(f"This is no statement of an export: {error}.", _CURE) from None
    event = note.event
    if event is not None and event.learner != note.learner:
        raise InvalidInput("The event and its statement are about different learners.", _CURE)
    if note.made:
        if event is None:
            raise InvalidInput("A statement that was made for the export has no event.", _CURE)
        return LedgerEntry(event, note.learner)
    return _kept(statement, context, extensions, note)


def _kept(
    statement: dict[str, Raw], context: dict[str, Raw], extensions: dict[str, Raw], note: Note
) -> LedgerEntry:
    stored = statement.pop("stored", None)
    statement.pop("version", None)
    if "timestamp" in note.added:
        statement.pop("timestamp", None)
    if "extensions" in note.added:
        del context["extensions"]
    else:
        context["extensions"] = Raw(_encode(extensions))
    if "context" in note.added:
        del statement["context"]
    else:
        statement["context"] = Raw(_encode(context))
    try:
        stored_at = _stored.decode(stored) if stored is not None else None
    except msgspec.DecodeError:
        stored_at = None
    if stored_at is None or stored_at.tzinfo is None:
        raise InvalidInput("`stored` is no time with its zone.", _CURE, where="stored")
    raw = _encode(statement)
    said = _said_id(statement)
    read_one(raw, statement_id=said, now=stored_at.astimezone(UTC), limits=LIMITS)
    if note.event is not None and note.event.id != said:
        raise InvalidInput("The statement and its event have different ids.", _CURE, where="id")
    return LedgerEntry(note.event, note.learner, raw, stored_at, said)


def _said_id(statement: dict[str, Raw]) -> str:
    try:
        return msgspec.json.decode(statement.get("id", Raw(b"")), type=str)
    except msgspec.DecodeError:
        raise InvalidInput("The statement has no id.", _CURE, where="id") from None
