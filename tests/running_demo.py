"""One run of ``stifinder demo`` in a process of its own, for the tests that go through it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import requests

PATIENCE = 180
"""Seconds that a start or a stop may take on a busy machine."""


class Demo:
    """One run of ``stifinder demo``."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.ready_file = folder.parent / f"{uuid.uuid4()}.json"
        self.process = subprocess.Popen(
            [*command(folder), "--ready-file", str(self.ready_file), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        until = time.monotonic() + PATIENCE
        while not self.ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                self.process.kill()
                raise AssertionError(f"the demo did not start: {self.process.communicate()[0]}")
            time.sleep(0.05)
        self.world = json.loads(self.ready_file.read_text(encoding="utf-8"))

    def stop(self, number: int) -> int:
        """Stop it by a signal; the exit code."""
        self.process.send_signal(number)
        self.said = self.process.communicate(timeout=PATIENCE)[0]
        return self.process.returncode

    def xapi(self, method: str, **request: object) -> requests.Response:
        door = self.world["xapi"]
        return requests.request(
            method,
            f"{door['endpoint']}statements",
            auth=(door["user"], door["password"]),
            headers={"X-Experience-API-Version": "1.0.3"},
            timeout=PATIENCE,
            **request,  # type: ignore[arg-type]
        )

    def tell(self) -> str:
        """Send a statement about the learner of the ready file; its id."""
        statement = {
            "id": str(uuid.uuid4()),
            "actor": self.world["xapi"]["actor"],
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": "https://sandbox.stifinder.example/activities/offer-purpose"},
            "timestamp": datetime.now(UTC).isoformat(),
        }
        self.xapi("POST", json=[statement]).raise_for_status()
        return statement["id"]

    def knows(self, statement_id: str) -> bool:
        return self.xapi("GET", params={"statementId": statement_id}).status_code == 200


def command(folder: Path, port: int = 0) -> list[str]:
    program = "from stifinder.lti_tool.cli import main; main()"
    return [sys.executable, "-c", program, "demo", "--no-browser", "--port", str(port), "--data", str(folder)]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run something that is expected to end by itself."""
    return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
