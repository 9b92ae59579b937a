"""Which xAPI verb says what about learning: the table that ``docs/xapi.md`` prints.

A verb that is not here is accepted and becomes ``OTHER``. Verbs are compared by IRI, as the specification
says (xAPI 1.0.3, Data, 2.4.3), except that ``http`` and ``https`` are read as the same.
"""

from __future__ import annotations

from ..core.evidence import EventKind as Kind

VOIDED = "http://adlnet.gov/expapi/verbs/voided"

ADL = "http://adlnet.gov/expapi/verbs/"
TINCAN = "http://id.tincanapi.com/verb/"
STREAMS = "http://activitystrea.ms/"
STREAMS_1 = "http://activitystrea.ms/schema/1.0/"
CMI5 = "https://w3id.org/xapi/adl/verbs/"
VIDEO = "https://w3id.org/xapi/video/verbs/"
TLA = "https://w3id.org/xapi/tla/verbs/"
ACROSSX = "https://w3id.org/xapi/acrossx/verbs/"
DOD_ISD = "https://w3id.org/xapi/dod-isd/verbs/"
EDLM = "https://xapi.edlm/profiles/edlm-lms/concepts/verbs/"

_STREAM_VERBS = {
    "access": Kind.VIEWED,
    "assign": Kind.OTHER,
    "attend": Kind.ATTENDED,
    "complete": Kind.COMPLETED,
    "consume": Kind.VIEWED,
    "create": Kind.OTHER,
    "delete": Kind.OTHER,
    "dislike": Kind.RATED,
    "experience": Kind.VIEWED,
    "favorite": Kind.RATED,
    "leave": Kind.LEFT,
    "like": Kind.RATED,
    "listen": Kind.VIEWED,
    "lose": Kind.OTHER,
    "open": Kind.VIEWED,
    "play": Kind.VIEWED,
    "read": Kind.VIEWED,
    "receive": Kind.OTHER,
    "retract": Kind.OTHER,
    "save": Kind.OTHER,
    "send": Kind.OTHER,
    "share": Kind.OTHER,
    "start": Kind.STARTED,
    "submit": Kind.SUBMITTED,
    "unlike": Kind.OTHER,
    "update": Kind.OTHER,
    "view": Kind.VIEWED,
    "watch": Kind.VIEWED,
    "win": Kind.ACHIEVED,
}

