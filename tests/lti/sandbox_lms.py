"""The sandbox LMS before the tool, both without a network: a browser goes from one to the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from lti_browser import Browser
from lti_platform import TOOL, KeyServer
from stifinder.adapters.sandbox.app import create_app
from stifinder.adapters.sandbox.content import ISSUER
from stifinder.adapters.sandbox.lms import Sandbox
from stifinder.adapters.sandbox.people import PEOPLE
from stifinder.adapters.sandbox.platform import CLIENT_ID, DEPLOYMENT_ID
from stifinder.core.service import Core
from stifinder.core.store.lti import Registration, register
from werkzeug.test import TestResponse


@dataclass
class SandboxLms:
    """The sandbox, registered at the tool, and a browser that is in front of both.

    :param address: where the sandbox's pages are.
    """

    browser: Browser
    folder: Path
    address: str = "http://127.0.0.1:8090"

    def __post_init__(self) -> None:
        sandbox = Sandbox.open(self.folder, self.address, TOOL)
        self.client = create_app(sandbox).test_client()
        self.course = next(iter(sandbox.content.courses))
        self._jwks = sandbox.platform.jwks()["keys"]

    def register(self, core: Core, server: KeyServer) -> None:
        entry = Registration(
            tenant_id="t",
            issuer=ISSUER,
            client_id=CLIENT_ID,
            deployment_id=DEPLOYMENT_ID,
            auth_login_url=f"{self.address}/lti/auth",
            key_set_url=server.publish("/sandbox/keys", self._jwks),
        )
        register(core.database, [entry], core.clock())

    def log_in(self, person: str) -> None:
        page = self.client.get("/login", base_url=self.address)
        form = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        form |= {"user": person, "password": PEOPLE[person].password}
        done = self.client.post("/login", data=form, base_url=self.address)
        assert done.status_code in (302, 303), done.text

    def log_out(self) -> None:
        """Forget who is logged in, as a new browser profile does."""
        self.client.delete_cookie("sandbox", domain="127.0.0.1")

    def starts(self, person: str, **changes: str) -> dict[str, str]:
        """Somebody logs in and opens the course's link; gives the tool's authentication request.

        :param changes: parameters of the login request that the browser's owner tampers with.
        """
        self.log_in(person)
        start = self.client.get(f"/courses/{self.course}/adaptive/start", base_url=self.address)
        request = dict(parse_qsl(urlsplit(start.location).query)) | changes
        login = self.browser.client.get("/lti/login", query_string=request, base_url=TOOL)
        assert login.location.startswith(f"{self.address}/lti/auth"), login.text
        return dict(parse_qsl(urlsplit(login.location).query))

    def answers(self, asked: dict[str, str]) -> dict[str, str]:
        """The form that the LMS has the browser post to the tool."""
        page = self.client.get("/lti/auth", query_string=asked, base_url=self.address)
        assert page.status_code == 200, page.text
        fields = re.findall(r'name="([^"]+)" value="([^"]*)"', page.text)
        wanted = ("state", "id_token", "error", "error_description")
        return {name: unescape(value) for name, value in fields if name in wanted}

    def opens(self, person: str) -> TestResponse:
        """Log in, open the link; gives the tool's answer to the message."""
        return self.browser.answer(**self.answers(self.starts(person)))
