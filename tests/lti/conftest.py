"""The tool at the real time of day, and the platforms that launch it; shared by a whole worker."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

TESTS = Path(__file__).parents[1]
for folder in ("integration", "unit"):  # what those tests stand on serves here too
    if str(TESTS / folder) not in sys.path:
        sys.path.append(str(TESTS / folder))

pytest.register_assert_rewrite("lti_browser", "lti_libraries", "lti_senders", "lti_services", "sandbox_lms")

from loopback_lms import LoopbackLms  # noqa: E402
from lti_browser import Browser  # noqa: E402
from lti_clauses import HAND, MOODLE  # noqa: E402
from lti_fixtures import key_server  # noqa: E402
from lti_libraries import SENDERS  # noqa: E402
from lti_platform import TOOL, KeyServer, fresh  # noqa: E402
from lti_registering import sandbox_messages  # noqa: E402
from lti_senders import Sender  # noqa: E402
from sandbox_lms import SandboxLms  # noqa: E402
from small_course import COURSE  # noqa: E402
from stifinder.core.plugins import Plugins  # noqa: E402
from stifinder.core.service import Core  # noqa: E402
from stifinder.core.settings import Settings  # noqa: E402
from stifinder.lti_tool.app import create_app  # noqa: E402
from test_grades import lms, registration, world  # noqa: E402

__all__ = ["key_server", "lms", "registration", "world"]


@pytest.fixture(scope="session")
def tool_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The whole tool with a small course, at an https address; the libraries sign with the time of day."""
    folder = tmp_path_factory.mktemp("tool")
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'stifinder.db'}",
        base_url=TOOL,
        secret="a secret that is used in tests only",
        development=True,  # the platforms of these tests are on this machine
    )
    core = Core(settings, plugins=Plugins(discover=False), clock=lambda: datetime.now(UTC))
    core.migrate()
    core.add_tenant("t", "A tenant")
    core.import_catalogue("t", COURSE)
    yield create_app(core)
    core.close()


@pytest.fixture
def sender(request: pytest.FixtureRequest, tool_app: Flask, key_server: KeyServer) -> Sender:
    """A platform by its name, registered under an issuer that no other test uses."""
    made = SENDERS[getattr(request, "param", HAND)]
    issuer = f"https://{fresh('lms')}.example.com"
    return made(tool_app.extensions["stifinder"], key_server, issuer)


@pytest.fixture
def browser(tool_app: Flask, sender: Sender, caplog: pytest.LogCaptureFixture) -> Browser:
    """A fresh browser in front of that platform."""
    return Browser(tool_app, sender, caplog)


@pytest.fixture(scope="session")
def tool_keys(tool_app: Flask, key_server: KeyServer) -> str:
    """Where the platforms fetch the tool's keys: those of ``/lti/jwks``, on loopback."""
    keys = tool_app.test_client().get("/lti/jwks", base_url=TOOL).get_json()["keys"]
    return key_server.publish("/tool/jwks", keys)


@pytest.fixture
def sandbox(browser: Browser, key_server: KeyServer, tmp_path: Path) -> SandboxLms:
    """The sandbox LMS, registered at the tool."""
    made = SandboxLms(browser, tmp_path / "sandbox")
    made.register(browser.platform.core, key_server)
    return made


@pytest.fixture
def registering_lms(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LoopbackLms]:
    """An LMS that takes a dynamic registration: a recorded Moodle, or what the sandbox says."""
    if request.param == MOODLE:
        folder: Path = request.getfixturevalue("data") / "moodle" / "lti"
    else:
        folder = sandbox_messages(tmp_path)
    server = LoopbackLms(folder)
    yield server
    server.close()
