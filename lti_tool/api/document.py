"""The OpenAPI document: what the calls say of themselves, and what all of them share.

Which scope a call needs is read from the one table of doors; which refusals are usual follows from its form.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_smorest import Api  # type: ignore[import-untyped]

from ... import __version__
from ...schemas.api_fields import Problem
from ..access import DOORS, By
from ..problems import MEDIA_TYPE
from .routes import PREFIX, Calls, IdConverter, NameConverter

OPENAPI = "3.1.0"
ABOUT = """Everything that the pages can do for staff and learners, for programs.

Send a token with every call: `Authorization: Bearer sf_...`. An administrator makes it, for one organisation
and with the scopes that a program needs; each call says which. Times are UTC (RFC 3339). Errors are
`application/problem+json` (RFC 9457). Lists come in parts: follow `next` until it is null."""

REFUSALS = {
    400: "The body is not JSON.",
    401: "No token, or one that is unknown, has ended or was revoked.",
    403: "The token lacks the scope, or the person has not agreed to it.",
    404: "There is no such thing in this organisation.",
    409: "It contradicts what is stored.",
    413: "It is too large.",
    415: "The body is of another media type.",
    422: "What was sent is not of the form that is asked for; `errors` says where.",
    429: "The token was used too often; `Retry-After` says when to go on.",
    503: "The database did not take it; nothing was changed. Try again.",
}
METHODS = ("get", "put", "post", "delete", "patch")


class StifinderApi(Api):  # type: ignore[misc]
    """flask-smorest without what the application does itself: errors, and pages of documents."""

    DEFAULT_ERROR_RESPONSE_NAME = None
    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        """None: errors are the application's, in one way for all of it."""

    def _register_doc_blueprint(self) -> None:
        """None: ``pages`` shows the document."""


def register(app: Flask, groups: list[Calls], base_url: str) -> dict[str, Any]:
    """Put the calls into an application; returns the document about them."""
    app.url_map.converters |= {"id": IdConverter, "name": NameConverter}
    app.config.setdefault("API_TITLE", "Stifinder")
    app.config.setdefault("API_VERSION", __version__)
    app.config.setdefault("OPENAPI_VERSION", OPENAPI)
    api = StifinderApi(app, spec_kwargs={"info": {"description": ABOUT}})
    for kind in (IdConverter, NameConverter):
        api.register_converter(kind, lambda this: {"type": "string", "pattern": f"^{this.regex}$"})
    for group in groups:
        api.register_blueprint(group)
    return _finished(api.spec.to_dict(), {group.name: group for group in groups}, base_url)


def _finished(document: dict[str, Any], groups: dict[str, Calls], base_url: str) -> dict[str, Any]:
    document["servers"] = [{"url": base_url + PREFIX}]
    document["paths"] = {path.removeprefix(PREFIX): item for path, item in document["paths"].items()}
    document["tags"] = [{"name": g.title, "description": g.description} for g in groups.values()]
    components = document["components"]
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    components["responses"] = {
        str(status): {
            "description": what,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, what in REFUSALS.items()
    }
    del components["schemas"]["PaginationMetadata"]  # flask-smorest's own, which nothing here uses
    _drop_empty_defaults(document)
    for schema in components["schemas"].values():
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                _finish(item[method], path, groups)
    return document


def _finish(operation: dict[str, Any], path: str, groups: dict[str, Calls]) -> None:
    door = DOORS[operation["operationId"]]
    if door.by is not By.TOKEN:
        raise LookupError(f"{operation['operationId']} is not opened by a token in lti_tool/access.py")
    operation["tags"] = [groups[operation["operationId"].partition(".")[0]].title]
    operation["security"] = [{"token": [str(door.scope)] if door.scope else []}]
    statuses = {401, 422, 429, 503, *operation.pop("x-refuses")}
    if door.scope is not None:
        statuses.add(403)
    if "requestBody" in operation:
        statuses |= {400, 413, 415}
    if "{" in path or any(p.get("name") == "cursor" for p in operation.get("parameters", ())):
        statuses.add(404)
    told = {str(status): answer for status, answer in operation["responses"].items()}
    succeeding = {status: answer for status, answer in told.items() if status < "300"}
    operation["responses"] = succeeding | {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)
    }


def _drop_empty_defaults(part: Any) -> None:
    """ "" stands for what was left out; sent as such it may be refused, so the document does not name it."""
    if isinstance(part, dict):
        if part.get("default") == "":
            del part["default"]
        for inner in part.values():
            _drop_empty_defaults(inner)
    elif isinstance(part, list):
        for inner in part:
            _drop_empty_defaults(inner)
