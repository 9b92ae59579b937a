"""Pages that only a test has, beside an application whose own table of doors they must not enter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask


def add(app: Flask, path: str, view: Callable[[], Any]) -> None:
    """Answer at this path with what ``view`` returns, without asking who may."""
    inner = app.wsgi_app

    def beside(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != path:
            return inner(environ, start_response)
        with app.request_context(environ):
            return app.make_response(view())(environ, start_response)

    app.wsgi_app = beside  # type: ignore[method-assign]
