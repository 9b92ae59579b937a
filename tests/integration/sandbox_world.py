"""Tool and sandbox LMS on loopback, and a browser without script in front of them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import requests
from stifinder.adapters.sandbox.app import create_app as create_sandbox
from stifinder.adapters.sandbox.lms import Sandbox
from stifinder.adapters.sandbox.people import Person
from stifinder.adapters.sandbox.server import Server
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.core.store import joining
from stifinder.lti_tool.app import create_app


class World:
    """Tool and LMS, both on loopback, and a browser without script in front of them."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.tool_server, self.lms_server = Server(0, "--port"), Server(0, "--lms-port")
        self.core = Core(
            replace(settings, base_url=self.tool_server.address, development=True),
            plugins=Plugins(discover=False),
        )
        self.core.migrate()
        self.core.add_tenant("t", "A tenant")
        self.sandbox = Sandbox.open(folder / "sandbox", self.lms_server.address, self.tool_server.address)
        self.tool_server.start(create_app(self.core))
        self.lms_server.start(create_sandbox(self.sandbox))
        self.browser = requests.Session()

    def close(self) -> None:
        self.browser.close()
        self.tool_server.stop()
        self.lms_server.stop()
        self.core.close()

    def invitation(self) -> str:
        now = self.core.clock()
        token = joining.invite(self.core.database, "t", now + timedelta(days=1), now)
        return f"{self.tool_server.address}/lti/register?invite={token}"

    def get(self, path: str) -> requests.Response:
        return self.browser.get(urljoin(self.lms_server.address, path), timeout=20)

    def send(self, page: requests.Response, path: str, **fields: str | list[str]) -> requests.Response:
        """Send the form of a page."""
        hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
        values = {name: unescape(value) for name, value in hidden} | fields
        return self.browser.post(urljoin(page.url, path), data=values, timeout=20)

    def submit(self, page: requests.Response, **fields: str | list[str]) -> requests.Response:
        """Send the page's form to where it leads."""
        action = re.search(r'<form[^>]* action="([^"]+)"', page.text)
        assert action is not None, page.text
        return self.send(page, unescape(action[1]), **fields)

    def log_in(self, person: Person) -> None:
        self.browser.cookies.clear()
        done = self.send(self.get("/login"), "/login", user=person.id, password=person.password)
        assert "Log out" in done.text

    def frame(self, page: requests.Response) -> requests.Response:
        """What stands in the page's frame."""
        source = re.search(r'<iframe[^>]* src="([^"]+)"', page.text, re.DOTALL)
        assert source is not None, page.text
        shown = self.browser.get(urljoin(page.url, unescape(source[1])), timeout=20)
        onward = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', shown.text)  # without script
        return self.browser.get(unescape(onward[1]), timeout=20) if onward else shown

    def launch(self, page: requests.Response) -> requests.Response:
        """Open the tool in the page's frame; returns the tool's page."""
        return self.submit(self.frame(page))

    def register(self) -> requests.Response:
        """Paste the address, look at the question, and say yes."""
        shown = self.send(self.get("/admin/tools"), "/admin/tools/add", address=self.invitation())
        question = self.frame(shown)
        assert "Register this LMS?" in question.text
        return self.send(question, "/lti/register")