TABLE: tuple[tuple[str, str, dict[str, Kind]], ...] = (
    (
        "ADL",
        ADL,
        {
            "abandoned": Kind.LEFT,
            "answered": Kind.ANSWERED,
            "asked": Kind.COMMENTED,
            "attempted": Kind.STARTED,
            "attended": Kind.ATTENDED,
            "commented": Kind.COMMENTED,
            "completed": Kind.COMPLETED,
            "exited": Kind.OTHER,
            "experienced": Kind.VIEWED,
            "failed": Kind.FAILED,
            "imported": Kind.OTHER,
            "initialized": Kind.STARTED,
            "interacted": Kind.OTHER,
            "launched": Kind.STARTED,
            "mastered": Kind.ACHIEVED,
            "passed": Kind.PASSED,
            "preferred": Kind.OTHER,
            "progressed": Kind.VIEWED,
            "registered": Kind.ENROLLED,
            "responded": Kind.COMMENTED,
            "resumed": Kind.STARTED,
            "satisfied": Kind.COMPLETED,
            "scored": Kind.SCORED,
            "shared": Kind.OTHER,
            "suspended": Kind.LEFT,
            "terminated": Kind.OTHER,
            "voided": Kind.OTHER,
            "waived": Kind.OTHER,
        },
    ),
    (
        "cmi5",
        CMI5,
        {
            "abandoned": Kind.LEFT,
            "logged-in": Kind.OTHER,
            "logged-out": Kind.OTHER,
            "satisfied": Kind.COMPLETED,
            "waived": Kind.OTHER,
        },
    ),
    (
        "TinCan registry",
        TINCAN,
        {
            "adjourned": Kind.OTHER,
            "bookmarked": Kind.OTHER,
            "cancelled": Kind.LEFT,
            "downloaded": Kind.VIEWED,
            "earned": Kind.ACHIEVED,
            "enrolled": Kind.ENROLLED,
            "evaluated": Kind.SCORED,
            "focused": Kind.OTHER,
            "hired": Kind.OTHER,
            "laughed": Kind.OTHER,
            "live": Kind.OTHER,
            "mentioned": Kind.OTHER,
            "paused": Kind.OTHER,
            "previewed": Kind.VIEWED,
            "rated": Kind.RATED,
            "replied": Kind.COMMENTED,
            "reviewed": Kind.VIEWED,
            "secured": Kind.OTHER,
            "selected": Kind.OTHER,
            "skipped": Kind.OTHER,
            "talked-with": Kind.OTHER,
            "terminated-employment-with": Kind.OTHER,
            "tweeted": Kind.OTHER,
            "unfocused": Kind.OTHER,
            "unregistered": Kind.LEFT,
            "unsecured": Kind.OTHER,
            "viewed": Kind.VIEWED,
            "voted-down": Kind.RATED,
            "voted-up": Kind.RATED,
        },
    ),
    ("Activity Streams", STREAMS_1, {**_STREAM_VERBS, "join": Kind.ATTENDED}),
    ("Activity Streams, as Moodle writes it", STREAMS, {**_STREAM_VERBS, "join": Kind.ENROLLED}),
    (
        "Video profile",
        VIDEO,
        {
            "interacted": Kind.OTHER,
            "paused": Kind.OTHER,
            "played": Kind.VIEWED,
            "seeked": Kind.OTHER,
        },
    ),
    (
        "TLA",
        TLA,
        {
            "achieved": Kind.ACHIEVED,
            "enrolled": Kind.ENROLLED,
            "forfeited": Kind.OTHER,
            "launched": Kind.STARTED,
            "registered": Kind.ENROLLED,
            "resumed": Kind.STARTED,
            "scored": Kind.SCORED,
            "suspended": Kind.LEFT,
            "verified": Kind.OTHER,
        },
    ),
    (
        "acrossX",
        ACROSSX,
        {
            "edited": Kind.OTHER,
            "liked": Kind.RATED,
            "posted": Kind.COMMENTED,
            "rated": Kind.RATED,
            "searched": Kind.OTHER,
            "viewed": Kind.VIEWED,
            "watched": Kind.VIEWED,
        },
    ),
    (
        "DoD ISD",
        DOD_ISD,
        {
            "assessed": Kind.SCORED,
            "deleted": Kind.OTHER,
            "published": Kind.OTHER,
        },
    ),
    (
        "EDLM, used by Moodle",
        EDLM,
        {
            "enrolled": Kind.ENROLLED,
            "exceeded": Kind.OTHER,
            "locked": Kind.OTHER,
            "login": Kind.OTHER,
            "logout": Kind.OTHER,
            "restarted": Kind.STARTED,
            "subscribed": Kind.OTHER,
            "toured": Kind.OTHER,
            "uncompleted": Kind.OTHER,
            "unlocked": Kind.OTHER,
            "unsubscribed": Kind.OTHER,
        },
    ),
)

VERBS: dict[str, Kind] = {prefix + name: kind for _, prefix, names in TABLE for name, kind in names.items()}
"""Verb IRI to what it says about learning."""


def _other_scheme(iri: str) -> str:
    return f"http{iri[5:]}" if iri.startswith("https") else f"https{iri[4:]}"


_BOTH_SCHEMES = {_other_scheme(iri): kind for iri, kind in VERBS.items()} | VERBS


def kind_of(verb_id: str) -> Kind:
    """What a verb says about learning; ``OTHER`` when the table does not know it."""
    return _BOTH_SCHEMES.get(verb_id, Kind.OTHER)


def markdown_table() -> str:
    """The table as ``docs/xapi.md`` prints it."""
    lines = ["| verb | becomes |", "| --- | --- |"]
    for title, prefix, names in TABLE:
        lines.append(f"| **{title}** `{prefix}` | |")
        lines += [f"| {name} | `{kind.name}` |" for name, kind in sorted(names.items())]
    return "\n".join(lines)
