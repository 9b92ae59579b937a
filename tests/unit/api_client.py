"""A program that calls the API: a token with chosen scopes, and answers read as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask.testing import FlaskClient
from stifinder.core.people import Role
from stifinder.core.scopes import Scope
from stifinder.core.service import Core
from stifinder.core.staff import Actor
from stifinder.lti_tool.app import create_app
from werkzeug.test import TestResponse

STAFF = Actor("staff-00000000", Role.ADMINISTRATOR)


class Program:
    """Calls the API of a core with one token."""

    def __init__(
        self,
        core: Core,
        scopes: Iterable[str] = tuple(Scope),
        *,
        tenant: str = "t",
        client: FlaskClient | None = None,
    ) -> None:
        self.kept, self.token = core.add_token(tenant, STAFF, "a program", scopes)
        self.client = client or create_app(core).test_client()

    def call(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        """An answer to a call below ``/api/v1``."""
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **kwargs)

    def get(self, path: str, **query: Any) -> Any:
        """What is at a path; it must be there."""
        answer = self.call("GET", path, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.get_json()
