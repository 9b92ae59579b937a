"""The columns of the gradebook, for tools (LTI Assignment and Grade Services 2.0, section 3.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from . import addresses
from .gradebook import LineItem
from .lms import current_sandbox
from .services import ServiceRefused, answer, body, caller, course_of, page_of
from .tools import LINE_ITEM, LINE_ITEM_READ, RegisteredTool

ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LIST_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
LONGEST_TEXT = 255
LONGEST_LABEL = 1000


def add_to(services: Blueprint) -> None:
    """``/courses/<id>/lineitems``, and one of them."""
    every = "/courses/<course_id>/lineitems"
    one = f"{every}/<int:number>/lineitem"
    services.add_url_rule(every, "line_items", _list)
    services.add_url_rule(every, "make_line_item", _make, methods=["POST"])
    services.add_url_rule(one, "line_item", _show)
    services.add_url_rule(one, "change_line_item", _change, methods=["PUT"])
    services.add_url_rule(one, "remove_line_item", _remove, methods=["DELETE"])


def find(course_id: str, number: int, *scopes: str) -> tuple[RegisteredTool, LineItem]:
    """The tool that calls, and a column of it.

    :raises ServiceRefused: as ``caller`` does; 404 when the tool has no such column.
    """
    course = course_of(course_id)
    tool = caller(*scopes, client_id=request.args.get("type_id"))
    item = current_sandbox().gradebook.find(course.id, number)
    if item is None or item.client_id != tool.client_id:
        raise ServiceRefused(404, "This tool has no such column.")
    return tool, item


def read(course_id: str, client_id: str, sent: Mapping[str, Any], title: str = "") -> LineItem:
    """A column as a tool describes it, in a service call or with a link.

    :param title: its label, where the tool gives none.
    :raises ServiceRefused: 400 for a description that is no good.
    """
    label = _text(sent, "label", LONGEST_LABEL) or title
    if not label:
        raise ServiceRefused(400, "A column needs a label.")
    return LineItem(
        0,
        course_id,
        client_id,
        label,
        _maximum(sent),
        resource_id=_text(sent, "resourceId", LONGEST_TEXT),
        tag=_text(sent, "tag", LONGEST_TEXT),
        link_id=_text(sent, "resourceLinkId", LONGEST_TEXT),
        starts=_moment(sent, "startDateTime"),
        ends=_moment(sent, "endDateTime"),
    )


def _list(course_id: str) -> Response:
    course = course_of(course_id)
    tool = caller(LINE_ITEM, LINE_ITEM_READ, client_id=request.args.get("type_id"))
    wanted = {name: request.args.get(name) for name in ("resource_link_id", "resource_id", "tag")}
    found = [
        item
        for item in current_sandbox().gradebook.of_course(course.id)
        if item.client_id == tool.client_id
        and wanted["resource_link_id"] in (None, item.link_id)
        and wanted["resource_id"] in (None, item.resource_id)
        and wanted["tag"] in (None, item.tag)
    ]
    shown, links = page_of(found)
    return answer([_described(item) for item in shown], LIST_TYPE, links=links)


def _make(course_id: str) -> Response:
    course = course_of(course_id)
    tool = caller(LINE_ITEM, client_id=request.args.get("type_id"))
    item = read(course.id, tool.client_id, body(ITEM_TYPE))
    sandbox = current_sandbox()
    if item.link_id and item.link_id not in sandbox.link_ids(course, tool):
        raise ServiceRefused(400, "This tool has no such resource link in the course.")
    made = _described(sandbox.gradebook.add(item))
    answered = answer(made, ITEM_TYPE, 201)
    answered.headers["Location"] = made["id"]
    return answered


def _show(course_id: str, number: int) -> Response:
    _, item = find(course_id, number, LINE_ITEM, LINE_ITEM_READ)
    return answer(_described(item), ITEM_TYPE)


def _change(course_id: str, number: int) -> Response:
    """Replace all but the link that the column belongs to, which a tool must not change."""
    tool, item = find(course_id, number, LINE_ITEM)
    sent = read(course_id, tool.client_id, body(ITEM_TYPE))
    changed = replace(sent, number=item.number, link_id=item.link_id)
    current_sandbox().gradebook.change(changed)
    return answer(_described(changed), ITEM_TYPE)


def _remove(course_id: str, number: int) -> tuple[str, int]:
    _, item = find(course_id, number, LINE_ITEM)
    current_sandbox().gradebook.remove(item)
    return "", 204


def _described(item: LineItem) -> dict[str, Any]:
    """A column as tools read it."""
    base_url = current_sandbox().base_url
    optional = {
        "resourceId": item.resource_id,
        "tag": item.tag,
        "resourceLinkId": item.link_id,
        "startDateTime": item.starts,
        "endDateTime": item.ends,
    }
    return {
        "id": addresses.line_item(base_url, item.course_id, item.client_id, item.number),
        "label": item.label,
        "scoreMaximum": item.maximum,
        **{name: value for name, value in optional.items() if value},
    }


def _maximum(sent: Mapping[str, Any]) -> float:
    """``scoreMaximum``, or the constraints of a content item, which Moodle reads instead."""
    value = sent.get("scoreMaximum")
    constraints = sent.get("scoreConstraints")
    if value is None and isinstance(constraints, Mapping):
        value = constraints.get("totalMaximum", constraints.get("normalMaximum"))
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0:
        return float(value)
    raise ServiceRefused(400, "scoreMaximum must be a number above 0.")


def _text(sent: Mapping[str, Any], name: str, longest: int) -> str:
    value = sent.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise ServiceRefused(400, f"{name} must be a text of at most {longest} characters.")
    return value


def _moment(sent: Mapping[str, Any], name: str) -> str:
    value = _text(sent, name, LONGEST_TEXT)
    if value:
        moment(name, value)
    return value


def moment(name: str, value: object) -> datetime:
    """A time in ISO 8601 with its zone.

    :raises ServiceRefused: 400 when it is none.
    """
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ServiceRefused(400, f"{name} must be a time in ISO 8601 with its zone.")
    return found
