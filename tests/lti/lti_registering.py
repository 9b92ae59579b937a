"""What an administrator does at a dynamic registration, and what the sandbox LMS says in one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from loopback_lms import RECORDED_AT
from stifinder.adapters.sandbox import tools
from test_register import agree, ask, invite

__all__ = ["ask", "invite", "press", "sandbox_messages", "written"]

press = agree


def sandbox_messages(folder: Path) -> Path:
    """What the sandbox LMS says in a registration, in files as the recorded Moodle's."""
    configuration = tools.openid_configuration(RECORDED_AT)
    answer = {"client_id": "sandbox-1", tools.TOOL: {"deployment_id": "1"}, "scope": " ".join(tools.SCOPES)}
    (folder / "openid_configuration.json").write_text(json.dumps(configuration))
    (folder / "registration_response.json").write_text(json.dumps({"status": 200, "body": answer}))
    return folder


def written(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines about refused registrations in the log."""
    lines = [record.getMessage() for record in caplog.records if record.name == "stifinder.lti"]
    return [line for line in lines if line.startswith("registration refused")]
