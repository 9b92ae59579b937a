"""Each how-to guide holds one whole plugin that loads, answers and, where it asks a service, asks it."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from small_course import COURSE, MakeCore, launch_of
from stifinder.core.plugins import Plugins
from stifinder.core.staff import OPERATOR
from stifinder.lab.kit import check, situations, subject
from stifinder.lab.patience import Patient

GUIDES = Path(__file__).parents[2] / "docs" / "plugin-authors" / "how-to"
ANSWERS = {
    "recommender": ("candidates",),
    "tagger": ("tag_activity",),
    "peers": ("match_peers",),
    "teams": ("describe_motivation", "next_challenge", "award"),
    "context": ("context_signals",),
    "http-service": ("jobs", "settings_schema"),
}


def code(guide: str) -> tuple[str, str]:
    """The name of the guide's plugin, and its source."""
    text = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
    ((file, source),) = re.findall(r'```python title="(\w+)\.py"\n(.*?)```', text, re.DOTALL)
    return str(file), str(source)


def write(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, source: str) -> None:
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, name, raising=False)


def test_every_guide_is_tried() -> None:
    assert {path.stem for path in GUIDES.glob("*.md")} == set(ANSWERS)


@pytest.mark.parametrize("guide", sorted(ANSWERS))
def test_the_plugin_of_a_guide_answers_and_keeps_the_quick_promises(
    guide: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, source = code(guide)
    write(tmp_path, monkeypatch, name, source)
    loaded = Plugins(load=[name], discover=False, isolation=Patient())
    (row,) = loaded.describe()
    assert row.status == "ok"
    about = situations.large([model for _, model in loaded.models()], 40)
    about = replace(about, learner=replace(about.learner, profile=replace(about.learner.profile, solo=False)))
    for hook in ANSWERS[guide]:
        given = situations.arguments(hook, about) if hook not in ("jobs", "settings_schema") else {}
        assert loaded.of_tenant("t", {}).collect(hook, **given), hook
    quick = ["manifest", "settings", "never-raises", "answers-fit", "same-answer", "explained"]
    wanted = [p for p in quick if p != "manifest" or "def manifest" in source]
    assert check(subject.find(name), promises=wanted, examples=25) == []


class Service(BaseHTTPRequestHandler):
    """Gives a score to every activity, for who has the token."""

    def do_GET(self) -> None:
        allowed = self.headers["Authorization"] == "Bearer the-token"
        self.send_response(200 if allowed else 403)
        self.end_headers()
        score = 0.9 if self.path.endswith("/activity-3") else 0.1
        self.wfile.write(json.dumps({"score": score}).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Not to the test's output."""


@pytest.fixture
def service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_wrapper_asks_its_service_in_a_job_and_votes_by_what_it_said(
    make_core: MakeCore, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, source = code("http-service")
    assert source.count("https://scores.example.org/") == 1
    source = source.replace("https://scores.example.org/", f"http://{service}/")
    write(tmp_path, monkeypatch, name, source.replace("scores.example.org", service))
    core = make_core(plugins=Plugins(load=[name], discover=False, isolation=Patient()))
    core.import_catalogue("t", COURSE)
    core.run_plugin_jobs()
    (here,) = core.plugin_jobs("t")
    assert here.state is not None
    assert "NoAnswer" in here.state.failure  # without the token
    core.set_plugin("t", OPERATOR, name, {"token": "the-token"})
    core.run_plugin_job_soon("t", OPERATOR, name, "ask")
    assert core.run_plugin_jobs() == 1
    page = core.page(launch_of("person-1"), "")
    assert page.suggestions[0].activity.key == "activity-3"
