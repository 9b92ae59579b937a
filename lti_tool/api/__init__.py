"""The JSON API below ``/api/v1``: everything that the pages can do, for programs with a token.

``routes`` says how a call is declared, ``document`` makes the OpenAPI document of all of them, and each of
the other modules holds the calls about one matter.
"""

from __future__ import annotations

from flask import Flask

from ..token_gate import challenge
from . import administration, catalogue, courses, learners, pages, suggestions
from .document import register

GROUPS = [
    learners.calls,
    suggestions.calls,
    catalogue.calls,
    courses.calls,
    administration.calls,
    administration.about,
]
"""In the order of the document."""


def init_app(app: Flask) -> None:
    """Put the API and its document into an application."""
    document = register(app, GROUPS, app.extensions["stifinder"].settings.base_url)
    app.register_blueprint(pages.blueprint(document))
    app.after_request(challenge)
