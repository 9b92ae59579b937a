"""An LMS on loopback that takes a dynamic registration, with what was recorded on a real Moodle."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RECORDED_AT = "http://127.0.0.1:8093"
"""Where the recorded Moodle stood."""


class LoopbackLms:
    """Answers with a configuration, and takes registrations; tests change both.

    :param folder: recorded messages of a real Moodle.
    """

    def __init__(self, folder: Path) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self.reply(outer.status, outer.configuration)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((self.headers.get("Authorization", ""), json.loads(body)))
                self.reply(outer.answer_status, outer.answer)

            def reply(self, status: int, body: Any) -> None:
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        recorded = (folder / "openid_configuration.json").read_text().replace(RECORDED_AT, self.address)
        self.configuration: Any = json.loads(recorded)
        self.answer: Any = json.loads((folder / "registration_response.json").read_text())["body"]
        self.status = self.answer_status = 200
        self.asked: list[str] = []
        self.got: list[tuple[str, dict[str, Any]]] = []
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    @property
    def openid_configuration(self) -> str:
        """Where Moodle 4.5 has it."""
        return f"{self.address}/mod/lti/openid-configuration.php"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
