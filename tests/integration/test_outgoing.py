"""The guarded client against real servers on this machine: what it refuses, follows, limits and cuts."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from stifinder.core.errors import AddressRefused, NoAnswer, OutgoingError
from stifinder.core.outgoing import Outgoing
from stifinder.core.outgoing_policy import Policy

HOST = "lms.example.test"
DEVELOPMENT = Policy(development=True)

Handle = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Does for a path what ``pages`` says; keeps what was asked."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Handle] = {}
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.asked.append((self.command, self.path, dict(self.headers.items()), body))
                outer.pages.get(self.path, answers(b"nothing here", 404))(self)

            do_GET = do_POST = do_PUT = handle_any

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Connections that are cut are what these tests are about."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.address = f"{'https' if context else 'http'}://{HOST if context else '127.0.0.1'}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def answers(body: bytes, status: int = 200, **headers: str) -> Handle:
    """A whole answer; underscores of header names stand for hyphens."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return handle


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for ``HOST`` only, with its key, that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "host.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def names() -> list[str | None]:
    """The host names that TLS connections asked for (SNI)."""
    return []


@pytest.fixture
def secure(certificate: Path, names: list[str | None], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with the certificate, which the client trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    made = Server(context)
    yield made
    made.close()


def resolves(**hosts: str | list[str]) -> Callable[[str, int], list[str]]:
    """A resolver that knows these hosts (``__`` for a dot)."""
    known = {name.replace("__", "."): value for name, value in hosts.items()}

    def resolve(host: str, _port: int) -> list[str]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        value = known[host]
        return [value] if isinstance(value, str) else value

    return resolve


TO_LOOPBACK = resolves(lms__example__test="127.0.0.1", other__example__test="127.0.0.1")


@contextmanager
def refused(kind: type[OutgoingError], words: str) -> Iterator[None]:
    """Raised with these words, and nothing of an address beyond its host."""
    with pytest.raises(kind, match=words) as caught:
        yield
    assert "token=" not in str(caught.value)
    assert caught.value.cure


# --- where it goes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "127.0.0.1", "::1", "64:ff9b::7f00:1"])
def test_a_name_that_leads_into_our_own_network_is_not_called(address: str) -> None:
    outgoing = Outgoing(Policy(), resolve=resolves(lms__example__test=address))
    with refused(AddressRefused, rf"{HOST} leads to .*nothing was sent"):
        outgoing.get(f"https://{HOST}/keys?token=secret")


def test_one_private_address_among_public_ones_is_enough_to_refuse(server: Server) -> None:
    outgoing = Outgoing(Policy(), resolve=resolves(lms__example__test=["93.184.216.34", "127.0.0.1"]))
    with refused(AddressRefused, "this machine itself"):
        outgoing.get(f"https://{HOST}:{server.port}/")


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_odd_ways_to_write_this_machine_lead_nowhere(host: str) -> None:
    with refused(OutgoingError, "."):
        Outgoing(Policy()).get(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://lms.example.test/keys?token=secret",
        "ftp://lms.example.test/",
        "file:///etc/hostname",
        "https:///keys",
        "https://user:password@lms.example.test/?token=secret",
        "https://lms.example.test\\@127.0.0.1/",
        "https://lms.example.test/a b",
        "https://lms.example.test:port/",
        "https://[fe80::1%25eth0]/",
        "https://[/",
        "//lms.example.test/",
        "",
    ],
)
def test_an_address_that_is_not_plain_https_is_refused_before_anything_is_looked_up(url: str) -> None:
    def never(_host: str, _port: int) -> list[str]:
        raise AssertionError("looked up")

    with refused(AddressRefused, "not https|no web address"):
        Outgoing(DEVELOPMENT, resolve=never).get(url)


def test_without_the_development_switch_this_machine_is_not_called(server: Server) -> None:
    with refused(AddressRefused, "is not https"):
        Outgoing(Policy()).get(server.address)
    assert server.asked == []


def test_in_development_a_name_for_this_machine_that_leads_elsewhere_is_refused_without_https() -> None:
    outgoing = Outgoing(DEVELOPMENT, resolve=resolves(localhost="93.184.216.34"))
    with refused(AddressRefused, "another machine, without https"):
        outgoing.get("http://localhost/")


