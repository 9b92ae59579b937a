"""Objects of a statement that are no activity: persons, groups, other statements and statements inside.

They are few, so each is decoded on its own, and what may be kept of it is encoded again.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw

from ..core import identity
from . import statement_checks as checks
from . import statement_forms as forms
from .statement_errors import Fault, from_msgspec, quoted
from .statement_values import minutes_of, moment
from .verbs import VOIDED


class _TypeOfObject(msgspec.Struct, rename="camel"):
    object_type: str = "Activity"


class _Peek(msgspec.Struct):
    object: _TypeOfObject


_peek = msgspec.json.Decoder(_Peek)
_objects: dict[str, msgspec.json.Decoder[msgspec.Struct]] = {
    "Activity": msgspec.json.Decoder(forms.Activity),
    "Agent": msgspec.json.Decoder(forms.Actor),
    "Group": msgspec.json.Decoder(forms.Actor),
    "StatementRef": msgspec.json.Decoder(forms.StatementRef),
    "SubStatement": msgspec.json.Decoder(forms.SubStatement),
}
_encode = msgspec.json.Encoder().encode

_WITHHELD = forms.Account(home_page="urn:stifinder:withheld", name="withheld")


def type_of_object(statement: Raw | bytes) -> str:
    """The type that a statement's object says it has.

    :raises msgspec.ValidationError: when there is no object, or its type is no text.
    """
    return _peek.decode(statement).object.object_type


def identity_of(actor: forms.Actor) -> str:
    """The canonical identity (``core.identity``) of an actor that was checked; "" for a group."""
    if actor.object_type == "Group":
        return ""
    if actor.account is not UNSET:
        return identity.account(actor.account.home_page, actor.account.name)
    if actor.mbox:
        return identity.mbox(actor.mbox)
    if actor.mbox_sha1sum:
        return identity.mbox_sha1sum(actor.mbox_sha1sum)
    return identity.openid(actor.openid)


def checked_object(said: forms.Clause, part: Raw, rules: checks.Rules, *, inside: bool = False) -> Raw:
    """Check an object that is no activity, or any object of a statement inside; give what may be kept."""
    object_type = type_of_object(b'{"object":' + bytes(part) + b"}")
    if object_type not in _objects or (inside and object_type == "SubStatement"):
        raise Fault(".object.objectType", f"{quoted(object_type)} cannot be here.", "See docs/xapi.md.")
    try:
        what = _objects[object_type].decode(part)
        if isinstance(what, forms.Actor):
            checks.actor(what)
            what = forms.Actor(object_type=what.object_type, account=_WITHHELD)
        elif isinstance(what, forms.Activity):
            checks.activity(what)
            if what.definition is not UNSET and what.definition.extensions is not UNSET:
                checks.without_people(what.definition.extensions, ".definition.extensions", rules)
        elif isinstance(what, forms.SubStatement):
            _sub_statement(what, said.actor, rules)
    except msgspec.ValidationError as error:
        raise from_msgspec(error, part).within(".object") from None
    except Fault as fault:
        raise fault.within(".object") from None
    if said.verb.id == VOIDED and object_type != "StatementRef":
        raise Fault(".object", "Only a statement can be voided.", "Send a StatementRef as the object.")
    if object_type != "Activity" and said.context is not UNSET:
        for name in ("revision", "platform"):
            if getattr(said.context, name) is not UNSET:
                raise Fault(f".context.{name}", "This belongs to activities only.", "Leave it out.")
    return Raw(_encode(what))


def _sub_statement(what: forms.SubStatement, speaker: forms.Actor, rules: checks.Rules) -> None:
    checks.clause(what, rules)
    if what.timestamp is not UNSET:
        moment(what.timestamp, strict=rules.version_2)
    if what.result is not UNSET and what.result.duration is not UNSET:
        minutes_of(what.result.duration)
    try:
        what.object = checked_object(what, what.object, rules, inside=True)
    except msgspec.ValidationError:
        raise Fault(".object", "This is no object of a statement.", "See docs/xapi.md.") from None
    if identity_of(what.actor) != identity_of(speaker):
        what.actor = forms.Actor(object_type=what.actor.object_type, account=_WITHHELD)
    checks.minimise(what, rules)
