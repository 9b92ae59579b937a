"""The document of the API, as JSON for programs and as a page for people; neither needs a token."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, render_template
from markupsafe import Markup, escape

from .reading import groups
from .routes import PREFIX


def blueprint(document: dict[str, Any]) -> Blueprint:
    """``/api/v1/openapi.json`` and ``/api/v1/docs``."""
    routes = Blueprint("api_pages", __name__, url_prefix=PREFIX)
    as_json = json.dumps(document, ensure_ascii=False, indent=1)
    read = groups(document)
    about = document["info"]["description"].split("\n\n")

    @routes.get("/openapi.json", endpoint="document")
    def openapi() -> Response:
        """The document for programs."""
        return Response(as_json, mimetype="application/json")

    @routes.get("/docs", endpoint="guide")
    def guide() -> str:
        """The document for people."""
        return render_template("api/guide.html", about=about, groups=read)

    routes.add_app_template_filter(in_code, "in_code")
    return routes


def in_code(text: str) -> Markup:
    """What stands between backticks as code."""
    parts = text.split("`")
    return Markup("").join(  # nosec B704 # each part is escaped by the markup it is put into
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )
