"""Browsers of staff without an LMS: a visit opened for a role, in an application around a core."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from small_course import ISSUER, launch_of
from stifinder.core import identity
from stifinder.core.launch import Launch
from stifinder.core.people import Role
from stifinder.core.service import Core
from stifinder.core.store import lti
from stifinder.core.store.tables import SYSTEM
from stifinder.lti_tool import visit
from stifinder.lti_tool.app import create_app
from werkzeug.test import TestResponse

LINK = "link-0a1b2c3d"
OTHER_LMS = "https://other.example.org"


def launch_as(role: Role, tenant: str = "t", *, name: str = "staff-1", course: bool = False) -> Launch:
    """A launch by somebody in one role; an operator comes by a link."""
    if role is Role.OPERATOR:
        return Launch(SYSTEM, "", (), frozenset({role}), link_id=LINK)
    found = launch_of(name, tenant=tenant)
    return Launch(
        tenant_id=tenant,
        registration_id="r",
        identities=(identity.account(ISSUER, name),),
        roles=frozenset({role}),
        context_key=found.context_key if course else "",
        locale="en",
    )


@cache
def _application(secret: str) -> Flask:
    """One application for all cores with one secret, so that templates are compiled once."""
    return create_app(_CORES[secret])


_CORES: dict[str, Core] = {}


def app_around(core: Core) -> Flask:
    """The whole tool around a core."""
    _CORES[core.settings.secret] = core
    app = _application(core.settings.secret)
    app.extensions["stifinder"] = core
    return app


class Staff:
    """A browser with one visit open."""

    def __init__(self, core: Core, launch: Launch, app: Flask | None = None) -> None:
        self.core = core
        self.app = app or app_around(core)
        self.client: FlaskClient = self.app.test_client()
        opened = visit.open_visit(self.app, launch, "")
        with self.app.test_request_context():
            answer = self.app.make_response("")
            visit.save_visit(answer, opened)
            self.token = visit.csrf_token(opened)
        name, _, value = answer.headers["Set-Cookie"].partition("=")
        self.home = f"/learn/{opened.id}/"
        self.client.set_cookie(name, value.partition(";")[0], path=self.home.rstrip("/"))

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(self.home + path, **more)

    def post(self, path: str, **form: Any) -> TestResponse:
        return self.client.post(self.home + path, data={"csrf_token": self.token, **form})

    def done(self, path: str, **form: Any) -> TestResponse:
        """Send a form that succeeds, and load the page to which it leads."""
        answer = self.post(path, **form)
        assert answer.status_code == 303, answer.text
        return self.client.get(answer.headers["Location"])


def words(answer: TestResponse) -> str:
    """What the page says, without tags, in one line."""
    text = re.sub(r"<(script|style).*?</\1>", " ", answer.text, flags=re.S)
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))
    return plain.replace("&#39;", "'").replace("&#34;", '"')


def registered(core: Core, tenant: str = "t", issuer: str = ISSUER, status: str = lti.ACTIVE) -> str:
    """An LMS of the tenant; returns the registration's id."""
    entry = lti.Registration(
        tenant_id=tenant,
        issuer=issuer,
        client_id=f"client-of-{tenant}",
        deployment_id="1",
        auth_login_url=f"{issuer}/login",
        key_set_url=f"{issuer}/keys",
        status=status,
    )
    ((stored, _),) = lti.register(core.database, [entry], core.clock())[1]
    return stored.id


def acts(core: Core, tenant: str = "t") -> list[tuple[str, str]]:
    """What is recorded, newest first: act and sign."""
    return [(entry.act, entry.actor.sign) for entry in core.audit_log(tenant)]
