"""The form of an xAPI statement as compiled structs: what each part may hold, and nothing besides.

After the xAPI specification 1.0.3, part two (Data), with the additions of 2.0.0 (IEEE 9274.1.1). Unknown
keys, nulls and wrong types are refused while decoding; ``statement_checks`` has the rules that concern more
than one field. Encoding a struct again leaves out what was not said.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

IRI = r"\A[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x20<>\"]+\Z"
LANGUAGE_TAG = r"\A(?:[A-Za-z]{2,8}|[xXiI])(?:-[A-Za-z0-9]{1,8})*\Z"
UUID = r"\A[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\Z"
MAILTO = r"\Amailto:[^@\s]+@[^@\s]+\Z"
SHA1 = r"\A[0-9A-Fa-f]{40}\Z"
SHA2 = r"\A(?:[0-9A-Fa-f]{56}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{96}|[0-9A-Fa-f]{128})\Z"
TIMESTAMP = (
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
    r"(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?\Z"
)
VERSION = r"\A(?:1\.0(?:\.[0-9]+)?|2\.0\.0)\Z"

IN_WORDS = {
    IRI: "an IRI with its scheme, such as https://example.org/course/1",
    LANGUAGE_TAG: "a language tag of RFC 5646, such as en or da-DK",
    UUID: "a UUID, such as 6f3b2c1e-0000-4000-8000-000000000001",
    MAILTO: "an address with mailto: before it",
    SHA1: "a SHA-1 sum of 40 hexadecimal digits",
    SHA2: "a SHA-2 sum in hexadecimal digits",
    TIMESTAMP: "a time of ISO 8601, such as 2026-01-31T12:00:00Z",
    VERSION: "a version from 1.0.0 to 1.0.3, or 2.0.0",
}
"""What each pattern asks for, for error messages."""

LONGEST_IRI = 2000

Iri = Annotated[str, Meta(pattern=IRI, max_length=LONGEST_IRI)]
LanguageTag = Annotated[str, Meta(pattern=LANGUAGE_TAG)]
Uuid = Annotated[str, Meta(pattern=UUID)]
Timestamp = Annotated[str, Meta(pattern=TIMESTAMP)]
NonEmpty = Annotated[str, Meta(min_length=1)]
AccountName = Annotated[str, Meta(min_length=1, max_length=1000)]

# A regular expression on each of a statement's many IRIs and language tags costs more than all the rest.
# These are therefore checked in ``statement_checks``, which remembers the ones it has seen.
SeenIri = Annotated[str, Meta(min_length=1, max_length=LONGEST_IRI)]
LanguageMap = dict[str, str]
Extensions = dict[str, Raw]


class _Part(Struct, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """What all parts have in common."""


class Account(_Part):
    """An account on a system (Data, 2.4.2.4)."""

    home_page: SeenIri
    name: AccountName


class Actor(_Part):
    """An Agent or a Group (Data, 2.4.2)."""

    object_type: Literal["Agent", "Group"] = "Agent"
    name: str = ""
    mbox: Annotated[str, Meta(pattern=MAILTO)] = ""
    mbox_sha1sum: Annotated[str, Meta(pattern=SHA1)] = field(default="", name="mbox_sha1sum")
    openid: Iri = ""
    account: Account | UnsetType = UNSET
    member: list[Actor] | UnsetType = UNSET


class Verb(_Part):
    """What the actor did (Data, 2.4.3)."""

    id: SeenIri
    display: LanguageMap | UnsetType = UNSET


class Component(_Part):
    """One choice, step, source, target or scale point of a question (Data, 2.4.4.1)."""

    id: NonEmpty
    description: LanguageMap | UnsetType = UNSET


class Definition(_Part):
    """What an activity is (Data, 2.4.4.1)."""

    name: LanguageMap | UnsetType = UNSET
    description: LanguageMap | UnsetType = UNSET
    type: SeenIri = ""
    more_info: Iri = ""
    interaction_type: (
        Literal[
            "true-false",
            "choice",
            "fill-in",
            "long-fill-in",
            "matching",
            "performance",
            "sequencing",
            "likert",
            "numeric",
            "other",
        ]
        | UnsetType
    ) = UNSET
    correct_responses_pattern: list[str] | UnsetType = UNSET
    choices: list[Component] | UnsetType = UNSET
    scale: list[Component] | UnsetType = UNSET
    source: list[Component] | UnsetType = UNSET
    target: list[Component] | UnsetType = UNSET
    steps: list[Component] | UnsetType = UNSET
    extensions: Extensions | UnsetType = UNSET


class Activity(_Part):
    """Something to learn from, or a part of it (Data, 2.4.4.1)."""

    id: SeenIri
    object_type: Literal["Activity"] = "Activity"
    definition: Definition | UnsetType = UNSET


class StatementRef(_Part):
    """Another statement, by its id (Data, 2.4.4.3)."""

    object_type: Literal["StatementRef"]
    id: Uuid


class Score(_Part):
    """A score; ``statement_checks`` sees that raw lies within min..max (Data, 2.4.5.1)."""

    scaled: Annotated[float, Meta(ge=-1, le=1)] | UnsetType = UNSET
    raw: float | UnsetType = UNSET
    min: float | UnsetType = UNSET
    max: float | UnsetType = UNSET


class Result(_Part):
    """How it went (Data, 2.4.5)."""

    score: Score | UnsetType = UNSET
    success: bool | UnsetType = UNSET
    completion: bool | UnsetType = UNSET
    response: str | UnsetType = UNSET
    duration: str | UnsetType = UNSET
    extensions: Extensions | UnsetType = UNSET


class ContextActivities(_Part):
    """Activities around the object, each kind one or many (Data, 2.4.6.2)."""

    parent: list[Activity] | Activity | UnsetType = UNSET
    grouping: list[Activity] | Activity | UnsetType = UNSET
    category: list[Activity] | Activity | UnsetType = UNSET
    other: list[Activity] | Activity | UnsetType = UNSET


class ContextAgent(_Part):
    """Another person the statement concerns; 2.0.0 only."""

    object_type: Literal["contextAgent"]
    agent: Actor
    relevant_types: Annotated[list[Iri], Meta(min_length=1)] | UnsetType = UNSET


class ContextGroup(_Part):
    """Another group the statement concerns; 2.0.0 only."""

    object_type: Literal["contextGroup"]
    group: Actor
    relevant_types: Annotated[list[Iri], Meta(min_length=1)] | UnsetType = UNSET


class Context(_Part):
    """What it was part of (Data, 2.4.6)."""

    registration: Uuid | UnsetType = UNSET
    instructor: Actor | UnsetType = UNSET
    team: Actor | UnsetType = UNSET
    context_activities: ContextActivities | UnsetType = UNSET
    context_agents: list[ContextAgent] | UnsetType = UNSET
    context_groups: list[ContextGroup] | UnsetType = UNSET
    revision: str | UnsetType = UNSET
    platform: str | UnsetType = UNSET
    language: LanguageTag | UnsetType = UNSET
    statement: StatementRef | UnsetType = UNSET
    extensions: Extensions | UnsetType = UNSET


class Attachment(_Part):
    """What is said about an attached file; the file itself is not kept (Data, 2.4.11)."""

    usage_type: Iri
    display: LanguageMap
    content_type: NonEmpty
    length: Annotated[int, Meta(ge=0)]
    sha2: Annotated[str, Meta(pattern=SHA2)]
    description: LanguageMap | UnsetType = UNSET
    file_url: Iri = ""


class Clause(_Part):
    """What a statement and a statement inside a statement have in common, besides the object."""

    actor: Actor
    verb: Verb
    result: Result | UnsetType = UNSET
    context: Context | UnsetType = UNSET
    timestamp: Timestamp | UnsetType = UNSET
    attachments: list[Attachment] | UnsetType = UNSET


class AnyStatement(Clause):
    """A statement; its object is in the two subclasses."""

    id: Uuid = ""
    stored: Timestamp | UnsetType = UNSET
    authority: Actor | UnsetType = UNSET
    version: Annotated[str, Meta(pattern=VERSION)] | UnsetType = UNSET


class Statement(AnyStatement, kw_only=True):
    """A statement about an activity: by far the most, decoded in one go."""

    object: Activity


class OtherStatement(AnyStatement, kw_only=True):
    """A statement about a person, a group or a statement; its object is decoded apart."""

    object: Raw


class SubStatement(Clause, kw_only=True):
    """A statement inside a statement, such as a plan (Data, 2.4.4.3)."""

    object_type: Literal["SubStatement"]
    object: Raw
