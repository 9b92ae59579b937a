"""The OpenAPI document made ready to be read: each call with its fields as rows, in the document's order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ...schemas.api_fields import ID_PATTERN
from .document import METHODS
from .routes import PREFIX

_DEEPEST = 6
"""Levels of objects inside each other that are shown; none here has as many."""


@dataclass(frozen=True, slots=True)
class Row:
    """One field.

    :param name: with the names it is inside of, as in ``items[].title``.
    :param kind: its type and limits in words.
    """

    name: str
    kind: str
    needed: bool
    about: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as a reader wants it.

    :param anchor: names it in the page's address.
    :param refusals: (status, what it means).
    """

    anchor: str
    method: str
    path: str
    title: str
    about: str
    scope: str
    parameters: tuple[Row, ...]
    body: tuple[Row, ...]
    answers: tuple[tuple[str, tuple[Row, ...]], ...]
    refusals: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Calls about one matter."""

    anchor: str
    title: str
    about: str
    calls: tuple[Call, ...]


def groups(document: dict[str, Any]) -> tuple[Group, ...]:
    """All calls of a finished document, by matter."""
    found: dict[str, list[Call]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                found[operation["tags"][0]].append(_call(document, path, method, operation, item))
    return tuple(
        Group(f"about-{tag['name'].lower()}", tag["name"], tag["description"], tuple(found[tag["name"]]))
        for tag in document["tags"]
    )


def _call(
    document: dict[str, Any], path: str, method: str, operation: dict[str, Any], item: dict[str, Any]
) -> Call:
    answers, refusals = [], []
    for status, answer in operation["responses"].items():
        known = _resolved(document, answer)
        if status < "300":
            rows = tuple(replace(row, needed=False) for row in _rows_in(document, known))  # all always come
            answers.append((status, rows))
        else:
            refusals.append((status, known["description"]))
    parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
    return Call(
        anchor=operation["operationId"].replace(".", "-").replace("_", "-"),
        method=method.upper(),
        path=PREFIX + path,
        title=operation.get("summary", "").rstrip("."),
        about=" ".join(operation.get("description", "").split()),
        scope=", ".join(operation["security"][0]["token"]),
        parameters=tuple(
            Row(
                f"{p['name']} ({p['in']})",
                _kind(document, p["schema"]),
                p.get("required", False),
                p.get("description", "") or p["schema"].get("description", ""),
            )
            for p in parameters
        ),
        body=tuple(_rows_in(document, operation.get("requestBody", {}))),
        answers=tuple(answers),
        refusals=tuple(refusals),
    )


def _rows_in(document: dict[str, Any], holder: dict[str, Any]) -> Iterator[Row]:
    for content in holder.get("content", {}).values():
        yield from _rows(document, content["schema"], "", 0)


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """What a reference points to; the description beside it wins."""
    if "$ref" not in schema:
        return schema
    found: Any = document
    for name in schema["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return {**found, **{name: value for name, value in schema.items() if name != "$ref"}}


def _inner(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema behind references, and behind "this or null"."""
    schema = _resolved(document, schema)
    for several in ("anyOf", "oneOf"):
        for option in schema.get(several, ()):
            if option.get("type") != "null":
                beside = {name: value for name, value in schema.items() if name != several}
                return {**_resolved(document, option), **beside, "or_null": True}
    return schema


def _rows(document: dict[str, Any], schema: dict[str, Any], inside: str, depth: int) -> Iterator[Row]:
    schema = _inner(document, schema)
    if depth > _DEEPEST:
        return
    for name, field in schema.get("properties", {}).items():
        known = _inner(document, field)
        yield Row(
            inside + name,
            _kind(document, field),
            name in schema.get("required", ()),
            known.get("description", "") if "$ref" not in field else field.get("description", ""),
        )
        if "items" in known:
            yield from _rows(document, known["items"], f"{inside}{name}[].", depth + 1)
        else:
            yield from _rows(document, known, f"{inside}{name}.", depth + 1)


def _kind(document: dict[str, Any], schema: dict[str, Any]) -> str:
    known = _inner(document, schema)
    if "enum" in known:
        return " | ".join(str(word) if word != "" else '""' for word in known["enum"] if word is not None)
    if known.get("pattern") == ID_PATTERN:
        return "id"
    kind = known.get("type", "any")
    kinds = kind if isinstance(kind, list) else [kind]
    words = " or ".join(str(each) for each in kinds) + (" or null" if known.get("or_null") else "")
    if "items" in known:
        words = f"list of {_kind(document, known['items'])}"
    limits = [
        text
        for low, high, unit in (
            ("minimum", "maximum", ""),
            ("minLength", "maxLength", " characters"),
            ("minItems", "maxItems", " entries"),
        )
        if (text := _from_to(known.get(low), known.get(high), unit))
    ]
    return ", ".join([words, *limits])


def _from_to(low: float | None, high: float | None, unit: str) -> str:
    if high is None:
        return f"at least {low:g}{unit}" if low else ""
    return f"{low:g} to {high:g}{unit}" if low is not None and low != high else f"{high:g}{unit}"
