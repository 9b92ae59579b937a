"""A platform's services on loopback, kept by an independent library: access tokens, a course's members."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lti1p3platform.membership import Context
from lti1p3platform.request import Request
from lti1p3platform.response import Response, generate_next_link
from lti1p3platform.service_connector import NamesRoleProvisioningService, TPage
from lti_libraries import Consumer, Lti1p3Platform
from lti_senders import Sender

LIFETIME = 120
"""Seconds that the tokens are good for; the libraries would say an hour, and check the time of day."""

Give = Callable[[dict[str, str]], dict[str, Any]]
Judge = Callable[[str, str], bool]
Members = Callable[[dict[str, str], dict[str, str]], Response]


class TokenDoor:
    """The token address of a platform on loopback. Whatever its library refuses is answered by 400.

    :param give: the library's answer to a form; raises what it likes.
    :param good: whether the library lets a token in for a scope.
    :param members: what the library answers to a request for members, at ``/members``.
    """

    def __init__(self, give: Give, good: Judge, members: Members | None = None) -> None:
        self.good = good
        self.asked: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                outer.asked.append(form)
                try:
                    status, said = 200, give(form) | {"expires_in": LIFETIME}
                except Exception as refusal:
                    status, said = 400, {"error": f"{type(refusal).__name__}: {refusal}"}
                self.reply(status, said, "")

            def do_GET(self) -> None:
                assert members is not None
                query = dict(parse_qsl(urlsplit(self.path).query))
                answer = members(query, dict(self.headers))
                more = (answer.result or {}).get("next")
                self.reply(answer.code, answer.result, generate_next_link(more) if more else "")

            def reply(self, status: int, said: Any, link: str) -> None:
                body = json.dumps(said).encode()
                self.send_response(status)
                if link:
                    self.send_header("Link", link)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        here = f"http://127.0.0.1:{self._server.server_port}"
        self.address, self.members = f"{here}/token", f"{here}/members"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def library_of(sender: Sender, tool_keys: str) -> tuple[Give, Judge]:
    """How a library gives tokens to a tool with these keys, and how it judges them."""
    if isinstance(sender, Lti1p3Platform):
        configuration = sender.configuration("1")
        configuration.get_registration().set_tool_key_set_url(tool_keys)
        return configuration.get_access_token, lambda token, scope: configuration.validate_token(
            token, [scope]
        )
    assert isinstance(sender, Consumer)
    consumer = sender.consumer(tool_keys=tool_keys)
    return consumer.access_token, lambda token, scope: consumer.check_token(token, [scope])


class _Request(Request):
    """A request as ``lti1p3platform`` reads it."""

    def build_metadata(self, request: Any) -> Any:
        query, headers = request
        # The library counts pages, and leaves reading the number to its caller.
        counted = {name: int(value) if value.isdigit() else value for name, value in query.items()}
        return {"method": "GET", "get_data": counted, "headers": headers}


class _Members(NamesRoleProvisioningService):
    """The library's members service over a list; pages hold two."""

    everybody: list[dict[str, Any]]

    def get_member_data_page(self, page: int = 1, limit: int | None = None, **_: Any) -> TPage:
        size = limit or len(self.everybody)
        part = self.everybody[(page - 1) * size : page * size]
        return {"content": [dict(member) for member in part], "has_next": page * size < len(self.everybody)}

    def get_context_by_id(self) -> Context:
        return Context("course-1", "C1", "A course")


def members_door(sender: Lti1p3Platform, tool_keys: str, everybody: list[dict[str, Any]]) -> TokenDoor:
    """The library's token address and members service, which lets in who brings a token of it."""
    configuration = sender.configuration("1")
    configuration.get_registration().set_tool_key_set_url(tool_keys)

    def answer(query: dict[str, str], headers: dict[str, str]) -> Response:
        service = _Members(_Request((query, headers)), configuration, door.members)
        service.everybody = everybody
        found: Response = service.handle_resp(service.handle_get_members)
        return found

    door = TokenDoor(*library_of(sender, tool_keys), answer)
    return door
