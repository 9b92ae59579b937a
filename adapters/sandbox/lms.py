"""The sandbox's parts in one object: what it teaches and remembers, its keys, its way to the tool."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import current_app

from . import content
from .access_tokens import AccessTokens
from .choices import Choices
from .content import ISSUER, Content, Course
from .enrolments import Enrolments
from .gradebook import Gradebook
from .history import history
from .links import Links
from .outbox import Door, Outbox
from .people import Person
from .platform import CLIENT_ID, Client, Platform, ToolAddresses, key_file
from .statements import Statement
from .store import Store
from .tool_keys import ToolKeys
from .tools import SCOPES, RegisteredTool, Tools, demo_tool

XAPI_USER = "sandbox"
"""The name with which the sandbox sends statements; its password is made at the first start."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """An open sandbox.

    :param base_url: the sandbox's own address, without a slash at its end.
    :param tool_url: the tool's, likewise.
    :param keys: public keys of tools.
    :param choices: choices of links that are under way.
    """

    base_url: str
    tool_url: str
    content: Content
    store: Store
    platform: Platform
    outbox: Outbox
    tools: Tools
    links: Links
    gradebook: Gradebook
    enrolments: Enrolments
    choices: Choices
    tokens: AccessTokens
    keys: ToolKeys

    @classmethod
    def open(cls, data_dir: Path, base_url: str, tool_url: str) -> Sandbox:
        """Open the sandbox whose files are in ``data_dir``; makes what is missing."""
        store = Store(data_dir / "sandbox.db")
        password = store.setting("xapi_password", lambda: secrets.token_urlsafe(24))
        tool = ToolAddresses(f"{tool_url}/lti/login", f"{tool_url}/lti/launch")
        taught = content.load()
        return cls(
            base_url=base_url,
            tool_url=tool_url,
            content=taught,
            store=store,
            platform=Platform(
                key_file(data_dir / "platform-key.pem"), tool, Client(scopes=frozenset(SCOPES))
            ),
            outbox=Outbox(store, Door(f"{tool_url}/xapi/", XAPI_USER, password)),
            tools=Tools(store.path),
            links=Links(store.path),
            gradebook=Gradebook(store.path),
            enrolments=Enrolments(store.path, taught.courses),
            choices=Choices(store.path),
            tokens=AccessTokens(store.path),
            keys=ToolKeys(),
        )

    def live_through_history(self) -> None:
        """Give the learners their past, once: a later start finds the same statements with the same times."""
        now = datetime.now(UTC).replace(microsecond=0)
        first_run = datetime.fromisoformat(self.store.setting("first_run", now.isoformat))
        self.store.add(history(self.content, first_run))

    def tool(self, client_id: str) -> RegisteredTool | None:
        """A tool that may be opened: the one that the demo brings, or an active one; else None."""
        if client_id == CLIENT_ID:
            return demo_tool(self.tool_url)
        found = self.tools.find(client_id)
        return found if found and found.active else None

    def active_tools(self) -> list[RegisteredTool]:
        """All tools that may be opened, the demo's first."""
        return [demo_tool(self.tool_url), *(tool for tool in self.tools.every() if tool.active)]

    def issuer_for(self, tool: RegisteredTool) -> str:
        """What the sandbox calls itself towards a tool (see ``platform_for``)."""
        return ISSUER if tool.client_id == CLIENT_ID else self.base_url

    def link_ids(self, course: Course, tool: RegisteredTool) -> set[str]:
        """The resource link ids that a tool has in a course."""
        added = {link.id for link in self.links.of_course(course.id) if link.client_id == tool.client_id}
        return added | {f"adaptive-{course.id}"}

    def takes_part(self, person: Person, course_id: str) -> bool:
        """Whether a course is open to somebody."""
        return person.administrator or self.enrolments.is_active(course_id, person.id)

    def names(self) -> list[str]:
        """Under which names the tool at ``tool_url`` knows the sandbox: what statements say as home page."""
        registered = any(tool.origin == self.tool_url for tool in self.active_tools()[1:])
        return [ISSUER, self.base_url] if registered else [ISSUER]

    def tell(self, statements: Callable[[str], list[Statement]]) -> None:
        """Put what somebody did into the outbox, once for each name of the sandbox.

        :param statements: makes them for a name.
        """
        for name in self.names():
            self.store.add(statements(name))

    def platform_for(self, client_id: str) -> Platform:
        """The platform as a tool sees it: the one that the demo brings, or one that registered and is active.

        The sandbox goes by its address towards a tool that registered, because the issuer of a registration
        must be at the address of its configuration. An unknown client gets the demo's, which refuses it.
        """
        found = self.tools.find(client_id) if client_id != CLIENT_ID else None
        if found is None or not found.active:
            return self.platform
        client = Client(
            self.base_url,
            found.client_id,
            found.deployment_id,
            found.custom,
            found.scopes,
            names="name" in found.claims,
        )
        return Platform(self.platform.private_key, ToolAddresses(found.login, found.launch), client)

    def locale(self, person: Person) -> str:
        """The language that tools are told for this person."""
        return self.store.setting(f"locale:{person.id}", lambda: person.locale)


def current_sandbox() -> Sandbox:
    """The sandbox of the application that handles this request."""
    sandbox: Sandbox = current_app.extensions["sandbox"]
    return sandbox