def test_the_address_that_was_checked_is_the_one_that_is_called(secure: Server) -> None:
    secure.pages["/"] = answers(b"in")
    answered = iter([["127.0.0.1"]])  # a second look would fail
    outgoing = Outgoing(DEVELOPMENT, resolve=lambda _host, _port: next(answered))
    assert outgoing.get(f"{secure.address}/").body == b"in"


def test_a_host_that_is_allowed_is_called_by_its_name_with_its_certificate(
    secure: Server, names: list[str | None]
) -> None:
    secure.pages["/keys"] = answers(b"found")
    policy = Policy.of(["127.0.0.0/8"])
    answer = Outgoing(policy, resolve=TO_LOOPBACK).get(f"{secure.address}/keys")
    assert (answer.status, answer.body) == (200, b"found")
    assert names == [HOST]
    [(_, _, headers, _)] = secure.asked
    assert headers["Host"] == f"{HOST}:{secure.port}"
    assert headers["User-Agent"].startswith("Stifinder/")


def test_a_certificate_of_another_host_is_not_accepted(secure: Server) -> None:
    with refused(NoAnswer, "certificate of other.example.test was not accepted"):
        Outgoing(DEVELOPMENT, resolve=TO_LOOPBACK).get(f"https://other.example.test:{secure.port}/")
    assert secure.asked == []


def test_a_certificate_of_an_unknown_authority_is_not_accepted(
    secure: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with refused(NoAnswer, "SSL_CERT_FILE"):
        Outgoing(DEVELOPMENT, resolve=TO_LOOPBACK).get(f"{secure.address}/")


def test_of_several_addresses_the_next_is_tried(secure: Server) -> None:
    secure.pages["/"] = answers(b"in")
    outgoing = Outgoing(DEVELOPMENT, resolve=resolves(lms__example__test=["127.0.0.9", "127.0.0.1"]))
    assert outgoing.get(f"{secure.address}/").status == 200


def test_proxies_of_the_environment_are_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.pages["/"] = answers(b"direct")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert Outgoing(DEVELOPMENT).get(server.address + "/").body == b"direct"


def test_a_host_that_does_not_exist_is_said_not_to(server: Server) -> None:
    with refused(NoAnswer, "There is no host nowhere.example.test"):
        Outgoing(DEVELOPMENT, resolve=TO_LOOPBACK).get("https://nowhere.example.test/?token=secret")


# --- redirects ----------------------------------------------------------------------------------------


def test_three_redirects_are_followed_and_no_more(server: Server) -> None:
    for step in range(4):
        server.pages[f"/{step}"] = answers(b"", 302, Location=f"/{step + 1}")
    server.pages["/4"] = answers(b"found")
    outgoing = Outgoing(DEVELOPMENT)
    answer = outgoing.get(f"{server.address}/1")
    assert (answer.body, answer.url) == (b"found", f"{server.address}/4")
    with refused(NoAnswer, "redirects more than 3 times"):
        outgoing.get(f"{server.address}/0")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("https://inside.example.test/", "a private address"),
        ("https://169.254.169.254/latest", "link-local"),
        ("http://lms.example.com/", "not https"),
        ("file:///etc/hostname", "no web address"),
        ("https://[/", "no web address"),
    ],
)
def test_each_redirect_is_judged_like_the_first_address(server: Server, target: str, words: str) -> None:
    server.pages["/"] = answers(b"", 302, Location=target)
    hosts = {"inside.example.test": "10.0.0.1"}
    outgoing = Outgoing(DEVELOPMENT, resolve=lambda host, _port: [hosts.get(host, host)])
    with refused(AddressRefused, words):
        outgoing.get(server.address + "/")


def test_from_https_no_redirect_leads_to_http_also_not_in_development(secure: Server, server: Server) -> None:
    secure.pages["/"] = answers(b"", 302, Location=f"{server.address}/")
    with refused(AddressRefused, "not https"):
        Outgoing(DEVELOPMENT, resolve=TO_LOOPBACK).get(f"{secure.address}/")
    assert server.asked == []


