"""A form from the schema of a plugin's settings, and what was entered in it.

What the page can draw: ``Integer`` and ``Float`` (with ``Range``), ``Boolean``, ``String`` (with ``OneOf`` or
``Length``; of several lines with ``metadata={"lines": n}``, hidden with ``{"secret": True}``) and ``List`` of
``String`` with ``OneOf``. Whatever else a schema has is named and left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask_babel import gettext  # type: ignore[import-untyped]
from marshmallow import Schema, fields, validate
from werkzeug.datastructures import MultiDict

from ..rendering import number, translated

NUMBER, YES_NO, CHOICE, CHOICES, TEXT, LINES, SECRET, ELSEWHERE = (
    "number",
    "yes-no",
    "choice",
    "choices",
    "text",
    "lines",
    "secret",
    "elsewhere",
)
LONGEST_TEXT = 2000
MOST_LINES = 20
CLEAR = "-clear"
"""After a secret's name: the box that clears it."""

Rule = TypeVar("Rule", bound=validate.Validator)


@dataclass(frozen=True)
class Input:
    """One setting, as the page draws it.

    :param kind: one of the constants above; ``ELSEWHERE`` is not drawn.
    :param value: what stands in it: a text, a truth, or a list of texts.
    :param usual: what holds without a choice, in words.
    :param step: of a number; ``any`` for a fraction.
    :param options: (value, label) pairs.
    :param lines: of a text of several lines.
    :param errors: what is wrong with what was entered, in the reader's language where we say it.
    """

    name: str
    kind: str
    title: str
    description: str
    value: Any
    usual: str
    least: float | None = None
    most: float | None = None
    step: str = "any"
    options: Sequence[tuple[str, str]] = ()
    longest: int = LONGEST_TEXT
    lines: int = 1
    errors: Sequence[str] = ()


def inputs(
    schema: type[Schema],
    values: Mapping[str, Any],
    usual: Mapping[str, Any],
    errors: Mapping[str, Sequence[str]],
    secrets: Mapping[str, bool],
) -> list[Input]:
    """The settings of a schema, in its order.

    :param values: what stands in the form; after an error as it was entered.
    :param secrets: names of secrets to whether each is set; nothing else is said of them.
    """
    found = []
    for name, field in schema().fields.items():
        kind, options = _kind(field)
        bounds, length = _rule(field, validate.Range), _rule(field, validate.Length)
        found.append(
            Input(
                name,
                kind,
                translated(str(field.metadata.get("title", name))),
                translated(str(field.metadata.get("description", ""))),
                secrets.get(name, False) if kind == SECRET else _plain(kind, values.get(name)),
                "" if kind == SECRET else _in_words(kind, usual.get(name), options),
                bounds.min if bounds else None,
                bounds.max if bounds else None,
                "1" if isinstance(field, fields.Integer) else "any",
                options,
                (length.max if length and length.max else LONGEST_TEXT),
                min(MOST_LINES, int(field.metadata.get("lines", 1))),
                _said(kind, bounds, errors.get(name, ())),
            )
        )
    return found


def entered(schema: type[Schema], form: MultiDict[str, str]) -> dict[str, Any]:
    """What was entered, as JSON has it; numbers that are none stay texts, for the schema to refuse."""
    given: dict[str, Any] = {}
    for name, field in schema().fields.items():
        kind, _ = _kind(field)
        text = form.get(name, "").strip()
        if kind == YES_NO:
            given[name] = name in form
        elif kind == CHOICES:
            given[name] = form.getlist(name)
        elif kind == NUMBER and text:
            given[name] = _number(text, whole=isinstance(field, fields.Integer))
        elif kind == SECRET:
            given |= {name: None} if name + CLEAR in form else {name: text} if text else {}
        elif kind == LINES and name in form:
            given[name] = text.replace("\r\n", "\n")
        elif kind in (CHOICE, TEXT) and (text or name in form):
            given[name] = text
    return given


def _number(text: str, *, whole: bool) -> int | float | str:
    try:
        return int(text) if whole else float(text.replace(",", "."))
    except ValueError:
        return text


def _kind(field: fields.Field[Any]) -> tuple[str, Sequence[tuple[str, str]]]:
    one_of = _rule(field, validate.OneOf)
    if isinstance(field, fields.Boolean):
        return YES_NO, ()
    if isinstance(field, fields.Integer | fields.Float):
        return NUMBER, ()
    if isinstance(field, fields.String):
        if field.metadata.get("secret"):
            return SECRET, ()
        if one_of:
            return CHOICE, _options(one_of)
        return (LINES if int(field.metadata.get("lines", 1)) > 1 else TEXT), ()
    if isinstance(field, fields.List) and isinstance(field.inner, fields.String):
        inner = _rule(field.inner, validate.OneOf)
        if inner:
            return CHOICES, _options(inner)
    return ELSEWHERE, ()


def _options(rule: validate.OneOf) -> list[tuple[str, str]]:
    return [(str(value), translated(str(label or value))) for value, label in rule.options()]


def _rule(field: fields.Field[Any], kind: type[Rule]) -> Rule | None:
    return next((rule for rule in field.validators if isinstance(rule, kind)), None)


def _plain(kind: str, value: Any) -> Any:
    if kind == YES_NO:
        return bool(value)
    if kind == CHOICES:
        return [str(each) for each in value or ()]
    return "" if value is None else str(value)


def _in_words(kind: str, value: Any, options: Sequence[tuple[str, str]]) -> str:
    labels = dict(options)
    if value is None:
        return ""
    if kind == YES_NO:
        return str(gettext("yes") if value else gettext("no"))
    if kind == NUMBER:
        return number(value)
    if kind == CHOICES:
        return ", ".join(labels.get(str(each), str(each)) for each in value)
    return labels.get(str(value), str(value))


def _said(kind: str, bounds: validate.Range | None, errors: Sequence[str]) -> list[str]:
    """Complaints; of numbers in our words, because the schema's are in English."""
    if not errors or kind != NUMBER:
        return list(errors)
    if bounds and bounds.min is not None and bounds.max is not None:
        places = {"least": number(bounds.min), "most": number(bounds.max)}
        return [str(gettext("Give a number from %(least)s to %(most)s.", **places))]
    return [str(gettext("Give a number that fits.")), *errors]
