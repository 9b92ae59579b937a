"""Fetching platforms' keys from a real server: cached, bounded, and never more often than needed."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lti_platform import KeyServer, ec_key, fresh, public_jwk, rsa_key
from stifinder.core.errors import LaunchRefused
from stifinder.core.outgoing import Outgoing
from stifinder.core.outgoing_policy import Policy
from stifinder.lti_tool.lti.platform_keys import LARGEST_BYTES, PlatformKeys, download, read_key_set

pytest_plugins = ["lti_fixtures"]


class Timer:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def timer() -> Timer:
    return Timer()


OUTGOING = Outgoing(Policy(development=True))


@pytest.fixture
def keys(timer: Timer) -> PlatformKeys:
    return PlatformKeys(OUTGOING, timer)


@pytest.fixture
def path() -> str:
    return f"/{fresh('keys')}"


@contextmanager
def refused(reason: str, why: str = ".") -> Iterator[None]:
    with pytest.raises(LaunchRefused, match=why) as refusal:
        yield
    assert refusal.value.reason == reason


FIRST = [public_jwk(rsa_key("first"), "key-1")]
BOTH = [*FIRST, public_jwk(ec_key("second"), "key-2")]


def test_a_key_is_fetched_once_and_kept_for_an_hour(
    key_server: KeyServer, keys: PlatformKeys, timer: Timer, path: str
) -> None:
    url = key_server.publish(path, FIRST)
    for timer.now in (0, 10, 3599):
        assert keys.find(url, "key-1").key_id == "key-1"
    assert key_server.asked.count(path) == 1
    timer.now = 3600
    keys.find(url, "key-1")
    assert key_server.asked.count(path) == 2


def test_a_key_that_the_platform_withdrew_is_gone_after_an_hour(
    key_server: KeyServer, keys: PlatformKeys, timer: Timer, path: str
) -> None:
    url = key_server.publish(path, BOTH)
    keys.find(url, "key-2")
    key_server.publish(path, FIRST)
    timer.now = 3600
    with refused("unknown-kid"):
        keys.find(url, "key-2")


def test_an_unknown_key_makes_it_ask_again_at_once_but_once_a_minute_at_most(
    key_server: KeyServer, keys: PlatformKeys, timer: Timer, path: str
) -> None:
    url = key_server.publish(path, FIRST)
    keys.find(url, "key-1")
    with refused("unknown-kid"):
        keys.find(url, "key-2")
    key_server.publish(path, BOTH)
    for timer.now in (1, 59):
        with refused("unknown-kid"):
            keys.find(url, "key-2")
    assert key_server.asked.count(path) == 2
    timer.now = 60
    assert keys.find(url, "key-2").algorithm_name == "ES256"
    assert key_server.asked.count(path) == 3


def test_an_unknown_key_of_one_platform_does_not_slow_another(
    key_server: KeyServer, keys: PlatformKeys, path: str
) -> None:
    one, two = key_server.publish(f"{path}/1", FIRST), key_server.publish(f"{path}/2", FIRST)
    for url in (one, two):
        keys.find(url, "key-1")
        with refused("unknown-kid"):
            keys.find(url, "key-9")
    assert key_server.asked.count(f"{path}/2") == 2


def test_a_platform_that_does_not_answer_is_left_alone_for_ten_seconds(
    key_server: KeyServer, keys: PlatformKeys, timer: Timer, path: str
) -> None:
    url = key_server.address + path
    for timer.now in (0, 1, 9):
        with refused("keys-unreachable"):
            keys.find(url, "key-1")
    assert key_server.asked.count(path) == 1
    key_server.publish(path, FIRST)
    timer.now = 10
    assert keys.find(url, "key-1")


def test_many_at_once_ask_the_platform_once(key_server: KeyServer, keys: PlatformKeys, path: str) -> None:
    url = key_server.publish(path, FIRST)
    threads = [threading.Thread(target=keys.find, args=(url, "key-1")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert key_server.asked.count(path) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"keys": 3}', b'{"keys": null}', b"\xff\xfe", b'{"keys":' + b"[" * 100_000],
    ids=["empty", "html", "list", "number", "null", "binary", "nested"],
)
def test_an_answer_that_is_no_key_set(
    key_server: KeyServer, keys: PlatformKeys, path: str, body: bytes
) -> None:
    key_server.answers[path] = (200, {}, body)
    with refused("keys-unreachable", "no JSON Web Key Set"):
        keys.find(key_server.address + path, "key-1")


def test_keys_that_cannot_be_used_are_passed_over() -> None:
    entries = [
        3,
        {},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret", "alg": "HS256"},
        {"kty": "RSA", "kid": "broken", "n": 5, "e": "AQAB"},
        {**FIRST[0], "kid": ["list"]},
        {**FIRST[0], "kid": "wrong-alg", "alg": "PS256"},
        {**FIRST[0], "kid": "no-alg", "alg": "none"},
        {**FIRST[0], "kid": "list-alg", "alg": ["RS256"]},
        {**FIRST[0], "kid": "encryption", "use": "enc"},
        {**FIRST[0], "kid": "private", "d": "AQAB"},
        {**FIRST[0], "kid": "good", "alg": "RS256"},
    ]
    assert list(read_key_set(json.dumps({"keys": entries}).encode())) == ["good"]


# --- the download -----------------------------------------------------------------------------------


def test_an_answer_over_the_limit_is_not_read(key_server: KeyServer, path: str) -> None:
    key_server.answers[path] = (200, {}, b" " * LARGEST_BYTES)
    assert len(download(OUTGOING, key_server.address + path)) == LARGEST_BYTES
    key_server.answers[path] = (200, {}, b" " * (LARGEST_BYTES + 1))
    with refused("keys-unreachable", "larger than 256 KB"):
        download(OUTGOING, key_server.address + path)


def test_another_answer_than_200_is_not_taken_for_keys(key_server: KeyServer, path: str) -> None:
    key_server.answers[path] = (203, {}, b'{"keys": []}')
    with refused("keys-unreachable", "it answered 203"):
        download(OUTGOING, key_server.address + path)


@pytest.mark.parametrize("target", ["http://lms.example.com/keys", "file:///etc/hostname", "https://[/"])
def test_a_redirect_to_an_unsafe_address_is_not_followed(
    key_server: KeyServer, path: str, target: str
) -> None:
    key_server.answers[path] = (302, {"Location": target}, b"")
    with refused("keys-unreachable"):
        download(OUTGOING, key_server.address + path)


def test_without_the_development_switch_this_machine_is_not_asked(key_server: KeyServer, path: str) -> None:
    url = key_server.publish(path, FIRST)
    with refused("keys-unreachable", "is not https"):
        PlatformKeys(Outgoing(Policy())).find(url, "key-1")
    assert path not in key_server.asked


def test_a_closed_port_is_said_to_be_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with refused("keys-unreachable", "Connection refused"):
            download(OUTGOING, f"http://127.0.0.1:{taken.getsockname()[1]}/keys")