def test_credentials_stay_with_their_host(server: Server, other: Server) -> None:
    server.pages["/here"] = answers(b"", 302, Location="/there")
    server.pages["/there"] = answers(b"", 302, Location=f"{other.address}/elsewhere")
    other.pages["/elsewhere"] = answers(b"in", Set_Cookie="a=b")
    sent = {"Authorization": "Bearer secret", "Cookie": "c=d", "X-Token": "secret", "Accept": "text/json"}
    Outgoing(DEVELOPMENT).get(f"{server.address}/here", headers=sent)
    assert all(headers["Authorization"] == "Bearer secret" for _, _, headers, _ in server.asked)
    [(_, _, headers, _)] = other.asked
    assert "secret" not in str(headers)
    assert "Cookie" not in headers
    assert headers["Accept"] == "text/json"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_content_is_never_sent_on_to_another_host(server: Server, other: Server, status: int) -> None:
    server.pages["/"] = answers(b"", status, Location=f"{other.address}/")
    with refused(NoAnswer, "carries content"):
        Outgoing(DEVELOPMENT).post(server.address + "/", data={"client_assertion": "secret"})
    assert other.asked == []


def test_content_is_repeated_where_its_own_host_asks_for_that(server: Server) -> None:
    server.pages["/"] = answers(b"", 308, Location="/new")
    server.pages["/new"] = answers(b'{"id": 1}', 201)
    answer = Outgoing(DEVELOPMENT).post(server.address + "/", json={"a": 1})
    assert (answer.status, answer.json()) == (201, {"id": 1})
    assert [(method, path, json.loads(body)) for method, path, _, body in server.asked] == [
        ("POST", "/", {"a": 1}),
        ("POST", "/new", {"a": 1}),
    ]


# --- limits -------------------------------------------------------------------------------------------


def test_an_answer_over_the_limit_is_not_taken(server: Server) -> None:
    server.pages["/whole"] = answers(b" " * 10_000)
    server.pages["/more"] = answers(b" " * 10_001)
    outgoing = Outgoing(DEVELOPMENT)
    assert len(outgoing.get(f"{server.address}/whole", limit_bytes=10_000).body) == 10_000
    with refused(NoAnswer, "larger than 9 KB"):
        outgoing.get(f"{server.address}/more", limit_bytes=10_000)


def test_an_answer_that_unpacks_to_more_than_the_limit_is_not_taken(server: Server) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 100_000
    server.pages["/bomb"] = answers(bomb, Content_Encoding="gzip")
    server.pages["/small"] = answers(gzip.compress(b"small"), Content_Encoding="gzip")
    server.pages["/twice"] = answers(gzip.compress(bomb), Content_Encoding="gzip, gzip")
    outgoing = Outgoing(DEVELOPMENT)
    assert outgoing.get(f"{server.address}/small").body == b"small"
    with refused(NoAnswer, "larger than"):
        outgoing.get(f"{server.address}/bomb", limit_bytes=200_000)
    with refused(NoAnswer, "encoding that was not asked for"):
        outgoing.get(f"{server.address}/twice", limit_bytes=200_000)


def test_the_body_of_a_redirect_is_not_read(server: Server) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", "/found")
        request.end_headers()
        while True:
            request.wfile.write(bytes(65536))

    server.pages["/"] = endless
    server.pages["/found"] = answers(b"found")
    assert Outgoing(DEVELOPMENT).get(server.address + "/").body == b"found"


