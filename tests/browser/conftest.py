"""A real Chromium, and the learner's pages served on loopback in any state."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import side_doors
from flask import Flask, redirect, request
from learner_world import StandInCore, launch_of
from stifinder.lti_tool import visit
from stifinder.lti_tool.app import pages_app
from stifinder.lti_tool.learner import pages as learner
from werkzeug.serving import make_server

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's Chromium, driven by Playwright."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is missing; install the package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def _door(app: Flask, core: StandInCore) -> None:
    """A way in without an LMS: ``/door?locale=da`` opens a visit, ``/frame`` frames the page as they do."""

    def door() -> Any:
        locale = request.args.get("locale", "en-GB")
        opened = visit.open_visit(app, launch_of(locale, request.host_url.rstrip("/")), core.learner_id)
        answer = redirect(f"/learn/{opened.id}/")
        visit.save_visit(answer, opened)
        return answer

    def frame() -> Any:
        page = (
            "<!doctype html><title>LMS</title><iframe id=tool src=/door width=700 height=200></iframe>"
            "<script>addEventListener('message', e => { if (e.data.subject === 'lti.frameResize')"
            " document.getElementById('tool').height = e.data.height; });</script>"
        )
        return page, {"Content-Security-Policy": "default-src 'self' 'unsafe-inline'"}

    side_doors.add(app, "/door", door)
    side_doors.add(app, "/frame", frame)


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[str], tuple[str, StandInCore]]]:
    """Serve one state of the pages; returns its address and the core behind it."""
    running: dict[str, tuple[Any, str, StandInCore]] = {}

    def start(state: str) -> tuple[str, StandInCore]:
        if state not in running:
            core = StandInCore(state)
            app = pages_app(core)  # type: ignore[arg-type]
            app.register_blueprint(learner.blueprint())
            _door(app, core)
            server = make_server("127.0.0.1", 0, app, threaded=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            running[state] = (server, f"http://127.0.0.1:{server.port}", core)
        return running[state][1:]

    yield start
    for server, _, _ in running.values():
        server.shutdown()
