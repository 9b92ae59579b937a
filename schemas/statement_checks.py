"""The rules of xAPI that concern more than one field of a statement, and what of it may be kept.

``check`` refuses with a ``Fault``; ``minimise`` takes out what concerns other people. Both work on the
structs of ``statement_forms``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from msgspec import UNSET, Raw, UnsetType

from . import statement_forms as forms
from .statement_errors import Fault, malformed, too_deep, wrong_form

_IRI = re.compile(forms.IRI)
_TAG = re.compile(forms.LANGUAGE_TAG)
_PERSON = re.compile(rb'"(?:account|mbox|mbox_sha1sum|openid|member)"\s*:')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')
_REMEMBERED = 20_000
_LONGEST_TAG = 100

_known_iris: set[str] = set()
_known_tags: set[str] = set()


@dataclass(frozen=True, slots=True)
class Rules:
    """What differs between requests.

    :param version_2: whether the request is one of xAPI 2.0.0.
    :param depth: how deep the value of an extension may be nested.
    :param attached: SHA-2 sums of the files that came with the statements.
    """

    version_2: bool
    depth: int
    attached: frozenset[str]


def _iri(value: str, path: str) -> None:
    if not _IRI.match(value):
        raise wrong_form(path, value, forms.IRI)
    if len(value) > forms.LONGEST_IRI:  # keys of extensions have no limit of their own
        return
    if len(_known_iris) >= _REMEMBERED:
        _known_iris.clear()
    _known_iris.add(value)


def _languages(texts: dict[str, str] | UnsetType, path: str) -> None:
    if texts is UNSET:
        return
    for tag in texts:
        if tag not in _known_tags:
            if not _TAG.match(tag):
                raise wrong_form(path, tag, forms.LANGUAGE_TAG)
            if len(_known_tags) >= _REMEMBERED:
                _known_tags.clear()
            if len(tag) <= _LONGEST_TAG:
                _known_tags.add(tag)


def actor(who: forms.Actor, *, only: str = "") -> None:
    """One inverse functional identifier for an Agent; at most one, or members, for a Group (Data, 2.4.2)."""
    if only and who.object_type != only:
        raise Fault(".objectType", f"A {only} belongs here.", f"Send a {only}.")
    identifiers = bool(who.mbox) + bool(who.mbox_sha1sum) + bool(who.openid)
    if who.account is not UNSET:
        identifiers += 1
        if who.account.home_page not in _known_iris:
            _iri(who.account.home_page, ".account.homePage")
    if identifiers > 1:
        raise Fault(
            "", "There is more than one of mbox, mbox_sha1sum, openid and account.", "Send one of them."
        )
    if who.object_type == "Agent":
        if not identifiers:
            raise Fault(
                "",
                "There is none of mbox, mbox_sha1sum, openid and account.",
                "Say who it is by one of them.",
            )
        if who.member is not UNSET:
            raise Fault(".member", "An Agent has no members.", 'Send objectType "Group", or no member.')
        return
    if who.member is UNSET:
        if not identifiers:
            raise Fault(".member", "An anonymous Group must list its members.", "Add them.")
        return
    for n, member in enumerate(who.member):
        try:
            actor(member, only="Agent")
        except Fault as fault:
            raise fault.within(f".member[{n}]") from None


def activity(what: forms.Activity) -> None:
    """The IRIs, languages and component ids of an activity (Data, 2.4.4.1)."""
    if what.id not in _known_iris:
        _iri(what.id, ".id")
    definition = what.definition
    if definition is UNSET:
        return
    if definition.type and definition.type not in _known_iris:
        _iri(definition.type, ".definition.type")
    _languages(definition.name, ".definition.name")
    _languages(definition.description, ".definition.description")
    if definition.interaction_type is UNSET:
        return
    for name in ("choices", "scale", "source", "target", "steps"):
        components: list[forms.Component] | UnsetType = getattr(definition, name)
        if components is not UNSET:
            if len({c.id for c in components}) < len(components):
                raise Fault(f".definition.{name}", "Two of these have the same id.", "Give each its own id.")
            for n, component in enumerate(components):
                _languages(component.description, f".definition.{name}[{n}].description")


def _activities(around: forms.ContextActivities) -> None:
    for kind in ("parent", "grouping", "category", "other"):
        found: list[forms.Activity] | forms.Activity | UnsetType = getattr(around, kind)
        if found is UNSET:
            continue
        if not isinstance(found, list):
            found = [found]
            setattr(around, kind, found)
        for n, one in enumerate(found):
            try:
                activity(one)
            except Fault as fault:
                raise fault.within(f".context.contextActivities.{kind}[{n}]") from None


def _context(context: forms.Context, rules: Rules) -> None:
    if context.context_activities is not UNSET:
        _activities(context.context_activities)
    people: Iterable[tuple[str, forms.Actor | UnsetType, str]] = (
        ("instructor", context.instructor, ""),
        ("team", context.team, "Group"),
    )
    for name, who, only in people:
        if who is not UNSET:
            try:
                actor(who, only=only)
            except Fault as fault:
                raise fault.within(f".context.{name}") from None
    if context.context_agents is UNSET and context.context_groups is UNSET:
        return
    if not rules.version_2:
        name = "contextGroups" if context.context_agents is UNSET else "contextAgents"
        raise Fault(
            f".context.{name}", "xAPI 1.0 has no such field here.", "Send X-Experience-API-Version: 2.0.0."
        )
    for n, other in enumerate(context.context_agents or ()):
        try:
            actor(other.agent, only="Agent")
        except Fault as fault:
            raise fault.within(f".context.contextAgents[{n}].agent") from None
    for n, group in enumerate(context.context_groups or ()):
        try:
            actor(group.group, only="Group")
        except Fault as fault:
            raise fault.within(f".context.contextGroups[{n}].group") from None


def _score(score: forms.Score) -> None:
    low, high, raw = score.min, score.max, score.raw
    if low is not UNSET and high is not UNSET and low >= high:
        raise Fault(".result.score.min", f"min {low:g} is not below max {high:g}.", "Send min below max.")
    if raw is not UNSET and ((low is not UNSET and raw < low) or (high is not UNSET and raw > high)):
        raise Fault(".result.score.raw", f"raw {raw:g} is not within min..max.", "Send raw within min..max.")


def _attachments(attachments: list[forms.Attachment], rules: Rules) -> None:
    for n, attachment in enumerate(attachments):
        _languages(attachment.display, f".attachments[{n}].display")
        _languages(attachment.description, f".attachments[{n}].description")
        if not attachment.file_url and attachment.sha2.lower() not in rules.attached:
            raise Fault(
                f".attachments[{n}]",
                "The file neither came with the statement nor has a fileUrl.",
                "Add fileUrl, or send multipart/mixed with the file in it.",
            )


def clause(said: forms.Clause, rules: Rules) -> None:
    """All but the object and the extensions: actor, verb, result, context, attachments.

    :raises Fault: with the path inside the statement.
    """
    try:
        actor(said.actor)
    except Fault as fault:
        raise fault.within(".actor") from None
    if said.verb.id not in _known_iris:
        _iri(said.verb.id, ".verb.id")
    _languages(said.verb.display, ".verb.display")
    if said.result is not UNSET and said.result.score is not UNSET:
        _score(said.result.score)
    if said.context is not UNSET:
        _context(said.context, rules)
    if said.attachments is not UNSET:
        _attachments(said.attachments, rules)


# --- what is kept ---------------------------------------------------------------------------------


def _depth(json: bytes) -> int:
    deepest = depth = 0
    for token in _TOKEN.finditer(json):
        if token[0] in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in b"]}":
            depth -= 1
    return deepest


def without_people(extensions: forms.Extensions, path: str, rules: Rules) -> forms.Extensions:
    """The extensions, less those whose value names a person.

    :raises Fault: for a key that is no IRI, a value nested too deeply, or one that is no JSON.
    """
    dropped = []
    for key, value in extensions.items():
        if key not in _known_iris:
            _iri(key, path)
        json = bytes(value)
        if json.count(b"[") + json.count(b"{") > rules.depth and _depth(json) > rules.depth:
            raise too_deep(rules.depth, f"{path}[{key!r}]")
        if b"\\u" in json:  # an escape may hide half a character, or a key
            try:
                json = msgspec.json.encode(msgspec.json.decode(json))
            except msgspec.DecodeError as error:
                raise malformed(error, f"{path}[{key!r}]") from None
            extensions[key] = Raw(json)
        if _PERSON.search(json):
            dropped.append(key)
    for key in dropped:
        del extensions[key]
    return extensions


def _definition(what: forms.Activity, path: str, rules: Rules) -> None:
    if what.definition is not UNSET and what.definition.extensions is not UNSET:
        without_people(what.definition.extensions, f"{path}.definition.extensions", rules)


def minimise(said: forms.Clause, rules: Rules) -> None:
    """Take out what concerns other people, and the actor's name; of an e-mail address its SHA-1 sum is kept.

    :raises Fault: as ``without_people``.
    """
    said.actor.name = ""
    if said.actor.mbox:
        said.actor.mbox_sha1sum = hashlib.sha1(said.actor.mbox.encode(), usedforsecurity=False).hexdigest()
        said.actor.mbox = ""
    if said.actor.member is not UNSET:
        said.actor.member = []
    if said.result is not UNSET and said.result.extensions is not UNSET:
        without_people(said.result.extensions, ".result.extensions", rules)
    if isinstance(said, forms.Statement):
        _definition(said.object, ".object", rules)
    context = said.context
    if context is UNSET:
        return
    context.instructor = context.team = UNSET
    context.context_agents = context.context_groups = UNSET
    if context.extensions is not UNSET:
        without_people(context.extensions, ".context.extensions", rules)
    around = context.context_activities
    if around is UNSET:
        return
    for kind in ("parent", "grouping", "category", "other"):
        for n, one in enumerate(getattr(around, kind) or ()):
            _definition(one, f".context.contextActivities.{kind}[{n}]", rules)
