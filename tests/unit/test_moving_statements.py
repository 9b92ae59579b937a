"""An entry of the ledger goes through its xAPI statement and comes back exactly as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stifinder.core.errors import InvalidInput
from stifinder.core.evidence import EventKind
from stifinder.core.moving.parts import LedgerEntry, MovedEvent
from stifinder.core.people import Source
from stifinder.schemas.moving_statements import NOTE, actor_of, entry_of, line_of
from stifinder.schemas.statements import read_batch

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOME = "https://learn.example.com"
ID = "6f3b2c1e-0000-4000-8000-000000000001"

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ids = st.text("0123456789abcdef", min_size=1, max_size=32)
numbers = st.floats(allow_nan=False, allow_infinity=False)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
moved_events = st.builds(
    MovedEvent,
    id=ids,
    learner=ids,
    kind=st.sampled_from(EventKind),
    at=moments,
    source=st.sampled_from(Source),
    activity=st.one_of(st.just(""), ids),
    course=st.one_of(st.just(""), ids),
    skills=st.lists(ids, max_size=3),
    item=words,
    success=st.one_of(st.none(), st.booleans()),
    score=st.one_of(st.none(), st.floats(-1, 1)),
    minutes=st.one_of(st.none(), st.floats(0, 1e12)),
    votes=st.dictionaries(words, numbers, max_size=3),
)
in_extensions = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**30), 10**30), numbers, words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=5,
)
extensions = st.dictionaries(words.map(lambda w: f"urn:x:{w.encode().hex()}"), in_extensions, max_size=3)


@st.composite
def kept_statements(draw: st.DrawFn) -> dict[str, Any]:
    """Statements of an LMS, with and without the parts that an export adds to."""
    made: dict[str, Any] = {
        "id": ID,
        "actor": {"account": {"homePage": "https://lms.example.org", "name": "person-1"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://lms.example.org/activities/1", "definition": {"name": {"en": draw(words)}}},
    }
    if draw(st.booleans()):
        made["timestamp"] = draw(moments).isoformat()
    if draw(st.booleans()):
        made["result"] = {"score": {"scaled": draw(st.floats(-1, 1))}, "extensions": draw(extensions)}
    if draw(st.booleans()):
        made["context"] = {"platform": draw(words)} if draw(st.booleans()) else {}
        if draw(st.booleans()):
            made["context"]["extensions"] = draw(extensions)
    return made


@given(moved_events)
def test_what_happened_in_our_pages_comes_back_as_it_was(event: MovedEvent) -> None:
    objects = {"a": "https://lms.example.org/activities/a"}
    line = line_of(LedgerEntry(event, event.learner), home=HOME, objects=objects)
    assert b"\n" not in line
    assert entry_of(line) == LedgerEntry(event, event.learner)
    (arrival,) = read_batch(line, now=datetime(2101, 1, 1, tzinfo=UTC))  # xAPI as well
    assert arrival.at == event.at
    assert arrival.success == event.success
    assert arrival.identity.endswith(event.learner)
    if event.score is not None:
        assert arrival.score == max(0.0, event.score)


@given(kept_statements(), moved_events, moments)
def test_a_statement_of_the_lms_comes_back_byte_for_byte(
    statement: dict[str, Any], event: MovedEvent, stored_at: datetime
) -> None:
    (arrival,) = read_batch(json.dumps(statement).encode(), now=NOW)
    changed = json.loads(json.dumps({"id": arrival.id}))
    event = MovedEvent(**{f: getattr(event, f) for f in event.__struct_fields__} | changed)
    entry = LedgerEntry(event, event.learner, arrival.raw, stored_at, arrival.id)
    line = line_of(entry, home=HOME, objects={})
    assert entry_of(line) == entry
    (again,) = read_batch(line, now=NOW)
    assert (again.identity, again.kind, again.object_ids) == (
        arrival.identity,
        arrival.kind,
        arrival.object_ids,
    )
    assert actor_of(arrival.raw) == arrival.identity


def test_what_xapi_has_fields_for_stands_in_them() -> None:
    event = MovedEvent(
        id="e1",
        learner="l1",
        kind=EventKind.ANSWERED,
        at=NOW,
        source=Source.PAGE,
        activity="a1",
        success=True,
        score=0.75,
        minutes=1.5,
    )
    said = json.loads(
        line_of(LedgerEntry(event, "l1"), home=HOME, objects={"a1": "https://lms.example.org/1"})
    )
    assert said["actor"] == {"account": {"homePage": HOME, "name": "l1"}}
    assert said["verb"]["id"] == "http://adlnet.gov/expapi/verbs/answered"
    assert said["object"] == {"id": "https://lms.example.org/1"}
    assert said["result"] == {"success": True, "score": {"scaled": 0.75}, "duration": "PT90.00S"}
    assert said["timestamp"] == "2026-03-02T09:30:00Z"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"context": {}}, "no extension urn:stifinder:ledger"),
        ({"context": {"extensions": {NOTE: {"learner": "l2"}}}}, "field"),
        ({"context": {"extensions": {NOTE: {"learner": "l1", "made": True}}}}, "has no event"),
        ({"stored": "yesterday"}, "stored"),
        ({"stored": "2026-03-02T09:30:00"}, "stored"),
        ({"id": "6f3b2c1e-0000-4000-8000-000000000002"}, "different ids"),
        ({"id": 5}, "no id"),
        ({"verb": {"id": "no IRI"}}, "verb.id"),
    ],
)
def test_a_line_that_was_changed_is_refused(changes: dict[str, Any], words: str) -> None:
    raw = json.dumps(
        {
            "id": ID,
            "actor": {"account": {"homePage": HOME, "name": "person-1"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": "https://lms.example.org/1"},
            "context": {"extensions": {"urn:x:other": 1}},
        }
    ).encode()
    event = MovedEvent(id=ID, learner="l1", kind=EventKind.COMPLETED, at=NOW, source=Source.STATEMENTS)
    said = json.loads(line_of(LedgerEntry(event, "l1", raw, NOW, ID), home=HOME, objects={}))
    if words == "field":
        changes = {"context": {"extensions": {NOTE: {**said["context"]["extensions"][NOTE], "new": 1}}}}
    with pytest.raises(InvalidInput, match=words):
        entry_of(json.dumps(said | changes).encode())
