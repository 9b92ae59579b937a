"""The sandbox's parts in one object: what it teaches and remembers, its keys, its way to the tool."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import current_app

from . import content
from .content import Content
from .history import history
from .outbox import Door, Outbox
from .people import Person
from .platform import CLIENT_ID, Client, Platform, ToolAddresses, key_file
from .store import Store
from .tools import Tools

XAPI_USER = "sandbox"
"""The name with which the sandbox sends statements; its password is made at the first start."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """An open sandbox.

    :param base_url: the sandbox's own address, without a slash at its end.
    :param tool_url: the tool's, likewise.
    """

    base_url: str
    tool_url: str
    content: Content
    store: Store
    platform: Platform
    outbox: Outbox
    tools: Tools

    @classmethod
    def open(cls, data_dir: Path, base_url: str, tool_url: str) -> Sandbox:
        """Open the sandbox whose files are in ``data_dir``; makes what is missing."""
        store = Store(data_dir / "sandbox.db")
        password = store.setting("xapi_password", lambda: secrets.token_urlsafe(24))
        tool = ToolAddresses(f"{tool_url}/lti/login", f"{tool_url}/lti/launch")
        return cls(
            base_url=base_url,
            tool_url=tool_url,
            content=content.load(),
            store=store,
            platform=Platform(key_file(data_dir / "platform-key.pem"), tool),
            outbox=Outbox(store, Door(f"{tool_url}/xapi/", XAPI_USER, password)),
            tools=Tools(store.path),
        )

    def live_through_history(self) -> None:
        """Give the learners their past, once: a later start finds the same statements with the same times."""
        now = datetime.now(UTC).replace(microsecond=0)
        first_run = datetime.fromisoformat(self.store.setting("first_run", now.isoformat))
        self.store.add(history(self.content, first_run))

    def platform_for(self, client_id: str) -> Platform:
        """The platform as a tool sees it: the one that the demo brings, or one that registered and is active.

        The sandbox goes by its address towards a tool that registered, because the issuer of a registration
        must be at the address of its configuration. An unknown client gets the demo's, which refuses it.
        """
        found = self.tools.find(client_id) if client_id != CLIENT_ID else None
        if found is None or not found.active:
            return self.platform
        client = Client(self.base_url, found.client_id, found.deployment_id, found.custom)
        return Platform(self.platform.private_key, ToolAddresses(found.login, found.launch), client)

    def locale(self, person: Person) -> str:
        """The language that tools are told for this person."""
        return self.store.setting(f"locale:{person.id}", lambda: person.locale)


def current_sandbox() -> Sandbox:
    """The sandbox of the application that handles this request."""
    sandbox: Sandbox = current_app.extensions["sandbox"]
    return sandbox
