"""Fixtures of the launch tests: the tool, a key server, and a tab in front of both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from lti_platform import TOOL, KeyServer, Platform, Tab
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.lti_tool.app import pages_app
from stifinder.lti_tool.lti import launch

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def key_server() -> Iterator[KeyServer]:
    """Where platforms publish their keys."""
    server = KeyServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def tool_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The tool with pages, LTI border and a database of its own, at an https address."""
    folder = tmp_path_factory.mktemp("tool")
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'stifinder.db'}",
        base_url=TOOL,
        secret="a secret that is used in tests only",
        development=True,  # the platforms of these tests are on this machine
    )
    core = Core(settings, plugins=Plugins(discover=False), clock=lambda: NOW)
    core.migrate()
    core.add_tenant("t", "A tenant")
    app = pages_app(core)
    app.register_blueprint(launch.blueprint())
    yield app
    core.close()


@pytest.fixture
def tab(tool_app: Flask, key_server: KeyServer, caplog: pytest.LogCaptureFixture) -> Tab:
    """A fresh browser in front of the usual platform."""
    return Tab(tool_app, Platform(tool_app.extensions["stifinder"], key_server), caplog)
