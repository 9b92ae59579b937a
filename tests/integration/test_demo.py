"""The demo as a person starts it: two servers, a ready file, the way through both, stop and start again."""

from __future__ import annotations

import re
import signal
import uuid
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
import requests
from running_demo import PATIENCE, Demo, command, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("demo") / "data")
    yield demo
    demo.stop(signal.SIGKILL)


class Browser:
    """Follows links and forms of both servers, with cookies but without script."""

    def __init__(self, demo: Demo, user: str) -> None:
        self.lms = demo.world["lms"]
        self.session = requests.Session()
        password = next(login["password"] for login in demo.world["logins"] if login["user"] == user)
        page = self.get("/login")
        self.page = self.post("/login", page, user=user, password=password)

    def get(self, path: str) -> str:
        answer = self.session.get(f"{self.lms}{path}", timeout=PATIENCE)
        answer.raise_for_status()
        return answer.text

    def post(self, path: str, page: str, **fields: str) -> str:
        """Send a form of ``page``."""
        hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page)
        values = {name: unescape(value) for name, value in hidden} | fields
        address = path if path.startswith("http") else f"{self.lms}{path}"
        answer = self.session.post(address, data=values, timeout=PATIENCE)
        answer.raise_for_status()
        return answer.text

    def adaptive(self, course: str) -> str:
        """The tool's page, as it stands in the frame."""
        form = self.get(f"/courses/{course}/adaptive/start")
        action = re.search(r'action="([^"]+)"', form)
        assert action is not None
        return self.post(unescape(action[1]), form)


def test_a_learner_works_on_an_activity_and_sees_the_suggestions_change(demo: Demo) -> None:
    browser = Browser(demo, "learner-01")
    before = browser.adaptive("sheets")
    assert "Because" in before
    assert "pivot" in before.lower()
    lesson = browser.get("/activities/pivot-practice")
    result = browser.post("/activities/pivot-practice/done", lesson, q1="1", q2="0", q3="0")
    assert "Not passed yet: 0 of 3 right" in result
    assert "for the tool." not in result
    after = browser.adaptive("sheets")
    assert "missed 3 of 3 questions" not in before
    assert "missed 3 of 3 questions" in after


@pytest.mark.parametrize(("user", "language"), [("learner-02", "da"), ("learner-03", "de")])
def test_the_tool_speaks_the_learners_language(demo: Demo, user: str, language: str) -> None:
    assert f'<html lang="{language}"' in Browser(demo, user).adaptive("offers")


def test_who_has_not_agreed_leaves_no_trace_in_the_tool(demo: Demo) -> None:
    statement = {
        "id": str(uuid.uuid4()),
        "actor": demo.world["xapi"]["actor"],
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://sandbox.stifinder.example/activities/offer-purpose"},
    }
    statement["actor"] = {
        **statement["actor"],
        "account": {**statement["actor"]["account"], "name": "learner-11"},
    }
    assert demo.xapi("POST", json=[statement]).status_code == 200
    assert not demo.knows(statement["id"])
    assert demo.knows(demo.tell())


def test_the_ready_file_names_two_teachers_and_a_dozen_learners(demo: Demo) -> None:
    roles = [login["role"] for login in demo.world["logins"]]
    assert roles.count("learner") == 12
    assert roles.count("teacher") == 2
    assert demo.ready_file.stat().st_mode & 0o077 == 0


def test_a_second_demo_on_the_same_folder_is_refused(demo: Demo) -> None:
    folder = Path(demo.process.args[demo.process.args.index("--data") + 1])  # type: ignore[union-attr,index]
    refused = run(*command(folder))
    assert refused.returncode == 2
    assert "Another demo is running" in refused.stderr
    assert "--data" in refused.stderr


def test_a_port_in_use_is_named_with_the_cure(demo: Demo, tmp_path: Path) -> None:
    port = int(demo.world["lms"].rsplit(":", 1)[1])
    refused = run(*command(tmp_path / "other", port))
    assert refused.returncode == 2
    assert f"Port {port} on 127.0.0.1 is in use" in refused.stderr
    assert "--port" in refused.stderr


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool" / "letter.txt").write_text("mine")
    refused = run(*command(tmp_path), "--reset")
    assert refused.returncode == 2
    assert "holds something that is no demo" in refused.stderr
    assert [file.name for file in tmp_path.rglob("*")] == ["tool", "letter.txt"]


def test_it_stops_cleanly_finds_its_data_again_and_starts_over_when_asked(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = Demo(folder)
    told = first.tell()
    assert first.stop(signal.SIGINT) == 0
    assert "Traceback" not in first.said

    second = Demo(folder)
    assert second.knows(told)
    assert "missed" in Browser(second, "learner-01").adaptive("offers")
    assert second.stop(signal.SIGTERM) == 0
    assert "Traceback" not in second.said

    third = Demo(folder, "--reset")
    assert not third.knows(told)
    assert third.stop(signal.SIGTERM) == 0