def dripping(start: bytes, drip: bytes) -> Handle:
    """Sends a start and then one drip after another, for far longer than it is waited for."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(start)
        for _ in range(300):
            request.wfile.write(drip)
            time.sleep(0.02)

    return handle


@pytest.mark.parametrize(
    ("start", "drip"),
    [
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        (b"HTTP/1.0 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.0 200 OK\r\nX-Endless: ", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x")[:-8], b""),
    ],
    ids=["body", "body-without-length", "headers", "continue", "silence"],
)
def test_an_answer_that_drips_is_cut_off_when_the_time_is_over(
    server: Server, start: bytes, drip: bytes
) -> None:
    server.pages["/"] = dripping(start, drip)
    begun = time.monotonic()
    with refused(NoAnswer, "took too long"):
        Outgoing(DEVELOPMENT).get(server.address + "/", seconds=0.4)
    assert time.monotonic() - begun < 2


def test_over_tls_a_drip_is_cut_off_too(secure: Server) -> None:
    secure.pages["/"] = dripping(b"HTTP/1.0 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x")
    begun = time.monotonic()
    with refused(NoAnswer, "took too long"):
        Outgoing(DEVELOPMENT, resolve=TO_LOOPBACK).get(f"{secure.address}/", seconds=0.6)
    assert time.monotonic() - begun < 2


def test_redirects_share_the_time_of_one_request(server: Server) -> None:
    def slowly(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)
        answers(b"", 302, Location="/")(request)

    server.pages["/"] = slowly
    with refused(NoAnswer, "took too long"):
        Outgoing(DEVELOPMENT).get(server.address + "/", seconds=0.5)


def test_a_handshake_that_never_ends_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        with refused(NoAnswer, "took too long"):
            Outgoing(DEVELOPMENT).get(f"https://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.3)
    assert time.monotonic() - begun < 2


def test_a_name_server_that_does_not_answer_is_not_waited_for() -> None:
    released = threading.Event()

    def slow(_host: str, _port: int) -> list[str]:
        released.wait(30)
        return ["127.0.0.1"]

    begun = time.monotonic()
    with refused(NoAnswer, "took too long"):
        Outgoing(DEVELOPMENT, resolve=slow).get(f"https://{HOST}/", seconds=0.2)
    assert time.monotonic() - begun < 2
    released.set()


def test_an_answer_that_breaks_off_is_none(server: Server) -> None:
    server.pages["/"] = lambda request: request.wfile.write(
        b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    )
    with refused(NoAnswer, "no whole answer"):
        Outgoing(DEVELOPMENT).get(server.address + "/")


def test_what_is_no_json_is_named_with_its_host(server: Server) -> None:
    server.pages["/token"] = answers(b"<html>", 404)
    answer = Outgoing(DEVELOPMENT).post(f"{server.address}/token", data={"grant_type": "x"})
    with refused(NoAnswer, r"127.0.0.1 answered 404 with something that is not JSON"):
        answer.json()
    [(_, _, headers, body)] = server.asked
    assert (headers["Content-Type"], body) == ("application/x-www-form-urlencoded", b"grant_type=x")


# --- coming again -------------------------------------------------------------------------------------


class Sleeper:
    """A clock that runs on when somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self) -> float:
        return time.monotonic() + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [
        (429, {"Retry_After": "7"}, 7.0),
        (503, {}, 1.0),
        (503, {"Retry_After": "Mon, 02 Mar 2126 09:30:05 GMT", "Date": "Mon, 02 Mar 2126 09:30:00 GMT"}, 5.0),
        (503, {"Retry_After": "soon"}, 1.0),
    ],
)
def test_a_busy_server_is_asked_again_when_it_says_so(
    server: Server, status: int, headers: dict[str, str], pause: float
) -> None:
    def busy_once(request: BaseHTTPRequestHandler) -> None:
        request.send_response_only(200 if len(server.asked) > 1 else status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()

    server.pages["/"] = busy_once
    clock = Sleeper()
    outgoing = Outgoing(DEVELOPMENT, timer=clock, sleep=clock.sleep)
    assert outgoing.get(server.address + "/", seconds=30, retries=1).status == 200
    assert clock.slept == [pause]


def test_a_wait_that_would_end_too_late_is_not_waited_for(server: Server) -> None:
    server.pages["/"] = answers(b"", 429, Retry_After="3600")
    answer = Outgoing(DEVELOPMENT).get(server.address + "/", seconds=5, retries=3)
    assert (answer.status, answer.retry_after(), len(server.asked)) == (429, 3600.0, 1)


def test_who_does_not_ask_for_it_gets_no_repetition(server: Server) -> None:
    server.pages["/"] = answers(b"", 503)
    assert Outgoing(DEVELOPMENT).post(server.address + "/", data=b"x").status == 503
    assert len(server.asked) == 1
