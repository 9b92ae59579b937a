"""A settings schema as data: so that the form and the checks of a plugin apart need none of its code.

What the administration's form can draw goes across, with ranges, choices, lengths and defaults; a check that
the plugin wrote itself does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from marshmallow import Schema, fields, missing, validate


class CannotBeTold(ValueError):
    """The schema has a field of another kind."""


class Told(msgspec.Struct, omit_defaults=True):
    """One field.

    :param usual: its default; ``has_usual`` says whether there is one.
    """

    name: str
    kind: str
    has_usual: bool = False
    usual: bool | int | float | str | list[str] | None = None
    title: str = ""
    description: str = ""
    least: float | int | None = None
    most: float | int | None = None
    longest: int | None = None
    choices: list[str] = []
    labels: list[str] = []
    strict: bool = False


KINDS: Mapping[str, type[fields.Field[Any]]] = {
    "integer": fields.Integer,
    "float": fields.Float,
    "boolean": fields.Boolean,
    "string": fields.String,
}


def told(schema: type[Schema]) -> list[Told]:
    """The fields of a schema.

    :raises CannotBeTold: names the field that is none of ``KINDS`` or a list of texts.
    """
    return [_field(name, field) for name, field in schema().fields.items()]


def _field(name: str, field: fields.Field[Any]) -> Told:
    inner, listed = field, isinstance(field, fields.List)
    if isinstance(field, fields.List):
        inner = field.inner
    kind = next((kind for kind, of in KINDS.items() if isinstance(inner, of)), "")
    if not kind or (listed and kind != "string"):
        raise CannotBeTold(f"the setting {name!r} is of a kind that cannot go to another process")
    usual = field.load_default
    found = Told(name, f"list of {kind}" if listed else kind, strict=bool(getattr(field, "strict", False)))
    if usual is not missing:
        found.has_usual, found.usual = True, list(usual) if listed and usual is not None else usual
    found.title = str(field.metadata.get("title", ""))
    found.description = str(field.metadata.get("description", ""))
    for rule in (*field.validators, *inner.validators):
        if isinstance(rule, validate.Range):
            found.least, found.most = rule.min, rule.max
        elif isinstance(rule, validate.Length):
            found.longest = rule.max
        elif isinstance(rule, validate.OneOf):
            found.choices, found.labels = [str(c) for c in rule.choices], [str(x) for x in rule.labels]
    return found


def schema_of(all_told: Sequence[Told]) -> type[Schema]:
    """A schema with these fields.

    :raises CannotBeTold: for a kind that there is not.
    """
    made: dict[str, fields.Field[Any]] = {each.name: _made(each) for each in all_told}
    return Schema.from_dict(made)


def _made(one: Told) -> fields.Field[Any]:
    rules: list[validate.Validator] = []
    if one.least is not None or one.most is not None:
        rules.append(validate.Range(one.least, one.most))
    if one.longest is not None:
        rules.append(validate.Length(max=one.longest))
    if one.choices:
        rules.append(validate.OneOf(one.choices, one.labels or None))
    kind = KINDS.get(one.kind.removeprefix("list of "))
    if kind is None:
        raise CannotBeTold(f"there is no kind of setting {one.kind!r}")
    usual: dict[str, Any] = {"load_default": one.usual} if one.has_usual else {}
    about = {key: text for key, text in (("title", one.title), ("description", one.description)) if text}
    if one.strict and kind is fields.Integer:
        return fields.Integer(strict=True, validate=rules, metadata=about, **usual)
    if one.kind.startswith("list of "):
        return fields.List(kind(validate=rules), metadata=about, **usual)
    return kind(validate=rules, metadata=about, **usual)
